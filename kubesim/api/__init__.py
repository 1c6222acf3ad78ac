"""What every room knows: resources, objects, schema, errors, selectors, time; and the versions that are simulated."""

import json
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

# Those of the cluster on which the recordings were made.
KUBERNETES = "v1.36.2"
KUBECTL = "v1.36.4"
KUSTOMIZE = "v5.8.1"
CONTAINERD = "2.4.0-beta"


T = TypeVar("T")


@cache
def load_table(module: str, name: str) -> Any:
    """What the JSON file of that name beside a module (its `__file__`) holds: read once, and never changed."""
    return json.loads(Path(module).with_name(name).read_text(encoding="utf-8"))


def load_records(module: str, name: str, record: Callable[..., T], rows: Iterable[Any] | None = None) -> tuple[T, ...]:
    """The rows of such a file, or some of them, each as a record of its kind.

    Raises ValueError for a word that the record doesn't have, and for one that it lacks; the sentence names the row.
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
    """The whole of such a file as one record. Raises ValueError, as `load_records` does."""
    return load_records(module, name, record, [load_table(module, name)])[0]


def load_yaml(path: Path) -> Any:
    """What a YAML file holds. PyYAML takes 10 ms to import, and a first answer rarely needs it: so it comes here.

    Where the same stands beside it as JSON, which the page /why/ has, that is read, a hundred times as fast.
    """
    with suppress(OSError):
        return json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
    import yaml

    return yaml.load(path.read_text(encoding="utf-8"), yaml_loader())


def yaml_loader() -> Any:
    """PyYAML's loader of plain values: the one in C, where there is that, which takes a tenth of the time."""
    import yaml

    return getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def server_version() -> dict[str, str]:
    """What the API server says of itself; how it was built is left open, but clients insist on the fields."""
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
