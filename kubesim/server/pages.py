"""Long lists in pieces: `limit` and `continue`.

A list that is continued shows what there was when it began, as on a real cluster. Mirrors k8s.io/apiserver
pkg/storage/etcd3/store.go, v1.36.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping

from kubesim import errors
from kubesim.objects import Object

# As many lists are kept for somebody to come back for the rest.
MOST = 100


class Pages:
    """Cuts lists into pages and remembers what is left of each."""

    def __init__(self) -> None:
        self._rest: OrderedDict[str, tuple[list[Object], int]] = OrderedDict()
        self._count = 0

    def page(
        self, query: Mapping[str, str], found: Callable[[], list[Object]], revision: int
    ) -> tuple[list[Object], Object]:
        """The objects to answer with, and the list's metadata. `found` says what there is now, and who may see it.

        Raises StatusError: Expired for the rest of a list that has been forgotten.
        """
        token, limit = query.get("continue", ""), query.get("limit", "0")
        objects = found()
        if token in self._rest:
            objects, revision = self._rest[token]
        elif token:
            raise errors.expired(
                "The provided continue parameter is too old to display a consistent list result. You can start a new "
                "list without the continue parameter."
            )
        size = int(limit) if limit.isdigit() else 0
        if not size or size >= len(objects):
            return objects, {"resourceVersion": str(revision)}
        rest = objects[size:]
        meta = {"resourceVersion": str(revision), "continue": self._keep(rest, revision)}
        return objects[:size], {**meta, "remainingItemCount": len(rest)}

    def _keep(self, rest: list[Object], revision: int) -> str:
        self._count += 1
        token = f"{revision}-{self._count}"
        self._rest[token] = (rest, revision)
        if len(self._rest) > MOST:
            self._rest.popitem(last=False)
        return token
