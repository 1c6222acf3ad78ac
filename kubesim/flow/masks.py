"""Takes the passwords out of an export, and notes before what is odd about them."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator
from contextlib import suppress
from functools import cache
from typing import Any

from kubesim.api.objects import Object
from kubesim.cluster import keyring
from kubesim.cluster.keyring import Credential
from kubesim.flow.redact import MASK, redact
from kubesim.flow.signs import MOST
from kubesim.gotext import gobase64, gojson

_SHORTEST = 6  # shorter words would be found in texts where they are no passwords
_TOKEN = re.compile(r"gh[a-z]_|github_pat_|gl[a-z]+-|dckr_|eyJ|xox|npm_|hvs\.")
_LONGEST_USER = 64
_UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_HELPERS = ("credsstore", "credhelpers")


class Masks:
    """The passwords of the Secrets seen so far, each with its replacement."""

    def __init__(self) -> None:
        self._passwords: dict[str, str] = {}
        self._words: dict[str, set[str]] = {}
        self.text = cache(self._mask)  # a cluster's objects repeat themselves

    def hide(self, secret: Object) -> Object:
        """The Secret with the same registries and users, and without anything secret.

        Equal passwords stay equal and empty ones empty. What cannot be read stays as it is, for the kubelet's words
        on it are needed, and they do not repeat it; other keys lose their values. `flaws` are words for what is odd
        about each entry ("" for the whole), and `expires` the seconds of the epoch when its token does.
        """
        kinds = {key: kind for kind, key in keyring.DATA_KEYS.items()}
        noted: Object = {"flaws": {}, "expires": {}}
        data = secret.get("data", {}).items()
        hidden = {key: self._blob(kinds[key], key, blob, noted) if key in kinds else "" for key, blob in data}
        return {**secret, "data": hidden, **noted}

    def _blob(self, kind: str, key: str, blob: str, noted: Object) -> str:
        try:
            entries = keyring.read_entries({"type": kind, "data": {key: blob}})
            config = gojson.loads(base64.b64decode(blob).decode(errors="replace")) if blob else None
        except ValueError:
            noted["flaws"][""] = ["twice"] if _decoded(_decoded(blob)).startswith("{") else []
            return blob
        if isinstance(config, dict) and any(name.lower() in _HELPERS for name in config):
            noted["flaws"][""] = ["helper"]
        held: Object = {}
        for entry, credential in entries:
            place = _address(entry)
            noted["flaws"][place], noted["expires"][place] = [*_flaws(credential)], _expiry(credential.password)
            held[place] = self._credential(credential)
        if kind == keyring.DOCKER_CONFIG_JSON:
            held = {"auths": held} if held else {_address(name): {} for name in config or ()}
        return base64.b64encode(json.dumps(held).encode()).decode() if blob else ""

    def _credential(self, credential: Credential) -> Object:
        user, password = _UNPRINTABLE.sub(" ", credential.username), credential.password
        self._learn(password, base64.b64encode(f"{user}:{password}".encode(errors="replace")).decode())
        is_token = len(user) > _LONGEST_USER or _TOKEN.match(user)
        if user and (not password or user in password or password in user or is_token):
            self._learn(user)
            user = MASK
        place = f"{MASK} {len(self._passwords)}"
        return {"username": user, "password": self._passwords.setdefault(password, place) if password else ""}

    def _learn(self, *words: str) -> None:
        for word in words:
            if len(word) >= _SHORTEST:
                self._words.setdefault(word[:_SHORTEST], set()).add(word)

    def _mask(self, text: str) -> str:
        """The text in one line, without the passwords, and without what looks like one."""
        text = _UNPRINTABLE.sub(" ", text[:MOST])
        if self._words:
            starts = range(len(text) - _SHORTEST + 1)
            found = {word for at in starts for word in self._words.get(text[at : at + _SHORTEST], ()) if word in text}
            for word in sorted(found, key=len, reverse=True):
                text = text.replace(word, MASK)
        return redact(text)

    def everywhere(self, value: Any) -> Any:
        """The object with every text masked, but for what isn't shown, and for names of Pods."""
        if isinstance(value, dict):
            return {
                self.text(key): item if key in ("data", "annotations", "same") else self.everywhere(item)
                for key, item in value.items()
            }
        if isinstance(value, list):
            return [self.everywhere(item) for item in value]
        return self.text(value) if isinstance(value, str) else value


def _address(entry: str) -> str:
    """A registry entry without user, password and query."""
    return re.sub(r"^(https?://)?[^/]*@", r"\1", re.split("[?#]", _UNPRINTABLE.sub(" ", entry))[0])


def _flaws(credential: Credential) -> Iterator[str]:
    """What is odd about a user and a password: words for the checks in causes.py."""
    for word in (credential.username, credential.password):
        if word != word.strip():
            yield "newline"
        elif re.fullmatch(r"\$\{?\w+\}?|\$\(.*\)|\{\{.*\}\}|<.+>", word):
            yield "variable"
        elif re.fullmatch(r"'.*'|\".*\"", word):
            yield "quotes"
    if _decoded(credential.password).startswith(f"{credential.username}:"):
        yield "encoded"


def _expiry(password: str) -> int:
    """When a token expires, in seconds of the epoch: ECR's passwords and JSON web tokens say so; else 0."""
    *_, payload = password.split(".")[:2]
    try:
        claims = json.loads(_decoded(payload))
        return int(claims.get("expiration") or claims.get("exp") or 0)
    except (ValueError, TypeError, AttributeError, OverflowError):
        return 0


def _decoded(text: str) -> str:
    """The text that base64 (or its form for URLs, without padding) stands for; "" where it is none."""
    with suppress(ValueError):
        return gobase64.decode(text.strip().rstrip("=").replace("-", "+").replace("_", "/"), padded=False).decode()
    return ""
