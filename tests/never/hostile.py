"""Texts that somebody types by mistake, or on purpose."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

__all__ = ["JSON", "TEXTS", "texts"]

TEXTS = (
    "",
    " ",
    "\t\r\n",
    "0",
    "-1",
    "99999999999999999999999999",
    "1e9",
    "nan",
    "x" * 100_000,
    "9" * 5_000,
    "i-0123456789abcdefg",
    "i-0123456789ABCDEF0",
    "arn:aws:ec2:us-east-1:999988887777:instance/i-0123456789abcdef0",
    "arn:aws:elasticloadbalancing:us-east-1:999988887777:loadbalancer/net/demo-nlb/0123456789abcdef",
    "demo; rm -rf /",
    "$(reboot)",
    "`reboot`",
    "a|b&c>d",
    "../../etc/passwd",
    "%2e%2e%2f",
    "{proxy+}",
    "${stageVariables.VPCLINK}",
    "[bold red]x[/]",
    "[link=https://evil.example]x[/link]",
    "[/]",
    "<script>alert(1)</script>",
    "&lt;b&gt;",
    "| a | b |",
    "\x1b[31mred\x1b[0m",
    "\x1b]8;;https://evil.example\x1b\\click\x1b]8;;\x1b\\",
    "\x07\x08\x7f",
    "a\0b",
    "\u202egnp.exe",
    "\u2066isolated\u2069",
    "\u200bzero\ufeff",
    "a\u2028b",
    "８０",
    "eu-west-１",
    "démo",
    "деmo",
    "👩‍💻",
    "\ud800",
    "\udcff",
    "=x",
    "a=b=c,=",
    "a=\x1b[31m",
    "\u202e=\u202e",
)

texts = st.one_of(st.sampled_from(TEXTS), st.text(max_size=40))

JSON: st.SearchStrategy[Any] = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), texts),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(texts, inner, max_size=3)),
    max_leaves=6,
)
"""Whatever a file can hold at a parameter's place."""
