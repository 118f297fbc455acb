"""The app: joins runners, screens, signals and keys. It only wires; what is shown stands in screens and widgets."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import Callable, Sequence
from functools import partial
from time import monotonic
from typing import ClassVar

from rich.console import ConsoleDimensions
from textual import events
from textual.app import App
from textual.binding import Binding, Keymap
from textual.command import Provider
from textual.filter import Monochrome, NoColor

from core.desk.snapshot import Snapshot
from tui.commands import KEY_NAMES, bindings
from tui.messages import Latest, Runner, SnapshotReady
from tui.screens.dialog import Dialog
from tui.screens.monitor import MonitorScreen
from tui.signals import EndSignals
from tui.styles.themes import DARK, LIGHT, variables
from tui.widgets.glyphs import AsciiFilter


def _palette() -> type[Provider]:
    from tui.screens.palette import Commands

    return Commands


def _itself(monitor: MonitorScreen) -> MonitorScreen:
    return monitor


class StrikezoneApp(App[None]):
    """One monitor for each runner. `first` are snapshots for the first frame, in the runners' order.

    `clock` gives the moment at which a key counts as typed; by default the key's own time.
    """

    CSS_PATH = "styles/strikezone.tcss"
    TITLE = "strikezone"
    BINDINGS = bindings("app", "tabs")
    COMMANDS: ClassVar[set[type[Provider] | Callable[[], type[Provider]]]] = {_palette}
    ENABLE_COMMAND_PALETTE = True

    def __init__(
        self,
        runners: Sequence[Runner],
        *,
        first: Sequence[Snapshot] = (),
        ascii: bool = False,  # noqa: A002
        mouse: bool = False,
        theme: str | None = None,
        keymap: Keymap | None = None,
        clock: Callable[[], float] | None = None,
    ) -> None:
        self.runners = tuple(runners)
        several = len(self.runners) > 1
        if several:  # each portfolio has a stack of screens of its own; a single one needs no modes
            self.DEFAULT_MODE = "portfolio-0"  # type: ignore[misc]
        super().__init__()
        # a terminal that does not know its size is 80x25 to Rich and 80x24 to the driver, and the screen would be
        # laid out for one and the other in turn, for ever
        self.console.size = ConsoleDimensions(*shutil.get_terminal_size())
        self.mouse = mouse
        self._clock = clock
        self._latest = [Latest() for _ in self.runners]
        self._end_signals: EndSignals | None = None
        self.monitors = [
            MonitorScreen(
                runner,
                first[index] if index < len(first) else None,
                f" {index + 1}/{len(self.runners)}" if several else "",
            )
            for index, runner in enumerate(self.runners)
        ]
        self.showing = 0
        for index, monitor in enumerate(self.monitors if several else ()):
            self.add_mode(f"portfolio-{index}", partial(_itself, monitor))
        self.register_theme(DARK)
        self.register_theme(LIGHT)
        self.no_color = bool(os.environ.get("NO_COLOR"))
        self._filters = [kept for kept in self._filters if not isinstance(kept, Monochrome)]
        if self.no_color:  # Textual's own answer is shades of grey in 24-bit colour
            self._filters.append(NoColor())
        if ascii:
            self._filters.append(AsciiFilter())
        self.theme = "ansi-dark" if self.no_color else theme or DARK.name
        self.animation_level = "none"
        if keymap:
            self.set_keymap(keymap)

    def get_theme_variable_defaults(self) -> dict[str, str]:
        """The meanings that the screen has colours for, in every theme."""
        return variables(self.current_theme)

    def get_default_screen(self) -> MonitorScreen:
        """The monitor of the only portfolio."""
        return self.monitors[0]

    def on_mount(self) -> None:
        """Listens to signals, and starts the runners: their snapshots arrive as messages."""
        self._end_signals = EndSignals(asyncio.get_running_loop(), lambda code: self.exit(return_code=code))
        for index, runner in enumerate(self.runners):
            runner.publish = partial(self.publish, index)
            runner.start()

    async def on_unmount(self) -> None:
        """Stops the runners, which folds their ledgers."""
        for runner in self.runners:
            runner.publish = None
        await asyncio.gather(*(asyncio.to_thread(runner.stop) for runner in self.runners))
        if self._end_signals is not None:
            self._end_signals.stop()

    def publish(self, index: int, snapshot: Snapshot) -> None:
        """Hands a snapshot over from a runner's thread: one message, however many snapshots lie unread."""
        if self._latest[index].put(snapshot):
            self.post_message(SnapshotReady(index))

    def on_snapshot_ready(self, message: SnapshotReady) -> None:
        """Shows the newest snapshot of a runner, or keeps it for when its monitor is looked at."""
        snapshot = self._latest[message.index].take()
        if snapshot is None:
            return
        self.monitors[message.index].show(snapshot)
        dialog = self.screen
        if message.index == self.showing and isinstance(dialog, Dialog) and dialog.drawn:
            dialog.update(snapshot)

    def monotonic(self) -> float:
        """Seconds on the clock by which keys are heard."""
        return self._clock() if self._clock else monotonic()

    async def on_event(self, event: events.Event) -> None:
        """Lets no key through to a dialog that has only just opened."""
        typed = isinstance(event, events.Key) and not event.is_forwarded
        if typed and isinstance(self.screen, Dialog):
            at = self._clock() if self._clock else event.time
            if not self.screen.hears(at):
                return
        await super().on_event(event)

    def get_key_display(self, binding: Binding) -> str:
        """The name of a key in the footer and the help: a word where a terminal may lack the sign."""
        return binding.key_display or KEY_NAMES.get(binding.key) or super().get_key_display(binding)

    def keymap_of(self, id: str) -> str | None:  # noqa: A002
        """The keys that the user's keymap gives to a command, if it does."""
        return self._keymap.get(id)

    async def action_show(self, number: int) -> None:
        """Shows portfolio `number`, counted from 1."""
        index = number - 1
        if index == self.showing or not 0 <= index < len(self.monitors) or len(self.screen_stack) > 1:
            return
        self.showing = index
        await self.switch_mode(f"portfolio-{index}")

    async def action_next(self) -> None:
        """Shows the next portfolio."""
        await self.action_show((self.showing + 1) % len(self.monitors) + 1)

    async def action_previous(self) -> None:
        """Shows the previous portfolio."""
        await self.action_show((self.showing - 1) % len(self.monitors) + 1)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Only several portfolios can be switched between."""
        if action in ("show", "next", "previous"):
            return len(self.runners) > 1
        return True

    def action_help_quit(self) -> None:
        """Ctrl+C says which key quits, as Textual would, in our own words."""
        key = self.keymap_of("app.quit") or "q"
        self.monitors[self.showing].say(f"{key} quits", "dim")

    def action_help(self) -> None:
        """Shows all keys."""
        from tui.screens.help import HelpScreen

        self.push_screen(HelpScreen())
