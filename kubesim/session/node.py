"""Programs for the node and its images: crictl, aws, and `node`, which stands for files that an administrator edits."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from kubesim.cluster import Cluster
from kubesim.cluster.bootstrap import NODE_NAME
from kubesim.cluster.registry.node import CONFIG, MODES, PROXY, NodeSettings
from kubesim.gotext import tabwriter
from kubesim.pull import imageref
from kubesim.pull.keyring import Credential, NodeCredential, registry_key
from kubesim.shell import Invocation, Operands, Options, UnsupportedError

# By a file of the node, when a change of it takes effect.
_EFFECTS = {
    CONFIG: "the kubelet reads it again within five minutes",
    PROXY: "the container runtime has been restarted to read it",
}


def aws(current: Callable[[], Cluster], operands: Operands, options: Options, io: Invocation) -> None:
    """Print a password for Amazon's registries, which expires as the file of registries says."""
    cluster = current()
    issuing = [registry for registry in cluster.registries.network.world.registries if "AWS" in registry.issues]
    if operands != ["ecr", "get-login-password"] or not issuing:
        raise UnsupportedError(f"'{' '.join(['aws', *operands])}'")
    io.out(issuing[0].issue("AWS", cluster.clock.now) + "\n")


def node(current: Callable[[], Cluster], operands: Operands, options: Options, io: Invocation) -> int:
    """Show or change the node's settings. The command is kubesim's own, and its output says so."""
    settings = current().registries.node
    before = settings.files()
    match operands:
        case ["files"]:
            _print_files(before, io)
        case ["proxy", url]:
            settings.proxy = "" if url == "off" else url
        # Above the cases that change a setting, so that none of them takes a wrong name.
        case [command, registry, *_] if command != "proxy" and not _is_well_named(command, registry):
            form = "as in an image's name, such as registry.local:5000"
            io.err(f"kubesim: a registry is written {form}, not {registry}\n")
            return 2
        case [mode, host] if mode in MODES:
            settings.hosts[host] = mode
        case ["mirror", registry, *mirrors] if mirrors and all(_is_well_named("mirror", mirror) for mirror in mirrors):
            settings.mirrors[registry] = mirrors
        case ["reset", host]:
            settings.hosts.pop(host, None)
            settings.mirrors.pop(host, None)
        case ["login", registry] if options.keys() == {"u", "p"}:
            _remove_credentials(settings, registry)
            own: NodeCredential = {
                "from": "config",
                "registry": registry,
                "username": options["u"],
                "password": options["p"],
            }
            settings.credentials.append(own)
        case ["logout", registry]:
            _remove_credentials(settings, registry)
        case _:
            io.err(f"kubesim: usage: {io.tools[io.name].usage}\n")
            return 2
    _print_changes(before, settings.files(), io)
    return 0


def _is_well_named(command: str, registry: str) -> bool:
    """True if `registry` is written as in an image's name. Credentials may include a path to repositories."""
    is_registry = registry != "" and registry_key(registry) == registry
    return is_registry and ("/" not in registry or command in ("login", "logout"))


def _remove_credentials(settings: NodeSettings, registry: str) -> None:
    """Remove a registry's credentials from the node's config.json."""
    removed = (registry, "config")
    settings.credentials = [item for item in settings.credentials if (item["registry"], item.get("from")) != removed]


def _print_files(files: Mapping[str, str], io: Invocation) -> None:
    """Print the files of the node, each below its path."""
    if not files:
        io.out(f"kubesim: on the node {NODE_NAME}, nothing is set\n")
    for path, text in files.items():
        io.out(f"# {path}\n{text}\n")


def _print_changes(before: Mapping[str, str], after: Mapping[str, str], io: Invocation) -> None:
    """Print the files of the node that have changed."""
    for path in sorted({*before, *after}):
        if before.get(path) != after.get(path):
            state = "has now:" if path in after else "is gone"
            io.out(f"kubesim: on the node {NODE_NAME}, {path} {state}\n{after.get(path, '')}")
            if path in _EFFECTS:
                io.out(f"kubesim: {_EFFECTS[path]}\n")


def crictl(current: Callable[[], Cluster], operands: Operands, options: Options, io: Invocation) -> int:
    """Show the node's images, or pull one. Mirrors kubernetes-sigs/cri-tools cmd/crictl/image.go, v1.36."""
    match operands:
        case ["images" | "image" | "img"]:
            _images(current(), io)
        case ["pull", image]:
            return _crictl_pull(current(), image, options.get("c", ""), io)
        case _:
            io.err("kubesim: of crictl, images and pull are part of this simulator\n")
            return 1
    return 0


def _images(cluster: Cluster, io: Invocation) -> None:
    rows = [["IMAGE", "TAG", "IMAGE ID", "SIZE"]]
    for name, image in cluster.kubelet.images.node.tagged(cluster.clock.now):
        repository, _, tag = name.rpartition(":")
        rows.append([repository, tag, image.config.removeprefix("sha256:")[:13], _size(image.size)])
    io.out(tabwriter.format(rows, minwidth=20))


def _size(number: float) -> str:
    """The size with three digits and a unit. Mirrors github.com/docker/go-units HumanSizeWithPrecision."""
    units = ["B", "kB", "MB", "GB"]
    while number >= 1000 and len(units) > 1:
        number /= 1000
        units.pop(0)
    return f"{number:.3g}{units[0]}"


def _crictl_pull(cluster: Cluster, name: str, credentials: str, io: Invocation) -> int:
    """Pull as the container runtime does, without Secrets and the kubelet's credentials."""
    try:
        reference = imageref.parse(name)
    except ValueError as error:
        io.err(f"kubesim: the container runtime refuses: {error}\n")
        return 1
    username, _, password = credentials.partition(":")
    answer = cluster.registries.network.pull(reference, Credential(username, password) if credentials else None)
    cluster.advance(answer.seconds)
    if answer.image is None:
        io.err(f"kubesim: the container runtime refuses: {answer.error(reference)}\n")
        return 1
    cluster.kubelet.load(reference, answer.image)
    io.out(f"Image is up to date for {answer.image.config}\n")
    return 0
