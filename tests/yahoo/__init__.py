"""A loopback Yahoo: unmodified yfinance in a child process (or in this one) talks to it instead of to the internet.

    with Yahoo() as yahoo:
        environment = os.environ | yahoo.environment(tmp_path)           # for the child process
        yahoo.world["AAPL"].price = 201.5                                # what the next answer says
        yahoo.world.stage(datetime(2026, 11, 21, 20, tzinfo=UTC))        # a Saturday evening; the clock stands
        yahoo.fault("v7/finance/quote", "status", 429, times=1)          # a pattern on host + path + query
        yahoo.fault("streamer", "close", 1012)                           # when a client subscribes
        yahoo.tick("AAPL", 202.0)                                        # a price for all who subscribed to it
        yahoo.wait_for(lambda: len(yahoo.quote_requests) == 2)           # bounded; raises TimeoutError
        yahoo.refused                                                    # hosts asked for that are not Yahoo's

Under pytest: the fixtures `yahoo`, `yahoo_environment` and `yahoo_here` (see `fixtures.py`). For people and
benchmarks: `python -m tests.yahoo [--port N] [--live SECONDS]`, driven by POSTs to `/__ctl/...` (see `control.py`).
"""

from tests.yahoo.faults import Fault
from tests.yahoo.server import Request, Yahoo
from tests.yahoo.world import Clock, Listing, World

__all__ = ["Clock", "Fault", "Listing", "Request", "World", "Yahoo"]
