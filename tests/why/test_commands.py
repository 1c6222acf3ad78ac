"""Names from another cluster in commands and Markdown: they are quoted, so that no part of a name runs or renders."""

from __future__ import annotations

import base64
import json
import re
import shlex
import subprocess
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from kubesim.why.export import explain_export
from kubesim.why.judge.causes_table import causes
from kubesim.why.judge.commands import fill
from kubesim.why.read.signs_table import signs
from kubesim.why.tell.report import Flow, markdown

# Names that a shell, sed or a program would take for code or options.
HOSTILE = [
    "c$(: >ran)",
    "c`: >ran`",
    "c;: >ran",
    "c|: >ran",
    "c&: >ran",
    "c': >ran'",
    "c';: >ran;'",
    'c";: >ran;"',
    "c\\';: >ran #",
    "c #",
    "c*?[a-z]",
    "x/;1e : >ran",
    "x/e;s/a/b",
    "x&\\1",
    "-f=evil",
    "c{a,b}",
    "~root",
    "c>ran",
    "c!!",
    'c"}]}}; : >ran',
]
# The parts of an export that may have the hostile name, each with the error of a pull whose advice mentions it.
BEARS = {
    "image": "401 Unauthorized",
    "pod": "401 Unauthorized",
    "container": "manifest unknown",
    "namespace": "401 Unauthorized",
    "secret": "401 Unauthorized",
    "user": "unexpected status from HEAD request to https://r.example/v2/a/manifests/1: 403 Forbidden",
    "owner": "401 Unauthorized",
    "node": "no space left on device",
    "account": "401 Unauthorized",
}

# Names that Markdown would render, link or mention.
MARKS = [
    "@everyone",
    "![x](https://evil.example/x.png)",
    "<!--",
    "<img/src=x>",
    "[fix](https://evil.example)",
    "https://evil.example/login",
    "www.evil.example",
    "``` x",
    "`x`",
    "**x**",
    "#1",
    "&#64;all",
    "__x__",
    "~~x~~",
    "$x$",
]


def export(bears: str, name: str, message: str, *, has_list: bool = True) -> str:
    """An export of a Pod whose pull fails with `message`, in which the part `bears` has that name."""
    names = {part: f"{part}-1" for part in BEARS} | {"image": "r.example/a:1", bears: name}
    where = {"namespace": names["namespace"], "resourceVersion": "1"}
    owner = {"kind": "StatefulSet", "name": names["owner"], "controller": True}
    container = {"name": names["container"], "image": names["image"]}
    auth = base64.b64encode(f"{names['user']}:hunter2hunter2".encode()).decode()
    config = {"auths": {"r.example": {"auth": auth}}}
    waiting = {"reason": "ErrImagePull", "message": message}
    pod: dict[str, Any] = {
        "kind": "Pod",
        "metadata": {**where, "name": names["pod"], "ownerReferences": [owner] if bears == "owner" else []},
        "spec": {
            "nodeName": names["node"],
            "serviceAccountName": names["account"],
            "containers": [container],
            "imagePullSecrets": [{"name": names["secret"]}] if has_list else [],
        },
        "status": {"containerStatuses": [{**container, "state": {"waiting": waiting}}]},
    }
    secret = {
        "kind": "Secret",
        "metadata": {**where, "name": names["secret"]},
        "type": "kubernetes.io/dockerconfigjson",
        "data": {".dockerconfigjson": base64.b64encode(json.dumps(config).encode()).decode()},
    }
    return json.dumps({"kind": "List", "items": [pod, secret]})


def commands(flow: Flow) -> list[str]:
    """All commands of an explanation."""
    cause = flow.cause
    assert cause is not None
    given = [*cause.fix, cause.tell, flow.collect]
    for other in cause.others:
        given += [*other.fix, other.tell]
    return list(filter(None, given))


def run(lines: Sequence[str], folder: Path) -> None:
    """Run commands in a shell without programs, with a sandboxed sed, and assert that none created a file."""
    sed = 'sed() { /bin/sed --sandbox "$@" </dev/null || : >ran; }'
    programs = 'for program in kubectl docker crictl kind grep journalctl aws; do eval "$program() { :; }"; done'
    script = "\n".join([sed, programs, *(f"(eval {shlex.quote(line)})" for line in lines)])
    subprocess.run(["/bin/bash", "-c", script], cwd=folder, env={"PATH": "/none"}, capture_output=True, timeout=60)
    assert [path.name for path in folder.iterdir()] == []


@pytest.mark.parametrize("name", HOSTILE)
def test_no_command_of_an_explanation_runs_a_part_of_a_name(name: str, tmp_path: Path) -> None:
    lines = []
    for bears, message in BEARS.items():
        for has_list in (True, False):
            (flow,) = explain_export([export(bears, name, message, has_list=has_list)]).flows
            lines += commands(flow)
    run(lines, tmp_path)


def templates() -> Iterator[str]:
    """All commands of the tables, with their placeholders."""
    for rows in causes().commands.values():
        yield from rows.values()
    kinds = (kind.verdict for kind in signs().kinds.values())
    verdicts = [*causes().before_the_pull, *causes().after_a_failed_pull, *filter(None, kinds)]
    for verdict in verdicts:
        yield from (each.tell for each in (verdict, *verdict.others))
    for client in signs().clients.values():
        yield from (client.pull, client.login, client.logout, client.logins)
    yield from (registry.how for registry in signs().registries.values())


@pytest.mark.parametrize("name", HOSTILE)
def test_no_command_of_the_tables_runs_a_part_of_a_name(name: str, tmp_path: Path) -> None:
    owner = {"name": name}
    lines = [fill(each, defaultdict(lambda: name, owner=owner)) for each in templates()]
    lines = [
        line
        for line in lines
        if not re.search(r"\$\(cat|[^-]>[^']*$", line.replace(name, ""))
        # Commands that read or write files are left out.
    ]
    run(lines, tmp_path)


@pytest.mark.parametrize("name", [name for name in HOSTILE if not name.startswith("-")])
def test_a_name_is_one_word_of_a_command(name: str) -> None:
    (flow,) = explain_export([export("container", name, "manifest unknown", has_list=False)]).flows
    words = shlex.split(next(line for line in commands(flow) if line.startswith("kubectl set image")))
    assert words == ["kubectl", "set", "image", "pod/pod-1", f"{name}=<an image that exists>", "-n", "namespace-1"]


def test_a_name_never_becomes_an_option() -> None:
    (flow,) = explain_export([export("pod", "--kubeconfig=evil", "401 Unauthorized", has_list=False)]).flows
    assert not [line for line in commands(flow) if re.search(r"\s['\"]?--kubeconfig=evil", line)]


def test_a_name_that_is_masked_is_never_part_of_a_command() -> None:
    """`docker login masked.azurecr.io` would send a password to the owner of that name."""
    for message in (
        "manifest for arcgisenterprise248c2940cb03b8d5.azurecr.io/a:1 not found",
        'Failed to pull image "h7Gk29sLqPz81mNvX3tY.example.com/a:1": 401 Unauthorized',
    ):
        (flow,) = explain_export([message]).flows
        assert [line for line in commands(flow) if "masked" in line] == []
    for bears in ("pod", "namespace", "container", "secret", "account", "image"):
        text = export(bears, "h7Gk29sLqPz81mNvX3tY", "401 Unauthorized", has_list=bears == "secret")
        (flow,) = explain_export([text]).flows
        assert [line for line in commands(flow) if "masked" in line] == []


@pytest.mark.parametrize("name", MARKS)
@pytest.mark.parametrize("bears", [part for part in BEARS if part != "node"])
def test_a_name_never_becomes_markdown(bears: str, name: str) -> None:
    (flow,) = explain_export([export(bears, name, BEARS[bears], has_list=bears in ("secret", "user"))]).flows
    told = markdown(flow)
    fences = re.compile(r"^(`{3,})console\n.*?^\1$", re.MULTILINE | re.DOTALL)
    assert name not in without_code(fences.sub("", told))
    assert told.count("<details>") == told.count("</details>") == 1


def without_code(text: str) -> str:
    """A text without its code spans, which end with as many backticks as they begin with (CommonMark)."""
    return re.sub(r"(?<!`)(`+)(?!`).+?(?<!`)\1(?!`)", "", text)
