"""The user and groups of a container's process, from its image and the securityContext of Pod and container.

Mirrors kubernetes pkg/kubelet/kuberuntime/security_context{,_others}.go and pkg/volume/util/util.go, v1.36.
Capabilities, seccomp and SELinux are left out.
"""

from __future__ import annotations

from typing import Any

from kubesim.api.objects import Object
from kubesim.api.specs import ContainerSpec
from kubesim.cluster.kubelet.environment import MissingError
from kubesim.cluster.kubelet.worker import full_name
from kubesim.shell.users import Accounts, User


def security_context(pod: Object, container: ContainerSpec) -> dict[str, Any]:
    """The effective securityContext of a container: its own fields override those of the Pod."""
    return {**pod["spec"].get("securityContext", {}), **container.get("securityContext", {})}


def user_of(pod: Object, container: ContainerSpec, image_user: str, accounts: Accounts) -> User:
    """The user and groups of a container's process.

    `image_user` is the USER of its image, a number or a name, "" for root. `accounts` are the image's users and groups.
    """
    context = security_context(pod, container)
    of_pod = pod["spec"].get("securityContext", {})
    groups = list(of_pod.get("supplementalGroups", ()))
    if "fsGroup" in of_pod:
        groups.append(of_pod["fsGroup"])
    word = str(context.get("runAsUser", image_user or 0))
    return accounts.user(word, context.get("runAsGroup"), groups)


def check_user(pod: Object, container: ContainerSpec, image_user: str) -> None:
    """Raise MissingError if runAsNonRoot is set, and the user is root or can't be told from root."""
    context = security_context(pod, container)
    if not context.get("runAsNonRoot"):
        return
    if "runAsUser" in context:
        why = "" if context["runAsUser"] else "container's runAsUser breaks non-root policy"
    else:
        why = _why_not_non_root(image_user)
    if why:
        raise MissingError(f'{why} (pod: "{full_name(pod)}", container: {container["name"]})')


def _why_not_non_root(image_user: str) -> str:
    """The kubelet's reason why an image's user is, or may be, root; "" for a number other than 0."""
    if image_user in ("", "0"):
        return "container has runAsNonRoot and image will run as root"
    if not image_user.isdecimal():
        problem = f"image has non-numeric user ({image_user}), cannot verify user is non-root"
        return f"container has runAsNonRoot and {problem}"
    return ""
