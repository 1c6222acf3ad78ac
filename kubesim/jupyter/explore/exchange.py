"""The explorable `exchange`: the HTTP requests of one pull, header by header, with a password or without."""

from __future__ import annotations

import html
from collections.abc import Iterator, Sequence

from kubesim.jupyter.explore.card import Shown
from kubesim.jupyter.markup import inline
from kubesim.lessons.explore import Values, load_explorables
from kubesim.lessons.explore.exchange import Line, Step, tell


def look(values: Values) -> Shown:
    """Render the first requests of a pull of the value `image` as user `who`; `count` is their number."""
    says = load_explorables()["exchange"].says
    story = tell(values["image"], values["who"])
    count = min(int(values["count"]), len(story.steps))
    is_whole = count == len(story.steps)
    steps = story.steps[:count]
    end = error = ""
    if is_whole:
        end = says["failed"] if story.error else says["pulled"]
        error = story.error
    items = "".join(f"<li>{_step_html(step, inline(says[step.meaning]))}</li>" for step in steps)
    end_html = f"<p><b>{inline(end)}</b></p>" if end else ""
    error_html = f"<pre>{html.escape(error)}</pre>" if error else ""
    page = f'<ol class="ks-exchange">{items}</ol>{end_html}{error_html}'
    lines = [line for number, step in enumerate(steps, 1) for line in _step_text(number, step, says[step.meaning])]
    text = "\n".join([*lines, *filter(None, [end, error])])
    news = f"{says[steps[-1].meaning]} {end}".strip().replace("`", "")
    outputs = {"count": f"{count} of {len(story.steps)}"}
    reached = story.reached() if is_whole else ()
    return Shown(page, text, news, reached, outputs, {"count": len(story.steps)})


def _step_html(step: Step, meaning: str) -> str:
    """A request and its response as HTML. `meaning` is HTML already."""
    parts = {"containerd sends": step.request, f"{step.host} answers": step.response}
    messages = "".join(
        f"<div><b>{html.escape(title)}</b><pre>{_message_html(lines)}</pre></div>" for title, lines in parts.items()
    )
    return f'<div class="ks-message">{messages}</div><p>{meaning}</p>'


def _message_html(lines: Sequence[Line]) -> str:
    return "\n".join(map(_line_html, lines))


def _line_html(line: Line) -> str:
    text = html.escape(line.text, quote=False)
    marked = f'<b class="ks-lit">{text}</b>' if line.is_about_who else text
    return f"{marked}\n  ({html.escape(line.decoded)} in Base64)" if line.decoded else marked


def _step_text(number: int, step: Step, meaning: str) -> Iterator[str]:
    """A request and its response as lines of plain text."""
    for sign, lines in ((">", step.request), ("<", step.response)):
        yield f"{number}. containerd to {step.host}:" if sign == ">" else f"   {step.host} answers:"
        for line in lines:
            yield f"   {sign} {line.text}".rstrip()
            if line.decoded:
                yield f"   {sign}   ({line.decoded} in Base64)"
    yield f"   {meaning}"
