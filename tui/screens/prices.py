"""What a user can do about a price: type one, take it back, believe one that jumped, record the split behind it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING

from textual.screen import Screen

from core.errors import StrikezoneError
from core.money import exact, plain
from core.policy.valuation import Line
from tui import format as fmt
from tui.messages import Runner
from tui.widgets.holdings import Holdings
from tui.widgets.lines import Row, Span
from tui.widgets.status import MessageLine

if TYPE_CHECKING:
    from tui.screens.edit import Values


class PriceActions(Screen[None]):
    """The actions of a screen that has a runner, holdings with a cursor and a message line."""

    runner: Runner

    def action_price(self) -> None:
        """Opens the form in which a price is typed."""
        if (line := self._line()) is None:
            return
        from tui.screens.edit import EditScreen

        now = "" if line.price is None else f", now {fmt.exact_price(line.price)}"
        title = f"price of {line.symbol} in {line.asset.currency}{now}"
        form = EditScreen(title, (("price", None),), enter="use it")
        self.app.push_screen(form, lambda values: self._typed(line, values))

    def _typed(self, line: Line, values: Values | None) -> None:
        price = values.numbers.get("price") if values else None
        if price is None:
            self._say("no price typed", "dim")
        else:
            self.run_worker(self._use(line, price), group="desk")

    async def _use(self, line: Line, price: Decimal) -> None:
        desk, what = self.runner.desk, f"{line.symbol} {plain(price)} {line.asset.currency}"
        done = f"{what} counts until it expires or the feed has a later one"
        try:
            odd = await asyncio.to_thread(desk.unusual, line.symbol, price)
        except (StrikezoneError, OSError) as error:
            self._say(str(error), "trouble")
            return
        if odd:
            rows: list[Row] = [(Span(f" {what}"),), (Span(f" {odd}", "near"),)]
            self._confirm("an unusual price", rows, "use it", lambda: desk.type_price(line.symbol, price), done)
        else:
            self._do(lambda: desk.type_price(line.symbol, price), done)

    def action_unprice(self) -> None:
        """The feed's price counts again."""
        if (line := self._line()) is None:
            return
        if line.quote is None or line.quote.source != "manual":
            self._say(f"no price is typed for {line.symbol}", "dim")
            return
        desk = self.runner.desk
        self._do(lambda: desk.type_price(line.symbol, None), f"{line.symbol}: the feed's price counts again")

    def action_believe(self) -> None:
        """Asks whether a price that is only suspect is right."""
        if (line := self._suspect()) is None:
            return
        rows: list[Row] = [
            (Span(f" {line.symbol} {fmt.exact_price(line.price)} {line.asset.currency}"),),
            (Span(f" {line.trust.reason}", "near"),),
            (),
            (Span(" Believed, it is decided on from now on, with the shares that you hold.", "dim"),),
        ]
        desk = self.runner.desk
        self._confirm(
            "a suspect price", rows, "believe it", lambda: desk.accept(line.symbol), f"{line.symbol} is believed"
        )

    def action_split(self) -> None:
        """Asks whether the split that a price looks like is to be recorded."""
        if (line := self._suspect()) is None:
            return
        if line.trust.split is None:
            self._say(f"{line.symbol} does not look like a split; `strikezone record split` records one", "dim")
            return
        new, old = (exact(part) for part in line.trust.split.split(":"))
        rows: list[Row] = [
            (Span(f" {line.symbol}: {plain(new)} new for {plain(old)} old"),),
            (Span(f" {fmt.quantity(line.quantity)} become {fmt.quantity(line.quantity * new / old)}", "near"),),
            (),
            (Span(" Check it with your broker: a real collapse can look like a split.", "dim"),),
        ]
        desk = self.runner.desk
        self._confirm(
            "a split",
            rows,
            "record it",
            lambda: desk.split(line.symbol, new, old),
            f"recorded: {line.symbol} split {line.trust.split}",
        )

    def _line(self) -> Line | None:
        line = self.query_one(Holdings).selected
        if line is None:
            self._say("nothing selected", "dim")
        return line

    def _suspect(self) -> Line | None:
        line = self._line()
        if line is not None and line.trust.suspicion is None:
            self._say(f"the price of {line.symbol} is not suspect", "dim")
            return None
        return line

    def _confirm(self, title: str, rows: Sequence[Row], verb: str, call: Callable[[], object], done: str) -> None:
        from tui.screens.ledger import ConfirmChange

        def answered(yes: bool | None) -> None:
            self.runner.release()
            self._say(done if yes else "nothing changed", "bold" if yes else "dim")
            if yes:
                self.runner.refresh()

        self.runner.hold()
        self.app.push_screen(ConfirmChange(title, rows, verb, call), answered)

    def _do(self, call: Callable[[], object], done: str) -> None:
        raise NotImplementedError

    def _say(self, text: str, style: str = "text") -> None:
        self.query_one(MessageLine).say(text, style)
