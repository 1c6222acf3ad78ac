"""The entries of pull secrets that match an image, and the order in which the kubelet tries them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from kubesim.cluster.registry.messages import host_of
from kubesim.pull import imageref, keyring
from kubesim.pull.keyring import Credential, Match

# Names of sentences in explorables.yaml: why an entry doesn't match, and for OLD_HUB why it does.
NO_ADDRESS = "no-address"
OTHER_PORT = "other-port"
OTHER_HOST = "other-host"
OTHER_PATH = "other-path"
OLD_HUB = "old-hub"


class Entry(NamedTuple):
    """An entry as written, compared with the image."""

    text: str
    turn: int  # its place in the order of tries, from 1; 0: it doesn't match
    covered: int  # the number of characters of the image's name that it matches
    why: str = ""  # the name of the sentence about a mismatch, or about a match in special cases


class Matching(NamedTuple):
    """The image's name in the keyring, the host that the node asks, and the entries in their order.

    If the image can't be parsed, only `problem` is set.
    """

    name: str
    host: str
    entries: tuple[Entry, ...]
    problem: str = ""

    def tried(self) -> list[Entry]:
        """The matching entries in the order of tries."""
        return sorted((entry for entry in self.entries if entry.turn), key=lambda entry: entry.turn)

    def reached(self) -> set[str]:
        """The ids of the goals (explorables.yaml) that this state reaches."""
        matching = self.tried()
        goals = {
            "one": len(matching) == 1,
            "neighbor": any(_ends_within_a_part(self.name, entry.covered) for entry in matching),
            "nothing": not self.problem and not matching,
        }
        return {goal for goal, holds in goals.items() if holds}


def match(image: str, entries: Sequence[str]) -> Matching:
    """Compare an image of a Pod's spec with keys of `auths`."""
    try:
        reference = imageref.parse(image.strip())
    except ValueError as error:
        return Matching("", "", (), str(error))
    ring = [_keyring_entry(entry, str(number)) for number, entry in enumerate(entries)]
    turns = {
        found.credential.username: turn for turn, found in enumerate(keyring.lookup(ring, reference.name), start=1)
    }
    compared = (_compare(entry, turns.get(str(number), 0), reference.name) for number, entry in enumerate(entries))
    return Matching(reference.name, host_of(reference.registry), tuple(compared))


def _compare(text: str, turn: int, name: str) -> Entry:
    key = keyring.registry_key(text)
    if key is None:
        return Entry(text, 0, 0, NO_ADDRESS)
    address, _, path = key.partition("/")
    host = name.partition("/")[0]
    if keyring.key_matches(key, name):
        return Entry(text, turn, len(f"{host}/{path}") if path else len(host))
    if keyring.lookup([_keyring_entry(text)], name):
        return Entry(text, turn, len(host), OLD_HUB)
    if keyring.key_matches(address, name):
        return Entry(text, 0, 0, OTHER_PATH)
    is_same_host = keyring.key_matches(keyring.split_port(address)[0], keyring.split_port(host)[0])
    return Entry(text, 0, 0, OTHER_PORT if is_same_host else OTHER_HOST)


def _keyring_entry(entry: str, user: str = "") -> Match:
    """An entry of a keyring. Equal entries are told apart by `user`, which the lookup doesn't read."""
    return Match(Credential(user, ""), entry)


def _ends_within_a_part(name: str, covered: int) -> bool:
    """True if the first `covered` characters of a name end inside a part between its slashes."""
    return "/" in name[:covered] and name[covered - 1] != "/" and name[covered : covered + 1] not in ("", "/")
