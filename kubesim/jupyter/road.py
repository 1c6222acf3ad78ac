"""The path of a pull as stations on one line, for the top of the workbench (static/road.js)."""

from __future__ import annotations

from typing import Any

from kubesim.jupyter.drawing import ICON_NAMES, standing
from kubesim.why.judge.causes_table import causes
from kubesim.why.tell.report import NOT_REACHED, Flow, Hop

OPTIONAL = ("account",)
"""Stations that are there only if they have something to show."""


def road(flow: Flow, status: str = "") -> dict[str, Any]:
    """The `stations`, what the pull is `about`, and what the kubelet `sent` and the registry `answered`.

    The Pod's `status`, if given, is what stands at the kubelet.
    """
    image = flow.about.image.rpartition("/")[2] or "An image"
    return {
        "about": f"{image} for Pod {flow.about.pod} in {flow.about.namespace}",
        "stations": [_station(hop, status if hop.key == "kubelet" else "") for hop in flow.hops],
        "sent": ", ".join(flow.sent),
        "answered": flow.answered,
    }


def blank() -> dict[str, Any]:
    """The road where there is no Pod."""
    titles = causes().titles.items()
    hops = tuple(Hop(key, title, NOT_REACHED) for key, title in titles if key not in OPTIONAL)
    return {"about": "", "stations": list(map(_station, hops)), "sent": "", "answered": ""}


def _station(hop: Hop, status: str = "") -> dict[str, Any]:
    return {
        "key": hop.key,
        "title": hop.title,
        "icon": ICON_NAMES[hop.state],
        "rank": "cause" if hop.is_cause else "follows" if hop.because else "",
        "standing": status or standing(hop),
        "words": "; ".join(hop.words),
    }
