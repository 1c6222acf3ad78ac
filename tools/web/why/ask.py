"""Runs in the page's Python: what was pasted goes in as text, and its explanation comes out as JSON."""

import json
from typing import Any

from kubesim.why.export import explain_export
from kubesim.why.read.load import ExportError
from kubesim.why.tell.report import Flow, Form, parts


def explain(text: str, reply: str) -> str:
    """The explanation's parts, and its Markdown; or what is wrong with the text."""
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
    """An explanation's parts, each with its form; `asks` where the reader's answer decides."""
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
