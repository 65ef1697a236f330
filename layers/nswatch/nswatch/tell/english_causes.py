"""In English: what each cause means, what to do first, and what is left to do when it is over. Data only."""

from nswatch.tell.language import CauseWords

_MAIL = (
    "Do not trust mail of $domain, in or out: whoever controls its DNS can receive it, password resets and login "
    "codes included. Coordinate by phone.",
)
_REGISTRAR = (
    "Call the registrar now, by voice: support $registrar_support, CSIRT $registrar_csirt.",
    "Call the registrar's support now, by voice: $registrar_support.",
    "Call the registrar's CSIRT now: $registrar_csirt.",
    "Call the registrar now (number from the contract, never from a mail of today).",
)
_EVIDENCE = (
    "Preserve evidence: nswatch keeps the answers it got (nswatch incidents show $id). Keep mail and access logs, the "
    "registrar's mails and screenshots; write down who did what when, in UTC.",
)
_MOVE = (
    "Move people to $fallback: staff, customers and partners are told, not by mail of $domain, where to write and "
    "call: $reply_to.",
    "Move people to $fallback: tell staff, customers and partners, not by mail of $domain, to write there.",
    "Tell staff, customers and partners, not by mail of $domain, where to reach you: $reply_to.",
    "Tell staff, customers and partners, not by mail of $domain, where to reach you.",
)
_CERT = (
    "Tell $cert: name servers seen, times, and whom you have called.",
    "Tell your national CERT (in Japan JPCERT/CC): name servers seen, times, and whom you have called.",
)
_OURS = (
    "Was it your own change? Only if the person who made it says so by voice: add it as a planned change with two "
    "approvers (nswatch watchlist apply). Until then it is a hijack.",
)
_CLOUD = (
    "Call the cloud provider if you cannot get in or cannot put it back: $cloud_support.",
    "Call the cloud provider's support if you cannot get in or cannot put it back.",
)
_RESETS = (
    "Since $since: treat passwords reset, codes sent and certificates issued by mail of $domain as stolen. Change "
    "them, and check the certificate logs for certificates that you did not order.",
)
_NO_MAIL_YET = (
    "Do not trust mail of $domain until the time above; whoever asks an old cache may still reach forged servers.",
)
_FLUSH = (
    "Ask the large public resolvers to drop $domain and its name servers from their caches (Google and Cloudflare "
    "have public pages for it); clear your own resolvers.",
)

CAUSES = {
    "delegation": CauseWords(
        why="Whoever runs the name servers decides where web and mail of $domain go. A site that works, a valid "
        "certificate and a good ping say nothing against it: in such hijacks the site is relayed, and mail is taken.",
        steps=(
            _MAIL,
            _REGISTRAR,
            (
                "Ask for: the name servers in the 'expected' column put back at $where; a registry lock; the account "
                "closed to everybody but you, sessions and API keys ended; its logs kept. If the registrar cannot, ask "
                "for their contact at the registry.",
            ),
            _EVIDENCE,
            _MOVE,
            _CERT,
            _OURS,
        ),
        recovered="$Where gives the approved name servers for $domain again. It is not over.",
        aftercare=(
            _NO_MAIL_YET,
            _FLUSH,
            (
                "Close the way in, or it will happen again: registrar account (passwords, second factor, API keys, "
                "contact addresses), then a registry lock. Support: $registrar_support.",
                "Close the way in, or it will happen again: registrar account (passwords, second factor, API keys, "
                "contact addresses), then a registry lock.",
            ),
            _RESETS,
            (
                "Have the forged servers taken down: $cert can help.",
                "Have the forged servers taken down (a CERT helps).",
            ),
        ),
    ),
    "zone content": CauseWords(
        why="The delegation may be in order: somebody who can write to the zone, or the servers of $domain, changed "
        "what they say. Stolen cloud credentials look like this.",
        steps=(
            _MAIL,
            (
                "Look who changed the zone: in CloudTrail, ChangeResourceRecordSets and its caller. Disable that "
                "identity and its sessions; then look what else it did.",
            ),
            ("Put the expected values back; compare the whole zone with the approved snapshot.",),
            _CLOUD,
            _EVIDENCE,
            _MOVE,
            _OURS,
        ),
        recovered="The servers of $domain give the approved values again. It is not over.",
        aftercare=(
            _NO_MAIL_YET,
            _FLUSH,
            ("Close the way in: rotate the credentials that could write the zone, ask for a second factor.",),
            _RESETS,
        ),
    ),
    "availability": CauseWords(
        why="Users are losing $domain as caches expire. It is a fault more often than an attack; but a hijacker's half "
        "done change looks like this, so look at the delegation as well.",
        steps=(
            ("Ask from here: nswatch check $name. Compare what the parent gives with the watchlist.",),
            ("Look at the status page of the DNS provider, and whether the zone, its key or the account was deleted.",),
            _CLOUD,
            (
                "If the delegation points to servers that are not yours any more, call the registrar: "
                "$registrar_support.",
                "If the delegation points to servers that are not yours any more, call the registrar.",
            ),
        ),
        recovered="The name servers of $domain answer as they should again.",
        aftercare=(("Find out why it failed; nothing else is left to do if it stays so.",),),
    ),
    "caches": CauseWords(
        why="A few resolvers with other answers are how a hijack shows first to users: a forged answer was given to "
        "them by somebody, or their cache was poisoned. The majority being right is no comfort.",
        steps=(
            _MAIL,
            ("Look whether the delegation, the zone and the registrar account are in order: nswatch check $name.",),
            _EVIDENCE,
            ("Ask the operators of those resolvers to drop $domain from their caches, and where it came from.",),
            _CERT,
        ),
        recovered="The resolvers that were seen give the approved answers for $domain again; others may not yet.",
        aftercare=(_NO_MAIL_YET, _FLUSH, _RESETS),
    ),
    "registration": CauseWords(
        why="What the registry holds about $domain, or about a domain that it depends on, decides who can change its "
        "name servers. This often comes before a hijack.",
        steps=(
            (
                "Log in at the registrar (type the address yourself) and look at contacts, locks, renewal and recent "
                "changes.",
            ),
            _REGISTRAR,
            (
                "If a domain of a name server is free: register it now, or take that host out of the delegation. If it "
                "is a new look-alike: expect it in an attack, and tell the people who approve changes.",
            ),
            _OURS,
        ),
        recovered="The registration of $domain is as expected again.",
        aftercare=(("Ask the registrar what was changed, by whom and how; ask for a registry lock.",), _RESETS),
    ),
    "registrar": CauseWords(
        why="The registrar is who can change the name servers. A transfer that nobody ordered is theft of the domain.",
        steps=(
            _MAIL,
            _REGISTRAR,
            ("Ask the former registrar to dispute the transfer, the registry to lock the domain as it is.",),
            _EVIDENCE,
            _MOVE,
            _CERT,
            _OURS,
        ),
        recovered="The approved registrar holds $domain again.",
        aftercare=(("Ask for a registry lock, and how the transfer was authorised.",), _RESETS),
    ),
    "certificate": CauseWords(
        why="Whoever can answer for $domain for a minute can have a certificate issued. One that nobody ordered may be "
        "the first trace of a hijack; one that is not trusted may be an interception.",
        steps=(
            ("Ask the people who order certificates whether it is theirs. If not:",),
            ("Ask its issuer to revoke it, and for the way in which control of $domain was validated.",),
            ("Look at the delegation and the zone at the time it was issued: nswatch incidents show $id.",),
            ("Set a CAA record that allows your issuers only.",),
            _EVIDENCE,
        ),
        recovered="The certificate that is served for $domain is an approved one again.",
        aftercare=(("Have certificates that you did not order revoked.",), _RESETS),
    ),
    "vantage": CauseWords(
        why="While a region is silent it sees nothing. No news is then no good news: a hijack now may go unseen, and "
        "an attacker in your AWS account would begin like this.",
        steps=(
            ("Look by hand, now and every few minutes: nswatch check DOMAIN, for the domains that matter most.",),
            (
                "In each silent region, the probe: is its schedule on, do its invocations fail or get throttled, "
                "is its dead-letter queue filling, can it write to both hubs' tables?",
            ),
            ("Look at the AWS Health dashboard, and in CloudTrail for who changed or deleted parts of nswatch.",),
            (
                "Deploy nswatch again where parts are missing. For a fault of AWS open a case: $cloud_support.",
                "Deploy nswatch again where parts are missing.",
            ),
        ),
        recovered="The silent regions report again.",
        aftercare=(("Look what happened while nobody watched: nswatch check DOMAIN, for each domain.",),),
    ),
}
