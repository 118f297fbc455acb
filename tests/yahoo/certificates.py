"""One certificate authority for each process, and Yahoo's seven hosts under it."""

from __future__ import annotations

import ssl
from functools import cache
from typing import Final

HOSTS: Final = (
    "fc.yahoo.com",
    "query1.finance.yahoo.com",
    "query2.finance.yahoo.com",
    "finance.yahoo.com",
    "guce.yahoo.com",
    "consent.yahoo.com",
    "streamer.finance.yahoo.com",
)


@cache
def authority() -> tuple[bytes, ssl.SSLContext]:
    """The authority's certificate as PEM, and the server's context: one certificate for all hosts."""
    import trustme

    maker = trustme.CA(organization_name="loopback Yahoo")
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.set_alpn_protocols(["http/1.1"])
    maker.issue_cert(*HOSTS).configure_cert(context)
    return maker.cert_pem.bytes(), context
