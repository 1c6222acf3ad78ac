"""kubectl auth: who asks, and what that user may do. Mirrors k8s.io/kubectl pkg/cmd/auth, v1.36."""

from __future__ import annotations

from kubesim import tabwriter
from kubesim.authorization import Request, User
from kubesim.kubectl import flags
from kubesim.kubectl.command import Call, absent, command, switch, text
from kubesim.kubectl.errors import Exit, KubectlError
from kubesim.objects import Object
from kubesim.resources import find_resource


def _verb_and_type(call: Call) -> None:
    if len(call.args) != 2:
        raise KubectlError(
            "you must specify two arguments: verb resource or verb resource/resourceName.\n"
            "See 'kubectl auth can-i -h' for help and examples."
        )


@command(
    "auth can-i",
    "VERB [TYPE | TYPE/NAME | NONRESOURCEURL]",
    "Check whether an action is allowed",
    flags.ALL_NAMESPACES,
    switch("quiet", "q", "Only the exit status answers."),
    text("subresource", "", "A subresource such as log."),
    *absent("list", "no-headers", kind="switch"),
    example="  kubectl auth can-i get secrets --as=system:serviceaccount:default:default",
    check=_verb_and_type,
)
def can_i(call: Call) -> None:
    """Say yes or no; the exit status is 1 for no."""
    verb, word = call.args
    if word.startswith("/") and call.flags["subresource"]:
        raise KubectlError("--subresource can not be used with NonResourceURL")
    kind, _, name = word.partition("/")
    resource = find_resource(kind)
    plural, group = (resource.plural, resource.group) if resource else (kind, "*" if kind == "*" else "")
    if resource is None and kind != "*":
        call.complain(f"Warning: the server doesn't have a resource type '{kind}'\n\n")
    namespace = "" if call.flags["all-namespaces"] or (resource and not resource.namespaced) else call.namespace
    if resource and not resource.namespaced and not call.flags["all-namespaces"]:
        call.complain(f"Warning: resource '{plural}' is not namespace scoped{_in_group(group)}\n\n")
    allowed = call.api.can(Request(call.user, verb, plural, group, namespace, name))
    if not call.flags["quiet"]:
        call.say("yes\n" if allowed else "no\n")
    if not allowed:
        raise Exit(1)


def _in_group(group: str) -> str:
    return f" in group '{group}'" if group else ""


@command("auth whoami", "", "Experimental: Check self subject attributes", flags.OUTPUT)
def whoami(call: Call) -> None:
    """Show who asks."""
    user, form = call.user, call.output_format()
    if not form.is_table:
        call.say(form.render(_review(user, call.context.clock.timestamp()), typed=True))
        return
    rows = [["ATTRIBUTE", "VALUE"], ["Username", user.name], ["Groups", f"[{' '.join(user.groups)}]"]]
    rows += [[f"Extra: {key}", f"[{' '.join(values)}]"] for key, values in user.extra]
    call.say(tabwriter.format(rows))


def _review(user: User, now: str) -> Object:
    """The SelfSubjectReview of a user."""
    extra = {key: list(values) for key, values in user.extra}
    info = {"username": user.name, "groups": list(user.groups), **({"extra": extra} if extra else {})}
    head = {"kind": "SelfSubjectReview", "apiVersion": "authentication.k8s.io/v1"}
    return {**head, "metadata": {"creationTimestamp": now}, "status": {"userInfo": info}}
