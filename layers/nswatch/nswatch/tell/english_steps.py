"""In English: steps that several causes and codes share. Data only."""

MAIL = (
    "Do not trust mail of $domain, in or out: whoever controls its DNS can receive it, password resets and login "
    "codes included. Coordinate by phone.",
)
SUSPEND = (
    "Suspend what goes by mail of $domain, now: password resets, login codes and confirmations, in your own services "
    "first, then wherever an account of yours is reset by mail of $domain (registrar, cloud, bank).",
)
REGISTRAR = (
    "Call the registrar now, by voice: support $registrar_support, CSIRT $registrar_csirt.",
    "Call the registrar's support now, by voice: $registrar_support.",
    "Call the registrar's CSIRT now: $registrar_csirt.",
    "Call the registrar now (number from the contract, never from a mail of today).",
)
EVIDENCE = (
    "Preserve evidence: nswatch keeps the answers it got (nswatch incidents show $id). Keep mail and access logs, the "
    "registrar's mails and screenshots; write down who did what when, in UTC.",
)
MOVE = (
    "Move people to $fallback: staff, customers and partners are told, not by mail of $domain, where to write and "
    "call: $reply_to.",
    "Move people to $fallback: tell staff, customers and partners, not by mail of $domain, to write there.",
    "Tell staff, customers and partners, not by mail of $domain, where to reach you: $reply_to.",
    "Tell staff, customers and partners, not by mail of $domain, where to reach you.",
)
CERT = (
    "Tell $cert: name servers seen, times, and whom you have called.",
    "Tell your national CERT (in Japan JPCERT/CC): name servers seen, times, and whom you have called.",
)
OURS = (
    "Was it your own change? Only if the person who made it says so by voice: add it as a planned change with two "
    "approvers (nswatch watchlist apply). Until then it is a hijack.",
)
CLOUD = (
    "Call the cloud provider if you cannot get in or cannot put it back: $cloud_support.",
    "Call the cloud provider's support if you cannot get in or cannot put it back.",
)
RESETS = (
    "Since $since: treat passwords reset, codes sent and certificates issued by mail of $domain as stolen. Change "
    "them, and check the certificate logs for certificates that you did not order.",
)
NO_MAIL_YET = (
    "Do not trust mail of $domain until the time above; whoever asks an old cache may still reach forged servers.",
)
FLUSH = (
    "Ask the large public resolvers to drop $domain and its name servers from their caches (Google and Cloudflare "
    "have public pages for it); clear your own resolvers.",
)
WHO_CHANGED = (
    "Look who changed the zone in $route53: in CloudTrail, ChangeResourceRecordSets and the identity that called it. "
    "Disable that identity, end its sessions, then look what else it did.",
    "Look who changed the zone: the DNS provider's change log and log-ins (at Route 53 CloudTrail, "
    "ChangeResourceRecordSets). Disable that identity, end its sessions, then look what else it did.",
)
PUT_BACK = (
    "Put the 'expected' values back; then compare the whole zone with what is approved: more may have changed.",
)
