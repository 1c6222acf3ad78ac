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


class Words(NamedTuple):
    """The contents of an event, which identify a series of repeated events."""

    kind: str  # Normal or Warning
    reason: str
    message: str  # "" for the series of combined messages
    field: str = ""  # the fieldPath of the part of the object that the event is about


class _Series:
    """The repetitions of an event, which are stored as one object."""

    def __init__(self, words: Words, first: str) -> None:
        self.words = words
        self.first = first  # the timestamp of the first event
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

    def combines(self, message: str, now: Micros) -> bool:
        """Note a message, and return whether it belongs to the combined event. Changes the messages and the time."""
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
    """A component's memory of one object: its series of events, similar messages, and token buckets.

    Recordings of a real cluster show one bucket for each type of events. A bucket is represented by the moment at which
    it will be full again: taking a token moves that moment by REFILL.
    """

    def __init__(self) -> None:
        self.series: dict[Words, _Series] = {}
        self.full_at: dict[str, Micros] = {}  # by type, Normal or Warning
        self.similar: defaultdict[tuple[str, str], _Similar] = defaultdict(_Similar)  # by type and reason

    def copy(self) -> _Memory:
        memory = _Memory()
        memory.series = {words: copy(series) for words, series in self.series.items()}
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

    def event(self, obj: Object, kind: str, reason: str, message: str, field: str = "") -> None:
        """Record an event about `obj`. `kind` is Normal or Warning, `field` a fieldPath in the object or ""."""
        self._say(obj, self._of_object(obj["metadata"]["uid"]), Words(kind, reason, message, field), 1)

    def say_again(self, obj: Object, what: Iterable[Words], times: int) -> None:
        """Repeat earlier events: add `times` to their counts, and write them with the time now unless suppressed."""
        memory = self._of_object(obj["metadata"]["uid"])
        for words in what:
            self._say(obj, memory, words, times)

    def count_again(self, uid: str, what: Iterable[Words], times: int) -> None:
        """Add `times` to the counts of earlier events about an object, without writing them.

        The kubelet calls this for repetitions that would all have been suppressed.
        """
        memory = self._of_object(uid)
        for words in what:
            is_combined = words.message not in memory.similar[words.kind, words.reason].messages
            self._series(memory, words, is_combined).count += times

    def silent_until(self, uid: str) -> Micros:
        """The moment until which all events about an object are suppressed, 0 if one would be written now."""
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
        """The series of an event, which is created if needed: its own, or that of the combined messages."""
        if is_combined:
            words = Words(words.kind, words.reason, "")
        series = memory.series.get(words)
        if series is None:
            series = memory.series[words] = _Series(words, self._clock.timestamp())
        return series

    def announce(self, obj: Object, reason: str, action: str, message: str) -> None:
        """Record an event about `obj` in the form of events.k8s.io, which the scheduler uses, without counting it."""
        event = self._new(obj, Words("Normal" if reason == "Scheduled" else "Warning", reason, message))
        event |= {"action": action, "eventTime": self._clock.micro_timestamp(), "source": {}}
        event |= {"firstTimestamp": None, "lastTimestamp": None}
        self._api.record(EVENT, event)

    def _write(self, obj: Object, series: _Series, message: str) -> None:
        """Store the state of a series, in the object that it has or in a new one."""
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
        """The content of a new event about `obj`, still without counts and times of repetitions."""
        # Upstream names events by nanoseconds. Here the clock has microseconds, and the store's revision fills the
        # rest, so that several components' events in one microsecond get different names.
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
