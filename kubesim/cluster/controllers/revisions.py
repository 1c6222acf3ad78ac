"""ControllerRevisions: the templates that a DaemonSet or StatefulSet has had.

Mirrors kubernetes pkg/controller/history/controller_history.go and the getPatch functions of both controllers, v1.36.
"""

from __future__ import annotations

import json

from kubesim.api.clock import safe_hash
from kubesim.api.objects import Object, is_owned_by, metadata, name_of, namespace_of, owner_reference
from kubesim.api.resources import CONTROLLER_REVISION, STATEFUL_SET, Resource
from kubesim.cluster.apiserver import APIServer
from kubesim.cluster.controllers.base import claim

HASH = "controller-revision-hash"


def revisions_of(api: APIServer, owner: Object) -> list[Object]:
    """The revisions of an object, oldest first."""
    found = [item for item in api.list(CONTROLLER_REVISION, namespace_of(owner)) if is_owned_by(item, owner)]
    return sorted(found, key=lambda item: int(item["revision"]))


def current_revision(api: APIServer, resource: Resource, owner: Object) -> Object:
    """The revision of the present template, which is made where there is none and becomes the newest where it is not.

    The oldest that are more than spec.revisionHistoryLimit besides it go.
    """
    claim(api, owner, CONTROLLER_REVISION)
    known = revisions_of(api, owner)
    data = {"spec": {"template": {**owner["spec"]["template"], "$patch": "replace"}}}
    number = 1 + max((item["revision"] for item in known), default=0)
    current = next((item for item in known if item["data"] == data), None)
    if current is None:
        current = api.create(CONTROLLER_REVISION, _new(resource, owner, data, number))
    elif current is not known[-1]:
        current = api.record(CONTROLLER_REVISION, {**current, "revision": number})
    old = [item for item in known if name_of(item) != name_of(current)]
    for item in old[: max(0, len(old) - owner["spec"]["revisionHistoryLimit"])]:
        api.delete(CONTROLLER_REVISION, namespace_of(item), name_of(item))
    return current


def _new(resource: Resource, owner: Object, data: Object, number: int) -> Object:
    hash_ = safe_hash(json.dumps(data, sort_keys=True))
    name = f"{name_of(owner)}-{hash_}"
    hashes = {"controller.kubernetes.io/hash": hash_} if resource is STATEFUL_SET else {HASH: hash_}
    meta = {
        "labels": {**metadata(owner["spec"]["template"]).get("labels", {}), **hashes},
        "name": name,
        "namespace": namespace_of(owner),
        "ownerReferences": [owner_reference(owner)],
    }
    if annotations := metadata(owner).get("annotations"):
        meta["annotations"] = annotations
    return {"apiVersion": "apps/v1", "kind": "ControllerRevision", "metadata": meta, "data": data, "revision": number}
