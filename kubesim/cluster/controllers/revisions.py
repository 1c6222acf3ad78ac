"""The revision history of DaemonSets and StatefulSets: a ControllerRevision for each template.

Mirrors kubernetes pkg/controller/history/controller_history.go, v1.36.
"""

from __future__ import annotations

import json

from kubesim.api.digest import content_hash
from kubesim.api.objects import Object, annotations_of, labels_of, name_of
from kubesim.api.resources import CONTROLLER_REVISION
from kubesim.cluster.controllers.base import Controller, dependent

REVISION_HASH = "controller-revision-hash"


class RevisionedController(Controller):
    """A controller that stores each template of its objects in a ControllerRevision."""

    # The label of a ControllerRevision with its hash. StatefulSets have another one, and all Pods REVISION_HASH.
    HASH_LABEL = REVISION_HASH

    def revisions(self, owner: Object) -> list[Object]:
        """The ControllerRevisions of an object, by ascending revision. Unlike Pods, all that refer to it count."""
        return sorted(self.api.owned_by(owner, CONTROLLER_REVISION), key=lambda item: int(item["revision"]))

    def ensure_revision(self, owner: Object) -> Object:
        """The revision of the owner's current template, created if needed; it gets the highest number."""
        known = self.revisions(owner)
        data = {"spec": {"template": {**owner["spec"]["template"], "$patch": "replace"}}}
        number = 1 + max((item["revision"] for item in known), default=0)
        current = next((item for item in known if item.get("data") == data), None)
        if current is None:
            current = self.api.create(CONTROLLER_REVISION, self._new(owner, data, number))
        elif current is not known[-1]:
            current = self.api.put(CONTROLLER_REVISION, {**current, "revision": number})
        return current

    def hash_of(self, data: Object) -> str:
        """The hash for the name and label of a revision with these data. Subclasses may hash differently."""
        return content_hash(json.dumps(data, sort_keys=True, separators=(",", ":"), ensure_ascii=False))

    def _new(self, owner: Object, data: Object, number: int) -> Object:
        data_hash = self.hash_of(data)
        labels = {**labels_of(owner["spec"]["template"]), self.HASH_LABEL: data_hash}
        meta = {"labels": labels, "name": f"{name_of(owner)}-{data_hash}"}
        if annotations := annotations_of(owner):
            meta["annotations"] = annotations
        return dependent(owner, CONTROLLER_REVISION, meta, data=data, revision=number)


def revision_of(pod: Object) -> str:
    """The revision of a Pod's template, from the Pod's label; "" without one."""
    return labels_of(pod).get(REVISION_HASH, "")
