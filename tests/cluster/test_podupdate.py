"""What may change of a Pod, and how the API server shows what may not."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from kubesim.api.resources import POD
from kubesim.cluster.apiserver import validation

UPDATABLE = (
    "pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,"
    "`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),"
    "`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)"
)


def pod(**spec: Any) -> dict[str, Any]:
    container = {"name": "a", "image": "x:1", "imagePullPolicy": "IfNotPresent", "terminationMessagePolicy": "File"}
    return {
        "metadata": {"name": "p", "namespace": "default"},
        "spec": {
            "containers": [container],
            "dnsPolicy": "ClusterFirst",
            "nodeName": "n",
            "restartPolicy": "Always",
            "securityContext": {},
            "terminationGracePeriodSeconds": 30,
            "tolerations": [{"key": "a", "operator": "Exists"}],
            **spec,
        },
    }


def changes(new: Any) -> list[str]:
    before = copy.deepcopy(new)
    found = [str(error) for error in validation.validate_update(POD, new, pod())]
    assert new == before
    return found


def image(name: str) -> list[dict[str, Any]]:
    return [{**pod()["spec"]["containers"][0], "image": name}]


@pytest.mark.parametrize(
    "new",
    [
        pod(),
        pod(containers=image("x:2")),
        pod(activeDeadlineSeconds=5),
        pod(tolerations=[{"key": "a", "operator": "Exists"}, {"key": "b", "operator": "Exists"}]),
    ],
)
def test_what_may_change(new: Any) -> None:
    assert changes(new) == []


def test_a_pull_secret_may_not_be_added() -> None:
    diff = """\
@@ -63,7 +63,11 @@
   "AppArmorProfile": null,
   "SELinuxChangePolicy": null
  },
- "ImagePullSecrets": null,
+ "ImagePullSecrets": [
+  {
+   "Name": "regcred"
+  }
+ ],
  "Hostname": "",
  "Subdomain": "",
  "SetHostnameAsFQDN": null,
"""
    assert changes(pod(imagePullSecrets=[{"name": "regcred"}])) == [f"spec: Forbidden: {UPDATABLE}\n{diff}"]


def test_an_environment_may_not_change() -> None:
    containers = [{**image("x:1")[0], "env": [{"name": "A", "value": "<1>"}], "resources": {"limits": {"cpu": "1"}}}]
    diff = """\
@@ -10,9 +10,17 @@
    "WorkingDir": "",
    "Ports": null,
    "EnvFrom": null,
-   "Env": null,
+   "Env": [
+    {
+     "Name": "A",
+     "Value": "\\u003c1\\u003e",
+     "ValueFrom": null
+    }
+   ],
    "Resources": {
-    "Limits": null,
+    "Limits": {
+     "cpu": "1"
+    },
     "Requests": null,
     "Claims": null
    },
"""
    assert changes(pod(containers=containers)) == [f"spec: Forbidden: {UPDATABLE}\n{diff}"]


def test_other_refusals() -> None:
    assert changes(pod(containers=[*image("x:1"), {**image("x:1")[0], "name": "b"}])) == [
        "spec.containers: Forbidden: pod updates may not add or remove containers"
    ]
    assert changes(pod(tolerations=[])) == [
        "spec.tolerations: Forbidden: existing toleration can not be modified except its tolerationSeconds"
    ]
    assert (
        changes(pod(containers=image(" x:1")))
        == ['spec.containers[0].image: Invalid value: " x:1": must not have leading or trailing whitespace'] * 2
    )
    renamed = pod()
    renamed["metadata"] = {"name": "q", "namespace": "default"}
    assert changes(renamed) == ['metadata.name: Invalid value: "q": field is immutable']
