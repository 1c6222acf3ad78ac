from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kubesim.kubectl.formats import FormatError, evaluate_relaxed
from kubesim.kubectl.formats.jsonpath import parse, relaxed

SECRETS = {
    "apiVersion": "v1",
    "kind": "List",
    "items": [
        {"kind": "Secret", "metadata": {"name": "one", "generation": 1}, "type": "docker", "data": {".cfg": "eyJ9"}},
        {
            "kind": "Secret",
            "metadata": {"name": "two", "labels": {"a.b/c": "x"}},
            "type": "Opaque",
            "data": {"k": "dg==", "html": "<&>"},
            "ports": [80, 443, 8080],
            "immutable": True,
            "ratio": 1.5,
            "whole": 2.0,
            "nothing": None,
        },
    ],
    "metadata": {"resourceVersion": ""},
}


@pytest.mark.parametrize(
    ("template", "printed"),
    [
        ("text", "text"),
        ("{.kind}", "List"),
        ("{@.kind} {$.kind} {$['kind']}", "List List List"),
        ("{['kind']}", "List"),
        ("{.nosuch}", ""),
        ("{.nosuch.deeper[0]}", ""),
        (r"{.items[0].data.\.cfg}", "eyJ9"),
        (r"{.items[0].data['\.cfg']}", "eyJ9"),
        (r"{.items[1].metadata.labels.a\.b/c}", "x"),
        ('{range .items[*]}{.metadata.name}={.type}{"\\n"}{end}', "one=docker\ntwo=Opaque\n"),
        ("{range .items[*]}{.metadata.name}{end};{.kind}", "onetwo;List"),
        ("{range .items[*]}[{range .ports[*]}<{@}>{end}]{end}", "[][<80><443><8080>]"),
        ("{range .nosuch[*]}x{.y}{end}z", "z"),
        ("{.items[*].metadata.name}", "one two"),
        ("{.items[-1:].metadata.name}", "two"),
        ("{.items[-1].metadata.name}", "two"),
        ("{.items[1].ports[0:2]}", "80 443"),
        ("{.items[1].ports[::2]}", "80 8080"),
        ("{.items[1].ports[1:]}", "443 8080"),
        ("{.items[1].ports[0,2]}", "80 8080"),
        ("{.items[1].ports[1:1]}", ""),
        ("{.items[1]['type', 'kind']}", "Opaque Secret"),
        ('{.items[?(@.metadata.name=="two")].data.k}', "dg=="),
        ("{.items[?(@.metadata.name!='two')].type}", "docker"),
        ('{.items[?(@.type=="a)b")].type}', ""),
        ("{.items[?(@.metadata.generation>0)].type}", "docker"),
        ("{.items[?(@.immutable==true)].type}", "Opaque"),
        ("{.items[?(@.ratio<=1.5)].type}", "Opaque"),
        ("{.items[?(@.ports)].metadata.name}", "two"),
        ("{.items[1].ports[?(@>100)]}", "443 8080"),
        ("{..name}", "one two"),
        ("{.items[0]..name}", "one"),
        ("{.items[1].data}", r'{"html":"\u003c\u0026\u003e","k":"dg=="}'),
        ("{.items[1].ports}", "[80,443,8080]"),
        ("{.items[1].data.*}", "<&> dg=="),
        ("{.items[1].immutable} {.items[1].ratio} {.items[1].whole} {.items[1].nothing}", "true 1.5 2 null"),
        ("{'quoted'}{\"\\t\"}{'it\\'s'}", "quoted\tit's"),
        ("{3} {-1.5} {true}", "3 -1.5 true"),
        ("{.metadata.resourceVersion}", ""),
    ],
)
def test_a_template_prints_what_it_finds(template, printed):
    assert parse(template).render(SECRETS) == printed


@pytest.mark.parametrize(
    ("template", "message"),
    [
        ("{.items", "unclosed action"),
        ("{.items\n}", "unclosed action"),
        ("{.items[0", "unterminated array"),
        ("{.items[x]}", "invalid array index x"),
        ("{.items[-]}", "array index - is not a number"),
        ("{.items[?(@.x]}", "unterminated filter"),
        ("{.items[?(@.x)}", "unclosed array expect ]"),
        ("{.items[?(@.x=~/y/)]}", "unrecognized character in action: U+007E '~'"),
        ('{"text}', "unterminated quoted string"),
        ("{'\\q'}", "unquote string '\\q' error invalid syntax"),
        ("{*}", "unrecognized character in action: U+002A '*'"),
        ("{....a}", "invalid multiple recursive descent"),
        ("{1.2.3}", "cannot parse number 1.2.3"),
    ],
)
def test_a_broken_template_is_refused(template, message):
    with pytest.raises(FormatError) as refusal:
        parse(template)
    assert refusal.value.message == message


@pytest.mark.parametrize(
    ("template", "reason"),
    [
        ("{.items[5]}", "array index out of bounds: index 5, length 2"),
        ("{.items[-5:]}", "array index out of bounds: index -3, length 2"),
        ("{.items[0:9]}", "array index out of bounds: index 8, length 2"),
        ("{.items[1:0]}", "starting index 1 is greater than ending index 0"),
        ("{.items[0:2:0]}", "step must be > 0"),
        ("{.kind[0]}", "string is not array or slice"),
        ("{.metadata[0]}", "map[string]interface {} is not array or slice"),
        ("{.metadata[?(@.x)]}", "map[resourceVersion:] is not array or slice and cannot be filtered"),
        ("{.items[?(@.type==1)]}", "incompatible types for comparison"),
        ("{.items[?(@.data>1)]}", "invalid type for comparison"),
        ("{.items[?(@.*==1)]}", "can only compare one element at a time"),
        ("{.items[?(@.type=>1)]}", "unrecognized filter operator =>"),
        ("{items}", "unrecognized identifier items"),
        ("{end}", "not in range, nothing to end"),
    ],
)
def test_a_template_that_does_not_fit_is_refused(template, reason):
    with pytest.raises(FormatError) as refusal:
        parse(template).results(SECRETS)
    assert refusal.value.message == reason


def test_kubectl_tells_a_lot_about_a_failure():
    with pytest.raises(FormatError) as refusal:
        parse("{.a[1]}").render({"a": [1, "x", None][:1], "b": {"c": True}})
    assert refusal.value.message == (
        'error executing jsonpath "{.a[1]}": Error executing template: array index out of bounds: index 1, length 1. '
        "Printing more information for debugging the template:\n\ttemplate was:\n\t\t{.a[1]}\n"
        "\tobject given to jsonpath engine was:\n"
        '\t\tmap[string]interface {}{"a":[]interface {}{1}, "b":map[string]interface {}{"c":true}}\n\n'
    )


def test_results_as_json():
    template = parse("{.items[*].metadata.name}{.kind}")
    assert template.render(SECRETS, as_json=True) == '[\n    "one",\n    "two"\n]\n[\n    "List"\n]\n'


@pytest.mark.parametrize("path", ["metadata.name", ".metadata.name", "{metadata.name}", "{.metadata.name}"])
def test_a_relaxed_path(path):
    assert relaxed(path) == "{.metadata.name}"
    assert evaluate_relaxed(path, {"metadata": {"name": "x"}}) == ["x"]


@pytest.mark.parametrize("path", ["{.a", "{.a}{.b}", "{}", "{.a}.b"])
def test_a_relaxed_path_is_one_expression(path):
    with pytest.raises(FormatError) as refusal:
        relaxed(path)
    assert refusal.value.message == (
        "unexpected path string, expected a 'name1.name2' or '.name1.name2' or '{name1.name2}' or '{.name1.name2}'"
    )


@settings(max_examples=300, deadline=None)
@given(st.text(st.sampled_from("{}[]().,:?@$*'\"\\ =<>!-+019abxrange\n\u00b2\u0663"), max_size=40) | st.text())
def test_any_template_is_executed_or_refused(template):
    with suppress(FormatError):
        assert isinstance(parse(template).render(SECRETS), str)


@given(st.text(st.sampled_from("abc019.-/ "), min_size=1).map(str.strip).filter(bool), st.integers())
def test_any_key_can_be_asked_for(key, value):
    escaped = key.replace(".", "\\.").replace(" ", "\\ ")
    assert parse(f"{{.{escaped}}}").results({key: value}) == [[value]]
