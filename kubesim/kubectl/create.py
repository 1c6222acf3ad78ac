"""kubectl create, from files and by its subcommands. Mirrors k8s.io/kubectl pkg/cmd/create, v1.36."""

from __future__ import annotations

import base64
import hashlib
from typing import Any

from kubesim import gojson
from kubesim.errors import StatusError
from kubesim.kubectl import flags
from kubesim.kubectl.apply import with_last_applied
from kubesim.kubectl.command import Call, absent, array, command, many, number, switch, text
from kubesim.kubectl.errors import Exit, KubectlError, Plain, UsageError, raise_all, with_source
from kubesim.kubectl.help import help_text
from kubesim.kubectl.manifests import Manifest, read_manifests
from kubesim.kubectl.output import print_result
from kubesim.objects import Object
from kubesim.resources import (
    CONFIG_MAP,
    DEPLOYMENT,
    NAMESPACE,
    ROLE,
    ROLE_BINDING,
    SECRET,
    SERVICE_ACCOUNT,
    Resource,
    find_resource,
)

DEFAULT_SERVER = "https://index.docker.io/v1/"
_COMMON = (*flags.DRY_RUN, *flags.OUTPUT, *flags.VALIDATE, *flags.SAVE_CONFIG)


@command(
    "create",
    "-f FILENAME",
    "Create a resource from a file or from stdin",
    flags.FILENAME,
    flags.SELECTOR,
    _COMMON,
    switch("edit", "", "Edit the manifest before it is created."),
    switch("windows-line-endings", "", "Only with --edit."),
    *absent("raw"),
    example="  kubectl create -f pod.yaml\n  cat pod.yaml | kubectl create -f -",
)
def create(call: Call) -> None:
    """Create the objects of manifests."""
    if not call.flags["filename"]:
        call.complain("Error: must specify one of -f and -k\n\n")
        if call.args:
            raise UsageError(f'unknown command "{" ".join(call.args)}"')
        call.complain(help_text(call.command))
        raise Exit(1)
    if call.args:
        raise UsageError(f"Unexpected args: [{' '.join(call.args)}]")
    manifests, errors = read_manifests(call)
    for manifest in manifests:
        try:
            create_from(call, manifest)
        except StatusError as error:
            errors.append(error)
    if not manifests and not errors:
        errors.append(KubectlError("no objects passed to create"))
    raise_all(errors)


def create_from(call: Call, manifest: Manifest) -> None:
    """Create one manifest's object and say so. Raises StatusError with the file's name."""
    dry_run = call.dry_run()
    obj = with_last_applied(manifest.obj) if call.flags["save-config"] else manifest.obj
    if dry_run != "client":
        try:
            obj = call.api.create(manifest.resource, obj, **call.request(dry_run))
        except StatusError as error:
            raise with_source("creating", manifest.source, error) from None
    print_result(call, manifest.resource, obj, "created", dry_run)


def _make(call: Call, resource: Resource, obj: Object, failure: str) -> None:
    """Create what a subcommand generated; `failure` begins the sentence of a refusal ("" for the server's own)."""
    dry_run = call.dry_run()
    head = {"kind": resource.kind, "apiVersion": resource.api_version}
    meta = {"name": obj["metadata"]["name"], **obj["metadata"]}
    if resource.namespaced and call.explicit_namespace:
        meta["namespace"] = call.namespace
    shown = {**head, **obj, "metadata": meta}
    if call.flags["save-config"]:
        shown = with_last_applied(shown)
    if dry_run != "client":
        namespace = {"namespace": call.namespace} if resource.namespaced else {}
        sent = {**shown, "metadata": {**shown["metadata"], **namespace}}
        try:
            shown = call.api.create(resource, sent, **call.request(dry_run))
        except StatusError as error:
            if not failure:
                raise
            raise KubectlError(f"{failure} {error.message}") from None
    print_result(call, resource, shown, "created", dry_run)


def _name(call: Call) -> str:
    if len(call.args) != 1:
        raise UsageError(f"exactly one NAME is required, got {len(call.args)}")
    return call.args[0]


@command(
    "create namespace",
    "NAME [--dry-run=server|client|none]",
    "Create a namespace with the specified name",
    _COMMON,
    aliases=("ns",),
    example="  kubectl create namespace staging",
)
def create_namespace(call: Call) -> None:
    """Create a Namespace."""
    _make(call, NAMESPACE, {"metadata": {"name": _name(call)}, "spec": {}, "status": {}}, "")


@command(
    "create serviceaccount",
    "NAME [--dry-run=server|client|none]",
    "Create a service account with the specified name",
    _COMMON,
    aliases=("sa",),
    example="  kubectl create serviceaccount builder",
)
def create_service_account(call: Call) -> None:
    """Create a ServiceAccount."""
    _make(call, SERVICE_ACCOUNT, {"metadata": {"name": _name(call)}}, "failed to create serviceaccount:")


_APPEND_HASH = (switch("append-hash", "", "Append a hash of the content to the name."),)
_FROM = (
    array("from-file", "", "A file [KEY=]PATH, or a folder, whose content becomes a value."),
    array("from-literal", "", "A value KEY=VALUE."),
    array("from-env-file", "", "A file of lines KEY=VALUE."),
)


@command(
    "create secret docker-registry",
    "NAME --docker-username=user --docker-password=password --docker-email=email [--docker-server=string] "
    "[--from-file=[key=]source] [--dry-run=server|client|none]",
    "Create a secret for use with a Docker registry",
    _COMMON,
    _APPEND_HASH,
    text("docker-server", "", "The registry that the credentials are for.", DEFAULT_SERVER),
    text("docker-username", "", "The user name."),
    text("docker-password", "", "The password or token."),
    text("docker-email", "", "An e-mail address; registries no longer ask for it."),
    array("from-file", "", "An existing Docker config file, [KEY=]PATH."),
    example="  kubectl create secret docker-registry my-registry-creds --docker-server=registry.example.com "
    "--docker-username=myuser --docker-password=mypassword",
)
def create_docker_registry(call: Call) -> None:
    """Create a Secret of type kubernetes.io/dockerconfigjson."""
    name = _name(call)
    given = call.flags
    if given["from-file"]:
        data = _from_files(call, given["from-file"])
        if ".dockerconfigjson" not in data:
            data = {".dockerconfigjson": next(iter(data.values()))}
    elif given["docker-username"] and given["docker-password"] and given["docker-server"]:
        data = {".dockerconfigjson": _docker_config(given)}
    else:
        raise KubectlError(
            "either --from-file or the combination of --docker-username, --docker-password and --docker-server "
            "is required"
        )
    _make_secret(call, name, "kubernetes.io/dockerconfigjson", data)


def _docker_config(given: Any) -> bytes:
    user, password, email = given["docker-username"], given["docker-password"], given["docker-email"]
    entry = {"username": user, "password": password}
    if email:
        entry["email"] = email
    entry["auth"] = base64.b64encode(f"{user}:{password}".encode()).decode()
    return gojson.dumps({"auths": {given["docker-server"]: entry}}, sort=False).encode()


@command(
    "create secret generic",
    "NAME [--type=string] [--from-file=[key=]source] [--from-literal=key1=value1] [--dry-run=server|client|none]",
    "Create a secret from a local file, directory, or literal value",
    _COMMON,
    _APPEND_HASH,
    _FROM,
    text("type", "", "The type of the Secret."),
    example="  kubectl create secret generic plain --from-literal=user=admin\n"
    "  kubectl create secret generic regcred --from-file=.dockerconfigjson=config.json "
    "--type=kubernetes.io/dockerconfigjson",
)
def create_generic(call: Call) -> None:
    """Create a Secret of any type, Opaque by default."""
    _make_secret(call, _name(call), call.flags["type"], _gather(call))


@command(
    "create secret tls",
    "NAME --cert=path/to/cert/file --key=path/to/key/file [--dry-run=server|client|none]",
    "Create a TLS secret",
    _COMMON,
    _APPEND_HASH,
    text("cert", "", "The file of the certificate."),
    text("key", "", "The file of its private key."),
    example="  kubectl create secret tls site --cert=tls.crt --key=tls.key",
)
def create_tls(call: Call) -> None:
    """Create a Secret of type kubernetes.io/tls."""
    name = _name(call)
    if not call.flags["key"]:
        raise KubectlError("key must be specified")
    if not call.flags["cert"]:
        raise KubectlError("certificate must be specified")
    data = {"tls.crt": _read(call, call.flags["cert"]), "tls.key": _read(call, call.flags["key"])}
    _make_secret(call, name, "kubernetes.io/tls", data)


def _make_secret(call: Call, name: str, kind: str, data: dict[str, bytes]) -> None:
    encoded = {key: base64.b64encode(data[key]).decode() for key in sorted(data)}
    secret: Object = {"metadata": {"name": name}}
    if encoded:
        secret["data"] = encoded
    if kind:
        secret["type"] = kind
    if call.flags["append-hash"]:
        secret["metadata"]["name"] = f"{name}-{_content_hash(name, kind, encoded)}"
    _make(call, SECRET, secret, "failed to create secret")


def _content_hash(name: str, kind: str, data: dict[str, str]) -> str:
    """The suffix of --append-hash. Mirrors k8s.io/kubectl pkg/util/hash/hash.go."""
    encoded = gojson.dumps({"kind": "Secret", "type": kind, "name": name, "data": data})
    digits = hashlib.sha256(encoded.encode()).hexdigest()[:10]
    return digits.translate(str.maketrans("013ae", "ghkmt"))


def _gather(call: Call) -> dict[str, bytes]:
    """The values of --from-file, --from-literal and --from-env-file."""
    data: dict[str, bytes] = {}
    if call.flags["from-env-file"] and (call.flags["from-file"] or call.flags["from-literal"]):
        raise KubectlError("from-env-file cannot be combined with from-file or from-literal")
    for key, value in _literals(call.flags["from-literal"]):
        _add(data, key, value.encode())
    for key, content in _from_files(call, call.flags["from-file"]).items():
        _add(data, key, content)
    for path in call.flags["from-env-file"]:
        for key, value in _env_lines(_read(call, path).decode(errors="replace")):
            _add(data, key, value.encode())
    return data


def _add(data: dict[str, bytes], key: str, value: bytes) -> None:
    if key in data:
        raise KubectlError(f"cannot add key {key}, another key by that name already exists")
    data[key] = value


def _literals(literals: tuple[str, ...]) -> list[tuple[str, str]]:
    found = []
    for literal in literals:
        key, equals, value = literal.partition("=")
        if not equals or not key:
            raise KubectlError(f"invalid literal source {literal}, expected key=value")
        found.append((key, value))
    return found


def _env_lines(text: str) -> list[tuple[str, str]]:
    lines = [line.strip() for line in text.splitlines()]
    pairs = [line.partition("=") for line in lines if line and not line.startswith("#")]
    return [(key, value) for key, _, value in pairs]


def _from_files(call: Call, sources: tuple[str, ...]) -> dict[str, bytes]:
    data: dict[str, bytes] = {}
    for source in sources:
        key, path = _file_source(source)
        workspace = call.context.workspace
        if workspace.is_dir(path):
            if key:
                raise KubectlError("cannot give a key name for a directory path")
            for name in sorted(workspace.listdir(path)):
                if not workspace.is_dir(f"{path}/{name}"):
                    _add(data, name, _read(call, f"{path}/{name}"))
        else:
            _add(data, key or path.rpartition("/")[2], _read(call, path))
    return data


def _file_source(source: str) -> tuple[str, str]:
    """KEY and PATH of --from-file=[KEY=]PATH. Mirrors k8s.io/kubectl pkg/util ParseFileSource."""
    key, equals, path = source.partition("=")
    if not equals:
        return "", source
    if "=" in path:
        raise KubectlError("key names or file paths cannot contain '='")
    if not key:
        raise KubectlError(f"key name for file path {path} missing")
    if not path:
        raise KubectlError(f"file path for key name {key} missing")
    return key, path


def _read(call: Call, path: str) -> bytes:
    if path == "-" or path == "/dev/stdin":
        return (call.context.stdin or "").encode()
    try:
        return call.context.workspace.read_bytes(path)
    except OSError as error:
        raise KubectlError(f"error reading {path}: {(error.strerror or '').lower()}") from None


@command(
    "create configmap",
    "NAME [--from-file=[key=]source] [--from-literal=key1=value1] [--dry-run=server|client|none]",
    "Create a config map from a local file, directory or literal value",
    _COMMON,
    _APPEND_HASH,
    _FROM,
    aliases=("cm",),
    example="  kubectl create configmap settings --from-literal=mode=dev",
)
def create_config_map(call: Call) -> None:
    """Create a ConfigMap."""
    name = _name(call)
    gathered = _gather(call)
    data = {key: gathered[key].decode(errors="replace") for key in sorted(gathered)}
    _make(
        call,
        CONFIG_MAP,
        {**({"data": data} if data else {}), "metadata": {"name": name}},
        "failed to create configmap:",
    )


@command(
    "create deployment",
    "NAME --image=image -- [COMMAND] [args...]",
    "Create a deployment with the specified name",
    _COMMON,
    many("image", "", "The image; several make several containers."),
    number("port", "", "The port that the container exposes.", -1),
    number("replicas", "r", "How many Pods.", 1),
    aliases=("deploy",),
    example="  kubectl create deployment web --image=registry.example.com/myapp:1.0 --replicas=2",
)
def create_deployment(call: Call) -> None:
    """Create a Deployment."""
    if not call.args:
        raise UsageError("exactly one NAME is required, got 0")
    name, arguments = call.args[0], list(call.args[1:])
    if not call.flags["image"]:
        raise KubectlError('required flag(s) "image" not set')
    if call.flags["replicas"] < 0:
        raise KubectlError(f"replicas should be greater than or equal to 0, got {call.flags['replicas']}")
    labels = {"app": name}
    containers = [_container(image, arguments, call.flags["port"]) for image in call.flags["image"]]
    template = {"metadata": {"labels": labels}, "spec": {"containers": containers}}
    spec = {
        "replicas": call.flags["replicas"],
        "selector": {"matchLabels": labels},
        "strategy": {},
        "template": template,
    }
    deployment = {"metadata": {"name": name, "labels": labels}, "spec": spec, "status": {}}
    _make(call, DEPLOYMENT, deployment, "failed to create deployment:")


def _container(image: str, arguments: list[str], port: int) -> Object:
    name = image.rpartition("/")[2].partition("@")[0].partition(":")[0]
    container: Object = {"image": image, "name": name.replace("_", "-").replace(".", "-"), "resources": {}}
    if arguments:
        container["command"] = arguments
    if port >= 0:
        container["ports"] = [{"containerPort": port}]
    return container


@command(
    "create role",
    "NAME --verb=verb --resource=resource.group/subresource [--resource-name=resourcename] "
    "[--dry-run=server|client|none]",
    "Create a role with single rule",
    _COMMON,
    many("verb", "", "What the rule allows: get, list, watch, create, update, patch, delete, or *."),
    many("resource", "", "The types that the rule is for."),
    array("resource-name", "", "The names that the rule is for; all when none is given."),
    example="  kubectl create role secret-reader --verb=get,list --resource=secrets",
)
def create_role(call: Call) -> None:
    """Create a Role with one rule for each API group."""
    name = _name(call)
    if not call.flags["verb"]:
        raise KubectlError("at least one verb must be specified")
    if not call.flags["resource"]:
        raise KubectlError("at least one resource must be specified")
    verbs = list(dict.fromkeys(call.flags["verb"]))
    by_group: dict[str, list[str]] = {}
    for word in call.flags["resource"]:
        name_, slash, subresource = word.partition("/")
        resource = _known(name_)
        by_group.setdefault(resource.group, []).append(resource.plural + slash + subresource)
    names = {"resourceNames": list(call.flags["resource-name"])} if call.flags["resource-name"] else {}
    rules = [
        {"apiGroups": [group], **names, "resources": plurals, "verbs": verbs} for group, plurals in by_group.items()
    ]
    _make(call, ROLE, {"metadata": {"name": name}, "rules": rules}, "failed to create role:")


def _known(name: str) -> Resource:
    """A type that rules can be about, simulated or not."""
    resource = find_resource(name)
    if resource is None:
        raise Plain(f'the server doesn\'t have a resource type "{name}"')
    return resource


@command(
    "create rolebinding",
    "NAME --clusterrole=NAME|--role=NAME [--user=username] [--group=groupname] "
    "[--serviceaccount=namespace:serviceaccountname] [--dry-run=server|client|none]",
    "Create a role binding for a particular role or cluster role",
    _COMMON,
    text("role", "", "The Role that is granted."),
    text("clusterrole", "", "The ClusterRole that is granted."),
    array("user", "", "A user who gets it."),
    array("group", "", "A group that gets it."),
    array("serviceaccount", "", "A ServiceAccount that gets it, as NAMESPACE:NAME."),
    example="  kubectl create rolebinding ci --role=secret-reader --serviceaccount=default:ci",
)
def create_role_binding(call: Call) -> None:
    """Create a RoleBinding."""
    name = _name(call)
    role, cluster_role = call.flags["role"], call.flags["clusterrole"]
    if bool(role) == bool(cluster_role):
        raise KubectlError("exactly one of clusterrole or role must be specified")
    group = ROLE.group
    reference = {"apiGroup": group, "kind": "Role" if role else "ClusterRole", "name": role or cluster_role}
    subjects: list[Object] = []
    for kind, names in (("User", call.flags["user"]), ("Group", call.flags["group"])):
        subjects += [{"apiGroup": group, "kind": kind, "name": item} for item in names]
    subjects += [_account(item) for item in call.flags["serviceaccount"]]
    binding = {"metadata": {"name": name}, "roleRef": reference, **({"subjects": subjects} if subjects else {})}
    _make(call, ROLE_BINDING, binding, "failed to create rolebinding:")


def _account(text: str) -> Object:
    namespace, colon, name = text.partition(":")
    if not colon or not namespace or not name:
        raise KubectlError("serviceaccount must be <namespace>:<name>")
    return {"kind": "ServiceAccount", "name": name, "namespace": namespace}
