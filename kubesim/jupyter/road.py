"""The road, a view of the workbench: the hops of a Flow as stations on one line. static/road.js draws it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from kubesim.jupyter.drawing import ICON_NAMES, is_after_cause, state_words
from kubesim.why.judge.causes_table import causes
from kubesim.why.tell.report import NOT_NEEDED, NOT_REACHED, Flow, Hop

# Keys of hops that not every flow has; the blank road leaves them out.
OPTIONAL = ("account",)


def road(flow: Flow, status: str = "") -> dict[str, Any]:
    """A flow as fields of the workbench's `path`: `about`, `stations`, and the words `sent` and `answered`.

    A Pod's STATUS, if given, is shown as the state of the kubelet's station.
    """
    image = flow.about.image.rpartition("/")[2] or "An image"
    return {
        "about": f"{image} for Pod {flow.about.pod} in {flow.about.namespace}",
        "stations": [_station(hop, status if hop.key == "kubelet" else "") for hop in _hops(flow)],
        "sent": ", ".join(flow.sent),
        "answered": flow.answered,
    }


def _hops(flow: Flow) -> Iterator[Hop]:
    """The hops of a flow. One before the cause that isn't reached was passed over: the pull didn't need it."""
    at = next((number for number, hop in enumerate(flow.hops) if hop.is_cause), 0)
    for number, hop in enumerate(flow.hops):
        yield replace(hop, state=NOT_NEEDED) if number < at and hop.state == NOT_REACHED else hop


def blank() -> dict[str, Any]:
    """The road without a Pod: every station unreached."""
    titles = causes().titles.items()
    hops = tuple(Hop(key, title, NOT_REACHED) for key, title in titles if key not in OPTIONAL)
    return {"about": "", "stations": list(map(_station, hops)), "sent": "", "answered": ""}


def _station(hop: Hop, status: str = "") -> dict[str, Any]:
    """The fields of a station. `rank` is "cause" where the pull is stuck, "follows" for a hop after that, else ""."""
    return {
        "key": hop.key,
        "title": hop.title,
        "icon": ICON_NAMES[hop.state],
        "rank": "cause" if hop.is_cause else "follows" if is_after_cause(hop) else "",
        "state": status or state_words(hop),
        "words": "; ".join(hop.words),
    }
