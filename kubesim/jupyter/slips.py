"""Frequent mistakes in a command line, with one line of advice for each, marked `kubesim:`.

A real cluster gives no such advice, so it is added in the notebook alone, below the command's own output.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from kubesim.api.result import Result, Written


class Slip(NamedTuple):
    """A mistake: both patterns must be found, and "" is found in any text."""

    # A regular expression for the first line of the command.
    typed: str
    # A regular expression for the command's output.
    printed: str
    # The sentence of advice, as a template: {} stands for the text that `typed` has found.
    advice: str


_PLACE = "imagePullSecrets belongs in the spec of a Pod, next to containers (in a Deployment: spec.template.spec)"
SLIPS = (
    Slip(
        r"(?<![^\s=])[\u2018-\u201e]",
        "",
        "the quote {} comes from a document or a chat: type a straight ' or \" instead",
    ),
    Slip(r"(?<!\S)-?[\u2013\u2014]-?(?=\w)", "", "the dash {} comes from a document or a chat: type - or -- instead"),
    Slip(r"<[A-Za-z][\w -]*>", "^bash: ", "{} is a placeholder: put a name in its place, without < and >"),
    Slip(r"(?<=[\s=])your[-_][\w-]+", "", "{} looks like a placeholder: put your own value in its place"),
    Slip(r"(?<=[\s/])[A-Z]+_NAME\b", "", "{} looks like a placeholder: put a name in its place"),
    Slip(
        r"--overrides[= ]'\{\s*\"imagePullSecrets\"", "", f'{_PLACE}: \'{{{{"spec":{{{{"imagePullSecrets":…}}}}}}}}\''
    ),
    Slip(
        "", r'unknown field "[^"]*imagePullSecrets"', f"{_PLACE}; a ServiceAccount has its own list, next to metadata"
    ),
    Slip(
        "",
        r"^kubesim: the flag --(stdin|tty) ",
        "a container has no prompt here: leave out -it, and run one command at a time with kubectl exec",
    ),
    Slip("", r"^Unable to use a TTY", "a container has no prompt here: leave out -it and run one command at a time"),
)


def coached(line: str, result: Result) -> Result:
    """The result of a line, with advice about the first matching slip added to its standard error."""
    first_line = line.partition("\n")[0]
    for slip in SLIPS:
        typed = re.search(slip.typed, first_line)
        if typed and re.search(slip.printed, result.screen, re.MULTILINE):
            advice = f"kubesim: {slip.advice.format(typed[0])}\n"
            return Result([*result.written, Written(True, advice)], result.exit_code, result.edit)
    return result
