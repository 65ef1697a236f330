"""In English: names around a delegation that somebody registered, or that anybody can. Data only."""

from nswatch.tell.english_steps import CERT, EVIDENCE, MAIL, OURS, REGISTRAR
from nswatch.tell.language import Advice

LABELS = {
    "of_registrar": "registrar",
    "of_status": "status",
    "of_nameservers": "name servers",
    "of_expiration": "expiry",
    "of_last-changed": "last change",
}

PHRASES = {
    "sources_differ": "Of the $what the sources differ: $one says $said; $other says $also.",
    "by_rdap": "RDAP ($server)",
    "by_registrar": "Route 53 Domains",
    "operations": "Asked of Route 53 Domains in the last two days, from within the account:",
    "registered_names": "What the registries say of them:",
    "registered_name": "$name (like $imitates): registered $registered, by $registrar; name servers: $hosts",
    "registered_since": "$name (like $imitates): in the registry's zone since $since; registration date unknown "
    "($note); name servers: $hosts",
    "registered_by_nobody": "a registrar that is not said",
    "registered_note": "the registry does not say",
    "free_names": "What can be registered by anybody:",
    "free_name": "$name, in which $hosts is. $approved $by",
    "free_approved": "It is an approved name server.",
    "free_delegated": "Nobody approved it; the parent names it all the same.",
    "free_by_both": "The registry's name servers know no such name, and its RDAP service says that it is not "
    "registered.",
    "free_by_dns": "The registry's name servers know no such name, as both collectors found again and again; no RDAP "
    "service could be asked.",
}

_BESIDE_SIBLING = Advice(
    why="Another of your domains at the same registrar has an incident, named above. Whoever got into that account can "
    "change the name servers of $domain next.",
    steps=(
        MAIL,
        REGISTRAR,
        (
            "Ask for: what was changed in $domain, by whom and from where; nothing to be changed or transferred until "
            "you have spoken; the account closed to everybody but you; a registry lock.",
        ),
        ("Look at the delegation by hand, now and every few minutes: nswatch check $name.",),
        EVIDENCE,
        OURS,
    ),
    recovered="The registration of $domain is as expected again, or the incident of the other domain is over.",
    aftercare=(("Ask the registrar what was changed, by whom and how; ask for a registry lock.",),),
)

ADVICE = {
    "registration_touched.sibling": _BESIDE_SIBLING,
    "registration_status_changed.sibling": _BESIDE_SIBLING,
    "nameserver_domain_available": Advice(
        why="Whoever registers that domain runs a name server of $domain from then on, and answers for it to a part "
        "of the world. Typing errors and lapsed registrations in delegations have stayed open for years.",
        steps=(
            (
                "Register the domain above now, at any registrar, before somebody else does: it costs a few dollars, "
                "and it is yours to give back. Do not talk about it in public before that.",
            ),
            (
                "Is the name server's name a typing error, or one that is not needed? Put the right name into the "
                "delegation at the registrar, into the zone's own NS records and into the watchlist.",
            ),
            (
                "If it is your DNS provider's domain, call the provider, by voice: $cloud_support. Ask whether the "
                "registration lapsed.",
                "If it is your DNS provider's domain, call the provider, by voice. Ask whether the registration "
                "lapsed.",
            ),
            (
                "If it cannot be had at once, take that name server out of the delegation until it is: the others "
                "answer.",
            ),
        ),
        recovered="The domain of that name server of $domain is not free any more, or the name server is not used.",
        aftercare=(
            (
                "Make sure that it is you who registered it, or your provider. If a stranger did, take that name "
                "server out of the delegation now, and treat what it answered as forged.",
            ),
            ("Look for the same mistake in the delegations of your other domains.",),
        ),
    ),
    "nameserver_lookalike_registered": Advice(
        why="In May 2020 a look-alike of a company's name servers was registered one day before its delegation was "
        "changed to it. Mostly it is somebody who speculates with names, or a campaign against others; but a hijack, "
        "or mail that pretends to be yours, may come next.",
        steps=(
            ("Ask the people who register names for you, by voice, whether it is theirs. If it is, there is no more.",),
            (
                "If it is not: tell everybody who approves changes of $domain at the registrar and the DNS provider "
                "that this name is not yours, lined up as above.",
            ),
            (
                "Tell the registrar's support ($registrar_support) that a change of $domain to this name is never "
                "yours, and ask for a registry lock.",
                "Tell your registrar that a change of $domain to this name is never yours, and ask for a registry "
                "lock.",
            ),
            (
                "If it looks like your DNS provider's domain (awsdns-... is AWS's), report it to the provider: "
                "$cloud_support; its registrar, above, takes reports of abuse.",
                "If it looks like your DNS provider's domain (awsdns-... is AWS's), report it to the provider; its "
                "registrar, above, takes reports of abuse.",
            ),
            CERT,
        ),
        recovered="Nothing of this kind has happened for two days. The names are still registered.",
        aftercare=(("Watch what is done with it: web site, mail servers, certificates in CT logs.",),),
    ),
}
