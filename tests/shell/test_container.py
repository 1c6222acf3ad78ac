"""Processes in containers: output and end (containers.yaml), volumes, log lines, and bounds for any script."""

from __future__ import annotations

from math import inf
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubesim.api import load_yaml
from kubesim.cluster.kubelet.containers import bases
from kubesim.shell.container import Outside, Place
from kubesim.shell.process import Process, StartError, Write, server

CASES = load_yaml(Path(__file__).with_name("containers.yaml"))
# The environment of a container, and the time at which a process starts, in microseconds since the epoch.
ENV = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOSTNAME": "web", "TWO": "a b"}
START = 1795528800_000000

# Words of random scripts.
WORDS = """while true; do done if then else fi for i in a b echo $X X=$X$X $(echo x) "$(ls)" 'q' " ' ( ) { } | || && ! &
> >> 2>&1 /tmp/f sleep 1 infinity exit cat sh -c export [ ] = -f ${X:-y} \\ # $ printf %s rm -r /
mv cp mkdir -p cd .. exec"""


def place(base: str = "busybox") -> Place:
    """A container of an image with that base, and with a file /etc/marker."""
    return Place(bases()[base], ENV, {"/etc/marker": "myapp 1.0"}, "web", Outside())


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case['base']}: {str(case['run'])[:40]}")
def test_a_process_runs_as_its_case_says(case: dict[str, Any]) -> None:
    argv = ["sh", "-c", case["run"]] if isinstance(case["run"], str) else case["run"]
    if "cannot start" in case:
        with pytest.raises(StartError) as error:
            place(case["base"]).run(argv, START)
        assert str(error.value) == case["cannot start"]
        return
    writes = tuple(map(tuple, case["writes"]))
    seconds = inf if case.get("seconds") == "forever" else case.get("seconds", 0)
    stops_with, unsimulated = case.get("stops with"), case.get("unsimulated", "")
    expected = Process(writes, case.get("exit", 0), seconds, stops_with, unsimulated=unsimulated)  # type: ignore[arg-type]
    assert place(case["base"]).run(argv, START) == expected


def test_the_error_of_a_missing_program_is_wrapped_by_the_runtime() -> None:
    error = StartError('exec: "foo": executable file not found in $PATH')
    assert error.of_container() == (
        "failed to create containerd task: failed to create shim task: OCI runtime create failed: runc create failed: "
        f"unable to start container process: {error}"
    )
    assert error.of_exec("e" * 64) == (
        "Internal error occurred: Internal error occurred: error executing command in container: "
        f'failed to exec in container: failed to start exec "{"e" * 64}": '
        f"OCI runtime exec failed: exec failed: unable to start container process: {error}"
    )


def test_a_second_process_sees_the_first() -> None:
    box = place()
    shown = box.run(["ps"], START, ["sh", "-c", "x"]).written("stdout")
    assert shown == "PID   USER     TIME  COMMAND\n    1 root      0:00 sh -c x\n    7 root      0:00 ps\n"


def test_a_volume_hides_the_files_of_the_image() -> None:
    volumes: dict[str, dict[str, str | None]] = {
        "/etc": {"": None, "/a": "1"},
        "/etc/in/it": {"": None, "/b": "2"},
        "/var": {"": "a file"},
    }
    ran = (
        place()._replace(volumes=volumes).run(["sh", "-c", "ls /etc /etc/in; cat /etc/in/it/b /var /etc/marker"], START)
    )
    assert ran.written("stdout") == "/etc:\na\nin\n\n/etc/in:\nit\n2a file"
    assert ran.written("stderr") == "cat: can't open '/etc/marker': No such file or directory\n"


def test_servers_and_endless_loops_run_forever() -> None:
    assert server(("started",), START, None) == Process((Write(0, "stdout", "started\n"),), 0, inf)
    loop = place().run(["sh", "-c", "while true; do echo -n wait; sleep 2; echo ing; done"], START)
    assert loop.seconds == inf
    assert loop.lines_by(5) == [(2, "waiting\n"), (4, "waiting\n"), (4, "wait")]


def test_lines_of_stdout_and_stderr_are_not_mixed() -> None:
    ran = place().run(["sh", "-c", "printf a; echo b >&2; echo c; printf d; printf e >&2; printf f"], START)
    assert [line.text for line in ran.lines_by(0)] == ["b\n", "ac\n", "e", "df"]


@given(st.lists(st.sampled_from([*WORDS.split(), "\n"]), max_size=25).map(" ".join) | st.text(max_size=60))
def test_any_script_ends_and_leaves_a_result(script: str) -> None:
    ran = place().run(["sh", "-c", script], START)
    assert 0 <= ran.exit_code <= 255
    assert ran.seconds >= 0
    assert sum(len(text) for _, _, text in ran.writes) <= 1_000_100


@pytest.mark.parametrize(
    "script",
    [
        'sh -c \'sh -c "$0" "$0"\' \'sh -c "$0" "$0"\'',
        "X=xxxx; while true; do X=$X$X; done",
        "if true; then " * 5000,
        "while true; do " + "echo a; " * 5000 + "done",
        "echo " + "$(" * 5000,
        "echo $((" + "(" * 5000,
        "echo $((" + "!" * 5000 + "1))",
        "while true; do sleep 0; done; " * 1000,
        '"' * 5001,
        "while true; do sleep 999999999d; date; done",
        "while true; do echo aaaaaaaaaa >> /tmp/x; cat /tmp/x > /tmp/y; done",
    ],
)
def test_a_hostile_script_is_stopped(script: str) -> None:
    ran = place().run(["sh", "-c", script], START)
    assert sum(len(text) for _, _, text in ran.writes) <= 1_000_100
