"""In English: what single codes mean and what to do first, where it is not what their cause says. Data only."""

from nswatch.tell.english_certificates import ADVICE as OF_CERTIFICATES
from nswatch.tell.english_monitor import ADVICE as OF_MONITOR
from nswatch.tell.english_registry import ADVICE as OF_REGISTRIES
from nswatch.tell.english_steps import (
    CERT,
    CLOUD,
    EVIDENCE,
    MAIL,
    MOVE,
    OURS,
    PUT_BACK,
    REGISTRAR,
    SUSPEND,
    WHO_CHANGED,
)
from nswatch.tell.language import Advice

_CHECK = ("See it from here: nswatch check $name (parent, name servers and resolvers side by side).",)
_PROVIDER = (
    "Look at the DNS provider's status page; then, logged in, whether the zone and the account are still there: a "
    "deleted zone, an unpaid bill and a closed account look just like this.",
)
_DELEGATION_TOO = (
    "Look whether the parent still delegates to your servers. If it names others, call the registrar: "
    "$registrar_support.",
    "Look whether the parent still delegates to your servers. If it names others, call the registrar.",
)
_MAYBE_HIJACK = (
    "Did nobody change it? Then somebody else did. Call the registrar ($registrar_support), and lock the accounts of "
    "registrar and DNS provider.",
    "Did nobody change it? Then somebody else did. Call the registrar, and lock the accounts of registrar and DNS "
    "provider.",
)
_WRITE_DOWN = ("Write down who changed it and why: nswatch incidents note $id TEXT.",)
_ASK_CHANGERS = ("Ask the people who run the zone, by voice, who changed this and why.",)

ADVICE = {
    "taken_over": Advice(
        why="The delegation still leads to a provider where your zone is gone, and where somebody else has opened one "
        "of the same name. To put values back helps nothing: the zone is not yours.",
        steps=(
            MAIL,
            (
                "Have the delegation of $domain changed at the registrar, to servers that hold your zone: "
                "$registrar_support. That alone ends it.",
                "Have the delegation of $domain changed at the registrar, to servers that hold your zone. That alone "
                "ends it.",
            ),
            (
                "Call the DNS provider: $cloud_support. Ask for the stranger's zone to be closed and kept as evidence, "
                "and for nobody to be let in again.",
                "Call the DNS provider. Ask for the stranger's zone to be closed and kept as evidence, and for nobody "
                "to be let in again.",
            ),
            EVIDENCE,
            MOVE,
            CERT,
            OURS,
        ),
    ),
    **OF_MONITOR,
    **OF_REGISTRIES,
    **OF_CERTIFICATES,
    "glue_changed": Advice(
        why="Glue is where $where sends the whole Internet for a name server of $domain. Whoever changed it answers "
        "for $domain, while every name still looks right.",
        steps=(
            MAIL,
            REGISTRAR,
            (
                "Ask for: the host record (glue) of $hosts put back to the 'expected' addresses at $where; who changed "
                "it, when and from where; the account closed to everybody but you; a registry lock.",
                "Ask for: the host records (glue) put back to the 'expected' addresses at $where; who changed them, "
                "when and from where; the account closed to everybody but you; a registry lock.",
            ),
            EVIDENCE,
            MOVE,
            CERT,
            OURS,
        ),
        recovered="$Where gives the approved addresses (glue) for the name servers of $domain again. It is not over.",
    ),
    "nameserver_address_changed": Advice(
        why="The name server's name is right, but it leads elsewhere. Either its operator moved it and told nobody, or "
        "somebody took the domain that the name server's name is in, and answers for $domain.",
        steps=(
            (
                "Call the operator of $hosts, by voice: is the address in the 'seen' column theirs? If they say yes: "
                "approve it (nswatch watchlist apply), and stop here.",
                "Call the operator of the name server, by voice: is the address in the 'seen' column theirs? If they "
                "say yes: approve it (nswatch watchlist apply), and stop here.",
            ),
            ("If not, or nobody answers: it is a hijack. Do not trust mail of $domain, in or out.",),
            (
                "Take that name server out of the delegation: call the registrar, $registrar_support. Where its name "
                "is in a domain of yours, have that domain's delegation and glue checked in the same call.",
                "Take that name server out of the delegation: call the registrar. Where its name is in a domain of "
                "yours, have that domain's delegation and glue checked in the same call.",
            ),
            EVIDENCE,
            MOVE,
            CERT,
        ),
        recovered="The name servers of $domain are at their approved addresses again. It is not over.",
    ),
    "ds_changed": Advice(
        why="The DS at the parent says which key may sign $domain. With another one validating resolvers refuse the "
        "domain, or believe whoever holds that key; without one they believe any answer. Mostly it is a key roll-over "
        "that went wrong. Who changed it can also change the name servers.",
        steps=(
            (
                "Ask the people who run the zone, by voice: did you roll a key, sign or unsign $domain? If yes: put "
                "the 'expected' DS back until the zone and the parent fit together, then approve the new one (nswatch "
                "watchlist apply).",
            ),
            ("If nobody did, it came through the registrar. Do not trust mail of $domain, in or out.",),
            REGISTRAR,
            (
                "Ask for: the 'expected' DS records back at $where; who changed them, when and from where; the account "
                "closed to everybody but you; a registry lock.",
            ),
            EVIDENCE,
            CERT,
        ),
        recovered="$Where gives the approved DS for $domain again. It is not over.",
    ),
    "dnssec_bogus": Advice(
        why="Who asks a validating resolver gets an error for $domain, as if it did not exist. Mostly signatures have "
        "expired, or a key was changed in the zone and not at the parent. It is also what users see of a hijack that "
        "cannot sign.",
        steps=(
            _CHECK,
            (
                "Compare the keys: the DS at $where must be of a key that signs the zone now, and the signatures must "
                "not have run out. If the zone's key is lost, have the DS removed at the registrar: unsigned is better "
                "than gone.",
            ),
            _DELEGATION_TOO,
            CLOUD,
        ),
        recovered="Resolvers can validate $domain again.",
    ),
    "dnssec_bogus.upstream": Advice(
        why="Nothing of yours is broken. Every domain below $where that people ask validating resolvers for gets an "
        "error, until its operator has repaired its signatures or keys.",
        steps=(
            _CHECK,
            (
                "Look whether $where says that it knows (its status page, its operator's mailing list). If it does "
                "not, tell its operator; your registrar can pass it on.",
            ),
            (
                "Change nothing at your zone or your DS. Tell people by other ways than mail that $domain cannot be "
                "reached for now.",
            ),
        ),
        recovered="What is above $domain validates again.",
    ),
    "mx_changed": Advice(
        why="MX says where mail of $domain goes. Somebody who changed it receives it: password resets, login codes, "
        "invoices, and the mails by which certificates are ordered. What is sent on to you, you do not miss.",
        steps=(SUSPEND, MAIL, WHO_CHANGED, PUT_BACK, CLOUD, EVIDENCE, MOVE, OURS),
    ),
    "parent_child_mismatch": Advice(
        why="The zone and its parent should name the same servers. Mostly this is a change that was done on one side "
        "only. It is also what remains when somebody could write to one side and not to the other.",
        steps=(
            _ASK_CHANGERS,
            ("Finish the change, or undo it: the same names in the zone and at $where, and in the watchlist.",),
            _MAYBE_HIJACK,
        ),
        recovered="The zone $domain and $where name the same name servers again.",
        aftercare=(_WRITE_DOWN,),
    ),
    "answer_missing": Advice(
        why="A record that vanishes was deleted, by mistake or not, or a server holds an old or empty copy of the "
        "zone. Who uses it fails as caches run out.",
        steps=(
            _CHECK,
            WHO_CHANGED,
            (
                "Put the record back. If only some name servers lack it, compare their SOA serials: a copy of the zone "
                "that is not updated is its operator's fault to mend.",
            ),
            CLOUD,
            EVIDENCE,
            OURS,
        ),
        recovered="The servers of $domain give the records that were missing again.",
        aftercare=(
            _WRITE_DOWN,
            ("If nobody of yours deleted it: close the way in, the credentials that can write the zone.",),
        ),
    ),
    "txt_changed": Advice(
        why="Texts at $domain say who may send mail in its name (SPF), and prove to others that it is yours. Whoever "
        "can write one can have certificates and accounts in your name.",
        steps=(
            _ASK_CHANGERS,
            ("Did nobody? Then treat the zone as open to somebody else:",),
            WHO_CHANGED,
            PUT_BACK,
            ("Look for texts that nobody ordered (verification tokens), and what was obtained with them.",),
        ),
        recovered="The texts (TXT) of $domain are as approved again.",
        aftercare=(
            _WRITE_DOWN,
            ("If nobody of yours changed it: close the way in, the credentials that can write the zone.",),
        ),
    ),
    "route53_drift": Advice(
        why="This is what Route 53's own interface says, not yet what DNS answers. Mostly it is a change of your own "
        "that nobody wrote into the watchlist; stolen AWS credentials begin like this, with a record that nobody looks "
        "at.",
        steps=(
            _ASK_CHANGERS,
            WHO_CHANGED,
            (
                "If it is yours: add it to answers and apply; or, where the watchlist does not mention the record, "
                "approve all such records as they are now: nswatch watchlist apply --baseline-again $name.",
            ),
            PUT_BACK,
            EVIDENCE,
        ),
        recovered="The hosted zone of $domain holds what is approved again.",
    ),
    "route53_drift.urgent": Advice(
        why="This is what Route 53's own interface says: whoever can write to the hosted zone of $domain decides where "
        "its mail goes and who answers for it. Stolen AWS credentials look like this; the registrar has no part in it.",
        steps=(MAIL, WHO_CHANGED, PUT_BACK, CLOUD, EVIDENCE, MOVE, OURS),
        recovered="The hosted zone of $domain holds what is approved again. It is not over.",
    ),
    "route53_drift.zone": Advice(
        why="While that is so nobody compares the zone with what is approved. If it was right before, somebody deleted "
        "the zone: then its name servers stop answering, and whoever creates a new one there may take it over.",
        steps=(
            ("Look in Route 53 which hosted zone is that of $domain: aws route53 list-hosted-zones-by-name.",),
            WHO_CHANGED,
            ("If the watchlist is wrong: correct delegation.hosted_zone (and role_arn), and apply.",),
            CLOUD,
        ),
        recovered="The hosted zone that the watchlist names is that of $domain again.",
    ),
    "ttl_changed": Advice(
        why="People lower a TTL before they move something, and so do attackers, to be able to switch quickly. A TTL "
        "that rose keeps whatever is there now in caches for longer.",
        steps=(
            _ASK_CHANGERS,
            ("If it is a move of yours: add it as a planned change (nswatch watchlist apply), before the move.",),
            _MAYBE_HIJACK,
            WHO_CHANGED,
        ),
        recovered="The TTLs of $domain are as before again.",
        aftercare=(_WRITE_DOWN,),
    ),
    "nameserver_lame": Advice(
        why="Resolvers try the other name servers, so users notice little yet. The server has lost the zone, or its "
        "name leads to somebody else's server; who gets hold of that one answers for $domain.",
        steps=(
            _CHECK,
            (
                "Ask the operator of $hosts why it does not answer for $domain, and whether its address is still "
                "theirs.",
                "Ask the operator of that name server why it does not answer for $domain, and whether its address is "
                "still theirs.",
            ),
            ("If it will not come back, take it out of the delegation and out of the zone's own NS records.",),
        ),
        recovered="Every name server of $domain answers for it again.",
    ),
    "nameserver_lame.all": Advice(
        why="$domain vanishes from the Internet as caches run out, within hours. Mostly the zone or the account was "
        "deleted or closed. Until it is back, somebody else may open a zone of that name at the same provider.",
        steps=(
            _CHECK,
            _PROVIDER,
            (
                "Call the DNS provider: $cloud_support. Ask to have the zone put back on the same name servers, and "
                "nobody else let in.",
                "Call the DNS provider. Ask to have the zone put back on the same name servers, and nobody else let "
                "in.",
            ),
            _DELEGATION_TOO,
            ("If it takes longer than a cache's patience: another provider, then new name servers at the registrar.",),
        ),
    ),
    "nameservers_unreachable": Advice(
        why="Users there lose $domain as caches run out. It is a failure of the network or of the provider, or an "
        "attack by load; one region alone may be the region's own trouble.",
        steps=(
            _CHECK,
            _PROVIDER,
            _DELEGATION_TOO,
            (
                "Call the DNS provider: $cloud_support.",
                "Call the DNS provider; ask about attacks and routes to its name servers.",
            ),
        ),
    ),
}
