"""Watches: every change from a resourceVersion on, as long as the history reaches back.

Mirrors k8s.io/apiserver pkg/storage/cacher and pkg/endpoints/handlers/watch.go, v1.36.
"""

from __future__ import annotations

import json
import time
from collections import deque
from collections.abc import Callable, Iterator
from copy import copy
from itertools import takewhile

from kubesim.api import errors
from kubesim.api.clock import Micros
from kubesim.api.objects import Object, namespace_of
from kubesim.cluster import Cluster
from kubesim.cluster.apiserver import Change
from kubesim.server.parameters import is_set, whole
from kubesim.server.representation import status_of
from kubesim.server.request import Request
from kubesim.server.routes import Route

# As many changes are remembered for watches that come back.
HISTORY = 5000
_INITIAL_END = {"k8s.io/initial-events-end": "true"}


class History:
    """The last changes of the cluster, each with its revision and the moment, for whoever watches."""

    def __init__(self, cluster: Cluster) -> None:
        self.api = cluster.api
        self.clock = cluster.clock
        self.lock = cluster.lock
        self._changes: deque[tuple[Micros, Change]] = deque(maxlen=HISTORY)
        self._oldest = self.api.revision
        self._listeners: list[Callable[[], object]] = []
        self._stop = self.api.subscribe(self._remember)
        self.is_closed = False
        self.last_told = 0.0  # on the wall clock

    def __deepcopy__(self, _memo: dict[int, object]) -> History:
        """What stays in the place of this one in a copy of its cluster: nobody hears of that."""
        deaf = copy(self)
        deaf._changes, deaf._listeners = deque(maxlen=0), []
        return deaf

    @property
    def is_watched(self) -> bool:
        """Whether somebody listens."""
        return bool(self._listeners)

    def close(self) -> None:
        """Forget the cluster: every watch ends."""
        if self.is_closed:
            return
        self._stop()
        self.is_closed = True
        self._tell()
        self._listeners.clear()

    def _remember(self, change: Change) -> None:
        if len(self._changes) == HISTORY:
            self._oldest = self._changes[0][1].revision
        self._changes.append((self.clock.now, change))
        self._tell()

    def _tell(self) -> None:
        self.last_told = time.monotonic()
        for listener in tuple(self._listeners):
            listener()

    def on_change(self, listener: Callable[[], object]) -> Callable[[], None]:
        """Call `listener` after each change; return what ends that."""
        self._listeners.append(listener)

        def stop() -> None:
            if listener in self._listeners:
                self._listeners.remove(listener)

        return stop

    def since(self, revision: int) -> list[tuple[Micros, Change]]:
        """The changes after `revision`, the oldest first. Raises StatusError where they have been forgotten."""
        if revision < self._oldest:
            raise errors.expired(f"too old resource version: {revision} ({self._oldest})")
        return list(takewhile(lambda item: item[1].revision > revision, reversed(self._changes)))[::-1]


class Watch:
    """One open watch: what it has to send next."""

    def __init__(self, history: History, request: Request, route: Route) -> None:
        query = request.query
        self._history = history
        self._route = route
        self._view = request.view
        name = f"metadata.name={route.name}" if route.name else ""
        self._labels = query.get("labelSelector", "")
        self._fields = ",".join(filter(None, (query.get("fieldSelector", ""), name)))
        self._headings = True
        self._bookmarks = is_set(query, "allowWatchBookmarks")
        self.seconds = whole(query, "timeoutSeconds") or 0
        begin = whole(query, "resourceVersion") or 0
        self._says_end = is_set(query, "sendInitialEvents")
        listed = self._list(request)
        self._initial = listed if self._says_end or (not begin and "sendInitialEvents" not in query) else []
        self._at = history.api.revision if self._says_end or not begin else begin

    def _list(self, request: Request) -> list[Object]:
        selectors = {"labels": self._labels, "fields": self._fields}
        route, user = self._route, request.user
        return self._history.api.list(route.resource, route.namespace or None, **selectors, user=user, verb="watch")

    @property
    def is_over(self) -> bool:
        """Whether nothing will ever come any more."""
        return self._history.is_closed

    def on_change(self, listener: Callable[[], object]) -> Callable[[], None]:
        """Call `listener` whenever there may be something to send; return what ends that."""
        return self._history.on_change(listener)

    def lines(self) -> bytes:
        """What has happened since the last call, an event a line. Raises StatusError where that is not known."""
        with self._history.lock:
            return b"".join(self._events())

    def _events(self) -> Iterator[bytes]:
        for obj in self._initial:
            yield self._line("ADDED", obj, self._history.clock.now)
        if self._says_end:
            yield self.bookmark(_INITIAL_END)
        self._initial, self._says_end = [], False
        for moment, change in self._history.since(self._at):
            self._at = change.revision
            kind = self._kind(change)
            if kind:
                yield self._line(kind, _last_state(change) if kind == "DELETED" else change.obj, moment)

    def _kind(self, change: Change) -> str:
        """How this watch tells the change: an object that leaves the selection is gone, as far as it can see."""
        route = self._route
        if change.resource is not route.resource or route.namespace not in ("", namespace_of(change.obj)):
            return ""
        is_in = change.type != "DELETED" and self._selects(change.obj)
        was_in = change.old is not None and self._selects(change.old)
        return {(True, True): "MODIFIED", (True, False): "ADDED", (False, True): "DELETED"}.get((is_in, was_in), "")

    def _selects(self, obj: Object) -> bool:
        return self._history.api.selects(self._route.resource, obj, labels=self._labels, fields=self._fields)

    def bookmark(self, annotations: Object | None = None) -> bytes:
        """The event that says up to where the watch has seen everything; b"" where none are wanted."""
        if not self._bookmarks:
            return b""
        meta = {"resourceVersion": str(self._at), "creationTimestamp": None} | (
            {"annotations": annotations} if annotations else {}
        )
        resource = self._route.resource
        return self._event("BOOKMARK", {"kind": resource.kind, "apiVersion": resource.api_version, "metadata": meta})

    def _line(self, kind: str, obj: Object, now: Micros) -> bytes:
        shown = self._view.one(obj, now, self._headings)
        self._headings = False
        return self._event(kind, shown)

    def _event(self, kind: str, obj: Object) -> bytes:
        return json.dumps({"type": kind, "object": obj}, separators=(",", ":")).encode() + b"\n"


def error_event(error: errors.StatusError) -> bytes:
    """The event that ends a watch."""
    return json.dumps({"type": "ERROR", "object": status_of(error)}).encode() + b"\n"


def _last_state(change: Change) -> Object:
    """What is deleted is told as it was before, with the revision of its deletion."""
    obj = change.old or change.obj
    return {**obj, "metadata": {**obj["metadata"], "resourceVersion": str(change.revision)}}
