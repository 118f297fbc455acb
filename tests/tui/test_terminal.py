"""The app in a real terminal: signals, exit code, restored modes, bytes on the wire, nothing but ASCII."""

from __future__ import annotations

import fcntl
import os
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pexpect
import pyte
import pytest

ROOT = Path(__file__).parents[2]
Spawn = Callable[..., "pexpect.spawn"]


@pytest.fixture
def spawn() -> Iterator[Spawn]:
    children: list[pexpect.spawn] = []

    def start(*arguments: str, **environment: str) -> pexpect.spawn:
        child = pexpect.spawn(
            sys.executable,
            ["-m", "tests.tui.terminal_app", *arguments],
            cwd=str(ROOT),
            dimensions=(40, 120),
            timeout=20,
            env={**os.environ, "TERM": "xterm-256color", "COLORTERM": "truecolor", "NO_COLOR": "", **environment},
        )
        children.append(child)
        return child

    yield start
    for child in children:
        child.close(force=True)


def quiet(child: pexpect.spawn, seconds: float = 0.6) -> bytes:
    """Everything that comes until nothing has come for `seconds`."""
    got = b""
    while True:
        try:
            got += child.read_nonblocking(65536, timeout=seconds)
        except (pexpect.TIMEOUT, pexpect.EOF):
            return got


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_signals_end_it_with_the_terminal_restored(spawn: Spawn, number: signal.Signals) -> None:
    child = spawn()
    child.expect("VTI")
    quiet(child)
    child.kill(number)
    rest = child.read()
    child.close()
    assert child.exitstatus == 128 + number
    assert b"\x1b[?1049l" in rest  # back from the alternate screen
    assert b"\x1b[?25h" in rest  # the cursor is shown again
    assert b"Traceback" not in rest


def test_q_ends_it_with_0_and_the_mouse_was_never_taken(spawn: Spawn) -> None:
    child = spawn()
    child.expect("VTI")
    before = quiet(child)
    child.send("q")
    rest = child.read()
    child.close()
    assert child.exitstatus == 0
    assert b"\x1b[?1049l" in rest
    assert b"\x1b[?1000h" not in before


def test_a_terminal_without_a_size_is_drawn_once_and_its_end_ends_the_app() -> None:
    ours, theirs = os.openpty()
    arguments = [sys.executable, "-m", "tests.tui.terminal_app"]
    done = subprocess.Popen(
        arguments, stdin=theirs, stdout=theirs, stderr=theirs, cwd=ROOT, start_new_session=True,
        env={**os.environ, "TERM": "xterm-256color"}, preexec_fn=take_terminal,
    )  # fmt: skip
    os.close(theirs)
    got = b""
    while b"VTI" not in got:
        got += os.read(ours, 65536)
    while select.select([ours], [], [], 0.6)[0]:  # as long as anything comes
        got += os.read(ours, 65536)
    assert len(got) < 60_000
    os.close(ours)
    assert done.wait(10) == 128 + signal.SIGHUP


@pytest.mark.parametrize("closed", [False, True])
def test_a_terminal_that_no_longer_reads_cannot_hold_the_app(closed: bool) -> None:
    """Its writer's queue fills, and the loop that would see the signal waits for room in it."""
    ours, theirs = os.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
    arguments = [sys.executable, "-m", "tests.tui.terminal_app", "many"]
    app = subprocess.Popen(
        arguments, stdin=theirs, stdout=theirs, stderr=theirs, cwd=ROOT, start_new_session=True,
        env={**os.environ, "TERM": "xterm-256color"}, preexec_fn=take_terminal,
    )  # fmt: skip
    os.close(theirs)
    got = b""
    while b"A004" not in got:
        got += os.read(ours, 65536)
    for _ in range(120):  # each moves the cursor, and nobody reads what that draws
        os.write(ours, b"j")
        time.sleep(0.03)
    try:
        if closed:
            os.close(ours)
        else:
            app.terminate()
        assert app.wait(15) == 128 + (signal.SIGHUP if closed else signal.SIGTERM)
    finally:
        if app.poll() is None:
            app.kill()
            app.wait()
        if not closed:
            os.close(ours)


def take_terminal() -> None:
    """Makes the pseudo-terminal the controlling one, so that its end is a SIGHUP."""
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


def test_one_change_among_500_costs_less_than_a_kilobyte(spawn: Spawn) -> None:
    child = spawn("many")
    child.expect("A004")
    quiet(child)
    child.kill(signal.SIGUSR1)
    sent = quiet(child, 1.5)
    assert b"100.07" in sent
    assert len(sent) < 1024, f"{len(sent)} bytes"


def test_ascii_means_ascii(spawn: Spawn) -> None:
    child = spawn("ascii")
    child.expect("VTI")
    child.send("\r")
    child.expect("review")
    quiet(child)
    child.send("n")
    quiet(child)
    child.send("?")
    quiet(child)
    child.send("\x10")
    sent = quiet(child)
    child.send("\x1b")
    child.kill(signal.SIGTERM)
    everything = (child.before or b"") + sent + child.read()
    assert everything.isascii()


def test_no_color_still_tells_states_and_the_cursor_apart(spawn: Spawn) -> None:
    child = spawn(NO_COLOR="1")
    child.expect("VTI")
    sent = b"VTI" + quiet(child)
    colours = re.findall(rb"\x1b\[[0-9;]*(?:38|48);[25];", sent)
    assert not colours
    screen = pyte.Screen(120, 40)
    child.send("jk")
    pyte.ByteStream(screen).feed(sent + quiet(child))
    text = "\n".join(screen.display)
    assert "▼ under -6.5" in text
    assert "> VTI" in text
