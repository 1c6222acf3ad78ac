"""What kubesim lacks it says in its own words, whichever way one comes to it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from kubesim import Session
from kubesim.api import load_yaml
from kubesim.api.resources import RESOURCES, Resource

TABLE: dict[str, Any] = load_yaml(Path(__file__).with_name("absent.yaml"))
ABSENT = [resource for resource in RESOURCES if not resource.simulated]


@pytest.mark.parametrize("resource", ABSENT, ids=lambda resource: resource.qualified)
def test_no_refusal_is_dressed_as_an_answer(resource: Resource) -> None:
    session, head = Session(), f"apiVersion: {resource.api_version}\nkind: {resource.kind}\n"
    session.write_file("object.yaml", f"{head}metadata: {{name: x}}\n")
    allowed = "|".join(TABLE["allowed"]).replace("{qualified}", re.escape(resource.qualified))
    names = [resource.qualified] if resource.plural == "events" else [resource.plural, *resource.short_names]
    for pattern in TABLE["lines"]:
        for word in [*names, resource.qualified, resource.singular][: None if "{word}" in pattern else 1]:
            line = pattern.format(word=word) if word != "event" else pattern.format(word=resource.qualified)
            before, dash, after = line.partition(" -- ")
            for typed in (line, f"-n default {line}", f"{before} --context=kubernetes-admin@kubernetes{dash}{after}"):
                result = session.run(f"kubectl {typed}")
                said = (result.stderr or result.stdout).strip()
                assert not re.search(TABLE["lies"], said), typed
                is_own = "kubesim: " in said or (not said and pattern in TABLE["silent"])
                assert is_own or re.fullmatch(allowed, said), f"{typed}: {said}"


REFUSED = ("attach x", "port-forward x 80", "proxy", "certificate approve x")


@pytest.mark.parametrize("line", REFUSED)
@pytest.mark.parametrize(
    "flags", ["-n default ", "--namespace=default -v=0 ", "--context kubernetes-admin@kubernetes "]
)
def test_a_command_is_refused_behind_any_flag(line: str, flags: str) -> None:
    result = Session().run(f"kubectl {flags}{line}")
    assert result.stderr.startswith("kubesim: ")
    assert result.exit_code == 1
