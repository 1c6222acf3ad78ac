import pytest

from kubesim.kubectl.formats import FormatError
from kubesim.kubectl.formats.columns import parse, parse_file

PODS = [
    {"metadata": {"name": "after"}, "spec": {"imagePullSecrets": [{"name": "a"}, {"name": "b"}]}, "status": {"n": 1}},
    {"metadata": {"name": "before"}, "spec": {}, "status": {"n": None}},
]


def test_columns():
    columns = parse("POD:.metadata.name,SECRETS:.spec.imagePullSecrets[*].name,SPEC:spec,N:{.status.n}")
    assert columns.render(PODS) == (
        "POD      SECRETS   SPEC                                             N\n"
        "after    a,b       map[imagePullSecrets:[map[name:a] map[name:b]]]   1\n"
        "before   <none>    map[]                                            <nil>\n"
    ).replace(
        "SPEC                                             N", "SPEC                                              N"
    ).replace(
        "map[]                                            <nil>",
        "map[]                                             <nil>",
    )


def test_no_headers():
    assert parse("N:.metadata.name,P:.status.n", no_headers=True).render(PODS) == "after    1\nbefore   <nil>\n"


def test_a_watch_prints_the_headers_once_and_remembers_widths():
    columns, widths = parse("NAME:.metadata.name,N:.status.n"), []
    first = columns.render(PODS[1:], widths=widths)
    second = columns.render(PODS[:1], first=False, widths=widths)
    assert first + second == "NAME     N\nbefore   <nil>\nafter    1\n"


def test_control_characters_are_shown_and_lines_kept():
    assert parse("A:.a,B:.b").render([{"a": "x\x1b[1m\r", "b": "1\n2"}]) == "A          B\nx^[[1m\\r   1\n2\n"


def test_a_file():
    assert parse_file("NAME  N\nmetadata.name  .status.n\n").render(PODS[:1]) == "NAME    N\nafter   1\n"


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("NAME", "unexpected custom-columns spec: NAME, expected <header>:<json-path-expr>"),
        ("A:.a,", "unexpected custom-columns spec: , expected <header>:<json-path-expr>"),
        (
            "A:{.a",
            "unexpected path string, expected a 'name1.name2' or '.name1.name2' or '{name1.name2}' or '{.name1.name2}'",
        ),
    ],
)
def test_a_broken_specification_is_refused(spec, message):
    with pytest.raises(FormatError) as refusal:
        parse(spec)
    assert refusal.value.message == message


LINES = "Expected format is one line of space separated headers, one line of space separated column specs."


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", f"invalid template, missing header line. {LINES}"),
        ("NAME\n", f"invalid template, missing spec line. {LINES}"),
        ("A B\n.a\n", "number of headers (2) and field specifications (1) don't match"),
    ],
)
def test_a_broken_file_is_refused(text, message):
    with pytest.raises(FormatError) as refusal:
        parse_file(text)
    assert refusal.value.message == message


@pytest.mark.parametrize(
    ("path", "message"),
    [
        (".a[", "unterminated array"),
        (".metadata.name[0]", "string is not array or slice"),
    ],
)
def test_the_headers_are_printed_before_a_path_fails(path, message):
    with pytest.raises(FormatError) as refusal:
        parse(f"NAME:.metadata.name,A:{path}").render(PODS)
    assert (refusal.value.message, refusal.value.stdout) == (message, "NAME   A\n")
