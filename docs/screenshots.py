"""Makes the README's pictures with the app itself, on the demo's sample and a day on which a band was crossed."""

from __future__ import annotations

import asyncio
import os
import tempfile
from pathlib import Path

os.environ.update(TEXTUAL_ANIMATIONS="none", TEXTUAL_COLOR_SYSTEM="truecolor")

from core.desk.desk import Desk
from core.desk.runner import Runner
from core.market.open import LiveFeeds
from core.portfolio.file import load_portfolio
from tui.app import StrikezoneApp

ROOT = Path(__file__).resolve().parent.parent
SAMPLE = ROOT / "sample_portfolios" / "classic-60-40.toml"


async def picture(name: str, size: tuple[int, int], keys: tuple[str, ...] = ()) -> None:
    """Writes docs/NAME.svg: the demo at its first breach, after `keys`."""
    with tempfile.TemporaryDirectory() as folder:
        portfolio = load_portfolio(SAMPLE)
        desk = Desk.open(portfolio, Path(folder), LiveFeeds(Path(folder)).open(portfolio))
        while not desk.look().triggered:
            desk.advance()
        runner = Runner(desk)
        runner.pause()
        app = StrikezoneApp([runner], first=[runner.first()])
        async with app.run_test(size=size) as pilot:
            await pilot.pause()
            for key in keys:
                await pilot.press(key)
                await pilot.pause(0.5)
            app.save_screenshot(f"{name}.svg", path=str(ROOT / "docs"))
        runner.stop()


async def main() -> None:
    """All pictures."""
    await picture("monitor", (120, 32))
    await picture("review", (120, 32), ("enter",))


if __name__ == "__main__":
    asyncio.run(main())
