"""Parsers and formatters of texts: quantities, times, images, selectors, JSON and base64, and their refusals."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubesim.api import load_yaml, quantity, resources
from kubesim.api.clock import SECOND, parse_time
from kubesim.api.humanize import age, format_labels, format_selector, go_duration, human_duration, long_time, node_roles
from kubesim.api.selectors import SelectorError, field_selector, label_selector, matches
from kubesim.gotext import gobase64, gojson
from kubesim.gotext.gojson import JSONError
from kubesim.pull.imageref import parse
from tests.learner import rows

ROWS = rows(__file__)

POD: dict[str, Any] = {
    "metadata": {"name": "web", "labels": {"tier": "front", "app": "shop", "size": "3"}},
    "status": {"phase": "Running"},
}
RESOURCES = {"limits": {"cpu": "200m", "memory": "64Mi"}, "requests": {"cpu": "1500m"}}
NOW = parse_time("2026-11-24T14:00:41.9Z")


# The functions of texts.yaml, by the name of their rows.
FUNCTIONS: dict[str, Callable[[Any], Any]] = {
    "age": lambda text: age(text, NOW),
    "base64": lambda text: gobase64.decode(text).decode(),
    "base64 without padding": lambda text: gobase64.decode(text, padded=False).decode(),
    "date": long_time,
    "duration": lambda text: human_duration(round(float(text) * SECOND)),
    "fields": lambda text: field_selector(text, resources.POD)(POD),
    "image": lambda text: parse(text).canonical,
    "json": gojson.loads,
    "labels": lambda text: label_selector(text)(POD),
    "quantity": quantity.canonical,
}
TABLES = load_yaml(Path(__file__).with_name("texts.yaml"))

INT64 = st.integers(-(2**63), 2**63 - 1)  # more becomes a float, as in Go
JSON = st.recursive(
    st.none() | st.booleans() | INT64 | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


def expanded(text: Any) -> Any:
    """A text in which "{3*a}" is replaced by "aaa". Other values stay."""
    return re.sub(r"\{(\d+)\*(.)\}", lambda match: match[2] * int(match[1]), text) if isinstance(text, str) else text


@pytest.mark.parametrize(
    ("function", "text", "expected"),
    [(name, *row) for name, rows in TABLES.items() for row in rows],
)
def test_a_text_gives_the_value_or_the_refusal_of_its_row(function: str, text: str, expected: Any) -> None:
    try:
        found = FUNCTIONS[function](expanded(text))
    except ValueError as error:
        found = str(error)
    assert found == expanded(expected)


@given(st.integers(min_value=0, max_value=20 * 365 * 86400))
def test_a_duration_is_never_rounded_up(seconds: int) -> None:
    sizes = {"s": 1, "m": 60, "h": 3600, "d": 86400, "y": 365 * 86400}
    found = re.findall(r"(\d+)([smhdy])", human_duration(seconds * SECOND))
    shown = sum(int(count) * sizes[unit] for count, unit in found)
    assert shown <= seconds < shown + sizes[found[0][1]]


@given(st.text(alphabet="abAB01.:/@-_[] \n", max_size=30) | st.text())
def test_the_canonical_form_of_a_name_is_the_same_image(text: str) -> None:
    with suppress(ValueError):
        reference = parse(text)
        again = parse(reference.canonical)
        assert (again.name, again.manifest) == (reference.name, reference.manifest)


@given(st.text(alphabet="ab=!,() in"))
def test_any_text_is_a_selector_or_refused(text: str) -> None:
    with suppress(SelectorError):
        assert label_selector(text)(POD) in (True, False)


@given(JSON)
def test_written_json_reads_as_the_same_value(value: Any) -> None:
    text = gojson.dumps(value)
    assert gojson.loads(text) == value


@given(st.text('{}[]":,0123456789.eE+-truefalsn \\', max_size=12) | st.text(max_size=12))
def test_any_text_is_json_or_refused_in_one_sentence(text: str) -> None:
    with suppress(JSONError):
        value = gojson.loads(text)
        assert gojson.loads(gojson.dumps(value)) == value


@pytest.mark.parametrize(("expression", "selected"), ROWS["the_selectors_of_manifests"])
def test_the_selectors_of_manifests(expression: dict[str, object], selected: bool) -> None:
    selector = {"matchLabels": {"app": "shop"}, "matchExpressions": [expression]}
    assert matches(selector, POD["metadata"]["labels"]) is selected
    assert not matches(selector, {"tier": "front"})


def test_labels_selectors_and_roles_on_one_line() -> None:
    selector = {
        "matchLabels": {"app": "web", "zone": "a"},
        "matchExpressions": [
            {"key": "tier", "operator": "In", "values": ["b", "a"]},
            {"key": "env", "operator": "NotIn", "values": ["test"]},
            {"key": "old", "operator": "DoesNotExist"},
            {"key": "new", "operator": "Exists"},
        ],
    }
    assert format_selector(selector) == "app=web,env notin (test),new,!old,tier in (a,b),zone=a"
    assert format_labels({"tier": "web", "app": "shop"}) == "app=shop,tier=web"
    assert node_roles(dict.fromkeys(("node-role.kubernetes.io/b", "node-role.kubernetes.io/a", "c"), "")) == "a,b"
    assert node_roles({"kubernetes.io/role": "edge"}) == "edge"
    assert {format_selector(None), format_selector({}), format_labels(None), node_roles(None)} == {"<none>"}


@pytest.mark.parametrize(
    ("micros", "text"),
    [(0, "0s"), (900, "0s"), (53_000, "53ms"), (1_317_000, "1.317s"), (80_000_000, "1m20s"), (300_000_000, "5m0s")],
)
def test_a_duration_is_formatted_as_in_go(micros: int, text: str) -> None:
    assert go_duration(micros) == text
