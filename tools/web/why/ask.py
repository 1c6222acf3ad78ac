"""Runs in the page's Python, and explains a pasted text as JSON."""

import json
from typing import Any

from kubesim.why.export import explain_export
from kubesim.why.read.load import ExportError
from kubesim.why.tell.report import Flow, Form, parts


def explain(text: str, reply: str) -> str:
    """The explanations of a text, in parts and as Markdown, or an error. `reply` is "", "yes" or "no"."""
    try:
        explanation = explain_export([text], answer=reply)
    except ExportError as error:
        return json.dumps({"error": f"kubesim: {error}"})
    return json.dumps(
        {
            "flows": [_flow(flow, explanation.question) for flow in explanation.flows],
            "rests": list(explanation.footer()),
            "markdown": explanation.render("markdown"),
        }
    )


def _flow(flow: Flow, question: str) -> dict[str, Any]:
    """An explanation as JSON. A part `asks` if it is the question for the reader."""
    told = [
        {
            "form": part.form.value,
            "title": part.title,
            "note": part.note,
            "lines": part.lines,
            "isOther": part.is_other,
            "asks": bool(question) and part.lines == (question,),
        }
        for part in parts(flow)
        if part.form is not Form.SUBJECT
        and part.lines != (f"kubesim practice {flow.practice}",)  # the page has a link for that
    ]
    return {"subject": flow.subject, "parts": told, "practice": flow.practice}


explain('Failed to pull image "registry.example.com/a:1": 401 Unauthorized', "")  # reads the tables, before anyone asks
