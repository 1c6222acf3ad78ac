"""The site's first page, without Python: the hops of a pull with three switches, drawn by the workbench's script.

The simulator computes a scene for each position of the switches when the site is built.
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

# Commands that create the Secret, run the Pod, and let the Pod list the Secret.
_SECRET = (
    "kubectl create secret docker-registry regcred --docker-server=registry.example.com "
    "--docker-username=myuser --docker-password={}"
)
_RUN = "kubectl run web --image=registry.example.com/myapp:1.0"
_LISTED = """ --overrides='{"spec":{"imagePullSecrets":[{"name":"regcred"}]}}'"""
# Simulated seconds after which a pull has succeeded, and after which one has failed.
_PULLED, _FAILED = 12.0, 6.0
# The positions of the switches: the Secret exists, is listed, has the right password.
_POSITIONS = tuple(product((False, True), repeat=3))


def scene(exists: bool, listed: bool, right: bool) -> dict[str, Any]:
    """The hops of a pull as the script draws them, its problem, and the output of `kubectl get pods` after it."""
    with tempfile.TemporaryDirectory() as folder:
        session = Session(Path(folder))
        if exists:
            session.run(_SECRET.format("mypassword" if right else "mistyped"))
        session.run(_RUN + (_LISTED if listed else ""))
        session.advance(_PULLED if exists and listed and right else _FAILED)
        flow = trace_flow(session.cluster, "default", "web")
        screen = session.run("kubectl get pods").stdout
    problem = flow.cause.problem if flow.cause else flow.outcome
    return {"title": "web in default", **road(flow), "attempt": "", "screen": screen, "problem": problem}


def scenes() -> dict[str, dict[str, Any]]:
    """The scene of each position of the switches, by a key such as "101": exists, isn't listed, right password."""
    return {f"{exists:d}{listed:d}{right:d}": scene(exists, listed, right) for exists, listed, right in _POSITIONS}


def page(early: list[str]) -> str:
    """The HTML of the page. `early` has the addresses of files that it loads in advance, for a visit of the lab."""
    words = {
        "STYLES": styles("road.css"),
        "SCRIPT": script("road.js") + (WEB / "first.js").read_text(encoding="utf-8"),
        "SCENES": json.dumps(scenes()).replace("<", "\\u003c"),
        "EARLY": json.dumps(early),
    }
    return runtime.filled((WEB / "index.html").read_text(encoding="utf-8"), words)
