"""Whatever is typed or is in a file: there is an answer in time, and the invariants of the cluster hold (probe.py)."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from itertools import cycle
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kubesim import Session
from kubesim.api.resources import POD, Resource
from tests.learner import rows

from . import files, lines
from .garbage import WRONG, wrong
from .probe import WORLD, Probe

ROWS = rows(__file__)

# A fifth of the profile's examples (tests/conftest.py), because each takes a cluster.
robust = settings(
    max_examples=settings.default.max_examples // 5,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
)

# Lines that create or change the objects of x.yaml, and lines that show objects.
_APPLYING = ROWS["applying"]
_LOOKING = ROWS["looking"]


@robust
@given(st.lists(lines.kubectl_lines, min_size=1, max_size=5), st.sampled_from(_LOOKING))
def test_command_lines_keep_the_invariants(typed: list[str], look: str) -> None:
    probe = Probe()
    probe.write("pod.yaml", files.dumped(files.MANIFESTS[POD]))
    probe.write("broken.yaml", "a: [")
    probe.write("config.json", '{"auths":{"registry.example.com":{"auth":"bXl1c2VyOm15cGFzc3dvcmQ="}}}')
    for line in typed:
        probe.run(line)
    probe.run(look)
    probe.settle()


@robust
@given(lines.spoiled_recordings())
def test_recordings_with_mistakes_keep_the_invariants(steps: list[lines.Step]) -> None:
    probe = Probe("")
    for name, text in steps:
        if name == "run":
            probe.run(text)
        elif name == "sleep":
            probe.settle(float(text))
        else:
            probe.write(name, text)
    probe.settle()


@robust
@given(lines.shell_lines)
def test_shell_lines_keep_the_invariants(line: str) -> None:
    Probe().run(line)


@robust
@given(st.one_of(lines.kubectl_lines, lines.shell_lines), st.integers(0, 40))
def test_completion_gives_the_same_words_twice_and_changes_nothing(line: str, cursor: int) -> None:
    probe = Probe()
    cursor = min(cursor, len(line))
    words = probe.session.shell.complete(line, cursor)
    assert all(isinstance(word, str) for word in words)
    assert words == probe.session.shell.complete(line, cursor)
    assert probe.watch.changes == []


@robust
@given(st.lists(st.tuples(files.manifest_texts(), st.sampled_from(_APPLYING)), min_size=1, max_size=3))
def test_manifests_keep_the_invariants(steps: list[tuple[str, str]]) -> None:
    probe = Probe()
    for text, line in steps:
        probe.write("x.yaml", text)
        probe.run(line)
        probe.run(_LOOKING[len(text) % len(_LOOKING)])
    probe.settle()


@robust
@given(st.sampled_from(files.DEEPLY_CHECKED), st.data(), wrong, st.sampled_from(_APPLYING))
def test_wrong_values_in_a_field_keep_the_invariants(
    resource: Resource, data: st.DataObject, value: Any, line: str
) -> None:
    path = data.draw(st.sampled_from(files.all_paths(resource)))
    probe = Probe()
    probe.write("x.yaml", files.dumped(files.placed(files.MANIFESTS[resource], path, value)))
    probe.run(line)
    for look in _LOOKING[:3]:
        probe.run(look)
    probe.settle()


@pytest.mark.parametrize("resource", files.DEEPLY_CHECKED, ids=lambda resource: resource.kind)
def test_a_wrong_value_in_every_field_is_answered(resource: Resource) -> None:
    probe = Probe("")
    # The fields of a template's Pod spec are tried as those of a Pod.
    paths = [path for path in files.all_paths(resource) if path[:3] != ("spec", "template", "spec")]
    for path, value in zip(paths, cycle(WRONG), strict=False):
        probe.write("x.yaml", files.dumped(files.placed(files.MANIFESTS[resource], path, value)))
        probe.run("kubectl apply --dry-run=server -f x.yaml")


@robust
@given(
    st.sampled_from(
        ["pod web", "pod denied", "deployment shop", "secret good", "sa builder", "ns team", "cm settings"]
    ),
    st.sampled_from(["json", "merge", "strategic"]),
    files.patch_documents,
)
def test_patches_keep_the_invariants(target: str, kind: str, change: Any) -> None:
    probe = Probe()
    probe.write("p.json", files.dumped(change))
    probe.run(f'kubectl patch {target} --type={kind} -p "$(cat p.json)"')
    probe.run("kubectl get all,secrets,sa,ns -A; kubectl describe pods,secrets,sa,deployments")
    probe.settle()
    probe.run("kubectl rollout restart deployment/shop")
    probe.settle()


@robust
@given(files.docker_configs)
def test_docker_configs_keep_the_invariants(text: str) -> None:
    probe = Probe()
    probe.write("config.json", text)
    for name, key, kind in (("s", ".dockerconfigjson", "dockerconfigjson"), ("t", ".dockercfg", "dockercfg")):
        probe.run(f"kubectl create secret generic {name} --from-file={key}=config.json --type=kubernetes.io/{kind}")
    probe.run("kubectl create secret docker-registry u --from-file=.dockerconfigjson=config.json")
    probe.run("""kubectl patch sa default -p '{"imagePullSecrets":[{"name":"s"},{"name":"t"},{"name":"u"}]}'""")
    probe.run("kubectl run p --image=registry.example.com/team/api:1.0")
    probe.settle(20)
    probe.run("kubectl describe pod p; kubectl describe secrets; kubectl get secrets -o yaml")


@robust
@given(st.lists(st.one_of(lines.kubectl_lines, lines.shell_lines, st.sampled_from(_LOOKING)), max_size=6))
def test_two_sessions_answer_the_same(typed: list[str]) -> None:
    assert _screens(typed) == _screens(typed)


def _screens(typed: list[str]) -> list[str]:
    """The output of each line, in a new session."""
    session = Session()
    session.run(WORLD)
    return [session.run(line).screen for line in typed]


def test_two_processes_answer_the_same() -> None:
    """Python's hashes, and with them the order of sets, differ from process to process."""
    assert _digest_of_all_lines("1") == _digest_of_all_lines("2")


def _digest_of_all_lines(hash_seed: str) -> bytes:
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": os.pathsep.join(sys.path)}
    program = f"from {__name__} import digest_of_all_lines; print(digest_of_all_lines())"
    return subprocess.run([sys.executable, "-c", program], env=environment, check=True, capture_output=True).stdout


def digest_of_all_lines() -> str:
    """A digest of the output of every line of the recordings, in one session."""
    screens = _screens([*lines.recorded_lines(), *_LOOKING])
    return hashlib.sha256("\0".join(screens).encode()).hexdigest()
