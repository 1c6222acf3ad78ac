"""kubectl api-resources, api-versions, version, cluster-info and explain: what the cluster is and knows."""

from __future__ import annotations

import json
import re

from kubesim.api import KUBECTL, KUBERNETES, KUSTOMIZE
from kubesim.api.errors import StatusError
from kubesim.api.resources import API_VERSIONS, RESOURCES, SERVICE, Resource, find_resource
from kubesim.gotext import tabwriter
from kubesim.gotext.gojson import quote
from kubesim.kubectl import explain as explanations
from kubesim.kubectl.command import Call, absent, command, many, switch, text
from kubesim.kubectl.config import SERVER
from kubesim.kubectl.connection import connect
from kubesim.kubectl.errors import FormatError, KubectlError, NotSimulated, Plain, UsageError
from kubesim.kubectl.formats import jsonpath
from kubesim.kubectl.formats.marshal import to_yaml


def _no_arguments(call: Call) -> None:
    if call.args:
        raise UsageError(f"unexpected arguments: [{' '.join(call.args)}]")


@command(
    "api-resources",
    "[flags]",
    "Print the supported API resources on the server",
    text("api-group", "", "Only types of this group."),
    switch("namespaced", "", "Only types in namespaces; false: only the others.", True),
    text("output", "o", "name or wide."),
    text("sort-by", "", "name or kind."),
    many("verbs", "", "Only types with these verbs."),
    many("categories", "", "Only types of these categories, such as all."),
    switch("no-headers", "", "Leave the headings out."),
    switch("cached", "", "Use what was learned before (kubesim always knows)."),
    *absent("show-managed-fields", kind="switch"),
    check=_no_arguments,
)
def api_resources(call: Call) -> None:
    """List the types that the API server knows."""
    output = call.flags["output"]
    if output in ("json", "kyaml", "yaml"):
        raise NotSimulated(f"--output {output} of api-resources is not part of this simulator")
    if output not in ("", "name", "wide"):
        raise KubectlError(
            f"unable to match a printer suitable for the output format {quote(output)}, "
            "allowed formats are: json,kyaml,name,wide,yaml"
        )
    if call.flags["sort-by"] not in ("", "name", "kind"):
        raise KubectlError("--sort-by accepts only name or kind")
    shown = [resource for resource in RESOURCES if _is_asked(call, resource)]
    if call.flags["sort-by"] in ("name", "kind"):
        shown.sort(key=lambda item: item.plural if call.flags["sort-by"] == "name" else item.kind)
    if call.flags["output"] == "name":
        call.say("".join(f"{resource.qualified}\n" for resource in shown))
        return
    wide = call.flags["output"] == "wide"
    head = ["NAME", "SHORTNAMES", "APIVERSION", "NAMESPACED", "KIND", *(["VERBS", "CATEGORIES"] if wide else [])]
    rows = [_resource_row(resource, wide) for resource in shown]
    call.say(tabwriter.format(rows if call.flags["no-headers"] else [head, *rows]))


def _is_asked(call: Call, resource: Resource) -> bool:
    group = call.flags["api-group"]
    return (
        ("api-group" not in call.given or resource.group == group)
        and ("namespaced" not in call.given or resource.namespaced is call.flags["namespaced"])
        and set(call.flags["categories"]) <= set(resource.categories)
        and set(call.flags["verbs"]) <= set(resource.verbs)
    )


def _resource_row(resource: Resource, wide: bool) -> list[str]:
    row = [resource.plural, ",".join(resource.short_names), resource.api_version]
    row += ["true" if resource.namespaced else "false", resource.kind]
    return [*row, ",".join(resource.verbs), ",".join(resource.categories)] if wide else row


@command(
    "api-versions",
    "",
    'Print the supported API versions on the server, in the form of "group/version"',
    check=_no_arguments,
)
def api_versions(call: Call) -> None:
    """List the API versions."""
    call.say("".join(f"{version}\n" for version in API_VERSIONS))


@command(
    "version",
    "[flags]",
    "Print the client and server version information",
    switch("client", "", "Only kubectl's own version."),
    text("output", "o", "json or yaml."),
    is_offline=True,
)
def version(call: Call) -> None:
    """Show the versions that kubesim behaves as."""
    output, client_only = call.flags["output"], call.flags["client"]
    if not client_only:
        connect(call)
    if call.args:
        raise KubectlError(f"extra arguments: [{' '.join(call.args)}]")
    found = {"clientVersion": _details(KUBECTL), "kustomizeVersion": KUSTOMIZE}
    if not client_only:
        found["serverVersion"] = _details(KUBERNETES)
    if output in ("json", "yaml"):
        call.say((json.dumps(found, indent=2) if output == "json" else to_yaml(found)) + "\n")
        return
    if output:
        raise KubectlError("--output must be 'yaml' or 'json'")
    call.say(f"Client Version: {KUBECTL}\nKustomize Version: {KUSTOMIZE}\n")
    if not client_only:
        call.say(f"Server Version: {KUBERNETES}\n")


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


@command("cluster-info", "[flags]", "Display cluster information")
def cluster_info(call: Call) -> None:
    """Show where the control plane is. What belongs to it is looked for among the Services."""
    hint = "\nTo further debug and diagnose cluster problems, use 'kubectl cluster-info dump'.\n"
    try:
        call.api.authorize(call.user, "list", SERVICE, call.explicit_namespace or "kube-system", "")
    except StatusError:
        call.say(hint)
        raise
    call.say(f"Kubernetes control plane is running at {SERVER}\n{hint}")


@command(
    "explain",
    "TYPE [--recursive=FALSE|TRUE] [--api-version=api-version-group] [-o|--output=plaintext|plaintext-openapiv2]",
    "Get documentation for a resource",
    switch("recursive", "R", "Show all fields below."),
    text("output", "o", "plaintext.", "plaintext"),
    text("api-version", "", "The version of the API whose type is meant, such as apps/v1."),
    example="  kubectl explain pod.spec.imagePullSecrets",
)
def explain(call: Call) -> None:
    """Show what the API says of a type or a field."""
    if not call.args:
        raise KubectlError(
            'You must specify the type of resource to explain. Use "kubectl api-resources" for a complete list of '
            "supported resources."
        )
    if len(call.args) > 1:
        raise KubectlError("We accept only this format: explain RESOURCE")
    resource, path = _type_and_path(call, call.args[0].removesuffix("."))
    try:
        call.say(explanations.explain(resource, path, call.flags["recursive"]))
    except explanations.ExplainError as error:
        call.say(error.header)
        raise KubectlError(str(error)) from None


def _type_and_path(call: Call, word: str) -> tuple[Resource, list[str]]:
    """The type and the fields that `word` means: "deploy.spec", or "deployments.apps.spec" without an API version.

    Mirrors SplitAndParseResourceRequestWithMatchingPrefix of k8s.io/kubectl pkg/explain/explain.go, v1.36.
    """
    resource, path = _split(word)
    api_version = call.flags["api-version"]
    served = _served(resource, api_version) if api_version else []
    if call.flags["output"] == "plaintext-openapiv2":
        raise NotSimulated("--output plaintext-openapiv2 is not part of this simulator")
    if call.flags["output"] != "plaintext":
        raise KubectlError(f"unrecognized format: {call.flags['output']}")
    if api_version:
        return _of_version(resource, api_version, served), path
    if word.startswith(resource.qualified):
        path = word.removeprefix(resource.qualified).split(".")[1:]
    return resource, path


def _split(word: str) -> tuple[Resource, list[str]]:
    try:
        jsonpath.parse(f"{{.{word}}}")
    except FormatError as error:
        raise KubectlError(str(error)) from None
    name, *path = re.split(r"[\[ ]", word)[0].split(".")
    if not name and not path:
        raise KubectlError("a resource must be present, got: /, Resource=")
    resource = find_resource(name)
    if name.strip("*") and resource is None:
        raise Plain(f'the server doesn\'t have a resource type "{name}"')
    if resource is None or re.search(r"[\[ ]|\.\*", word):
        raise KubectlError("invalid jsonpath syntax, first node must be field node")
    return resource, path


def _served(resource: Resource, api_version: str) -> list[Resource]:
    """The types of an API version."""
    if api_version.count("/") > 1:
        raise KubectlError(f"unexpected GroupVersion string: {api_version}")
    served = [item for item in RESOURCES if item.api_version == api_version]
    if not served:
        raise KubectlError(f'couldn\'t find resource for "{_wanted(resource, api_version)}"')
    return served


def _of_version(resource: Resource, api_version: str, served: list[Resource]) -> Resource:
    """The type of the same name in an API version, among those `served`."""
    found = next((item for item in served if item.plural == resource.plural), None)
    if found is None:
        raise KubectlError(f"GVR ({_wanted(resource, api_version)}) not found in OpenAPI schema")
    return found


def _wanted(resource: Resource, api_version: str) -> str:
    return f"{'' if '/' in api_version else '/'}{api_version}, Resource={resource.plural}"
