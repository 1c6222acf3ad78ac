"""kubectl create token. Mirrors k8s.io/kubectl pkg/cmd/create/create_token.go, v1.36."""

from __future__ import annotations

from kubesim.api.errors import StatusError
from kubesim.api.objects import Object
from kubesim.cluster.apiserver.tokens import create_token as issue
from kubesim.kubectl import flags
from kubesim.kubectl.command import Call, array, command, duration, text
from kubesim.kubectl.create.common import one_name
from kubesim.kubectl.errors import KubectlError

_BOUND = ("Node", "Pod", "Secret")


@command(
    "create token",
    "SERVICE_ACCOUNT_NAME",
    "Request a service account token",
    flags.OUTPUT,
    array("audience", "", "Who the token is for; may be given several times."),
    duration("duration", "", "How long the token is to be valid; at least 10m."),
    text("bound-object-kind", "", "Node, Pod or Secret: the token ends with this object."),
    text("bound-object-name", "", "The name of that object."),
    text("bound-object-uid", "", "The uid of that object."),
    check=one_name,
    asks_namespace=True,
    example="  kubectl create token builder --duration=1h",
)
def create_token(call: Call) -> None:
    """Ask for a token of a ServiceAccount and show it."""
    _check(call)
    try:
        now = call.context.clock.now
        found = issue(call.api, call.namespace, call.args[0], _spec(call), now, user=call.user)
    except StatusError as error:
        raise KubectlError(f"failed to create token: {error.message}") from None
    if call.flags["output"]:  # --template alone counts for nothing here
        call.say(call.output_format().render(found, typed=True))
    else:
        call.say(found["status"]["token"])


def _check(call: Call) -> None:
    seconds, kind, name = (call.flags[key] for key in ("duration", "bound-object-kind", "bound-object-name"))
    problem = ""
    if not call.args[0]:
        problem = "service account name is required"
    elif seconds < 0:
        problem = "--duration must be greater than or equal to 0"
    elif seconds % 1:
        problem = "--duration cannot be expressed in units less than seconds"
    elif "" in call.flags["audience"]:
        problem = "--audience must not be an empty string"
    elif not kind and name:
        problem = "--bound-object-name can only be set if --bound-object-kind is provided"
    elif not kind and call.flags["bound-object-uid"]:
        problem = "--bound-object-uid can only be set if --bound-object-kind is provided"
    elif kind and kind not in _BOUND:
        problem = f"supported --bound-object-kind values are {', '.join(_BOUND)}"
    elif kind and not name:
        problem = "--bound-object-name is required if --bound-object-kind is provided"
    if problem:
        raise KubectlError(problem)


def _spec(call: Call) -> Object:
    bound = {
        "kind": call.flags["bound-object-kind"],
        "apiVersion": "v1",
        "name": call.flags["bound-object-name"],
        "uid": call.flags["bound-object-uid"],
    }
    return {
        "audiences": list(call.flags["audience"]),
        "expirationSeconds": int(call.flags["duration"]),
        "boundObjectRef": {key: value for key, value in bound.items() if value} if bound["kind"] else None,
    }
