"""The command line: one file per group of commands, each loaded only when it is asked for."""

from __future__ import annotations

import contextlib
import importlib
import io
import os
import sys
from typing import Final

import click

from core.errors import StrikezoneError
from core.text import clean

COMMANDS: Final = {
    "demo": "tui.cli.live:demo",
    "open": "tui.cli.live:open_",
    "check": "tui.cli.look:check",
    "quotes": "tui.cli.quotes:quotes",
    "prices": "tui.cli.prices:prices",
    "confirm": "tui.cli.confirm:confirm",
    "record": "tui.cli.happenings:record",
    "import": "tui.cli.importing:import_",
    "ledger": "tui.cli.ledger:ledger",
    "init": "tui.cli.init:init",
    "doctor": "tui.cli.doctor:doctor",
    "locate": "tui.cli.places:locate",
}
INTERRUPTED: Final = 130
PIPE_CLOSED: Final = 141  # as the shell reports a writer that a closed pipe has ended
LONGEST_MESSAGE: Final = 2000
ANY_FIX: Final = "nothing was changed; correct it and try again"
_GLYPHS: Final = {"▲": "^", "▼": "v", "△": "~", "▽": "~", "●": "o", "◌": "?", "·": ".", "─": "-", "…": "~"}


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
@click.option(
    "--version", is_flag=True, expose_value=False, is_eager=True, callback=_print_version, help="Print the version."
)
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
    _prepare_streams()
    code = run(sys.argv[1:])
    with contextlib.suppress(OSError, ValueError):
        sys.stderr.flush()
    sys.exit(code)


def run(arguments: list[str]) -> int:
    """The exit code of one command."""
    try:
        result = strikezone.main(arguments, prog_name="strikezone", standalone_mode=False)
        sys.stdout.flush()
    except click.exceptions.Exit as leaving:
        return leaving.exit_code
    except (click.Abort, KeyboardInterrupt) as error:
        if error.__cause__ is None:  # click ends the line for what it has turned into an Abort itself
            click.echo(err=True)
        return INTERRUPTED
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message(), err=True)
        return 2
    except click.UsageError as error:
        named = next((word for word in arguments if word in COMMANDS), "")
        path = error.ctx.command_path if error.ctx else f"strikezone {named}".rstrip()
        return _complain(error.format_message(), f"see `{path} --help`", 2)
    except click.ClickException as error:
        return _complain(error.format_message(), "", 2)
    except BrokenPipeError:
        _drop_output()
        return PIPE_CLOSED
    except StrikezoneError as error:
        for problem in error.problems:
            _complain(str(problem), problem.fix, error.exit_code)
        return error.exit_code
    except Exception as error:
        if isinstance(error, OSError) and error.filename is None:  # a write, and only the output's comes this far
            _drop_output()
            what = f"the output could not be written: {error.strerror}"
            return _complain(what, "what was recorded stays recorded; send the output elsewhere and look again", 2)
        from tui.cli.crash import report_crash

        log = report_crash(error)
        return _complain(f"internal error: {type(error).__name__}: {error}", f"the details are in {log}", 70)
    return result if isinstance(result, int) else 0


def _complain(what: str, fix: str, code: int) -> int:
    click.echo(f"strikezone: {clean(what, LONGEST_MESSAGE)}", err=True)
    click.echo(f"  {clean(fix, LONGEST_MESSAGE) or ANY_FIX}", err=True)
    return code


def _prepare_streams() -> None:
    """Every stream there, so that none is None and no file gets its number; glyphs in what the encoding has."""
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        if getattr(sys, name) is None:
            mode = "r" if number == 0 else "w"
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115 - open until the end
    if not (sys.stdout.encoding or "").lower().startswith("utf"):
        import codecs

        codecs.register_error("glyphs", _in_ascii)
        if isinstance(sys.stdout, io.TextIOWrapper):
            sys.stdout.reconfigure(errors="glyphs")


def _in_ascii(error: UnicodeError) -> tuple[str, int]:
    """What stands for characters that an encoding lacks."""
    assert isinstance(error, UnicodeEncodeError)
    return "".join(_GLYPHS.get(c, "?") for c in error.object[error.start : error.end]), error.end


def _drop_output() -> None:
    """Let what still waits for standard output go nowhere, so that Python's own flush at the end is silent."""
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
