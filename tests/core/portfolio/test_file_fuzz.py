"""Whatever a portfolio file holds, reading it gives a portfolio or BadInput, never another error."""

from __future__ import annotations

import json
import string
from pathlib import Path

from hypothesis import example, given, settings
from hypothesis import strategies as st

from core.errors import BadInput
from core.portfolio.file import parse_portfolio
from core.text import clean
from tests.core.portfolio.test_file import CONTRACT_EXAMPLE

WRITTEN = st.one_of(
    st.integers(-(10**40), 10**40).map(lambda n: str(n)),
    st.floats().map(lambda x: f"{x}"),
    st.decimals(allow_nan=False, allow_infinity=False).map(lambda d: f"{d:e}"),
    st.booleans().map(lambda b: str(b).lower()),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=40).map(json.dumps),
    st.sampled_from(
        ['"warn:25"', '"10%"', '"5/25"', '"22-30"', '"30-22"', '"auto"', "'GBp'", "'../..'", "'America'"]
    ),
    st.sampled_from(["2023-05-01", "2023-05-01T00:00:00Z", "10:30:00", "[]", "{}", "[1]", "[[]]", "[{}]"]),
    st.sampled_from(["{ kind = 'range' }", "{ kind = [], width = {} }", "{ kind = 'relative', width = 1e400 }"]),
    st.sampled_from(["0x" + "F" * 5000, "1e99999999999999999999", "1e-99999", "-0.0", "1e18", "1e-18"]),
)
LINES = [i for i, line in enumerate(CONTRACT_EXAMPLE.splitlines()) if "=" in line]


def read(text: str) -> None:
    try:
        portfolio = parse_portfolio(text, "fuzz.toml", Path("/books"))
    except BadInput as error:
        for problem in error.problems:
            assert problem.where.startswith("fuzz.toml")
            assert problem.what
            assert problem.fix
            said = str(problem) + problem.fix
            assert clean(said, len(said)) == said
    else:
        assert portfolio.id


@settings(deadline=None)
@given(st.text())
@example("a" + ".a" * 2_000 + " = 1")
@example("\ufeff")
def test_any_text(text: str) -> None:
    read(text)


@settings(deadline=None)
@given(st.sampled_from(LINES), WRITTEN)
def test_any_value_at_any_key(line: int, written: str) -> None:
    lines = CONTRACT_EXAMPLE.splitlines()
    lines[line] = f"{lines[line].split('=')[0]}= {written}"
    read("\n".join(lines))


@settings(deadline=None)
@given(st.sampled_from(LINES), st.text(string.ascii_letters + string.digits + "_-", min_size=1), WRITTEN)
def test_any_key_anywhere(line: int, key: str, written: str) -> None:
    lines = CONTRACT_EXAMPLE.splitlines()
    lines.insert(line + 1, f"{key} = {written}")
    read("\n".join(lines))
