"""In English: every finding code in a sentence, and in a few words. Data only; the order is that of telling."""

from nswatch.tell.english_certificates import NOTICES as CERTIFICATE_NOTICES
from nswatch.tell.english_certificates import WORDS as OF_CERTIFICATES
from nswatch.tell.english_monitor import WORDS as OF_MONITOR
from nswatch.tell.language import Words

RESIDUAL = Words("Still cached$on: $what is $seen.", "$domain: forged data still cached")
"""Of values that only caches still hold, and that the incident has told before."""

WORDS = {
    **OF_MONITOR,
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
    "ds_changed.gone": Words(
        "$Where gives no DS record for $domain any more: nobody can tell its answers from forged ones.",
        "$domain DS removed at $parent",
    ),
    "ds_changed.extra": Words(
        "$Where gives a DS record for $domain, which is not signed: validating resolvers will refuse the domain.",
        "$domain DS added at $parent",
    ),
    "glue_changed": Words(
        "$Where gives an address that nobody approved (glue) for a name server of $domain: $seen.",
        "$domain glue changed at $parent",
    ),
    "glue_changed.host": Words(
        "$Where gives another address (glue) for $host, a name server of $domain: $seen.",
        "$domain glue changed at $parent",
    ),
    "nameserver_address_changed": Words(
        "A name server of $domain is at an address that nobody approved: $seen.",
        "$domain name server has new address",
    ),
    "nameserver_address_changed.host": Words(
        "$host, a name server of $domain, is at an address that nobody approved: $seen.",
        "$domain name server has new address",
    ),
    "mx_changed": Words("$What is now $seen$on.", "$domain MX changed"),
    "mx_changed.missing": Words("$What no longer holds $missing$on.", "$domain MX changed"),
    "mx_changed.extra": Words("$What now also holds $seen$on.", "$domain MX changed"),
    "mx_changed.forged": Words("Mail for $owner goes to $seen.", "$owner mail goes elsewhere"),
    "soa_changed": Words("The primary server (SOA MNAME) of $owner is now $seen$on.", "$domain SOA changed"),
    "soa_changed.forged": Words(
        "The forged zone $owner names $seen as its primary server (SOA MNAME).", "$domain SOA changed"
    ),
    "cname_changed": Words("$owner is now an alias (CNAME) of $seen$on.", "$domain CNAME changed"),
    "cname_changed.forged": Words(
        "Users of $owner are sent to $seen (CNAME) by the forged name servers.", "$domain CNAME changed"
    ),
    "address_changed": Words("$What is now $seen$on: outside of what is approved.", "$domain address not approved"),
    "address_changed.forged": Words(
        "Users of $owner are sent to $seen by the forged name servers.", "$domain address not approved"
    ),
    "answer_missing": Words("$What is gone$on; approved is $expected.", "$domain record is gone"),
    "answer_missing.forged": Words("The forged name servers have no $type for $owner.", "$domain record is gone"),
    "resolvers_disagree": Words(
        "$What is $seen$on: nobody approved that, and others give the approved answer.",
        "$domain wrong in some resolvers",
    ),
    "resolvers_disagree.part": Words("Caches hold it too$on: $what is $seen.", "$domain wrong in some resolvers"),
    "regions_disagree": Words(
        "Seen from $seen_regions only, $what is $seen: nobody approved that.", "$domain differs by region"
    ),
    "regions_disagree.part": Words(
        "Not every region sees it: from $seen_regions $what is $seen.", "$domain differs by region"
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
        "The registry's status of $domain, or of a domain of its name servers, is not as it was approved: $seen.",
        "$domain registration status changed",
    ),
    "registration_expiring": Words(
        "The registration of $domain, or of a domain of its name servers, ends: $seen.",
        "$domain registration expires",
    ),
    "dnssec_bogus": Words(
        "DNSSEC validation of $domain fails: validating resolvers answer with an error.", "$domain DNSSEC fails"
    ),
    "dnssec_bogus.ours": Words(
        "DNSSEC validation of $domain fails, as we do it from the root's keys down: validating resolvers will refuse "
        "it as soon as what they remember has run out.",
        "$domain DNSSEC fails",
    ),
    "dnssec_bogus.upstream": Words(
        "The DNSSEC data of $where itself does not validate: validating resolvers refuse all that is below it, "
        "$domain included.",
        "$domain DNSSEC fails above it, at $parent",
    ),
    "nameservers_unreachable": Words("No name server of $domain replies.", "$domain name servers do not reply"),
    "nameservers_unreachable.from": Words(
        "No name server of $domain replies, as seen from $seen_regions.", "$domain name servers do not reply"
    ),
    "nameserver_lame.all": Words(
        "No name server of $domain answers for it any more ($results).", "$domain: no name server answers for it"
    ),
    "nameserver_lame.one": Words(
        "$host is a name server of $domain, but does not answer for it ($results).", "$domain name server is lame"
    ),
    "nameserver_lame": Words(
        "Name servers of $domain do not answer for it ($results): $host.", "$domain name servers are lame"
    ),
    **OF_CERTIFICATES,
    "route53_drift": Words(
        "The Route 53 hosted zone of $domain holds what nobody approved: $what is $seen; approved is $expected.",
        "$domain Route 53 zone not as approved",
    ),
    "route53_drift.urgent": Words(
        "The Route 53 hosted zone of $domain was changed: $what is $seen; approved is $expected.",
        "$domain NS or MX changed in Route 53",
    ),
    "route53_drift.zone": Words(
        "The hosted zone of $domain that the watchlist names is not the one that answers for it: $seen.",
        "$domain Route 53 hosted zone is wrong",
    ),
    "parent_child_mismatch": Words(
        "$Where and the zone $domain itself name different name servers (NS): $seen only in the zone, $missing only at "
        "the parent.",
        "$domain NS differ, parent and zone",
    ),
    "parent_child_mismatch.extra": Words(
        "The zone $domain itself names a name server (NS) that $where does not name: $seen.",
        "$domain NS differ, parent and zone",
    ),
    "parent_child_mismatch.missing": Words(
        "$Where names a name server (NS) of $domain that the zone itself does not name: $missing.",
        "$domain NS differ, parent and zone",
    ),
    "txt_changed": Words("$What is now $seen$on.", "$domain TXT changed"),
    "txt_changed.missing": Words("$What no longer says $missing$on.", "$domain TXT changed"),
    "txt_changed.spf": Words(
        "$What has more than one SPF record$on, so that none counts: $seen is not approved.",
        "$domain has too many SPF records",
    ),
    "txt_changed.forged": Words("The forged name servers give $what as $seen.", "$domain TXT changed"),
    "ttl_changed": Words("The TTL of $what is now $ttl_seen; it was $ttl_expected.", "$domain TTL changed"),
    "ttl_changed.unknown": Words("A TTL of $domain rose or fell at least fourfold: $seen.", "$domain TTL changed"),
    "registration_touched": Words(
        "Registration data of $domain, or of a domain of its name servers, were changed: $seen.",
        "$domain registration was touched",
    ),
    **CERTIFICATE_NOTICES,
    "nameserver_lookalike_registered": Words(
        "Somebody registered a domain that looks like one that $domain depends on: $seen.",
        "$domain look-alike domain was registered",
    ),
    "latency_shifted": Words(
        "The web site of $domain answers much later than before: $seen.", "$domain web site is slower"
    ),
}
