"""The kubeconfig with the server's URL and token for a real kubectl."""

from __future__ import annotations

import errno
import os
import shlex
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path, PurePath
from typing import Any

import yaml

from kubesim.kubectl.kubeconfig import CLUSTER, CONTEXT, USER

# An extension of the cluster's entry that marks the file as kubesim's. kubectl keeps it when it edits the file.
_MARK = {"name": "kubesim", "extension": {"apiVersion": "kubesim/v1", "kind": "Server"}}
_LARGEST = 1 << 20  # bytes; a larger file isn't read


def content(url: str, authority: str, token: str) -> Mapping[str, Any]:
    """The kubeconfig for the server at `url`. `authority` is its CA certificate in base64."""
    cluster = {"certificate-authority-data": authority, "extensions": [_MARK], "server": url}
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": CLUSTER, "cluster": cluster}],
        "contexts": [{"name": CONTEXT, "context": {"cluster": CLUSTER, "user": USER}}],
        "current-context": CONTEXT,
        "users": [{"name": USER, "user": {"token": token}}],
    }


def write(path: Path, kubeconfig: Mapping[str, Any]) -> None:
    """Write a kubeconfig atomically, readable by its owner alone.

    Raises OSError, and changes nothing, if the file can't be written or isn't kubesim's.
    """
    if os.path.lexists(path) and not _is_own(path):
        raise FileExistsError(errno.EEXIST, "kubesim replaces only a kubeconfig that it has written itself", str(path))
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    fresh = Path(name)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            yaml.safe_dump(kubeconfig, file, sort_keys=False)
        fresh.replace(path)
    except OSError:
        fresh.unlink(missing_ok=True)
        raise


def _is_own(path: Path) -> bool:
    """True if the file has kubesim's cluster and user and no others. kubectl may have added contexts."""
    with suppress(OSError, ValueError, RecursionError, yaml.YAMLError, AttributeError, TypeError, KeyError):
        if path.stat().st_size > _LARGEST:
            return False
        found = yaml.safe_load(path.read_text(encoding="utf-8"))
        (cluster,) = found["clusters"]
        (user,) = found["users"]
        return bool(user["name"] == USER and _MARK in cluster["cluster"]["extensions"])
    return False


def export(path: PurePath, is_windows: bool = os.name == "nt") -> str:
    """The line that makes a shell's kubectl use the file: bash's syntax, or PowerShell's on Windows."""
    if is_windows:
        quoted = str(path).replace("'", "''")
        return f"$env:KUBECONFIG = '{quoted}'"
    return f"export KUBECONFIG={shlex.quote(str(path))}"
