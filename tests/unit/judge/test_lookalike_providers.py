"""Real providers' hosts against one another: a move between two of them is no look-alike."""

import itertools

import pytest

from nswatch.judge.lookalike import closest, near_miss

PROVIDERS: dict[str, str] = {
    "cloudflare": "ada.ns.cloudflare.com adam.ns.cloudflare.com lola.ns.cloudflare.com clara.ns.cloudflare.com "
    "dara.ns.cloudflare.com ian.ns.cloudflare.com lan.ns.cloudflare.com blue.foundationdns.com gold.foundationdns.net",
    "azure": "ns1-01.azure-dns.com ns1-02.azure-dns.com "
    "ns2-01.azure-dns.net ns3-01.azure-dns.org ns4-01.azure-dns.info",
    "google": "ns1.google.com ns2.google.com "
    "ns-cloud-a1.googledomains.com ns-cloud-b1.googledomains.com ns-tld1.charlestonroadregistry.com",
    "nsone": "dns1.p01.nsone.net dns2.p01.nsone.net dns1.p10.nsone.net dns4.p09.nsone.net",
    "dynect": "ns1.p16.dynect.net ns2.p16.dynect.net ns3.p61.dynect.net",
    "vercara": "pdns1.ultradns.net pdns196.ultradns.com pdns3.ultradns.org pdns5.ultradns.info pdns6.ultradns.co.uk",
    "akam": "a1-64.akam.net a11-64.akam.net a16-67.akam.net a6-64.akam.net use1.akam.net",
    "domaincontrol": "ns01.domaincontrol.com ns02.domaincontrol.com ns51.domaincontrol.com",
    "dnsimple": "ns1.dnsimple.com ns2.dnsimple-edge.net",
    "he": "ns1.he.net ns2.he.net",
    "gandi": "ns-1-a.gandi.net ns-135-b.gandi.net",
    "ovh": "dns10.ovh.net ns10.ovh.net dns200.anycast.me ns200.anycast.me",
    "hetzner": "hydrogen.ns.hetzner.com oxygen.ns.hetzner.com helium.ns.hetzner.de",
    "sakura": "ns1.sakura.ne.jp ns2.sakura.ne.jp ns1.gslb2.sakura.ne.jp ns1.dns.ne.jp ns2.dns.ne.jp",
    "onamae": "dns1.onamae.com",
    "gmoserver": "dns01.gmoserver.jp",
    "dnsv_jp": "01.dnsv.jp 02.dnsv.jp",
    "xserver": "ns1.xserver.jp ns2.xserver.jp",
    "value_domain": "ns1.value-domain.com",
    "route53": "ns-1515.awsdns-61.org ns-405.awsdns-50.com ns-650.awsdns-17.net ns-1985.awsdns-56.co.uk",
    "dnsmadeeasy": "ns1.dnsmadeeasy.com ns0.dnsmadeeasy.com",
    "digitalocean": "ns1.digitalocean.com",
    "linode": "ns1.linode.com ns5.linode.com",
    "vercel_dns": "ns1.vercel-dns.com",
    "registrar_servers": "dns1.registrar-servers.com dns2.registrar-servers.com",
    "name": "ns1.name.com",
    "enom": "ns1.name-services.com dns1.name-services.com",
    "worldnic": "ns59.worldnic.com",
    "bluehost": "ns1.bluehost.com",
    "hostgator": "ns1.hostgator.com",
    "dreamhost": "ns1.dreamhost.com",
    "wixdns": "ns1.wixdns.net",
    "squarespacedns": "ns1.squarespacedns.com",
    "dnspod": "ns1.dnspod.net f1g1ns1.dnspod.net ns3.dnsv2.com ns4.dnsv5.com",
    "alibaba": "ns1.alidns.com dns9.hichina.com vip1.alidns.com",
    "cloudns": "pns31.cloudns.net",
    "rackspace": "ns1.rackspace.com dns1.stabletransit.com",
    "dns_parking": "ns1.dns-parking.com",
    "easydns": "dns1.easydns.com",
    "csc": "dns1.cscdns.net udns1.cscudns.com",
    "markmonitor": "ns1.markmonitor.com",
    "oraclecloud": "ns1.p201.dns.oraclecloud.net",
    "exabytes": "ns1.exabytes.com",
    "inwx": "ns1.inwx.de",
    "transip": "ns1.transip.net ns0.transip.net",
    "zonomi": "ns1.zonomi.com",
    "afraid": "ns1.afraid.org",
    "porkbun": "ns1.porkbun.com curitiba.ns.porkbun.com",
    "constellix": "ns11.constellix.com ns1.constellix.net",
    "netnames": "ns1.netnames.net",
    "rcode0": "ns1.rcode0.net",
    "udag": "ns.udag.de",
    "rzone": "docks11.rzone.de",
    "ionos": "ns1.ui-dns.com ns1057.ui-dns.de",
    "iij": "dns1.iij.ad.jp dns0.iij.ad.jp",
    "idcf": "ns1.idcfcloud.com ns01.idcfcloud.net",
    "nifcloud": "ns1.nifcloud.com",
    "uu": "ns.uu.net",
    "verisign": "a.gtld-servers.net b.gtld-servers.net a.root-servers.net",
    "jprs": "a.dns.jp b.dns.jp",
    "afnic": "f.nic.fr d.nic.fr",
    "nominet": "ns1.nic.uk",
    "io_registry": "ns1.nic.io",
    "dnsowl": "ns1.dnsowl.com",
    "dnsexit": "ns1.dnsexit.com",
    "cdnetworks": "ns1.cdnetworks.net",
    "microsoftonline": "ns1.bdm.microsoftonline.com",
    "yandex": "ns1.yandexcloud.net dns1.yandex.net",
    "reg_ru": "ns1.reg.ru",
    "ru_center": "ns1.nic.ru ns4.nic.ru ns8-l2.nic.ru",
    "hostinger": "ns1.hostinger.com",
    "wordpress": "ns1.wordpress.com",
    "shopify": "ns1.shopify.com",
    "one": "ns1.one.com",
}
OWNERS = {host: owner for owner, hosts in PROVIDERS.items() for host in hosts.split()}

ONE_OPERATOR = {
    "azure",
    "vercara",
    "hetzner",
    "constellix",
    "ionos",
    "idcf",
    "cloudflare",  # the same label under several suffixes
    "dnspod",  # dnsv2.com and dnsv5.com
    "dnsimple",  # dnsimple-edge.net contains dnsimple
}
"""Operators whose own domains are near misses of one another: by their names alone nobody can tell.

No harm in practice: their hosts are expected together, and a host in an expected host's domain is none (`closest`).
"""


def test_near_miss_is_none_when_hosts_are_of_different_providers() -> None:
    assert len(OWNERS) > 100
    flagged = {
        (one, other)
        for one, other in itertools.permutations(OWNERS, 2)
        if OWNERS[one] != OWNERS[other] and near_miss(one, other) is not None
    }
    assert flagged == set()


def test_near_miss_within_one_provider_is_only_what_is_known() -> None:
    flagged = {
        OWNERS[one]
        for one, other in itertools.permutations(OWNERS, 2)
        if OWNERS[one] == OWNERS[other] and near_miss(one, other) is not None
    }
    assert flagged == ONE_OPERATOR


@pytest.mark.parametrize("owner", sorted(ONE_OPERATOR))
def test_closest_is_none_when_the_operators_domains_are_all_expected(owner: str) -> None:
    hosts = PROVIDERS[owner].split()
    for host in hosts:
        domain = host.partition(".")[2]
        assert closest(f"ns9.{domain}", hosts) is None
