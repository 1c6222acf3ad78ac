"""The card of all explorables: controls, their values, a rendering of the values, and goals reached by trying.

static/explore.js draws native inputs, sends their values, and shows the HTML that Python returns. It computes nothing.
The functions at the end escape learners' words for the `look` functions.
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

_GOALS = "Goals:"
# Names of icons in static/base.css, by the signs that replace them in plain text.
_ICONS = {"✓": "passed", "✗": "failed", "…": "waiting"}


class Shown(NamedTuple):
    """The rendering of an explorable's values.

    `page` is HTML, `text` has the same content as plain text, and `news` is one sentence for a screen reader. `reached`
    holds the ids of the goals reached by these values. `outputs` has the words beside a range, by the control's name,
    and `limits` a lower maximum of a range than its control has. `picture` is HTML that needs the style sheet, and has
    nothing that `page` doesn't say in words.
    """

    page: str
    text: str
    news: str
    reached: Collection[str] = ()
    outputs: Mapping[str, str] = {}
    limits: Mapping[str, int] = {}
    picture: str = ""


class ExplorableCard(Card):
    """The card of an explorable. `look` is a pure function that renders its values.

    Reached goals stay reached. Once all are, the progress file keeps that under EXPLORED + name.
    """

    _esm = script("explore.js")
    _css = styles("card.css", "explore.css")

    # The present values of the controls, by their names. The page sends new ones with the message "set".
    values = traitlets.Dict().tag(sync=True)

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
            "controls": [_control_fields(control) for control in explorable.controls],
            "invitation": _GOALS,
        }
        self.values = dict(explorable.start())
        self.refresh()

    def do_set(self, values: Mapping[str, Any]) -> None:
        """Take over the values of the page, which may be anything: `cleaned` corrects them."""
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
        """Add goals to the reached ones, and save it when all are reached."""
        if self._reached.issuperset(goals):
            return
        self._reached.update(goals)
        if len(self._reached) == len(self._explorable.goals):
            progress = self._seat.progress
            progress.add(progress.skill_entry(self._kept_as, help_taken=0))

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


def _control_fields(control: Control) -> dict[str, Any]:
    """The fields of a control for explore.js."""
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
    """The values of a notebook that is only read, as a list in HTML."""
    values = explorable.stored()
    settings = ((control.label, _in_words(control, values[control.name], shown)) for control in explorable.controls)
    return markup.listed(f"{markup.inline(label)}: {value}" for label, value in settings)


def _in_words(control: Control, value: str, shown: Shown) -> str:
    """A control's value in words, as HTML."""
    if control.kind == "range":
        return html.escape(shown.outputs[control.name])
    if control.kind == "switch":
        return "on" if value == ON else "off"
    if control.kind == "pick":
        return next(markup.inline(option.label) for option in control.options if option.value == value)
    return ", ".join(map(code, value.split("\n")))


def marked(sign: str, words: str) -> str:
    """Words, given as HTML, behind a sign that the style sheet draws as an icon; unknown signs are left out."""
    icon = _ICONS.get(sign)
    return f'<span class="ks-mark" data-icon="{icon}" aria-hidden="true">{sign}</span> {words}' if icon else words


def table(heads: Sequence[str], rows: Sequence[Sequence[str]], classes: Sequence[str] = (), name: str = "") -> str:
    """A table as HTML; "" without rows. All cells and heads must be HTML already.

    `classes` are the CSS classes of the rows, by default none, and `name` is the class of the table.
    """
    if not rows:
        return ""
    head = "".join(f'<th scope="col">{one}</th>' for one in heads)
    lines = "".join(
        f'<tr class="{row_class}"><td>{"</td><td>".join(row)}</td></tr>'
        for row_class, row in zip(classes or [""] * len(rows), rows, strict=True)
    ).replace(' class=""', "")
    opening = f'<table class="{name}">' if name else "<table>"
    return f"{opening}<thead><tr>{head}</tr></thead><tbody>{lines}</tbody></table>"


def code(text: str, covered: int = 0) -> str:
    """A learner's text, escaped, as <code>. Its first `covered` characters are marked, unprintable ones become �."""
    shown = markup.visible(text)
    start = f'<b class="ks-lit">{html.escape(shown[:covered])}</b>' if covered else ""
    return f"<code>{start}{html.escape(shown[covered:])}</code>"
