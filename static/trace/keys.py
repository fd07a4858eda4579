"""Text that looks like a key or a password, which must not be part of a run file.

As in `src/python/keys.rs`, which describes the rules: a well-known beginning, or a long text without words beside a
name such as `api_key`. Values are found in quotes only, which is how a program contains them.
"""

from __future__ import annotations

import re

PLACEHOLDER = "KEY-REMOVED"
"""The text that is written in place of a key."""

_KNOWN = re.compile(
    r"""(?<![\w-])(?:
        (?:sk-|sk_live_|sk_test_|rk_live_|glpat-|xox[bp]-|xapp-|dckr_pat_)[\w.~+/-]{16,}
        | (?:gsk_|hf_|gh[pousr]_|github_pat_|r8_|nvapi-|pplx-)[\w.~+/-]{20,}
        | (?:AIza|pypi-|npm_|SG\.)[\w.~+/-]{30,}
        | (?:AKIA|ASIA)[A-Z0-9]{16}(?!\w)
        | eyJ[\w-]{7,}\.[\w-]{10,}\.[\w-]{10,}
    )""",
    re.VERBOSE,
)
_NAME = re.compile(
    r"token|(?:api|access|private|auth|signing|encryption)[_-]?key|authorization|bearer|credential|secret|passw(?:or)?d|pwd",
    re.IGNORECASE,
)
_QUOTED = re.compile(r"""(["'])((?:Bearer )?)([^"'\s{$<]{8,200})\1""")
_PASSWORD = re.compile(r"secret|passw|pwd", re.IGNORECASE)
_PRIVATE = re.compile(r"(PRIVATE KEY-----)(.{40,}?)(?=-----END|\Z)", re.DOTALL)
_ADDRESS = re.compile(r"(://[^\s/:@\"'`]{0,200}:)([^\s/@\"'`{$<%]{3,200})(?=@)")

_SHORTEST_KEY = 16
_FARTHEST = 60
"""A key is at most this far from its name, in characters."""


def masked(text: str) -> str:
    """The text with a `PLACEHOLDER` in place of each key."""
    text = _PRIVATE.sub(rf"\1{PLACEHOLDER}", text)
    text = _ADDRESS.sub(rf"\1{PLACEHOLDER}", text)
    text = _KNOWN.sub(lambda match: PLACEHOLDER if _is_mixed(match[0]) else match[0], text)
    return _QUOTED.sub(_without_value, text)


def _without_value(match: re.Match) -> str:
    quote, scheme, value = match.groups()
    before = match.string[max(0, match.start() - _FARTHEST):match.start()].rpartition("\n")[2]
    # The name is in front of the value, or is the key of a dictionary in quotes.
    if not (_NAME.search(before) or scheme) or not _is_mixed(value):
        return match[0]
    is_long = len(value) >= _SHORTEST_KEY and _changes(value) >= 3
    return f"{quote}{scheme}{PLACEHOLDER}{quote}" if is_long or _PASSWORD.search(before) else match[0]


def _is_mixed(text: str) -> bool:
    """True if it has letters and digits, as keys have."""
    return any(c.isdigit() for c in text) and any(c.isalpha() for c in text)


def _changes(text: str) -> int:
    """How often a letter follows a digit, a digit a letter, or a capital letter a small one."""
    kinds = ["0" if c.isdigit() else "A" if c.isupper() else "a" if c.isalpha() else "" for c in text]
    pairs = zip(kinds, kinds[1:])
    return sum(1 for a, b in pairs if a and b and (("0" in (a, b) and a != b) or (a, b) == ("a", "A")))
