"""The explorable `match`: the entries of pull secrets beside an image's name, the order of tries, and the requests."""

from __future__ import annotations

from collections.abc import Sequence

from kubesim.gotext import tabwriter
from kubesim.jupyter.explore.card import Shown, code, table
from kubesim.jupyter.markup import inline, listed, visible
from kubesim.lessons.explore import Values, load_explorables
from kubesim.lessons.explore.match import Entry, Matching, match

_HEADS = ("Tried", "Entry", "Image")


def look(values: Values) -> Shown:
    """Render the comparison of an `image` with `entries`, one on each line. Blank lines are ignored."""
    matching = match(values["image"], [line for line in values["entries"].split("\n") if line.strip()])
    requests = _requests(matching)
    page = f"{_html_table(matching)}<p><b>What is sent</b></p>{listed(map(inline, requests), 'ol')}"
    text = f"{_text_table(matching)}What is sent:\n{_numbered(requests)}"
    return Shown(page, text, requests[0].replace("`", ""), matching.reached())


def _requests(matching: Matching) -> list[str]:
    """A sentence for each try of the node, or one about why there is none."""
    if matching.problem:
        return [_sentence("unparsable", problem=matching.problem)]
    tried = matching.tried()
    if not tried:
        return [_sentence("nothing", host=matching.host)]
    first = _sentence("first", entry=tried[0].text, host=matching.host)
    return [first, *(_sentence("further", entry=entry.text) for entry in tried[1:])]


def _sentence(name: str, **words: str) -> str:
    """A sentence of explorables.yaml with these words in its placeholders.

    Backticks in the words become �, because they would end `code` in the lesson's markup.
    """
    sentence = load_explorables()["match"].says[name]
    return sentence.format_map({key: visible(word).replace("`", "�") for key, word in words.items()})


def _html_table(matching: Matching) -> str:
    rows = [(_order(entry), code(entry.text), _comparison_html(entry, matching.name)) for entry in matching.entries]
    return table(_HEADS, rows, ["ks-hit" if entry.turn else "ks-miss" for entry in matching.entries], "ks-stacked")


def _comparison_html(entry: Entry, name: str) -> str:
    matched = f"{code(name, entry.covered)} " if entry.turn else ""
    return f"{matched}{_reason(entry)}".rstrip()


def _reason(entry: Entry) -> str:
    return _sentence(entry.why) if entry.why else ""


def _order(entry: Entry) -> str:
    return {0: "no", 1: "1st", 2: "2nd", 3: "3rd"}.get(entry.turn, f"{entry.turn}th")


def _text_table(matching: Matching) -> str:
    rows = [[_order(entry), entry.text, _comparison_text(entry, matching.name)] for entry in matching.entries]
    return tabwriter.format([list(_HEADS), *rows], minwidth=0, padding=2) if rows else ""


def _comparison_text(entry: Entry, name: str) -> str:
    matched = f"[{name[: entry.covered]}]{name[entry.covered :]} " if entry.turn else ""
    return f"{matched}{_reason(entry)}".rstrip()


def _numbered(sentences: Sequence[str]) -> str:
    return "\n".join(f"  {number}. {sentence}" for number, sentence in enumerate(sentences, start=1))
