"""Fixtures over the loopback Yahoo: one server for each test process, as new for each test.

`yahoo` is the server; `yahoo_environment` is a whole environment for a child process that is to use it; with
`yahoo_here` yfinance in this very process talks to it, whether or not it was imported before.
"""

from __future__ import annotations

import logging
import os
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.yahoo.server import Yahoo


@pytest.fixture(scope="session")
def yahoo_server() -> Iterator[Yahoo]:
    """The server of this test process; tests take `yahoo`, which is the same one as new."""
    from tests.yahoo.server import Yahoo

    with Yahoo() as server:
        yield server


@pytest.fixture
def yahoo(yahoo_server: Yahoo) -> Iterator[Yahoo]:
    """A loopback Yahoo that nobody has asked anything yet. No test may ask for a host that is not Yahoo's."""
    yahoo_server.reset()
    yield yahoo_server
    yahoo_server.offline()
    assert yahoo_server.refused == []
    assert yahoo_server.broken == []


@pytest.fixture
def yahoo_environment(yahoo: Yahoo, tmp_path: Path) -> dict[str, str]:
    """The environment of a child process for which `yahoo` is Yahoo, and the rest of the net is not there."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("STRIKEZONE")}
    return kept | yahoo.environment(tmp_path / "yahoo")


@pytest.fixture
def yahoo_here(yahoo: Yahoo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Yahoo]:
    """The same for this process: environment set, yfinance without session, cookie, crumb and caches of before."""
    home = tmp_path / "yahoo"
    environment = yahoo.environment(home)
    for name, value in environment.items():
        if name != "HOME":
            monkeypatch.setenv(name, value)
    curl: Any = sys.modules.get("curl_cffi.curl")
    if curl is not None:  # it has read SSL_CERT_FILE when it was imported
        monkeypatch.setattr(curl, "DEFAULT_CACERT", environment["SSL_CERT_FILE"])
    # As the app does after its import; pytest takes the filter back after each test, the import happens once.
    warnings.filterwarnings("ignore", module=r"^yfinance")
    forget_yahoo(home / "cache" / "py-yfinance")
    yield yahoo
    forget_yahoo(home / "cache" / "py-yfinance")


def forget_yahoo(cache: Path) -> None:
    """Make yfinance, if it is loaded, as it is right after its import, with its caches under `cache`."""
    if "yfinance" not in sys.modules:
        return
    import yfinance
    from yfinance import cache as caches
    from yfinance._http import new_session
    from yfinance.data import YfData

    data = YfData()
    session = data._session
    data._session = new_session()
    session.close()
    data._cookie = data._crumb = None
    data._cookie_strategy = "basic"
    data._logged_in = False
    YfData.cache_get.cache_clear()
    for name in ("_TzCacheManager", "_CookieCacheManager", "_ISINCacheManager"):
        manager = getattr(caches, name)
        for attribute in ("_tz_cache", "_Cookie_cache", "_isin_cache"):
            if hasattr(manager, attribute):
                setattr(manager, attribute, None)
    yfinance.set_tz_cache_location(str(cache))
    yfinance.config.debug.hide_exceptions = True
    yfinance.config.network.proxy = None
    yfinance.config.network.retries = 0
    logging.getLogger("yfinance").setLevel(logging.NOTSET)
