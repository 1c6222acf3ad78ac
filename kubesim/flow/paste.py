"""Takes the dress off a pasted text: fences, boxes, colors, links, quotes; joins the lines that were wrapped.

What is left are records, one a line, each with its indentation: a row of a table, a field, an entry of a log, a
message.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

MOST = 10_000
"""Characters of a record that are read."""
_NARROWEST = 60  # columns of a window that wraps lines

_DRESS: tuple[tuple[str, re.Pattern[str], Any], ...] = (  # what is in such a text; what to take off; what to put there
    ("\x1b", re.compile(r"\x1b\[[0-9;?]*[A-Za-z]"), ""),  # ANSI colors
    ("\ufeff", re.compile("\ufeff"), ""),
    ("\u200b", re.compile("\u200b"), ""),
    ("](", re.compile(r"!\[[^\]\n]{0,200}\]\([^)\s]{0,400}\)"), ""),  # a picture in Markdown
    ("](", re.compile(r"\[([^\]\n]{1,400})\]\(https?://[^)\s]{0,600}\)"), r"\1"),  # a link in Markdown
    ("**", re.compile(r"\*\*"), ""),
    ("`", re.compile(r"```+[a-z]*|`"), ""),
    ("~~~", re.compile(r"~~~+"), ""),
    *((quote, re.compile(quote), '"') for quote in "\u201c\u201d\u201e\u00ab\u00bb"),
    *((quote, re.compile(quote), "'") for quote in "\u2018\u2019"),
    ("\uff1a", re.compile("\uff1a"), ": "),  # a colon as wide as a Chinese sign
    *((name, re.compile(name), sign) for name, sign in (("&quot;", '"'), ("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&"))),
    ("\\n", re.compile(r"\\+n(?![\w])"), " "),  # a line end that was escaped
    ('\\"', re.compile(r'\\+"'), '"'),  # quotes in quotes
    ("<", re.compile(r"<(?![^<>\n]*-\w+[ =])([^<>\n]{1,40})>"), lambda part: f"<{part[1].strip().replace(' ', '-')}>"),
    (". ", re.compile(r"(?<=[a-z0-9])\. (?=(?:io|com|dev|org|net)/)|(?<=[a-z])\. (?=k8s\.)"), "."),  # a translator's
    ("/pause: ", re.compile(r"/pause: (?=\d)"), "/pause:"),
)
_SAYS = ("message", "msg", "log", "textpayload", "reason", "err", "error", "image")
"""Keys, in lower case, of what an entry of a log, an event or a status says."""
_BRACE = re.compile(r"^[ \t]*(?=\{\s*\")", re.MULTILINE)
_MOST_BROKEN = 20
"""Braces that may turn out to begin no JSON, before the rest of a text is taken as lines."""
_BORDER = re.compile(r"^[│┃║|] ?(?P<inside>.*?) ?[│┃║|]?$")
_RULE = re.compile(r"^[\s│┃║|+\-─━═┌┐└┘├┤┬┴┼╭╮╰╯=]*$")
_OPEN = re.compile(r"(?:desc =|[a-z\"]:|=)\s*$")
"""How a message ends whose rest is on the next line."""
_QUOTED = re.compile(r"^(?:> ?)+")
_DEBUG = re.compile(r"^\s*(?:DEBU|TRAC)\[|\blevel=(?:debug|trace)\b")
"""An entry of a log that tells each step of what goes well, too."""
_STARTS = {
    "a row of events": r"(?:Normal|Warning)\b|"
    r"(?:Failed|BackOff|Pulling|Pulled|Scheduled|InspectFailed|Created|Started)\s",
    "a row that begins with its age, or with a namespace": r"(?:\d+[smhd])+\s|<unknown>|<invalid>|\d+ times in |"
    r"\S+\s+(?:(?:\d+[smhd])+|<unknown>)(?: \(x\d+ over \S+\))?\s+(?:Normal|Warning)\s",
    "a row of Pods": r"\S+\s+(?:\S+\s+)?\d+/\d+\s+\w",
    "a header": r"NAME\s|NAMESPACE\s|LAST SEEN|Type\s+Reason",
    "a message": r"Failed to |Error: |Error response |Error from |ERROR|Error syncing|Back-off |Successfully |"
    r"Container image |Unable to |ctr: ",
    "a command": r"docker |kubectl |crictl |[{}$#%\u276f\u279c]|\S+[@:~]\S*[$#%] ",
    "a log": r"[IWEF]\d{4} |\S*\d{4}-\d\d-\d\d[T ,]|\[(?:Normal|Warning)\]|"
    r"[A-Z][a-z]{2} +\d+ \d\d:\d\d|\d+:\d\d(?::\d\d)? ?[AP]M|time=|"
    r"[A-Z]{4}\[\d+\]|#\d+ ",
    "an exception": r"[\w.]+(?:Exception|Error): |at [\w.$]+\(",
    "an item": r"[-*] |\.\.\.|\[[\w-]+\] ",
    "prose without spaces": r"[\u3040-\u9fff\uac00-\ud7af]",
    "a field of YAML": r"(?:apiVersion|kind|metadata|spec|status|containers?|(?:init)?[cC]ontainerStatuses"
    r"|initContainers|image|imageID|name|namespace|reason|message|state|waiting|lastState|ready|phase|type"
    r"|involvedObject|\w+Timestamp|count|source|data|conditions): ?|[\w.-]+:\s*$",
    "a field that Spark's driver logs": r"(?:pod|container) (?:name|image|state|status): |pending reason: ",
    "a field of describe": r"[A-Z][\w-]*(?: [A-Z][\w-]*)?:(?:\s|$)",
}
"""How a line looks that isn't the rest of the one before it."""
_START = re.compile(rf"\s*(?:{'|'.join(_STARTS.values())})")


def records(text: str, cuts: bool = True) -> list[str]:
    """The records of a text, each in one line. With `cuts`, lines of equal width are taken as cut within words."""
    found: list[str] = []
    for part in _parts(text):
        if isinstance(part, str):
            found += _unwrapped([_inside(line) for line in _bare(part).splitlines()], cuts)
        else:
            found += map(_bare, _entries(part))
    return [record for record in found if not _DEBUG.search(record[:400])]


def _unwrapped(lines: list[str], cuts: bool) -> list[str]:
    """The lines, each with those that continue it."""
    width = _width(lines) if cuts else 0
    joined: list[str] = []
    last = ""  # the line before, as wide as it was
    for line in lines:
        is_text = line.strip() and not _RULE.match(line)
        if joined and joined[-1] and is_text and _continues(joined[-1], line):
            is_cut = len(last) == width >= _NARROWEST and last[-1:].strip() and line[:1].strip()
            joined[-1] = joined[-1].rstrip() + ("" if is_cut else " ") + (line if is_cut else line.strip())
        else:
            joined.append("" if _RULE.match(line) else line[:MOST])
        last = line
    return joined


def _width(lines: list[str]) -> int:
    """The columns of a window that cuts words; 0 where lines of different widths go on, as an editor breaks them."""
    widths = {
        len(line) for line, after in pairwise(lines) if line.strip() and after.strip() and not _START.match(after)
    }
    return widths.pop() if len(widths) == 1 else 0


def _continues(record: str, line: str) -> bool:
    """Whether a line is the rest of the record before it."""
    is_open = len(record) > _NARROWEST // 2 and _OPEN.search(record[-_NARROWEST:])
    return len(record) < MOST and bool(is_open or not _START.match(line))


def _parts(text: str) -> Iterator[str | dict[str, Any]]:
    """The text in its order, and the objects that are in it as JSON."""
    decoder = json.JSONDecoder()
    at = broken = 0
    for brace in _BRACE.finditer(text):
        if brace.start() < at or broken > _MOST_BROKEN:
            continue
        try:
            value, end = decoder.raw_decode(text, brace.end())
        except (ValueError, RecursionError):
            broken += 1
            continue
        yield text[at : brace.start()]
        yield value
        at = end
    yield text[at:]


def _entries(value: Any, key: str = "") -> Iterator[str]:
    """What entries of logs, events and statuses say, and nothing that stands under another key."""
    if isinstance(value, dict):
        about = value.get("involvedObject") or value.get("regarding")
        if isinstance(about, dict) and ("message" in value or "note" in value):
            yield event_row(about, value)
            return
        for name, item in value.items():
            yield from _entries(item, name.lower())
    elif isinstance(value, list):
        for item in value:
            yield from _entries(item, key)
    elif isinstance(value, str) and key in _SAYS:
        yield f"image: {value}" if key == "image" else " ".join(value.split("\n"))


def event_row(about: dict[str, Any], event: dict[str, Any]) -> str:
    """An Event, of v1 or of events.k8s.io/v1, as `kubectl get events -A` lists it; of no object, what it says."""
    message = " ".join(str(event.get("message") or event.get("note") or "").split())
    if not about.get("name"):
        return message
    place = about.get("namespace") or "default"
    target = f"{str(about.get('kind') or 'Pod').lower()}/{about['name']} {about.get('fieldPath') or ''}"
    return f"{place} 1m Warning {event.get('reason', '')} {target} {message}"


def _bare(text: str) -> str:
    for mark, pattern, instead in _DRESS:
        if mark in text:
            text = pattern.sub(instead, text)
    return text


def _inside(line: str) -> str:
    """A line without the borders of a box and the marks of a quotation."""
    line = _QUOTED.sub("", line)
    border = _BORDER.match(line.strip()) if line.lstrip()[:1] in "│┃║|" and line.strip() else None
    return border["inside"] if border else line
