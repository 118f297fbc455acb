"""Runs the app on a hand-made book in a real terminal: for the tests that need signals, bytes and escape codes.

On SIGUSR1 a holding among the 500 changes, as a runner's thread would report it.
"""

from __future__ import annotations

import os
import signal
import sys
import threading

os.environ.update(TEXTUAL_ANIMATIONS="none", TEXTUAL_FPS="15")

from tests.tui.books import breach, many, runner
from tui.app import StrikezoneApp


def main() -> int:
    """Runs until it is told to end; the exit code is the app's."""
    first = many() if "many" in sys.argv else breach()
    driver = runner(first)
    app = StrikezoneApp([driver], first=[first], ascii="ascii" in sys.argv)

    def change(*_: object) -> None:
        threading.Thread(target=driver.show, args=(many(bump=4, cents=7),)).start()

    signal.signal(signal.SIGUSR1, change)
    app.run(mouse=False)
    return app.return_code or 0


if __name__ == "__main__":
    sys.exit(main())
