"""The command line: one file per group of commands, each loaded only when it is asked for."""

from __future__ import annotations

import importlib
import os
import sys
from typing import Final

import click

from core.errors import StrikezoneError

COMMANDS: Final = {
    "demo": "tui.cli.live:demo",
    "open": "tui.cli.live:open_",
    "check": "tui.cli.look:check",
    "confirm": "tui.cli.confirm:confirm",
    "record": "tui.cli.record:record",
    "ledger": "tui.cli.ledger:ledger",
    "locate": "tui.cli.places:locate",
}


class LazyGroup(click.Group):
    """A group whose commands are imported when they run, so that each costs only itself."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """All commands, in the order in which a user meets them."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command called `cmd_name`, if there is one."""
        if cmd_name not in COMMANDS:
            return None
        module, _, name = COMMANDS[cmd_name].partition(":")
        command = getattr(importlib.import_module(module), name)
        assert isinstance(command, click.Command)
        return command


def _print_version(ctx: click.Context, _param: click.Parameter, value: bool) -> None:
    if value and not ctx.resilient_parsing:
        from importlib.metadata import version

        click.echo(f"strikezone {version('strikezone')}")
        ctx.exit(0)


@click.command(cls=LazyGroup, invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--data-dir", metavar="DIR", help="Where ledgers are kept (default: $STRIKEZONE_DATA_DIR).")
@click.option("--version", is_flag=True, expose_value=False, is_eager=True, callback=_print_version)
@click.pass_context
def strikezone(ctx: click.Context, data_dir: str | None) -> None:
    """Watch a portfolio drift, and bring it back with a few small, costed, confirmed trades.

    It proposes, checks and records; it never sends an order.
    """
    ctx.obj = data_dir
    if ctx.invoked_subcommand is None:
        from tui.cli.live import open_default

        ctx.exit(open_default(data_dir))


def main() -> None:
    """Run the command line and exit with the contract's codes; errors say what and what to do, one line each."""
    sys.exit(run(sys.argv[1:]))


def run(arguments: list[str]) -> int:
    """The exit code of one command."""
    try:
        result = strikezone.main(arguments, prog_name="strikezone", standalone_mode=False)
        sys.stdout.flush()
    except click.exceptions.Exit as leaving:
        return leaving.exit_code
    except (click.Abort, KeyboardInterrupt):
        return 130
    except click.UsageError as error:
        path = error.ctx.command_path if error.ctx else "strikezone"
        return _complain(error.format_message(), f"see `{path} --help`", 2)
    except click.ClickException as error:
        return _complain(error.format_message(), "", 2)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    except StrikezoneError as error:
        for problem in error.problems:
            _complain(str(problem), problem.fix, error.exit_code)
        return error.exit_code
    except Exception as error:
        from tui.cli.crash import report_crash

        log = report_crash(error)
        return _complain(f"internal error: {type(error).__name__}: {error}", f"the details are in {log}", 70)
    return result if isinstance(result, int) else 0


def _complain(what: str, fix: str, code: int) -> int:
    click.echo(f"strikezone: {what}", err=True)
    if fix:
        click.echo(f"  {fix}", err=True)
    return code
