"""Masks of an export: passwords of its Secrets are replaced in the Secrets, and in every other text of the export.

What an explanation needs to know about a password (Flaw) is recorded in `oddities` before the password is removed.
"""

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
from kubesim.why.hide.oddities import WHOLE, Flaw, Oddities, flaws_of, is_masked, is_masked_entry
from kubesim.why.hide.redact import MASK, MOST, UNPRINTABLE, redact
from kubesim.why.tables import vocabulary

# The least length of a password to look for in texts. Shorter ones are ordinary words too often.
_SHORTEST = 6
# Beginnings of tokens.
_TOKEN = re.compile(r"gh[a-z]_|github_pat_|gl[a-z]+-|dckr_|eyJ|xox|npm_|hvs\.")
# The largest number of hosts compared with each password, to bound the time.
_MOST_HOSTS = 100
# The greatest length of a user's name. A longer one is taken for a token.
_LONGEST_USER = 64
# Keys of a Docker config, in lower case, that name a credential helper: the passwords aren't in the file then.
_HELPERS = ("credsstore", "credhelpers")
# Keys of an entry of a Docker config, in lower case, whose values aren't secret.
_NO_SECRETS = ("username", "email")
# Maps that `mask_object` leaves alone: `hide_secret` has masked the data, and an annotated manifest must stay JSON.
#
# No explanation quotes them.
_AS_THEY_ARE = ("data", "annotations")


class Masks:
    """The passwords of an export's Secrets, and functions that mask them.

    Call `hide_secret` for all Secrets first, then `mask_object` for all objects: a password is masked in a text only
    once its Secret is known.
    """

    def __init__(self) -> None:
        # The oddities of the hidden Secrets, by namespace and name.
        self.oddities: dict[tuple[str, str], Oddities] = {}
        # A number for each password, in the order of appearance: the mask of equal passwords is equal.
        self._numbers: dict[str, int] = {}
        # The words to mask in texts, by their first _SHORTEST letters.
        self._passwords: dict[str, set[str]] = {}
        # The hosts of registries in the Secrets. Explanations name them, so no part of a host is masked.
        self._hosts: set[str] = set()
        # Mask one text. Results are cached, because the objects of a cluster repeat their texts.
        self.mask_text = cache(self._mask)

    def hide_secret(self, secret: Object) -> Object:
        """A copy of a Secret with the same registries and users, and with masked passwords. Records its oddities.

        Equal passwords stay equal, and empty ones empty. A Docker config that can't be read stays as it is: parsing it
        again must give the kubelet's error, which doesn't quote it. Values of all other keys become "".
        """
        odd = Oddities({}, {})
        self.oddities[namespace_of(secret), name_of(secret)] = odd
        kinds = {key: kind for kind, key in keyring.DATA_KEYS.items()}
        config_key = keyring.DATA_KEYS.get(secret.get("type", ""), "")
        # A missing value counts as masked, too: the API server stores no Secret of such a type without it.
        if config_key and is_masked(secret.get("data", {}).get(config_key)):
            odd.flaws[WHOLE] = [Flaw.MASKED]
            return {**secret, "data": {}}
        data: dict[str, str] = {}
        for key, blob in secret.get("data", {}).items():
            data[key] = self._hide_config(kinds[key], blob, odd) if key in kinds and blob else ""
        return {**secret, "data": data}

    def _hide_config(self, kind: str, blob: str, odd: Oddities) -> str:
        """A Docker config in base64 with masked passwords. Adds its flaws and dates of expiry to `odd`."""
        try:
            config = keyring.config_of(blob)
            self._hosts |= set(_hosts(config)[: _MOST_HOSTS - len(self._hosts)])
            self._learn(*_secrets(config))
            if masked := _empty_masked_entries(kind, config):
                blob = base64.b64encode(json.dumps(config).encode()).decode()
            entries = keyring.read_entries({"type": kind, "data": {keyring.DATA_KEYS[kind]: blob}})
        except ValueError:
            if gobase64.text_of(gobase64.text_of(blob)).startswith("{"):
                odd.flaws[WHOLE] = [Flaw.TWICE]
            return blob
        if isinstance(config, dict) and any(name.lower() in _HELPERS for name in config):
            odd.flaws[WHOLE] = [Flaw.HELPER]
        hidden: Object = {}
        for entry, credential in entries:
            address = _address(entry)
            odd.flaws[address] = [Flaw.MASKED] if entry in masked else list(flaws_of(credential))
            odd.expires[address] = credential.expires_at
            hidden[address] = self._credential(credential)
        if kind == keyring.DOCKER_CONFIG_JSON:
            if hidden:
                hidden = {"auths": hidden}
            else:  # keep the keys, which show why there are no entries, such as the form of a .dockercfg
                hidden = {_address(name): {} for name in config or ()}
        return base64.b64encode(json.dumps(hidden).encode()).decode()

    def _credential(self, credential: Credential) -> Object:
        """The masked entry of a credential: the user, unless that is secret itself, and the password's number."""
        user = UNPRINTABLE.sub(" ", credential.username)
        password = credential.password
        self._learn(password, Credential(user, password).auth)
        if user and _is_secret(user, password):
            self._learn(user)
            user = MASK
        number = self._numbers.setdefault(password, len(self._numbers))
        return {"username": user, "password": f"{MASK} {number}" if password else ""}

    def _learn(self, *words: str) -> None:
        """Add words that must be masked in every text."""
        for word in words:
            plain = UNPRINTABLE.sub(" ", word).strip()  # as `_mask` compares it, without a line end
            if len(plain) >= _SHORTEST and not self._is_public(plain):
                self._passwords.setdefault(plain[:_SHORTEST], set()).add(plain)
        self.mask_text.cache_clear()  # a cached text may contain the new words

    def _is_public(self, word: str) -> bool:
        """True for a word of our tables and for a part of a registry's host.

        Masking those would lead to a wrong cause and hide nothing: in kubernetes.io/masked, everyone can guess the
        masked word.
        """
        return word.lower() in vocabulary() or any(word in host and word != host for host in self._hosts)

    def _mask(self, text: str) -> str:
        """The first MOST characters of a text in one line, with passwords and whatever looks like one masked.

        Passwords are looked up by their first letters, so the time doesn't grow with their number.
        """
        text = UNPRINTABLE.sub(" ", text)
        masked = ""
        end = 0  # the end of the last password; another may begin within it, and it may end beyond MOST
        for start in range(min(len(text), MOST) if self._passwords else 0):
            for password in self._passwords.get(text[start : start + _SHORTEST], ()):
                if text.startswith(password, start):
                    if start >= end:
                        masked += text[end:start] + MASK
                    end = max(end, start + len(password))
        return redact(masked + text[end:MOST])

    def mask_object(self, value: Any) -> Any:
        """A copy of an object with all texts masked, keys included, except for the maps in _AS_THEY_ARE."""
        if isinstance(value, dict):
            masked: Object = {}
            for key, item in value.items():
                is_kept = key in _AS_THEY_ARE and isinstance(item, dict)
                is_kept = is_kept or (key == "type" and item in keyring.DATA_KEYS)
                masked[self.mask_text(key)] = item if is_kept else self.mask_object(item)
            return masked
        if isinstance(value, list):
            return [self.mask_object(item) for item in value]
        return self.mask_text(value) if isinstance(value, str) else value


def _empty_masked_entries(kind: str, config: Any) -> set[str]:
    """Empty the entries of `config` whose credentials were removed by hand, and return the entries' names."""
    entries = config.get("auths") if kind == keyring.DOCKER_CONFIG_JSON and isinstance(config, dict) else config
    has_helper = isinstance(config, dict) and any(name.lower() in _HELPERS for name in config)
    if not isinstance(entries, dict) or has_helper:  # entries without passwords are normal beside a helper
        return set()
    masked = {name for name, entry in entries.items() if is_masked_entry(entry)}
    entries |= {key: {} for key in masked}
    return masked


def _is_secret(user: str, password: str) -> bool:
    """True if a user's name is secret: a token, a part of the password, or a user without a password.

    A user without a password is likely the whole credential in the wrong place.
    """
    is_token = len(user) > _LONGEST_USER or bool(_TOKEN.match(user))
    return is_token or not password or user in password or password in user


def _secrets(config: Any) -> Iterator[str]:
    """All texts in the entries of a Docker config but users and e-mails, as they are and decoded from base64.

    It is wider than what the keyring reads, because misplaced fields hold secrets, too.
    """
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
    """The hosts with a dot in the entries of a Docker config."""
    entries = config.get("auths", config) if isinstance(config, dict) else None
    addresses = map(_address, entries) if isinstance(entries, dict) else ()
    hosts = [re.sub("^https?://", "", address).partition("/")[0] for address in addresses]
    return [host for host in hosts if "." in host]


def _address(entry: str) -> str:
    """The address of an entry without user, password, query and fragment."""
    without_query = re.split("[?#]", UNPRINTABLE.sub(" ", entry))[0]
    return re.sub(r"^(https?://)?[^/]*@", r"\1", without_query)
