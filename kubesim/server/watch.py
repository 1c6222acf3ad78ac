"""Watches: all changes after a resourceVersion, as far as the history reaches back.

Mirrors k8s.io/apiserver pkg/storage/cacher and pkg/endpoints/handlers/watch.go, v1.36.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from itertools import takewhile
from math import inf
from typing import NamedTuple

from kubesim.api import errors
from kubesim.api.clock import Micros
from kubesim.api.objects import Object, namespace_of
from kubesim.api.resources import EVENT
from kubesim.cluster import Cluster
from kubesim.cluster.apiserver import Change
from kubesim.cluster.apiserver.checks import name_in_selector, selector
from kubesim.gotext import gojson
from kubesim.server.request import SHOWN_COST, Call
from kubesim.server.routes import integer_in, is_on
from kubesim.server.views import status_of

# The number of changes kept for watches that reconnect.
HISTORY = 5000
# The bytes of their objects together.
HISTORY_BYTES = 32 * 1024 * 1024
# While a watch of one object finds no change, simulated time moves: a second a round, after a pause of wall-clock time.
_ROUNDS = 600
_PAUSE = 0.1
_INITIAL_END = {"k8s.io/initial-events-end": "true"}


class KeptChange(NamedTuple):
    """A change in the history."""

    moment: Micros
    change: Change
    size: int  # bytes of its object as JSON


class History:
    """The last changes of a cluster, for all its watches.

    With `jumps`, simulated time moves while a client waits for one object. `undone` is the highest revision that
    clients may have seen before the cluster was taken back.
    """

    def __init__(self, cluster: Cluster, jumps: bool, undone: int) -> None:
        self.cluster = cluster
        self.jumps = jumps
        self.undone = undone
        self._changes: deque[KeptChange] = deque()
        self._room = HISTORY_BYTES  # bytes left
        self._oldest = cluster.api.revision  # all changes after this revision are kept
        self._listeners: dict[object, Callable[[], object]] = {}
        self._ends = (cluster.api.subscribe(self._remember), cluster.api.subscribe(self._remember, EVENT))
        self.is_closed = False

    @property
    def is_watched(self) -> bool:
        return bool(self._listeners)

    def close(self) -> None:
        """End all watches and stop following the cluster. Closing twice is allowed."""
        if not self.is_closed:
            for end in self._ends:
                end()
            self.is_closed = True
            self._notify()
            self._listeners.clear()

    def _remember(self, change: Change) -> None:
        """Keep a change, and drop the oldest ones beyond HISTORY and HISTORY_BYTES."""
        kept = KeptChange(self.cluster.clock.now, change, len(json.dumps(change.obj)))
        self._changes.append(kept)
        self._room -= kept.size
        while self._changes and (self._room < 0 or len(self._changes) > HISTORY):
            forgotten = self._changes.popleft()
            self._oldest = forgotten.change.revision
            self._room += forgotten.size
        self._notify()

    def _notify(self) -> None:
        for listener in tuple(self._listeners.values()):
            listener()

    def on_change(self, listener: Callable[[], object]) -> Callable[[], None]:
        """Call `listener` after each change and after `close`.

        Returns a function that ends this; calling it again is allowed.
        """
        key = object()
        self._listeners[key] = listener

        def stop() -> None:
            self._listeners.pop(key, None)

        return stop

    def since(self, revision: int) -> list[KeptChange]:
        """The changes after a revision, oldest first. Raises StatusError (Expired) if some are no longer kept."""
        if revision < self._oldest:
            raise errors.expired(f"too old resource version: {revision} ({self._oldest})")
        # From the end, because most watches lack only the last changes.
        newest_first = takewhile(lambda kept: kept.change.revision > revision, reversed(self._changes))
        return list(newest_first)[::-1]


class _Start(NamedTuple):
    """The start of a watch."""

    sends_objects: bool  # whether the watch begins with all present objects
    revision: int  # the watch continues with all changes after this revision


def _start(query: Mapping[str, str], now: int) -> _Start:
    """The start of a watch; `now` is the cluster's revision. Raises StatusError (BadRequest).

    sendInitialEvents  resourceVersion  objects first  changes after
    true               any              yes            now
    absent             absent or 0      yes            now
    false              absent or 0      no             now
    false or absent    another          no             resourceVersion
    """
    revision = integer_in(query, "resourceVersion") or 0
    if is_on(query, "sendInitialEvents"):
        return _Start(sends_objects=True, revision=now)
    if revision:
        return _Start(sends_objects=False, revision=revision)
    return _Start(sends_objects="sendInitialEvents" not in query, revision=now)


class Watch:
    """An open watch, which produces its events when `lines` is called."""

    def __init__(self, history: History, call: Call) -> None:
        """Check rights and selectors, and find the start. Raises StatusError."""
        request = call.request
        route = call.route
        client = call.client
        query = request.query
        self.history = history
        self._route = route
        self._view = request.view
        self._has_headings = False
        self.seconds = integer_in(query, "timeoutSeconds") or 0
        start = _start(query, client.revision)
        self._sent_revision = start.revision  # changes up to this revision have been sent
        # after Expired, a client lists the objects again and watches from there
        if client.revision < self._sent_revision <= history.undone:
            raise errors.expired(
                f"kubesim: the cluster was taken back to before the resource version {self._sent_revision}"
            )
        self._is_bookmark_due = is_on(query, "sendInitialEvents") and is_on(query, "allowWatchBookmarks")
        fields = request.fields
        if route.name:  # the older form of a watch has one object in its path
            fields = f"{fields},metadata.name={route.name}"
        # Needed even if no objects are sent: it checks the user's rights and the selectors.
        place = route.resource, route.namespace or None
        objects = client.list(*place, labels=request.labels, fields=fields, verb="watch")
        self._selects = selector(route.resource, request.labels, fields)
        self._initial = objects if start.sends_objects else []
        request.budget.spend(SHOWN_COST * len(self._initial))
        self._rounds_left = _ROUNDS if name_in_selector(fields) else 0  # rounds in which it may still move time

    def lines(self) -> bytes:
        """The events since the last call, one JSON object a line. Raises StatusError if some are no longer known."""
        with self.history.cluster.lock:
            return b"".join(self._events())

    def _events(self) -> Iterator[bytes]:
        """The events that are due: initial objects, the bookmark after them, then changes."""
        initial = self._initial
        self._initial = []
        for obj in initial:
            yield self._event_of("ADDED", obj, self.history.cluster.clock.now)
        if self._is_bookmark_due:
            meta = {"resourceVersion": str(self._sent_revision), "creationTimestamp": None, "annotations": _INITIAL_END}
            resource = self._route.resource
            yield event("BOOKMARK", {"kind": resource.kind, "apiVersion": resource.api_version, "metadata": meta})
            self._is_bookmark_due = False
        for moment, change, _ in self.history.since(self._sent_revision):
            self._sent_revision = change.revision
            change_type = self._type_of(change)
            if change_type == "DELETED":
                yield self._event_of(change_type, _deleted_state(change), moment)
            elif change_type:
                yield self._event_of(change_type, change.obj, moment)

    @property
    def pause(self) -> float:
        """Wall-clock seconds to wait for changes before `pass_time`."""
        return _PAUSE if self._rounds_left and self.history.jumps else inf

    def pass_time(self) -> None:
        """Let simulated time pass up to the next change, for at most a second, if this watch waits for one object."""
        if self._rounds_left and self.history.jumps:
            self._rounds_left -= 1
            cluster = self.history.cluster
            with cluster.lock:
                before = cluster.api.revision
                cluster.clock.run_until(lambda: cluster.api.revision != before, 1.0)

    def _type_of(self, change: Change) -> str:
        """The type of the event for this watch; "" if the change doesn't concern it."""
        route = self._route
        if change.resource is not route.resource or route.namespace not in ("", namespace_of(change.obj)):
            return ""
        return change.type_among(self._selects)

    def _event_of(self, event_type: str, obj: Object, now: Micros) -> bytes:
        view = self._view.one(obj, now, headings=not self._has_headings)
        self._has_headings = True
        return event(event_type, view)


def event(event_type: str, obj: Object | errors.StatusError) -> bytes:
    """An event as a line of JSON. A StatusError becomes the last event, of type ERROR."""
    content = status_of(obj) if isinstance(obj, errors.StatusError) else obj
    written = json.dumps({"type": event_type, "object": content}, separators=(",", ":"))
    return f"{gojson.escape(written)}\n".encode()


def _deleted_state(change: Change) -> Object:
    """A deleted object in its last state, with the revision of its deletion."""
    obj = change.old or change.obj
    return {**obj, "metadata": {**obj["metadata"], "resourceVersion": str(change.revision)}}
