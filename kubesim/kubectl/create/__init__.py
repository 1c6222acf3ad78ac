"""kubectl create, with -f or as a subcommand; Secrets and ConfigMaps are in secrets.py.

Mirrors k8s.io/kubectl pkg/cmd/create, v1.36.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import nullcontext
from functools import partial
from typing import Any

from kubesim.api import quantity, resources
from kubesim.api.clock import safe_hash
from kubesim.api.content import port_name, port_number
from kubesim.api.errors import StatusError
from kubesim.api.objects import Object, metadata, owner_reference
from kubesim.api.resources import Resource, find_resource
from kubesim.api.selectors import dns_subdomain
from kubesim.cluster.apiserver.tokens import create_token as issue
from kubesim.kubectl.apply import send
from kubesim.kubectl.change import with_last_applied
from kubesim.kubectl.command import Call, command
from kubesim.kubectl.errors import KubectlError, Plain, refuse_if, reworded
from kubesim.kubectl.manifests import Target, visit_manifests
from kubesim.kubectl.output import print_result
from kubesim.kubectl.selection import Query


def generate(call: Call, resource: Resource, template: str = "", failure: str | None = None, **values: Any) -> None:
    """Create an object of templates.json, by default the one of the resource's kind.

    `failure` begins the sentence of a refusal ("" for the server's own).
    """
    obj = call.generated(template or resource.kind, **values)
    failure = f"failed to create {call.command.path[-1]}:" if failure is None else failure
    namespace = {"namespace": call.namespace} if resource.namespaced and call.explicit_namespace else {}
    name = {key: value for key, value in obj["metadata"].items() if key == "name"}
    meta = {**name, **namespace, **obj["metadata"]}
    shown = {"kind": resource.kind, "apiVersion": resource.api_version, **obj, "metadata": meta}
    if (
        call.flags["save-config"] and resource is not resources.SERVICE
    ):  # `create service` accepts the flag, to no effect
        shown = with_last_applied(shown, typed=True)
    if call.dry_run != "client":
        namespace = {"namespace": call.namespace} if resource.namespaced else {}
        sent = {**shown, "metadata": {**shown["metadata"], **namespace}}
        with reworded(StatusError, f"{failure} ") if failure else nullcontext():
            shown = call.api.create(resource, sent, **call.request())
    print_result(call, resource, shown, "created", typed=True)


@command("create")
def create(call: Call) -> None:
    if not visit_manifests(call, partial(_create_one, call)):
        raise KubectlError("no objects passed to create")


def _create_one(call: Call, manifest: Target) -> None:
    obj = with_last_applied(manifest.obj) if call.flags["save-config"] else manifest.obj
    print_result(call, manifest.resource, send(call, manifest, obj), "created")


command("create namespace")(partial(generate, resource=resources.NAMESPACE, failure=""))
command("create serviceaccount")(partial(generate, resource=resources.SERVICE_ACCOUNT))
command("create cronjob")(partial(generate, resource=resources.CRON_JOB))


@command("create deployment")
def create_deployment(call: Call) -> None:
    images, port = call.flags["image"], call.flags["port"]
    ports = [[{"containerPort": port}] if port >= 0 else [], *[[]] * len(images)]  # of the first container
    containers = [
        call.generated("container", container=_container_name(image), image=image, ports=opened)
        for image, opened in zip(images, ports, strict=False)
    ]
    generate(call, resources.DEPLOYMENT, containers=containers)


def _container_name(image: str) -> str:
    """The image's own name; where characters have to go, a suffix keeps it apart from others."""
    name = image.rpartition("/")[2].partition("@")[0].partition(":")[0]
    plain = name.replace("_", "-").replace(".", "-")
    return plain if plain == name else f"{plain}-{safe_hash(image, 5)}"


@command("create job")
def create_job(call: Call) -> None:
    source = call.flags["from"]
    if not source:
        generate(call, resources.JOB)
        return
    found = Query(call, [source], needs_name=True).fetch()
    refuse_if(len(found) != 1, "from must be an existing cronjob")
    ((resource, cron),) = found
    refuse_if(resource is not resources.CRON_JOB, f"unknown object type *{resource.version}.{resource.kind}")
    template: Object = cron["spec"]["jobTemplate"]
    owner, given = owner_reference(cron), metadata(template)
    del owner["blockOwnerDeletion"]
    annotations = {"cronjob.kubernetes.io/instantiate": "manual", **given.get("annotations", {})}
    spec = {**template["spec"], "template": {"metadata": {}, **template["spec"]["template"]}}
    kept: Object = {"labels": given.get("labels"), "annotations": annotations, "owners": [owner], "spec": spec}
    generate(call, resources.JOB, "manual job", **kept)


_PATH_VERBS = "get post put delete patch head options *"
_VERBS = "get delete list create update patch watch proxy deletecollection use bind escalate impersonate *"

_ROLES = ("roles.rbac.authorization.k8s.io", "clusterroles.rbac.authorization.k8s.io")
# Verbs that only go with some types. Mirrors specialVerbs of create_role.go.
_SPECIAL = {
    "use": ("podsecuritypolicies.policy", "podsecuritypolicies.extensions"),
    "bind": _ROLES,
    "escalate": _ROLES,
    "impersonate": ("users.", "groups.", "serviceaccounts.", "userextras.authentication.k8s.io"),
}


def _create_role(resource: Resource, lacking: str, call: Call) -> None:
    verbs, paths = _verbs(call), call.flags.get("non-resource-url")
    rules = _rules(call, verbs)
    if paths:
        rules.append({"verbs": verbs, "nonResourceURLs": _paths(verbs, paths)})
    refuse_if(not rules, f"{lacking} must be specified")
    generate(call, resource, failure="", rules=rules)


command("create role")(partial(_create_role, resources.ROLE, "at least one resource"))
command("create clusterrole")(partial(_create_role, resources.CLUSTER_ROLE, "one of resource or nonResourceURL"))


def _verbs(call: Call) -> list[str]:
    verbs = list(dict.fromkeys(verb for verb in call.flags["verb"] if verb))
    refuse_if(not verbs, "at least one verb must be specified")
    return ["*"] if "*" in verbs else verbs


def _rules(call: Call, verbs: list[str]) -> list[Object]:
    words = ["*"] if "*" in call.flags["resource"] else call.flags["resource"]
    for verb in verbs if words else ():
        if verb not in _VERBS.split():
            call.complain(f"Warning: '{verb}' is not a standard resource verb\n")
    by_group: dict[str, list[str]] = {}
    for group, plural in dict.fromkeys(_known(word, verbs) for word in words):
        by_group.setdefault(group, []).append(plural)
    names = list(dict.fromkeys(call.flags["resource-name"]))
    named = {"resourceNames": names} if names else {}
    return [{"verbs": verbs, "apiGroups": [group], "resources": by_group[group], **named} for group in sorted(by_group)]


def _known(word: str, verbs: list[str]) -> tuple[str, str]:
    """Group and plural of a type that rules with these verbs can be about, simulated or not, with its subresource."""
    name, _, subresource = word.partition("/")
    part = f"/{subresource}" if subresource else ""
    plain, _, group = name.partition(".")
    refuse_if(not plain, "resource must be specified if apiGroup/subresource specified")
    if plain == "*":
        return group, "*" + part
    resource = find_resource(name)
    if resource is not None:
        plain, group = resource.plural, resource.group
    special = [verb for verb in verbs if verb in _SPECIAL]
    for verb in special:
        wrong = f"{plain}.{group}" not in _SPECIAL[verb]
        refuse_if(wrong, f"can not perform '{verb}' on '{plain}' in group '{group}'")
    if resource is None and not special:
        where = f' in group "{group}"' if group else ""
        raise Plain(f'the server doesn\'t have a resource type "{plain}"{where}')
    return group, plain + part


def _paths(verbs: list[str], paths: Sequence[str]) -> list[str]:
    """The paths, which are no objects. Raises KubectlError where one or a verb is wrong."""
    for verb in verbs:
        refuse_if(verb not in _PATH_VERBS.split(), f"invalid verb: '{verb}' for nonResourceURL")
    for path in paths:
        refuse_if(path != "*" and not path.startswith("/"), "nonResourceURL should start with /")
        refuse_if("*" in path[:-1], "nonResourceURL only supports wildcard matches when '*' is at the end")
    return list(dict.fromkeys(paths))


def _bind(resource: Resource, call: Call) -> None:
    role, cluster_role = call.flags.get("role"), call.flags["clusterrole"]
    kind = "Role" if role else "ClusterRole"
    generate(call, resource, subjects=subjects_of(call), kind=kind, bound=role or cluster_role)


def subjects_of(call: Call) -> list[Object]:
    """Whom the flags of a binding name."""
    subjects = [
        {"kind": subject, "apiGroup": resources.ROLE.group, "name": name}
        for subject in ("User", "Group")
        for name in call.flags[subject.lower()]
    ]
    return [*subjects, *map(_account, call.flags["serviceaccount"])]


command("create rolebinding")(partial(_bind, resources.ROLE_BINDING))
command("create clusterrolebinding")(partial(_bind, resources.CLUSTER_ROLE_BINDING))


def _account(text: str) -> Object:
    namespace, colon, name = text.partition(":")
    refuse_if(not colon or not namespace or not name or ":" in name, "serviceaccount must be <namespace>:<name>")
    return {"kind": "ServiceAccount", "name": name, "namespace": namespace}


@command("create token", asks_namespace=True)
def create_token(call: Call) -> None:
    refuse_if("" in call.flags["audience"], "--audience must not be an empty string")
    refuse_if(call.flags["duration"] % 1, "--duration cannot be expressed in units less than seconds")
    spec = {
        "audiences": list(call.flags["audience"]),
        "expirationSeconds": int(call.flags["duration"]),
        "boundObjectRef": call.generated("bound object") if call.flags["bound-object-kind"] else None,
    }
    with reworded(StatusError, "failed to create token: "):
        found = issue(call.api, call.namespace, call.args[0], spec, call.context.clock.now, user=call.user)
    if call.flags["output"]:  # --template alone counts for nothing here
        call.say(call.output_format().render(found, typed=True))
    else:
        call.say(found["status"]["token"])


_SERVICES = {kind.lower(): kind for kind in ("ClusterIP", "NodePort", "LoadBalancer", "ExternalName")}


def _create_service(call: Call) -> None:
    """A Service of the type that the command names, for Pods with its name as their label `app`."""
    kind, ports = _SERVICES[call.command.path[-1]], call.flags["tcp"]
    is_open = call.flags.get("clusterip") == "None" or kind == "ExternalName"
    refuse_if(not ports and not is_open, "at least one tcp port specifier must be provided")
    outside = call.flags.get("external-name")
    refuse_if(outside is not None and dns_subdomain(outside), f"invalid service external name {outside}")
    opened = [_port(call, text) for text in ports]
    generate(call, resources.SERVICE, failure=f"failed to create {kind} service:", kind=kind, ports=opened)


for _kind in _SERVICES:
    command(f"create service {_kind}")(_create_service)


def _port(call: Call, text: str) -> Object:
    port, *targets = text.split(":")
    refuse_if(not re.fullmatch("[0-9]+", port), f'strconv.ParseUint: parsing "{port}": invalid syntax')
    number = quantity.whole(port)
    refuse_if(number > _LAST_PORT, f'strconv.ParseUint: parsing "{port}": value out of range')
    numbers = {"port": number, "target": number, "node-port": call.flags.get("node-port") or None}
    if targets:
        numbers["target"] = _target(targets[0])
    return call.generated("port", label=text.replace(":", "-"), **numbers)


_LAST_PORT = 65535


def _target(text: str) -> int | str:
    target = int(text) if re.fullmatch(r"[-+]?[0-9]{1,18}", text) else text
    wrong = port_name(target) if isinstance(target, str) else port_number(target)
    refuse_if(wrong, ",".join(wrong))
    return target
