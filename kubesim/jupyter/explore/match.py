"""The explorable `match`: an image's name and entries, the part that matches, the order of tries, and what is sent."""

from __future__ import annotations

from collections.abc import Sequence

from kubesim.gotext import tabwriter
from kubesim.jupyter.explore.card import Shown, code
from kubesim.jupyter.markup import inline, listed
from kubesim.lessons.explore import Values
from kubesim.lessons.explore.match import Entry, Matching, match

_HEADS = ("Tried", "Entry", "Image")


def look(values: Values) -> Shown:
    """What is shown of an image and entries, one on each line; empty lines are left out."""
    matching = match(values["image"], [line for line in values["entries"].split("\n") if line.strip()])
    sent = _sent(matching)
    page = f"{_table(matching)}<p><b>What is sent</b></p>{listed(map(inline, sent), 'ol')}"
    text = f"{_text_table(matching)}What is sent:\n{_numbered(sent)}"
    return Shown(page, text, sent[0].replace("`", ""), matching.reached())


def _sent(matching: Matching) -> list[str]:
    """What the node sends, try by try."""
    if matching.problem:
        return [f"Nothing. The kubelet can't parse the image's name: `{_visible(matching.problem)}`."]
    host = matching.host
    tried = matching.tried()
    if not tried:
        return [f"Nothing. No entry matches, and the node asks `{host}` without a password."]
    first = f"The username and password of the entry `{_visible(tried[0].text)}` go to `{host}`."
    return [first, *(f"Only if that fails: those of `{_visible(entry.text)}`." for entry in tried[1:])]


def _visible(text: str) -> str:
    """A text without the characters that can't be seen, and without those that would end a code."""
    return "".join(letter if letter.isprintable() and letter != "`" else "�" for letter in text)


def _table(matching: Matching) -> str:
    if not matching.entries:
        return ""
    rows = "".join(
        f'<tr class="ks-{"hit" if entry.turn else "miss"}"><td>{_turn(entry)}</td><td>{code(entry.text)}</td>'
        f"<td>{_comparison(entry, matching.name)}</td></tr>"
        for entry in matching.entries
    )
    heads = "".join(f'<th scope="col">{head}</th>' for head in _HEADS)
    return f"<table><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>"


def _comparison(entry: Entry, name: str) -> str:
    why = f" {entry.why}" if entry.why else ""
    return f"{code(name, entry.covered)}{why}" if entry.turn else entry.why


def _turn(entry: Entry) -> str:
    return {0: "no", 1: "1st", 2: "2nd", 3: "3rd"}.get(entry.turn, f"{entry.turn}th")


def _text_table(matching: Matching) -> str:
    rows = [[_turn(entry), entry.text, _told(entry, matching.name)] for entry in matching.entries]
    return tabwriter.format([list(_HEADS), *rows], minwidth=0, padding=2) if rows else ""


def _told(entry: Entry, name: str) -> str:
    return f"[{name[: entry.covered]}]{name[entry.covered :]} {entry.why}".rstrip() if entry.turn else entry.why


def _numbered(sentences: Sequence[str]) -> str:
    return "\n".join(f"  {number}. {sentence}" for number, sentence in enumerate(sentences, start=1))
