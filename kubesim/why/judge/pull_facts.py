"""The facts on one container's image and on the last attempt to pull it.

They come from a Scene, which is a running cluster or an export of one, and are computed when they are first asked for.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property

from kubesim.api.clock import parse_time
from kubesim.api.objects import Object, name_of
from kubesim.pull import imageref
from kubesim.pull.attempt import Attempt, PullTrace
from kubesim.pull.imageref import DEFAULT_REGISTRY, Reference
from kubesim.why.judge.asking import Asked, asked
from kubesim.why.judge.scene import VOLUME, Scene
from kubesim.why.read import signs, signs_table
from kubesim.why.read.names import REDACTED, filled, is_redacted, lacks_registry
from kubesim.why.read.signs import Provider, Reply, read
from kubesim.why.read.text import POD_NAME

# Hosts that are the machine itself.
LOOPBACKS = ("localhost", "127.0.0.1", "[::1]")
# Kinds of answers that registries give both for a missing image and to a user without rights.
UNCLEAR = ("scope", "denied")


def reply_to(attempt: Attempt) -> Reply:
    """The meaning of the registry's answer to an attempt."""
    return read(attempt.answer, with_credentials=attempt.username is not None)


@dataclass(frozen=True)
class PullFacts:
    """The facts on the image of one container of `pod`, and on its last pull.

    A volume with an image counts as a container, too.
    """

    scene: Scene
    namespace: str
    pod: Object
    container: Object

    @property
    def image(self) -> str:
        return str(self.container.get("image", ""))

    @property
    def volume(self) -> str:
        """The name of the volume that needs the image; "" if a container needs it."""
        name = str(self.container["name"])
        return name.removeprefix(VOLUME) if name.startswith(VOLUME) else ""

    @cached_property
    def reference(self) -> Reference | None:
        """The parsed name of the image; None if it's invalid, or if its registry was removed before pasting."""
        if is_redacted(self.image) or (self.is_partial and lacks_registry(self.image)):
            return None  # parsing would take Docker Hub for the registry
        names = [self.image, filled(self.image), filled(self.image).lower()]
        for name in names if self.is_partial else names[:1]:
            with suppress(ValueError):
                return imageref.parse(name)
        return None

    @property
    def registry(self) -> str:
        """The registry's host, with any placeholder that replaces a part of it; "" if nothing names one.

        Where the image was removed from a text before pasting, it's the only host of a known registry in that text.
        """
        if self.reference is None:
            hosts = [host for host in self.pod.get("hosts", ()) if any(signs.registry_of(host).parts.values())]
            return hosts[0] if len(hosts) == 1 and is_redacted(self.image) else ""
        host = self.reference.registry
        return self.image.partition("/")[0] if REDACTED in host else host

    @cached_property
    def trace(self) -> PullTrace | None:
        """The kubelet's last attempt for this Pod and this image; None before the first."""
        trace = self.scene.traces.get((self.namespace, name_of(self.pod), self.container["name"]))
        if trace is None or trace.image != self.image:
            return None
        born = 0 if self.scene.is_export else parse_time(self.pod["metadata"]["creationTimestamp"])
        return trace if trace.at >= born else None

    @property
    def attempts(self) -> tuple[Attempt, ...]:
        return self.trace.attempts if self.trace else ()

    @cached_property
    def reply(self) -> Reply | None:
        """The meaning of the registry's last answer, else of the kubelet's message; None without either."""
        if self.attempts:
            return reply_to(self.attempts[-1])
        return read(self.trace.message, with_credentials=False) if self.trace and self.trace.message else None

    @property
    def kind(self) -> str:
        """The reply's kind, a key of `kinds` in signs.yaml; "" without a reply."""
        return self.reply.kind if self.reply else ""

    @property
    def message(self) -> str:
        """The registry's last answer, else the kubelet's message; "" if neither is known."""
        if self.attempts:
            return self.attempts[-1].answer
        return self.trace.message if self.trace else ""

    @cached_property
    def asking(self) -> Asked:
        """The host that gave the last answer, and its role: registry, mirror, token service or storage."""
        return asked(self.message, self.registry, self.reply) if self.reply else Asked(self.registry)

    @cached_property
    def provider(self) -> Provider:
        """The product or service that runs the registry, a row of `registries` in signs.yaml."""
        return signs.registry_of(self.registry or self.asking.host, self.message)

    @property
    def has_image(self) -> bool:
        """True if the node has the image and the container may start from it."""
        return self.trace is not None and self.trace.outcome in ("Pulled", "AlreadyPresent")

    @property
    def runtime(self) -> str:
        """The systemd unit of the container runtime, a key of `runtimes` in signs.yaml."""
        said = signs.runtime_of(self.message)
        return "crio" if said == "containerd" and "crio" in self.around else said

    @property
    def around(self) -> Sequence[str]:
        """The runtime and the distribution of Kubernetes that a text names, keys of `surroundings` in signs.yaml."""
        return tuple(self.pod.get("around", ()))

    @property
    def local_cluster(self) -> str:
        """The tool that runs the cluster on one's own machine, a key of `nodes` in signs.yaml; "" if none does."""
        node = str(self.pod["spec"].get("nodeName"))
        nodes = signs_table.signs().nodes
        by_name = (tool for tool, name in nodes.items() if re.match(name, node))
        return next(by_name, next((tool for tool in nodes if tool in self.around), ""))

    @property
    def events(self) -> Sequence[Object]:
        """The Pod's events in the export."""
        return self.scene.events.get((self.namespace, name_of(self.pod)), ())

    @property
    def is_silent(self) -> bool:
        """True if the pull failed and neither the status nor an event has a message."""
        is_unknown = self.reply is not None and self.reply.kind == "other"
        return self.scene.is_export and is_unknown and not self.message

    @property
    def is_refused(self) -> bool:
        """True if the reply means that other credentials could help."""
        return self.reply is not None and self.reply.credentials and not self.is_silent

    # Facts from a pasted text, under the keys that read/text.py adds to the Pod (ADDED)

    @property
    def is_partial(self) -> bool:
        """True for a Pod made from a text, whose list of pull secrets is unknown (ADDED in read/text.py)."""
        return bool(self.pod.get("partial"))

    @property
    def is_placed(self) -> bool:
        """False if a text doesn't name the Pod's namespace; `namespace` is then "default"."""
        return not self.pod.get("unplaced")

    @property
    def on_node(self) -> bool:
        """True if the text lists the image among those of the node, so that only the policy Always pulls it."""
        reference = self.reference
        return reference is not None and f"{reference.name}:{reference.tag}" in self.pod.get("there", ())

    @property
    def in_docker(self) -> bool:
        """True if the text lists the image among those of docker, whose store a node with another runtime lacks."""
        built = [imageref.parse(name) for name in self.pod.get("built", ())]
        name = self.reference and (self.reference.name, self.reference.tag)
        return name in [(reference.name, reference.tag) for reference in built]

    @property
    def is_logged_in(self) -> bool:
        """True if the text shows that a client's login at the image's registry succeeded."""
        return self.registry in [host or DEFAULT_REGISTRY for host in self.pod.get("logins", ())]

    @property
    def wanted(self) -> str:
        """The first pull secret that a piece of a manifest in the text lists; "" without one."""
        return next(iter(self.pod.get("wanted", ())), "")

    @property
    def created(self) -> str:
        """The last pull secret that a command of the text created; "" without one, or if the text lists any."""
        return "" if self.wanted else next(reversed(self.pod.get("created", ())), "")

    @property
    def port_elsewhere(self) -> str:
        """The registry's host with a port, as another place of the text has it; "" if none does."""
        here = f"{self.registry}:"
        return next((host for host in self.pod.get("hosts", ()) if host.startswith(here)), "")

    @property
    def slips(self) -> Sequence[str]:
        """The mistakes in a command of the text that created a pull secret (_SLIPS in read/text.py)."""
        return tuple(self.pod.get("slips", ()))

    @property
    def client(self) -> str:
        """The program that pulls instead of a node (docker, helm, …); "" if a node pulls."""
        return str(self.pod.get("client", ""))

    @property
    def is_node(self) -> bool:
        """True if a node pulls the image, and no client."""
        return not self.client

    @property
    def source(self) -> str:
        """The learner's input: an "export", a "text" (of describe or events), or a "message" alone."""
        return ("message" if name_of(self.pod) == POD_NAME else "text") if self.is_partial else "export"
