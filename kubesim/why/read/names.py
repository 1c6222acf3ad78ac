"""Names of images: which one a message speaks of, and what someone took out of it before it was pasted."""

from __future__ import annotations

import re
from functools import lru_cache
from urllib.parse import unquote

from kubesim.pull.imageref import DEFAULT_REGISTRY, LEGACY_DEFAULT_REGISTRY
from kubesim.why.hide.quote import known
from kubesim.why.hide.redact import MOST
from kubesim.why.read.signs_table import signs

HUB = (DEFAULT_REGISTRY, LEGACY_DEFAULT_REGISTRY, "registry-1.docker.io")
"""Docker Hub's names."""
_HUB_SERVICE = {"registry.docker.io": DEFAULT_REGISTRY}
"""Registries that don't call their token service by their own name."""
REDACTED_PART = re.compile(
    r"<[^<>]*>|\[[a-z][^\[\]]*\]|\$?\{+[^{}]*\}+|\$[A-Z_]+|x{3,}|\*+|…|\.{3,}|redacted|censored|\bmasked\b",
    re.IGNORECASE,
)
"""What stands where someone took a part of a name out."""
REDACTED = "redacted"
"""What stands for it where a name is read."""
_WHOLE = re.compile(r"@sha256:[0-9a-f]{64}$|^[^@]*[^/]:[\w.-]+$")
"""How a name ends that lacks nothing."""
_NAME = re.compile(r"[^\s=%&?|;]+(?=\s|\Z)")
"""What may be an image's name, placeholders and all."""
_REST = r"(?:@sha256:[0-9a-f]+|:[\w.-]+)(?![\w/])"


def as_name(image: str) -> str:
    """What stands where an image's name should: a name, or more words, of which only known ones are repeated."""
    name = _NAME.match(image)
    end = name.end() if name else 0
    return f"{image[:end]}{known(image[end:], image[:end])}"


@lru_cache(maxsize=16_384)
def image_of(text: str) -> str:
    """The image that a text speaks of; "" if it names none."""
    text = text[:MOST]
    for expression in signs().images:
        if match := re.search(expression, text, re.ASCII):
            return _whole_name(_name_in(match.groupdict()), text)
    return ""


def _name_in(parts: dict[str, str]) -> str:
    """The name of an image, put together from the named groups of a row of `images`."""
    if "image" in parts:
        return as_name(parts["image"])
    if "path" in parts:  # of the scope of a token: Docker Hub's service has a name of its own
        return f"{_HUB_SERVICE.get(parts['service'], parts['service'])}/{unquote(parts['path'])}"
    name = parts["name"]
    if "host" in parts:
        host = DEFAULT_REGISTRY if parts["host"] in HUB else parts["host"]
        name = f"{host}/{name}"
    if not parts["tag"]:  # a layer was asked for, whose digest isn't the image's
        return name
    mark = "@" if parts["tag"].startswith("sha256") else ":"
    return f"{name}{mark}{parts['tag']}"


def _whole_name(name: str, text: str) -> str:
    """An image's name with the tag or the digest that it has elsewhere in the text."""
    if _WHOLE.search(name):
        return name
    names = re.findall(rf"(?<![\w.-])(?<!\w/){re.escape(name)}{_REST}", text)
    return max(names, key=len, default=name)


def fullest(name: str, other: str) -> str:
    """The image, with the tag or digest that it has elsewhere; another one whose name only begins so is none of it."""
    rest = other.removeprefix(name)
    is_same = other.startswith(name) and (not name or rest[:1] in ("", ":", "@"))
    return other if is_same else name


def is_redacted(name: str) -> bool:
    """Whether the whole of a name was taken out."""
    return bool(REDACTED_PART.fullmatch(name))


def lacks_registry(name: str) -> bool:
    """Whether the registry was taken out of an image's name, or so much that only a part of it is left."""
    registry, slash, _ = name.partition("/")
    return is_redacted(registry) if slash else "." in name and bool(REDACTED_PART.search(name))


def filled(name: str) -> str:
    """An image's name with a word in the place of each part that someone took out."""
    filled_name = REDACTED_PART.sub(REDACTED, name).strip("'\"")
    return re.sub(f"@[^@]*{REDACTED}[^@]*$", "", filled_name)  # half a digest is none
