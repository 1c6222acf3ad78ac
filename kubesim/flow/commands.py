"""The commands that fix a pull. What only the learner knows is written in them as '<…>'."""

from __future__ import annotations

import re

from kubesim.api.imageref import DEFAULT_REGISTRY
from kubesim.api.objects import name_of
from kubesim.flow.facts import Facts

HUB_SERVER = "https://index.docker.io/v1/"


def in_namespace(namespace: str) -> str:
    return "" if namespace == "default" else f" -n {namespace}"


def create_secret(facts: Facts, name: str) -> str:
    server = HUB_SERVER if facts.registry == DEFAULT_REGISTRY else facts.registry
    return (
        f"kubectl create secret docker-registry {name}{in_namespace(facts.namespace)} --docker-server={server} "
        "--docker-username='<user>' --docker-password='<the right password>'"
    )


def overwrite_secret(facts: Facts, name: str) -> str:
    return f"{create_secret(facts, name)} --dry-run=client -o yaml | kubectl apply -f -"


def retype_secret(facts: Facts, name: str, old: str, new: str) -> str:
    """Recreate a Secret with a different type, because a type cannot be changed in place."""
    where = in_namespace(facts.namespace)
    edit = f"s/^type: {_pattern(old)}$/type: {_pattern(new)}/"
    return f"kubectl get secret {name}{where} -o yaml | sed '{edit}' | kubectl replace --force -f -"


def describe(facts: Facts) -> str:
    return f"kubectl describe pod {name_of(facts.pod)}{in_namespace(facts.namespace)}"


def label_node(_facts: Facts, node: str, labels: str) -> str:
    return f"kubectl label node {node} {labels} --overwrite"


def delete_secret(facts: Facts, name: str) -> str:
    return f"kubectl delete secret {name}{in_namespace(facts.namespace)}"


def copy_secret(facts: Facts, name: str, namespace: str) -> str:
    edit = f"s/namespace: {namespace}/namespace: {facts.namespace}/"
    return f"kubectl get secret {name} -n {namespace} -o yaml | sed '{edit}' | kubectl apply -f -"


def set_image(facts: Facts, image: str) -> str:
    """Change the container's image, the one field of a Pod's containers that may change."""
    target = facts.workload or f"pod/{name_of(facts.pod)}"
    return f"kubectl set image {target} {facts.container['name']}={image}{in_namespace(facts.namespace)}"


def recreate(facts: Facts, edit: str = "") -> str:
    """Recreate the Pod, from a spec that `edit` (part of a pipe) changes."""
    where = in_namespace(facts.namespace)
    if facts.owner and not edit:
        return f"kubectl delete pod {name_of(facts.pod)}{where}"
    return f"kubectl get pod {name_of(facts.pod)}{where} -o yaml{edit} | kubectl replace --force -f -"


def recreate_with(facts: Facts, old: str, new: str) -> str:
    """Recreate the Pod with `new` for the line end `old` in its YAML; a workload does when its template changes."""
    edit = f" | sed 's/{_pattern(old)}$/{_pattern(new)}/'"
    if not facts.workload:
        return recreate(facts, edit)
    kind, where = facts.workload.replace("/", " "), in_namespace(facts.namespace)
    return f"kubectl get {kind}{where} -o yaml{edit} | kubectl replace -f -{_unblock(facts)}"


def _unblock(facts: Facts) -> str:
    """A StatefulSet does not replace a Pod that never became ready: it has to be deleted."""
    return f" && {recreate(facts)}" if facts.workload.startswith("statefulset/") else ""


def list_secret(facts: Facts, name: str) -> str:
    """Recreate the Pod with a list of pull secrets that it does not have yet."""
    where, patch = in_namespace(facts.namespace), f'"imagePullSecrets":[{{"name":"{name}"}}]'
    if facts.workload:
        patch = f'{{"spec":{{"template":{{"spec":{{{patch}}}}}}}}}'
        return f"kubectl patch {facts.workload.replace('/', ' ')}{where} -p '{patch}'{_unblock(facts)}"
    if facts.owner and facts.owner["kind"] == "Job":  # its template cannot change, so its next Pod gets the list
        return f"kubectl patch serviceaccount {facts.account}{where} -p '{{{patch}}}' && {recreate(facts)}"
    return recreate(facts, rf" | sed 's/^spec:$/spec:\n  imagePullSecrets:\n  - name: {name}/'")


def _pattern(text: str) -> str:
    return re.sub(r"([/.*\[\]^$&\\])", r"\\\1", text)
