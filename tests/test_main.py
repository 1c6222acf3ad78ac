"""`python -m kubesim`: a session on standard input, and the served cluster."""

from __future__ import annotations

import base64
import errno
import json
import os
import re
import ssl
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml

NOT_MINE = errno.EADDRNOTAVAIL, os.strerror(errno.EADDRNOTAVAIL)
ROOT = Path(__file__).resolve().parent.parent


@pytest.mark.parametrize(
    ("typed", "shown", "status"),
    [
        ("kubectl create ns team\nkubectl get ns team -o name\n", "namespace/team created\nnamespace/team\n", 0),
        ("cat <<END | wc -l\none\ntwo\nEND\n", "2\n", 0),
        ("kubectl get nope\n", 'error: the server doesn\'t have a resource type "nope"\n', 1),
        ("false\nexit\necho not reached\n", "", 1),
        ("", "", 0),
    ],
)
def test_lines_in_screens_out(typed: str, shown: str, status: int, tmp_path: Path) -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "kubesim"],
        input=typed,
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT)},
        check=False,
    )
    assert (ran.stdout, ran.stderr, ran.returncode) == (shown, "", status)
    assert list(tmp_path.iterdir()) == []


def ask(config: Path, method: str, path: str, body: object = None) -> Any:
    """Ask a served cluster as a client does that knows its kubeconfig."""
    known = yaml.safe_load(config.read_text(encoding="utf-8"))
    cluster, user = known["clusters"][0]["cluster"], known["users"][0]["user"]
    trust = ssl.create_default_context(cadata=base64.b64decode(cluster["certificate-authority-data"]).decode())
    headers = {"Authorization": f"Bearer {user['token']}", "Content-Type": "application/json"}
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(cluster["server"] + path, data, headers, method=method)
    with urllib.request.urlopen(request, timeout=20, context=trust) as answer:
        return json.load(answer)


@contextmanager
def serving(folder: Path, *options: str) -> Iterator[list[str]]:
    """`python -m kubesim serve` with a state, until it is killed; the lines that it prints."""
    config, state = folder / "kube config", folder / "state"
    words = [sys.executable, "-m", "kubesim", "serve", "--kubeconfig", config, "--state", state, *options]
    served = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, cwd=ROOT)
    assert served.stdout
    try:
        yield [served.stdout.readline() for _ in range(2)]
    finally:
        served.kill()
        served.wait()
        served.stdout.close()


def test_what_was_acknowledged_survives_that_the_server_is_killed(tmp_path: Path) -> None:
    config, secrets = tmp_path / "kube config", "/api/v1/namespaces/default/secrets"
    with serving(tmp_path) as lines:
        assert re.fullmatch(r"kubesim: a simulated cluster at https://127\.0\.0\.1:\d+\n", lines[0])
        assert lines[1] == f"export KUBECONFIG='{config}'\n"
        made = ask(config, "POST", secrets, {"metadata": {"name": "kept"}})
    with serving(tmp_path, "--realtime") as lines:
        assert lines[0].endswith(", 1 requests done again\n")
        assert ask(config, "GET", f"{secrets}/kept") == made


@pytest.mark.parametrize(
    ("options", "why"),
    [
        (["--port", "65536"], "kubesim serve: error: argument --port: a port is a number from 0 to 65535\n"),
        (["--address", "192.0.2.1"], f"kubesim: cannot serve: {OSError(*NOT_MINE)}\n"),
        (["--state", "README.md"], "kubesim: cannot serve: README.md: line 1 is not of a journal that kubesim wrote\n"),
    ],
)
def test_what_cannot_be_served_is_told_in_a_line(options: list[str], why: str) -> None:
    words = [sys.executable, "-m", "kubesim", "serve", *options]
    ran = subprocess.run(words, input="", capture_output=True, text=True, cwd=ROOT, check=False)
    assert ran.stdout == ""
    assert ran.stderr.splitlines(keepends=True)[-1] == why
    assert ran.returncode != 0
