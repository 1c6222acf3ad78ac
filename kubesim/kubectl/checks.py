"""What kubectl refuses before a command does anything: --dry-run, the context, and who asks.

Mirrors k8s.io/kubectl pkg/cmd/util/helpers.go and k8s.io/client-go tools/clientcmd, v1.36.
"""

from __future__ import annotations

from kubesim.gotext.pflag import FALSE, TRUE
from kubesim.kubectl.command import Call
from kubesim.kubectl.errors import KubectlError, NotSimulated, Plain, refuse_if
from kubesim.kubectl.kubeconfig import CONTEXT, KUBECONFIG, USER

_DRY_RUNS = ("none", "client", "server")


def check_before_running(call: Call) -> None:
    """Refuse wrong arguments, values of the flags that many commands share, and contexts."""
    command = call.command
    place = call.context.env.get("KUBECONFIG", "")
    if place not in ("", KUBECONFIG):
        raise NotSimulated(f"the kubeconfig {place[:80]} of $KUBECONFIG is not part of this simulator")
    missing = [f'"{name}"' for name in command.row.required if name not in call.typed_flags]
    refuse_if(missing, f"required flag(s) {', '.join(missing)} not set")
    if command.check:
        command.check(call)
    if "dry-run" in call.flags:
        call.dry_run = _dry_run(call)
    if "template" in call.flags and not command.prints_last:
        call.output_format()
    if "validate" in call.flags:
        call.validation()
    if command.asks_namespace and not call.flags["namespace"]:
        _check_context(call)
    if not (command.is_offline or call.flags.get("local")):
        check_client(call)


def _dry_run(call: Call) -> str:
    """The strategy of --dry-run. Bare, it means client, with the warning that klog writes."""
    strategy: str = call.flags["dry-run"]
    if strategy == "unchanged":
        now = call.context.clock.micro_timestamp()
        head = f"W{now[5:7]}{now[8:10]} {now[11:26]}       1 helpers.go:719]"
        call.complain(f"{head} --dry-run is deprecated and can be replaced with --dry-run=client.\n")
        return "client"
    if strategy in TRUE | FALSE:
        raise NotSimulated("a truth value of --dry-run is not part of this simulator")
    problem = f'Invalid dry-run value ({strategy}). Must be "none", "server", or "client".'
    refuse_if(strategy not in _DRY_RUNS, problem)
    return strategy


def check_client(call: Call) -> None:
    """Refuse a context, groups or --request-timeout that cannot be used. Mirrors ClientConfig."""
    context = call.flags["context"]
    refuse_if(context not in ("", CONTEXT), f'context "{context}" does not exist')
    _check_context(call, call.command.shows_config_errors)
    refuse_if(call.request_timeout is None, _INVALID_TIMEOUT)


_INVALID_TIMEOUT = (
    "Invalid timeout value. Timeout must be a single integer in seconds, or an integer followed by a corresponding "
    "time unit (e.g. 1s | 2m | 3h)"
)


def _check_context(call: Call, is_plain: bool = False) -> None:
    """Refuse a context and groups that cannot be used, as kubectl does for the namespace. Mirrors ConfirmUsable.

    `is_plain`: the command shows an error of the configuration as it is, once its namespace is known.
    """
    context = call.flags["context"]
    if context not in ("", CONTEXT):
        raise Plain(f"Error in configuration: context was not found for specified context: {context}")
    if call.flags["as-group"] and not call.flags["as"]:
        why = f"requesting uid, groups or user-extra for {USER} without impersonating a user"
        if call.flags["namespace"] and is_plain:
            raise Plain(f"Error in configuration: {why}")
        raise KubectlError(why)
