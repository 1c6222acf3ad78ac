"""One HTTP request as the API sees it, what its path and query mean, and one answer, all without their transport.

Routes mirror k8s.io/apiserver pkg/endpoints/request/requestinfo.go, answers pkg/endpoints/handlers/response.go and
k8s.io/apimachinery pkg/apis/meta/v1, v1.36.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import Any

from kubesim.api import errors
from kubesim.api.budget import Budget, count_values
from kubesim.api.clock import Micros
from kubesim.api.objects import Object
from kubesim.api.resources import RESOURCES, Resource
from kubesim.cluster.apiserver import printers
from kubesim.cluster.apiserver.authorization import User
from kubesim.cluster.apiserver.impersonation import impersonate
from kubesim.gotext import gofmt, gojson
from kubesim.kubectl.documents import parse_document
from kubesim.server import protobuf

STEPS = Budget.STEPS // 10
"""What a request may do, so that it doesn't hold up the others for more than a tenth of a second."""
SHOWN_COST = 15
"""Steps for an object that is shown."""
_VALUE_COST = 20  # of a value in a body
_BYTES_PER_STEP = 20  # of a body
_YAML = "application/yaml"
_READABLE = ("application/json", _YAML, protobuf.MEDIA_TYPE)
_FORMS = ("", "Table", "PartialObjectMetadata", "PartialObjectMetadataList")
_DIRECTIVES = ("Ignore", "Strict", "Warn")
_OPTIONS = {"POST": "CreateOptions", "PUT": "UpdateOptions", "PATCH": "PatchOptions", "DELETE": "DeleteOptions"}
_PATCHES = {
    "application/json-patch+json": "json",
    "application/merge-patch+json": "merge",
    "application/strategic-merge-patch+json": "strategic",
}
_APPLY = "application/apply-patch+yaml"
_IMPERSONATION = "impersonate-"
_UNRECOGNIZED = "the object provided is unrecognized (must be of type "


@dataclass(frozen=True)
class Request:
    """A request that has been authenticated as the `requestor`'s.

    `query` has the last value of each parameter, `headers` have lower-case names. `warnings` collects what is reported
    beside the answer, whatever that is; who works for the answer is paid from `budget`.
    """

    requestor: User
    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    impersonated_groups: tuple[str, ...] = ()
    warnings: list[str] = field(default_factory=list)
    budget: Budget = field(default_factory=partial(Budget, STEPS), compare=False)

    @cached_property
    def route(self) -> Route | None:
        """What is requested of which objects; None for anything else."""
        return parse(self.method, self.path, self.query)

    @property
    def user(self) -> User:
        """Who asks: the requestor, or whom that user impersonates (`kubectl --as`). Raises StatusError."""
        headers = {name for name, value in self.headers.items() if name.startswith(_IMPERSONATION) and value}
        if not headers and not self.impersonated_groups:
            return self.requestor
        name = self.headers.get("impersonate-user", "")
        if not name:
            raise errors.not_simulated("impersonating groups without a user is not part of this simulator")
        if headers - {"impersonate-user", "impersonate-group"}:
            raise errors.not_simulated("impersonating more than a user and groups is not part of this simulator")
        return impersonate(self.requestor, name, self.impersonated_groups)

    @property
    def container(self) -> str:
        """The container that a log or a connection is of; "" is the only one of its Pod."""
        return self.query.get("container", "")

    @property
    def is_write(self) -> bool:
        return self.method not in ("GET", "HEAD")

    @property
    def view(self) -> View:
        """The first form of the Accept header that can be given. Raises StatusError for an unknown includeObject."""
        include = self.query.get("includeObject", "")
        if include not in ("", *_INCLUDES):
            raise errors.bad_request(f'unrecognized includeObject value: "{include}"')
        for accepted in self.headers.get("accept", "").split(","):
            media, *parameters = (part.strip() for part in accepted.split(";"))
            options = dict(part.partition("=")[::2] for part in parameters)
            form = options.get("as", "")
            if media in ("application/json", "application/*", "*/*", "") and form in _FORMS:
                return View(form, include or "Metadata")
        if any(media in self.headers["accept"] for media in _READABLE[1:]):
            raise errors.not_simulated("answers in another format than application/json are not part of this simulator")
        raise errors.not_acceptable(_READABLE)

    @property
    def content_type(self) -> str:
        return self.headers.get("content-type", "application/json").partition(";")[0].strip()

    @property
    def dry_run(self) -> bool:
        """Whether nothing is stored. Raises StatusError for an unknown strategy."""
        chosen = self.query.get("dryRun", "")
        if chosen not in ("", "All"):
            raise self._wrong_option(errors.unsupported("dryRun", [chosen], ("All",)))
        return chosen == "All"

    @property
    def field_validation(self) -> str:
        """Strict, Warn or Ignore: how unknown fields are treated. Raises StatusError for another word."""
        chosen = self.query.get("fieldValidation") or "Warn"
        if chosen not in _DIRECTIVES:
            raise self._wrong_option(errors.unsupported("fieldValidation", chosen, _DIRECTIVES))
        return chosen

    def _wrong_option(self, cause: errors.FieldError) -> errors.StatusError:
        return errors.invalid_options(_OPTIONS.get(self.method, "ListOptions"), "meta.k8s.io", "", [cause])

    @property
    def patch_type(self) -> str:
        """How the patch in the body is meant: json, merge or strategic. Raises StatusError for any other."""
        if self.content_type == _APPLY:
            advice = "kubectl apply works without --server-side, helm with --server-side=false"
            raise errors.not_simulated(f"server-side apply is not part of this simulator: {advice}")
        if self.content_type not in _PATCHES:
            raise errors.unsupported_media_type(tuple(_PATCHES))
        return _PATCHES[self.content_type]

    def object(self) -> Object:
        """The object in the body. Raises StatusError where it is none, or too much of it."""
        if self.content_type == protobuf.MEDIA_TYPE:
            return protobuf.decode(self.body, self.budget)
        if self.content_type not in _READABLE:
            raise errors.unsupported_media_type(_READABLE)
        body = self.json(_UNRECOGNIZED + "JSON): ")
        if not isinstance(body, dict):
            raise errors.bad_request(_UNRECOGNIZED + "Object)")
        return body

    def json(self, complaint: str = "") -> Any:
        """The value in the body, such as a patch. Raises StatusError where it is no JSON, with `complaint` before the
        reason, or too much of it.
        """
        self.budget.spend(len(self.body) // _BYTES_PER_STEP)
        try:
            value = (
                parse_document(self.body.decode()) if self.content_type == _YAML else gojson.loads(self.body.decode())
            )
        except ValueError as error:
            raise errors.bad_request(f"{complaint}{error}") from None
        self.budget.spend(_VALUE_COST * count_values(value, "a body"))
        return value


@dataclass
class Response:
    """An answer: `content` is sent as JSON, or as it is where it is text. `warnings` become Warning headers."""

    content: Object | str = ""
    code: int = 200
    content_type: str = "application/json"
    warnings: list[str] = field(default_factory=list)

    @property
    def body(self) -> bytes:
        if isinstance(self.content, str):
            return self.content.encode("utf-8", "replace")
        written = json.dumps(self.content, separators=(",", ":"), ensure_ascii=False)
        return f"{written}\n".encode("utf-8", "replace")


def text(content: str, code: int = 200) -> Response:
    return Response(content, code, "text/plain; charset=utf-8")


# Routes

_VERBS = {"GET": "get", "HEAD": "get", "POST": "create", "PUT": "update", "PATCH": "patch", "DELETE": "delete"}
_OF_COLLECTIONS = {"get": "list", "delete": "deletecollection"}
_OF_ONE = ("get", "update", "patch", "delete")
_IN_ONE_NAMESPACE = ("create", "deletecollection")
_BY_PATH = {(resource.group, resource.version, resource.plural): resource for resource in RESOURCES}
# Parts of a Namespace, which /api/v1/namespaces/NAME/PART names where else the objects of a namespace are.
_NAMESPACE_PARTS = ("status", "finalize")


@dataclass(frozen=True)
class Route:
    """What is requested: a verb of one type, of one object where `name` is given, or of a part of it."""

    verb: str
    resource: Resource
    namespace: str = ""
    name: str = ""
    subresource: str = ""

    @property
    def place(self) -> tuple[Resource, str, str]:
        """The type, the namespace and the name."""
        return self.resource, self.namespace, self.name

    @property
    def is_allowed(self) -> bool:
        if self.subresource or self.verb == "watch":
            return bool(self.verb) and "get" in self.resource.verbs
        is_of_one = self.verb in _OF_ONE
        lacks_namespace = self.resource.namespaced and not self.namespace and self.verb in _IN_ONE_NAMESPACE
        return is_of_one == bool(self.name) and not lacks_namespace and self.verb in self.resource.verbs


def parse(method: str, path: str, query: Mapping[str, str]) -> Route | None:
    """The request for objects that `path` makes, or None for any other path. There are these shapes:

    - /api/v1/nodes and /apis/apps/v1/deployments: all of a type
    - /api/v1/nodes/worker: one object that has no namespace
    - /apis/apps/v1/namespaces/shop/deployments: all of a type in a namespace
    - /apis/apps/v1/namespaces/shop/deployments/web: one object in a namespace
    - /apis/apps/v1/namespaces/shop/deployments/web/scale: a part of it
    - /api/v1/namespaces/shop/status: a part of a Namespace
    """
    segments = [segment for segment in path.split("/") if segment]
    if segments[:1] == ["api"]:
        segments[:1] = ["apis", ""]  # the core group has no name
    if segments[:1] != ["apis"] or len(segments) < 4:
        return None
    _, group, version, *rest = segments
    namespace, below = _split_namespace(rest)
    if len(below) > 3:
        return None
    plural = below[0]
    name = below[1] if len(below) > 1 else ""
    subresource = below[2] if len(below) > 2 else ""
    resource = _BY_PATH.get((group, version, plural))
    if resource is None or not _is_placed(resource, namespace, name):
        return None
    return Route(_verb(method, query, name, subresource), resource, namespace, name, subresource)


def _split_namespace(segments: list[str]) -> tuple[str, list[str]]:
    """The namespace that a path is in, "" for none, and what follows it: the plural, a name, a subresource."""
    has_more = segments[0] == "namespaces" and len(segments) > 2
    if has_more and segments[2] not in _NAMESPACE_PARTS:
        return segments[1], segments[2:]
    return "", segments


def _verb(method: str, query: Mapping[str, str], name: str, subresource: str) -> str:
    """The verb that RBAC knows the request by; "" for a method that there is none for."""
    if method == "GET" and is_set(query, "watch") and not subresource:
        return "watch"
    verb = _VERBS.get(method, "")
    return verb if name else _OF_COLLECTIONS.get(verb, verb)


def _is_placed(resource: Resource, namespace: str, name: str) -> bool:
    """Whether objects of the type have such a path: a single namespaced object only in its namespace."""
    if namespace:
        return resource.namespaced
    return not (resource.namespaced and name)


def whole(query: Mapping[str, str], name: str) -> int | None:
    """A whole number in a query, or None where there is none. Raises StatusError (BadRequest)."""
    digits = query.get(name, "")
    if digits and not re.fullmatch(r"[+-]?[0-9]{1,18}", digits):
        raise errors.bad_request(f"strconv.ParseInt: parsing {gofmt.quote(digits)}: invalid syntax")
    return int(digits) if digits else None


def is_set(query: Mapping[str, str], name: str) -> bool:
    """Whether a switch in a query is on: with any word but false and 0."""
    return query.get(name, "false").lower() not in ("false", "0")


# How objects, lists and refusals look: JSON as Kubernetes writes it, or a Table where one is wanted

_META = "meta.k8s.io/v1"
_INCLUDES = ("Metadata", "Object", "None")


def status_of(error: errors.StatusError) -> Object:
    causes = [_cause(cause) for cause in error.causes]
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


def _cause(cause: errors.FieldError) -> Object:
    kind = cause.body.partition(":")[0]
    return {"reason": _REASONS[kind], "message": cause.body, "field": cause.field}


# By the beginning of a field error's message (kubesim.api.errors).
_REASONS = {
    "Duplicate value": "FieldValueDuplicate",
    "Forbidden": "FieldValueForbidden",
    "Invalid value": "FieldValueInvalid",
    "Not found": "FieldValueNotFound",
    "Required value": "FieldValueRequired",
    "Too long": "FieldValueTooLong",
    "Unsupported value": "FieldValueNotSupported",
}


def success(resource: Resource, obj: Object) -> Object:
    """The Status of a deletion that is done."""
    details = {"name": obj["metadata"]["name"], "group": resource.group, "kind": resource.plural}
    details = {key: value for key, value in details.items() if value} | {"uid": obj["metadata"]["uid"]}
    return {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "details": details}


@dataclass(frozen=True)
class View:
    """What the Accept header wants to see of objects: `form` is "", "Table", "PartialObjectMetadata" or that of a list.

    `include` is how much of each object a table's row carries: Metadata, Object or None.
    """

    form: str = ""
    include: str = "Metadata"

    def one(self, obj: Object, now: Micros, headings: bool = True) -> Object:
        """An object alone, as it is at the moment `now`; a table without `headings` follows one that had them."""
        if self.form == "Table":
            meta = {"resourceVersion": str(obj["metadata"].get("resourceVersion", ""))}
            return self._table(obj["kind"], [obj], meta, now, headings)
        return _partial(obj) if self.form.startswith("Partial") else obj

    def many(self, resource: Resource, objects: Sequence[Object], meta: Object, now: Micros) -> Object:
        if self.form == "Table":
            return self._table(resource.kind, objects, meta, now, True)
        if self.form.startswith("Partial"):
            items = [_partial(obj) for obj in objects]
            return {"kind": "PartialObjectMetadataList", "apiVersion": _META, "metadata": meta, "items": items}
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
        return {"object": obj if self.include == "Object" else _partial(obj)}


def _column(column: printers.Column) -> Object:
    heading = {"name": column.name.title(), "type": "string", "format": "name" if column.name == "NAME" else ""}
    return {**heading, "description": "", "priority": int(column.wide)}


def _without_type(obj: Object) -> Object:
    """An item of a list, which says once what all of them are."""
    return {key: value for key, value in obj.items() if key not in ("kind", "apiVersion")}


def _partial(obj: Object) -> Object:
    return {"kind": "PartialObjectMetadata", "apiVersion": _META, "metadata": obj["metadata"]}
