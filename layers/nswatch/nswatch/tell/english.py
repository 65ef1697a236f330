"""The texts in English. Data only: what is said when is decided in `letter` and `sms`."""

from nswatch.tell.english_causes import CAUSES
from nswatch.tell.language import Language, Words

WORDS = {
    "vantage_silent.blind": Words(
        "$silent of $regions regions are silent: nswatch is blind.",
        "$silent of $regions regions silent, nswatch is blind",
    ),
    "vantage_silent": Words(
        "The region $domain is silent; $reporting of $regions regions still report.", "region $domain is silent"
    ),
    "delegation_changed": Words(
        "$Where gives other name servers for $domain than the approved ones.", "$domain name servers changed at $parent"
    ),
    "delegation_changed.gone": Words(
        "$Where gives no name servers for $domain any more: the delegation is gone.",
        "$domain delegation gone at $parent",
    ),
    "delegation_changed.missing": Words(
        "$Where no longer gives all the approved name servers for $domain.", "$domain name servers missing at $parent"
    ),
    "delegation_changed.extra": Words(
        "$Where gives name servers for $domain that nobody approved, beside the approved ones.",
        "$domain name servers added at $parent",
    ),
    "nameserver_lookalike": Words(
        "A name server given for $domain is a look-alike of an approved one: $seen.", "$domain look-alike name server"
    ),
    "route53_mismatch": Words(
        "$domain is at Route 53, but these name servers cannot be its hosted zone's: $seen.",
        "$domain name server not its Route 53 zone's",
    ),
    "ds_changed": Words(
        "$Where gives another DS record set for $domain than the approved one: DNSSEC trusts another key, or none.",
        "$domain DS changed at $parent",
    ),
    "glue_changed": Words(
        "$Where gives other addresses (glue) for a name server of $domain than before.",
        "$domain glue changed at $parent",
    ),
    "nameserver_address_changed": Words(
        "A name server of $domain has moved to an address that was not approved: $seen.",
        "$domain name server has new address",
    ),
    "mx_changed": Words(
        "Mail for $domain is directed to other servers (MX) than the approved ones.", "$domain MX changed"
    ),
    "soa_changed": Words(
        "The zone $domain names another primary server (SOA MNAME): $seen.", "$domain SOA MNAME changed"
    ),
    "cname_changed": Words(
        "A name of $domain is an alias (CNAME) of another name than approved.", "$domain CNAME changed"
    ),
    "address_changed": Words(
        "A name of $domain has an address outside of the approved networks: $seen.",
        "$domain address not in approved networks",
    ),
    "answer_missing": Words(
        "The servers of $domain no longer give records that the watchlist expects: $expected.",
        "$domain records are missing",
    ),
    "resolvers_disagree": Words(
        "Some public resolvers give answers for $domain that nobody approved: $seen.",
        "$domain resolvers give forged answers",
    ),
    "regions_disagree": Words(
        "Answers for $domain that nobody approved are seen from some regions and not from others: $seen.",
        "$domain regions see different answers",
    ),
    "registrar_changed": Words(
        "Registration data name another registrar for $domain than the approved one: $seen.",
        "$domain registrar changed",
    ),
    "nameserver_domain_available": Words(
        "Anybody can register the domain of a name server of $domain: $seen.",
        "$domain name server's domain is free to take",
    ),
    "registration_status_changed": Words(
        "The registration status of $domain has changed: $seen.", "$domain registration status changed"
    ),
    "registration_expiring": Words("The registration of $domain expires soon: $seen.", "$domain registration expires"),
    "dnssec_bogus": Words(
        "DNSSEC validation of $domain fails: validating resolvers answer with an error.", "$domain DNSSEC fails"
    ),
    "nameservers_unreachable": Words("No name server of $domain replies: $seen.", "$domain name servers do not reply"),
    "nameserver_lame": Words(
        "Name servers of $domain answer without authority for it (lame delegation): $seen.",
        "$domain name server is lame",
    ),
    "certificate_changed": Words(
        "The certificate of $domain's web site is not trusted, or its issuer is not an approved one: $seen.",
        "$domain web certificate not approved",
    ),
    "route53_drift": Words(
        "The Route 53 hosted zone of $domain differs from the approved snapshot.",
        "$domain Route 53 zone differs from approved",
    ),
    "parent_child_mismatch": Words(
        "$Where and the name servers of $domain themselves give different NS sets.",
        "$domain NS differ, parent and zone",
    ),
    "txt_changed": Words("A text record of $domain is not as approved (SPF and the like).", "$domain TXT changed"),
    "ttl_changed": Words("A TTL of $domain rose or fell at least fourfold: $seen.", "$domain TTL changed"),
    "registration_touched": Words(
        "The registry says that the registration of $domain was changed: $seen.", "$domain registration was touched"
    ),
    "certificate_unordered": Words(
        "A certificate for $domain was issued by an issuer that is not an approved one: $seen.",
        "$domain certificate issued, not ordered",
    ),
    "nameserver_lookalike_registered": Words(
        "Somebody registered a domain that looks like one that $domain depends on: $seen.",
        "$domain look-alike domain was registered",
    ),
    "latency_shifted": Words("Answers for $domain take much longer than before: $seen.", "$domain answers are slower"),
}

LABELS = {
    "kept": "ok",
    "lookalike": "LOOK-ALIKE",
    "missing": "MISSING",
    "extra": "NOT APPROVED",
    "extra_lookalike": "LOOK-ALIKE",
    "other": "DIFFERENT",
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
    "until": "CACHES MAY LIE UNTIL",
    "history": "WHAT HAPPENED",
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
    "recursive.one": "1 public resolver",
    "recursive": "$n public resolvers",
}

PHRASES = {
    "registry": "the .$zone registry",
    "registry_short": ".$zone registry",
    "root": "the root zone",
    "parent_zone": "the parent zone $zone",
    "more": "and $n more",
    "lookalikes": "Look-alikes, lined up (^ marks where they differ):",
    "route53": "Why these cannot be the hosted zone's name servers:",
    "answers": "Not every server gives the same:",
    "answer": "$n server(s), seen from $regions: $seen",
    "also": "Also:",
    "gone": "no name servers ($result)",
    "regions_one": "1 region",
    "regions": "$n regions",
    "seen_by_source": "$regions ($names) at $source, over $transports:",
    "ago": "$duration before this message",
    "ack": "Take it (stops the reminders):  nswatch incidents ack $id",
    "acked": "Taken by $by at $at.",
    "show": "Everything about it:            nswatch incidents show $id",
    "no_contacts": "The watchlist has no contacts for it. Take numbers from contracts, never from a mail of today.",
    "contacts_warning": "Call; do not write to addresses of the domain itself.",
    "update": "Update on $id: what is seen has changed.",
    "reminder": "Nobody has acknowledged $id, first told $duration ago.",
    "back": "This comes back after it had been recovering.",
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
    "sms_pair": "$seen, not $expected",
    "sms_extra": "$seen not approved",
    "sms_missing": "$expected missing",
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
    causes=CAUSES,
    unknown=Words("$code was found on $domain.", "$domain $code"),
    labels=LABELS,
    kinds=KINDS,
    contacts=CONTACTS,
    sources=SOURCES,
    phrases=PHRASES,
    months=("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"),
)

LANGUAGES = {"en": ENGLISH}
"""By the watchlist's `language`. One that is not here yet is told in English: a page must never fail for its words."""
