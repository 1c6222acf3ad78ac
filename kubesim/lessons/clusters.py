"""Broken clusters from the templates in challenges/*.yaml. A round's seed chooses the templates and their names."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, NamedTuple

from kubesim.api import typed
from kubesim.lessons import documents, fill
from kubesim.lessons.task import Clue, Condition, Task

# The number of broken clusters in a round of the challenge.
COUNT = 12
LAST_SEED = 9999
# The seed of a review is this number plus its day, so that no round shares its files.
_REVIEWS = 1_000_000
FOLDER = "challenges"
POOLS = "pools.yaml"
Template = dict[str, Any]


@dataclass(frozen=True)
class Broken(Task):
    """A cluster to fix. Its goal doesn't name the problem; the `advice` does, one condition at a time.

    Shown at the end: the `evidence` that points to the cause, and `because`, the explanation.
    """

    advice: tuple[Condition, ...] = ()
    evidence: tuple[Clue, ...] = ()
    because: str = ""


class SmallRound(NamedTuple):
    """A round between lessons: `clusters` is the number of clusters, chosen from those with the ids `of`."""

    title: str
    clusters: int
    of: tuple[str, ...]


class RoundId(NamedTuple):
    """The identity of a round. `seed` chooses the clusters and names; `small` is the name of a small round, or ""."""

    seed: int
    small: str = ""

    @classmethod
    def of_review(cls, day: int) -> RoundId:
        """The round of a review on a day."""
        return cls(_REVIEWS + day)

    @property
    def is_review(self) -> bool:
        return self.seed > LAST_SEED

    @property
    def is_scored(self) -> bool:
        """True if the points count. Reviews and small rounds aren't scored."""
        return not self.is_review and not self.small

    @property
    def clusters(self) -> int:
        """The number of broken clusters. Raises KeyError for an unknown small round."""
        if self.small:
            return small_rounds()[self.small].clusters
        return 1 if self.is_review else COUNT

    @property
    def title(self) -> str:
        if self.small:
            return f"{small_rounds()[self.small].title}, round {self.seed}"
        if self.is_review:
            return "Review: a broken cluster"
        return f"Challenge, round {self.seed}: {COUNT} broken clusters"

    @property
    def name(self) -> str:
        """The name of the folder with its files, and the beginning of its entries in the progress."""
        return f"{self.small}-{self.seed}" if self.small else str(self.seed)


class _Files(NamedTuple):
    """The contents of FOLDER: the templates, and from POOLS what several of them refer to by name."""

    templates: Any  # a list of Template
    pools: Mapping[str, Any]  # lists of words, as _Pools.words describes them
    words: Mapping[str, str]  # fixed words for placeholders
    goals: Mapping[str, Any]  # the fields of Condition, as in `advice`
    advice: Mapping[str, Any]
    advice_sets: Mapping[str, tuple[str, ...]]  # names in `advice`
    small_rounds: Mapping[str, SmallRound]


@cache
def _files() -> _Files:
    files: dict[str, Any] = dict(documents(FOLDER))
    shared = files.pop(POOLS)
    templates = [template for templates in files.values() for template in templates]
    contents: _Files = typed.read(_Files, {"templates": templates, **shared}, POOLS)
    return contents


def small_rounds() -> Mapping[str, SmallRound]:
    """The small rounds by name."""
    return _files().small_rounds


def broken_clusters(round_id: RoundId) -> tuple[Broken, ...]:
    """The broken clusters of a round, at most one of each `part`. Raises KeyError for an unknown small round.

    The draws must keep their order, because progress files and learners name a round by its number alone.
    """
    chance = random.Random(round_id.seed)
    templates = _files().templates
    if round_id.small:
        own = small_rounds()[round_id.small].of
        templates = [template for template in templates if template["id"] in own]
    parts: dict[str, list[Template]] = {}
    for template in templates:
        parts.setdefault(template.get("part") or template["id"], []).append(template)
    picked = [chance.choice(alternatives) for alternatives in chance.sample(list(parts.values()), round_id.clusters)]
    return _build_all(picked, round_id.name, chance)


def every_cluster(seed: int) -> tuple[Broken, ...]:
    """All broken clusters, also the alternatives of which a round takes only one."""
    return _build_all(_files().templates, str(seed), random.Random(seed))


def _build_all(templates: Sequence[Template], round_name: str, chance: random.Random) -> tuple[Broken, ...]:
    """Build clusters from templates, with random words for their placeholders."""
    pools = _Pools(chance)
    return tuple(_build(template, {**pools.words(template["vary"]), "round": round_name}) for template in templates)


class _Pools:
    """Random words for the placeholders of a round. Each entry of a pool is used once before any is used again."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self._left: dict[str, list[Any]] = {}

    def words(self, vary: Mapping[str, Any]) -> dict[str, str]:
        """Choose a word for every placeholder in `vary`, from a list given there or from the pool named there.

        An entry of a list or pool is a word, or a list of words of which one is chosen, or a map from several
        placeholders to one of these.
        """
        words: dict[str, str] = {}
        for placeholder, source in vary.items():
            entry = self._draw(source) if isinstance(source, str) else self._chance.choice(source)
            entries = entry if isinstance(entry, dict) else {placeholder: entry}
            for name, word in entries.items():
                words[name] = self._chance.choice(word) if isinstance(word, list) else word
        return words

    def _draw(self, pool: str) -> Any:
        if not self._left.get(pool):
            entries = _files().pools[pool]
            self._left[pool] = self._chance.sample(entries, len(entries))
        return self._left[pool].pop()


def _build(template: Template, words: Mapping[str, str]) -> Broken:
    """Build a cluster from a template: its words, and the goals and advice that it names."""
    shared = _files()
    entry = {key: value for key, value in template.items() if key not in ("part", "vary")}
    entry["goal"] = [shared.goals[goal] if isinstance(goal, str) else goal for goal in template["goal"]]
    advice = template["advice"]
    names = shared.advice_sets[advice] if isinstance(advice, str) else advice
    entry["advice"] = [shared.advice[name] for name in names]
    broken: Broken = typed.read(Broken, fill(entry, {**shared.words, **words}), template["id"])
    return broken
