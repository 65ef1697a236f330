"""The texts in English. Data only: what is said when is decided in `letter` and `sms`."""

from nswatch.tell.english_advice import ADVICE
from nswatch.tell.english_causes import CAUSES
from nswatch.tell.english_certificates import LABELS as OF_CERTIFICATES
from nswatch.tell.english_certificates import PHRASES as CERTIFICATE_PHRASES
from nswatch.tell.english_registry import LABELS as OF_REGISTRY
from nswatch.tell.english_registry import PHRASES as REGISTRY_PHRASES
from nswatch.tell.english_words import RESIDUAL, WORDS
from nswatch.tell.language import Language, Words

LABELS = {
    "kept": "ok",
    "lookalike": "LOOK-ALIKE",
    "missing": "MISSING",
    "extra": "NOT APPROVED",
    "extra_lookalike": "LOOK-ALIKE",
    "other": "DIFFERENT",
    "outside": "NOT APPROVED",
    "approved_too": "also approved",
    "second_spf": "ONE SPF TOO MANY",
    "beside": "ALSO THERE",
    "risen": "RISEN",
    "fallen": "FALLEN",
    "by_child": "given by its name servers",
    "expected": "expected (approved)",
    "seen": "seen",
    "approved": "approved",
    "none": "(none)",
    "since": "FIRST SEEN",
    "seen_by": "SEEN BY",
    "steps": "WHAT TO DO FIRST",
    "aftercare": "WHAT STILL MUST BE DONE",
    "contacts": "WHERE TO CALL",
    "incident": "INCIDENT",
    "findings": "FINDINGS",
    "forged": "FORGED SERVERS",
    "caches": "resolvers, from their caches",
    "until": "CACHES MAY LIE UNTIL",
    "also": "ALSO",
    "records": "EACH RECORD",
    "servers": "NAME SERVERS AT FAULT",
    "only_parent": "ONLY AT THE PARENT",
    "only_child": "ONLY IN THE ZONE",
    "residual": "STILL CACHED",
    "history": "WHAT HAPPENED",
    "account": "YOUR AWS ACCOUNT",
}

KINDS = {
    "page": "PAGE",
    "notice": "notice",
    "update": "update",
    "reminder": "REMINDER",
    "recovering": "recovering",
    "resolved": "resolved",
}

CONTACTS = {
    "reply_to": "this company's incident line",
    "registrar_support": "registrar, support",
    "registrar_csirt": "registrar, CSIRT",
    "cloud_support": "cloud provider",
    "cert": "CERT",
    "fallback_domain": "domain to move mail to",
}

SOURCES = {
    "parent.one": "1 server of $where",
    "parent": "$n servers of $where",
    "authoritative.one": "1 name server",
    "authoritative": "$n name servers",
    "recursive.one": "1 resolver (a cache)",
    "recursive": "$n resolvers (caches)",
    "iterative.one": "walking down from the root",
    "iterative": "walking down from the root",
    "rdap.one": "1 RDAP service",
    "rdap": "$n RDAP services",
    "registrar.one": "the registrar's interface",
    "registrar": "$n registrars' interfaces",
    "registry.one": "1 registry",
    "registry": "$n registries",
    "ct.one": "1 search over certificate logs",
    "ct": "$n searches over certificate logs",
    "route53.one": "Route 53's interface",
    "route53": "Route 53's interface",
    "chain.one": "our own DNSSEC validation",
    "chain": "our own DNSSEC validation",
    "web.one": "1 web site",
    "web": "$n web sites",
}

RESULTS = {
    "refused": "REFUSED",
    "servfail": "SERVFAIL",
    "not_authoritative": "no authority",
    "timeout": "no reply",
    "unreachable": "cannot be reached",
    "malformed": "unreadable reply",
    "other_error": "another error",
}

TYPES = {"A": "address (A)", "AAAA": "address (AAAA)", "NS": "name servers (NS)"}

PHRASES = {
    "registry": "the .$zone registry",
    "registry_short": ".$zone registry",
    "root": "the root zone",
    "parent_zone": "the parent zone $zone",
    "more": "and $n more",
    "more_records": "(and $n more)",
    "lookalikes": "Look-alikes, lined up (^ marks where they differ):",
    "route53": "Why these cannot be the hosted zone's name servers:",
    "route53_outside": "Outside of the networks that AWS publishes for Route 53's name servers: $addresses. The name "
    "is one of theirs, and what answers there is not Route 53.",
    "route53_inside": "In the networks that AWS publishes for Route 53's name servers: $addresses. Either AWS moved "
    "the server, or another one of them answers, for other customers' zones.",
    "answers": "Not every server gives the same:",
    "answer": "$n server(s), seen from $regions: $seen",
    "record_of": "$type of $owner",
    "record": "a record",
    "and": "and",
    "n_of": "$n of $of",
    "on_hosts.one": "on $n name server",
    "on_hosts": "on $n name servers",
    "at_resolvers.one": "at $n resolver",
    "at_resolvers": "at $n resolvers",
    "route53_name": "Route 53",
    "some_host": "a host",
    "no_authority": "without authority",
    "given_to": "$who, seen from $regions: $seen",
    "nothing": "nothing ($result)",
    "record_now": "$what is $seen$on; approved is $expected",
    "server_says": "$host: $result",
    "server_says_to": "$host: $result, seen from $regions",
    "quoted": '"$text"',
    "residual_at": "$what is $seen$on, first seen $at",
    "approved_is": "$title Approved is $expected.",
    "only_caches": "Only resolvers give it; the parent and the name servers do not. So it sits in caches, or somebody "
    "forges answers on the way to those resolvers.",
    "caches_too": "What resolvers give sits in caches: it stays there until its TTL has run out, also when the parent "
    "and the name servers are right again.",
    "still_cached": "None of this is new, and it runs out by itself; until then those resolvers' users get it.",
    "gone": "no name servers ($result)",
    "regions_one": "1 region",
    "regions": "$n regions",
    "seen_by_source": "$regions ($names) at $source, over $transports",
    "seen_by_walk": "$regions ($names), $source, over $transports",
    "seen_by_validation": "$regions ($names), by $source from the root's keys down",
    "ago": "$duration before this message",
    "ack": "Take it (stops the reminders):  nswatch incidents ack $id",
    "acked": "Taken by $by at $at.",
    "show": "Everything about it:            nswatch incidents show $id",
    "no_contacts": "The watchlist has no contacts for it. Take numbers from contracts, never from a mail of today.",
    "update": "Update on $id: what is seen has changed.",
    "reminder": "Nobody has acknowledged $id, first told $duration ago.",
    "back": "This comes back after it had been recovering.",
    "part": "The same change hit other domains, and was paged for $id: this is part of it, and no page of its own. "
    "Whoever works on $id should work on this too.",
    "part_short": "part of $id",
    "part_remark": "It is part of $ids: one change hit several domains.",
    "raised": "$code of $domain alone is no page. It is one beside $by of $other, since $since.",
    "taken_over": "$hosts did not answer for $domain before, and now answer with a zone that is not yours. That is no "
    "recovery: somebody else opened the zone where yours was lost, and owns $domain now.",
    "mail_only": "Of the answers that are watched only MX differs, so far. Who leaves the site and the texts alone "
    "wants the mail, and to be found late. Suspend password resets and login codes by mail of $domain now.",
    "registered": "The registration, by RDAP of $server: last changed $changed; registrar $registrar.",
    "account_made": "Made in your account by $who at $at ($what)$source. An attacker may hold that "
    "identity: ask its owner by voice.",
    "account_beside": "Also in your account about this domain: $who at $at ($what)$source$refused.",
    "account_not_made": "Not made through your account: since $begun CloudTrail tells of no call to Route 53 or "
    "Route 53 Domains that could have made it.",
    "account_not_yet": "No change through your account is recorded so far that could have made it (since $begun). "
    "CloudTrail can be 15 minutes late: ask again then with nswatch incidents show $id.",
    "account_unheard": "Whether it was made through your account is not known: nothing has come from CloudTrail since "
    "$at. Look whether somebody stopped the trail.",
    "account_unknown": "Whether it was made through your account is not known: nswatch hears no CloudTrail. Look into "
    "its event history, in us-east-1.",
    "account_silent": "Whether it was made through your account is not known: CloudTrail has told of no call at all to "
    "$services. Look into its event history, in us-east-1.",
    "account_nobody": "somebody who is not named",
    "account_session": " (session $session)",
    "account_from": ", from $source",
    "account_refused": ", REFUSED: $error",
    "slower": "The web site also answers later than before: in $region after about $median ms, up from $former ms, "
    "since $since. Traffic may take another way.",
    "over": "What follows is over, and told late: it stood from $since until $until ($duration), while nswatch only "
    "recorded it and did not look (nswatch status says how it is now). The way in may still be open, and what people "
    "sent in that time went elsewhere.",
    "over_short": "(over) $what",
    "relieved": "Nothing of this was seen any more when this message was written.",
    "no_finding": "Something about $group is not as expected.",
    "still_open": "The incident is not over: other findings still stand.",
    "until": "Until then a cache anywhere may hold forged data.",
    "until_ttl": "Until then a cache anywhere may hold forged data (longest forged TTL: $ttl).",
    "closes": "nswatch closes the incident by itself then; before that only a person can.",
    "closes_not": "Forged servers still answer: this time moves on, and nswatch does not close the incident.",
    "healthy_hour": "It counts as over after one healthy hour; coming back within it is told by notice.",
    "forged_still": "$host still gives forged data (TTL $ttl)",
    "forged_gone": "$host gave forged data until $at (TTL $ttl)",
    "resolved_clock": "$id is resolved: the time in which caches could hold forged data has run out.",
    "resolved_hour": "$id is resolved: a healthy hour has passed.",
    "resolved_person": "$id was resolved by $by.",
    "was": "It was about: $title",
    "resolved_forged": "Forged servers still answer. Nobody is sent to them now; have them taken down all the same.",
    "opened": "opened",
    "acknowledged": "taken by $by",
    "recovering": "cause gone, caches clearing",
    "resolved": "resolved",
    "pages": "Pages sent: $n. The whole timeline: nswatch incidents show $id",
    "short_recovering": "$domain is recovering, caches may lie until $until",
    "short_recovering_hour": "$domain is well again, over after a healthy hour",
    "short_resolved": "$domain: incident is resolved",
    "sms_prefix": "nswatch: ",
    "sms_prefix_kind": "nswatch $kind: ",
    "sms_since": "Since $utc UTC ($jst JST)",
    "sms_since_short": "Since ${utc}Z ($jst JST)",
    "given_by": "given by $where",
    "silent_region": "$region: $seen",
    "missed_in": "$region: $seen, in the hub $hub",
    "sms_pair": "$seen, not $expected",
    "sms_extra": "$seen not approved",
    "sms_missing": "$expected missing",
    "sms_only_parent": "$host only at parent",
    "sms_only_child": "$host only in zone",
    "sms_of": "$what $pair",
    "sms_at": "$pair at $where",
    "sms_key": "key $tag",
    "sms_resolvers": "at $where",
    "sms_from": "$pair seen from $where",
    "sms_silent_from": "seen from $where",
    "sms_server": "$host $result",
    "sms_residual": "Still cached at $n resolvers",
    "sms_residual.one": "Still cached at 1 resolver",
    "window_title": "The planned change $change of $domain is about to end, and its values are not in the watchlist.",
    "window_short": "$domain planned change $change ends, not applied",
    "window_sms": "window ends $utc UTC ($jst JST)",
    "window_ends": "WINDOW ENDS ",
    "left": "in $duration",
    "window_by": "APPROVED BY ",
    "window_done": "If the change was carried out and stays: put its values into the watchlist and apply it (nswatch "
    "watchlist apply) before the window ends. If it was not: undo it, or propose a new window.",
    "window_after": "After that the new values are judged like any other, and page.",
    "days": "$n d",
    "hours": "$n h",
    "minutes": "$n min",
    "seconds": "$n s",
}

ENGLISH = Language(
    words=WORDS,
    residual=RESIDUAL,
    causes=CAUSES,
    advice=ADVICE,
    unknown=Words("$code was found on $domain.", "$domain $code"),
    labels=LABELS | OF_CERTIFICATES | OF_REGISTRY,
    kinds=KINDS,
    contacts=CONTACTS,
    sources=SOURCES,
    results=RESULTS,
    types=TYPES,
    phrases=PHRASES | CERTIFICATE_PHRASES | REGISTRY_PHRASES,
    months=("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"),
)

LANGUAGES = {"en": ENGLISH}
"""By the watchlist's `language`. One that is not here yet is told in English: a page must never fail for its words."""
