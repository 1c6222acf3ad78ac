"""Long lists in pieces: `limit` and `continue`.

A list that is continued shows what there was when it began, as on a real cluster. Mirrors k8s.io/apiserver
pkg/storage/etcd3/store.go, v1.36.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping

from kubesim.api import errors
from kubesim.api.objects import Object
from kubesim.server.parameters import whole
from kubesim.server.routes import Route

# As many lists are kept for somebody to come back for the rest.
MOST = 100


class Pages:
    """Cuts lists into pages and remembers what is left of each."""

    def __init__(self) -> None:
        self._rest: OrderedDict[str, tuple[Route, list[Object], int]] = OrderedDict()
        self._count = 0

    def page(
        self, route: Route, query: Mapping[str, str], found: Callable[[], list[Object]], revision: int
    ) -> tuple[list[Object], Object]:
        """The objects to answer with, and the list's metadata. `found` says what there is now, and who may see it.

        Raises StatusError: Expired for the rest of a list that has been forgotten.
        """
        token, limit = query.get("continue", ""), whole(query, "limit") or 0
        objects = found()
        if token:
            objects, revision = self._continued(route, token)
        if limit <= 0 or limit >= len(objects):
            return objects, {"resourceVersion": str(revision)}
        rest = objects[limit:]
        meta: Object = {"resourceVersion": str(revision), "continue": self._keep(route, rest, revision)}
        if not query.get("labelSelector") and not query.get("fieldSelector"):
            meta["remainingItemCount"] = len(rest)
        return objects[:limit], meta

    def _continued(self, route: Route, token: str) -> tuple[list[Object], int]:
        if token not in self._rest:
            raise errors.expired(
                "The provided continue parameter is too old to display a consistent list result. You can start a new "
                "list without the continue parameter."
            )
        begun, objects, revision = self._rest[token]
        if begun != route:
            raise errors.bad_request("continue key is not valid: it was given for another list")
        return objects, revision

    def _keep(self, route: Route, rest: list[Object], revision: int) -> str:
        self._count += 1
        token = f"{revision}-{self._count}"
        self._rest[token] = (route, rest, revision)
        if len(self._rest) > MOST:
            self._rest.popitem(last=False)
        return token
