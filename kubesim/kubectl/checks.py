"""What kubectl refuses before a command does anything: --dry-run, the context, and who asks.

Mirrors k8s.io/kubectl pkg/cmd/util/helpers.go and k8s.io/client-go tools/clientcmd, v1.36.
"""

from __future__ import annotations

from kubesim.gotext.pflag import FALSE, TRUE
from kubesim.kubectl.command import Call, DryRun
from kubesim.kubectl.errors import KubectlError, NotSimulated, Plain, refuse_if
from kubesim.kubectl.kubeconfig import SERVER

_DRY_RUNS = ("none", "client", "server")


def check_before_running(call: Call) -> None:
    """Refuse wrong arguments, values of the flags that many commands share, and contexts.

    Only the first refusal is shown, so the order counts: the command line by itself, the kubeconfig, the connection.
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
        call.validation()  # refuses an unknown one
    if traits.asks_namespace and not call.flags["namespace"]:
        _check_namespace_of_context(call)
    if not traits.is_offline:
        check_client(call)
    if traits.checks_format == "":
        _check_output_format(call)


def _check_output_format(call: Call) -> None:
    """Refuse an unknown -o or a wrong template, where the command has templates."""
    if "template" in call.flags:
        call.output_format()


def _dry_run(call: Call) -> DryRun:
    """The strategy of --dry-run. Bare, it means client, with the warning that klog writes."""
    strategy = call.flags["dry-run"]
    if strategy == "unchanged":
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
    """Refuse a context, a user, a cluster, groups or --request-timeout that cannot be used. Mirrors ClientConfig."""
    context = call.flags["context"]
    _check_context_exists(call, context, KubectlError(f'context "{context}" does not exist'))
    _check_cluster(call)
    user = call.access.user
    is_unknown = user == call.flags["user"] and not call.access.kubeconfig.has("users", user)
    refuse_if(user and is_unknown, f'auth info "{user}" does not exist')
    _check_impersonation(call, is_plain=call.command.traits.shows_config_errors and bool(call.flags["namespace"]))
    refuse_if(call.request_timeout is None, _INVALID_TIMEOUT)


def _check_cluster(call: Call) -> None:
    """Refuse any cluster but the one that there is."""
    cluster = call.access.kubeconfig.fields("clusters", call.access.of_context("cluster"))
    server = cluster.get("server") or "localhost:8080, which is asked where the kubeconfig names none,"
    if server != SERVER:
        raise NotSimulated(f"the server {server} is not part of this simulator")


_INVALID_TIMEOUT = (
    "Invalid timeout value. Timeout must be a single integer in seconds, or an integer followed by a corresponding "
    "time unit (e.g. 1s | 2m | 3h)"
)


def _check_namespace_of_context(call: Call) -> None:
    """Refuse a context and groups as a command does that asks for the context's namespace before it connects.

    So `get pods --context x` says "Error in configuration: …", and `get pods -n shop --context x`, which has its
    namespace, says "error: context …", as does `apply`, which connects first. Mirrors ConfirmUsable.
    """
    context = call.access.context_name
    why = f"context was not found for specified context: {context}"
    if call.flags["as-group"] and not call.flags["as"]:
        why = f"\n* {why}\n* requesting uid, groups or user-extra for  without impersonating a user"
    _check_context_exists(call, context, Plain(f"Error in configuration: {why}"))
    _check_impersonation(call, is_plain=False)


def _check_context_exists(call: Call, name: str, refusal: Exception) -> None:
    """Raise `refusal` where a context is named and the kubeconfig has none of that name."""
    if name and not call.access.kubeconfig.has("contexts", name):
        raise refusal


def _check_impersonation(call: Call, is_plain: bool) -> None:
    """Refuse groups without a user. `is_plain`: the configuration's error is shown as it is, not after "error: "."""
    if call.flags["as-group"] and not call.flags["as"]:
        why = f"requesting uid, groups or user-extra for {call.access.user} without impersonating a user"
        raise Plain(f"Error in configuration: {why}") if is_plain else KubectlError(why)
