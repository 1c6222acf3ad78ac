"""Commands and types that kubesim lacks are refused in its own words, whichever way they are typed."""

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
UNSIMULATED_COMMANDS = ("attach x", "port-forward x 80", "proxy", "certificate approve x")


def names_of(resource: Resource) -> list[str]:
    """Each name that a learner may type of a type, whole one first.

    `events` and `event` aren't names of events.events.k8s.io: they mean the core type, of which there are objects.
    """
    if resource.plural == "events":
        return [resource.qualified]
    return [resource.qualified, resource.plural, resource.singular, *resource.short_names]


def lines_about(resource: Resource) -> list[tuple[str, str]]:
    """Each line of the table, and what to type: the line with each name of the type."""
    return [
        (line, line.replace("{word}", name))
        for line in TABLE["lines"]
        for name in (names_of(resource) if "{word}" in line else [""])
    ]


@pytest.mark.parametrize("resource", ABSENT, ids=lambda resource: resource.qualified)
def test_each_line_about_an_absent_type_is_refused_by_kubesim_or_answered_truly(resource: Resource) -> None:
    session = Session()
    head = f"apiVersion: {resource.api_version}\nkind: {resource.kind}\n"
    session.write_file("object.yaml", f"{head}metadata: {{name: x}}\n")
    real_answer = "|".join(TABLE["answers"]).replace("{qualified}", re.escape(resource.qualified))
    for line, words in lines_about(resource):
        before, dash, after = words.partition(" -- ")
        for typed in (words, f"-n default {words}", f"{before} --context=kubernetes-admin@kubernetes{dash}{after}"):
            result = session.run(f"kubectl {typed}")
            said = (result.stderr or result.stdout).strip()
            assert not re.search(TABLE["lies"], said), typed
            is_own = "kubesim: " in said or (not said and line in TABLE["silent"])
            assert is_own or re.fullmatch(real_answer, said), f"{typed}: {said}"


@pytest.mark.parametrize("line", UNSIMULATED_COMMANDS)
@pytest.mark.parametrize(
    "flags", ["-n default ", "--namespace=default -v=0 ", "--context kubernetes-admin@kubernetes "]
)
def test_a_command_is_refused_behind_any_flag(line: str, flags: str) -> None:
    result = Session().run(f"kubectl {flags}{line}")
    assert result.stderr.startswith("kubesim: ")
    assert result.exit_code == 1
