"""The site's first page, which works before Python does: a road with three switches, drawn by the workbench's script.

The simulator computes the road for each position of the switches.
"""

from __future__ import annotations

import json
import tempfile
from itertools import product
from pathlib import Path
from typing import Any

from kubesim.jupyter.card import script, styles
from kubesim.jupyter.road import road
from kubesim.session import Session
from kubesim.session.flow import trace_flow
from tools import runtime
from tools.runtime import WEB

_SECRET = (
    "kubectl create secret docker-registry regcred --docker-server=registry.example.com "
    "--docker-username=myuser --docker-password={}"
)
_RUN = "kubectl run web --image=registry.example.com/myapp:1.0"
_LISTED = """ --overrides='{"spec":{"imagePullSecrets":[{"name":"regcred"}]}}'"""
_PULL = 12.0  # seconds that a pull takes at most
# The positions of the switches: the Secret exists, is listed, has the right password.
_POSITIONS = tuple(product((False, True), repeat=3))


def page(early: list[str]) -> str:
    """The page. `early` has the addresses of the files that it loads before they are needed."""
    words = {
        "STYLES": styles("road.css"),
        "SCRIPT": script("road.js") + (WEB / "first.js").read_text(encoding="utf-8"),
        "SCENES": json.dumps(scenes()).replace("<", "\\u003c"),
        "EARLY": json.dumps(early),
    }
    return runtime.filled((WEB / "index.html").read_text(encoding="utf-8"), words)


def scenes() -> dict[str, dict[str, Any]]:
    """The scenes by the switches: "101" if the Secret exists, isn't listed, and has the right password."""
    return {f"{exists:d}{listed:d}{right:d}": scene(exists, listed, right) for exists, listed, right in _POSITIONS}


def scene(exists: bool, listed: bool, right: bool) -> dict[str, Any]:
    """The road of a pull, and the output of `kubectl get pods` after it."""
    with tempfile.TemporaryDirectory() as folder:
        session = Session(Path(folder))
        if exists:
            session.run(_SECRET.format("mypassword" if right else "mistyped"))
        session.run(_RUN + (_LISTED if listed else ""))
        session.advance(_PULL if exists and listed and right else 6)
        flow = trace_flow(session.cluster, "default", "web")
        screen = session.run("kubectl get pods").stdout
    problem = flow.cause.problem if flow.cause else flow.outcome
    return {"title": "web in default", **road(flow), "attempt": "", "screen": screen, "problem": problem}
