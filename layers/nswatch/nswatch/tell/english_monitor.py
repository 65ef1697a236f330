"""In English: what nswatch says of itself. Data only; merged into the tables of the other codes."""

from nswatch.tell.language import Advice, CauseWords, Words

WORDS = {
    "vantage_silent.blind": Words(
        "$silent of $regions regions are silent: nswatch is blind.",
        "$silent of $regions regions silent, nswatch is blind",
    ),
    "monitor_blind.blind": Words(
        "The canary of $silent of $reporting regions raises no alarm: nswatch is blind.",
        "$silent canaries unheard, nswatch is blind",
    ),
    "topic_unconfirmed.nobody": Words(
        "Nobody is subscribed to the page topic in $domain: its pages reach no one.", "$domain: pages reach nobody"
    ),
    "topic_unconfirmed.unheard": Words(
        "Nobody is subscribed to the notice topics of both hubs: what nswatch tells of itself reaches no one.",
        "$domain: notices reach nobody",
    ),
    "vantage_silent": Words(
        "The region $domain is silent; $reporting of $regions regions still report.", "region $domain is silent"
    ),
    "monitor_blind": Words(
        "The canary of $domain raises no alarm: a hijack that is seen from there might raise none.",
        "$domain: its canary is unheard",
    ),
    "hub_silent": Words("The hub in $domain does not report: $seen.", "the hub in $domain is silent"),
    "topic_unconfirmed": Words(
        "Not everybody whom the watchlist names is told by the hub in $domain: $seen.",
        "$domain: alert routes not confirmed",
    ),
    "collector_silent": Words(
        "The collector in $domain does not do its work: $seen.", "the collector in $domain is silent"
    ),
    "trail_silent": Words(
        "CloudTrail is not heard any more in $domain: $seen. Alerts cannot say who changed what in your account.",
        "CloudTrail is heard no more",
    ),
    "dead_letters": Words("Work of nswatch was given up in $domain: $seen.", "$domain has dead letters"),
}

_BY_HAND = ("Look by hand, now and every few minutes: nswatch check DOMAIN, for the domains that matter most.",)
_WHO_DID = ("Look at the AWS Health dashboard, and in CloudTrail for who changed or deleted parts of nswatch.",)
_CASE = (
    "Deploy nswatch again where parts are missing. For a fault of AWS open a case: $cloud_support.",
    "Deploy nswatch again where parts are missing.",
)
_LOOK_BACK = ("Look what happened while nobody watched: nswatch check DOMAIN, for each domain.",)

CAUSES = {
    "vantage": CauseWords(
        why="While a region is silent it sees nothing. No news is then no good news: a hijack now may go unseen, and "
        "an attacker in your AWS account would begin like this.",
        steps=(
            _BY_HAND,
            (
                "In each silent region, the probe: is its schedule on, do its invocations fail or get throttled, "
                "is its dead-letter queue filling, can it write to both hubs' tables?",
            ),
            _WHO_DID,
            _CASE,
        ),
        recovered="The silent regions report again.",
        aftercare=(_LOOK_BACK,),
    ),
    "monitor": CauseWords(
        why="A part of nswatch does not do its work. Domains are still watched and pages still sent, by what is left; "
        "the next failure may not be told.",
        steps=(_WHO_DID, _CASE),
        recovered="nswatch's own parts work again.",
        aftercare=(_LOOK_BACK,),
    ),
}

ADVICE = {
    "monitor_blind": Advice(
        why="Every region asks each minute for a domain that is wrong on purpose. It should come out as a finding, and "
        "does not: passes are made, but what they see is not judged. A hijack now may raise no page.",
        steps=(
            _BY_HAND,
            (
                "In the hub named above, the comparator: do its invocations fail, is it behind (IteratorAge), is the "
                "table's stream mapped to it and enabled, is its dead-letter queue filling?",
            ),
            (
                "If one region alone is missed: the log of its probe, and whether it can ask the root servers, whose "
                "answers somebody there may forge.",
            ),
            _WHO_DID,
            _CASE,
        ),
        recovered="The canaries raise their findings again: what is seen is judged.",
    ),
    "hub_silent": Advice(
        why="This hub watches and pages alone now: nothing is lost, but nothing is left either. While the other one is "
        "silent its own pages and notices do not come, and a page from here comes up to 45 seconds late if this is the "
        "standby.",
        steps=(
            ("Is the AWS region well? Look at the AWS Health dashboard. If not, wait: this hub does the work.",),
            (
                "In that region, the comparator: is its schedule on, do its invocations fail or get throttled, is its "
                "table there, may both hubs write to it? nswatch status shows what each hub last said.",
            ),
            ("See that the phones and mailboxes of this hub's page topic are those of people who are awake.",),
            _WHO_DID,
            _CASE,
        ),
        recovered="The hub reports again. What it missed is copied to it.",
        aftercare=(
            ("Was a watchlist applied meanwhile? Apply it again: the hub's subscriptions may lack new routes.",),
        ),
    ),
    "topic_unconfirmed": Advice(
        why="A route that is not confirmed gets nothing: neither this hub's pages nor its notices. The mail that asks "
        "for the confirmation may lie in a spam folder, and its link is good for three days.",
        steps=(
            (
                "Have the people named above confirm: the mail is called 'AWS Notification - Subscription "
                "Confirmation'. nswatch watchlist apply sends it anew where it has run out.",
            ),
            (
                "Was there a subscription before? Then somebody ended it: look in CloudTrail for Unsubscribe, "
                "DeleteTopic and SetTopicAttributes, and who called them.",
            ),
            ("Until then tell those who are on call that they may hear of a hijack from the other hub alone.",),
        ),
        recovered="The topics' subscriptions are confirmed.",
        aftercare=(("Send a test through each topic, and see that it arrives.",),),
    ),
    "collector_silent": Advice(
        why="Collectors ask what is asked seldom: registries, certificate logs, Route 53, look-alike names. The other "
        "hub's collector goes on, so that nothing is lost yet; with both silent a changed registration or certificate "
        "goes unseen. Hijacks are still seen in DNS, every minute.",
        steps=(
            (
                "In that region, the collector: is its schedule on, do its invocations fail, run into their timeout or "
                "get throttled, is its queue (-collect-shards) emptied, may it write to both hubs' tables?",
            ),
            (
                "If one source is named above: the collector's log says why it brings nothing. That is a mistake of "
                "nswatch's own; what a registry refuses is only unknown. Of ip-ranges (AWS's address ranges) it says "
                "why the published file cannot be had, or is not believed; nswatch goes by the ranges that it had.",
            ),
            _WHO_DID,
            _CASE,
        ),
        recovered="The collector does its work again.",
    ),
    "trail_silent": Advice(
        why="Domains are watched as before. But who makes a change in your own account is not known now, and an "
        "attacker who holds it begins by stopping the trail.",
        steps=(
            (
                "Did somebody stop it? Look in CloudTrail's event history, which needs no trail, for StopLogging, "
                "DeleteTrail, UpdateTrail, PutEventSelectors, and of EventBridge DisableRule and DeleteRule.",
            ),
            (
                "Is the trail on, with management events, reads too? In that region, are the rules whose names begin "
                "with -trail on, and does the log of the function -trail show errors?",
            ),
            _CASE,
        ),
        recovered="CloudTrail is heard again.",
        aftercare=(
            ("Look in CloudTrail's event history for what was changed in Route 53 meanwhile: none is kept here.",),
        ),
    ),
    "dead_letters": Advice(
        why="A message stands in a dead-letter queue when a piece of work failed for good. The next minute repeats "
        "most of it, so that one letter may be old news; many, or new ones, are a fault that lasts.",
        steps=(
            (
                "Read the messages: SQS, the queue whose name ends in -dead-letters in that region. They say which "
                "shard, batch or start it was; the function's log at that time says why.",
            ),
            ("When you know why, delete them: nswatch tells of the queue until it is empty.",),
            _WHO_DID,
        ),
        recovered="The dead-letter queue is empty.",
        aftercare=(("If you deleted letters that nobody read, look at the function's errors of that time.",),),
    ),
}
