"""What kubectl finds out about its settings before it asks the API server anything.

Mirrors k8s.io/client-go tools/clientcmd/{client_config,validation,overrides}.go, v1.36.
"""

from __future__ import annotations

import re

from kubesim.kubectl.command import Call
from kubesim.kubectl.config import USER
from kubesim.kubectl.errors import ContextNotFound, InvalidConfiguration, KubectlError, NotSimulated
from kubesim.kubectl.flags import parse_duration

_TIMEOUT = (
    "Invalid timeout value. Timeout must be a single integer in seconds, or an integer followed by a corresponding "
    "time unit (e.g. 1s | 2m | 3h)"
)


def check_namespace(call: Call) -> None:
    """Refuse settings that cannot be used, as whoever asks for the namespace; -n answers that by itself.

    Mirrors DirectClientConfig.Namespace and ConfirmUsable.
    """
    if not call.flags["namespace"]:
        problems = _problems(call)
        if problems:
            raise InvalidConfiguration(problems)


def _problems(call: Call) -> list[Exception]:
    flags, config = call.flags, call.context.config
    name = flags["context"] or config.current
    problems: list[Exception] = []
    if name and name not in config.contexts:
        problems.append(ContextNotFound(f"context was not found for specified context: {name}"))
    if flags["as-group"] and not flags["as"]:
        user = config.of_context("user", name)
        problems.append(KubectlError(f"requesting uid, groups or user-extra for {user} without impersonating a user"))
    return problems


def connect(call: Call) -> None:
    """Refuse a context, user, cluster or --request-timeout that cannot be used. Mirrors ClientConfig."""
    flags, config = call.flags, call.context.config
    name = flags["context"] or config.current
    if flags["context"] and name not in config.contexts:
        raise KubectlError(f'context "{name}" does not exist')
    if problems := _problems(call):
        raise InvalidConfiguration(problems)
    if request_timeout(call) is None:
        raise KubectlError(_TIMEOUT)
    user = config.of_context("user", name)
    if config.of_context("cluster", name) in config.clusters and (user != USER or USER not in config.users):
        raise NotSimulated(f'the cluster does not know the user "{user}" of this context')


def request_timeout(call: Call) -> float | None:
    """The seconds of --request-timeout, or None where it is none."""
    given = call.flags["request-timeout"]
    try:
        return float(given) if re.fullmatch(r"[-+]?[0-9]{1,18}", given) else parse_duration(given)
    except ValueError:
        return None
