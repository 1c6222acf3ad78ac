"""The base of all packages: resources, objects, schema, errors, selectors, time, and the simulated versions."""

import json
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

# The versions of the cluster on which the recordings were made.
KUBERNETES = "v1.36.2"
KUBECTL = "v1.36.4"
KUSTOMIZE = "v5.8.1"
CONTAINERD = "2.4.0-beta"


@cache
def load_table(module: str, name: str) -> Any:
    """Read a JSON file beside a module, given by its `__file__`. The result is cached: callers must not change it."""
    return json.loads(Path(module).with_name(name).read_text(encoding="utf-8"))


def load_yaml(path: Path) -> Any:
    """Read a YAML file, or the JSON file of the same name beside it, which takes a hundredth of the time.

    The page /why/ has such JSON files. PyYAML takes 10 ms to import, and the first answer of a command rarely needs it,
    so the import is late.
    """
    with suppress(OSError):
        return json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
    import yaml

    return yaml.load(path.read_text(encoding="utf-8"), yaml_loader())


def yaml_loader() -> Any:
    """PyYAML's loader of plain values: the one in C if it is installed, which takes a tenth of the time."""
    import yaml

    return getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def server_version() -> dict[str, str]:
    """The body of GET /version. The fields about the build are empty, but clients require them."""
    major, minor, _ = KUBERNETES.lstrip("v").split(".")
    return {
        "major": major,
        "minor": minor,
        "emulationMajor": major,
        "emulationMinor": minor,
        "minCompatibilityMajor": major,
        "minCompatibilityMinor": str(int(minor) - 1),
        "gitVersion": KUBERNETES,
        **dict.fromkeys(("gitCommit", "gitTreeState", "buildDate", "goVersion", "compiler"), ""),
        "platform": "linux/amd64",
    }
