"""In English: what each cause means, what to do first, and what is left to do when it is over. Data only."""

from nswatch.tell.english_monitor import CAUSES as OF_MONITOR
from nswatch.tell.english_steps import (
    CERT,
    CLOUD,
    EVIDENCE,
    FLUSH,
    MAIL,
    MOVE,
    NO_MAIL_YET,
    OURS,
    PUT_BACK,
    REGISTRAR,
    RESETS,
    WHO_CHANGED,
)
from nswatch.tell.language import CauseWords

CAUSES = {
    "delegation": CauseWords(
        why="Whoever runs the name servers decides where web and mail of $domain go. A site that works, a valid "
        "certificate and a good ping say nothing against it: in such hijacks the site is relayed, and mail is taken.",
        steps=(
            MAIL,
            REGISTRAR,
            (
                "Ask for: the name servers in the 'expected' column put back at $where; a registry lock; the account "
                "closed to everybody but you, sessions and API keys ended; its logs kept. If the registrar cannot, ask "
                "for their contact at the registry.",
            ),
            EVIDENCE,
            MOVE,
            CERT,
            OURS,
        ),
        recovered="$Where gives the approved name servers for $domain again. It is not over.",
        aftercare=(
            NO_MAIL_YET,
            FLUSH,
            (
                "Close the way in, or it will happen again: registrar account (passwords, second factor, API keys, "
                "contact addresses), then a registry lock. Support: $registrar_support.",
                "Close the way in, or it will happen again: registrar account (passwords, second factor, API keys, "
                "contact addresses), then a registry lock.",
            ),
            RESETS,
            (
                "Have the forged servers taken down: $cert can help.",
                "Have the forged servers taken down (a CERT helps).",
            ),
        ),
    ),
    "zone content": CauseWords(
        why="Somebody who can write to the zone, or to its servers, changed what they say of $domain. Stolen "
        "credentials of the DNS provider look like this; the delegation may well be in order.",
        steps=(
            MAIL,
            WHO_CHANGED,
            PUT_BACK,
            CLOUD,
            EVIDENCE,
            MOVE,
            OURS,
        ),
        recovered="The servers of $domain give the approved values again. It is not over.",
        aftercare=(
            NO_MAIL_YET,
            FLUSH,
            ("Close the way in: rotate the credentials that could write the zone, ask for a second factor.",),
            RESETS,
        ),
    ),
    "availability": CauseWords(
        why="Users are losing $domain as caches expire. It is a fault more often than an attack; but a hijacker's half "
        "done change looks like this, so look at the delegation as well.",
        steps=(
            ("Ask from here: nswatch check $name. Compare what the parent gives with the watchlist.",),
            ("Look at the status page of the DNS provider, and whether the zone, its key or the account was deleted.",),
            CLOUD,
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
        why="A hijack often shows first, or still, in a few caches: somebody gave those resolvers a forged answer, and "
        "their users are sent there now. That most others are right is no comfort.",
        steps=(
            MAIL,
            ("Look whether the delegation, the zone and the registrar account are in order: nswatch check $name.",),
            EVIDENCE,
            (
                "Ask the operators of $resolvers to flush $record, and to tell where that answer came from.",
                "Ask the operators of those resolvers to flush $domain, and to tell where that answer came from.",
            ),
            CERT,
        ),
        recovered="The resolvers that were seen give the approved answers for $domain again; others may not yet.",
        aftercare=(NO_MAIL_YET, FLUSH, RESETS),
    ),
    "registration": CauseWords(
        why="What the registry holds about $domain, or about a domain that it depends on, decides who can change its "
        "name servers. This often comes before a hijack.",
        steps=(
            (
                "Log in at the registrar (type the address yourself) and look at contacts, locks, renewal and recent "
                "changes.",
            ),
            REGISTRAR,
            (
                "A hold, a transfer or a deletion that nobody ordered: have it stopped; a pending transfer can be "
                "refused for a few days only. What ends: renew it, and see that it was.",
            ),
            OURS,
        ),
        recovered="The registration of $domain is as expected again.",
        aftercare=(("Ask the registrar what was changed, by whom and how; ask for a registry lock.",), RESETS),
    ),
    "registrar": CauseWords(
        why="The registrar is who can change the name servers. A transfer that nobody ordered is theft of the domain.",
        steps=(
            MAIL,
            REGISTRAR,
            ("Ask the former registrar to dispute the transfer, the registry to lock the domain as it is.",),
            EVIDENCE,
            MOVE,
            CERT,
            OURS,
        ),
        recovered="The approved registrar holds $domain again.",
        aftercare=(("Ask for a registry lock, and how the transfer was authorised.",), RESETS),
    ),
    "certificate": CauseWords(
        why="Whoever can answer for $domain for a minute can have a certificate issued. One that nobody ordered may be "
        "the first trace of a hijack; one that is not trusted may be an interception.",
        steps=(
            ("Ask the people who order certificates whether it is theirs. If not:",),
            ("Ask its issuer to revoke it, and for the way in which control of $domain was validated.",),
            ("Look at the delegation and the zone at the time it was issued: nswatch incidents show $id.",),
            ("Set a CAA record that allows your issuers only.",),
            EVIDENCE,
        ),
        recovered="The certificate that is served for $domain is an approved one again.",
        aftercare=(("Have certificates that you did not order revoked.",), RESETS),
    ),
    **OF_MONITOR,
}
