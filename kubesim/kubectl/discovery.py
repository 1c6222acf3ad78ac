"""kubectl version, cluster-info, options and auth: commands that read no objects of the learner's.

Mirrors k8s.io/kubectl pkg/cmd/{version,clusterinfo,options,auth}, v1.36, without `cluster-info dump` and
`auth reconcile`.
"""

from __future__ import annotations

import json

from kubesim.api import KUBECTL, KUBERNETES, KUSTOMIZE, server_version
from kubesim.api.errors import StatusError
from kubesim.api.objects import Object, name_of
from kubesim.api.resources import SERVICE, find_resource
from kubesim.gotext import tabwriter
from kubesim.kubectl.checks import check_client
from kubesim.kubectl.command import Call, command
from kubesim.kubectl.content import nonempty
from kubesim.kubectl.describers.rules import RULE_HEADINGS, rule_rows
from kubesim.kubectl.errors import Exit, KubectlError, refuse_if
from kubesim.kubectl.formats import to_yaml
from kubesim.kubectl.help import options_text
from kubesim.kubectl.kubeconfig import SERVER
from kubesim.kubectl.selection import warn_of_others

# The clientVersion in `kubectl version -o json`: the build of the recorded kubectl.
_BUILD = {
    "major": "1",
    "minor": "36",
    "gitVersion": KUBECTL,
    "gitCommit": "bb826b1d48562f110659e64e8ec444327433db95",
    "gitTreeState": "clean",
    "buildDate": "2026-08-20T03:09:25Z",
    "goVersion": "go1.26.5",
    "compiler": "gc",
    "platform": "linux/amd64",
}
# Verbs that kubectl accepts without a warning, for objects and for paths.
_VERBS = (
    "get list watch create update patch delete deletecollection use bind impersonate * approve sign escalate attest"
)
_PATH_VERBS = "get put post head options delete patch *"


@command("version", is_offline=True)
def version(call: Call) -> None:
    """Print the versions of kubectl and, without --client, of the API server."""
    output = call.flags["output"]
    refuse_if(call.args, f"extra arguments: [{' '.join(call.args)}]")
    refuse_if(output not in ("", "json", "yaml"), "--output must be 'yaml' or 'json'")
    versions: Object = {"clientVersion": _BUILD, "kustomizeVersion": KUSTOMIZE}
    text = f"Client Version: {KUBECTL}\nKustomize Version: {KUSTOMIZE}\n"
    if not call.flags["client"]:
        check_client(call)
        versions["serverVersion"] = server_version()
        text += f"Server Version: {KUBERNETES}\n"
    if output == "json":
        text = f"{json.dumps(versions, indent=2)}\n"
    elif output:
        text = f"{to_yaml(versions)}\n"
    call.say(text)


@command("cluster-info")
def cluster_info(call: Call) -> None:
    """Print the URLs of the API server and of the Services labeled as cluster services."""
    namespace = call.flags["namespace"] or "kube-system"
    try:
        services = call.api.list(SERVICE, namespace, labels="kubernetes.io/cluster-service=true")
        call.say(f"Kubernetes control plane is running at {SERVER}\n")
        for service in services:
            place = name_of(service)
            ports = service["spec"].get("ports")
            if ports and ports[0].get("name"):
                place += f":{ports[0]['name']}"
            name = service["metadata"]["labels"].get("kubernetes.io/name", name_of(service))
            call.say(f"{name} is running at {SERVER}/api/v1/namespaces/{namespace}/services/{place}/proxy\n")
    finally:  # kubectl prints this even after an error
        call.say("\nTo further debug and diagnose cluster problems, use 'kubectl cluster-info dump'.\n")


@command("auth can-i")
def can_i(call: Call) -> None:
    """Print "yes", or "no" with exit status 1. With --list, print the user's rules in the namespace."""
    _check_can_i(call)
    if call.flags["list"]:
        rows = rule_rows(call.api.rules(call.namespace))
        if not call.flags["no-headers"]:
            rows.insert(0, RULE_HEADINGS)
        call.say(tabwriter.format(rows))
        return
    allowed = call.api.can(**_attributes(call, *call.args))
    if not call.flags["quiet"]:
        call.say("yes\n" if allowed else "no\n")
    if not allowed:
        raise Exit(1)


def _check_can_i(call: Call) -> None:
    """Refuse wrong arguments and combinations of flags. Raises KubectlError."""
    flags = call.flags
    if flags["list"]:
        refuse_if(call.args, "list option must be specified with no arguments")
        refuse_if(
            flags["quiet"] or flags["all-namespaces"] or flags["subresource"],
            "list option can't be specified with neither quiet, all-namespaces nor subresource options",
        )
    else:
        refuse_if(
            len(call.args) != 2,
            "you must specify two arguments: verb resource or verb resource/resourceName.\n"
            "See 'kubectl auth can-i -h' for help and examples.",
        )
        refuse_if(flags["no-headers"], "--no-headers cannot be set without --list specified")


def _attributes(call: Call, verb: str, word: str) -> dict[str, str]:
    """The arguments of `Client.can`, from `verb` and `word`: a URL path, or TYPE or TYPE/NAME."""
    part = call.flags["subresource"]
    if word.startswith("/"):
        refuse_if(part, "--subresource can not be used with NonResourceURL")
        _warn_of_verb(call, verb, _PATH_VERBS)
        return {"verb": verb, "plural": "", "path": word}
    kind, _, name = word.partition("/")
    plural, group = _type(call, kind)
    _warn_of_verb(call, verb, _VERBS)
    if part:
        plural += f"/{part}"
    namespace = "" if call.flags["all-namespaces"] else call.namespace
    return {"verb": verb, "plural": plural, "group": group, "namespace": namespace, "name": name}


def _warn_of_verb(call: Call, verb: str, verbs: str) -> None:
    if verb not in verbs.split():
        call.warn(f"verb '{verb}' is not a known verb\n")


def _type(call: Call, word: str) -> tuple[str, str]:
    """The plural and group of a type. For an unknown type, warn, and return the whole word and no group, as kubectl."""
    warn_of_others(call, word)
    resource = find_resource(word)
    if resource is None:
        plural, _, group = word.lower().partition(".")
        if word not in ("*", "users", "groups"):  # RBAC has rules for these, though the API has no such types
            call.warn(f"the server doesn't have a resource type '{plural}'{_in_group(group)}\n")
        return word, ""
    if not resource.namespaced and not call.flags["all-namespaces"]:
        call.warn(f"resource '{resource.plural}' is not namespace scoped{_in_group(resource.group)}\n")
    return resource.plural, resource.group


def _in_group(group: str) -> str:
    return f" in group '{group}'" if group else ""


@command("auth whoami", checks_format="last")
def whoami(call: Call) -> None:
    """Print the user's attributes as a table, or as a SelfSubjectReview in the format of --output."""
    try:
        user = call.api.whoami()
    except StatusError as error:
        if error.reason != "Forbidden":
            raise
        raise KubectlError(
            "the selfsubjectreviews API is not enabled in the cluster or you do not have permission to call it"
        ) from None
    if call.flags["output"]:  # --template without --output is ignored here
        extra = {key: list(values) for key, values in user.extra}
        info = nonempty({"username": user.name, "uid": user.uid, "groups": list(user.groups), "extra": extra})
        review = {
            "kind": "SelfSubjectReview",
            "apiVersion": "authentication.k8s.io/v1",
            "metadata": {"creationTimestamp": call.context.clock.timestamp()},
            "status": {"userInfo": info},
        }
        call.say(call.output_format().render(review, typed=True))
        return
    rows = [["ATTRIBUTE", "VALUE"], ["Username", user.name]]
    if user.uid:
        rows.append(["UID", user.uid])
    rows.append(["Groups", f"[{' '.join(user.groups)}]"])
    rows += [[f"Extra: {key}", f"[{' '.join(values)}]"] for key, values in user.extra]
    call.say(tabwriter.format(rows))


@command("options", is_offline=True)
def options(call: Call) -> None:
    call.say(options_text())
