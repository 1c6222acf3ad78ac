"""The forms of objects, lists and errors in responses: plain objects, or a Table.

Mirrors k8s.io/apiserver pkg/endpoints/handlers/response.go and k8s.io/apimachinery pkg/apis/meta/v1, v1.36.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from kubesim.api import errors
from kubesim.api.clock import Micros
from kubesim.api.objects import Object
from kubesim.api.resources import Resource
from kubesim.cluster.apiserver import printers

_META = "meta.k8s.io/v1"
INCLUDES = ("Metadata", "Object", "None")


def status_of(error: errors.StatusError) -> Object:
    """The Status of a refusal, as the body of its response."""
    causes = [{"reason": cause.reason, "message": cause.message, "field": cause.field} for cause in error.causes]
    details = {"name": error.name, "group": error.group, "kind": error.kind, "causes": causes}
    return {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Failure",
        "message": error.message,
        "reason": error.reason,
        "details": {key: value for key, value in details.items() if value},
        "code": error.code,
    }


def success(resource: Resource, obj: Object) -> Object:
    """The Status of a finished deletion."""
    meta = obj["metadata"]
    details = {"name": meta["name"], "group": resource.group, "kind": resource.plural, "uid": meta["uid"]}
    details = {key: value for key, value in details.items() if value}  # drops the group "" of core types
    return {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "details": details}


class View(NamedTuple):
    """The form of objects that the Accept header asks for: the objects themselves, or a Table.

    `include` is the part of each object in a Table's row: Metadata, Object or None.
    """

    is_table: bool = False
    include: str = "Metadata"

    def one(self, obj: Object, now: Micros, headings: bool = True) -> Object:
        """One object at the moment `now`. A watch asks for a table's `headings` only once."""
        if not self.is_table:
            return obj
        meta = {"resourceVersion": str(obj["metadata"].get("resourceVersion", ""))}
        return self._table(obj["kind"], [obj], meta, now, headings)

    def many(self, resource: Resource, objects: Sequence[Object], meta: Object, now: Micros) -> Object:
        """A list of objects at the moment `now`, with the metadata of the list."""
        if self.is_table:
            return self._table(resource.kind, objects, meta, now, True)
        items = [_without_type(obj) for obj in objects]
        return {"kind": f"{resource.kind}List", "apiVersion": resource.api_version, "metadata": meta, "items": items}

    def _table(self, kind: str, objects: Sequence[Object], meta: Object, now: Micros, headings: bool) -> Object:
        rows = [{"cells": printers.row(obj, now), **self._row_object(obj)} for obj in objects]
        columns = [_column(column) for column in printers.columns(kind)] if headings else []
        table = {"kind": "Table", "apiVersion": _META, "metadata": meta}
        return {**table, "columnDefinitions": columns, "rows": rows}

    def _row_object(self, obj: Object) -> Object:
        if self.include == "None":
            return {}
        if self.include == "Object":
            return {"object": obj}
        return {"object": {"kind": "PartialObjectMetadata", "apiVersion": _META, "metadata": obj["metadata"]}}


def _column(column: printers.Column) -> Object:
    form = "name" if column.name == "NAME" else ""
    heading = {"name": column.name.title(), "type": "string", "format": form}
    return {**heading, "description": "", "priority": int(column.wide)}


def _without_type(obj: Object) -> Object:
    """An object as an item of a list, whose own kind and apiVersion stand for those of the items."""
    return {key: value for key, value in obj.items() if key not in ("kind", "apiVersion")}
