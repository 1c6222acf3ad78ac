"""kubectl auth: who asks, and what that user may do. Mirrors k8s.io/kubectl pkg/cmd/auth, v1.36."""

from __future__ import annotations

from kubesim.api.objects import Object
from kubesim.api.resources import find_resource
from kubesim.cluster.apiserver.authorization import Request, User
from kubesim.gotext import tabwriter
from kubesim.kubectl import flags
from kubesim.kubectl.command import Call, command, switch, text
from kubesim.kubectl.describers.others import RULE_HEADINGS, rule_rows
from kubesim.kubectl.errors import Exit, KubectlError
from kubesim.kubectl.help import group
from kubesim.kubectl.selection import warn_of_others

# What kubectl takes for verbs without a warning: of objects, and of paths.
_VERBS = (
    *("get", "list", "watch", "create", "update", "patch", "delete", "deletecollection", "use", "bind", "impersonate"),
    *("*", "approve", "sign", "escalate", "attest"),
)
_PATH_VERBS = ("get", "put", "post", "head", "options", "delete", "patch", "*")


def _check_can_i(call: Call) -> None:
    if call.flags["list"]:
        if call.args:
            raise KubectlError("list option must be specified with no arguments")
    elif len(call.args) != 2:
        raise KubectlError(
            "you must specify two arguments: verb resource or verb resource/resourceName.\n"
            "See 'kubectl auth can-i -h' for help and examples."
        )


group("auth", "[flags]", "Inspect authorization")


@command(
    "auth can-i",
    "VERB [TYPE | TYPE/NAME | NONRESOURCEURL]",
    "Check whether an action is allowed",
    flags.ALL_NAMESPACES,
    switch("quiet", "q", "Only the exit status answers."),
    text("subresource", "", "A subresource such as log."),
    switch("list", "", "List everything that is allowed."),
    switch("no-headers", "", "With --list: leave the headings out."),
    example="  kubectl auth can-i get secrets --as=system:serviceaccount:default:default\n  kubectl auth can-i --list",
    check=_check_can_i,
)
def can_i(call: Call) -> None:
    """Say yes or no, and end with status 1 for no; or list what the user may do."""
    if call.flags["list"]:
        if call.flags["quiet"] or call.flags["all-namespaces"] or call.flags["subresource"]:
            raise KubectlError(
                "list option can't be specified with neither quiet, all-namespaces nor subresource options"
            )
        rows = rule_rows(call.api.rules(call.user, call.namespace))
        call.say(tabwriter.format(rows if call.flags["no-headers"] else [RULE_HEADINGS, *rows]))
        return
    asked = _asked(call, *call.args)
    if call.flags["no-headers"]:
        raise KubectlError("--no-headers cannot be set without --list specified")
    allowed = call.api.can(asked)
    if not call.flags["quiet"]:
        call.say("yes\n" if allowed else "no\n")
    if not allowed:
        raise Exit(1)


def _asked(call: Call, verb: str, word: str) -> Request:
    """What the words ask for; warns of what kubectl does not know."""
    part = call.flags["subresource"]
    if word.startswith("/"):
        if part:
            raise KubectlError("--subresource can not be used with NonResourceURL")
        _warn_of_verb(call, verb, _PATH_VERBS)
        return Request(call.user, verb, "", path=word)
    kind, _, name = word.partition("/")
    plural, group = _type(call, kind)
    _warn_of_verb(call, verb, _VERBS)
    namespace = "" if call.flags["all-namespaces"] else call.namespace
    return Request(call.user, verb, f"{plural}/{part}" if part else plural, group, namespace, name)


def _type(call: Call, word: str) -> tuple[str, str]:
    """Plural and group of a type; of an unknown one, the word itself."""
    warn_of_others(call, word)
    resource = find_resource(word)
    if resource is None:
        plain, _, group = word.lower().partition(".")
        if word not in ("*", "users", "groups"):
            call.warn(f"the server doesn't have a resource type '{plain}'{_in_group(group)}\n")
        return word, ""
    if not resource.namespaced and not call.flags["all-namespaces"]:
        call.warn(f"resource '{resource.plural}' is not namespace scoped{_in_group(resource.group)}\n")
    return resource.plural, resource.group


def _warn_of_verb(call: Call, verb: str, known: tuple[str, ...]) -> None:
    if verb not in known:
        call.warn(f"verb '{verb}' is not a known verb\n")


def _in_group(group: str) -> str:
    return f" in group '{group}'" if group else ""


@command("auth whoami", "", "Experimental: Check self subject attributes", flags.OUTPUT)
def whoami(call: Call) -> None:
    """Show who asks."""
    user = call.user
    if call.flags["output"]:  # --template alone counts for nothing here
        call.say(call.output_format().render(_review(user, call.context.clock.timestamp()), typed=True))
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
