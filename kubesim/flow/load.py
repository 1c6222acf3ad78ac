"""Reads the YAML or JSON that kubectl printed, keeps of each object what the flow needs, and masks passwords."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator
from typing import Any

import yaml

from kubesim.api.objects import Object
from kubesim.api.resources import EVENT, POD, REPLICA_SET, SECRET, SERVICE_ACCOUNT, Resource
from kubesim.cluster import keyring
from kubesim.cluster.keyring import Credential
from kubesim.flow.signs import table
from kubesim.gotext import gojson

MAX_SIZE = 3 * 1024 * 1024
# Every scalar stays a text, so that no text can become code.
_LOADER = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
_WANTED = "it should be what kubectl get prints with -o yaml or -o json"
_NOTHING = (None, "", "null", "~")
_SCALARS = ("str", "bool")


class ExportError(Exception):
    """The text is no export that can be explained; the message says why, and quotes nothing of it."""


def load(text: str) -> list[tuple[Resource, Object]]:
    """The objects of the kinds that count, in their order, each cut down to its shape. Raises ExportError."""
    _measure(len(text))
    items = [item for document in _documents(text) for item in _items(document, "")]
    return [kept for kind, item in items for kept in _kept(kind, item)]


def _measure(size: int) -> None:
    if size > MAX_SIZE:
        raise ExportError(f"it has more than {MAX_SIZE // 1024 // 1024} MiB: export one namespace, or name the objects")


def _documents(text: str) -> list[Any]:
    try:
        return _json(text) if text.lstrip()[:1] == "{" else _yaml(text)
    except (ValueError, RecursionError):  # it may be YAML that begins like JSON
        return _yaml(text)


def _json(text: str) -> list[Any]:
    decoder, found = json.JSONDecoder(), []
    while text := text.lstrip():
        value, end = decoder.raw_decode(text)
        found.append(value)
        text = text[end:]
    return found


def _yaml(text: str) -> list[Any]:
    try:
        if any(isinstance(event, yaml.AliasEvent) for event in yaml.parse(text, _LOADER)):
            raise ExportError("it has YAML aliases (*name), which kubectl never prints")  # a few stand for gigabytes
        return list(yaml.load_all(text, _LOADER))
    except yaml.MarkedYAMLError as error:
        line = f"line {error.problem_mark.line + 1} of it" if error.problem_mark else "it"
        raise ExportError(f"{line} is neither YAML nor JSON: {_WANTED}") from None
    except (yaml.YAMLError, ValueError, RecursionError):
        raise ExportError(f"it is neither YAML nor JSON: {_WANTED}") from None


def _items(document: Any, kind: str) -> Iterator[tuple[str, Object]]:
    """A document's objects with their kinds, lists taken apart; in a PodList the items need not name theirs."""
    if document in _NOTHING:
        return
    kind = document.get("kind", kind) if isinstance(document, dict) else ""
    if not kind or not isinstance(kind, str):
        raise ExportError(f"it has no kind: {_WANTED}")
    items = document.get("items")
    if kind.endswith("List") and isinstance(items, list):
        for item in items:
            if isinstance(item, dict) and not str(item.get("kind", "")).endswith("List"):  # kubectl nests none
                yield from _items(item, kind.removesuffix("List"))
    else:
        yield kind, document


_BY_KIND = {resource.kind: resource for resource in (POD, SERVICE_ACCOUNT, SECRET, REPLICA_SET, EVENT)}


def _kept(kind: str, item: Object) -> Iterator[tuple[Resource, Object]]:
    resource = _BY_KIND.get(kind)
    if resource is None:
        return
    kept = _shaped(item, table("shapes")[kind], kind)
    if not kept.get("metadata", {}).get("name"):
        raise ExportError(f"a {kind} has no name")
    kept["metadata"]["namespace"] = kept["metadata"]["namespace"] or "default"
    if resource is POD and not kept.get("spec", {}).get("containers"):
        raise ExportError("a Pod has no containers")
    yield resource, kept


def _shaped(value: Any, shape: Any, where: str) -> Any:
    """`value` cut down to `shape`. Raises ExportError where it is of a different kind."""
    if shape in _SCALARS:
        if isinstance(value, dict | list):
            raise ExportError(f"{where} is no text")
        return value in (True, "true") if shape == "bool" else "" if value is None else str(value)
    kind = type(shape)
    if not isinstance(value, kind):
        raise ExportError(f"{where} is no {'map' if kind is dict else 'list'}")
    if kind is list:
        return [_shaped(item, shape[0], f"{where}[]") for item in value]
    if "*" in shape:
        return {str(key): _shaped(item, shape["*"], f"{where}.*") for key, item in value.items()}
    there = {key: part for key, part in shape.items() if part in _SCALARS or value.get(key) not in _NOTHING}
    return {key: _shaped(value.get(key), part, f"{where}.{key}") for key, part in there.items()}


def decode(data: bytes) -> str:
    """The text of a file: UTF-8, or UTF-16 as PowerShell's > writes it. Raises ExportError."""
    is_wide = data[:2] in (b"\xff\xfe", b"\xfe\xff")
    _measure(len(data) // (2 if is_wide else 1) - is_wide)
    try:
        return data.decode("utf-16" if is_wide else "utf-8-sig")
    except UnicodeDecodeError:
        raise ExportError("it is no text") from None


MASK = "masked"
_SHORTEST = 6  # shorter words would be found in texts where they are no passwords
_TOKEN = re.compile(r"gh[a-z]_|github_pat_|gl[a-z]+-|dckr_|eyJ|xox|npm_|hvs\.")
_LONGEST_USER = 64
_IN_TEXTS = (
    (re.compile(r"//[^/\s@]+@"), "//"),
    (re.compile(r"[^/\s@:\"]+:[^/\s@\"]+@(?!sha\d)"), f"{MASK}@"),
    (re.compile(r"(?i)\b(bearer|basic) [\w.~+/=-]{16,}"), rf"\1 {MASK}"),
    (re.compile(r"(?i)(password|passwd|token|secret|signature|key)=[^&\s\"]+"), rf"\1={MASK}"),
)
_UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")


class Masks:
    """The passwords of the Secrets seen so far, each with its replacement."""

    def __init__(self) -> None:
        self._passwords: dict[str, str] = {}
        self._words: dict[str, set[str]] = {}

    def hide(self, secret: Object) -> Object:
        """The Secret with the same registries and users, and without anything secret.

        Equal passwords stay equal and empty ones empty. What cannot be read stays as it is, for the kubelet's words
        on it are needed, and they do not repeat it; other keys lose their values.
        """
        kinds = {key: kind for kind, key in keyring.DATA_KEYS.items()}
        data = secret.get("data", {})
        hidden = {key: self._blob(kinds[key], key, blob) if key in kinds else "" for key, blob in data.items()}
        return {**secret, "data": hidden}

    def _blob(self, kind: str, key: str, blob: str) -> str:
        try:
            entries = keyring.read_entries({"type": kind, "data": {key: blob}})
            config = gojson.loads(base64.b64decode(blob).decode(errors="replace")) if blob else None
        except ValueError:
            return blob
        held: Object = {_address(entry): self._credential(credential) for entry, credential in entries}
        if kind == keyring.DOCKER_CONFIG_JSON:
            held = {"auths": held} if held else {_address(name): {} for name in config or ()}
        return base64.b64encode(json.dumps(held).encode()).decode() if blob else ""

    def _credential(self, credential: Credential) -> Object:
        user, password = _UNPRINTABLE.sub(" ", credential.username), credential.password
        self._learn(password, base64.b64encode(f"{user}:{password}".encode(errors="replace")).decode())
        if user and (not password or user in password or password in user or _is_token(user)):
            self._learn(user)
            user = MASK
        place = f"{MASK} {len(self._passwords)}"
        return {"username": user, "password": self._passwords.setdefault(password, place) if password else ""}

    def _learn(self, *words: str) -> None:
        for word in words:
            if len(word) >= _SHORTEST:
                self._words.setdefault(word[:_SHORTEST], set()).add(word)

    def text(self, text: str) -> str:
        """The text in one line, without the passwords, and without what looks like one."""
        text = _UNPRINTABLE.sub(" ", text)
        starts = range(len(text) - _SHORTEST + 1)
        found = {word for at in starts for word in self._words.get(text[at : at + _SHORTEST], ()) if word in text}
        for word in sorted(found, key=len, reverse=True):
            text = text.replace(word, MASK)
        for pattern, instead in _IN_TEXTS:
            text = pattern.sub(instead, text)
        return text

    def everywhere(self, value: Any) -> Any:
        """The object with every text masked, but for a Secret's data and a Pod's annotations, which are not shown."""
        if isinstance(value, dict):
            return {
                key: item if key in ("data", "annotations") else self.everywhere(item) for key, item in value.items()
            }
        if isinstance(value, list):
            return [self.everywhere(item) for item in value]
        return self.text(value) if isinstance(value, str) else value


def _is_token(user: str) -> bool:
    return len(user) > _LONGEST_USER or _TOKEN.match(user) is not None


def _address(entry: str) -> str:
    """A registry entry without user, password and query."""
    return re.sub(r"^(https?://)?[^/]*@", r"\1", re.split("[?#]", _UNPRINTABLE.sub(" ", entry))[0])
