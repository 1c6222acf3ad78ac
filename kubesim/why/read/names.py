"""Names of images in messages, complete or with parts that were removed by hand before pasting."""

from __future__ import annotations

import re
from functools import lru_cache
from urllib.parse import unquote

from kubesim.pull.imageref import DEFAULT_REGISTRY, LEGACY_DEFAULT_REGISTRY
from kubesim.why.hide.quote import known
from kubesim.why.hide.redact import MOST
from kubesim.why.read.signs_table import signs

# The hosts of Docker Hub.
HUB = (DEFAULT_REGISTRY, LEGACY_DEFAULT_REGISTRY, "registry-1.docker.io")
# Registries by the name of their token service, where the two differ.
_HUB_SERVICE = {"registry.docker.io": DEFAULT_REGISTRY}
# A placeholder for a removed part of a name.
REDACTED_PART = re.compile(
    r"<[^<>]*>|\[[a-z][^\[\]]*\]|\$?\{+[^{}]*\}+|\$[A-Z_]+|x{3,}|\*+|…|\.{3,}|redacted|censored|\bmasked\b",
    re.IGNORECASE,
)
# The word that replaces such a placeholder where a valid name is needed.
REDACTED = "redacted"
# A name with a whole digest or a tag.
_WHOLE = re.compile(r"@sha256:[0-9a-f]{64}$|^[^@]*[^/]:[\w.-]+$")
# A word that may be an image's name, placeholders included.
_NAME = re.compile(r"[^\s=%&?|;]+(?=\s|\Z)")
# A tag or digest behind a name.
_REST = r"(?:@sha256:[0-9a-f]+|:[\w.-]+)(?![\w/])"


def as_name(image: str) -> str:
    """An image's name as it may be repeated. Words behind the name are quoted by the allow-list (quote.py)."""
    name = _NAME.match(image)
    end = name.end() if name else 0
    return f"{image[:end]}{known(image[end:], image[:end])}"


@lru_cache(maxsize=16_384)
def image_of(text: str) -> str:
    """The image that a text names first, by the expressions `images` of signs.yaml; "" if there is none."""
    text = text[:MOST]
    for expression in signs().images:
        if match := re.search(expression, text, re.ASCII):
            return _whole_name(_name_in(match.groupdict()), text)
    return ""


def _name_in(parts: dict[str, str]) -> str:
    """An image's name from the named groups of an expression of `images`."""
    if "image" in parts:
        return as_name(parts["image"])
    if "gitlab" in parts:  # the scope, for GitLab.com's token service
        return f"registry.{parts['gitlab']}/{unquote(parts['path'])}"
    if "path" in parts:  # the scope of a token request
        return f"{_HUB_SERVICE.get(parts['service'], parts['service'])}/{unquote(parts['path'])}"
    name = parts["name"]
    if "host" in parts:
        host = DEFAULT_REGISTRY if parts["host"] in HUB else parts["host"]
        name = f"{host}/{name}"
    if not parts["tag"]:  # the request was for a layer, whose digest isn't the image's
        return name
    mark = "@" if parts["tag"].startswith("sha256") else ":"
    return f"{name}{mark}{parts['tag']}"


def _whole_name(name: str, text: str) -> str:
    """`name` with the tag or digest that it has at another place in the text."""
    if _WHOLE.search(name):
        return name
    names = re.findall(rf"(?<![\w.-])(?<!\w/){re.escape(name)}{_REST}", text)
    return max(names, key=len, default=name)


def fullest(name: str, other: str) -> str:
    """`other` if it is the same image with a tag or digest in addition, or `name` is ""; else `name`.

    ghcr.io/shop/web isn't the same image as ghcr.io/shop/web-admin.
    """
    rest = other.removeprefix(name)
    is_same = other.startswith(name) and (not name or rest[:1] in ("", ":", "@"))
    return other if is_same else name


def is_redacted(name: str) -> bool:
    """True if the whole name is a placeholder."""
    return bool(REDACTED_PART.fullmatch(name))


def lacks_registry(name: str) -> bool:
    """True if a placeholder replaces the registry of an image's name, or a part of a name without slashes."""
    registry, slash, _ = name.partition("/")
    return is_redacted(registry) if slash else "." in name and bool(REDACTED_PART.search(name))


def filled(name: str) -> str:
    """An image's name with the word REDACTED for each placeholder, and without a partial digest."""
    filled_name = REDACTED_PART.sub(REDACTED, name).strip("'\"")
    return re.sub(f"@[^@]*{REDACTED}[^@]*$", "", filled_name)  # a digest with a removed part is invalid
