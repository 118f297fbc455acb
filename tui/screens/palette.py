"""The command palette: the commands that work here, by name."""

from __future__ import annotations

from functools import partial

from textual.command import DiscoveryHit, Hit, Hits, Provider
from textual.content import Content

from tui.commands import COMMANDS, Command


class Commands(Provider):
    """Offers every command whose action the screen, or the app, has and allows now."""

    def _offered(self) -> list[Command]:
        screen = self.screen
        return [
            command
            for command in COMMANDS
            if command.palette
            and any(
                hasattr(node, f"action_{command.action}") and node.check_action(command.action, ())
                for node in (screen, self.app)
            )
        ]

    async def discover(self) -> Hits:
        """All of them, before anything is typed."""
        for command in self._offered():
            yield DiscoveryHit(Content(command.help), partial(self._run, command), text=command.help)

    async def search(self, query: str) -> Hits:
        """Those that match what is typed."""
        matcher = self.matcher(query)
        for command in self._offered():
            if (score := matcher.match(command.help)) > 0:
                yield Hit(score, matcher.highlight(command.help), partial(self._run, command), text=command.help)

    async def _run(self, command: Command) -> None:
        node = self.screen if hasattr(self.screen, f"action_{command.action}") else self.app
        await self.app.run_action(command.action, node)
