"""Takes the passwords out of an export, and notes before what is odd about them."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator
from functools import cache
from typing import Any

from kubesim.api.objects import Object, name_of, namespace_of
from kubesim.gotext import gobase64
from kubesim.pull import keyring
from kubesim.pull.keyring import Credential
from kubesim.why.hide.oddities import Flaw, Oddities, flaws_of, is_masked, is_masked_entry
from kubesim.why.hide.redact import MASK, MOST, UNPRINTABLE, redact
from kubesim.why.tables import vocabulary

_SHORTEST = 6
"""Letters of a password; shorter ones would be found in texts where they are none."""
_TOKEN = re.compile(r"gh[a-z]_|github_pat_|gl[a-z]+-|dckr_|eyJ|xox|npm_|hvs\.")
"""How a token begins."""
_MOST_HOSTS = 100
"""Hosts of registries of which each password is asked whether it is a part."""
_LONGEST_USER = 64
"""Letters of a user's name; a longer one is a token."""
_HELPERS = ("credsstore", "credhelpers")
"""Keys of a Docker config, in lower case, that name a program which has the passwords."""
_NO_SECRETS = ("username", "email")
"""Keys of an entry of a Docker config, in lower case, that may be told."""
_AS_THEY_ARE = ("data", "annotations")
"""Maps that no explanation quotes: a Secret's data are hidden already, and a manifest must stay JSON."""


class Masks:
    """The passwords of the Secrets seen so far, each with its replacement."""

    def __init__(self) -> None:
        self.oddities: dict[tuple[str, str], Oddities] = {}
        """What is odd about the Secrets, by namespace and name."""
        self._numbers: dict[str, int] = {}
        """Of the passwords, in the order in which they came."""
        self._passwords: dict[str, set[str]] = {}
        """What may not be in any text, by its first letters."""
        self._hosts: set[str] = set()
        """Of the registries in the Secrets, which every explanation names."""
        self.text = cache(self._mask)
        """A text without passwords; kept, because a cluster's objects repeat themselves."""

    def hide(self, secret: Object) -> Object:
        """The Secret with the same registries and users, and without anything secret.

        Equal passwords stay equal and empty ones empty. What cannot be read stays as it is, for the kubelet's words
        on it are needed, and they do not repeat it; other keys lose their values.
        """
        odd = Oddities({}, {})
        self.oddities[namespace_of(secret), name_of(secret)] = odd
        kinds = {key: kind for kind, key in keyring.DATA_KEYS.items()}
        data: dict[str, str] = {}
        key = keyring.DATA_KEYS.get(secret.get("type", ""), "")
        if key and is_masked(secret.get("data", {}).get(key)):  # the API server keeps none that is empty
            odd.flaws[""] = [Flaw.MASKED]
            return {**secret, "data": {}}
        for key, blob in secret.get("data", {}).items():
            data[key] = self._hide_config(kinds[key], blob, odd) if key in kinds and blob else ""
        return {**secret, "data": data}

    def _hide_config(self, kind: str, blob: str, odd: Oddities) -> str:
        """A Docker config in base64 without its passwords; `odd` is told what is odd about it."""
        try:
            config = keyring.config_of(blob)
            self._hosts |= set(_hosts(config)[: _MOST_HOSTS - len(self._hosts)])
            self._learn(*_secrets(config))
            if masked := _masked_entries(kind, config):
                blob = base64.b64encode(json.dumps(config).encode()).decode()
            entries = keyring.read_entries({"type": kind, "data": {keyring.DATA_KEYS[kind]: blob}})
        except ValueError:
            if gobase64.text_of(gobase64.text_of(blob)).startswith("{"):
                odd.flaws[""] = [Flaw.TWICE]
            return blob
        if isinstance(config, dict) and any(name.lower() in _HELPERS for name in config):
            odd.flaws[""] = [Flaw.HELPER]
        hidden: Object = {}
        for entry, credential in entries:
            address = _address(entry)
            odd.flaws[address] = [Flaw.MASKED] if entry in masked else list(flaws_of(credential))
            odd.expires[address] = credential.expires_at
            hidden[address] = self._credential(credential)
        if kind == keyring.DOCKER_CONFIG_JSON:
            if hidden:
                hidden = {"auths": hidden}
            else:  # the keys tell why there are no entries: those of a .dockercfg, perhaps
                hidden = {_address(name): {} for name in config or ()}
        return base64.b64encode(json.dumps(hidden).encode()).decode()

    def _credential(self, credential: Credential) -> Object:
        """What is shown of a user and a password: the user, if that is none itself, and which passwords are equal."""
        user = UNPRINTABLE.sub(" ", credential.username)
        password = credential.password
        self._learn(password, Credential(user, password).auth)
        if user and _is_secret(user, password):
            self._learn(user)
            user = MASK
        number = self._numbers.setdefault(password, len(self._numbers))
        return {"username": user, "password": f"{MASK} {number}" if password else ""}

    def _learn(self, *words: str) -> None:
        for word in words:
            plain = UNPRINTABLE.sub(" ", word).strip()  # as it is in a text, without its line end
            if len(plain) >= _SHORTEST and not self._is_public(plain):
                self._passwords.setdefault(plain[:_SHORTEST], set()).add(plain)
        self.text.cache_clear()  # a text that was masked before may have it

    def _is_public(self, word: str) -> bool:
        """Whether it is a word of Kubernetes, or a part of a registry's host.

        Those can't be hidden: the gap in kubernetes.io/masked would tell the word, and the cause would be a wrong one.
        """
        return word.lower() in vocabulary() or any(word in host and word != host for host in self._hosts)

    def _mask(self, text: str) -> str:
        """The beginning of the text in one line, without the passwords, and without what looks like one.

        The passwords are looked up by their first letters, because there are many texts.
        """
        text = UNPRINTABLE.sub(" ", text)
        masked = ""
        end = 0  # of what is masked; a password may begin within another, or go on beyond MOST
        for start in range(min(len(text), MOST) if self._passwords else 0):
            for password in self._passwords.get(text[start : start + _SHORTEST], ()):
                if text.startswith(password, start):
                    if start >= end:
                        masked += text[end:start] + MASK
                    end = max(end, start + len(password))
        return redact(masked + text[end:MOST])

    def everywhere(self, value: Any) -> Any:
        """The object with every text masked that may be quoted."""
        if isinstance(value, dict):
            masked: Object = {}
            for key, item in value.items():
                is_kept = key in _AS_THEY_ARE and isinstance(item, dict)
                is_kept = is_kept or (key == "type" and item in keyring.DATA_KEYS)
                masked[self.text(key)] = item if is_kept else self.everywhere(item)
            return masked
        if isinstance(value, list):
            return [self.everywhere(item) for item in value]
        return self.text(value) if isinstance(value, str) else value


def _masked_entries(kind: str, config: Any) -> set[str]:
    """The entries of a Docker config whose credentials someone took out; what stands for these is removed from it."""
    entries = config.get("auths") if kind == keyring.DOCKER_CONFIG_JSON and isinstance(config, dict) else config
    has_helper = isinstance(config, dict) and any(name.lower() in _HELPERS for name in config)
    if not isinstance(entries, dict) or has_helper:  # which has the passwords instead
        return set()
    masked = {name for name, entry in entries.items() if is_masked_entry(entry)}
    entries |= {key: {} for key in masked}
    return masked


def _is_secret(user: str, password: str) -> bool:
    """Whether a user's name is, or tells, what may not be shown."""
    is_token = len(user) > _LONGEST_USER or bool(_TOKEN.match(user))
    return is_token or not password or user in password or password in user


def _secrets(config: Any) -> Iterator[str]:
    """What may be a secret in the entries of a Docker config, whether or not the keyring reads it; and decoded."""
    members = config.items() if isinstance(config, dict) else ()
    rest: list[Any] = [item for key, item in members if isinstance(item, dict) and key.lower() not in _HELPERS]
    while rest:
        value = rest.pop()
        if isinstance(value, dict):
            rest += [item for key, item in value.items() if key.lower() not in _NO_SECRETS]
        elif isinstance(value, list):
            rest += value
        elif isinstance(value, str):
            yield value
            yield gobase64.text_of(value).split(":", 1)[-1]


def _hosts(config: Any) -> list[str]:
    """The hosts of the entries of a Docker config that are names of the internet."""
    entries = config.get("auths", config) if isinstance(config, dict) else None
    addresses = map(_address, entries) if isinstance(entries, dict) else ()
    hosts = [re.sub("^https?://", "", address).partition("/")[0] for address in addresses]
    return [host for host in hosts if "." in host]


def _address(entry: str) -> str:
    """A registry entry without user, password and query."""
    without_query = re.split("[?#]", UNPRINTABLE.sub(" ", entry))[0]
    return re.sub(r"^(https?://)?[^/]*@", r"\1", without_query)
