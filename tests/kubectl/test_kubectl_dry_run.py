"""What kubectl makes by itself, without a server: --dry-run=client and --local."""

from __future__ import annotations

import json

import pytest

from tests.learner import Learner, rows

ROWS = rows(__file__)

FILES = {
    "bin.dat": "\0\udcff\udcfebin",
    "app.txt": "hello\n",
    "vars.env": "\ufeffA=1\r\n# no\n\n  B=x=y\nHOME_\n",
    "config.json": '{"auths":{}}',
    "web.yaml": "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec:\n  template:\n    spec:\n"
    "      containers: [{name: c, image: nginx}]\n",
}


@pytest.fixture(scope="module")
def maker() -> Learner:
    """A session with files; nothing below changes anything."""
    learner = Learner()
    for name, text in FILES.items():
        learner.session.write_file(name, text)
    return learner


@pytest.mark.parametrize(("line", "shown"), ROWS["objects"])
def test_objects(maker: Learner, line: str, shown: str) -> None:
    assert maker(f"kubectl {line} --dry-run=client").removesuffix("\n") == shown.removesuffix("\n")


@pytest.mark.parametrize(("line", "order"), ROWS["json_has_the_order_of_go_types"])
def test_json_has_the_order_of_go_types(maker: Learner, line: str, order: list[str]) -> None:
    assert list(json.loads(maker(f"kubectl {line} --dry-run=client -o json"))) == order


@pytest.mark.parametrize(("line", "shown"), ROWS["local_changes"])
def test_local_changes(maker: Learner, line: str, shown: str) -> None:
    assert maker(f"kubectl {line}") == shown


@pytest.mark.parametrize(("line", "refusal"), ROWS["refusals"])
def test_refusals(maker: Learner, line: str, refusal: str) -> None:
    assert maker.fails(f"kubectl {line}") == f"error: {refusal}\n"
