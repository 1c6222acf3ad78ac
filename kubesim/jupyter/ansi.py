"""The colours of a terminal: ANSI escapes around the words of a table that tell how things stand."""

from __future__ import annotations

import re

GOOD, WAITING, BAD, ASIDE = 32, 33, 31, 36

WORDS = {
    "Running": GOOD,
    "Completed": GOOD,
    "Succeeded": GOOD,
    "Pending": WAITING,
    "ContainerCreating": WAITING,
    "PodInitializing": WAITING,
    "Terminating": WAITING,
    "Warning": WAITING,
    "ErrImagePull": BAD,
    "ImagePullBackOff": BAD,
    "ErrImageNeverPull": BAD,
    "InvalidImageName": BAD,
    "CreateContainerConfigError": BAD,
    "CrashLoopBackOff": BAD,
    "Error": BAD,
    "Failed": BAD,
}
"""Words that are coloured where they fill a cell of a table or end a line."""

OPENINGS = {"Error from server": BAD, "error:": BAD, "Error:": BAD, "kubesim:": ASIDE}
"""Words that are coloured where they begin a line."""

_MARKED = re.compile(
    rf"^(?:{'|'.join(map(re.escape, OPENINGS))})|(?:^|(?<=  )|(?<=:)|(?<=: ))(?:{'|'.join(WORDS)})(?=  |[ ]?$)",
    re.MULTILINE,
)
_ESCAPE = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]")
CLEAR_SCREEN = re.compile(r"\x1b\[[23]?J|\x1bc")


def colour(text: str) -> str:
    """`text` with colour escapes around its statuses and refusals; text that has its own escapes is left as it is."""
    if "\x1b" in text:
        return text
    return _MARKED.sub(lambda match: f"\x1b[{(OPENINGS | WORDS)[match[0]]}m{match[0]}\x1b[0m", text)


def strip(text: str) -> str:
    """`text` without any escapes."""
    return _ESCAPE.sub("", text)
