from textwrap import dedent
from typing import Any

from kubesim.api.clock import parse_time
from kubesim.kubectl import describers as describe

NOW = parse_time("2026-11-24T14:00:41Z")
CREATED = "2026-11-24T14:00:00Z"
TOKEN = {
    "name": "kube-api-access-abcde",
    "projected": {
        "sources": [
            {"serviceAccountToken": {"expirationSeconds": 3607, "path": "token"}},
            {"configMap": {"name": "kube-root-ca.crt"}},
            {"downwardAPI": {"items": []}},
        ]
    },
}
MOUNT = {"mountPath": "/var/run/secrets/token", "name": "kube-api-access-abcde", "readOnly": True}


def event(kind: str, reason: str, message: str, times: tuple[str, str], count: int = 1, field: str = "") -> Any:
    about = {"kind": "Pod", "name": "web"} | ({"fieldPath": field} if field else {})
    stamps = {"firstTimestamp": f"2026-11-24T14:00:{times[0]}Z", "lastTimestamp": f"2026-11-24T14:00:{times[1]}Z"}
    source = {"component": "kubelet"}
    return {"type": kind, "reason": reason, "message": message, "count": count, "source": source} | {
        "involvedObject": about,
        **stamps,
    }


SCHEDULED = {
    "type": "Normal",
    "reason": "Scheduled",
    "message": "Successfully assigned default/web to sim-worker",
    "eventTime": "2026-11-24T14:00:00.700000Z",
    "firstTimestamp": None,
    "lastTimestamp": None,
    "reportingComponent": "default-scheduler",
    "involvedObject": {"kind": "Pod", "name": "web"},
}


def waiting_pod() -> dict[str, Any]:
    applied = {"kubectl.kubernetes.io/last-applied-configuration": "{}\n"}
    return {
        "kind": "Pod",
        "metadata": {"name": "web", "namespace": "default", "annotations": applied, "creationTimestamp": CREATED},
        "spec": {
            "priority": 0,
            "serviceAccountName": "default",
            "nodeName": "sim-worker",
            "containers": [
                {"name": "app", "image": "registry.example.com/myapp:1.0", "resources": {}, "volumeMounts": [MOUNT]}
            ],
            "tolerations": [
                {"key": "node/unreachable", "effect": "NoExecute", "operator": "Exists", "tolerationSeconds": 300},
                {"key": "node/not-ready", "effect": "NoExecute", "operator": "Exists", "tolerationSeconds": 300},
            ],
            "volumes": [TOKEN],
        },
        "status": {
            "phase": "Pending",
            "startTime": CREATED,
            "hostIP": "192.0.2.10",
            "podIP": "10.244.1.5",
            "podIPs": [{"ip": "10.244.1.5"}],
            "qosClass": "BestEffort",
            "conditions": [
                {"type": "PodReadyToStartContainers", "status": "True"},
                {"type": "Ready", "status": "False", "reason": "ContainersNotReady"},
            ],
            "containerStatuses": [
                {
                    "name": "app",
                    "imageID": "",
                    "ready": False,
                    "restartCount": 0,
                    "lastState": {},
                    "state": {"waiting": {"reason": "ErrImagePull", "message": "no basic auth credentials"}},
                }
            ],
        },
    }


# A "~" stands for the space that kubectl leaves at the end of a line.
WAITING = """\
    Name:             web
    Namespace:        default
    Priority:         0
    Service Account:  default
    Node:             sim-worker/192.0.2.10
    Start Time:       Tue, 24 Nov 2026 14:00:00 +0000
    Labels:           <none>
    Annotations:      <none>
    Status:           Pending
    IP:               10.244.1.5
    IPs:
      IP:  10.244.1.5
    Containers:
      app:
        Container ID:  ~
        Image:          registry.example.com/myapp:1.0
        Image ID:      ~
        Port:           <none>
        Host Port:      <none>
        State:          Waiting
          Reason:       ErrImagePull
        Ready:          False
        Restart Count:  0
        Environment:    <none>
        Mounts:
          /var/run/secrets/token from kube-api-access-abcde (ro)
    Conditions:
      Type                        Status
      PodReadyToStartContainers   True~
      Ready                       False~
    Volumes:
      kube-api-access-abcde:
        Type:                    Projected (a volume that contains injected data from multiple sources)
        TokenExpirationSeconds:  3607
        ConfigMapName:           kube-root-ca.crt
        Optional:                false
        DownwardAPI:             true
    QoS Class:                   BestEffort
    Node-Selectors:              <none>
    Tolerations:                 node/not-ready:NoExecute op=Exists for 300s
                                 node/unreachable:NoExecute op=Exists for 300s
"""


def screen(text: str) -> str:
    return dedent(text).replace("~", " ")


def test_a_pod_that_waits_for_its_image() -> None:
    events = [
        event("Warning", "Failed", "Error: ErrImagePull", ("01", "35"), 3, "spec.containers{app}"),
        event("Normal", "Pulling", ' Pulling image "web"\n', ("01", "34"), 3, "spec.containers{app}"),
        event("Warning", "FailedToRetrieveImagePullSecret", "Unable to retrieve", ("01", "01")),
        SCHEDULED,
    ]
    expected = screen(WAITING) + screen("""\
        Events:
          Type     Reason                           Age               From               Message
          ----     ------                           ----              ----               -------
          Normal   Scheduled                        40s               default-scheduler  \
Successfully assigned default/web to sim-worker
          Warning  FailedToRetrieveImagePullSecret  40s               kubelet            Unable to retrieve
          Normal   Pulling                          7s (x3 over 40s)  kubelet            \
spec.containers{app}: Pulling image "web"
          Warning  Failed                           6s (x3 over 40s)  kubelet            \
spec.containers{app}: Error: ErrImagePull
        """)
    assert describe.describe(waiting_pod(), {"events": events}, NOW) == expected


def test_the_events_are_left_out_where_nobody_asked_for_them() -> None:
    without = describe.describe(waiting_pod(), {}, NOW)
    assert without == screen(WAITING)
    assert describe.describe(waiting_pod(), {"events": []}, NOW) == without + "Events:                      <none>\n"
    assert describe.join([without, without]) == f"{without}\n\n{without}"


def test_a_series_of_events() -> None:
    series = SCHEDULED | {"series": {"count": 4, "lastObservedTime": "2026-11-24T14:00:39.000000Z"}}
    assert "Normal  Scheduled  2s (x4 over 40s)  default-scheduler  Success" in describe.describe(
        waiting_pod(), {"events": [series]}, NOW
    )


def ended(code: int, reason: str) -> dict[str, Any]:
    return {"terminated": {"exitCode": code, "reason": reason, "startedAt": CREATED, "finishedAt": CREATED}}


SETTINGS = [
    {"name": "MODE", "value": "prod"},
    {"name": "LINES", "value": "one\ntwo"},
    {"name": "NAME", "valueFrom": {"fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.name"}}},
    {"name": "APP", "valueFrom": {"fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.labels['app']"}}},
    {"name": "IP", "valueFrom": {"fieldRef": {"apiVersion": "v1", "fieldPath": "status.podIP"}}},
    {"name": "PASSWORD", "valueFrom": {"secretKeyRef": {"name": "creds", "key": "password", "optional": True}}},
    {"name": "COLOUR", "valueFrom": {"configMapKeyRef": {"name": "settings", "key": "colour"}}},
]

RUNNING = {
    "kind": "Pod",
    "metadata": {
        "name": "shop",
        "namespace": "default",
        "labels": {"tier": "web", "app": "shop"},
        "ownerReferences": [{"kind": "ReplicaSet", "name": "shop-5d69", "controller": True}],
        "deletionTimestamp": "2026-11-24T14:00:40Z",
        "deletionGracePeriodSeconds": 30,
    },
    "spec": {
        "nodeName": "sim-worker",
        "nodeSelector": {"disk": "ssd"},
        "initContainers": [{"name": "init", "image": "nginx", "command": ["sh", "-c", "a\nb"], "args": ["x"]}],
        "containers": [
            {
                "name": "web",
                "image": "nginx",
                "ports": [{"containerPort": 8080, "protocol": "TCP"}, {"containerPort": 53, "protocol": "UDP"}],
                "resources": {"limits": {"memory": "128Mi"}, "requests": {"memory": "64Mi", "cpu": "0.1"}},
                "readinessProbe": {"httpGet": {"path": "/ok", "port": 8080, "scheme": "HTTP"}, "periodSeconds": 5},
                "envFrom": [
                    {"secretRef": {"name": "creds"}},
                    {"prefix": "C_", "configMapRef": {"name": "settings", "optional": True}},
                ],
                "env": SETTINGS,
                "volumeMounts": [
                    {"mountPath": "/tmp", "name": "scratch", "subPath": "a"},
                    {"mountPath": "/etc/creds", "name": "creds", "readOnly": True},
                ],
            }
        ],
        "tolerations": [{"operator": "Exists"}, {"key": "a", "value": "b", "effect": "NoSchedule"}],
        "volumes": [
            {"name": "creds", "secret": {"secretName": "creds"}},
            {"name": "settings", "configMap": {"name": "settings", "optional": True}},
            {"name": "scratch", "emptyDir": {"sizeLimit": "1Gi"}},
            {"name": "logs", "hostPath": {"path": "/var/log", "type": "Directory"}},
            {"name": "all", "projected": {"sources": [{"secret": {"name": "creds"}}]}},
            {"name": "odd", "nfs": {}},
        ],
    },
    "status": {
        "phase": "Running",
        "hostIP": "192.0.2.10",
        "qosClass": "Burstable",
        "initContainerStatuses": [
            {"name": "init", "containerID": "c://1", "imageID": "i", "ready": True, "state": ended(0, "Completed")}
        ],
        "containerStatuses": [
            {
                "name": "web",
                "containerID": "c://2",
                "imageID": "i",
                "ready": True,
                "restartCount": 2,
                "state": {"running": {"startedAt": CREATED}},
                "lastState": ended(1, "Error"),
            }
        ],
    },
}

SHOP = """\
    Name:                      shop
    Namespace:                 default
    Node:                      sim-worker/192.0.2.10
    Labels:                    app=shop
                               tier=web
    Annotations:               <none>
    Status:                    Terminating (lasts 1s)
    Termination Grace Period:  30s
    IP:                       ~
    IPs:                       <none>
    Controlled By:             ReplicaSet/shop-5d69
    Init Containers:
      init:
        Container ID:  c://1
        Image:         nginx
        Image ID:      i
        Port:          <none>
        Host Port:     <none>
        Command:
          sh
          -c
          a
          b
        Args:
          x
        State:          Terminated
          Reason:       Completed
          Exit Code:    0
          Started:      Tue, 24 Nov 2026 14:00:00 +0000
          Finished:     Tue, 24 Nov 2026 14:00:00 +0000
        Ready:          True
        Restart Count:  0
        Environment:    <none>
        Mounts:         <none>
    Containers:
      web:
        Container ID:   c://2
        Image:          nginx
        Image ID:       i
        Ports:          8080/TCP, 53/UDP
        Host Ports:     0/TCP, 0/UDP
        State:          Running
          Started:      Tue, 24 Nov 2026 14:00:00 +0000
        Last State:     Terminated
          Reason:       Error
          Exit Code:    1
          Started:      Tue, 24 Nov 2026 14:00:00 +0000
          Finished:     Tue, 24 Nov 2026 14:00:00 +0000
        Ready:          True
        Restart Count:  2
        Limits:
          memory:  128Mi
        Requests:
          cpu:      100m
          memory:   64Mi
        Readiness:  http-get http://:8080/ok delay=0s timeout=1s period=5s #success=1 #failure=3
        Environment Variables from:
          creds     Secret                      Optional: false
          settings  ConfigMap with prefix 'C_'  Optional: true
        Environment:
          MODE:      prod
          LINES:     one
                     two
          NAME:      shop (v1:metadata.name)
          APP:       shop (v1:metadata.labels['app'])
          IP:         (v1:status.podIP)
          PASSWORD:  <set to the key 'password' in secret 'creds'>       Optional: true
          COLOUR:    <set to the key 'colour' of config map 'settings'>  Optional: false
        Mounts:
          /etc/creds from creds (ro)
          /tmp from scratch (rw,path="a")
    Volumes:
      creds:
        Type:        Secret (a volume populated by a Secret)
        SecretName:  creds
        Optional:    false
      settings:
        Type:      ConfigMap (a volume populated by a ConfigMap)
        Name:      settings
        Optional:  true
      scratch:
        Type:       EmptyDir (a temporary directory that shares a pod's lifetime)
        Medium:    ~
        SizeLimit:  1Gi
      logs:
        Type:          HostPath (bare host directory volume)
        Path:          /var/log
        HostPathType:  Directory
      all:
        Type:        Projected (a volume that contains injected data from multiple sources)
        SecretName:  creds
        Optional:    false
      odd:
      <unknown>
    QoS Class:       Burstable
    Node-Selectors:  disk=ssd
    Tolerations:     op=Exists
                     a=b:NoSchedule
"""


def test_a_pod_with_all_that_a_pod_can_have() -> None:
    assert describe.describe(RUNNING, {}, NOW) == screen(SHOP)


def test_a_pod_that_nobody_has_scheduled() -> None:
    pod = {"kind": "Pod", "metadata": {"name": "p"}, "spec": {"containers": [{"name": "a", "image": "nginx"}]}}
    expected = screen("""\
        Name:         p
        Namespace:   ~
        Node:         <none>
        Labels:       <none>
        Annotations:  <none>
        Status:       Pending
        IP:          ~
        IPs:          <none>
        Containers:
          a:
            Image:        nginx
            Port:         <none>
            Host Port:    <none>
            Environment:  <none>
            Mounts:       <none>
        Volumes:          <none>
        QoS Class:        BestEffort
        Node-Selectors:   <none>
        Tolerations:      <none>
        """)
    assert describe.describe(pod | {"status": {"phase": "Pending"}}, {}, NOW) == expected
