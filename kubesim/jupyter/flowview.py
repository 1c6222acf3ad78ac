"""A Flow as HTML: the picture for `%flow`, and the parts of it that the workbench shows one by one.

Tracing a flow is session.flow's work, and drawing it drawing.py's. This module adds the words around the picture.
"""

from __future__ import annotations

import html
from typing import Any

from kubesim.api.clock import Micros, parse_time
from kubesim.api.objects import Object, name_of, namespace_of
from kubesim.api.resources import POD, SECRET
from kubesim.cluster import Cluster
from kubesim.jupyter import drawing, markup
from kubesim.jupyter.seat import Seat, time_of_day
from kubesim.pull.attempt import check_secret
from kubesim.session.attempts import PULLED, ContainerAttempt, last_attempts
from kubesim.session.flow import trace_flow
from kubesim.why.tell.anatomy import Layer, anatomy
from kubesim.why.tell.report import Flow


def advice_html(flow: Flow) -> str:
    """The problem and the commands that fix it, or the outcome of a flow without a problem, as HTML."""
    if flow.cause is None:
        return f'<p class="ks-outcome">{html.escape(flow.outcome, quote=False)}</p>'
    title = html.escape(flow.cause.title)
    problem = html.escape(flow.cause.problem, quote=False)
    fix = markup.listing(flow.cause.fix)
    return f"<p><b>What's wrong</b> ({title}): {problem}</p><p><b>How to fix it:</b></p>{fix}"


def story_html(flow: Flow) -> str:
    return markup.listed((html.escape(sentence, quote=False) for sentence in flow.story), "ol")


def anatomy_html(flow: Flow) -> str:
    """The error message as nested boxes, one for each program that wrapped it; "" if no program did."""
    *outer, reason = anatomy(flow.message)
    if not outer:
        return ""
    nested = _layer(reason, "<b>← Read from here</b>")
    for layer in reversed(outer):
        nested = _layer(layer, nested)
    return nested


def _layer(layer: Layer, inside: str) -> str:
    words = html.escape(layer.words.strip(), quote=False)
    return f'<div class="ks-layer"><small>{layer.who}</small> <code>{words}</code> {inside}</div>'


def announcement(flow: Flow) -> str:
    """One sentence about the flow, for a screen reader."""
    return f"{flow.cause.title}: failed. {flow.cause.problem}" if flow.cause else flow.outcome


def attempt_fields(cluster: Cluster, namespace: str, name: str) -> dict[str, Any]:
    """The last attempt to pull an image of a Pod, as fields of the workbench's `path`.

    `attempt` identifies it, so that the page notices a new one; "" if there was none. During the back-off after it,
    `past` is its time of day and what has changed since, `next` is the time of day of the next attempt, and `pause` the
    seconds between the two; without a back-off, these three are "", "" and 0. Of several containers, the one with the
    longest back-off counts.
    """
    fields: dict[str, Any] = {"attempt": "", "past": "", "next": "", "pause": 0}
    pod = cluster.api.find(POD, namespace, name)
    if pod and (last := max(last_attempts(cluster, pod), key=lambda one: one.until, default=None)):
        fields["attempt"] = f"{name} {last.at}"
        if last.until > cluster.clock.now and last.outcome not in PULLED:
            fields["past"] = f"{time_of_day(last.at)}{_change_since(cluster, pod, last)}"
            fields["next"] = time_of_day(last.until)
            fields["pause"] = last.pause
    return fields


def _change_since(cluster: Cluster, pod: Object, last: ContainerAttempt) -> str:
    """The first pull secret created, deleted or changed after an attempt: ", before the Secret regcred existed".

    "" if all are as the kubelet saw them. The kubelet's trace of the attempt has what it saw.
    """
    trace = cluster.kubelet.traces[namespace_of(pod), name_of(pod), last.container]
    for seen in trace.secrets:
        secret = cluster.api.find(SECRET, namespace_of(pod), seen.name)
        if seen.exists and secret is None:
            return f", before the Secret {seen.name} was deleted"
        if secret and created(secret) > last.at:
            return f", before the Secret {seen.name} {'was recreated' if seen.exists else 'existed'}"
        if check_secret(seen.name, secret) != seen:
            return f", before the Secret {seen.name} was changed"
    return ""


def created(obj: Object) -> Micros:
    """The creation time of an object. The API server cuts it to whole seconds."""
    return parse_time(obj["metadata"]["creationTimestamp"])


def picture(seat: Seat, namespace: str, pod: str, container: str | None = None) -> dict[str, str]:
    """The present flow of a Pod as a MIME bundle of text and HTML, both with the simulated time."""
    cluster = seat.cluster
    flow = trace_flow(cluster, namespace, pod, container)
    time = time_of_day(cluster.clock.now)
    return {"text/plain": f"{flow.text()}\n# {time}", "text/html": _page(flow, time)}


def _page(flow: Flow, time: str) -> str:
    """The picture, and folded below it the advice and the picture in words."""
    advice = markup.details("What's wrong, and how to fix it", advice_html(flow)) if flow.cause else advice_html(flow)
    words = markup.details(f"{time}, simulated time: the picture in words", drawing.hop_list(flow))
    broken = " ks-broken" if flow.cause else ""
    parts = {"picture": drawing.image(flow), "advice": advice, "twin": words}
    page = "".join(f'<div class="ks-{name}">{part}</div>' for name, part in parts.items())
    return f'<div class="ks-flow{broken}">{page}</div>'
