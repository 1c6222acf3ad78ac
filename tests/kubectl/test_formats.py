"""The output formats of -o, and --sort-by: output, broken templates, and templates that don't match the object."""

from __future__ import annotations

import errno
import json
import os
import re
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from kubesim.api import load_yaml
from kubesim.api.budget import Budget
from kubesim.gotext.gofmt import quote
from kubesim.kubectl.errors import FormatError, NotSimulated
from kubesim.kubectl.formats import (
    Format,
    list_of,
    parse_output,
    to_json,
)
from kubesim.kubectl.formats.jsonpath import evaluate_relaxed
from kubesim.kubectl.formats.sorting import sort_objects

CASES = load_yaml(Path(__file__).with_name("formats.yaml"))
# Objects to print, and files with templates.
WEB = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}}
ONE = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "one", "namespace": "default"}, "type": "docker"}
TWO = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "two", "labels": {"tier": "web"}}}
TWO["data"] = {"k": "dg=="}
FILES = {
    "path": "{.kind}",
    "columns": "NAME\nmetadata.name\n",
    "empty": "",
    "uneven": "A B\na",
}

# Pieces of go-templates, and random templates.
WORDS = "{{ }} {{- -}} . .a .items $x := = | ( ) \" ` 'a' 1 - %d , range if with else end break index len printf eq nil"
texts = (
    st.lists(st.sampled_from([*WORDS.split(), " ", "\n"]), max_size=20).map("".join)
    | st.text(st.sampled_from("{}[]().,:?@$*'\"\\ =<>!-+019abxrange\n\u00b2\u0663"), max_size=40)
    | st.text()
)


def read_file(name: str) -> str:
    """The text of a file in FILES. Raises OSError as the system does."""
    if name == "folder":
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    if name not in FILES:
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))
    return FILES[name]


def form_of(output: str, template: str = "", tables: bool = True, **flags: Any) -> Format:
    """The format of `-o output`, with the flags of a command. `tables` is true for a command with columns."""
    return parse_output({"output": output, "template": template, **flags}, read_file, Budget(), tables)


def render(output: str, obj: Any) -> str:
    """An object in the format of `-o output`."""
    return form_of(output).render(obj)


def refused(output: str, obj: Any, template: str = "", **options: Any) -> FormatError:
    """The error with which printing an object must fail."""
    with pytest.raises(FormatError) as refusal:
        form_of(output, template, **options).render(obj)
    return refusal.value


def rows(kind: str) -> list[list[Any]]:
    """The rows of a kind for JSONPath and for go-templates, each after the name of the format."""
    return [[name, *row] for name in ("jsonpath", "go-template") for row in CASES[name][kind]]


@pytest.mark.parametrize(("name", "template", "printed"), rows("prints"))
def test_a_template_prints(name: str, template: str, printed: str) -> None:
    assert render(f"{name}={template}", CASES["objects"][name]) == printed


@pytest.mark.parametrize(("name", "template", "problem"), rows("broken"))
def test_a_broken_template_is_refused(name: str, template: str, problem: str) -> None:
    what = "template" if name == "go-template" else name
    place = "template: output:1: " if name == "go-template" else ""
    message = str(refused(f"{name}={template}", {}))
    assert message == f"error parsing {what} {template}, {place}{problem}"


@pytest.mark.parametrize(("template", "problem"), CASES["jsonpath"]["refused"])
def test_a_path_that_does_not_match_is_refused(template: str, problem: str) -> None:
    message = str(refused(f"jsonpath={template}", CASES["objects"]["jsonpath"]))
    head = f"error executing jsonpath {quote(template)}: Error executing template: {problem}. Printing more information"
    assert message.startswith(f"{head} for debugging the template:\n\ttemplate was:\n\t\t{template}\n")


@pytest.mark.parametrize(("template", "problem"), CASES["go-template"]["refused"])
def test_a_go_template_that_does_not_match_is_refused(template: str, problem: str) -> None:
    with pytest.raises(NotSimulated, match=f"^a Go template that fails: {re.escape(problem)}$"):
        render(f"go-template={template}", CASES["objects"]["go-template"])


@pytest.mark.parametrize("action", CASES["go-template"]["absent"])
def test_an_action_that_is_not_simulated_is_refused(action: str) -> None:
    with pytest.raises(NotSimulated, match=r" in this place of a Go template is not part of this simulator$"):
        render(f"go-template={{{{{action}}}}}", {})


def test_a_failing_template_prints_the_object_for_debugging() -> None:
    assert str(refused("jsonpath={.a[1]}", {"a": [1], "b": {"c": True}})).endswith(
        "\tobject given to jsonpath engine was:\n"
        '\t\tmap[string]interface {}{"a":[]interface {}{1}, "b":map[string]interface {}{"c":true}}\n\n\n'
    )
    assert str(refused("go-template=a\nb\n{{.x", {})).endswith("{{.x, template: output:3: unclosed action")


@pytest.mark.parametrize(
    "output",
    [
        *("kyaml", "go-template={{html .}}", 'go-template={{define "x"}}', "go-template={{slice .kind 1}}"),
        *("go-template={{range .a}}{{break}}{{end}}", "go-template={{print 1}}"),
        *(
            "go-template={{- .a}}",
            "go-template={{/* a */}}",
            'go-template={{printf "%5s" .kind}}',
        ),
        *(
            "jsonpath-file=path",
            "go-template-file=path",
            "go-template={{(.a)}}",
            "go-template={{.x | 5}}",
            "go-template={{$x := 1}}",
            "jsonpath={.a[::2]}",
        ),
        *("custom-columns-file=uneven", "custom-columns-file=empty"),
    ],
)
def test_a_format_that_is_not_simulated_is_refused(output: str) -> None:
    with pytest.raises(NotSimulated, match=r"(is|are) not part of this simulator$"):
        render(output, WEB)


@pytest.mark.parametrize(("output", "template", "printed"), CASES["output"]["one"])
def test_one_object_is_printed_as_its_row_says(output: str, template: str, printed: str) -> None:
    assert form_of(output, template).render(WEB) == printed


@pytest.mark.parametrize(("output", "printed"), CASES["output"]["several"])
def test_several_objects_are_printed_as_their_row_says(output: str, printed: str) -> None:
    assert form_of(output).render(list_of([ONE, TWO])) == printed


@pytest.mark.parametrize(
    ("output", "no_headers", "printed"),
    [
        ("yaml", False, f"{yaml.dump(WEB)}---\n{yaml.dump(ONE)}"),
        ("custom-columns=K:.kind,N:.metadata.name", False, "K            N\nDeployment   web\nSecret       one\n"),
        ("custom-columns=K:.kind,N:.metadata.name", True, "Deployment   web\nSecret       one\n"),
    ],
)
def test_a_second_object_has_a_separator_or_no_headings(output: str, no_headers: bool, printed: str) -> None:
    options: dict[str, Any] = {"no-headers": no_headers}
    form = form_of(output, **options)
    assert form.render(WEB) + form.render(ONE) == printed


@pytest.mark.parametrize(("output", "template", "tables", "message"), CASES["output"]["refused"])
def test_an_invalid_format_is_refused(output: str, template: str, tables: bool, message: str) -> None:
    assert str(refused(output, WEB, template, tables=tables)) == message


@pytest.mark.parametrize(
    ("path", "message"), [(".a[", "unterminated array"), (".kind[0]", "string is not array or slice")]
)
def test_headings_are_printed_before_a_path_fails(path: str, message: str) -> None:
    refusal = refused(f"custom-columns=NAME:.metadata.name,A:{path}", WEB)
    assert (str(refusal), refusal.stdout) == (message, "NAME   A\n")


def test_control_characters_are_escaped_and_lines_kept() -> None:
    shown = render("custom-columns=A:.a,B:.b", {"a": "x\x1b[1m\r", "b": "1\n2"})
    assert shown == "A          B\nx^[[1m\\r   1\n2\n"


@pytest.mark.parametrize("path", ["metadata.name", ".metadata.name", "{metadata.name}", "{.metadata.name}"])
def test_a_path_needs_no_braces_and_no_dot(path: str) -> None:
    assert evaluate_relaxed(path, WEB, Budget()) == ["web"]


@pytest.mark.parametrize(("values", "order"), CASES["sorted"])
def test_values_of_one_type_are_sorted(values: list[Any], order: list[int]) -> None:
    objects = [{"v": value, "at": at} if value != "missing" else {"at": at} for at, value in enumerate(values)]
    assert [obj["at"] for obj in sort_objects(objects, ".v", Budget())] == order


@pytest.mark.parametrize(("field", "message"), CASES["sort-by-refusals"])
def test_values_without_an_order_are_refused(field: str, message: str) -> None:
    with pytest.raises(FormatError) as refusal:
        sort_objects([{"v": 1, "map": {}, "mixed": 1}, {"v": 2, "map": {}, "mixed": "a"}], field, Budget())
    assert str(refusal.value) == message
    assert sort_objects([], ".nosuch", Budget()) == []
    values: list[Any]
    for values in ([{}, {}], [1, "a"], [True, False]):
        with pytest.raises(NotSimulated, match="whose values have no order"):
            sort_objects([{"v": value} for value in values], ".v", Budget())


def test_json_is_safe_for_html_and_keeps_the_order_of_what_kubectl_built() -> None:
    obj = {"apiVersion": "v1", "kind": "Secret", "metadata": {}, "data": {"b": [], "a": "<&>", "n": 2.0}, "c": None}
    assert to_json(obj, typed=False) == (
        '{\n    "apiVersion": "v1",\n    "c": null,\n    "data": {\n        "a": "\\u003c\\u0026\\u003e",\n'
        '        "b": [],\n        "n": 2\n    },\n    "kind": "Secret",\n    "metadata": {}\n}'
    )
    assert list(json.loads(to_json(obj, typed=True))) == ["kind", "apiVersion", "metadata", "data", "c"]


@settings(max_examples=500, deadline=None)
@given(st.sampled_from(["jsonpath", "go-template", "custom-columns"]), texts)
def test_any_template_prints_or_is_refused(name: str, template: str) -> None:
    with suppress(FormatError, NotSimulated):
        assert isinstance(render(f"{name}={template}", CASES["objects"]["jsonpath"]), str)


@given(st.text(st.sampled_from("abc019.-/ "), min_size=1).map(str.strip).filter(bool))
def test_any_key_can_be_asked_for(key: str) -> None:
    escaped = key.replace(".", "\\.").replace(" ", "\\ ")
    assert render(f"jsonpath={{.{escaped}}}", {key: "found"}) == "found"
