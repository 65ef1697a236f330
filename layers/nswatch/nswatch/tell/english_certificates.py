"""In English: what is said of certificates, served ones and those that logs hold. Data only."""

from nswatch.tell.english_steps import CERT, EVIDENCE, OURS
from nswatch.tell.language import Advice, Words

WORDS = {
    "certificate_changed.untrusted": Words(
        "The web site of $domain shows a certificate that is not trusted ($why), of $issuer, to $seen_regions.",
        "$domain web certificate not trusted",
    ),
    "certificate_changed": Words(
        "The web site of $domain shows a certificate of $issuer, which is not an approved issuer, to $seen_regions.",
        "$domain web certificate not approved",
    ),
}
"""They wake people, and stand before what is a notice."""

NOTICES = {
    "certificate_unordered.several": Words(
        "$certificates certificates for names of $domain were issued by issuers that are not approved; the last one "
        "by $issuer, for $for_names.",
        "$domain certificates issued, not ordered",
    ),
    "certificate_unordered": Words(
        "A certificate for $for_names was issued by $issuer, which is not an approved issuer.",
        "$domain certificate issued, not ordered",
    ),
}

_REVOKE = (
    "If it is nobody's: have it revoked. How its issuer wants that reported: $report Name the SHA-256 digest above, "
    "and say that nobody authorised the request: an issuer must revoke within 24 hours then (Baseline Requirements, "
    "4.9.1.1). Ask how control of the names was shown, when, and from which address.",
    "If it is nobody's: have it revoked. Its issuer's CPS says how a certificate problem is reported. Name the serial "
    "number or the digest, and say that nobody authorised the request: an issuer must revoke within 24 hours then "
    "(Baseline Requirements, 4.9.1.1). Ask how control of the names was shown, when, and from which address.",
)
_LOOK = (
    "Whoever got it could answer for its names for a moment. Look what the delegation and the zone were when it was "
    "issued, also of the host names in it: a name that points to a service which is no longer yours is enough.",
)
_CAA = ("Set or mend the CAA record of $domain, so that it allows your issuers only (RFC 8659).",)

ADVICE = {
    "certificate_unordered": Advice(
        why="Whoever can answer for a name for a minute can have a certificate issued for it. One that nobody ordered "
        "may be the first trace of a hijack: with it a relayed site looks genuine. It may as well be a colleague's, or "
        "a provider's that orders by itself (CDN, hosting, mail).",
        steps=(
            (
                "Ask who orders certificates, here and at the providers that serve those names, whether it is theirs. "
                "If it is: add its issuer to web.issuers in the watchlist, and apply it.",
            ),
            _LOOK,
            _REVOKE,
            _CAA,
            EVIDENCE,
        ),
    ),
    "certificate_changed": Advice(
        why="Users of the site talk to whoever holds this certificate's key. Either the site has a new certificate "
        "that nobody announced, or its addresses, or the way to them, are somebody else's.",
        steps=(
            (
                "Ask the people who run the site, by voice, whether the certificate is theirs. If it is: add its "
                "issuer to web.issuers in the watchlist (or mend what is wrong with it), and apply it.",
            ),
            (
                "If it is not: compare the address that answers (nswatch check $name) with yours. With right addresses "
                "the way there is taken: a route (BGP), or a network in between. Call your provider of the addresses.",
            ),
            _REVOKE,
            ("Until it is clear, treat what users typed since $since as read: sessions, passwords, cards.",),
            CERT,
            EVIDENCE,
            OURS,
        ),
    ),
}

LABELS = {"certificates": "CERTIFICATES"}

PHRASES = {
    "certificate_for": "for $names",
    "certificate_issuer": "issuer $issuer",
    "certificate_valid": "valid from $begins until $ends",
    "certificate_begins": "valid from $begins",
    "certificate_until": "valid until $ends",
    "certificate_untrusted": "not trusted: $why",
    "certificate_found": "found in a log at $found",
    "certificate_shown": "shown to $regions",
    "certificate_digest": "SHA-256 $digest",
    "certificate_forbidden": "CAA of the domain, as it is now, does not allow this issuer to issue it.",
    "certificate_allowed": "CAA of the domain, as it is now, allows this issuer to issue it.",
    "certificate_approved": "Approved issuers: $issuers.",
    "certificate_right": "An approved one is shown to $regions.",
    "caa_none": "No CAA record limits who may issue for $domain.",
    "caa_nobody": "The CAA record of $at allows nobody to issue.",
    "caa_allows": "CAA of $at allows: $issuers.",
    "untrusted_why": "it does not validate",
}
