"""The base of all packages: resources, objects, schema, errors, selectors, time, and the simulated versions."""

import json
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

# The versions of the cluster on which the recordings were made.
KUBERNETES = "v1.36.2"
KUBECTL = "v1.36.4"
KUSTOMIZE = "v5.8.1"
CONTAINERD = "2.4.0-beta"


T = TypeVar("T")


@cache
def load_table(module: str, name: str) -> Any:
    """Read a JSON file beside a module, given by its `__file__`. The result is cached: callers must not change it."""
    return json.loads(Path(module).with_name(name).read_text(encoding="utf-8"))


def load_records(module: str, name: str, record: Callable[..., T], rows: Iterable[Any] | None = None) -> tuple[T, ...]:
    """Read the rows of a JSON file beside a module, or the given `rows`, as records.

    Raises ValueError for unknown and missing fields; the message names the file and the row.
    """
    if rows is None:
        rows = load_table(module, name)
    records = []
    for row in rows:
        try:
            records.append(record(**row))
        except TypeError as error:
            problem = str(error).rpartition("__() ")[2]
            first = next(iter(row.values()), "an empty row") if isinstance(row, dict) else row
            raise ValueError(f"{name}, {first}: {problem}") from None
    return tuple(records)


def load_record(module: str, name: str, record: Callable[..., T]) -> T:
    """Read a whole JSON file beside a module as one record. Raises ValueError, as `load_records` does."""
    return load_records(module, name, record, [load_table(module, name)])[0]


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
