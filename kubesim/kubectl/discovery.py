"""kubectl api-resources, api-versions, version, cluster-info and auth: what the cluster knows, and who may do what."""

from __future__ import annotations

import json

from kubesim.api import KUBECTL, KUBERNETES, KUSTOMIZE
from kubesim.api.errors import StatusError
from kubesim.api.resources import API_VERSIONS, RESOURCES, SERVICE, Resource, find_resource
from kubesim.cluster.apiserver.authorization import Request
from kubesim.gotext import tabwriter
from kubesim.kubectl.command import Call, command
from kubesim.kubectl.commands import group
from kubesim.kubectl.config import SERVER, check_client
from kubesim.kubectl.describers.others import RULE_HEADINGS, rule_rows
from kubesim.kubectl.errors import Exit, refuse_if
from kubesim.kubectl.formats import no_format
from kubesim.kubectl.formats.marshal import to_yaml
from kubesim.kubectl.selection import warn_of_others


@command("api-resources")
def api_resources(call: Call) -> None:
    output, order = call.flags["output"], call.flags["sort-by"]
    if output not in ("", "name", "wide"):
        raise no_format(output, ("json", "kyaml", "name", "wide", "yaml"), absent=("json", "yaml"))
    shown = [resource for resource in RESOURCES if _is_asked(call, resource)]
    if order:
        shown.sort(key=lambda item: item.plural if order == "name" else item.kind)
    if output == "name":
        call.say("".join(f"{resource.qualified}\n" for resource in shown))
        return
    rows = [["NAME", "SHORTNAMES", "APIVERSION", "NAMESPACED", "KIND", "VERBS", "CATEGORIES"]]
    for each in shown:
        row = [each.plural, ",".join(each.short_names), each.api_version, str(each.namespaced).lower(), each.kind]
        rows.append([*row, ",".join(each.verbs), ",".join(each.categories)])
    rows = rows[1:] if call.flags["no-headers"] else rows
    call.say(tabwriter.format(rows if output == "wide" else [row[:5] for row in rows]))


def _is_asked(call: Call, resource: Resource) -> bool:
    return (
        ("api-group" not in call.given or resource.group == call.flags["api-group"])
        and ("namespaced" not in call.given or resource.namespaced is call.flags["namespaced"])
        and set(call.flags["categories"]) <= set(resource.categories)
        and set(call.flags["verbs"]) <= set(resource.verbs)
    )


@command("api-versions")
def api_versions(call: Call) -> None:
    call.say("".join(f"{version}\n" for version in API_VERSIONS))


@command("version", is_offline=True)
def version(call: Call) -> None:
    output, client_only = call.flags["output"], call.flags["client"]
    if not client_only:
        check_client(call.context.config, call.flags)
    server = {} if client_only else {"serverVersion": _details(KUBERNETES)}
    found = {"clientVersion": _details(KUBECTL), "kustomizeVersion": KUSTOMIZE, **server}
    text = f"Client Version: {KUBECTL}\nKustomize Version: {KUSTOMIZE}\n"
    text += "" if client_only else f"Server Version: {KUBERNETES}\n"
    call.say(json.dumps(found, indent=2) + "\n" if output == "json" else to_yaml(found) + "\n" if output else text)


# How the kubectl that kubesim behaves as was built.
_BUILD = {
    "gitCommit": "bb826b1d48562f110659e64e8ec444327433db95",
    "gitTreeState": "clean",
    "buildDate": "2026-08-20T03:09:25Z",
    "goVersion": "go1.26.5",
    "compiler": "gc",
}


def _details(version: str) -> dict[str, str]:
    major, minor, _ = version.lstrip("v").split(".")
    build = _BUILD if version == KUBECTL else dict.fromkeys(_BUILD, "")
    return {"major": major, "minor": minor, "gitVersion": version, **build, "platform": "linux/amd64"}


@command("cluster-info")
def cluster_info(call: Call) -> None:
    """Show where the control plane is. What belongs to it is looked for among the Services."""
    hint = "\nTo further debug and diagnose cluster problems, use 'kubectl cluster-info dump'.\n"
    try:
        call.api.authorize(call.user, "list", SERVICE, call.explicit_namespace or "kube-system", "")
    except StatusError:
        call.say(hint)
        raise
    call.say(f"Kubernetes control plane is running at {SERVER}\n{hint}")


group("auth")

# What kubectl takes for verbs without a warning: of objects, and of paths.
_VERBS = (
    *("get", "list", "watch", "create", "update", "patch", "delete", "deletecollection", "use", "bind", "impersonate"),
    *("*", "approve", "sign", "escalate", "attest"),
)
_PATH_VERBS = ("get", "put", "post", "head", "options", "delete", "patch", "*")


@command("auth can-i")
def can_i(call: Call) -> None:
    """Say yes or no, and end with status 1 for no; or list what the user may do."""
    args, quiet, headless = call.args, call.flags["quiet"], call.flags["no-headers"]
    if call.flags["list"]:
        rows = rule_rows(call.api.rules(call.user, call.namespace))
        call.say(tabwriter.format(rows if headless else [RULE_HEADINGS, *rows]))
        return
    asked = _asked(call, *args)
    allowed = call.api.can(asked)
    if not quiet:
        call.say("yes\n" if allowed else "no\n")
    if not allowed:
        raise Exit(1)


def _asked(call: Call, verb: str, word: str) -> Request:
    part, is_path = call.flags["subresource"], word.startswith("/")
    refuse_if(is_path and part, "--subresource can not be used with NonResourceURL")
    kind, _, name = word.partition("/")
    plural, group = ("", "") if is_path else _type(call, kind)
    if verb not in (_PATH_VERBS if is_path else _VERBS):
        call.warn(f"verb '{verb}' is not a known verb\n")
    if is_path:
        return Request(call.user, verb, "", path=word)
    namespace = "" if call.flags["all-namespaces"] else call.namespace
    return Request(call.user, verb, f"{plural}/{part}" if part else plural, group, namespace, name)


def _type(call: Call, word: str) -> tuple[str, str]:
    """Plural and group of a type; of an unknown one, the word itself."""
    warn_of_others(call, word)
    resource = find_resource(word)
    plain, _, group = word.lower().partition(".")
    group = resource.group if resource else group
    where = f" in group '{group}'" if group else ""
    if resource is None and word not in ("*", "users", "groups"):
        call.warn(f"the server doesn't have a resource type '{plain}'{where}\n")
    if resource and not resource.namespaced and not call.flags["all-namespaces"]:
        call.warn(f"resource '{resource.plural}' is not namespace scoped{where}\n")
    return (resource.plural, resource.group) if resource else (word, "")


@command("auth whoami")
def whoami(call: Call) -> None:
    user = call.user
    if call.flags["output"]:  # --template alone counts for nothing here
        extra = {key: list(values) for key, values in user.extra}
        info = {"username": user.name, "groups": list(user.groups), **({"extra": extra} if extra else {})}
        head = {"kind": "SelfSubjectReview", "apiVersion": "authentication.k8s.io/v1"}
        meta = {"creationTimestamp": call.context.clock.timestamp()}
        call.say(call.output_format().render(head | {"metadata": meta, "status": {"userInfo": info}}, typed=True))
        return
    rows = [["ATTRIBUTE", "VALUE"], ["Username", user.name], ["Groups", f"[{' '.join(user.groups)}]"]]
    rows += [[f"Extra: {key}", f"[{' '.join(values)}]"] for key, values in user.extra]
    call.say(tabwriter.format(rows))
