"""yfinance behind one door: loaded late, kept quiet and in time, its stores in the app's own directory.

Cookie, crumb and TLS stay its business. Whatever goes wrong behind the door comes out as one FeedError.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import re
import threading
import warnings
from collections.abc import Callable, Mapping
from decimal import Decimal
from pathlib import Path
from time import monotonic
from typing import Any, Final

from core.market.breaker import FailureKind
from core.money import exact
from core.text import clean

REQUEST_SECONDS: Final = 8.0  # for one request; yfinance would wait 30 s for each cookie and crumb
SHORTEST_SECONDS: Final = 0.05  # a request is not begun with less than this left
LONGEST_DETAIL: Final = 160
_MOST_DIGITS: Final = 30  # of a whole number in an answer
_STORES: Final = ("cookies.db", "tkr-tz.db", "isin-tkr.db")
_NOISY: Final = r"(yfinance|curl_cffi|peewee|pandas|numpy|websockets|google|multitasking|bs4|requests)(\.|$)"
_LOGGERS: Final = ("yfinance", "peewee", "curl_cffi", "websockets")
_CURL: Final = re.compile(r"curl: \(\d+\) (.*?)(?:\. See https?:.*)?$", re.DOTALL)

_deadline = threading.local()  # `at`: when the present thread's answer must be there, by the monotonic clock
_loading = threading.Lock()


class FeedError(Exception):
    """Yahoo gave nothing: `kind` for the breaker, `detail` in one line for a screen, the HTTP `status` if any."""

    def __init__(self, kind: FailureKind, detail: str, status: int | None = None) -> None:
        self.kind: FailureKind = kind
        self.detail = clean(detail, LONGEST_DETAIL)
        self.status = status
        super().__init__(self.detail)


class Library:
    """Asks Yahoo through yfinance's one session. Cheap to make; the first `ask` loads it, in the asking thread."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def ask(self, url: str, params: Mapping[str, str], until: float) -> Any:
        """The JSON that Yahoo answers, its numbers int or Decimal; FeedError for everything else.

        `until` is the moment of the monotonic clock at which waiting ends.
        """
        text = self._text(url, params, until)
        try:
            return json.loads(text, parse_float=_number, parse_int=_number, parse_constant=_no_number)
        except (ValueError, RecursionError) as error:
            raise FeedError("answer", f"Yahoo's answer cannot be read: {_beginning(text)}") from error

    def _text(self, url: str, params: Mapping[str, str], until: float) -> str:
        data = self._session()
        _deadline.at = until
        for again in (True, False):
            try:
                response = data.get(url, params=dict(params), timeout=REQUEST_SECONDS)
                status, text = int(response.status_code), str(response.text)
                break
            except Exception as error:  # whatever a library of libraries may raise
                if again and not _is_failure(error):
                    self._forget_cookies(error)
                    continue
                raise _failed(error) from error
        if status < 400:
            return text
        refused = status == 429 or "Too Many Requests" in str(data._crumb)  # it takes a 429's text for a crumb
        if refused:
            raise FeedError("rate_limited", "Yahoo answers 429 (too many requests)", 429)
        raise FeedError("answer", f"Yahoo answers {status}: {_beginning(text)}", status)

    def _session(self) -> Any:
        """yfinance's session, on our stores and kept in time; FeedError if it cannot be had."""
        try:
            with _loading:
                _hush()
                import yfinance
                from yfinance import cache
                from yfinance.data import YfData

                _hush()  # again: at its import it turns warnings back on
                yfinance.config.debug.hide_exceptions = False
                if cache._CookieDBManager.get_location() != str(self.directory):
                    self._keep_in(cache)
                data = YfData()
                _keep_in_time(data._session)
                return data
        except Exception as error:
            raise FeedError("answer", f"yfinance cannot be loaded: {_named(error)}") from error

    def _keep_in(self, cache: Any) -> None:
        """Have yfinance keep cookies in our directory, or nowhere: they are pickles, only their owner may write."""
        cache.set_cache_location(str(self.directory))
        owned = _owned(self.directory)
        cache._CookieCacheManager._Cookie_cache = None if owned else cache._CookieCacheDummy()
        cache._TzCacheManager._tz_cache = None if owned else cache._TzCacheDummy()
        cache._ISINCacheManager._isin_cache = None if owned else cache._ISINCacheDummy()

    def _forget_cookies(self, error: Exception) -> None:
        """Go on without stored cookies; a damaged store, but not a locked one, is deleted for the next time."""
        from yfinance import cache

        cache._CookieCacheManager._Cookie_cache = cache._CookieCacheDummy()
        if type(error).__name__ != "OperationalError":
            for name in ("cookies.db", "cookies.db-wal", "cookies.db-shm"):
                with contextlib.suppress(OSError):
                    (self.directory / name).unlink()


def pricing_data() -> Callable[[bytes], Any]:
    """What decodes one tick of Yahoo's stream; ValueError for bytes that are none."""
    with _loading:
        _hush()
        from google.protobuf.message import DecodeError
        from yfinance.pricing_pb2 import PricingData

        _hush()

    def decode(message: bytes) -> Any:
        try:
            return PricingData.FromString(message)
        except DecodeError as error:
            raise ValueError(f"no tick: {error}") from error

    return decode


def _hush() -> None:
    """Let no warning, log line or progress of the libraries reach the screen."""
    warnings.filterwarnings("ignore", module=_NOISY)
    for name in _LOGGERS:
        logger = logging.getLogger(name)
        logger.propagate = False
        if not logger.handlers:
            logger.addHandler(logging.NullHandler())


def _owned(directory: Path) -> bool:
    """Whether `directory` is there, made if need be, and nobody else can read or write in it."""
    try:
        for path in reversed([path for path in (directory, *directory.parents) if not path.exists()]):
            path.mkdir(mode=0o700, exist_ok=True)
        os.chmod(directory, 0o700)
        for store in _STORES:  # before the library makes them for everybody to read
            os.close(os.open(directory / store, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
        return directory.stat().st_uid == os.geteuid() and os.access(directory, os.R_OK | os.W_OK | os.X_OK)
    except OSError:
        return False


def _keep_in_time(session: Any) -> None:
    """Give each request of `session` at most REQUEST_SECONDS, and no more than its thread has left."""
    request = session.request
    if getattr(request, "in_time", False):
        return

    def in_time(*args: Any, timeout: float | None = None, **kwargs: Any) -> Any:
        left = min(
            timeout or REQUEST_SECONDS, REQUEST_SECONDS, getattr(_deadline, "at", float("inf")) - monotonic()
        )
        if left < SHORTEST_SECONDS:
            raise TimeoutError("no answer in time")
        return request(*args, timeout=left, **kwargs)

    in_time.in_time = True  # type: ignore[attr-defined]
    session.request = in_time


def _is_failure(error: Exception) -> bool:
    """Whether Yahoo or the network failed, and not the library itself or what it has stored."""
    from yfinance._http import requests
    from yfinance.exceptions import YFException

    return isinstance(error, YFException | requests.exceptions.RequestException | OSError)


def _failed(error: Exception) -> FeedError:
    from yfinance._http import requests
    from yfinance.exceptions import YFRateLimitError

    if isinstance(error, YFRateLimitError):
        return FeedError("rate_limited", "Yahoo answers 429 (too many requests)", 429)
    if isinstance(error, requests.exceptions.Timeout | TimeoutError):
        return FeedError("network", "no connection to Yahoo: no answer in time")
    if isinstance(error, requests.exceptions.RequestException | OSError):
        said = _CURL.search(str(error))
        return FeedError("network", f"no connection to Yahoo: {said[1] if said else _named(error)}")
    return FeedError("answer", f"Yahoo's answer cannot be read: {_named(error)}")


def _named(error: Exception) -> str:
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__


def _beginning(text: str) -> str:
    return repr(clean(text[:200], 40)) if text.strip() else "it is empty"


def _number(text: str) -> int | Decimal | None:
    """A number exactly as it is written; None for one beyond all prices, times and volumes."""
    try:
        if text.lstrip("-").isdigit():
            return int(text) if len(text) <= _MOST_DIGITS else None
        return exact(text)
    except ValueError:
        return None


def _no_number(_name: str) -> None:
    """NaN and the infinities are no JSON numbers."""
