"""Published files that are shipped, for when they cannot be had.

``rdap-dns.json`` is IANA's RDAP bootstrap registry for domain names (https://data.iana.org/rdap/dns.json, RFC 9224), as
published on 2026-07-23 and unchanged but for white space. A collector fetches the present one once a day.
"""
