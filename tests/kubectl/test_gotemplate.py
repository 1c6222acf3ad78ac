from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kubesim.kubectl.errors import NotSimulated
from kubesim.kubectl.formats import FormatError
from kubesim.kubectl.formats.gotemplate import parse

SECRETS = {
    "kind": "List",
    "items": [
        {"metadata": {"name": "one", "generation": 1}, "data": {"k": "dg=="}},
        {"metadata": {"name": "two"}, "data": {"k": "dg==", "longer-key": "eA=="}, "immutable": True},
    ],
    "nothing": None,
    "empty": [],
}


@pytest.mark.parametrize(
    ("template", "printed"),
    [
        ("text", "text"),
        ("{{.kind}}", "List"),
        ("{{len .items}}", "2"),
        ("{{.nosuch}} {{.nosuch.deeper}} {{.nothing}}", "<no value> <no value> <no value>"),
        (
            "{{.items}}",
            "[map[data:map[k:dg==] metadata:map[generation:1 name:one]] map[data:map[k:dg== longer-key:eA==] "
            "immutable:true metadata:map[name:two]]]",
        ),
        ('{{range .items}}{{.metadata.name}}{{"\\n"}}{{end}}', "one\ntwo\n"),
        ("{{range $i, $e := .items}}{{if $i}}, {{end}}{{$i}}={{$e.metadata.name}}{{end}}", "0=one, 1=two"),
        ("{{range $k, $v := (index .items 1).data}}{{$k}}={{$v}} {{end}}", "k=dg== longer-key=eA== "),
        ("{{range .empty}}x{{else}}none{{end}}{{range .nosuch}}x{{else}}none{{end}}", "nonenone"),
        ("{{with .kind}}<{{.}}>{{else}}none{{end}}{{with .empty}}x{{else}}none{{end}}", "<List>none"),
        ('{{if eq .kind "Pod"}}a{{else if eq .kind "List" "Secret"}}b{{else}}c{{end}}', "b"),
        ('{{$x := "a"}}{{range .items}}{{$x = .metadata.name}}{{end}}{{$x}}{{$.kind}}', "twoList"),
        ("{{(index .items 0).metadata.name}}", "one"),
        ('{{index .items 1 "data" "longer-key" | base64decode}}', "x"),
        ('{{.kind | printf "%s-%s" "a"}}', "a-List"),
        ('{{printf "%-6s|%4d|%q|%v|%%" "ab" 3 "x" .empty}}', 'ab    |   3|"x"|[]|%'),
        ('{{printf "%d %s" "x"}} {{printf "a" 1 "b"}}', "%!d(string=x) %!s(MISSING) a%!(EXTRA int=1, string=b)"),
        ('{{print 1 2 "a" 3}}|{{println 1 "a"}}', "1 2a3|1 a\n"),
        ("{{and .kind 0}} {{or 0 .kind}} {{not .kind}} {{or .kind .nothing.x}}", "0 List false List"),
        (
            '{{eq 1 1}} {{ne .nosuch "x"}} {{1.5}} {{true}} {{`raw "q"`}}',
            'true true 1.5 true raw "q"',
        ),
        ("a {{- /* said\naside */ -}} b {{- .kind -}} \n c", "abListc"),
        ("{{/* aside */}}x{{ .kind }}", "xList"),
        ("{{ .kind\n}}", "List"),
        ("{{range 3}}{{.}}{{end}}{{range $i := 2}}<{{$i}}>{{end}}", "012<0><1>"),
        ('{{lt 1 2}} {{ge "b" "a"}} {{gt 1.5 2.5}} {{le 2 2}}', "true true false true"),
        ('{{exists . "items"}} {{exists . "nosuch"}} {{exists .kind "x"}}', "true false false"),
        ('{{printf "%05d|%6.2f|%x|%.2s|%t|" 3 1.5 "ab" "abc" true}}', "00003|  1.50|6162|ab|true|"),
    ],
)
def test_a_template_prints_what_go_prints(template, printed):
    assert parse(template).render(SECRETS) == printed


@pytest.mark.parametrize(
    ("template", "problem"),
    [
        ("{{.x", "unclosed action"),
        ("{{.longer-key}}", "bad character U+002D '-'"),
        ("{{foo}}", 'function "foo" not defined'),
        ("{{end}}", "unexpected {{end}}"),
        ("{{else}}", "unexpected {{else}}"),
        ("{{if .x}}", "unexpected EOF"),
        ("{{if}}{{end}}", "missing value for if"),
        ("{{}}", "missing value for command"),
        ("{{if .x}}{{else}}{{else}}{{end}}", "expected end; found {{else}}"),
        ("{{$x}}", 'undefined variable "$x"'),
        ("{{range $x := .a}}{{end}}{{$x}}", 'undefined variable "$x"'),
        ("{{.a,b}}", 'unexpected "," in operand'),
        ("{{#}}", 'unexpected "#" in operand'),
        ('{{"unterminated}}', "unterminated quoted string"),
        ('{{"\\q"}}', "invalid syntax"),
        ("{{(.x}}", "unclosed left paren"),
        ("{{.x)}}", "unexpected right paren"),
        ("{{.x | 5}}", "non executable command in pipeline stage 2"),
    ],
)
def test_a_broken_template_is_refused(template, problem):
    with pytest.raises(FormatError) as refusal:
        parse(template)
    assert refusal.value.message == f"template: output:1: {problem}"


def test_the_line_of_a_mistake_is_told():
    with pytest.raises(FormatError, match=r"^template: output:3: unclosed action$"):
        parse("a\nb\n{{.x")


@pytest.mark.parametrize(
    ("template", "place", "problem"),
    [
        ("\n {{.kind.x}}", "2:8: .kind.x", "can't evaluate field x in type interface {}"),
        ("{{index .items 5}}", "1:2: index .items 5", "error calling index: index out of range: 5"),
        (
            '{{index .items "a"}}',
            '1:2: index .items "a"',
            "error calling index: cannot index slice/array with type string",
        ),
        ("{{index . 1}}", "1:2: index . 1", "error calling index: value has type int; should be string"),
        ("{{index}}", "1:2: index", "wrong number of args for index: want at least 1 got 0"),
        ("{{len 3}}", "1:2: len 3", "error calling len: len of type int"),
        ("{{range .kind}}{{end}}", "1:8: .kind", "range can't iterate over List"),
        (
            '{{"ab-d" | base64decode}}',
            "1:11: base64decode",
            "error calling base64decode: base64 decode failed: illegal base64 data at input byte 2",
        ),
        (
            '{{"dg=" | base64decode}}',
            "1:10: base64decode",
            "error calling base64decode: base64 decode failed: illegal base64 data at input byte 3",
        ),
        ("{{.nosuch | base64decode}}", "1:12: base64decode", "invalid value; expected string"),
        ("{{base64decode 1 2}}", "1:2: base64decode", "wrong number of args for base64decode: want 1 got 2"),
        ("{{eq 1}}", "1:2: eq 1", "error calling eq: missing argument for comparison"),
        ("{{lt true false}}", "1:2: lt true false", "error calling lt: invalid type for comparison"),
        ("{{range $i, $j := 3}}{{end}}", "1:18: 3", "can't use 3 to iterate over more than one variable"),
        ('{{eq 1 "a"}}', '1:2: eq 1 "a"', "error calling eq: incompatible types for comparison: int and string"),
    ],
)
def test_a_template_that_does_not_fit_is_refused(template, place, problem):
    place, node = place.rsplit(": ", 1)
    with pytest.raises(FormatError) as refusal:
        parse(template).render(SECRETS)
    quoted = template.replace('"', '\\"').replace("\n", "\\n")
    assert refusal.value.message == (
        f'error executing template "{quoted}": template: output:{place}: executing "output" at <{node}>: {problem}'
    )


def test_kubectl_prints_what_it_had_before_it_failed():
    with pytest.raises(FormatError) as refusal:
        parse("a{{.b.c}}").render({"b": "<x>"})
    problem = 'template: output:1:5: executing "output" at <.b.c>: can\'t evaluate field c in type interface {}'
    assert refusal.value.stdout == (
        f"aError executing template: {problem}. Printing more information for debugging the template:\n"
        '\ttemplate was:\n\t\ta{{.b.c}}\n\traw data was:\n\t\t{"b":"\\u003cx\\u003e"}\n'
        "\tobject given to template engine was:\n\t\tmap[b:<x>]\n\n"
    )


@pytest.mark.parametrize(
    "template", ["{{html .}}", '{{define "x"}}', "{{range .items}}{{break}}{{end}}", "{{slice .kind 1}}"]
)
def test_the_rest_of_go_templates_is_not_simulated(template):
    with pytest.raises(NotSimulated, match=r"is not part of this simulator$"):
        parse(template)


WORDS = "{{ }} {{- -}} . .a .items $x := = | ( ) \" ` 'a' 1 - %d , range if with else end break index len printf eq nil"


@pytest.mark.parametrize("template", ['{{printf "%U" 1}}', '{{printf "%.2d" 1}}'])
def test_what_is_not_simulated_is_told_when_it_comes_up(template):
    with pytest.raises(NotSimulated, match=r"is not part of this simulator$"):
        parse(template).render(SECRETS)


words = st.sampled_from([*WORDS.split(), " ", "\n"])


@settings(max_examples=300, deadline=None)
@given(st.lists(words, max_size=20).map("".join) | st.text())
def test_any_template_is_executed_or_refused(template):
    with suppress(FormatError, NotSimulated):
        assert isinstance(parse(template).render(SECRETS), str)
