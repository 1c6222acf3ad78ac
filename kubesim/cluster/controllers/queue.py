"""The work queue of a controller: keys that wait for their turn, each at most once."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from kubesim.api.clock import SECOND, Clock, Micros
from kubesim.api.errors import StatusError
from kubesim.api.objects import Object, name_of, namespace_of

Key = tuple[str, str]

REACTION = 0.02
FIRST_RETRY = 0.005
LAST_RETRY = 1000.0


class WorkQueue:
    """Calls `reconcile(namespace, name)` a moment after `add`, once for all that is added until then.

    A key whose reconciling the API server refuses is tried again, each time later. Mirrors client-go
    util/workqueue/default_rate_limiters.go, v1.36.
    """

    def __init__(self, clock: Clock, reconcile: Callable[[str, str], None]) -> None:
        self._clock = clock
        self._reconcile = reconcile
        self._waiting: dict[Key, Micros] = {}
        self._failures: dict[Key, int] = {}

    def add(self, obj: Object, delay: float = REACTION) -> None:
        """Queue the object (by namespace and name), in `delay` seconds."""
        self.add_key((namespace_of(obj), name_of(obj)), delay)

    def add_key(self, key: Key, delay: float = REACTION) -> None:
        """Queue a namespace and name."""
        due = self._clock.now + round(delay * SECOND)
        if key not in self._waiting or due < self._waiting[key]:
            self._waiting[key] = due
            self._clock.call_later(delay, partial(self._work, key, due))

    def _work(self, key: Key, due: Micros) -> None:
        if self._waiting.get(key) == due:
            del self._waiting[key]
            self._try(key)

    def _try(self, key: Key) -> None:
        try:
            self._reconcile(*key)
        except StatusError:
            failures = self._failures[key] = self._failures.get(key, 0) + 1
            self.add_key(key, min(FIRST_RETRY * 2**failures, LAST_RETRY))
        else:
            self._failures.pop(key, None)
