"""What each finding means, in a sentence for somebody who is tired; the docs and the JSON have it, too."""

from collections.abc import Mapping

MEANING: Mapping[str, str] = {
    "delegation_changed": "whoever runs these servers can answer for the whole domain: call the registrar, caches "
    "hide it only for a while",
    "delegation_gone": "every cache that expires takes the domain off the Internet",
    "nameserver_lookalike": "a name made to be overlooked: compare it letter by letter with your provider's",
    "route53_mismatch": "Route 53's names follow a rule, and these break it or are of another zone",
    "glue_changed": "whoever holds this address answers for the domain, whatever the names say",
    "nameserver_address_changed": "the names are right, but they lead to other machines",
    "ds_changed": "validating resolvers will refuse the domain, or trust somebody else's key",
    "soa_changed": "the zone is served by, or copied from, somebody else",
    "mx_changed": "mail goes to somebody else's servers",
    "cname_changed": "the name leads elsewhere",
    "address_changed": "visitors are sent to a machine that is not approved",
    "txt_changed": "who may send mail for the domain, or has proved to own it, has changed",
    "answer_missing": "users get nothing where something is approved",
    "resolvers_disagree": "an answer from before a change (was it you?), or a poisoned cache: the zone's servers are "
    "right when they are yours",
    "regions_disagree": "somebody answers differently by where the question comes from",
    "servers_disagree": "one of the zone's servers has other content than the rest: a copy that lags, or is not yours",
    "parent_servers_disagree": "a change is on its way through the registry, or one of its servers is wrong",
    "parent_server_lagging": "after a change this may last for two days",
    "parent_child_mismatch": "resolvers use the one or the other: make both lists the same",
    "nameserver_lame": "users who are sent there wait or fail: serve the zone there, or take the name out",
    "nameservers_unreachable": "either this network, or the zone's servers, are cut off",
    "dnssec_bogus": "the signatures do not fit the DS at the parent: users of validating resolvers see nothing",
    "glue_differs": "the registry's addresses of your name servers are not those that they have: update the host "
    "objects at the registrar",
    "not_at_route53": "the name is Route 53's and the address is not: forged glue, or ranges that are not up to date "
    "(nswatch ranges --refresh)",
    "delegation_unreadable": "nobody needs a delegation of that size",
    "delegation_unknown": "nothing can be said: ask again, or from elsewhere",
    "ttl_changed": "a short TTL often prepares a change, a long one keeps forged data alive",
}
"""By code; a code that is not here is explained in docs/check.md."""
WATCHED: Mapping[str, str] = {
    "resolvers_disagree": "their users are led astray until the cache expires: ask the operators to flush it",
}
"""Instead, where a watchlist says what is right."""
DANGLING = "whoever registers that name, or gets hold of it, answers for the domain: take it out of the delegation"
"""Instead, where a delegated name does not exist."""
