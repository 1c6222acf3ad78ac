"""What all explorables share: their controls, what is shown of the values, and the goals that are reached by trying.

The page's half, static/explore.js, draws native inputs and what Python makes of their values.
"""

from __future__ import annotations

import html
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, NamedTuple

import traitlets

from kubesim.jupyter import markup
from kubesim.jupyter.card import Button, Card, script, styles
from kubesim.jupyter.seat import Seat
from kubesim.lessons.done import EXPLORED
from kubesim.lessons.explore import LONGEST_TEXT, MOST_LINES, ON, Control, Explorable, Values

_GOALS = "Can you get there?"
_ICONS = {"✓": "passed", "✗": "failed", "…": "waiting"}
"""The shapes of static/base.css by the signs that stand for them as text."""


class Shown(NamedTuple):
    """What is shown of an explorable's values.

    `page` is HTML, `text` says the same in plain text, and `news` is one sentence for a screen reader. `reached` are
    the ids of the goals that these values reach. `outputs` are the words beside the numbers on ranges, and `limits` the
    highest numbers of ranges that end earlier than their control says. `picture` is HTML that needs the style sheet; it
    shows nothing that `page` doesn't have in words.
    """

    page: str
    text: str
    news: str
    reached: Collection[str] = ()
    outputs: Mapping[str, str] = {}
    limits: Mapping[str, int] = {}
    picture: str = ""


class ExplorableCard(Card):
    """An explorable whose values `look` turns into what is shown."""

    _esm = script("explore.js")
    _css = styles("card.css", "explore.css")

    values = traitlets.Dict().tag(sync=True)
    """The values of the controls as they are now."""

    def __init__(self, name: str, explorable: Explorable, look: Callable[[Values], Shown], seat: Seat) -> None:
        self._kept_as = EXPLORED + name
        self._explorable = explorable
        self._look = look
        goals = {goal.id for goal in explorable.goals}
        self._reached = goals if self._kept_as in seat.progress.record()["shown"] else set()
        super().__init__(seat)
        self.content = {
            "label": f"Explore: {explorable.title}",
            "title": explorable.title,
            "html": markup.paragraphs(explorable.text),
            "controls": [_drawn(control) for control in explorable.controls],
            "invitation": _GOALS,
        }
        self.values = dict(explorable.start())
        self.refresh()

    def do_set(self, values: Mapping[str, Any]) -> None:
        self.values = dict(self._explorable.cleaned(values))

    def do_restart(self) -> None:
        self.values = dict(self._explorable.start())

    def refresh(self) -> None:
        shown = self._look(self.values)
        self._reach(shown.reached)
        is_changed = self.values != self._explorable.start()
        buttons: list[Button] = [("restart", "Start over")] if is_changed else []
        self.feedback = {
            "page": shown.picture + shown.page,
            "news": shown.news,
            "outputs": dict(shown.outputs),
            "limits": dict(shown.limits),
            "goals": [
                {"ok": goal.id in self._reached, "what": markup.inline(goal.what)} for goal in self._explorable.goals
            ],
            "buttons": buttons,
        }

    def _reach(self, goals: Collection[str]) -> None:
        """Tick goals off, and keep when all of them were reached."""
        if self._reached.issuperset(goals):
            return
        self._reached.update(goals)
        if len(self._reached) == len(self._explorable.goals):
            progress = self._seat.progress
            progress.add(progress.shown(self._kept_as, 0))

    def plain(self) -> str:
        explorable = self._explorable
        goals = [f"  - {markup.plain_text(goal.what)}" for goal in explorable.goals]
        invitation = [_GOALS, *goals] if goals else []
        text = self._look(explorable.stored()).text
        return "\n".join([self.content["label"], markup.plain_text(explorable.text), text, *invitation])

    def static_html(self) -> str:
        explorable = self._explorable
        shown = self._look(explorable.stored())
        goals = markup.listed(markup.inline(goal.what) for goal in explorable.goals)
        invitation = f"<p>{_GOALS}</p>{goals}" if goals else ""
        title = html.escape(self.content["label"])
        return f"<p><b>{title}</b></p>{self.content['html']}{_settings(explorable, shown)}{shown.page}{invitation}"


def _drawn(control: Control) -> dict[str, Any]:
    """A control as the page draws it."""
    return {
        "name": control.name,
        "kind": control.kind,
        "label": markup.inline(control.label),
        "options": [[option.value, markup.inline(option.label)] for option in control.options],
        "least": control.least,
        "most": control.most,
        "step": control.step,
        "longest": LONGEST_TEXT,
        "lines": MOST_LINES,
    }


def _settings(explorable: Explorable, shown: Shown) -> str:
    """The values that a notebook shows where it is only read, as a list."""
    values = explorable.stored()
    rows = ((control.label, _told(control, values[control.name], shown)) for control in explorable.controls)
    return markup.listed(f"{markup.inline(label)}: {told}" for label, told in rows)


def _told(control: Control, value: str, shown: Shown) -> str:
    """A value in HTML."""
    if control.kind == "range":
        return html.escape(shown.outputs[control.name])
    if control.kind == "switch":
        return "on" if value == ON else "off"
    if control.kind == "pick":
        return next(markup.inline(option.label) for option in control.options if option.value == value)
    return ", ".join(map(code, value.split("\n")))


def marked(sign: str, words: str) -> str:
    """Words, which are HTML already, behind a sign that the page draws as an icon."""
    icon = _ICONS.get(sign)
    return f'<span class="ks-mark" data-icon="{icon}" aria-hidden="true">{sign}</span> {words}' if icon else words


def table(heads: Sequence[str], rows: Sequence[Sequence[str]], looks: Sequence[str] = (), name: str = "") -> str:
    """A table as HTML, "" without rows; its cells are HTML already.

    `looks` are the classes of its rows, if they have any, and `name` is the table's.
    """
    if not rows:
        return ""
    head = "".join(f'<th scope="col">{one}</th>' for one in heads)
    lines = "".join(
        f'<tr class="{look}"><td>{"</td><td>".join(row)}</td></tr>'
        for look, row in zip(looks or [""] * len(rows), rows, strict=True)
    ).replace(' class=""', "")
    opening = f'<table class="{name}">' if name else "<table>"
    return f"{opening}<thead><tr>{head}</tr></thead><tbody>{lines}</tbody></table>"


def code(text: str, covered: int = 0) -> str:
    """What a learner typed as HTML, with its first `covered` characters marked; what can't be seen is shown as �."""
    visible = "".join(character if character.isprintable() else "�" for character in text)
    marked = f'<b class="ks-lit">{html.escape(visible[:covered])}</b>' if covered else ""
    return f"<code>{marked}{html.escape(visible[covered:])}</code>"
