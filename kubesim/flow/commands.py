"""The commands that mend a pull. What only the learner knows stands in them as '<…>'."""

from __future__ import annotations

import re

from kubesim.api.imageref import DEFAULT_REGISTRY
from kubesim.api.objects import name_of
from kubesim.flow.facts import Facts

HUB_SERVER = "https://index.docker.io/v1/"


def in_namespace(namespace: str) -> str:
    """The -n flag, unless it is the default one."""
    return "" if namespace == "default" else f" -n {namespace}"


def create_secret(facts: Facts, name: str) -> str:
    """Store credentials for the image's registry."""
    server = HUB_SERVER if facts.registry == DEFAULT_REGISTRY else facts.registry
    return (
        f"kubectl create secret docker-registry {name}{in_namespace(facts.namespace)} --docker-server={server} "
        "--docker-username='<user>' --docker-password='<the right password>'"
    )


def overwrite_secret(facts: Facts, name: str) -> str:
    """Put other credentials into a Secret that is there."""
    return f"{create_secret(facts, name)} --dry-run=client -o yaml | kubectl apply -f -"


def retype_secret(facts: Facts, name: str, old: str, new: str) -> str:
    """Make a Secret anew with another type, which cannot be changed in place."""
    where = in_namespace(facts.namespace)
    edit = f"s/^type: {_pattern(old)}$/type: {_pattern(new)}/"
    return f"kubectl get secret {name}{where} -o yaml | sed '{edit}' | kubectl replace --force -f -"


def describe(facts: Facts) -> str:
    """Look at the Pod and its events."""
    return f"kubectl describe pod {name_of(facts.pod)}{in_namespace(facts.namespace)}"


def delete_secret(facts: Facts, name: str) -> str:
    """Remove a Secret."""
    return f"kubectl delete secret {name}{in_namespace(facts.namespace)}"


def copy_secret(facts: Facts, name: str, namespace: str) -> str:
    """Copy a Secret from another namespace into the Pod's."""
    edit = f"s/namespace: {namespace}/namespace: {facts.namespace}/"
    return f"kubectl get secret {name} -n {namespace} -o yaml | sed '{edit}' | kubectl apply -f -"


def set_image(facts: Facts, image: str) -> str:
    """Let the container use another image; the one field of a Pod's containers that may change."""
    target = facts.workload or f"pod/{name_of(facts.pod)}"
    return f"kubectl set image {target} {facts.container['name']}={image}{in_namespace(facts.namespace)}"


def make_anew(facts: Facts, edit: str = "") -> str:
    """Make the Pod once more, from a spec that `edit` (part of a pipe) changes."""
    where = in_namespace(facts.namespace)
    if facts.owner and not edit:
        return f"kubectl delete pod {name_of(facts.pod)}{where}"
    return f"kubectl get pod {name_of(facts.pod)}{where} -o yaml{edit} | kubectl replace --force -f -"


def make_anew_with(facts: Facts, old: str, new: str) -> str:
    """Make the Pod anew with `new` for the line end `old` in its YAML; a Deployment does when its template changes."""
    edit = f" | sed 's/{_pattern(old)}$/{_pattern(new)}/'"
    if facts.workload:
        where = in_namespace(facts.namespace)
        command = f"kubectl get {facts.workload.replace('/', ' ')}{where} -o yaml{edit} | kubectl replace -f -"
        return command + _unblock(facts)
    return make_anew(facts, edit)


def _unblock(facts: Facts) -> str:
    """A StatefulSet does not replace a Pod that never became ready: it has to be deleted."""
    return f" && {make_anew(facts)}" if facts.workload.startswith("statefulset/") else ""


def name_secret(facts: Facts, name: str) -> str:
    """Make the Pod anew with a list of pull secrets that it does not have yet."""
    if facts.workload:
        patch = f'{{"spec":{{"template":{{"spec":{{"imagePullSecrets":[{{"name":"{name}"}}]}}}}}}}}'
        where = in_namespace(facts.namespace)
        return f"kubectl patch {facts.workload.replace('/', ' ')}{where} -p '{patch}'{_unblock(facts)}"
    if facts.owner and facts.owner["kind"] == "Job":  # its template cannot change, so its next Pod gets the list
        account = facts.pod["spec"].get("serviceAccountName") or "default"
        patch = f'{{"imagePullSecrets":[{{"name":"{name}"}}]}}'
        where = in_namespace(facts.namespace)
        return f"kubectl patch serviceaccount {account}{where} -p '{patch}' && {make_anew(facts)}"
    return make_anew(facts, rf" | sed 's/^spec:$/spec:\n  imagePullSecrets:\n  - name: {name}/'")


def _pattern(text: str) -> str:
    """`text` inside a sed command."""
    return re.sub(r"([/.*\[\]^$&\\])", r"\\\1", text)
