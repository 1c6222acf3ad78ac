"""Takes passwords out of command lines that are kept: in the steps of a session, and in what reports a bug."""

from __future__ import annotations

import re

MASK = "***"
_VALUE = r"(?:'[^']*'|\"(?:[^\"\\]|\\.)*\"|[^\s'\"&|;]+)"
# Bounded, so that no line takes long.
_SECRET_NAME = r"(?!\w*PullSecrets)[\w.-]{0,40}(?:passw|pwd|token|creds|auth|secret|api-?key|dockerc)[\w.-]{0,40}"
_PATTERNS = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"(--from-literal[= ]['\"]?[\w.-]+=)({_VALUE})",
        rf"(--(?!password-stdin){_SECRET_NAME}[= ]\s*)({_VALUE})",
        rf"(\b(?:docker|node)\s.{{0,80}}?login\b.{{0,80}}?\s-p[= ]?\s*)({_VALUE})",
        rf"(\b{_SECRET_NAME}['\"]?(?:=|:[ \t]*)(?![\[{{]))({_VALUE})",
        r"(//)([^/\s@]+@)",
    )
)
_STDIN = re.compile(
    rf"(\b(?:echo|printf)(?:\s+-\w+)*\s+)([^|\n]{{0,1000}}?)(?=\s{{0,9}}\|[^|\n]*(?:base64|-stdin))|(<<<\s*)({_VALUE})"
)
_TOKEN = re.compile(r"(?<![\w/:.-])(?=[\w+/=-]*[a-z])(?=[\w+/=-]*[A-Z])(?=[\w+/=-]*\d)[\w+/=-]{16,}")


def hide_passwords(text: str) -> str:
    """The text with a mask for each value of an option, a variable or a field whose name is that of something secret.

    What is written to the stdin of `base64` or `docker login` is one as well, and so is every long word of capitals,
    small letters and digits. Names of objects and images stay.
    """
    for pattern in _PATTERNS:
        text = pattern.sub(rf"\g<1>{MASK}", text)
    text = _STDIN.sub(lambda match: f"{match[1] or match[3]}{MASK}", text)
    return _TOKEN.sub(MASK, text)
