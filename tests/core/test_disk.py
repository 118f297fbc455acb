"""Files that others may read at any moment: the old or the new, whole, and nothing beside them."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from core.disk import create_whole, replace_whole


@pytest.mark.parametrize(("write", "last_step"), [(replace_whole, "replace"), (create_whole, "link")])
@pytest.mark.parametrize("error", [KeyboardInterrupt, OSError])
def test_a_write_that_is_interrupted_leaves_nothing_behind(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    write: Callable[[Path, bytes], None],
    last_step: str,
    error: type[BaseException],
) -> None:
    def interrupted(*_: object) -> None:
        raise error

    monkeypatch.setattr(os, last_step, interrupted)
    with pytest.raises(error):
        write(tmp_path / "file", b"new")
    assert list(tmp_path.iterdir()) == []


def test_what_is_replaced_is_private_and_alone(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"old")
    replace_whole(path, b"new")
    assert path.read_bytes() == b"new"
    assert path.stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.iterdir()) == [path]


def test_what_is_there_is_not_created_again(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"old")
    with pytest.raises(FileExistsError):
        create_whole(path, b"new")
    assert [one.read_bytes() for one in tmp_path.iterdir()] == [b"old"]
