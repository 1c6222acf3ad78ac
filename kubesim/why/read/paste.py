"""Pasted text to records: strips decoration (code fences, box drawing, colors, links, quotes) and joins wrapped lines.

A record is one line with its indentation: a row of a table, a field, an entry of a log, or a message. This module knows
how people paste; rows.py knows what the records mean.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterable
from itertools import accumulate, pairwise, takewhile
from typing import Any, NamedTuple

from kubesim.why.hide.redact import MASK, MOST

# The least width in columns of a window that wraps within words.
_NARROWEST = 60
# The costs of reading, measured in characters.
# The cost of a text that is read as a whole: half a second.
_LONGEST_TEXT = 120_000
# Characters read of a line. Of its record, MOST are kept: the rest is there so that no mask is cut.
_LONGEST_LINE = 2 * MOST
# The fixed cost of a line.
_EACH = 60
# A line that differs from an earlier one in digits alone costs this fraction, because results are cached.
_REPEATS = 4
_NO_DIGITS = dict.fromkeys(map(ord, "0123456789"))
# The beginning of a Pod in the output of `kubectl describe`.
_POD = re.compile(r"^(?=Name:\s)", re.MULTILINE)
# Words in lower case; a record about an image contains one of them.
HINTS = [
    "image",
    "pull",
    "error",
    "fail",
    "registr",
    "manifest",
    "blob",
    "layer",
    "denied",
    "unable",
    "unauthorized",
    "forbidden",
    "x509",
    "tls: ",
    "dial tcp",
    "refused",
    "status",
    "exceeded",
    "connection",
    "timeout",
    "no space",
    "back-off",
    "crashloop",
    "waiting for pod",
    "timed out",
    "prepare environment",
    "oomkilled",
    "low on resource",
    "evicted",
    "outof",
    "nodeaffinity",
    "apparmor",
    "nodes are available",
    "couldn",
    "not found",
    "invalid",
]
# A line inside a box, a horizontal rule, and the marks of a quotation.
_BORDER = re.compile(r"^[│┃║|] ?(?P<inside>.*?) ?[│┃║|]?$")
_RULE = re.compile(r"^[\s│┃║|+\-─━═┌┐└┘├┤┬┴┼╭╮╰╯=]*$")
_QUOTED = re.compile(r"^(?:> ?)+")
# Beginnings of lines that don't continue the line before, by the name of their examples in a test.
_STARTS = {
    "a row of events": r"(?:Normal|Warning)\b|"
    r"(?:Failed|BackOff|Pulling|Pulled|Scheduled|InspectFailed|Created|Started)\s",
    "a row that begins with its age, or with a namespace": r"(?:\d+[smhd])+\s|<unknown>|<invalid>|\d+ times in |"
    r"\S+\s+(?:(?:\d+[smhd])+|<unknown>)(?: \(x\d+ over \S+\))?\s+(?:Normal|Warning)\s",
    "a row of Pods": r"\S+\s+(?:\S+\s+)?\d+/\d+\s+\w",
    "a header": r"NAME\s|NAMESPACE\s|LAST SEEN|Type\s+Reason",
    "a message": r"Failed to |Error: |Error response |Error from |ERROR|Error syncing|Back-off |Successfully |"
    r"Container image |Unable to |[RL]\w+ness probe |ctr: |docker: |error pulling |Trying to pull |"
    r"Completed short name ",
    "a command": r"docker |kubectl |crictl |[{}$#%\u276f\u279c]|\S+[@:~]\S*[$#%] ",
    "a log": r"[IWEF]\d{4} |\S*\d{4}-\d\d-\d\d[T ,]|\[(?:Normal|Warning)\]|"
    r"[A-Z][a-z]{2} +\d+ \d\d:\d\d|[A-Z][a-z]{2}, \d+ |\d+:\d\d(?::\d\d)? ?[AP]M|time=|"
    r"[A-Z]{4}\[\d+\]|#\d+ ",
    "an exception": r"[\w.]+(?:Exception|Error): |at [\w.$]+\(",
    "an item": r"[-*] |\d+\. |\.\.\.|\[[\w-]+\] |\[[A-Z]+ \w+\]: |\[K8s EVENT: |! "
    r"|[\u2600-\u28ff\U0001f300-\U0001faff]",
    "prose in other letters": r"[\u0370-\u08ff\u0e00-\u0eff\u3040-\u9fff\uac00-\ud7af]",
    "a field of YAML": r"(?:apiVersion|kind|metadata|spec|status|containers?|(?:init)?[cC]ontainerStatuses"
    r"|initContainers|image|imageID|name|namespace|reason|message|state|waiting|lastState|ready|phase|type"
    r"|involvedObject|\w+Timestamp|count|source|data|conditions): ?|[\w.-]+:\s*$",
    "a field of describe": r"(?![A-Z]{4})[A-Z][\w-]*(?: [A-Z][\w-]*)?:(?:\s|$)",
}
# The beginning of a typed command line. The next line is output, and doesn't continue it.
_PROMPT = re.compile(r"\s*(?:[$#%\u276f\u279c] |\S+[@:~]\S*[$#%] )")
_START = re.compile(rf"\s*(?:{'|'.join(_STARTS.values())})")


class _Decoration(NamedTuple):
    """A kind of decoration, and its replacement as in `re.sub`."""

    name: str  # the name of its examples in a test
    mark: str  # a plain text that every match contains; a text without it skips the slower pattern
    pattern: re.Pattern[str]
    replacement: str | Callable[[re.Match[str]], str] = ""


def _in_one_word(placeholder: re.Match[str]) -> str:
    """A placeholder with hyphens for spaces: <my registry> becomes <my-registry>, one word of a name."""
    return f"<{placeholder[1].strip().replace(' ', '-')}>"


# The order matters: a picture is a link with "!" in front, and "<" may be written as "&lt;".
_DECORATIONS = (
    _Decoration("colors", "\x1b", re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")),
    _Decoration("decoded secret", "base64", re.compile(r"(base64\s+(?:-d|-D|--decode)\b[^\n]*\n\s*)\S+"), rf"\1{MASK}"),
    _Decoration("byte order mark", "\ufeff", re.compile("\ufeff")),
    _Decoration("space without width", "\u200b", re.compile("\u200b")),
    _Decoration("picture", "](", re.compile(r"!\[[^\]\n]{0,200}\]\([^)\s]{0,400}\)")),
    _Decoration("link", "](", re.compile(r"\[([^\]\n]{1,400})\]\(https?://[^)\s]{0,600}\)"), r"\1"),
    _Decoration("bold", "**", re.compile(r"(?<!\*)\*\*(?!\*)")),
    _Decoration("emphasis", "_", re.compile(r"(?<![\w/.:@-])_+([A-Za-z][^_\n]*)_+(?![\w/.-])"), r"\1"),
    _Decoration("message in code", "`", re.compile(r"(?<!`)`(?=[^`\n]*: )([^`\n]{40,})`(?!`)"), r"\n\1\n\n"),
    _Decoration("end of code", "`\n", re.compile(r"`\n"), "\n\n"),
    _Decoration("code", "`", re.compile(r"```+(?:[a-z]+(?=\s*\n)|(?:ba)?sh\b|console\b|ya?ml\b)?|`")),
    _Decoration("fence", "~~~", re.compile(r"~~~+")),
    _Decoration(
        "answer of a healthy registry",
        "/v2/",
        re.compile(
            r"(\bcurl [^\n]*/v2/?(?![\w/])[^\n]*\n)(?:(?:[<>*] |HTTP/|[\w-]+: )[^\n]*\n|\s){0,60}"
            r"\{\s*\"errors\":\s*\[\{\s*\"code\":\s*\"UNAUTHORIZED\"[^\n]*"
        ),
        r"\1",
    ),
    _Decoration("double quotes", "", re.compile("[\u201c\u201d\u201e\u00ab\u00bb]"), '"'),
    _Decoration("single quotes", "", re.compile("[\u2018\u2019]"), "'"),
    _Decoration("wide colon", "\uff1a", re.compile("\uff1a"), ": "),  # the full-width colon of Chinese and Japanese
    _Decoration(
        "element of HTML", "</", re.compile(r"</?(?:a|b|br|code|div|em|font|i|li|p|pre|span|strong)(?: [^<>]*)?/?>")
    ),
    _Decoration("entities", "&", re.compile("&(?:quot|lt|gt|amp);"), lambda entity: html.unescape(entity[0])),
    _Decoration("escaped line end", "\\n", re.compile(r"\\+n(?![\w])"), " "),
    _Decoration("escaped quotes", '\\"', re.compile(r'\\+"'), '"'),
    _Decoration("placeholder", "<", re.compile(r"<(?![^<>\n]*-\w+[ =])([^<>\n]{1,40})>"), _in_one_word),
    _Decoration(
        "translated name", ". ", re.compile(r"(?<=[a-z0-9])\. (?=(?:io|com|dev|org|net)/)|(?<=[a-z])\. (?=k8s\.)"), "."
    ),
    _Decoration("translated tag", ": ", re.compile(r'(/pause|image "[^"\s:]+/[^"\s:]+): (?=v?\d)'), r"\1:"),
)


def records(text: str, *, cuts: bool = True) -> list[str]:
    """The records of a text. With `cuts`, lines of equal width that continue count as cut within words.

    Those are joined without a space. text.py tries both, because a width can be equal by chance.
    """
    lines = [_without_border(line) for line in _undecorated(text).splitlines()]
    return _unwrapped(lines, _width(lines) if cuts else 0)


class Shortened(NamedTuple):
    """A text short enough to be read, and the number of `unread` lines about images, or of unread Pods."""

    text: str
    unread: int


def shortened(text: str) -> Shortened:
    """A text as it is, or of a long one the first and last lines about images; the last ones tell most.

    Of a long output of `kubectl describe`, it is the first and last waiting Pods. Lines of long texts count as records:
    they come from files, in which no window has wrapped them. Longer lines than _LONGEST_LINE end behind a word.
    """
    text = "\n".join(map(_ended, text.split("\n")))
    if len(text) <= _LONGEST_TEXT:
        return Shortened(text, 0)
    pods = _POD.split(text)
    if len(pods) > 1:
        parts = [pod for pod in pods if "Waiting" in pod] or pods
    else:
        lines = text.splitlines(keepends=True)
        hints = set(filter(is_hint, set(lines)))  # a set, because lines of logs repeat
        parts = [line for line in lines if line in hints]
    sizes = _sizes(parts)
    first = _fitting(sizes, _LONGEST_TEXT // 4)
    rest = parts[first:]
    last = _fitting(reversed(sizes[first:]), _LONGEST_TEXT * 3 // 4)
    kept = rest[-max(last, 1) :]  # at least the last one, however long
    return Shortened("".join([*parts[:first], *kept]), len(rest) - len(kept))


def _ended(line: str) -> str:
    """A line, or the first words of a long one."""
    return line if len(line) <= _LONGEST_LINE else line[:_LONGEST_LINE].rpartition(" ")[0]


def _sizes(parts: list[str]) -> list[int]:
    """The cost of each part, in characters."""
    sizes: list[int] = []
    patterns: set[str] = set()
    for part in parts:
        pattern = part.translate(_NO_DIGITS)
        size = _EACH + len(part)
        sizes.append(size // _REPEATS if pattern in patterns else size)
        patterns.add(pattern)
    return sizes


def _fitting(sizes: Iterable[int], room: int) -> int:
    """The number of first parts whose sizes together are at most `room`."""
    return sum(1 for _ in takewhile(room.__ge__, accumulate(sizes)))


def is_hint(record: str) -> bool:
    """True if a record may be about an image. A quick test: most lines of a long log aren't."""
    lower = record.lower()
    return any(hint in lower for hint in HINTS)


def _unwrapped(lines: list[str], width: int) -> list[str]:
    """Join each line with the lines that continue it. `width` is that of a window that cuts words, or 0."""
    joined: list[str] = []
    last = ""  # the line before, unstripped
    for line in lines:
        if _RULE.match(line):
            joined.append("")
        elif not joined or not joined[-1] or not _continues(joined[-1], line):
            joined.append(line[:MOST])
        else:
            is_cut = len(last) == width >= _NARROWEST and not last[-1].isspace() and not line[0].isspace()
            rest = line if is_cut else f" {line.strip()}"
            joined[-1] = joined[-1].rstrip() + rest
        last = line
    return joined


def _width(lines: list[str]) -> int:
    """The width of a window that cuts words: the only width of lines with a continuation; 0 if there is no such one."""
    widths = {len(line) for line, rest in pairwise(lines) if line.strip() and rest.strip() and not _START.match(rest)}
    return widths.pop() if len(widths) == 1 else 0


def _continues(record: str, line: str) -> bool:
    """True if a line continues the record before it."""
    if len(record) >= MOST or record.endswith('"}') or (_PROMPT.match(record) and not record.endswith("\\")):
        return False
    return record.endswith("desc =") or not _START.match(line)


def event_row(about: dict[str, Any], event: dict[str, Any]) -> str:
    """An Event, of v1 or events.k8s.io/v1, as a row of `kubectl get events -A`. Without an object, its message alone.

    `about` is the object that the Event is about. The age in the row is made up; nothing reads it.
    """
    message = " ".join(str(event.get("message") or event.get("note") or "").split())
    if not about.get("name"):
        return message
    place = about.get("namespace") or "default"
    target = f"{str(about.get('kind') or 'Pod').lower()}/{about['name']} {about.get('fieldPath') or ''}"
    return f"{place} 1m Warning {event.get('reason', '')} {target} {message}"


def _undecorated(text: str) -> str:
    """The text without decoration."""
    for decoration in _DECORATIONS:
        if decoration.mark in text:
            text = decoration.pattern.sub(decoration.replacement, text)
    return text


def _without_border(line: str) -> str:
    """A line without borders of a box and marks of a quotation."""
    line = _QUOTED.sub("", line)
    border = _BORDER.match(line.strip())
    return border["inside"] if border else line
