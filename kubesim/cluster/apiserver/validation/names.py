"""What names, keys and values must look like: each check takes a text and returns what is wrong with it.

Mirrors k8s.io/apimachinery pkg/util/validation/validation.go and pkg/api/validate/content, v1.36.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

Check = Callable[[Any], list[str]]

_LABEL = "[a-z0-9]([-a-z0-9]*[a-z0-9])?"
_SUBDOMAIN = rf"{_LABEL}(\.{_LABEL})*"
_KEY = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]"
_ENDS = "must start and end with an alphanumeric character"


def _explain(what: str, pattern: str, *examples: str) -> str:
    shown = " or ".join(f"'{example}', " for example in examples)
    return f"{what} (e.g. {shown}regex used for validation is '{pattern}')"


def _longer(value: str, limit: int) -> list[str]:
    too_long = len(value.encode("utf-8", "surrogatepass")) > limit
    return [f"must be no more than {limit} bytes"] if too_long else []


def _format(pattern: str, limit: int, what: str, *examples: str) -> Check:
    """A check against a regular expression and a length in bytes."""
    matches = re.compile(pattern).fullmatch
    sentence = _explain(what, pattern, *examples)
    return lambda value: _longer(value, limit) + ([] if matches(value) else [sentence])


dns_subdomain = _format(
    _SUBDOMAIN,
    253,
    f"a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and {_ENDS}",
    "example.com",
)
_dns_label = _format(
    _LABEL,
    63,
    f"a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and {_ENDS}",
    "my-name",
    "123-abc",
)
dns_1035_label = _format(
    "[a-z]([-a-z0-9]*[a-z0-9])?",
    63,
    "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, "
    "and end with an alphanumeric character",
    "my-name",
    "abc-123",
)
label_value = _format(
    f"({_KEY})?",
    63,
    f"a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and {_ENDS}",
    "MyValue",
    "my_value",
    "12345",
)
_config_key = _format(
    "[-._a-zA-Z0-9]+",
    253,
    "a valid config key must consist of alphanumeric characters, '-', '_' or '.'",
    "key.name",
    "KEY_NAME",
    "key-name",
)
percent = _format(
    "[0-9]+%", 2**31, "a valid percent string must be a numeric string followed by an ending '%'", "1%", "93%"
)
http_header = _format(
    "[-A-Za-z0-9]+", 2**31, "a valid HTTP header must consist of alphanumeric characters or '-'", "X-Header-Name"
)


def dns_label(value: str) -> list[str]:
    """The name of a namespace, a container, a volume."""
    if "." in value and re.fullmatch(_SUBDOMAIN, value):
        return [*_longer(value, 63), "must not contain dots"]
    return _dns_label(value)


def config_key(value: str) -> list[str]:
    """A key of a Secret's or ConfigMap's data."""
    problems = _config_key(value)
    if value in (".", ".."):
        problems.append(f"must not be '{value}'")
    elif value.startswith(".."):
        problems.append("must not start with '..'")
    return problems


_KEY_PART = f"must consist of alphanumeric characters, '-', '_' or '.', and {_ENDS}"
_KEY_EXAMPLES = ("MyName", "my.name", "123-abc")


def qualified_name(value: str) -> list[str]:
    """A label's key: an optional DNS prefix and a slash, then a name."""
    prefix, slash, name = value.rpartition("/")
    if "/" in prefix:
        what = _explain(f"a valid label key {_KEY_PART}", _KEY, *_KEY_EXAMPLES)
        return [f"{what} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')"]
    problems = []
    if slash:
        found = dns_subdomain(prefix) if prefix else ["must be non-empty"]
        problems = [f"prefix part {problem}" for problem in found]
    problems += [f"name part {problem}" for problem in (_longer(name, 63) if name else ["must be non-empty"])]
    if not re.fullmatch(_KEY, name):
        problems.append(_explain(f"name part {_KEY_PART}", _KEY, *_KEY_EXAMPLES))
    return problems


def env_name(value: str) -> list[str]:
    """The name of an environment variable."""
    if all(" " <= char <= "~" and char != "=" for char in value):
        return []
    return ["a valid environment variable name must consist only of printable ASCII characters other than '='"]


def path_segment(value: str) -> list[str]:
    """The name of an RBAC object."""
    if value in (".", ".."):
        return [f"may not be '{value}'"]
    return [f"may not contain '{char}'" for char in "/%" if char in value]


def port_number(value: int) -> list[str]:
    """A TCP or UDP port."""
    return in_range(value, 1, 65535)


def in_range(value: int, low: int, high: int) -> list[str]:
    """A whole number from `low` to `high`."""
    return [] if low <= value <= high else [f"must be between {low} and {high}, inclusive"]


def port_name(value: str) -> list[str]:
    """The name of a port (an IANA service name)."""
    problems = _longer(value, 15)
    if not re.fullmatch("[-a-z0-9]+", value):
        problems.append("must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)")
    if not re.search("[a-z]", value):
        problems.append("must contain at least one letter (a-z)")
    if "--" in value:
        problems.append("must not contain consecutive hyphens")
    if value.startswith("-") or value.endswith("-"):
        problems.append("must not begin or end with a hyphen")
    return problems
