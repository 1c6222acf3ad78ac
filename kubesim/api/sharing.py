"""Copy on write between copies of a cluster, so that a copy costs only what differs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Generic, TypeVar

K = TypeVar("K")
T = TypeVar("T")
_SCALARS = frozenset({bool, int, float, str})
_COLLECTIONS = frozenset({dict, list, set})


class Shared(Generic[K, T]):
    """Values by key that several copies share until one changes them, such as dictionaries by namespace.

    `get` returns a value for reading only. `own` returns one for changing, and copies it with `copy_one` first if
    another copy may share it.
    """

    def __init__(self, copy_one: Callable[[T], T]) -> None:
        self._copy_one = copy_one
        self._values: dict[K, T] = {}
        self._own: dict[K, T] = {}  # the values that no copy shares

    def __iter__(self) -> Iterator[K]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def get(self, key: K) -> T | None:
        """A value for reading, or None. Don't change it."""
        return self._values.get(key)

    def values(self) -> Iterator[T]:
        """All values for reading. Don't change them."""
        return iter(self._values.values())

    def own(self, key: K) -> T:
        """A value for changing. Raises KeyError."""
        try:
            return self._own[key]
        except KeyError:
            return self.put(key, self._copy_one(self._values[key]))

    def own_or(self, key: K, new: Callable[[], T]) -> T:
        """A value for changing, created by `new` if there is none."""
        if key in self._own:
            return self._own[key]
        return self.own(key) if key in self._values else self.put(key, new())

    def put(self, key: K, value: T) -> T:
        """Store a value that no copy shares, and return it."""
        self._values[key] = self._own[key] = value
        return value

    def drop(self, key: K) -> None:
        """Remove a value, if there is one."""
        self._values.pop(key, None)
        self._own.pop(key, None)

    def share(self, other: Shared[K, T]) -> None:
        """Take over all values of another Shared. From now on, both copy a value before changing it."""
        self._values = other._values.copy()
        self._own = {}
        other._own = {}


class Stateful:
    """A part of a cluster whose state a copy of the cluster takes over.

    Attributes are state if they hold numbers, texts, `Shared`, collections of immutable items, or parts that are
    Stateful. Other attributes are wiring, which each cluster has of its own.
    """

    def resume(self, other: Stateful, twins: dict[object, object]) -> None:
        """Take over the state of the same part of another cluster, and map that part to this one in `twins`.

        A part that several others hold is resumed once.
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
