"""Checks before a command runs: required flags, --dry-run, --output, the kubeconfig's context, and impersonation.

A command's own checks of its flags are in its module. Mirrors k8s.io/kubectl pkg/cmd/util/helpers.go and
k8s.io/client-go tools/clientcmd, v1.36.
"""

from __future__ import annotations

from kubesim.gotext.pflag import FALSE, TRUE
from kubesim.kubectl.command import Call, DryRun
from kubesim.kubectl.errors import KubectlError, NotSimulated, UnprefixedError, refuse_if
from kubesim.kubectl.kubeconfig import SERVER

_DRY_RUNS = ("none", "client", "server")
_INVALID_TIMEOUT = (
    "Invalid timeout value. Timeout must be a single integer in seconds, or an integer followed by a corresponding "
    "time unit (e.g. 1s | 2m | 3h)"
)


def check_before_running(call: Call) -> None:
    """Check the command line, the kubeconfig and the connection, in this order, and set `call.dry_run`.

    The order matters, because only the first refusal is shown; `Traits` says where commands differ in it. Raises one of
    errors.REFUSALS.
    """
    traits = call.command.traits
    missing = [f'"{name}"' for name in call.command.row.required if name not in call.typed_flags]
    refuse_if(missing, f"required flag(s) {', '.join(missing)} not set")
    if traits.check:
        traits.check(call)
    if "dry-run" in call.flags:
        call.dry_run = _dry_run(call)
    if traits.checks_format == "first":
        _check_output_format(call)
    if "validate" in call.flags:
        call.validation()  # raises KubectlError for an unknown value
    if traits.asks_namespace and not call.flags["namespace"]:
        _check_namespace_of_context(call)
    if not traits.is_offline:
        check_client(call)
    if traits.checks_format == "second":
        _check_output_format(call)


def _check_output_format(call: Call) -> None:
    """Refuse an unknown --output or a malformed template, if the command has the flag --template."""
    if "template" in call.flags:
        call.output_format()


def _dry_run(call: Call) -> DryRun:
    """The strategy of --dry-run. Without a value, the flag means "client", with a deprecation warning from klog."""
    strategy = call.flags["dry-run"]
    if strategy == "unchanged":  # pflag's NoOptDefVal: the flag was typed without a value
        now = call.context.clock.micro_timestamp()  # 2026-11-24T14:00:00.000000Z
        month_and_day = now[5:7] + now[8:10]
        call.complain(
            f"W{month_and_day} {now[11:26]}       1 helpers.go:719] "
            "--dry-run is deprecated and can be replaced with --dry-run=client.\n"
        )
        return "client"
    if strategy in TRUE | FALSE:
        raise NotSimulated("a truth value of --dry-run is not part of this simulator")
    refuse_if(strategy not in _DRY_RUNS, f'Invalid dry-run value ({strategy}). Must be "none", "server", or "client".')
    checked: DryRun = strategy
    return checked


def check_client(call: Call) -> None:
    """Refuse an unusable context, user, cluster, --as-group or --request-timeout. Mirrors ClientConfig."""
    context = call.flags["context"]
    _check_context_exists(call, context, KubectlError(f'context "{context}" does not exist'))
    _check_cluster(call)
    user = call.access.user
    is_unknown = user == call.flags["user"] and not call.access.kubeconfig.has("users", user)
    refuse_if(user and is_unknown, f'auth info "{user}" does not exist')
    _check_impersonation(call, is_unprefixed=call.command.traits.shows_config_errors and bool(call.flags["namespace"]))
    refuse_if(call.request_timeout is None, _INVALID_TIMEOUT)


def _check_cluster(call: Call) -> None:
    """Refuse a context of any cluster other than the simulated one."""
    cluster = call.access.kubeconfig.fields("clusters", call.access.name_in_context("cluster"))
    server = cluster.get("server") or "localhost:8080, which is asked where the kubeconfig names none,"
    if server != SERVER:
        raise NotSimulated(f"the server {server} is not part of this simulator")


def _check_namespace_of_context(call: Call) -> None:
    """Refuse an unknown context and --as-group without --as, in the words of a command that reads the namespace first.

    Such a command looks up the context's namespace before it connects, unless -n is typed: `get pods --context x`
    prints "Error in configuration: …". `get pods -n shop --context x` prints "error: context …", and so does `apply`,
    which connects first. Mirrors ConfirmUsable.
    """
    context = call.access.context_name
    reason = f"context was not found for specified context: {context}"
    if call.flags["as-group"] and not call.flags["as"]:
        reason = f"\n* {reason}\n* requesting uid, groups or user-extra for  without impersonating a user"
    _check_context_exists(call, context, UnprefixedError(f"Error in configuration: {reason}"))
    _check_impersonation(call, is_unprefixed=False)


def _check_context_exists(call: Call, name: str, refusal: Exception) -> None:
    """Raise `refusal` if the context `name` isn't in the kubeconfig; an empty name is allowed."""
    if name and not call.access.kubeconfig.has("contexts", name):
        raise refusal


def _check_impersonation(call: Call, is_unprefixed: bool) -> None:
    """Refuse --as-group without --as. With `is_unprefixed`, the message begins with "Error in configuration: "."""
    if call.flags["as-group"] and not call.flags["as"]:
        reason = f"requesting uid, groups or user-extra for {call.access.user} without impersonating a user"
        raise UnprefixedError(f"Error in configuration: {reason}") if is_unprefixed else KubectlError(reason)
