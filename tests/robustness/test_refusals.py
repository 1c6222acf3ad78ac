"""Bad input that once led astray, with the whole of what is answered now."""

from __future__ import annotations

import pytest

from kubesim import Session
from kubesim.api.resources import POD
from kubesim.cluster.apiserver import admission

_CONFIG = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\n"
_BOMB = "a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]\n"
_BOMB += "d: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c]\ne: &e [*d,*d,*d,*d,*d,*d,*d,*d,*d]\n"
_PRINTERS = (
    "go-template,go-template-file,json,jsonpath,jsonpath-as-json,jsonpath-file,kyaml,name,template,templatefile,yaml"
)


@pytest.mark.parametrize(
    ("text", "screen"),
    [
        (
            _BOMB,
            "error: error parsing x.yaml: error converting YAML to JSON: yaml: document contains excessive aliasing\n",
        ),
        (
            "a: &a [*a]",
            "error: error parsing x.yaml: error converting YAML to JSON: yaml: an anchor's value contains itself\n",
        ),
        (
            _CONFIG + "data: {a: .nan}",
            "error: error parsing x.yaml: error converting YAML to JSON: json: unsupported value: NaN\n",
        ),
        (
            _CONFIG + "data: {a: -.inf}",
            "error: error parsing x.yaml: error converting YAML to JSON: json: unsupported value: -Inf\n",
        ),
        (
            _CONFIG + "data: {a: \udcff}",
            "error: error parsing x.yaml: error converting YAML to JSON: yaml: invalid leading UTF-8 octet\n",
        ),
        (
            "[" * 101 + "]" * 101,
            "kubesim: a file of more than 30000 values, or of more than 100 one in the other, is not part of this "
            "simulator\n",
        ),
        (
            '{"apiVersion": "v1", "kind": "ConfigMap", "metadata": true}',
            'error: unable to decode "x.yaml": json: cannot unmarshal bool into Go struct field '
            "metadataOnlyObject.metadata of type v1.ObjectMeta\n",
        ),
        (
            '{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c", "annotations": {"a": true}}}',
            'error: unable to decode "x.yaml": json: cannot unmarshal bool into Go struct field '
            "ObjectMeta.metadata.annotations of type string\n",
        ),
    ],
)
def test_files(text: str, screen: str) -> None:
    session = Session()
    session.write_file("x.yaml", text)
    assert session.run("kubectl apply -f x.yaml").screen == screen


@pytest.mark.parametrize(
    ("line", "screen"),
    [
        ("kubectl run x --image=nginx --port=²", 'error: strconv.Atoi: parsing "²": invalid syntax\n'),
        (
            "kubectl wait pod/x --for=delete --timeout=99999999h",
            'error: invalid argument "99999999h" for "--timeout" flag: time: invalid duration "99999999h"\n'
            "See 'kubectl wait --help' for usage.\n",
        ),
        (
            "kubectl wait sa/default --for=delete --timeout=25h",
            "kubesim: waiting for more than 24 hours is not part of this simulator\n",
        ),
        (
            "kubectl create sa x -o wide; kubectl get sa x",
            'error: unable to match a printer suitable for the output format "wide", allowed formats are: '
            f"{_PRINTERS}\n"
            'Error from server (NotFound): serviceaccounts "x" not found\n',
        ),
        (
            'kubectl annotate sa default a="$(echo /w== | base64 -d)"; kubectl get sa default -o '
            "jsonpath='{.metadata.annotations}'",
            'serviceaccount/default annotated\n{"a":"\ufffd"}',
        ),
        (
            'kubectl create secret generic s --from-literal=a="$(echo /w== | base64 -d)" -o jsonpath={.data}',
            '{"a":"/w=="}',
        ),
        (
            r"""kubectl patch sa default -p '{"metadata":{"labels":null,"annotations":{"a":"\ud800"}}}' """
            "-o jsonpath={.metadata.annotations.a}",
            "\ufffd",
        ),
    ],
)
def test_lines(line: str, screen: str) -> None:
    assert Session().run(line).screen == screen


def test_what_another_tool_left_in_the_last_applied_annotation() -> None:
    session = Session()
    session.write_file("x.yaml", _CONFIG)
    session.run("kubectl apply -f x.yaml")
    session.run("kubectl annotate --overwrite cm c kubectl.kubernetes.io/last-applied-configuration=[]")
    said = session.run("kubectl apply -f x.yaml").screen.splitlines()
    assert said[:3] == ["error: error when creating patch with:", "original:", "[]"]
    assert said[-1] == 'for: "x.yaml": invalid JSON document'
    session.run("kubectl annotate --overwrite cm c kubectl.kubernetes.io/last-applied-configuration=null")
    assert session.run("kubectl apply -f x.yaml").screen == "configmap/c configured\n"


def test_a_revision_that_is_no_number() -> None:
    session = Session()
    session.run("kubectl create deployment web --image=nginx; sleep 5")
    session.run("kubectl annotate rs --all --overwrite deployment.kubernetes.io/revision=x; sleep 1")
    told = "deployment.apps/web \nREVISION  CHANGE-CAUSE\n1         <none>\n\n"
    assert session.run("kubectl rollout history deployment/web").screen == told


def test_a_watch_that_cannot_print_leaves_the_cluster_to_itself() -> None:
    session = Session()
    session.run("kubectl run web --image=nginx; kubectl get pods -w -o 'jsonpath={.spec.x[5].y}' --request-timeout=20s")
    assert session.run("kubectl get pod web -o jsonpath={.status.phase}").screen == "Running"


def test_the_cluster_is_full_at_some_point(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(admission, "MAX_PODS", 3)
    session = Session()
    session.run("kubectl create deployment web --image=nginx --replicas=2147483647; sleep 60")
    assert len(session.cluster.api.list(POD)) == 3
    assert session.run("kubectl run one --image=nginx").screen == (
        'Error from server (Forbidden): pods "one" is forbidden: kubesim keeps at most 3 Pods\n'
    )
    assert session.run("kubectl delete deployment web; sleep 60; kubectl get pods").screen == (
        'deployment.apps "web" deleted from default namespace\nNo resources found in default namespace.\n'
    )
