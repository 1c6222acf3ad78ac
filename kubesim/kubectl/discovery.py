"""kubectl api-resources, api-versions, version, cluster-info and explain: what the cluster is and knows."""

from __future__ import annotations

from kubesim import explain as explanations
from kubesim import tabwriter, versions
from kubesim.gojson import quote
from kubesim.kubectl.command import Call, absent, command, many, switch, text
from kubesim.kubectl.config import SERVER
from kubesim.kubectl.connection import connect
from kubesim.kubectl.errors import KubectlError, NotSimulated, Plain, UsageError
from kubesim.kubectl.formats import to_json, to_yaml
from kubesim.resources import API_VERSIONS, RESOURCES, Resource, find_resource


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
    is_local=True,
)
def version(call: Call) -> None:
    """Show the versions that kubesim behaves as."""
    output, client_only = call.flags["output"], call.flags["client"]
    if not client_only:
        connect(call)
    if call.args:
        raise KubectlError(f"extra arguments: [{' '.join(call.args)}]")
    found = {"clientVersion": _details(versions.KUBECTL), "kustomizeVersion": versions.KUSTOMIZE}
    if not client_only:
        found["serverVersion"] = _details(versions.KUBERNETES)
    if output in ("json", "yaml"):
        call.say(to_json(found) + "\n" if output == "json" else to_yaml(found))
        return
    if output:
        raise KubectlError("--output must be 'yaml' or 'json'")
    call.say(f"Client Version: {versions.KUBECTL}\nKustomize Version: {versions.KUSTOMIZE}\n")
    if not client_only:
        call.say(f"Server Version: {versions.KUBERNETES}\n")


def _details(version: str) -> dict[str, str]:
    major, minor, _ = version.lstrip("v").split(".")
    return {"gitVersion": version, "major": major, "minor": minor, "platform": "linux/amd64"}


@command("cluster-info", "[flags]", "Display cluster information")
def cluster_info(call: Call) -> None:
    """Show where the control plane is."""
    call.say(
        f"Kubernetes control plane is running at {SERVER}\n\n"
        "To further debug and diagnose cluster problems, use 'kubectl cluster-info dump'.\n"
    )


@command(
    "explain",
    "TYPE [--recursive=FALSE|TRUE] [--api-version=api-version-group] [-o|--output=plaintext|plaintext-openapiv2]",
    "Get documentation for a resource",
    switch("recursive", "", "Show all fields below."),
    text("output", "o", "plaintext.", "plaintext"),
    *absent("api-version"),
    example="  kubectl explain pod.spec.imagePullSecrets",
)
def explain(call: Call) -> None:
    """Show what the API says of a type or a field."""
    if not call.args:
        raise UsageError(
            'You must specify the type of resource to explain. Use "kubectl api-resources" for a complete list of '
            "supported resources.\n"
        )
    if len(call.args) > 1:
        raise UsageError("We accept only this format: explain RESOURCE\n")
    name, *path = call.args[0].split(".")
    resource = find_resource(name)
    if resource is None:
        raise Plain(f'the server doesn\'t have a resource type "{name}"')
    try:
        call.say(explanations.explain(resource, path, call.flags["recursive"]))
    except explanations.ExplainError as error:
        call.say(error.header)
        raise KubectlError(str(error)) from None
