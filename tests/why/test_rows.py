"""Each row of looks.py finds what it should in its own example, before any other row."""

from __future__ import annotations

import re

import pytest

from kubesim.why.read import looks, rows
from kubesim.why.read.text import read_text
from tests.patience import within

TABLES = {
    "PODS": looks.PODS,
    "CONTAINERS": looks.CONTAINERS,
    "MESSAGES": looks.MESSAGES,
    "SUCCESSES": looks.SUCCESSES,
    "WAITS": looks.WAITS,
    "FAILURES": looks.FAILURES,
    "BY_KUBELET": looks.BY_KUBELET,
}
EVERY = [(name, example) for name, table in TABLES.items() for example in table]
# Tables of which the first row to match says the name: in its own example, none may begin where another does.
BY_NAME = ("PODS", "CONTAINERS")


@pytest.mark.parametrize(("name", "example"), EVERY)
def test_a_pattern_finds_its_own_example_and_no_other_row_does_so_early(name: str, example: str) -> None:
    begins = {}
    for other, pattern in TABLES[name].items():
        if match := re.search(pattern, example):
            begins[other] = match.start()
    own = begins.pop(example)
    others = min(begins.values(), default=len(example))
    assert own < others or (own == others and name not in BY_NAME)


@pytest.mark.parametrize("name", TABLES)
def test_no_pattern_takes_long_over_a_long_line(name: str) -> None:
    with within(1):
        for example, pattern in TABLES[name].items():
            for line in (" " * 20_000, "-" * 20_000, "a " * 5_000, f"{example[:4]}{' ' * 20_000}", example * 200):
                re.search(pattern, line)


def test_every_table_of_looks_is_tested() -> None:
    assert {name: table for name, table in vars(looks).items() if isinstance(table, dict) and name.isupper()} == TABLES


@pytest.mark.parametrize("example", looks.PODS)
def test_the_pod_of_an_example(example: str) -> None:
    names = rows._names(example)
    assert (names.get("namespace", ""), names["pod"]) == ("shop" if "shop" in example else "", "web-1")


@pytest.mark.parametrize("example", looks.CONTAINERS)
def test_the_container_of_an_example(example: str) -> None:
    assert rows._names(example)["container"] == "app"


@pytest.mark.parametrize("example", looks.SUCCESSES)
def test_a_success_names_the_image(example: str) -> None:
    assert rows._image_of(example) == "web:1"


@pytest.mark.parametrize("reason", looks.REASONS)
def test_a_reason_alone_is_a_row(reason: str) -> None:
    (row,) = rows.rows_of([f"shop   3m   Warning   {reason}   pod/web-1   image"])
    assert (row.namespace, row.pod, row.reason) == ("shop", "web-1", reason)


@pytest.mark.parametrize(("named", "listed"), [("", []), ("a", ["a"]), ("b, a", ["b", "a"])])
def test_a_pod_lists_the_secrets_that_the_kubelet_names(named: str, listed: list[str]) -> None:
    warning = f"Unable to retrieve some image pull secrets ({named}); attempting to pull the image may not succeed."
    _, pod = read_text(f"2m Warning FailedToRetrieveImagePullSecret pod/web-1 {warning}")[0]
    assert [secret["name"] for secret in pod["spec"]["imagePullSecrets"]] == listed
