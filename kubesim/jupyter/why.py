"""`%why POD`, `%%why` above pasted text, and a box to paste it into: explanations of failed pulls, as text and HTML.

The explanations come from kubesim.why, and the text is the same as that of `kubesim why`. This module arranges their
parts as HTML; challenge.py uses `page`, too.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Sequence
from itertools import groupby

import traitlets
from IPython.display import display

from kubesim.jupyter import markup
from kubesim.jupyter.arguments import read_target
from kubesim.jupyter.card import Button, Card, script, styles
from kubesim.jupyter.refusal import Refusal
from kubesim.jupyter.seat import Seat
from kubesim.session.flow import trace_flow
from kubesim.why.export import Explanations, explain_export
from kubesim.why.read.load import ExportError
from kubesim.why.tell.report import FORMS, Flow, Form, Part, parts

# The CSS classes of the box around a part; other parts stand outside a box.
_BOXES = {
    Form.VERDICT: "ks-verdict ks-wrong",
    Form.DETAIL: "ks-verdict ks-wrong",
    Form.EVIDENCE: "ks-verdict ks-wrong",
    Form.PODS: "ks-verdict ks-wrong",
    Form.FIX: "ks-fix",
    Form.CHECK: "ks-fix",
    Form.PARAGRAPH: "ks-fix",
}

_PASTE = (
    "Paste what you have of a pull that failed in a real cluster. The more you paste, the more certain the answer: "
    "`kubectl get pod,sa,events -o yaml`, `kubectl describe pod`, `kubectl get events`, or just the message."
)
_HOW = "It's read here and nowhere else: nothing is sent or kept, and no password is shown."
# The buttons for the question at the end of some explanations.
_ANSWERS = (("yes", "Yes"), ("no", "No"))
_OPTIONS = re.compile(
    r"(\s*(--pod\s+(?P<pod>\S+)|--answer\s+(?P<answer>yes|no)|(-o|--output)\s+(?P<form>markdown|json)))*\s*"
)


def why(arguments: str, seat: Seat) -> None:
    """Explain the last pull of a Pod (`%why POD`), or display the box for pasted text (`%why`).

    Raises Refusal with the usage for other arguments. The challenge charges for the explanation, which it finds in
    `session.explained`.
    """
    if not arguments.strip():
        display(Paste(seat))
        return
    usage = "which Pod? %why POD [-n NAMESPACE] [-c CONTAINER] [-o markdown|json]"
    asked = read_target(arguments, "n:c:o:", usage)
    seat.session.explained.append(asked.namespace)
    flow = trace_flow(seat.cluster, asked.namespace, asked.pod, asked.container)
    if asked.form == "text":
        _display(flow.why(), page(Explanations([flow])))
    else:
        print(FORMS[asked.form](flow))  # noqa: T201


def why_cell(arguments: str, cell: str) -> None:
    """Explain the failed pulls in a cell's text: an export, other output of kubectl, or a message (`%%why`).

    Raises Refusal for unknown options, and for text that can't be explained.
    """
    options = _OPTIONS.fullmatch(arguments)
    if options is None:
        raise Refusal("%%why [--pod NAME] [--answer yes|no] [-o markdown|json]")
    try:
        explanation = explain_export([cell], options["pod"] or "", options["answer"] or "")
    except ExportError as error:
        raise Refusal(str(error)) from None
    if options["form"]:
        print(explanation.render(options["form"]), end="")  # noqa: T201
    else:
        _display(explanation.render().rstrip(), page(explanation, is_elsewhere=True))


def _display(text: str, html_page: str) -> None:
    display({"text/plain": text, "text/html": html_page}, raw=True)


class Paste(Card):
    """A text field for an export, other output of kubectl or a message, and its explanation below. Keeps no text.

    In the messages "check", "yes" and "no", `answer` is the pasted text: quiz.js sends what is in the field.
    """

    _esm = script("quiz.js")
    _css = styles("card.css", "flow.css")

    # Always "", because quiz.js needs the trait. Pasted text may have passwords, so it is never synced or saved.
    answer = traitlets.Unicode().tag(sync=True)

    def __init__(self, seat: Seat) -> None:
        content = {"kind": "paste", "label": "Your own case", "html": markup.inline(_PASTE), "how": _HOW}
        super().__init__(seat, content={**content, "choices": [], "run": ""})
        self._show("", "")

    def do_check(self, answer: str) -> None:
        self._explain(answer)

    def do_yes(self, answer: str) -> None:
        """Explain again, with "yes" for the explanation's question."""
        self._explain(answer, "yes")

    def do_no(self, answer: str) -> None:
        """Explain again, with "no" for the explanation's question."""
        self._explain(answer, "no")

    def _explain(self, pasted: str, yes_or_no: str = "") -> None:
        """Show the explanation of pasted text, with buttons if it asks a question."""
        try:
            explanation = explain_export([pasted], answer=yes_or_no)
        except ExportError as error:
            self._show("wrong", f"kubesim: {error}")
        else:
            answers = _ANSWERS if explanation.question else ()
            self._show("right", "Explained", page(explanation, is_elsewhere=True), answers)

    def plain(self) -> str:
        return f"{self.content['label']}: {_PASTE}"

    def static_html(self) -> str:
        return f"<p><b>{self.content['label']}</b> {markup.inline(_PASTE)}</p>"

    def _show(self, verdict: str, heading: str, explanation: str = "", answers: Sequence[Button] = ()) -> None:
        buttons = [("check", "Explain"), *answers]
        fields = {"verdict": verdict, "heading": heading, "explanation": explanation, "buttons": buttons}
        self.feedback = {**fields, "notes": [], "hints": [], "revealed": ""}


# HTML


def page(explanations: Explanations, is_elsewhere: bool = False) -> str:
    """An explanation as HTML, with the same content as `Explanations.render`.

    `is_elsewhere` marks an explanation of another cluster: its commands get no button "Run in terminal".
    """
    parts = ["".join(_story(flow)) for flow in explanations.flows]
    parts += [f"<p>{_escaped(line)}</p>" for line in explanations.footer()]
    place = " ks-elsewhere" if is_elsewhere else ""
    return f'<div class="ks-flow ks-why{place}">{"".join(parts)}</div>'


def _story(flow: Flow) -> Iterator[str]:
    """The explanation of one flow: its subject as a heading, then its parts, neighbours of one style in one box."""
    yield f"<h3>{_escaped(flow.subject)}</h3>"
    below = (part for part in parts(flow) if part.form is not Form.SUBJECT)
    for style, together in groupby(below, key=lambda part: _BOXES.get(part.form, "")):
        inside = "".join(map(_part, together))
        yield f'<div class="{style}">{inside}</div>' if style else inside


def _part(part: Part) -> str:
    """A part of an explanation as HTML. Its title is our own text; its lines may be the learner's, and are escaped."""
    lines = [_escaped(line) for line in part.lines]
    title = f"{part.title}: " if part.title else ""
    heading = f"<h4>{part.title}{part.note}</h4>" if part.title else ""
    match part.form:
        case Form.VERDICT:
            body = f"<p><b>{part.title}</b>{part.note}: {lines[0]}</p>"
        case Form.EVIDENCE:
            body = f"<p><b>{part.title}</b></p><pre>{lines[0]}</pre>"
        case Form.CHECK if part.is_other:
            body = f"<p>{part.title}:</p>{markup.listing(part.lines)}"
        case Form.FIX | Form.CHECK:
            body = heading + markup.listing(part.lines)
        case Form.PARAGRAPH:
            body = f"{heading}<p>{lines[0]}</p>"
        case Form.STEPS:
            body = markup.details(part.title, markup.listed(lines, "ol"))
        case Form.POINTS:
            body = heading + markup.listed(lines)
        case Form.PODS | Form.DETAIL | Form.LINE | Form.COMMAND | Form.LINK:
            body = f"<p>{title}{lines[0]}</p>"
    return body


def _escaped(text: str) -> str:
    return html.escape(text, quote=False)
