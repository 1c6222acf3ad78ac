"""The forms of names, keys, paths and numbers. Each check takes a value and returns its problems as sentences.

Mirrors k8s.io/apimachinery pkg/util/validation/validation.go and pkg/api/validation/path/name.go, and kubernetes
pkg/apis/core/validation/validation.go, v1.36.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from ipaddress import ip_address
from math import inf
from typing import Any

# A function from a value to its problems; an empty list for a valid value.
Check = Callable[[Any], list[str]]
# The standard resources of containers.
_OF_CONTAINERS = frozenset({"cpu", "memory", "ephemeral-storage"})
_WORD = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]"
_ENDS = "must start and end with an alphanumeric character"
_CONSISTS = f"consist of alphanumeric characters, '-', '_' or '.', and {_ENDS}"
_EMPTY = "must be non-empty"


def _too_long(value: str, limit: float, unit: str = "characters") -> list[str]:
    """The problem of a text of more than `limit` bytes. Upstream says "bytes" for labels and "characters" elsewhere."""
    size = len(value.encode("utf-8", "surrogatepass"))
    return [f"must be no more than {limit} {unit}"] if size > limit else []


def text_form(pattern: str, limit: float, what: str, *examples: str, unit: str = "characters") -> Check:
    """The check of a text that matches `pattern` and has at most `limit` bytes; `what` is the problem's sentence."""
    quoted_examples = " or ".join(f"'{example}', " for example in examples)
    sentence = f"{what} (e.g. {quoted_examples}regex used for validation is '{pattern}')"
    has_form = re.compile(pattern).fullmatch

    def check(value: str) -> list[str]:
        problems = _too_long(value, limit, unit)
        if not has_form(value):
            problems.append(sentence)
        return problems

    return check


def number_between(low: int, high: int) -> Check:
    """The check of a number from `low` to `high`."""
    return lambda value: [] if low <= value <= high else [f"must be between {low} and {high}, inclusive"]


_NAME = text_form(_WORD, 63, f"must {_CONSISTS}", "MyName", "my.name", "123-abc", unit="bytes")
label_value = text_form(
    f"({_WORD})?",
    63,
    f"a valid label must be an empty string or {_CONSISTS}",
    "MyValue",
    "my_value",
    "12345",
    unit="bytes",
)
dns_subdomain = text_form(
    "[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*",
    253,
    f"a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and {_ENDS}",
    "example.com",
)
_dns_label = text_form(
    r"[a-z0-9]([-a-z0-9]*[a-z0-9])?",
    63,
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with "
    "an alphanumeric character",
    "my-name",
    "123-abc",
)
_config_key = text_form(
    r"[-._a-zA-Z0-9]+",
    253,
    "a valid config key must consist of alphanumeric characters, '-', '_' or '.'",
    "key.name",
    "KEY_NAME",
    "key-name",
)
percent = text_form(
    "[0-9]+%", inf, "a valid percent string must be a numeric string followed by an ending '%'", "1%", "93%"
)
port_number = number_between(1, 65535)
# The number of a user or group.
numeric_id = number_between(0, 2**31 - 1)


def qualified_name(value: str) -> list[str]:
    """The key of a label: an optional DNS prefix and a slash, then a name."""
    prefix, slash, name = value.rpartition("/")
    if "/" in prefix:
        end = "with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')"
        [form] = _NAME("")  # the sentence about the form of a name
        return [f"a valid label key {form} {end}"]
    problems = []
    if slash:
        of_prefix = dns_subdomain(prefix) if prefix else [_EMPTY]
        problems += [f"prefix part {problem}" for problem in of_prefix]
    if not name:
        problems.append(f"name part {_EMPTY}")
    return problems + [f"name part {problem}" for problem in _NAME(name)]


def dns_label(value: str) -> list[str]:
    """The name of a namespace, a container, a volume."""
    if "." in value and not dns_subdomain(value):
        return [*_too_long(value, 63), "must not contain dots"]
    return _dns_label(value)


def cron_job_name(value: str) -> list[str]:
    """The name of a CronJob, to which its controller adds eleven characters for each Job."""
    return dns_subdomain(value) + _too_long(value, 52)


def path_segment(value: str) -> list[str]:
    """A name without a further form than that a URL can contain it, such as a Role's."""
    problems = [f"may not be '{value}'"] if value in (".", "..") else []
    return problems + [f"may not contain '{character}'" for character in "/%" if character in value]


def config_key(value: str) -> list[str]:
    """A key of a Secret or ConfigMap, which may become a file's name."""
    problems = _config_key(value)
    if value in (".", ".."):
        problems.append(f"must not be '{value}'")
    elif value.startswith(".."):
        problems.append("must not start with '..'")
    return problems


def env_name(value: str) -> list[str]:
    """The name of an environment variable."""
    sentence = "a valid environment variable name must consist only of printable ASCII characters other than '='"
    return [] if re.fullmatch("[ -<>-~]*", value) else [sentence]


def ip(value: str) -> list[str]:
    """An IP address, without a zone."""
    try:
        ip_address(value.replace("%", " "))  # Python takes a zone, as in fe80::1%eth0
    except ValueError:
        return ["must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"]
    return []


def port_name(value: str) -> list[str]:
    """The name of a container's port."""
    problems = _too_long(value, 15)
    if not re.fullmatch("[-a-z0-9]+", value):
        problems.append("must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)")
    if not re.search("[a-z]", value):
        problems.append("must contain at least one letter (a-z)")
    if "--" in value:
        problems.append("must not contain consecutive hyphens")
    if value.startswith("-") or value.endswith("-"):
        problems.append("must not begin or end with a hyphen")
    return problems


def projected_path(value: str) -> list[str]:
    """A relative path in a volume. Names that start with ".." are reserved for the kubelet."""
    problems = ["must be a relative path"] if value.startswith("/") else []
    if ".." in value.split("/"):
        problems.append("must not contain '..'")
    if value.startswith("..") and value[2:3] not in ("", "/"):
        problems.append("must not start with '..'")
    return problems


def container_resource(value: str) -> list[str]:
    """A resource in a container's requests or limits, such as cpu or example.com/gpu."""
    if "/" in value or value.startswith("hugepages-") or value in _OF_CONTAINERS:
        return []
    return ["must be a standard resource type or fully qualified", "must be a standard resource for containers"]
