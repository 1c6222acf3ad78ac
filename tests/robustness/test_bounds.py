"""Files and lines of extreme size or depth: Probe (probe.py) asserts an answer within two seconds, whatever it is."""

from __future__ import annotations

import pytest

from .probe import Probe

_HEAD = "apiVersion: v1\nkind: Secret\nmetadata: {name: big}\n"
_BOMB = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{new}: &{new} [{','.join(['*' + old] * 9)}]\n" for old, new in zip("abcdefgh", "bcdefghi", strict=True)
)
_MERGES = [f"a{n + 1}: &a{n + 1} {{<<: [{','.join([f'*a{n}'] * 9)}]}}\n" for n in range(9)]

FILES = {
    "alias bomb": _BOMB,
    "alias bomb in data": _HEAD + "data:\n" + "".join(f"  {line}\n" for line in _BOMB.splitlines()),
    "merges": "a: &a {x: 1}\n" + "".join(f"a{n}: &a{n} {{<<: [*a, *a, *a, *a]}}\n" for n in range(200)),
    "merge bomb": "a0: &a0 {x: 1}\n" + "".join(_MERGES),
    "quadratic aliases": f"a: &a [{'x,' * 10_000}x]\nb: [{'*a,' * 90}*a]\n",
    "alias to itself": "a: &a\n  b: *a\n",
    "open brackets": "[" * 100_000,
    "closed braces": "{a: " * 5000 + "1" + "}" * 5000,
    "deep JSON": '{"a":' * 100_000 + "1" + "}" * 100_000,
    "deep block": "".join(" " * n + "a:\n" for n in range(1500)),
    "deep list": "- " * 20_000 + "a",
    "deep data": _HEAD + "data: " + "{a: " * 90 + "1" + "}" * 90,
    "string of 10 MB": _HEAD + f"stringData: {{a: {'x' * 10_000_000}}}\n",
    "more than 10 MB": _HEAD + f"stringData: {{a: {'x' * 11_000_000}}}\n",
    "data of 1.5 MB": _HEAD + f"stringData: {{a: {'x' * 1_500_000}}}\n",
    "name of 1 MB": f"apiVersion: v1\nkind: Secret\nmetadata: {{name: {'x' * 1_000_000}}}\n",
    "list of 10 MB": "[" + "1," * 5_000_000 + "1]",
    "broken list of 1 MB": "[" + "1," * 500_000 + "x",
    "broken list of 10 MB": "[" + "1," * 5_000_000 + "x",
    "block list of 10 MB": "- a\n" * 2_500_000,
    "many documents": "---\n" * 50_000,
    "many full documents": ("a: [" + "1," * 10_000 + "1]\n---\n") * 100,
    "many objects": "".join(f"---\n{_HEAD.replace('big', f'n{n}')}" for n in range(300)),
    "many keys": _HEAD + "data:\n" + "".join(f"  k{n}: YQ==\n" for n in range(8_000)),
    "many unknown fields": _HEAD + "".join(f"k{n}: 1\n" for n in range(8_000)),
    "colons": ":" * 100_000,
    "question marks": "? " * 5000,
    "quotes": "'" * 100_001,
    "anchors": "&a " * 10_000,
    "tags": "!!str " * 10_000,
    "control characters": _HEAD + 'stringData: {a: "\0\x01\x7f\x9f"}\n',
    "no Unicode": _HEAD + "stringData: {a: \udcff}\n",
    "half characters": _HEAD.replace("{name: big}", "{name: big, annotations: {a: \ud800}}"),
    "long number": f"a: {'9' * 100_000}\n",
    "long sexagesimal": f"a: {'1:' * 20_000}1\n",
    "long float": f"a: 1.{'9' * 100_000}e{'9' * 1000}\n",
}


_LINES = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: lines}\ndata:\n  text: |\n"
_POD = "apiVersion: v1\nkind: Pod\nmetadata: {name: many}\nspec:\n  containers:\n  - name: c\n    image: i\n    env:\n"


@pytest.mark.parametrize(
    ("head", "line", "command"),
    [(_LINES, "    {}\n", "kubectl diff -f"), (_POD, "    - {{name: 'V{}'}}\n", "kubectl apply -f")],
    ids=["diff", "a refused change of a Pod"],
)
def test_a_difference_of_many_lines_is_refused_as_too_much_work(head: str, line: str, command: str) -> None:
    """Comparing files in which every other line changes takes time that grows with the square of their lines."""
    probe = Probe("")
    numbers = range(4_000)
    probe.write("old.yaml", head + "".join(line.format(number) for number in numbers))
    probe.write("new.yaml", head + "".join(line.format(number + number % 2 * 10_000) for number in numbers))
    probe.run("kubectl create -f old.yaml")
    result = probe.run(f"{command} new.yaml")
    assert result.stderr == "kubesim: that is more work than one command line may do here, and was stopped\n"


def test_a_kubeconfig_of_9000_contexts_is_listed() -> None:
    probe = Probe("")
    probe.write("kc", "kind: Config\ncontexts:\n" + "".join(f"- {{name: n{number}}}\n" for number in range(9_000)))
    assert len(probe.run("kubectl --kubeconfig=kc config get-contexts -o name").stdout.splitlines()) == 9_000
    assert len(probe.run("kubectl --kubeconfig=kc config get-contexts").stdout.splitlines()) == 9_001
    assert probe.run("kubectl --kubeconfig=kc config current-context").screen == "error: current-context is not set\n"


@pytest.mark.parametrize("text", FILES.values(), ids=FILES)
def test_each_command_answers_a_file_in_time(text: str) -> None:
    probe = Probe("")
    probe.write("x.yaml", text)
    probe.run("kubectl apply -f x.yaml")
    probe.run("cat x.yaml | kubectl apply -f -")
    probe.run("kubectl create secret generic s --from-file=x.yaml")
    probe.run("kubectl create configmap s --from-file=x.yaml")
    probe.run("kubectl create secret docker-registry t --from-file=.dockerconfigjson=x.yaml")
    for kind in ("merge", "strategic", "json"):
        probe.run(f'kubectl patch cm kube-root-ca.crt --type={kind} -p "$(cat x.yaml)"')
    probe.run("KUBE_EDITOR='cp x.yaml' kubectl edit cm kube-root-ca.crt")
    probe.run("kubectl get secrets; kubectl describe secrets")


_NEST = '{"b":'
_SURGE = '{"spec":{"strategy":{"rollingUpdate":{"maxSurge":"' + "9" * 5000 + '%"}}}}'
_ADDITIONS = ",".join(['{"op":"add","path":"/metadata/labels","value":{}}'] * 4000)
LINES = [
    "echo " + "{a," * 2600,
    "echo {" + "," * 20_000 + "{}",
    "kubectl create deployment big --image=nginx --replicas=2147483647",
    "kubectl scale deployment shop --replicas=2147483647",
    "kubectl run slow --image=busybox -- sh -c 'while true; do echo x; done'",
    "kubectl run quick --image=busybox -- true",
    "kubectl exec web -- sh -c 'while true; do echo x; sleep 0; done'",
    "kubectl get pods -w --request-timeout=99999h",
    "kubectl get pods -w -o 'jsonpath={.spec[5].x}' --request-timeout=20s",
    "kubectl wait pod/denied --for=condition=Ready --timeout=99999h",
    "kubectl wait pod/denied --for=condition=Ready --timeout=-1s",
    "kubectl wait pod/denied --for=delete --timeout=99999999h",
    f"kubectl wait pod/denied --for=delete --timeout={'9' * 400}s",
    "kubectl rollout status deployment/shop --timeout=99999h",
    "kubectl delete pod web --grace-period=2147483647",
    "kubectl delete pod web --grace-period=2147483647 --timeout=9999999h",
    "kubectl create secret generic s " + " ".join(f"--from-literal=k{n}=v" for n in range(5000)),
    "kubectl get " + ",".join(["pods"] * 2000),
    "kubectl get pods " + " ".join(["web"] * 5000),
    "kubectl get pods -l '" + ",".join(f"a{n}" for n in range(5000)) + "'",
    "kubectl get pods -l 'a in (" + "(" * 20000 + "'",
    "kubectl get pods -L '" + "a" * 200_000 + "'",
    "kubectl get pods -L $'a\\nb'",
    "kubectl get pods -o jsonpath='" + "{range .items[*]}" * 500 + "'",
    "kubectl get pods -o jsonpath='" + "{range .items[*]}" * 12 + "x" + "{end}" * 12 + "'",
    "kubectl get pods -o jsonpath='{" + "..*" * 200 + "}'",
    "kubectl get pods -o jsonpath='{" + "[" * 50000 + "'",
    "kubectl get pods -o go-template='" + "{{range .items}}" * 12 + "x" + "{{end}}" * 12 + "'",
    "kubectl get pods -o go-template='" + "{{if 1}}" * 5000 + "'",
    "kubectl get pods -o go-template='{{" + "(" * 5000 + "'",
    "kubectl get pods -o go-template='{{printf \"%999999999d\" 1}}'",
    "kubectl get pods -o custom-columns=" + ",".join("A:.metadata.name" for _ in range(3000)),
    "kubectl get pods --sort-by='" + "{" * 20000 + "'",
    "kubectl set env deployment/shop -c '" + "*a" * 5000 + "' A=b",
    "kubectl explain " + "pod" + ".spec" * 20000,
    "kubectl explain pod --recursive",
    "kubectl label pod web " + " ".join(f"a{n}=b" for n in range(3000)),
    "kubectl label pod web " + "a" * 900_000 + "=b",
    "kubectl annotate pod web a=" + "b" * 900_000,
    "kubectl annotate deployment shop a=" + "b" * 262_000,
    "kubectl create deployment " + "d" * 250 + " --image=nginx",
    "kubectl create deployment " + "d" * 60 + " --image=nginx",
    "kubectl run x --image=nginx --port=" + "9" * 5000,
    "kubectl run x --image=nginx --port=²",
    "kubectl scale deployment shop --replicas=" + "0" * 5000 + "1",
    f"kubectl patch deployment shop -p '{_SURGE}'",
    "kubectl " + "x" * 900_000,
    "kubectl " + "-" * 900_000,
    "kubectl get pods -" + "A" * 100_000,
    "kubectl run web" + "a" * 900_000 + " --image=nginx",
    "kubectl run y --image=" + "a/" * 400_000,
    "kubectl run y --image=" + "a" * 400_000 + ":b@sha256:" + "c" * 400_000,
    "kubectl patch pod web -p '" + "[" * 500_000 + "'",
    "kubectl patch pod web -p '" + _NEST * 5_000 + "1" + "}" * 5000 + "'",
    "kubectl patch pod web -p '" + '{"metadata":{"annotations":{"a":' + _NEST * 300 + "1" + "}" * 303 + "'",
    f"kubectl patch pod web --type=json -p '[{_ADDITIONS}]'",
]


@pytest.mark.parametrize("line", LINES, ids=lambda line: line[:60])
def test_a_line_is_answered_in_time(line: str) -> None:
    probe = Probe()
    probe.run(line)
    probe.run("kubectl get pods | tail -3")
    probe.run("kubectl describe deployments | tail -3")
    probe.settle(5)
