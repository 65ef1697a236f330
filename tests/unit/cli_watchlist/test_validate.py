import pytest

from nswatch.errors import InvalidDocument
from nswatch_cli.document import parse
from nswatch_cli.watchlist.load import read_watchlist

TWO = "[ns1.host.example, ns2.host.example]"


def problems(text):
    try:
        read_watchlist(parse(text, "w.yaml"))
    except InvalidDocument as error:
        return [str(problem) for problem in error.problems]
    return []


def whole(entry="", top=""):
    """Return a watchlist of one domain: lines 1 to 4 are good, `entry` stands in line 5 on, `top` after it."""
    return f"version: 1\ndomains:\n  example.com:\n    delegation: {{ns: {TWO}}}\n{entry}\n{top}\n"


def delegation(flow):
    return f"version: 1\ndomains:\n  example.com:\n    delegation: {flow}\n"


def change(flow):
    window = "id: C, from: 2026-12-01T00:00:00Z, until: 2026-12-01T04:00:00Z, by: [alice, bob]"
    return whole("    planned_changes: [{" + flow.replace("WINDOW", window) + "}]")


def answers(flow):
    return whole(f"    answers: [{flow}]")


IN = 'domains["example.com"]'
AT4 = f"w.yaml:4: {IN}."
AT5 = f"w.yaml:5: {IN}."
CHG = f"{AT5}planned_changes[0]"
ANS = f"{AT5}answers"

CASES = {
    # the top
    "no-version": (
        f"domains:\n  example.com:\n    delegation: {{ns: {TWO}}}\n",
        "w.yaml:1: version: is missing; give the format's version, 1",
    ),
    "other-version": (
        whole().replace("version: 1", "version: 2"),
        "w.yaml:1: version: is the number 2; write 1",
    ),
    "quoted-version": (whole().replace("version: 1", 'version: "1"'), "w.yaml:1: version: is the text '1'; write 1"),
    "true-as-version": (
        whole().replace("version: 1", "version: true"),
        "w.yaml:1: version: is the truth value true; write 1",
    ),
    "unknown-key": (
        whole(top="default: {}"),
        "w.yaml:6: default: is not a known key; did you mean defaults?",
    ),
    "unknown-key-far-from-any": (
        whole(top="zzz: {}"),
        "w.yaml:6: zzz: is not a known key; the keys here are version, defaults, domains or alerts",
    ),
    "no-domains": ("version: 1\ndomains: {}\n", "w.yaml:2: domains: is empty; list at least one domain"),
    "domains-null": (
        "version: 1\ndomains:\n",
        "w.yaml:2: domains: is empty; give the watched domains, each by its name",
    ),
    "domains-list": (
        "version: 1\ndomains: [example.com]\n",
        "w.yaml:2: domains: is a list, not a mapping; write its keys below it, 'key: value'",
    ),
    # names
    "single-label": (
        f"version: 1\ndomains:\n  com: {{delegation: {{ns: {TWO}}}}}\n",
        "w.yaml:3: domains.com: is the single label 'com'; write a registered domain, like example.com",
    ),
    "suffix": (
        f"version: 1\ndomains:\n  co.uk: {{delegation: {{ns: {TWO}}}}}\n",
        'w.yaml:3: domains["co.uk"]: is a suffix that a registry registers under; '
        "write the domain that is registered there",
    ),
    "address-as-domain": (
        f"version: 1\ndomains:\n  192.0.2.1: {{delegation: {{ns: {TWO}}}}}\n",
        'w.yaml:3: domains["192.0.2.1"]: is the address 192.0.2.1, not a domain; '
        "write a registered domain, like example.com",
    ),
    "underscore-in-domain": (
        f"version: 1\ndomains:\n  my_shop.com: {{delegation: {{ns: {TWO}}}}}\n",
        "w.yaml:3: domains[\"my_shop.com\"]: has '_' in the part that is registered; write letters, digits and hyphens",
    ),
    "same-domain-twice": (
        whole(top=f"  EXAMPLE.com.: {{delegation: {{ns: {TWO}}}}}"),
        "w.yaml:6: domains[\"EXAMPLE.com.\"]: is the same domain as 'example.com'; keep one of them",
    ),
    "no-delegation": (
        "version: 1\ndomains:\n  example.com: {}\n",
        f"w.yaml:3: {IN}.delegation: is missing; give what the parent zone must say about the domain, "
        "the name servers at least: {ns: [ns1.example.net, …]}",
    ),
    # delegation
    "no-ns": (
        delegation("{soa_mname: ns1.host.example}"),
        f"{AT4}delegation.ns: is missing; give the name servers of the domain, all of them",
    ),
    "empty-ns": (
        delegation("{ns: []}"),
        f"{AT4}delegation.ns: is an empty list; list the name servers that the registry must hold",
    ),
    "null-ns": (
        delegation("{ns: }"),
        f"{AT4}delegation.ns: is empty; give the name servers of the domain, all of them",
    ),
    "text-as-ns": (
        delegation("{ns: ns1.host.example}"),
        f"{AT4}delegation.ns: is the text 'ns1.host.example', not a list; "
        "write it as a list, '[a, b]' or one '- a' a line",
    ),
    "number-as-ns": (
        delegation("{ns: [53]}"),
        f"{AT4}delegation.ns[0]: is the number 53, not text; put it in quotes",
    ),
    "address-as-ns": (
        delegation("{ns: [192.0.2.53]}"),
        f"{AT4}delegation.ns[0]: is the address 192.0.2.53, not a host's name; write the name that the NS record holds",
    ),
    "same-ns-in-other-letters": (
        delegation("{ns: [ns1.host.example, NS1.Host.Example.]}"),
        f"{AT4}delegation.ns[1]: is 'ns1.host.example' again; keep one of them",
    ),
    "bad-ns": (
        delegation("{ns: [ns1..example]}"),
        f"{AT4}delegation.ns[0]: is no domain name: 'ns1..example' has an empty label; write it like 'example.com', "
        "with one dot between labels; write letters, digits and hyphens in labels, as in www.example.com",
    ),
    "unknown-provider": (
        delegation(f"{{ns: {TWO}, provider: cloudflare}}"),
        f"{AT4}delegation.provider: is the text 'cloudflare'; write route53",
    ),
    "unknown-dnssec": (
        delegation(f"{{ns: {TWO}, dnssec: true}}"),
        f"{AT4}delegation.dnssec: is the truth value true; write signed or unsigned",
    ),
    "hosted-zone-alone": (
        delegation(f"{{ns: {TWO}, hosted_zone: Z0123456789}}"),
        f"{AT4}delegation.hosted_zone: is not compared with anything without a provider; add 'provider: route53'",
    ),
    "hosted-zone-form": (
        delegation(f"{{ns: {TWO}, provider: route53, hosted_zone: /hostedzone/Z01}}"),
        f"{AT4}delegation.hosted_zone: is '/hostedzone/Z01', not a hosted zone's id; "
        "write it like Z0123456789ABCDEFGHIJ, without /hostedzone/",
    ),
    "role-form": (
        delegation(f"{{ns: {TWO}, provider: route53, hosted_zone: Z01, role_arn: 'arn:aws:iam::1:role/x'}}"),
        f"{AT4}delegation.role_arn: is 'arn:aws:iam::1:role/x', not a role's ARN; "
        "write it like arn:aws:iam::123456789012:role/nswatch-reader",
    ),
    # registration
    "registrar-unknown": (
        whole("    registration: {provider: godaddy}"),
        f"{AT5}registration.provider: is the text 'godaddy'; write route53",
    ),
    "registrar-role-alone": (
        whole("    registration: {role_arn: 'arn:aws:iam::123456789012:role/x'}"),
        f"{AT5}registration.role_arn: is not used without a provider; add 'provider: route53', or leave the role out",
    ),
    "registrar-in-a-change": (
        change("WINDOW, registration: {registrar: New, provider: route53}"),
        f"{CHG}.registration.provider: is not a known key; the keys here are registrar or locks",
    ),
    # answers
    "values-and-within": (
        answers('{name: "@", type: A, values: [192.0.2.1], within: [192.0.2.0/24]}'),
        f"{ANS}[0]: has values and within, which contradict; keep one of them",
    ),
    "nothing-expected": (
        answers('{name: "@", type: A}'),
        f"{ANS}[0]: expects nothing; give values, within (addresses) or contains (TXT)",
    ),
    "empty-values": (
        answers('{name: "@", type: A, values: []}'),
        f"{ANS}[0].values: is an empty list; list what is expected",
    ),
    "same-name-and-type": (
        answers("{name: www, type: A, values: [192.0.2.1]}, {name: WWW.example.com., type: A, values: [192.0.2.2]}"),
        f"{ANS}[1]: is the same name and type (WWW.example.com. A) as answers[0]; write all its values in one entry",
    ),
    "cname-beside-other": (
        answers("{name: www, type: TXT, contains: [x]}, {name: www, type: CNAME, values: [a.example.]}"),
        f"{ANS}[1]: contradicts answers[0]: a CNAME stands alone at its name; keep the CNAME or the other types",
    ),
    "other-beside-cname": (
        answers("{name: www, type: CNAME, values: [a.example.]}, {name: www, type: MX, values: ['10 a.example.']}"),
        f"{ANS}[1]: contradicts answers[0]: a CNAME stands alone at its name; keep the CNAME or the other types",
    ),
    "cname-at-apex": (
        answers('{name: "@", type: CNAME, values: [a.example.]}'),
        f"{ANS}[0].type: is CNAME at the domain itself, beside SOA and NS; write what it resolves to: A, AAAA",
    ),
    "two-cnames": (
        answers("{name: www, type: CNAME, values: [a.example., b.example.]}"),
        f"{ANS}[0].values: holds more than one CNAME; keep one: a name has one canonical name (without "
        "'provider: route53')",
    ),
    "outside": (
        answers("{name: www.example.net., type: A, values: [192.0.2.1]}"),
        f"{ANS}[0].name: is 'www.example.net.', outside the domain; write a name in or below example.com",
    ),
    "unjudged-type": (
        answers('{name: "@", type: NS, values: [ns1.host.example.]}'),
        f"{ANS}[0].type: is the text 'NS'; write A, AAAA, CNAME, MX or TXT",
    ),
    "mx-without-preference": (
        answers('{name: "@", type: MX, values: [mail.example.]}'),
        f"{ANS}[0].values[0]: is 'mail.example.', which is no MX data: expecting an integer; "
        "write it like '10 mail.example.net.'",
    ),
    "same-mx-twice": (
        answers('{name: "@", type: MX, values: ["10 mail.example.", "10 MAIL.example"]}'),
        f"{ANS}[0].values[1]: is the same value as [0]; keep one of them",
    ),
    "family-of-a": (
        answers('{name: "@", type: A, values: ["2001:db8::1"]}'),
        f"{ANS}[0].values[0]: is '2001:db8::1', not an address for A; "
        "write an IPv4 address for A, an IPv6 one for AAAA",
    ),
    "bad-address": (
        answers('{name: "@", type: A, values: [192.0.2.256]}'),
        f"{ANS}[0].values[0]: is '192.0.2.256', not an IP address; write it like 192.0.2.1 or 2001:db8::1",
    ),
    "within-for-mx": (
        answers('{name: "@", type: MX, within: [192.0.2.0/24]}'),
        f"{ANS}[0].within: does not go with type MX; write values; within is for A and AAAA",
    ),
    "contains-for-a": (
        answers('{name: "@", type: A, contains: [x]}'),
        f"{ANS}[0].contains: does not go with type A; write values; contains is for TXT",
    ),
    "host-bits": (
        answers('{name: "@", type: A, within: [192.0.2.1/24]}'),
        f"{ANS}[0].within[0]: is '192.0.2.1/24', which has bits set beside its network; write 192.0.2.0/24",
    ),
    "address-as-network": (
        answers('{name: "@", type: A, within: [192.0.2.1]}'),
        f"{ANS}[0].within[0]: is the address 192.0.2.1, not a network; write 192.0.2.1/32",
    ),
    "everywhere": (
        answers('{name: "@", type: A, within: [0.0.0.0/0]}'),
        f"{ANS}[0].within[0]: is '0.0.0.0/0', which allows every address; write the networks that are yours",
    ),
    "family-of-within": (
        answers('{name: "@", type: A, within: ["2001:db8::/32"]}'),
        f"{ANS}[0].within[0]: is 2001:db8::/32, where no A record can lie; write its own family",
    ),
    "as-number": (
        answers('{name: "@", type: A, within: [AS4294967296]}'),
        f"{ANS}[0].within[0]: is 'AS4294967296'; write a network (198.51.100.0/24), an AS number (AS16509) "
        "or aws:SERVICE (aws:CLOUDFRONT)",
    ),
    # planned changes
    "no-window": (
        change("id: C, by: [alice, bob], delegation: {ns: [ns.new.example]}, until: 2026-12-01T04:00:00Z"),
        f"{CHG}.from: is missing; give the first moment of the window, in UTC: `2026-12-01T00:00:00Z`",
    ),
    "window-backwards": (
        change(
            "id: C, from: 2026-12-01T04:00:00Z, until: 2026-12-01T04:00:00Z, by: [a, b], "
            "delegation: {soa_mname: ns.new.example}"
        ),
        f"{CHG}.until: is not after 'from'; write the end of the window, later than its start",
    ),
    "one-approver-twice": (
        change("WINDOW, delegation: {ns: [ns.new.example]}").replace("[alice, bob]", "[alice, ' Alice']"),
        f"{CHG}.by: names fewer than two different people; let one propose and another approve: [alice, bob]",
    ),
    "no-approver": (
        change("WINDOW, delegation: {ns: [ns.new.example]}").replace("[alice, bob]", "[]"),
        f"{CHG}.by: names fewer than two different people; let one propose and another approve: [alice, bob]",
    ),
    "changes-nothing": (
        change("WINDOW"),
        f"{CHG}: changes nothing; give the new values under delegation, answers, registration or web",
    ),
    "changes-nothing-in-a-section": (
        change("WINDOW, delegation: {}, answers: []"),
        f"{CHG}: changes nothing; give the new values under delegation, answers, registration or web",
    ),
    "planned-empty-ns": (
        change("WINDOW, delegation: {ns: []}"),
        f"{CHG}.delegation.ns: is an empty list; list the name servers that the registry must hold",
    ),
    "planned-provider": (
        change("WINDOW, delegation: {ns: [ns.new.example], provider: route53}"),
        f"{CHG}.delegation.provider: is not a known key; the keys here are ns, soa_mname or dnssec",
    ),
    "time-without-zone": (
        change("WINDOW, delegation: {ns: [ns.new.example]}").replace("04:00:00Z", "04:00:00"),
        f"{CHG}.until: is '2026-12-01T04:00:00', a time without a zone; write 2026-12-01T04:00:00Z if it is UTC",
    ),
    "date-alone": (
        change("WINDOW, delegation: {ns: [ns.new.example]}").replace("2026-12-01T04:00:00Z", "2026-12-02"),
        f"{CHG}.until: is the text '2026-12-02', not a time; write it like 2026-12-01T00:00:00Z",
    ),
    "same-id": (
        whole(
            "    planned_changes:\n"
            + "    - {id: C, from: 2026-12-01T00:00:00Z, until: 2026-12-02T00:00:00Z, by: [a, b], "
            "web: {issuers: [X]}}\n" * 2
        ),
        f"w.yaml:7: {IN}.planned_changes[1].id: is 'C' again; give each planned change an id of its own",
    ),
    # the rest of an entry
    "lock-in-rdap-spelling": (
        whole("    registration: {locks: [client transfer prohibited]}"),
        f"{AT5}registration.locks[0]: is the text 'client transfer prohibited'; did you mean clientTransferProhibited?",
    ),
    "http": (
        whole("    web: {url: 'http://example.com/'}"),
        f"{AT5}web.url: is 'http://example.com/'; write an https URL without a user name, "
        "like https://www.example.com/",
    ),
    "url-outside": (
        whole("    web: {url: 'https://badexample.com/'}"),
        f"{AT5}web.url: is at badexample.com, outside the domain; write a URL in or below example.com",
    ),
    "unknown-code": (
        whole("    severity: {mx_change: page}"),
        f"{AT5}severity.mx_change: is 'mx_change', not a finding code; did you mean mx_changed?",
    ),
    "unknown-urgency": (
        whole("    severity: {mx_changed: urgent}"),
        f"{AT5}severity.mx_changed: is the text 'urgent'; write page, notice or log",
    ),
    "resolver-by-name": (
        whole("    resolvers: [dns.google]"),
        f"{AT5}resolvers[0]: is 'dns.google', not an IP address; write it like 192.0.2.1 or 2001:db8::1",
    ),
    "same-resolver": (
        whole("    resolvers: ['2001:db8::1', '2001:DB8:0::1']"),
        f"{AT5}resolvers[1]: is '2001:db8::1' again; keep one of them",
    ),
    "every-number": (whole("    every: 60"), f"{AT5}every: is the number 60, not a duration; write it like 60s or 5m"),
    "every-half-minute": (
        whole("    every: 90s"),
        f"{AT5}every: is the text '90s'; write whole minutes up to an hour, like 60s or 5m",
    ),
    "delegation-every": (
        whole("    delegation_every: 25s"),
        f"{AT5}delegation_every: is the text '25s'; write 15s, 20s, 30s or 60s, which divide a minute evenly",
    ),
    "language": (whole("    language: fr"), f"{AT5}language: is the text 'fr'; write en or ja"),
    "fallback-not-watched": (
        whole("    fallback_domain: example.net"),
        f"{AT5}fallback_domain: is example.net, which is not watched; add example.net to domains",
    ),
    "fallback-is-itself": (
        whole("    fallback_domain: mail.example.com"),
        f"{AT5}fallback_domain: is mail.example.com, which falls with example.com; "
        "write a domain that is registered apart",
    ),
    "contact-under-watched-domain": (
        whole("    contacts: {cert: 'call us, or csirt@Mail.EXAMPLE.com.'}"),
        f"{AT5}contacts.cert: has csirt@Mail.EXAMPLE.com., whose mail is lost when example.com is hijacked; "
        "write an address outside the watched domains (a fallback_domain will do)",
    ),
    "reply-to-under-watched-domain": (
        whole("    reply_to: '+81-3-1111-1111, incident@example.com'"),
        f"{AT5}reply_to: has incident@example.com, whose mail is lost when example.com is hijacked; "
        "write an address outside the watched domains (a fallback_domain will do)",
    ),
    "phone-without-quotes": (
        whole("    contacts: {registrar_support: +81312345678}"),
        f"{AT5}contacts.registrar_support: is the number 81312345678, not text; put it in quotes",
    ),
    "unknown-contact": (
        whole("    contacts: {registrar_suport: x}"),
        f"{AT5}contacts.registrar_suport: is not a known key; did you mean registrar_support?",
    ),
    "forgotten-section": (
        whole("    registration:"),
        f"{AT5}registration: is empty; give it a value or leave the key out",
    ),
    # alerts
    "alert-under-watched-domain": (
        whole(top="alerts: {notice: ['email:team@example.com']}"),
        "w.yaml:6: alerts.notice[0]: has team@example.com, whose mail is lost when example.com is hijacked; "
        "write an address outside the watched domains (a fallback_domain will do)",
    ),
    "sms-not-e164": (
        whole(top="alerts: {notice: ['sms:03-1234-5678']}"),
        "w.yaml:6: alerts.notice[0]: is 'sms:03-1234-5678', whose number is not in E.164; "
        "write sms:+ and country code and number, digits only",
    ),
    "unknown-route": (
        whole(top="alerts: {notice: ['slack:#ops']}"),
        "w.yaml:6: alerts.notice[0]: is 'slack:#ops', not a route; "
        "write sms:+818012345678 or email:oncall@other.example",
    ),
    "no-page-route": (
        whole(top="alerts: {page: []}"),
        "w.yaml:6: alerts.page: is an empty list; list the routes that wake a person",
    ),
    "page-by-sms-alone": (
        whole(top="alerts: {page: ['sms:+818012345678', 'sms:+818012345679']}"),
        "w.yaml:6: alerts.page: has no route but SMS, which may come late or not at all; add an email: route",
    ),
    "page-by-one-email": (
        whole(top="alerts: {page: ['email:a@other.example']}"),
        "w.yaml:6: alerts.page: has one route; add a second one that does not fail with it: sms:, or email elsewhere",
    ),
    "page-by-one-provider": (
        whole(top="alerts: {page: ['email:a@other.example', 'email:b@eu.other.example']}"),
        "w.yaml:6: alerts.page: has only email at other.example, which fails all at once; "
        "add an sms: route, or email at another provider",
    ),
}


@pytest.mark.parametrize(("text", "message"), CASES.values(), ids=CASES.keys())
def test_read_watchlist_gives_this_message_alone_when_one_thing_is_wrong(text, message):
    assert problems(text) == [message]


FALLBACK = f"  example.net: {{delegation: {{ns: {TWO}}}}}\n"
GOOD = {
    "least": whole(),
    "mname-outside-ns": delegation(f"{{ns: {TWO}, soa_mname: hidden.primary.example}}"),
    "white-label-route53": delegation(f"{{ns: {TWO}, provider: route53}}"),
    "two-cnames-by-a-routing-policy": delegation(
        f"{{ns: {TWO}, provider: route53}}\n    answers: [{{name: www, type: CNAME, values: [a.example., b.example.]}}]"
    ),
    "one-name-server": delegation("{ns: [ns1.host.example]}"),
    "null-mx": answers('{name: "@", type: MX, values: ["0 ."]}'),
    "idn": whole(top="  例え.jp: {delegation: {ns: [ns1.例え.jp]}}"),
    "contact-at-fallback": whole("    fallback_domain: example.net\n    reply_to: x@example.net", FALLBACK),
    "alert-at-fallback": whole(
        "    fallback_domain: example.net", FALLBACK + "alerts: {notice: ['email:x@example.net']}"
    ),
    "contact-at-a-suffix-of-the-name": whole("    reply_to: x@notexample.com"),
    "sms-and-email": whole(top="alerts: {page: ['sms:+818012345678', 'email:a@other.example']}"),
    "two-providers": whole(top="alerts: {page: ['email:a@one.example', 'email:a@two.example']}"),
    "offset-time": change("WINDOW, delegation: {ns: [a.example]}").replace("04:00:00Z", "14:00:00+09:00"),
    "plan-that-is-applied-already": change(f"WINDOW, delegation: {{ns: {TWO}}}"),
    "any-order-of-keys": "domains: {example.com: {delegation: {ns: [a.example]}}}\nversion: 1\n",
}


@pytest.mark.parametrize("text", GOOD.values(), ids=GOOD.keys())
def test_read_watchlist_accepts_a_file_when_nothing_is_wrong(text):
    assert problems(text) == []


def test_contact_is_refused_when_the_fallback_lies_below_a_watched_domain():
    text = whole(
        "    fallback_domain: mail.example.net\n    reply_to: x@mail.example.net",
        f"  mail.example.net: {{delegation: {{ns: {TWO}}}}}\n" + FALLBACK,
    )
    assert problems(text) == [
        f"w.yaml:6: {IN}.reply_to: has x@mail.example.net, whose mail is lost when example.net is hijacked; "
        "write an address outside the watched domains (a fallback_domain will do)"
    ]


def test_read_watchlist_tells_every_problem_when_faults_are_of_every_kind():
    text = f"""\
version: 1
domains:
  example.com:
    delegation: {{ns: [ns1.host.example, 53, NS1.host.example], dnsec: signed}}
    answers:
    - {{name: "@", type: A, values: [bad], within: [192.0.2.0/24]}}
    planned_changes:
    - {{id: C, from: soon, until: 2026-12-01T04:00:00Z, by: [alice]}}
    fallback_domain: example.org
  example.net:
    delegation: {{ns: {TWO}}}
    reply_to: x@example.com
alerts: {{page: ["sms:+818012345678"], loud: []}}
"""
    assert [message.split(": ")[0] + " " + message.split(": ")[1] for message in problems(text)] == [
        f"w.yaml:4 {IN}.delegation.ns[1]",
        f"w.yaml:4 {IN}.delegation.dnsec",
        f"w.yaml:4 {IN}.delegation.ns[2]",
        f"w.yaml:6 {IN}.answers[0]",
        f"w.yaml:6 {IN}.answers[0].values[0]",
        f"w.yaml:8 {IN}.planned_changes[0].from",
        f"w.yaml:8 {IN}.planned_changes[0].by",
        f"w.yaml:8 {IN}.planned_changes[0]",
        f"w.yaml:9 {IN}.fallback_domain",
        'w.yaml:12 domains["example.net"].reply_to',
        "w.yaml:13 alerts.loud",
        "w.yaml:13 alerts.page",
    ]


def test_read_watchlist_accepts_plain_data_when_there_is_no_file():
    watchlist = read_watchlist({"version": 1, "domains": {"example.com": {"delegation": {"ns": ["a.example"]}}}})
    assert watchlist.domains["example.com"].delegation.ns == ["a.example"]


def test_read_watchlist_names_no_line_when_there_is_no_file():
    with pytest.raises(InvalidDocument, match=r"^<watchlist>: version: is missing; give the format's version, 1"):
        read_watchlist({"domains": {"example.com": {"delegation": {"ns": ["a.example"]}}}})
