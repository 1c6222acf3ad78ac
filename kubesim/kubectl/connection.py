"""What kubectl finds out about its settings before it asks the API server anything.

Mirrors k8s.io/client-go tools/clientcmd/{client_config,validation,overrides}.go, v1.36.
"""

from __future__ import annotations

import re

from kubesim.kubectl.command import Call
from kubesim.kubectl.config import USER
from kubesim.kubectl.errors import KubectlError, NotSimulated, Plain
from kubesim.kubectl.flags import parse_duration

# Commands that look at the namespace first, where a missing context is told in other words.
_NAMESPACE_FIRST = frozenset(
    (
        *("annotate", "delete", "describe", "edit", "events", "exec", "get", "label", "logs", "patch", "rollout"),
        *("scale", "set"),
    )
)
_TIMEOUT = (
    "Invalid timeout value. Timeout must be a single integer in seconds, or an integer followed by a corresponding "
    "time unit (e.g. 1s | 2m | 3h)"
)


def connect(call: Call) -> None:
    """Refuse a context, user, cluster or --request-timeout that cannot be used."""
    flags, config = call.flags, call.context.config
    name = flags["context"] or config.current
    if name and name not in config.contexts:
        if not flags["context"] or call.command.path[0] in _NAMESPACE_FIRST:
            raise Plain(f"Error in configuration: context was not found for specified context: {name}")
        raise KubectlError(f'context "{name}" does not exist')
    if request_timeout(call) is None:
        raise KubectlError(_TIMEOUT)
    user = config.of_context("user", name)
    if flags["as-group"] and not flags["as"]:
        raise KubectlError(f"requesting uid, groups or user-extra for {user} without impersonating a user")
    if config.of_context("cluster", name) in config.clusters and (user != USER or USER not in config.users):
        raise NotSimulated(f'the cluster does not know the user "{user}" of this context')


def request_timeout(call: Call) -> float | None:
    """The seconds of --request-timeout, or None where it is none."""
    given = call.flags["request-timeout"]
    try:
        return float(given) if re.fullmatch(r"[-+]?[0-9]{1,18}", given) else parse_duration(given)
    except ValueError:
        return None
