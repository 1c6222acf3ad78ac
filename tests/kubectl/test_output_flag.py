import errno
import os

import pytest

from kubesim.kubectl.formats import OUTPUT_FORMATS, FormatError, list_of, parse_output, to_json

ONE = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "one", "namespace": "default"}, "type": "docker"}
TWO = {
    "apiVersion": "v1",
    "kind": "Secret",
    "metadata": {"name": "two", "labels": {"tier": "web"}},
    "data": {"k": "dg=="},
}
WEB = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}}
FILES = {"path": "{.kind}", "template": "{{.kind}}", "columns": "NAME\n.metadata.name\n"}


def read_file(name):
    if name == "folder":
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    if name not in FILES:
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))
    return FILES[name]


def shown(output, obj, template="", **options):
    return parse_output(output, template, read_file, **options).render(obj)


def test_a_list_as_yaml():
    assert (
        shown("yaml", list_of([ONE, TWO]))
        == """\
apiVersion: v1
items:
- apiVersion: v1
  kind: Secret
  metadata:
    name: one
    namespace: default
  type: docker
- apiVersion: v1
  data:
    k: dg==
  kind: Secret
  metadata:
    labels:
      tier: web
    name: two
kind: List
metadata:
  resourceVersion: ""
"""
    )


@pytest.mark.parametrize(
    ("output", "template", "printed"),
    [
        ("json", "", to_json(WEB) + "\n"),
        ("YAML", "", "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: web\n"),
        ("name", "", "deployment.apps/web\n"),
        ("jsonpath={.metadata.name}", "", "web"),
        ("jsonpath", "{.metadata.name}", "web"),
        ("jsonpath-as-json={.metadata}", "", '[\n    {\n        "name": "web"\n    }\n]\n'),
        ("jsonpath-file=path", "", "Deployment"),
        ("go-template={{.kind}}", "", "Deployment"),
        ("template={{.kind}}", "", "Deployment"),
        ("go-template-file=template", "", "Deployment"),
        ("templatefile", "template", "Deployment"),
        ("", "{{.kind}}", "Deployment"),
        ("custom-columns=NAME:.metadata.name", "", "NAME\nweb\n"),
        ("custom-columns", "NAME:.metadata.name", "NAME\nweb\n"),
        ("custom-columns-file=columns", "", "NAME\nweb\n"),
    ],
)
def test_one_object_in_every_format(output, template, printed):
    assert shown(output, WEB, template) == printed


@pytest.mark.parametrize(
    ("output", "printed"),
    [
        ("name", "secret/one\nsecret/two\n"),
        ("custom-columns=NAME:.metadata.name,KEYS:.data", "NAME   KEYS\none    <none>\ntwo    map[k:dg==]\n"),
        ('jsonpath={range .items[*]}{.metadata.name};{"\\n"}{end}', "one;\ntwo;\n"),
        ("go-template={{len .items}}", "2"),
    ],
)
def test_several_objects(output, printed):
    assert parse_output(output, "", read_file).render_list([ONE, TWO]) == printed


def test_a_second_print_of_the_same_command():
    as_yaml = parse_output("yaml", "", read_file)
    assert as_yaml.render(WEB) + as_yaml.render(WEB) == (
        "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: web\n"
        "---\napiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: web\n"
    )
    columns = parse_output("custom-columns=KIND:.kind,NAME:.metadata.name", "", read_file)
    assert columns.render(WEB) + columns.render(ONE) == ("KIND         NAME\nDeployment   web\nSecret       one\n")


OTHERS = "go-template,go-template-file,json,jsonpath,jsonpath-as-json,jsonpath-file,kyaml,name,template,templatefile"
GET = f"custom-columns,custom-columns-file,{OTHERS},wide,yaml"
OTHERS += ",yaml"
NO_MATCH = "unable to match a printer suitable for the output format"


def test_the_formats_of_get():
    assert ",".join(sorted(OUTPUT_FORMATS)) == GET


@pytest.mark.parametrize(
    ("output", "template", "tables", "message"),
    [
        (
            "bogus",
            "",
            True,
            f'{NO_MATCH} "bogus", allowed formats are: {GET}',
        ),
        (
            "wide",
            "",
            False,
            f'{NO_MATCH} "wide", allowed formats are: {OTHERS}',
        ),
        (
            "json=x",
            "",
            True,
            f'{NO_MATCH} "json=x", allowed formats are: {GET}',
        ),
        (
            "jsonpath={.a}",
            "{.b}",
            False,
            f'{NO_MATCH} "jsonpath={{.a}}", allowed formats are: {OTHERS}',
        ),
        ("jsonpath", "", True, "template format specified but no template given"),
        ("go-template=", "", True, "template format specified but no template given"),
        ("custom-columns", "", True, "custom-columns format specified but no custom columns given"),
        (
            "custom-columns-file=cols.txt",
            "",
            True,
            "error reading template cols.txt, open cols.txt: no such file or directory",
        ),
        ("jsonpath-file=x", "", True, "error reading --template x, open x: no such file or directory"),
        ("go-template-file=folder", "", True, "error reading --template folder, read folder: is a directory"),
        ("jsonpath={.items", "", True, "error parsing jsonpath {.items, unclosed action"),
        ("", "{{.x", True, "error parsing template {{.x, template: output:1: unclosed action"),
    ],
)
def test_what_is_no_format_is_refused(output, template, tables, message):
    with pytest.raises(FormatError) as refusal:
        parse_output(output, template, read_file, tables=tables)
    assert refusal.value.message == message


def test_tables_are_not_printed_here():
    assert [parse_output(output, "", read_file).is_table for output in ("", "wide", "name")] == [True, True, False]
