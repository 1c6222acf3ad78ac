"""The event recorder: what components report about objects, with repeats folded into "x4 over 2m".

Mirrors k8s.io/client-go tools/record/{event,events_cache}.go, v1.36: repeats of one message raise a count; from the
tenth message on, those of one reason about an object are combined in one event, until ten minutes without any; and one
source may record 25 events about an object at once, after that one every five minutes. Counting goes on meanwhile, so
that the next event that passes shows how often it has happened.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from copy import copy
from typing import NamedTuple

from kubesim.api.clock import SECOND, Clock, Micros, uuid
from kubesim.api.objects import Object, namespace_of, reference_to
from kubesim.api.resources import EVENT
from kubesim.api.sharing import Shared, Stateful
from kubesim.cluster.apiserver import Component

BURST = 25
REFILL: Micros = 300 * SECOND
REFILL_ALL_BUT_ONE = (BURST - 1) * REFILL
REMEMBERED = 4096  # objects about which a component remembers what it has recorded

MOST_SIMILAR = 10  # messages of one reason, of which the last is combined with all that follow
SIMILAR_FOR: Micros = 600 * SECOND


class Words(NamedTuple):
    """What an event says: its type (Normal or Warning), its reason, its message ("": of the combined ones), and which
    part of the object it is about, or "".
    """

    kind: str
    reason: str
    message: str
    field: str = ""


class _Series:
    """The events with the same words: since when, how many, and the name of the stored one ("": none has passed)."""

    def __init__(self, words: Words, first: str) -> None:
        self.words = words
        self.first = first
        self.name = ""
        self.count = 0


class _Similar:
    """The messages of one type and reason about an object, and when the last one came."""

    def __init__(self) -> None:
        self.messages: set[str] = set()
        self.last: Micros = 0

    def copy(self) -> _Similar:
        copy = _Similar()
        copy.messages |= self.messages
        copy.last = self.last
        return copy

    def combines(self, message: str, now: Micros) -> bool:
        """Whether a message is to be combined with others, now that there is this one, too."""
        if now - self.last > SIMILAR_FOR:
            self.messages = set()
        self.last = now
        if message in self.messages:
            return False
        if len(self.messages) + 1 >= MOST_SIMILAR:
            return True
        self.messages.add(message)
        return False


class _Memory:
    """What a component remembers of one object: its series of events, those of a type and reason that are similar, and
    when its token buckets are full again.

    Recordings show one bucket for each type (Normal, Warning) of events. A token taken puts off when it is full by the
    time in which one comes.
    """

    def __init__(self) -> None:
        self.series: dict[Words, _Series] = {}
        self.full_at: dict[str, Micros] = {}
        self.similar: defaultdict[tuple[str, str], _Similar] = defaultdict(_Similar)

    def copy(self) -> _Memory:
        memory = _Memory()
        memory.series = {words: copy(series) for words, series in self.series.items()}
        memory.full_at = self.full_at.copy()
        memory.similar |= {key: similar.copy() for key, similar in self.similar.items()}
        return memory


class Recorder(Stateful):
    """Records the events of one component.

    `component` is what describe shows under "From"; `host` is the node that a kubelet speaks for.
    """

    def __init__(self, api: Component, clock: Clock, component: str, host: str = "") -> None:
        self._api = api
        self._clock = clock
        self._component = component
        self._source = {"component": component} | ({"host": host} if host else {})
        self._known: Shared[str, _Memory] = Shared(_Memory.copy)  # by the objects' uids
        self._stamp = 0

    def event(self, obj: Object, kind: str, reason: str, message: str, field: str = "") -> None:
        """Record that something happened to `obj`. `kind`: Normal or Warning; `field`: the part of it, or ""."""
        self._say(obj, self._of_object(obj["metadata"]["uid"]), Words(kind, reason, message, field), 1)

    def say_again(self, obj: Object, what: Iterable[Words], times: int) -> None:
        """Record that the same has happened to `obj` so many `times` since it was said, now for the last time."""
        memory = self._of_object(obj["metadata"]["uid"])
        for words in what:
            self._say(obj, memory, words, times)

    def count_again(self, uid: str, what: Iterable[Words], times: int) -> None:
        """Count what was said about an object so many times more, without recording it."""
        memory = self._of_object(uid)
        for words in what:
            is_combined = words.message not in memory.similar[words.kind, words.reason].messages
            self._series(memory, words, is_combined).count += times

    def silent_until(self, uid: str) -> Micros:
        """The moment before which no event about this object passes; 0 while one would."""
        return max(0, min(self._of_object(uid).full_at.values(), default=0) - REFILL_ALL_BUT_ONE)

    def _of_object(self, uid: str) -> _Memory:
        return self._known.own_or(uid, self._new_memory)

    def _new_memory(self) -> _Memory:
        if len(self._known) >= REMEMBERED:
            self._known.drop(next(iter(self._known)))
        return _Memory()

    def _say(self, obj: Object, memory: _Memory, words: Words, times: int) -> None:
        now = self._clock.now
        kind = words.kind
        is_combined = memory.similar[kind, words.reason].combines(words.message, now)
        series = self._series(memory, words, is_combined)
        series.count += times
        full_at = max(now, memory.full_at.get(kind, now))
        if full_at - now <= REFILL_ALL_BUT_ONE:
            memory.full_at[kind] = full_at + REFILL
            self._write(obj, series, words.message)

    def _series(self, memory: _Memory, words: Words, is_combined: bool) -> _Series:
        """The series of these words, or the one in which they are combined with similar ones."""
        if is_combined:
            words = Words(words.kind, words.reason, "")
        series = memory.series.get(words)
        if series is None:
            series = memory.series[words] = _Series(words, self._clock.timestamp())
        return series

    def announce(self, obj: Object, reason: str, action: str, message: str) -> None:
        """Record a single event about `obj` in the newer form (events.k8s.io) that the scheduler uses."""
        event = self._new(obj, Words("Normal" if reason == "Scheduled" else "Warning", reason, message))
        event |= {"action": action, "eventTime": self._clock.micro_timestamp(), "source": {}}
        event |= {"firstTimestamp": None, "lastTimestamp": None}
        self._api.record(EVENT, event)

    def _write(self, obj: Object, series: _Series, message: str) -> None:
        if not series.words.message:
            message = f"(combined from similar events): {message}"
        fields = {
            "message": message,
            "firstTimestamp": series.first,
            "lastTimestamp": self._clock.timestamp(),
            "count": series.count,
        }
        if not self._api.amend_event(obj["metadata"].get("namespace") or "default", series.name, fields):
            event = self._new(obj, series.words)
            series.name = event["metadata"]["name"]
            self._api.record(EVENT, event | fields)

    def _new(self, obj: Object, words: Words) -> Object:
        # In nanoseconds, as upstream; the revision tells apart what several components record in one microsecond.
        revision = self._api.revision
        self._stamp = max(self._stamp + 1, self._clock.now * 1000 + revision % 1000)
        return {
            "apiVersion": "v1",
            "eventTime": None,
            "involvedObject": reference_to(obj, words.field),
            "kind": "Event",
            "message": words.message,
            "metadata": {
                "creationTimestamp": self._clock.timestamp(),
                "name": f"{obj['metadata']['name']}.{self._stamp:016x}",
                "namespace": namespace_of(obj) or "default",
                "uid": uuid(self._stamp << 64 | revision),
            },
            "reason": words.reason,
            "reportingComponent": self._component,
            "reportingInstance": self._source.get("host", ""),
            "source": self._source,
            "type": words.kind,
        }
