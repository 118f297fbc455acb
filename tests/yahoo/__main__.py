"""`python -m tests.yahoo`: a loopback Yahoo for a shell, a benchmark or a demonstration, until interrupted."""

from __future__ import annotations

import argparse
import random
import shlex
import signal
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import Final

from tests.yahoo.server import Yahoo

ENDING: Final = (signal.SIGINT, signal.SIGTERM)


def main() -> None:
    """Serve, print what to export, and with --live move a price in every so many seconds."""
    parser = argparse.ArgumentParser(prog="python -m tests.yahoo", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="of the proxy; default: any free one")
    parser.add_argument(
        "--home", type=Path, help="for the certificate and yfinance's caches; default: a temporary one"
    )
    parser.add_argument("--live", type=float, metavar="SECONDS", help="let prices move and stream them")
    chosen = parser.parse_args()
    for number in ENDING:
        signal.signal(number, end)
    with suppress(KeyboardInterrupt), tempfile.TemporaryDirectory() as scratch, Yahoo(chosen.port) as yahoo:
        for name, value in yahoo.environment((chosen.home or Path(scratch)).absolute()).items():
            if name != "HOME":
                print(f"export {name}={shlex.quote(value)}")
        print(f"# control: curl --noproxy '*' -d '{{}}' {yahoo.url}/__ctl/log", flush=True)
        while True:
            time.sleep(chosen.live or 3600)
            if chosen.live:
                move(yahoo)


def end(number: int, frame: object) -> None:
    """Leave by the first signal; those that follow do not disturb the leaving."""
    for other in ENDING:
        signal.signal(other, signal.SIG_IGN)
    raise KeyboardInterrupt


def move(yahoo: Yahoo) -> None:
    """A small step of every price that somebody listens to, or of one in five."""
    for symbol, listing in list(yahoo.world.listings.items()):
        if random.random() < 0.2 or symbol in yahoo.subscriptions:
            yahoo.tick(symbol, round(listing.price * (1 + random.gauss(0, 0.0005)), 6))


if __name__ == "__main__":
    main()
