"""Somebody who types commands: a session with short words for what tests do with it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from kubesim import Session
from kubesim.api import load_yaml
from kubesim.api.objects import Object
from kubesim.api.resources import EVENT, POD, Resource

PRIVATE = "registry.example.com/myapp:1.0"
MAKE_SECRET = (
    "kubectl create secret docker-registry regcred --docker-server=registry.example.com "
    "--docker-username=myuser --docker-password="
)


class Learner:
    """A fresh session; calling it runs a line that must succeed and returns what it printed."""

    def __init__(self) -> None:
        self.session = Session()
        self.api = self.session.cluster.api
        self.kubelet = self.session.cluster.kubelet

    def __call__(self, line: str) -> str:
        result = self.session.run(line)
        assert (result.exit_code, result.stderr) == (0, ""), result.screen
        return result.stdout

    def fails(self, line: str) -> str:
        """Run a line that must fail silently on stdout; return what it complained of."""
        result = self.session.run(line)
        assert result.exit_code != 0, result.screen
        assert result.stdout == ""
        return result.stderr

    def apply(self, name: str, *containers: Object, **spec: Any) -> None:
        """Create a Pod."""
        pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": {"containers": containers}}
        pod["spec"] |= spec  # type: ignore[operator]
        self.session.write_file(f"{name}.json", json.dumps(pod))
        self(f"kubectl apply -f {name}.json")

    def wait(self, seconds: float) -> None:
        """Let time pass."""
        self.session.advance(seconds)

    def get(self, resource: Resource, name: str, namespace: str = "default") -> Object:
        """A stored object."""
        return self.api.get(resource, namespace if resource.namespaced else "", name)

    def status(self, pod: str) -> str:
        """The STATUS that `kubectl get pod` shows."""
        return self(f"kubectl get pod {pod} --no-headers").split()[2]

    def state(self, pod: str, container: int = 0) -> Object:
        """The state of a container."""
        state: Object = self.get(POD, pod)["status"]["containerStatuses"][container]["state"]
        return state

    def events(self, name: str) -> list[tuple[str, int]]:
        """Reasons and counts of the events of an object, the first said first."""
        events = self.api.list(EVENT, "default")
        return [(event["reason"], event.get("count", 1)) for event in events if event["involvedObject"]["name"] == name]


def container(image: str, name: str = "app", **fields: Any) -> Object:
    """A container of a Pod spec."""
    return {"name": name, "image": image, **fields}


def rows(test: str) -> Any:
    """The tables of a test file, by test: rows/flags.yaml for test_flags.py and test_kubectl_flags.py."""
    path = Path(test)
    name = path.stem.removeprefix("test_").removeprefix("kubectl_")
    return load_yaml(path.parent / "rows" / f"{name}.yaml")
