"""A learner who types lines in a fresh session: short methods for what tests often do and ask."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from kubesim import Session
from kubesim.api import load_yaml
from kubesim.api.objects import Object
from kubesim.api.resources import EVENT, POD, Resource

# An image that its registry gives to myuser with mypassword alone.
PRIVATE = "registry.example.com/myapp:1.0"
# The command that creates a pull secret for PRIVATE; the password is to be appended.
MAKE_SECRET = (
    "kubectl create secret docker-registry regcred --docker-server=registry.example.com "
    "--docker-username=myuser --docker-password="
)


class Learner:
    """A fresh session. A call runs a line, asserts that it succeeds with nothing on stderr, and returns its stdout."""

    def __init__(self) -> None:
        self.session = Session()
        self.api = self.session.cluster.api
        self.kubelet = self.session.cluster.kubelet

    def __call__(self, line: str) -> str:
        result = self.session.run(line)
        assert (result.exit_code, result.stderr) == (0, ""), result.screen
        return result.stdout

    def fails(self, line: str) -> str:
        """Run a line, assert that it fails with nothing on stdout, and return its stderr."""
        result = self.session.run(line)
        assert result.exit_code != 0, result.screen
        assert result.stdout == ""
        return result.stderr

    def apply(self, name: str, *containers: Object, **spec: Any) -> None:
        """Create the Pod `name` with these containers and other fields of its spec."""
        pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": {"containers": containers}}
        pod["spec"] |= spec  # type: ignore[operator]
        self.session.write_file(f"{name}.json", json.dumps(pod))
        self(f"kubectl apply -f {name}.json")

    def wait(self, seconds: float) -> None:
        """Advance the simulated clock, and everything that happens meanwhile."""
        self.session.advance(seconds)

    def get(self, resource: Resource, name: str, namespace: str = "default") -> Object:
        """The stored object. Raises StatusError if there is none."""
        return self.api.get(resource, namespace if resource.namespaced else "", name)

    def status(self, pod: str) -> str:
        """The STATUS that `kubectl get pod` shows."""
        return self(f"kubectl get pod {pod} --no-headers").split()[2]

    def state(self, pod: str, container: int = 0) -> Object:
        """The state of a Pod's container, by its index, as the Pod's status has it."""
        state: Object = self.get(POD, pod)["status"]["containerStatuses"][container]["state"]
        return state

    def events(self, name: str) -> list[tuple[str, int]]:
        """The reason and the count of each event about an object of the default namespace, oldest first."""
        events = self.api.list(EVENT, "default")
        return [(event["reason"], event.get("count", 1)) for event in events if event["involvedObject"]["name"] == name]


def container(image: str, name: str = "app", **fields: Any) -> Object:
    """A container of a Pod spec."""
    return {"name": name, "image": image, **fields}


def rows(test: str) -> Any:
    """The parameters of a test file's tests, by test; rows/flags.yaml for test_flags.py and test_kubectl_flags.py.

    `test` is the file's path, `__file__` of the caller.
    """
    path = Path(test)
    name = path.stem.removeprefix("test_").removeprefix("kubectl_")
    return load_yaml(path.parent / "rows" / f"{name}.yaml")
