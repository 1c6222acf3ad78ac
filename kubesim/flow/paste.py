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
    *((name, re.compile(name), sign) for name, sign in (("&quot;", '"'), ("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&"))),
    ("\\n", re.compile(r"\\+n(?![\w])"), " "),  # a line end that was escaped
    ('\\"', re.compile(r'\\+"'), '"'),  # quotes in quotes
    ("<", re.compile(r"<(?![^<>\n]*-\w+[ =])([^<>\n]{1,40})>"), lambda part: f"<{part[1].strip().replace(' ', '-')}>"),
    (
        ". ",
        re.compile(r"(?<=[a-z0-9])\. (?=(?:io|com|dev|org|net)/)|(?<=[a-z])\. (?=k8s\.)"),
        ".",
    ),  # a translator's spaces
    ("/pause: ", re.compile(r"/pause: (?=\d)"), "/pause:"),
)
_SAYS = ("message", "msg", "log", "textpayload", "reason", "err", "error", "image")
"""Keys, in lower case, of what an entry of a log, an event or a status says."""
_SPACE = re.compile(r"\s*")
_BORDER = re.compile(r"^[│┃║|] ?(?P<inside>.*?) ?[│┃║|]?$")
_RULE = re.compile(r"^[\s│┃║|+\-─━═┌┐└┘├┤┬┴┼╭╮╰╯=]*$")
_OPEN = re.compile(r"(?:desc =|[a-z\"]:|=)\s*$")
"""How a message ends whose rest is on the next line."""
_QUOTED = re.compile(r"^(?:> ?)+")
_START = re.compile(
    r"\s*(?:"
    r"(?:Normal|Warning)\b|(?:Failed|BackOff|Pulling|Pulled|Scheduled|InspectFailed|Created|Started)\s|"
    r"Failed to |Error: |Error response |Error from |ERROR|Error syncing|Back-off |FATA\[|INFO\[|WARN\[|ctr: |"
    r"Successfully |Container image |Unable to |docker |kubectl |crictl |"
    r"[IWEF]\d{4} |\S*\d{4}-\d\d-\d\d[T ]|[A-Z][a-z]{2} +\d+ \d\d:\d\d|\d+:\d\d(?::\d\d)? ?[AP]M|time=|[{}$#%\u276f]|"
    r"\S+[@:~]\S*[$#%] |(?:\d+[smhd])+\s|<unknown>|<invalid>|\d+ times in |"
    r"\S+\s+(?:(?:\d+[smhd])+|<unknown>)(?: \(x\d+ over \S+\))?\s+(?:Normal|Warning)\s|[\w.-]+:\s*$|"
    r"- |\.\.\.|\[[\w-]+\] |[\u3040-\u9fff\uac00-\ud7af]|"
    r"(?:apiVersion|kind|metadata|spec|status|containers?|(?:init)?[cC]ontainerStatuses|initContainers|image"
    r"|imageID|name|namespace|reason|message|state|waiting|lastState|ready|phase|type|involvedObject|\w+Timestamp|count|source|data"
    r"|conditions): ?|[A-Z][\w-]*(?: [A-Z][\w-]*)?:(?:\s|$)|NAME\s|NAMESPACE\s|LAST SEEN|Type\s+Reason|"
    r"\S+\s+(?:\S+\s+)?\d+/\d+\s+\w"
    r")"
)


def records(text: str, cuts: bool = True) -> list[str]:
    """The records of a text, each in one line. With `cuts`, lines of equal width are taken as cut within words."""
    lines = [line for part in _unpacked(text) for line in _bare(part).splitlines()]
    inside = [_inside(line) for line in lines]
    following = pairwise(inside)
    widths = {len(line) for line, after in following if line.strip() and after.strip() and not _START.match(after)}
    width = (
        widths.pop() if cuts and len(widths) == 1 else 0
    )  # of a window that cuts words; an editor breaks lines at spaces
    joined: list[str] = []
    last = ""  # the line before, as wide as it was
    for line in inside:
        is_text = line.strip() and not _RULE.match(line)
        if joined and joined[-1] and is_text and _continues(joined[-1], line):
            is_cut = len(last) == width >= _NARROWEST and last[-1:].strip() and line[:1].strip()
            joined[-1] = joined[-1].rstrip() + ("" if is_cut else " ") + (line if is_cut else line.strip())
        else:
            joined.append("" if _RULE.match(line) else line[:MOST])
        last = line
    return joined


def _continues(record: str, line: str) -> bool:
    """Whether a line is the rest of the record before it."""
    is_open = len(record) > _NARROWEST // 2 and _OPEN.search(record)
    return len(record) < MOST and bool(is_open or not _START.match(line))


def _unpacked(text: str) -> Iterator[str]:
    """The text, and what JSON in it holds: the entries of a log, each with its fields."""
    stripped = text.strip().removeprefix("```json").strip("`\n ")
    if not stripped.startswith("{"):
        yield text
        return
    decoder, at = json.JSONDecoder(), 0
    while at < len(stripped):
        try:
            value, at = decoder.raw_decode(stripped, at)
        except (ValueError, RecursionError):
            yield stripped[at:]
            return
        yield "\n".join(_texts(value))
        at = _SPACE.match(stripped, at).end()  # type: ignore[union-attr]  # it always matches


def _texts(value: Any, key: str = "") -> Iterator[str]:
    """What entries of logs and statuses say, and nothing that stands under another key."""
    if isinstance(value, dict):
        for name, item in value.items():
            yield from _texts(item, name.lower())
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item, key)
    elif isinstance(value, str) and key in _SAYS:
        yield f"image: {value}" if key == "image" else " ".join(value.split("\n"))


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
