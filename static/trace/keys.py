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
_QUOTED = re.compile(r"""(["'])((?:(?:Bearer|Basic|Token) )?)([^"'\s{$<]{8,200})\1""")
_ASSIGNED = re.compile(r"([\w-]{2,60}[= ])([\w.~+/-]{8,200}=?=?)(?![\w(\[])")
_PASSWORD = re.compile(r"secret|passw|pwd", re.IGNORECASE)
_PRIVATE = re.compile(r"(PRIVATE KEY-----)(.{40,}?)(?=-----END|\Z)", re.DOTALL)
_ADDRESS = re.compile(r"(://[^\s/:@\"'`]{0,200}:)([^\s/@\"'`{$<]{3,200})(?=@)")

_SHORTEST_KEY = 16
_FARTHEST = 60
"""A key is at most this far from its name, in characters."""


def masked(text: str, found: list[str] | None = None) -> str:
    """The text with a `PLACEHOLDER` in place of each key. The keys are added to `found`."""
    found = [] if found is None else found

    def replace(group: int, is_key=lambda match: True):
        def replaced(match: re.Match) -> str:
            if not is_key(match):
                return match[0]
            found.append(match[group])
            start, end = (place - match.start() for place in match.span(group))
            return f"{match[0][:start]}{PLACEHOLDER}{match[0][end:]}"

        return replaced

    text = _PRIVATE.sub(replace(2), text)
    text = _ADDRESS.sub(replace(2), text)
    text = _KNOWN.sub(replace(0, lambda match: _is_mixed(match[0]) and _changes(match[0]) >= 1), text)
    text = _ASSIGNED.sub(replace(2, lambda match: _is_key(match[1], match[2], False)), text)
    return _QUOTED.sub(replace(3, _is_quoted_key), text)


def without(text: str, found: list[str]) -> str:
    """The text without the keys that were found in another one, and without its own."""
    for key in sorted(set(found), key=len, reverse=True):
        if len(key) >= 8 and _is_mixed(key):
            text = text.replace(key, PLACEHOLDER)
    return masked(text)


def _is_quoted_key(match: re.Match) -> bool:
    _, scheme, value = match.groups()
    before = match.string[max(0, match.start() - _FARTHEST):match.start()].rpartition("\n")[2]
    # The name is in front of the value, or is the key of a dictionary in quotes.
    return _is_key(before, value, bool(scheme))


def _is_key(before: str, value: str, has_scheme: bool) -> bool:
    is_named = _NAME.search(before) is not None and _is_mixed(value)
    if not (is_named or has_scheme) or "://" in value or value[0] in "/.":
        return False
    is_long = len(value) >= _SHORTEST_KEY and _changes(value) >= 3
    return is_long or _PASSWORD.search(before) is not None


def _is_mixed(text: str) -> bool:
    """True if it has letters and digits, as keys have."""
    return any(c.isdigit() for c in text) and any(c.isalpha() for c in text)


def _changes(text: str) -> int:
    """How often a letter follows a digit, a digit a letter, or a capital letter a small one."""
    kinds = ["0" if c.isdigit() else "A" if c.isupper() else "a" if c.isalpha() else "" for c in text]
    pairs = zip(kinds, kinds[1:])
    return sum(1 for a, b in pairs if a and b and (("0" in (a, b) and a != b) or (a, b) == ("a", "A")))
