from textwrap import dedent
from typing import Any

import pytest

from kubesim.api.clock import parse_time
from kubesim.kubectl import describers as describe

NOW = parse_time("2026-11-24T14:00:20Z")
CREATED = "2026-11-24T14:00:00Z"
NO_EVENTS: dict[str, list[Any]] = {"events": []}


def obj(kind: str, name: str = "x", **fields: Any) -> dict[str, Any]:
    meta = {"name": name, "namespace": "default", "creationTimestamp": CREATED, "uid": "u-1", **fields.pop("meta", {})}
    return {"apiVersion": "v1", "kind": kind, "metadata": meta, **fields}


def check(shown: dict[str, Any], related: dict[str, list[Any]], expected: str) -> None:
    """Compare a whole screen; "~" stands for a space at the end of a line."""
    assert describe.describe(shown, related, NOW) == dedent(expected).replace("~", " ")


def test_a_secret_shows_sizes_and_not_values() -> None:
    secret = obj("Secret", type="Opaque", data={"user": "YWRtaW4=", "pass": "czNjcjN0IQ=="})
    expected = """\
        Name:         x
        Namespace:    default
        Labels:       <none>
        Annotations:  <none>

        Type:  Opaque

        Data
        ====
        pass:  7 bytes
        user:  5 bytes
        """
    check(secret, NO_EVENTS, expected)


def test_a_token_is_shown() -> None:
    secret = obj("Secret", type="kubernetes.io/service-account-token", data={"token": "YWJj", "ca.crt": "YQ=="})
    assert describe.describe(secret, {}, NOW).endswith("====\nca.crt:  1 bytes\ntoken:   abc\n")


def test_a_config_map_shows_its_values() -> None:
    long = "word " * 40
    annotations = {"a/long": long, "b/lines": "one\ntwo\n", "c/short": "value"}
    data = {"text": "one\ntwo\n", "key": "value"}
    config_map = obj("ConfigMap", data=data, binaryData={"raw": "AAEC"}, meta={"annotations": annotations})
    check(
        config_map,
        NO_EVENTS,
        f"""\
        Name:         x
        Namespace:    default
        Labels:       <none>
        Annotations:  a/long:
                        {long[:138]}...
                      b/lines:
                        one
                        two
                      c/short: value

        Data
        ====
        key:
        ----
        value

        text:
        ----
        one
        two



        BinaryData
        ====
        raw: 3 bytes

        Events:  <none>
        """,
    )


def test_control_characters_are_made_visible() -> None:
    config_map = obj("ConfigMap", data={"colour": "\x1b[31mred\r"})
    assert "colour:\n----\n^[[31mred\\r\n" in describe.describe(config_map, {}, NOW)


@pytest.mark.parametrize(
    ("secrets", "lines"),
    [
        ([{"metadata": {"name": "one"}}], ("one", "two (not found)")),
        (None, ("one", "two")),
    ],
)
def test_a_service_account_shows_which_pull_secrets_are_missing(secrets: Any, lines: tuple[str, str]) -> None:
    account = obj("ServiceAccount", imagePullSecrets=[{"name": "one"}, {"name": "two"}])
    related = NO_EVENTS | ({"secrets": secrets} if secrets else {})
    expected = f"""\
        Name:                x
        Namespace:           default
        Labels:              <none>
        Annotations:         <none>
        Image pull secrets:  {lines[0]}
                             {lines[1]}
        Events:              <none>
        """
    check(account, related, expected)


def template(hash_label: str = "", image: str = "nginx") -> dict[str, Any]:
    labels = {"app": "web"} | ({"pod-template-hash": hash_label} if hash_label else {})
    return {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "app", "image": image}]}}


def replica_set(name: str, created: str, replicas: int, owner: str = "u-1", image: str = "nginx") -> dict[str, Any]:
    owners = [{"kind": "Deployment", "name": "x", "uid": owner, "controller": True}]
    return obj(
        "ReplicaSet",
        name,
        meta={"ownerReferences": owners, "creationTimestamp": created, "uid": f"u-{name}"},
        spec={
            "replicas": replicas,
            "selector": {"matchLabels": {"app": "web", "pod-template-hash": name}},
            "template": template(name, image),
        },
        status={"replicas": replicas},
    )


CONDITIONS = [{"type": "Available", "status": "True", "reason": "MinimumReplicasAvailable"}]
DEPLOYMENT = obj(
    "Deployment",
    meta={"annotations": {"deployment.kubernetes.io/revision": "2"}},
    spec={
        "replicas": 2,
        "selector": {"matchLabels": {"app": "web"}},
        "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "25%", "maxUnavailable": 1}},
        "template": template(),
    },
    status={"replicas": 3, "updatedReplicas": 1, "availableReplicas": 2, "conditions": CONDITIONS},
)
SCALED = {
    "type": "Normal",
    "reason": "ScalingReplicaSet",
    "message": "Scaled up replica set new from 0 to 1",
    "source": {"component": "deployment-controller"},
    "count": 1,
    "firstTimestamp": "2026-11-24T14:00:10Z",
    "lastTimestamp": "2026-11-24T14:00:10Z",
}


def test_a_deployment_knows_its_old_and_new_replica_sets() -> None:
    sets = [
        replica_set("new", "2026-11-24T14:00:10Z", 1),
        replica_set("old", "2026-11-24T14:00:05Z", 2, image="nginx:1.27"),
        replica_set("oldest", CREATED, 0, image="nginx:1.26"),
        replica_set("foreign", CREATED, 5, owner="u-2"),
    ]
    expected = """\
        Name:                   x
        Namespace:              default
        CreationTimestamp:      Tue, 24 Nov 2026 14:00:00 +0000
        Labels:                 <none>
        Annotations:            deployment.kubernetes.io/revision: 2
        Selector:               app=web
        Replicas:               2 desired | 1 updated | 3 total | 2 available | 0 unavailable
        StrategyType:           RollingUpdate
        MinReadySeconds:        0
        RollingUpdateStrategy:  1 max unavailable, 25% max surge
        Pod Template:
          Labels:  app=web
          Containers:
           app:
            Image:         nginx
            Port:          <none>
            Host Port:     <none>
            Environment:   <none>
            Mounts:        <none>
          Volumes:         <none>
          Node-Selectors:  <none>
          Tolerations:     <none>
        Conditions:
          Type           Status  Reason
          ----           ------  ------
          Available      True    MinimumReplicasAvailable
        OldReplicaSets:  oldest (0/0 replicas created), old (2/2 replicas created)
        NewReplicaSet:   new (1/1 replicas created)
        Events:
          Type    Reason             Age   From                   Message
          ----    ------             ----  ----                   -------
          Normal  ScalingReplicaSet  10s   deployment-controller  Scaled up replica set new from 0 to 1
        """
    check(DEPLOYMENT, {"replicasets": sets, "events": [SCALED]}, expected)


def test_a_replica_set_counts_its_pods() -> None:
    owned = {"metadata": {"ownerReferences": [{"uid": "u-new", "controller": True}]}}
    pods = [owned | {"status": {"phase": phase}} for phase in ("Running", "Pending", "Pending")]
    pods.append({"metadata": {}, "status": {"phase": "Running"}})
    expected = """\
        Name:           new
        Namespace:      default
        Selector:       app=web,pod-template-hash=new
        Labels:         <none>
        Annotations:    <none>
        Controlled By:  Deployment/x
        Replicas:       3 current / 3 desired
        Pods Status:    1 Running / 2 Waiting / 0 Succeeded / 0 Failed
        Pod Template:
          Labels:  app=web
                   pod-template-hash=new
          Containers:
           app:
            Image:         nginx
            Port:          <none>
            Host Port:     <none>
            Environment:   <none>
            Mounts:        <none>
          Volumes:         <none>
          Node-Selectors:  <none>
          Tolerations:     <none>
        Events:            <none>
        """
    check(replica_set("new", CREATED, 3), {"pods": pods} | NO_EVENTS, expected)


@pytest.mark.parametrize("kind", ["Role", "ClusterRole"])
def test_a_role_has_a_line_for_every_resource(kind: str) -> None:
    rules = [
        {"apiGroups": ["", "apps"], "resources": ["pods", "deployments/scale"], "verbs": ["get"]},
        {"apiGroups": [""], "resources": ["pods"], "verbs": ["list"]},
        {"apiGroups": [""], "resources": ["secrets"], "resourceNames": ["regcred"], "verbs": ["get"]},
        {"nonResourceURLs": ["/healthz"], "verbs": ["get"]},
    ]
    expected = """\
        Name:         x
        Labels:       <none>
        Annotations:  <none>
        PolicyRule:
          Resources               Non-Resource URLs  Resource Names  Verbs
          ---------               -----------------  --------------  -----
          pods                    []                 []              [get list]
                                  [/healthz]         []              [get]
          deployments/scale       []                 []              [get]
          secrets                 []                 [regcred]       [get]
          deployments.apps/scale  []                 []              [get]
          pods.apps               []                 []              [get]
        """
    check(obj(kind, rules=rules), {}, expected)


@pytest.mark.parametrize("kind", ["RoleBinding", "ClusterRoleBinding"])
def test_a_role_binding(kind: str) -> None:
    subjects = [{"kind": "User", "name": "jane"}, {"kind": "ServiceAccount", "name": "ci", "namespace": "default"}]
    expected = """\
        Name:         x
        Labels:       <none>
        Annotations:  <none>
        Role:
          Kind:  Role
          Name:  reader
        Subjects:
          Kind            Name  Namespace
          ----            ----  ---------
          User            jane ~
          ServiceAccount  ci    default
        """
    check(obj(kind, roleRef={"kind": "Role", "name": "reader"}, subjects=subjects), {}, expected)


def test_a_service() -> None:
    spec = {
        "type": "NodePort",
        "ipFamilyPolicy": "SingleStack",
        "ipFamilies": ["IPv4"],
        "clusterIP": "10.96.0.1",
        "clusterIPs": ["10.96.0.1"],
        "ports": [{"port": 443, "targetPort": 6443, "nodePort": 30443, "protocol": "TCP"}],
        "sessionAffinity": "None",
        "internalTrafficPolicy": "Cluster",
    }
    expected = """\
        Name:                     x
        Namespace:                default
        Labels:                   <none>
        Annotations:              <none>
        Selector:                 <none>
        Type:                     NodePort
        IP Family Policy:         SingleStack
        IP Families:              IPv4
        IP:                       10.96.0.1
        IPs:                      10.96.0.1
        Port:                     <unset>  443/TCP
        TargetPort:               6443/TCP
        NodePort:                 <unset>  30443/TCP
        Endpoints:                <none>
        Session Affinity:         None
        Internal Traffic Policy:  Cluster
        Events:                   <none>
        """
    check(obj("Service", spec=spec), NO_EVENTS, expected)


def container(kind: str, cpu: str, memory: str, **more: str) -> dict[str, Any]:
    return {"name": "a", "resources": {kind: {"cpu": cpu, "memory": memory}}, **more}


def pod(name: str, containers: list[Any], inits: list[Any], phase: str = "Running", node: str = "x") -> dict[str, Any]:
    spec = {"nodeName": node, "containers": containers, "initContainers": inits}
    return obj("Pod", name, spec=spec, status={"phase": phase})


NODE = obj(
    "Node",
    meta={"labels": {"node-role.kubernetes.io/worker": ""}},
    spec={
        "podCIDR": "10.244.1.0/24",
        "podCIDRs": ["10.244.1.0/24"],
        "taints": [{"key": "gpu", "value": "yes", "effect": "NoSchedule"}, {"key": "a", "effect": "NoExecute"}],
    },
    status={
        "addresses": [{"type": "InternalIP", "address": "192.0.2.10"}],
        "capacity": {"memory": "8Gi", "cpu": "4"},
        "allocatable": {"memory": "4Gi", "cpu": "2"},
        "conditions": [
            {
                "type": "Ready",
                "status": "True",
                "lastHeartbeatTime": "2026-11-24T14:00:15Z",
                "lastTransitionTime": CREATED,
                "reason": "KubeletReady",
                "message": "kubelet is posting ready status",
            }
        ],
        "nodeInfo": {"kubeletVersion": "v1.36.2", "osImage": "Debian"},
    },
)

NODE_SCREEN = """\
        Name:               x
        Roles:              worker
        Labels:             node-role.kubernetes.io/worker=
        Annotations:        <none>
        CreationTimestamp:  Tue, 24 Nov 2026 14:00:00 +0000
        Taints:             a:NoExecute
                            gpu=yes:NoSchedule
        Unschedulable:      false
        Lease:
          HolderIdentity:  x
          AcquireTime:     <unset>
          RenewTime:       Tue, 24 Nov 2026 14:00:20 +0000
        Conditions:
          Type    Status  LastHeartbeatTime                 LastTransitionTime                \
Reason         Message
          ----    ------  -----------------                 ------------------                \
------         -------
          Ready   True    Tue, 24 Nov 2026 14:00:15 +0000   Tue, 24 Nov 2026 14:00:00 +0000   \
KubeletReady   kubelet is posting ready status
        Addresses:
          InternalIP:  192.0.2.10
        Capacity:
          cpu:     4
          memory:  8Gi
        Allocatable:
          cpu:     2
          memory:  4Gi
        System Info:
          Machine ID:                ~
          System UUID:               ~
          Boot ID:                   ~
          Kernel Version:            ~
          OS Image:                   Debian
          Operating System:          ~
          Architecture:              ~
          Container Runtime Version: ~
          Kubelet Version:            v1.36.2
        PodCIDR:                      10.244.1.0/24
        PodCIDRs:                     10.244.1.0/24
"""


def test_a_node_and_what_runs_on_it() -> None:
    pods = [
        pod("one", [container("requests", "100m", "64Mi"), container("requests", "150m", "1Gi")], []),
        pod("two", [container("limits", "1", "512Mi")], [container("limits", "500m", "1Gi")]),
        pod("three", [container("requests", "1", "1Ki")], [container("requests", "1", "1Ki", restartPolicy="Always")]),
        pod("done", [container("requests", "2", "1Gi")], [], phase="Succeeded"),
        pod("elsewhere", [container("requests", "2", "1Gi")], [], node="y"),
    ]
    expected = (
        NODE_SCREEN
        + """\
        Non-terminated Pods:          (3 in total)
          Namespace                   Name     CPU Requests  CPU Limits  Memory Requests  Memory Limits  Age
          ---------                   ----     ------------  ----------  ---------------  -------------  ---
          default                     one      250m (12%)    0 (0%)      1088Mi (26%)     0 (0%)         20s
          default                     two      0 (0%)        1 (50%)     0 (0%)           1Gi (25%)      20s
          default                     three    2 (100%)      0 (0%)      2Ki (0%)         0 (0%)         20s
        Allocated resources:
          (Total limits may be over 100 percent, i.e., overcommitted.)
          Resource           Requests         Limits
          --------           --------         ------
          cpu                2250m (112%)     1 (50%)
          memory             1114114Ki (26%)  1Gi (25%)
          ephemeral-storage  0 (0%)           0 (0%)
        Events:              <none>
        """
    )
    check(NODE, {"pods": pods} | NO_EVENTS, expected)


def test_a_node_whose_pods_may_not_be_listed() -> None:
    expected = NODE_SCREEN + "        Pods:                         not authorized\n"
    check(NODE, {}, expected)


def test_any_other_kind_is_shown_field_by_field() -> None:
    widget = obj(
        "Widget",
        apiURL="https://example.com",
        count=1,
        ready=True,
        eventTime=None,
        parts=["a", {"kind": "b"}],
        meta={"managedFields": [{}], "labels": {"a": "b"}},
    )
    expected = """\
        Name:         x
        Namespace:    default
        Labels:       a=b
        Annotations:  <none>
        API URL:      https://example.com
        API Version:  v1
        Count:        1
        Event Time:   <nil>
        Kind:         Widget
        Metadata:
          Creation Timestamp:  2026-11-24T14:00:00Z
          UID:                 u-1
        Parts:
          a
          Kind:  b
        Ready:   true
        Events:  <none>
        """
    check(widget, NO_EVENTS, expected)


def test_what_a_kind_wants_to_know() -> None:
    assert describe.RELATED["Deployment"] == ("replicasets", "events")
    assert describe.RELATED["Secret"] == ()
