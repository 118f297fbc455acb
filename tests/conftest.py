"""What all tests may use: the loopback Yahoo; and no other network."""

from __future__ import annotations

import pytest

pytest_plugins = ["tests.yahoo.fixtures"]


@pytest.fixture(autouse=True)
def _no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is reached but what a test starts itself: the way out is a port at which nobody listens."""
    for name in ("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.setenv(name, "127.0.0.1,localhost")
