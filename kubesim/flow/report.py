"""An explanation for a ticket (Markdown) or for a program (JSON)."""

from __future__ import annotations

import json
from collections.abc import Sequence

from kubesim.api.objects import name_of
from kubesim.flow.facts import Facts
from kubesim.flow.hops import Flow, commands

FORMS = ("text", "markdown", "json")


def markdown(flow: Flow, same: Sequence[str]) -> str:
    """The verdict, its evidence and the fix, with the steps behind a fold. `same` are Pods with the same cause."""
    lines = [f"### {flow.subject}", ""]
    if flow.cause is None:
        lines.append(flow.outcome)
    else:
        lines += [f"**What's wrong** ({flow.sure}): {flow.cause.problem}", ""]
        if flow.evidence:
            lines += [f"> {flow.evidence}", ""]
        lines += ["**How to fix it:**", "", "```console", *commands(flow.cause.fix, ""), "```"]
        if flow.cause.tell:
            lines += ["", f"To check: `{flow.cause.tell}`"]
        if flow.cause.ask:
            lines += ["", f"**A question that decides:** {flow.cause.ask}"]
        for other in flow.cause.others:
            lines += [
                "",
                f"**It may also be this:** {other.problem}",
                "",
                "```console",
                *commands(other.fix, ""),
                "```",
            ]
    steps = [f"{number}. {step}" for number, step in enumerate(flow.story, 1)]
    lines += ["", "<details><summary>Step by step</summary>", "", *steps, "", "</details>"]
    if same:
        lines += ["", f"The same: {', '.join(same)}"]
    return "\n".join(lines)


def as_json(facts: Facts, flow: Flow, same: Sequence[str]) -> str:
    """The same as an object: what is known, how sure it is, and the commands."""
    cause = flow.cause
    known = {
        "namespace": facts.namespace,
        "pod": name_of(facts.pod),
        "container": facts.container["name"],
        "image": facts.image,
        "cause": cause.problem if cause else "",
        "sure": {"certain": "certain", "likely": "most likely", "one": "one of these"}[cause.grade] if cause else "",
        "evidence": flow.evidence,
        "commands": list(cause.fix) if cause else [],
        "check": cause.tell if cause else "",
        "question": cause.ask if cause else "",
        "others": [{"cause": other.problem, "check": other.tell, "commands": list(other.fix)} for other in cause.others]
        if cause
        else [],
        "same": list(same),
    }
    return json.dumps(known, ensure_ascii=False, indent=2)
