"""Texts that would break out of a format, steer a terminal or be run by a spreadsheet."""

HOSTILE = [
    '"', "'", "\\", '\\"', '"; option "plugin" "os', "a\nb", "a\r\nb\t", "\x1b]52;c;eA==\x07", "\x9b2J", "\u202eabc",
    "; note", "=cmd|' /C calc'!A0", "+1", "-1+1", "@x", "\t=1", "{1 USD}", "[2020-99-99]", "[=2020]", "(x) ) {", "x:: y",
    '2020-01-01 * "x"', "\n2020-01-01 open Assets:Evil\n", "  Assets:Evil  1 USD", "a,b\r\n=c", "%(x)", "#tag ^link",
    "A" * 2000, "漢字", "\x00", "\ud800", "…", "^", "!include /etc/passwd", "\nend comment\n", "$1", "1 USD", "TRUE", "USD",
]  # fmt: skip
