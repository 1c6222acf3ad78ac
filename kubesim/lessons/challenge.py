"""The broken clusters of the challenge: templates in challenges/*.yaml, from which a seed picks, and fills them in."""

from __future__ import annotations

import random
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from kubesim.lessons.goal import Condition
from kubesim.lessons.loader import documents, fields
from kubesim.lessons.task import Task

COUNT = 12
"""How many broken clusters a round has."""
FOLDER, POOLS = "challenges", "pools.yaml"
_PLACEHOLDER = re.compile(r"<([a-z]+(?:-[a-z]+)*)>")
Template = dict[str, Any]
_NOT_OF_A_TASK = ("part", "vary", "tells", "evidence", "because")


@dataclass(frozen=True)
class Clue:
    """A command that only looks, and the part of its output that tells something."""

    run: str
    shows: str


@dataclass(frozen=True)
class Broken:
    """A cluster to mend. The goal of its task does not say what is wrong; each of the `tells` says a little of it.

    For afterwards: where the `evidence` was, and why it pointed to the cause.
    """

    task: Task
    tells: tuple[Condition, ...]
    evidence: tuple[Clue, ...]
    because: str


class _Decks:
    """Pools of which each entry is drawn once before any is drawn again."""

    def __init__(self, pools: Mapping[str, Sequence[Any]], chance: random.Random) -> None:
        self._pools = pools
        self._chance = chance
        self._left: dict[str, list[Any]] = {}

    def fill(self, vary: Mapping[str, str | Sequence[Any]]) -> dict[str, str]:
        """A value for every placeholder that `vary` names: from a pool, or from the choices that stand there."""
        values: dict[str, str] = {}
        for name, source in vary.items():
            entry = self._draw(source) if isinstance(source, str) else self._chance.choice(source)
            given = entry if isinstance(entry, dict) else {name: entry}
            values |= {
                key: self._chance.choice(value) if isinstance(value, list) else value for key, value in given.items()
            }
        return values

    def _draw(self, pool: str) -> Any:
        left = self._left.get(pool)
        if not left:
            left = self._left[pool] = self._chance.sample(self._pools[pool], len(self._pools[pool]))
        return left.pop()


def broken_clusters(seed: int) -> tuple[Broken, ...]:
    """The broken clusters of one round: `seed` picks them, no two of one part, their order, and their names."""
    chance = random.Random(seed)
    parts: dict[str, list[Template]] = {}
    for template in _templates()[1]:
        parts.setdefault(template.get("part") or template["id"], []).append(template)
    picked = [chance.choice(alternatives) for alternatives in chance.sample(list(parts.values()), COUNT)]
    return _made(picked, seed, chance)


def every_cluster(seed: int) -> tuple[Broken, ...]:
    """All broken clusters that there are, also those of which a round takes only one of several."""
    return _made(_templates()[1], seed, random.Random(seed))


@cache
def _templates() -> tuple[dict[str, Any], list[Template]]:
    """What the templates share, and the templates in the order of the files."""
    found: dict[str, Any] = dict(documents(FOLDER))
    shared = found.pop(POOLS)
    return shared, [template for templates in found.values() for template in templates]


def _made(templates: Sequence[Template], seed: int, chance: random.Random) -> tuple[Broken, ...]:
    shared = _templates()[0]
    decks = _Decks(shared["pools"], chance)
    return tuple(_one(template, shared, decks.fill(template["vary"]) | {"round": str(seed)}) for template in templates)


def _one(template: Template, shared: Mapping[str, Any], values: Mapping[str, str]) -> Broken:
    tells = template["tells"]
    names = shared["told"][tells] if isinstance(tells, str) else tells
    goal = [shared["goals"][entry] if isinstance(entry, str) else entry for entry in template["goal"]]
    whole = {**template, "goal": goal, "tells": [shared["tells"][name] for name in names]}
    filled = _filled(whole, {**shared["words"], **values})
    return Broken(
        task=Task(**fields({key: value for key, value in filled.items() if key not in _NOT_OF_A_TASK})),
        tells=tuple(Condition(**tell) for tell in filled["tells"]),
        evidence=tuple(Clue(**clue) for clue in filled["evidence"]),
        because=filled["because"],
    )


def _filled(value: Any, words: Mapping[str, str]) -> Any:
    """`value` with a word for each placeholder in its texts; words may have placeholders themselves."""
    if isinstance(value, dict):
        return {_filled(key, words): _filled(part, words) for key, part in value.items()}
    if isinstance(value, list):
        return [_filled(part, words) for part in value]
    if not isinstance(value, str):
        return value
    filled = _PLACEHOLDER.sub(lambda match: words.get(match[1], match[0]), value)
    return filled if filled == value else _filled(filled, words)
