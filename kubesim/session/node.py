"""Commands that stand for what a person does on the node: `node`, for its files, and `crictl`, for its images.

`node` is kubesim's own and says so in each answer. Mirrors kubernetes-sigs/cri-tools cmd/crictl/image.go, v1.36.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from kubesim.api import imageref
from kubesim.cluster import Cluster
from kubesim.cluster.bootstrap import NODE_NAME
from kubesim.cluster.keyring import Credential, registry_key
from kubesim.cluster.registry.world import CONFIG, MODES, PROXY
from kubesim.gotext import tabwriter
from kubesim.shell import Invocation, Options, Tool, tool

_USAGE = (
    "node files | trust HOST | skip-verify HOST | insecure HOST:PORT | reset HOST"
    " | login REGISTRY -u USER -p PASSWORD | logout REGISTRY | proxy URL|off"
)
_LATER = {
    CONFIG: "the kubelet reads it again within five minutes",
    PROXY: "the container runtime has been restarted to read it",
}


def node_tool(cluster: Callable[[], Cluster]) -> Tool:
    """node, which changes the settings of the node of the cluster that `cluster` returns."""
    decorate = tool(_USAGE, "u:/username p:/password", example="node trust harbor.corp.example")
    return decorate(lambda operands, options, io: _node(cluster(), operands, options, io))


def _node(cluster: Cluster, operands: list[str], options: Options, io: Invocation) -> int:
    settings = cluster.registries.node
    before = settings.files()
    match operands:
        case [command, name, *_] if command != "proxy" and not _is_registry(name, "log" in command):
            io.err(f"kubesim: a registry is written as in an image's name, such as registry.local:5000, not {name}\n")
            return 2
        case ["files"]:
            _show(before, io)
        case [mode, host] if mode in MODES:
            settings.hosts[host] = mode
        case ["reset", host]:
            settings.hosts.pop(host, None)
        case ["login", registry] if options.keys() == {"u", "p"}:
            _forget(cluster, registry)
            own = {"from": "config", "registry": registry, "username": options["u"], "password": options["p"]}
            settings.credentials.append(own)
        case ["logout", registry]:
            _forget(cluster, registry)
        case ["proxy", url]:
            settings.proxy = "" if url == "off" else url
        case _:
            io.err(f"kubesim: usage: {_USAGE}\n")
            return 2
    _tell(before, settings.files(), io)
    return 0


def _is_registry(name: str, with_path: bool) -> bool:
    return bool(name) and registry_key(name) == name and (with_path or "/" not in name)


def _forget(cluster: Cluster, registry: str) -> None:
    """Take what config.json says of a registry out of it."""
    settings = cluster.registries.node
    kept = [item for item in settings.credentials if (item["registry"], item.get("from")) != (registry, "config")]
    settings.credentials = kept


def _show(files: Mapping[str, str], io: Invocation) -> None:
    if not files:
        io.out(f"kubesim: on the node {NODE_NAME}, nothing is set\n")
    for path, text in files.items():
        io.out(f"# {path}\n{text}\n")


def _tell(before: Mapping[str, str], after: Mapping[str, str], io: Invocation) -> None:
    """Say which of the node's files are different now."""
    for path in sorted({*before, *after}):
        if before.get(path) != after.get(path):
            what = "has now:" if path in after else "is gone"
            io.out(f"kubesim: on the node {NODE_NAME}, {path} {what}\n{after.get(path, '')}")
            if path in _LATER:
                io.out(f"kubesim: {_LATER[path]}\n")


def crictl_tool(cluster: Callable[[], Cluster]) -> Tool:
    """crictl, which shows and pulls the images of the node of the cluster that `cluster` returns."""
    usage = "crictl images | crictl pull [--creds USER[:PASSWORD]] IMAGE"
    decorate = tool(usage, "c:/creds", example="crictl images")
    return decorate(lambda operands, options, io: _crictl(cluster(), operands, options, io))


def _crictl(cluster: Cluster, operands: list[str], options: Options, io: Invocation) -> int:
    match operands:
        case ["images" | "image" | "img"]:
            _images(cluster, io)
        case ["pull", image]:
            return _pull(cluster, image, options.get("c", ""), io)
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
    """Mirrors github.com/docker/go-units HumanSizeWithPrecision, with three digits."""
    units = ["B", "kB", "MB", "GB"]
    while number >= 1000 and len(units) > 1:
        number /= 1000
        units.pop(0)
    return f"{number:.3g}{units[0]}"


def _pull(cluster: Cluster, name: str, given: str, io: Invocation) -> int:
    """Pull as the container runtime does, which knows no Secret and nothing of the kubelet's credentials."""
    try:
        reference = imageref.parse(name)
    except ValueError as error:
        io.err(f"kubesim: the container runtime refuses: {error}\n")
        return 1
    username, _, password = given.partition(":")
    answer = cluster.registries.pull(reference, Credential(username, password) if given else None)
    cluster.advance(answer.seconds)
    if answer.image is None:
        io.err(f"kubesim: the container runtime refuses: {answer.error(reference)}\n")
        return 1
    cluster.kubelet.images.node.load(reference, answer.image, cluster.clock.now)
    io.out(f"Image is up to date for {answer.image.config}\n")
    return 0
