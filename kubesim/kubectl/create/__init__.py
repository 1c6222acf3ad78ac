"""kubectl create, with -f or as a subcommand; Secrets and ConfigMaps are in secrets.py.

Mirrors k8s.io/kubectl pkg/cmd/create, v1.36.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import partial

from kubesim.api import quantity
from kubesim.api.clock import safe_hash
from kubesim.api.errors import StatusError
from kubesim.api.objects import Object, metadata, owner_reference
from kubesim.api.resources import (
    CLUSTER_ROLE,
    CLUSTER_ROLE_BINDING,
    CRON_JOB,
    DEPLOYMENT,
    INGRESS,
    JOB,
    NAMESPACE,
    POD_DISRUPTION_BUDGET,
    PRIORITY_CLASS,
    RESOURCE_QUOTA,
    ROLE,
    ROLE_BINDING,
    SERVICE,
    SERVICE_ACCOUNT,
    Resource,
    find_resource,
)
from kubesim.cluster.apiserver.tokens import create_token as issue
from kubesim.kubectl.apply import send, with_last_applied
from kubesim.kubectl.command import Call, Command, Run, command
from kubesim.kubectl.errors import KubectlError, NotSimulated, Plain, refuse_if
from kubesim.kubectl.manifests import Manifest, visit_manifests
from kubesim.kubectl.output import print_result
from kubesim.kubectl.selection import select


def creator(kind: str) -> Callable[[Run], Command]:
    """As `command`: a subcommand that creates one object with a NAME."""
    return command(f"create {kind}")


def make(call: Call, resource: Resource, obj: Object, failure: str = "") -> None:
    """Create what a subcommand generated; `failure` begins the sentence of a refusal ("" for the server's own)."""
    dry_run = call.dry_run()
    namespace = {"namespace": call.namespace} if resource.namespaced and call.explicit_namespace else {}
    meta = {"name": obj["metadata"]["name"], **namespace, **obj["metadata"]}
    shown = {"kind": resource.kind, "apiVersion": resource.api_version, **obj, "metadata": meta}
    if call.flags["save-config"]:
        shown = with_last_applied(shown, typed=True)
    if dry_run != "client":
        namespace = {"namespace": call.namespace} if resource.namespaced else {}
        sent = {**shown, "metadata": {**shown["metadata"], **namespace}}
        try:
            shown = call.api.create(resource, sent, **call.request(dry_run))
        except StatusError as error:
            if not failure:
                raise
            raise KubectlError(f"{failure} {error.message}") from None
    print_result(call, resource, shown, "created", dry_run, typed=True)


@command("create")
def create(call: Call) -> None:
    if not visit_manifests(call, partial(_create_one, call)):
        raise KubectlError("no objects passed to create")


def _create_one(call: Call, manifest: Manifest) -> None:
    obj = call.recorded(manifest.obj)
    obj = with_last_applied(obj) if call.flags["save-config"] else obj
    print_result(call, manifest.resource, send(call, manifest, obj), "created", call.dry_run())


@creator("namespace")
def create_namespace(call: Call) -> None:
    make(call, NAMESPACE, {"metadata": {"name": call.args[0]}, "spec": {}, "status": {}})


@creator("serviceaccount")
def create_service_account(call: Call) -> None:
    make(call, SERVICE_ACCOUNT, {"metadata": {"name": call.args[0]}}, "failed to create serviceaccount:")


@creator("deployment")
def create_deployment(call: Call) -> None:
    name, *arguments = call.args
    images, labels = call.flags["image"], {"app": name}
    ports = [call.flags["port"]] if call.flags["port"] >= 0 else []  # of the first container
    containers = [_container(image, arguments, [] if number_ else ports) for number_, image in enumerate(images)]
    template = {"metadata": {"labels": labels}, "spec": {"containers": containers}}
    selector = {"matchLabels": labels}
    spec = {"replicas": call.flags["replicas"], "selector": selector, "template": template, "strategy": {}}
    deployment = {"metadata": {"name": name, "labels": labels}, "spec": spec, "status": {}}
    make(call, DEPLOYMENT, deployment, "failed to create deployment:")


def _container(image: str, arguments: list[str], ports: list[int]) -> Object:
    command_ = {"command": arguments} if arguments else {}
    opened = {"ports": [{"containerPort": port} for port in ports]} if ports else {}
    return {"name": _container_name(image), "image": image, **command_, **opened, "resources": {}}


def _container_name(image: str) -> str:
    """The image's own name; where characters have to go, a suffix keeps it apart from others."""
    name = image.rpartition("/")[2].partition("@")[0].partition(":")[0]
    plain = name.replace("_", "-").replace(".", "-")
    return plain if plain == name else f"{plain}-{safe_hash(image, 5)}"


@creator("job")
def create_job(call: Call) -> None:
    name, *arguments = call.args
    template = _job_template(name, call.flags["image"], arguments, "Never")
    job = {"metadata": {"name": name}, "spec": {"template": template}}
    if call.flags["from"]:
        job = _from_cron_job(call, name, call.flags["from"])
    make(call, JOB, {**job, "status": {}}, "failed to create job:")


def _job_template(name: str, image: str, arguments: list[str], restart: str) -> Object:
    container = {"name": name, "image": image, **({"command": arguments} if arguments else {}), "resources": {}}
    return {"metadata": {}, "spec": {"containers": [container], "restartPolicy": restart}}


def _from_cron_job(call: Call, name: str, source: str) -> Object:
    selection = select(call, [source], needs_name=True)
    if selection.error:
        raise selection.error
    refuse_if(len(selection.objects) != 1, "from must be an existing cronjob")
    ((resource, cron),) = selection.objects
    refuse_if(resource is not CRON_JOB, f"unknown object type *{resource.version}.{resource.kind}")
    template: Object = cron["spec"]["jobTemplate"]
    owner, given = owner_reference(cron), metadata(template)
    del owner["blockOwnerDeletion"]
    meta = {"name": name, **({"labels": given["labels"]} if "labels" in given else {})}
    meta["annotations"] = {"cronjob.kubernetes.io/instantiate": "manual", **given.get("annotations", {})}
    spec = {**template["spec"], "template": {"metadata": {}, **template["spec"]["template"]}}
    return {"metadata": {**meta, "ownerReferences": [owner]}, "spec": spec}


@creator("cronjob")
def create_cron_job(call: Call) -> None:
    name, *arguments = call.args
    template = _job_template(name, call.flags["image"], arguments, call.flags["restart"] or "OnFailure")
    job = {"metadata": {"name": name}, "spec": {"template": template}}
    spec = {"schedule": call.flags["schedule"], "jobTemplate": job}
    make(call, CRON_JOB, {"metadata": {"name": name}, "spec": spec, "status": {}}, "failed to create cronjob:")


_PATH_VERBS = ["get", "post", "put", "delete", "patch", "head", "options", "*"]
_VERBS = [
    "get",
    "delete",
    "list",
    "create",
    "update",
    "patch",
    "watch",
    "proxy",
    "deletecollection",
    "use",
    "bind",
    "escalate",
    "impersonate",
    "*",
]


@creator("role")
def create_role(call: Call) -> None:
    rules = _rules(call, _verbs(call))
    refuse_if(not rules, "at least one resource must be specified")
    make(call, ROLE, {"metadata": {"name": call.args[0]}, "rules": rules})


@creator("clusterrole")
def create_cluster_role(call: Call) -> None:
    verbs, paths = _verbs(call), call.flags["non-resource-url"]
    rules = _rules(call, verbs)
    if paths:
        rules.append({"verbs": verbs, "nonResourceURLs": _paths(verbs, paths)})
    refuse_if(not rules, "one of resource or nonResourceURL must be specified")
    make(call, CLUSTER_ROLE, {"metadata": {"name": call.args[0]}, "rules": rules})


def _verbs(call: Call) -> list[str]:
    verbs = list(dict.fromkeys(verb for verb in call.flags["verb"] if verb))
    refuse_if(not verbs, "at least one verb must be specified")
    return ["*"] if "*" in verbs else verbs


def _rules(call: Call, verbs: list[str]) -> list[Object]:
    words = ["*"] if "*" in call.flags["resource"] else call.flags["resource"]
    for verb in verbs if words else ():
        if verb not in _VERBS:
            call.complain(f"Warning: '{verb}' is not a standard resource verb\n")
    by_group: dict[str, list[str]] = {}
    for group, plural in dict.fromkeys(map(_known, words)):
        by_group.setdefault(group, []).append(plural)
    names = list(dict.fromkeys(call.flags["resource-name"]))
    named = {"resourceNames": names} if names else {}
    return [{"verbs": verbs, "apiGroups": [group], "resources": by_group[group], **named} for group in sorted(by_group)]


def _known(word: str) -> tuple[str, str]:
    """Group and plural of a type that rules can be about, simulated or not, with its subresource."""
    name, slash, subresource = word.partition("/")
    plain, _, group = name.partition(".")
    refuse_if(not plain, "resource must be specified if apiGroup/subresource specified")
    if plain == "*":
        return group, f"*{slash}{subresource}"
    resource = find_resource(name)
    if resource is None:
        where = f' in group "{group}"' if group else ""
        raise Plain(f'the server doesn\'t have a resource type "{plain}"{where}')
    return resource.group, resource.plural + slash + subresource


def _paths(verbs: list[str], paths: Sequence[str]) -> list[str]:
    """The paths, which are no objects. Raises KubectlError where one or a verb is wrong."""
    for verb in verbs:
        refuse_if(verb not in _PATH_VERBS, f"invalid verb: '{verb}' for nonResourceURL")
    for path in paths:
        refuse_if(path != "*" and not path.startswith("/"), "nonResourceURL should start with /")
        refuse_if("*" in path[:-1], "nonResourceURL only supports wildcard matches when '*' is at the end")
    return list(dict.fromkeys(paths))


def _bind(resource: Resource, call: Call) -> None:
    role, cluster_role = call.flags.get("role"), call.flags["clusterrole"]
    subjects = [
        {"kind": subject, "apiGroup": ROLE.group, "name": name}
        for subject in ("User", "Group")
        for name in call.flags[subject.lower()]
    ]
    subjects += map(_account, call.flags["serviceaccount"])
    reference = {"apiGroup": ROLE.group, "kind": "Role" if role else "ClusterRole", "name": role or cluster_role}
    bound = {"subjects": subjects} if subjects else {}
    binding = {"metadata": {"name": call.args[0]}, **bound, "roleRef": reference}
    make(call, resource, binding, f"failed to create {resource.kind.lower()}:")


for _resource in (ROLE_BINDING, CLUSTER_ROLE_BINDING):
    creator(_resource.kind.lower())(partial(_bind, _resource))


def _account(text: str) -> Object:
    namespace, colon, name = text.partition(":")
    refuse_if(not colon or not namespace or not name or ":" in name, "serviceaccount must be <namespace>:<name>")
    return {"kind": "ServiceAccount", "name": name, "namespace": namespace}


@command("create token", asks_namespace=True)
def create_token(call: Call) -> None:
    refuse_if(not call.args[0], "service account name is required")
    refuse_if("" in call.flags["audience"], "--audience must not be an empty string")
    kind, name, uid = (call.flags[f"bound-object-{key}"] for key in ("kind", "name", "uid"))
    bound = {"kind": kind, "apiVersion": "v1", "name": name, "uid": uid}
    refuse_if(call.flags["duration"] % 1, "--duration cannot be expressed in units less than seconds")
    spec = {
        "audiences": list(call.flags["audience"]),
        "expirationSeconds": int(call.flags["duration"]),
        "boundObjectRef": {key: value for key, value in bound.items() if value} if kind else None,
    }
    try:
        found = issue(call.api, call.namespace, call.args[0], spec, call.context.clock.now, user=call.user)
    except StatusError as error:
        raise KubectlError(f"failed to create token: {error.message}") from None
    if call.flags["output"]:  # --template alone counts for nothing here
        call.say(call.output_format().render(found, typed=True))
    else:
        call.say(found["status"]["token"])


@creator("quota")
def create_quota(call: Call) -> None:
    hard = {}
    for pair in call.flags["hard"]:
        name, *amounts = pair.split("=")
        refuse_if(len(amounts) != 1, f"Invalid argument syntax {pair}, expected <resource>=<value>")
        try:
            hard[name] = quantity.canonical(amounts[0])
        except ValueError as error:
            raise KubectlError(str(error)) from None
    scopes = list(call.flags["scopes"])
    spec = {**({"hard": hard} if hard else {}), **({"scopes": scopes} if scopes else {})}
    quota = {"metadata": {"name": call.args[0]}, "spec": spec, "status": {}}
    make(call, RESOURCE_QUOTA, quota, "failed to create quota:")


@creator("priorityclass")
def create_priority_class(call: Call) -> None:
    given = {"description": call.flags["description"], "globalDefault": call.flags["global-default"]}
    kept = {key: value for key, value in given.items() if value}
    priority = {"value": call.flags["value"], "preemptionPolicy": call.flags["preemption-policy"], **kept}
    make(call, PRIORITY_CLASS, {"metadata": {"name": call.args[0]}, **priority}, "failed to create priorityclass:")


@creator("poddisruptionbudget")
def create_disruption_budget(call: Call) -> None:
    labels = [part.replace("==", "=").split("=") for part in call.flags["selector"].split(",")]
    if any(len(pair) != 2 or pair[0].endswith("!") for pair in labels):
        raise NotSimulated("a --selector that is more than labels is not part of this simulator")
    spec: Object = {"selector": {"matchLabels": dict(labels)}}
    for flag, field in (("min-available", "minAvailable"), ("max-unavailable", "maxUnavailable")):
        if text := call.flags[flag]:
            refuse_if(not re.fullmatch("[0-9]+%?", text), f"invalid format specified for {flag}")
            spec[field] = text if text.endswith("%") else int(text)
    status = dict.fromkeys(("currentHealthy", "desiredHealthy", "disruptionsAllowed", "expectedPods"), 0)
    budget = {"metadata": {"name": call.args[0]}, "spec": spec, "status": status}
    make(call, POD_DISRUPTION_BUDGET, budget, "failed to create poddisruptionbudget:")


_SERVICES = {"clusterip": "ClusterIP", "nodeport": "NodePort", "loadbalancer": "LoadBalancer"}
_SERVICES["externalname"] = "ExternalName"


def _create_service(call: Call) -> None:
    """A Service of the type that the command names, for Pods with its name as their label `app`."""
    kind, address, labels = _SERVICES[call.command.path[-1]], call.flags.get("clusterip"), {"app": call.args[0]}
    is_open = address == "None" or kind == "ExternalName"
    refuse_if(not call.flags["tcp"] and not is_open, "at least one tcp port specifier must be provided")
    ports = [_port(text, call.flags.get("node-port", 0)) for text in call.flags["tcp"]]
    given = {"clusterIP": address, "externalName": call.flags.get("external-name"), "ports": ports}
    spec = {"selector": labels, "type": kind, **{key: value for key, value in given.items() if value}}
    meta = {"name": call.args[0], "labels": labels}
    service = {"metadata": meta, "spec": spec, "status": {"loadBalancer": {}}}
    make(call, SERVICE, service, f"failed to create {kind} service:")


for _kind in _SERVICES:
    creator(f"service {_kind}")(_create_service)


def _port(text: str, node_port: int) -> Object:
    port, _, target = text.partition(":")
    refuse_if(not port.isdecimal(), f'strconv.ParseUint: parsing "{port}": invalid syntax')
    named = target if target and not target.isdecimal() else int(target or port)
    opened = {"name": text.replace(":", "-"), "port": int(port), "protocol": "TCP", "targetPort": named}
    return {**opened, **({"nodePort": node_port} if node_port else {})}


_RULE = re.compile(r"([\w*.-]*)(/.*)=([\w-]+):([\w-]+)(,tls(?:=([\w-]+)?)?)?")


@creator("ingress")
def create_ingress(call: Call) -> None:
    rules: dict[str, list[Object]] = {}
    tls: dict[str, Object] = {}
    for text in call.flags["rule"]:
        match = _RULE.match(text)
        if match is None:
            raise KubectlError(
                f"rule {text} is invalid and should be in format host/path=svcname:svcport[,tls[=secret]]"
            )
        host, path, service, port, is_secure, secret = match.groups()
        kind = "Prefix" if path.endswith("*") else "Exact"
        rules.setdefault(host, []).append(
            {"path": path.removesuffix("*"), "pathType": kind, "backend": _backend(service, port)}
        )
        if host and is_secure:
            tls.setdefault(host, {"hosts": [host], **({"secretName": secret} if secret else {})})
    name, _, port = call.flags["default-backend"].partition(":")
    refuse_if(bool(name) and not port, "default-backend should be in format servicename:serviceport")
    given = {
        "ingressClassName": call.flags["class"],
        "tls": list(tls.values()),
        "rules": [{**({"host": host} if host else {}), "http": {"paths": paths}} for host, paths in rules.items()],
        "defaultBackend": _backend(name, port) if name else None,
    }
    for mark in call.flags["annotation"]:
        refuse_if("=" not in mark, f"annotation {mark} is invalid and should be in format key=[value]")
    marks = dict(mark.split("=", 1) for mark in call.flags["annotation"])
    meta = {"name": call.args[0], **({"annotations": marks} if marks else {})}
    spec = {key: value for key, value in given.items() if value}
    make(call, INGRESS, {"metadata": meta, "spec": spec, "status": {"loadBalancer": {}}}, "failed to create ingress:")


def _backend(service: str, port: str) -> Object:
    return {"service": {"name": service, "port": {"number": int(port)} if port.isdecimal() else {"name": port}}}
