"""The event recorder, through which components report about objects; repeated events become "x4 over 2m".

Mirrors k8s.io/client-go tools/record/{event,events_cache}.go, v1.36, which has three rules:

* A repeated message raises the count of its event (_Series).
* From the tenth different message of one reason about an object on, messages are combined in one event, until none
  has come for ten minutes (_Similar).
* A component may write 25 events about an object at once, and then one every five minutes (_Memory.full_at). Counting
  continues while events are suppressed, so that the next written one has the full count.
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

BURST = 25  # tokens in a full bucket
REFILL: Micros = 300 * SECOND  # the time in which a bucket gains one token
REFILL_ALL_BUT_ONE = (BURST - 1) * REFILL
REMEMBERED = 4096  # objects that a component remembers; the oldest is forgotten first

MOST_SIMILAR = 10  # the number of the first message of one reason that is combined
SIMILAR_FOR: Micros = 600 * SECOND


class EventContent(NamedTuple):
    """The content of an event, which identifies a series of repeated events."""

    type: str  # Normal or Warning
    reason: str
    message: str  # "" for the series of combined messages
    field: str = ""  # the fieldPath of the part of the object that the event is about


class _Series:
    """The repetitions of an event, which are stored as one object."""

    def __init__(self, content: EventContent, first_timestamp: str) -> None:
        self.content = content
        self.first_timestamp = first_timestamp
        self.name = ""  # of the stored object; "" as long as all events were suppressed
        self.count = 0  # suppressed events included


class _Similar:
    """The different messages of one type and reason about an object, and the time of the last one."""

    def __init__(self) -> None:
        self.messages: set[str] = set()
        self.last: Micros = 0

    def copy(self) -> _Similar:
        copy = _Similar()
        copy.messages |= self.messages
        copy.last = self.last
        return copy

    def add(self, message: str, now: Micros) -> None:
        """Remember a message, unless MOST_SIMILAR is reached. After SIMILAR_FOR without one, forget the others."""
        if now - self.last > SIMILAR_FOR:
            self.messages = set()
        self.last = now
        if len(self.messages) + 1 < MOST_SIMILAR:
            self.messages.add(message)

    def is_combined(self, message: str) -> bool:
        """True if an event with this message, which was added, belongs to the combined event."""
        return message not in self.messages


class _Memory:
    """A component's memory of one object: its series of events, similar messages, and token buckets.

    Recordings of a real cluster show one bucket for each type of events. A bucket is represented by the moment at which
    it will be full again: taking a token moves that moment by REFILL.
    """

    def __init__(self) -> None:
        self.series: dict[EventContent, _Series] = {}
        self.full_at: dict[str, Micros] = {}  # by type, Normal or Warning
        self.similar: defaultdict[tuple[str, str], _Similar] = defaultdict(_Similar)  # by type and reason

    def copy(self) -> _Memory:
        memory = _Memory()
        memory.series = {content: copy(series) for content, series in self.series.items()}
        memory.full_at = self.full_at.copy()
        memory.similar |= {key: similar.copy() for key, similar in self.similar.items()}
        return memory


class Recorder(Stateful):
    """The recorder of one component's events.

    `component` appears in `kubectl describe` under "From"; `host` is a kubelet's node, "" for others.
    """

    def __init__(self, api: Component, clock: Clock, component: str, host: str = "") -> None:
        self._api = api
        self._clock = clock
        self._component = component
        self._source = {"component": component} | ({"host": host} if host else {})
        self._known: Shared[str, _Memory] = Shared(_Memory.copy)  # by the objects' uids
        self._stamp = 0  # the number in the last event's name; each event gets a higher one

    def emit(self, obj: Object, content: EventContent) -> None:
        """Emit an event about `obj`: count it, and write it unless suppressed."""
        self.repeat(obj, (content,), 1)

    def repeat(self, obj: Object, events: Iterable[EventContent], times: int) -> None:
        """Repeat earlier events: add `times` to their counts, and write them with the time now unless suppressed."""
        memory = self._of_object(obj["metadata"]["uid"])
        for content in events:
            self._repeat(obj, memory, content, times)

    def count(self, uid: str, events: Iterable[EventContent], times: int) -> None:
        """Add `times` to the counts of earlier events about an object, without writing them.

        The kubelet calls this for repetitions that would all have been suppressed.
        """
        memory = self._of_object(uid)
        for content in events:
            self._series(memory, content).count += times

    def silent_until(self, uid: str) -> Micros:
        """The moment until which all events about an object are suppressed, 0 if one would be written now."""
        return max(0, min(self._of_object(uid).full_at.values(), default=0) - REFILL_ALL_BUT_ONE)

    def _of_object(self, uid: str) -> _Memory:
        return self._known.own_or(uid, self._new_memory)

    def _new_memory(self) -> _Memory:
        if len(self._known) >= REMEMBERED:
            self._known.drop(next(iter(self._known)))
        return _Memory()

    def _repeat(self, obj: Object, memory: _Memory, content: EventContent, times: int) -> None:
        now = self._clock.now
        memory.similar[content.type, content.reason].add(content.message, now)
        series = self._series(memory, content)
        series.count += times
        full_at = max(now, memory.full_at.get(content.type, now))
        if full_at - now <= REFILL_ALL_BUT_ONE:
            memory.full_at[content.type] = full_at + REFILL
            self._write(obj, series, content.message)

    def _series(self, memory: _Memory, content: EventContent) -> _Series:
        """The series of an event, which is created if needed: its own, or that of the combined messages."""
        if memory.similar[content.type, content.reason].is_combined(content.message):
            content = EventContent(content.type, content.reason, "")
        series = memory.series.get(content)
        if series is None:
            series = memory.series[content] = _Series(content, self._clock.timestamp())
        return series

    def announce(self, obj: Object, reason: str, action: str, message: str) -> None:
        """Write an event about `obj` in the form of events.k8s.io, which the scheduler uses, without counting it."""
        event = self._new(obj, EventContent("Normal" if reason == "Scheduled" else "Warning", reason, message))
        event |= {"action": action, "eventTime": self._clock.micro_timestamp(), "source": {}}
        event |= {"firstTimestamp": None, "lastTimestamp": None}
        self._api.put(EVENT, event)

    def _write(self, obj: Object, series: _Series, message: str) -> None:
        """Store the state of a series, in the object that it has or in a new one."""
        if not series.content.message:
            message = f"(combined from similar events): {message}"
        fields = {
            "message": message,
            "firstTimestamp": series.first_timestamp,
            "lastTimestamp": self._clock.timestamp(),
            "count": series.count,
        }
        if not self._api.amend_event(obj["metadata"].get("namespace") or "default", series.name, fields):
            event = self._new(obj, series.content)
            series.name = event["metadata"]["name"]
            self._api.put(EVENT, event | fields)

    def _new(self, obj: Object, content: EventContent) -> Object:
        """The content of a new event about `obj`, still without counts and times of repetitions."""
        # Upstream names events by nanoseconds. Here the clock has microseconds, and the store's revision fills the
        # rest, so that several components' events in one microsecond get different names.
        revision = self._api.revision
        self._stamp = max(self._stamp + 1, self._clock.now * 1000 + revision % 1000)
        return {
            "apiVersion": "v1",
            "eventTime": None,
            "involvedObject": reference_to(obj, content.field),
            "kind": "Event",
            "message": content.message,
            "metadata": {
                "creationTimestamp": self._clock.timestamp(),
                "name": f"{obj['metadata']['name']}.{self._stamp:016x}",
                "namespace": namespace_of(obj) or "default",
                "uid": uuid(self._stamp << 64 | revision),
            },
            "reason": content.reason,
            "reportingComponent": self._component,
            "reportingInstance": self._source.get("host", ""),
            "source": self._source,
            "type": content.type,
        }
