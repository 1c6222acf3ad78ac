"""What copies of a cluster share until one of them changes it, so that a copy costs what differs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Generic, TypeVar

K = TypeVar("K")
T = TypeVar("T")


class Shared(Generic[K, T]):
    """Things by their keys, such as dictionaries by namespaces.

    `get` gives a thing to read; who changes one asks for it with `own`, which copies it with `copy_one` if a copy of
    the whole may have it, too.
    """

    def __init__(self, copy_one: Callable[[T], T]) -> None:
        self._copy_one = copy_one
        self._things: dict[K, T] = {}
        self._own: dict[K, T] = {}  # those of them that no copy has

    def __iter__(self) -> Iterator[K]:
        return iter(self._things)

    def __len__(self) -> int:
        return len(self._things)

    def get(self, key: K) -> T | None:
        """A thing that isn't to be changed."""
        return self._things.get(key)

    def values(self) -> Iterator[T]:
        """All things; none is to be changed."""
        return iter(self._things.values())

    def own(self, key: K) -> T:
        """A thing that may be changed. Raises KeyError."""
        try:
            return self._own[key]
        except KeyError:
            return self.put(key, self._copy_one(self._things[key]))

    def own_or(self, key: K, new: Callable[[], T]) -> T:
        """A thing that may be changed, and is made where there is none."""
        if key in self._own:
            return self._own[key]
        return self.own(key) if key in self._things else self.put(key, new())

    def put(self, key: K, thing: T) -> T:
        """Keep a thing that nobody else has."""
        self._things[key] = self._own[key] = thing
        return thing

    def drop(self, key: K) -> None:
        """Forget a thing, if there is one."""
        self._things.pop(key, None)
        self._own.pop(key, None)

    def share(self, other: Shared[K, T]) -> None:
        """Have what another one has, and nothing else."""
        self._things = other._things.copy()
        self._own = {}
        other._own = {}


_SCALARS = frozenset({bool, int, float, str})
_COLLECTIONS = frozenset({dict, list, set})


class Stateful:
    """A part of a cluster, from whose state a copy of the cluster goes on.

    Its state is what its attributes hold: numbers, texts, `Shared`, collections of what never changes, and other parts
    with a state. Whatever else they hold is how the part is wired, which each copy of the cluster has of its own.
    """

    def resume(self, other: Stateful, twins: dict[object, object]) -> None:
        """Go on from the state of the same part of another cluster, and note in `twins` that this one stands for it.

        Nothing is left to do for a part that several hold, once one of them has come to it.
        """
        if other in twins:
            return
        twins[other] = self
        own = vars(self)
        for name, value in vars(other).items():
            if type(value) in _SCALARS:
                own[name] = value
            elif type(value) in _COLLECTIONS:
                own[name] = value.copy()
            elif isinstance(value, Shared):
                own[name].share(value)
            elif isinstance(value, Stateful):
                own[name].resume(value, twins)
