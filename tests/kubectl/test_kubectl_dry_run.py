"""What kubectl makes by itself, without a server: --dry-run=client and --local."""

from __future__ import annotations

import json

import pytest

from tests.learner import Learner

FILES = {
    "bin.dat": "\0\udcff\udcfebin",
    "app.txt": "hello\n",
    "vars.env": "\ufeffA=1\r\n# no\n\n  B=x=y\nHOME_\n",
    "config.json": '{"auths":{}}',
    "web.yaml": "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec:\n  template:\n    spec:\n"
    "      containers: [{name: c, image: nginx}]\n",
}
SET_LOCALLY = """apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  strategy: {}
  template:
    spec:
      containers:
      - image: redis
        name: c
        resources: {}
status: {}
"""


@pytest.fixture(scope="module")
def maker() -> Learner:
    """A session with files; nothing below changes anything."""
    learner = Learner()
    for name, text in FILES.items():
        learner.session.write_file(name, text)
    return learner


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("create cm x --from-literal=a=b --append-hash -o name", "configmap/x-64686gkt6c"),
        ("create cm x --append-hash -o name", "configmap/x-62ctbmbfd2"),
        ("create cm x --from-file=bin.dat --append-hash -o name", "configmap/x-bbkg2t427t"),
        ("create cm x --from-file=bin.dat -o jsonpath={.binaryData}{.data}", '{"bin.dat":"AP/+Ymlu"}'),
        ("create cm x --from-file=k=app.txt,app.txt -o jsonpath={.data}", '{"app.txt":"hello\\n","k":"hello\\n"}'),
        ("create cm x --from-env-file=vars.env -o jsonpath={.data}", '{"A":"1","B":"x=y","HOME_":""}'),
        (
            "create secret generic x --from-literal=a=b --from-literal=z=y --type=foo --append-hash -o name",
            "secret/x-t972mmmm5d",
        ),
        (
            "create secret docker-registry r --from-file=foo=config.json -o jsonpath={.data}",
            '{"foo":"eyJhdXRocyI6e319"}',
        ),
        (
            "create deploy d --image=nginx:1,busybox --port=80 -o jsonpath={.spec.template.spec.containers}",
            '[{"image":"nginx:1","name":"nginx","ports":[{"containerPort":80}],"resources":{}},'
            '{"image":"busybox","name":"busybox","resources":{}}]',
        ),
        (
            "create clusterrole r --verb=get --non-resource-url=/a,/b -o jsonpath={.rules}",
            '[{"nonResourceURLs":["/a","/b"],"verbs":["get"]}]',
        ),
        ("run p --image=nginx --env=A= -o jsonpath={.spec.containers[0].env}", '[{"name":"A"}]'),
        (
            """run p --image=nginx --overrides='{"spec":{"foo":1,"containers":[{"name":"q"}]}}' -o jsonpath={.spec}""",
            '{"containers":[{"name":"q","resources":{}}],"dnsPolicy":"ClusterFirst","restartPolicy":"Always"}',
        ),
        (
            "create ns x --save-config -o go-template='{{range .metadata.annotations}}{{.}}{{end}}'",
            '{"kind":"Namespace","apiVersion":"v1","metadata":{"name":"x"},"spec":{},"status":{}}\n',
        ),
    ],
)
def test_objects(maker: Learner, line: str, shown: str) -> None:
    assert maker(f"kubectl {line} --dry-run=client").removesuffix("\n") == shown.removesuffix("\n")


@pytest.mark.parametrize(
    ("line", "order"),
    [
        ("create cm x --from-literal=a=b", ["kind", "apiVersion", "metadata", "data"]),
        ("create rolebinding x --role=r --user=u", ["kind", "apiVersion", "metadata", "subjects", "roleRef"]),
        ("create deploy x --image=y", ["kind", "apiVersion", "metadata", "spec", "status"]),
    ],
)
def test_json_has_the_order_of_go_types(maker: Learner, line: str, order: list[str]) -> None:
    assert list(json.loads(maker(f"kubectl {line} --dry-run=client -o json"))) == order


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("label --local -f web.yaml a=b", "deployment.apps/web labeled\n"),
        ("label --local -f web.yaml a=b -o jsonpath={.metadata}", '{"labels":{"a":"b"},"name":"web"}'),
        ("annotate --local -f web.yaml a=b -o jsonpath={.metadata}", '{"annotations":{"a":"b"},"name":"web"}'),
        ("set image --local -f web.yaml c=redis", "deployment.apps/web image updated\n"),
        ("set image --local -f web.yaml c=redis -o yaml", SET_LOCALLY),
        ("set sa --local -f web.yaml bob -o jsonpath={..serviceAccountName}", "bob"),
        ("patch --local -f web.yaml --type=merge -p 'spec: null' -o jsonpath={.metadata}", '{"name":"web"}'),
    ],
)
def test_local_changes(maker: Learner, line: str, shown: str) -> None:
    assert maker(f"kubectl {line}") == shown


@pytest.mark.parametrize(
    ("line", "refusal"),
    [
        ("label --local a=b", "one or more files must be specified as -f pod.yaml or --filename=pod.json"),
        ("annotate --local a=b", "one or more files must be specified as -f rsrc.yaml or --filename=rsrc.json"),
        (
            "label --local pod web a=b",
            "can only use local files by -f pod.yaml or --filename=pod.json when --local=true is set",
        ),
        ("set image --local -f web.yaml q=x", 'unable to find container named "q"'),
        ("set image --local -f web.yaml", "at least one image update is required"),
        (
            "set image --local -f web.yaml c=x --dry-run=server",
            "cannot specify --local and --dry-run=server - did you mean --dry-run=client?",
        ),
    ],
)
def test_refusals(maker: Learner, line: str, refusal: str) -> None:
    assert maker.fails(f"kubectl {line}") == f"error: {refusal}\n"
