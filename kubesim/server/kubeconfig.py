"""The kubeconfig of a server: where it is, which authority signed its certificate, and the token that lets in."""

from __future__ import annotations

import base64
import os
from pathlib import Path

import yaml

from kubesim.kubectl.config import CLUSTER, CONTEXT, USER


def write_kubeconfig(path: Path, url: str, authority: bytes, token: str) -> None:
    """Write the file in one step, readable by its owner alone. `authority` is a certificate in PEM."""
    data = base64.b64encode(authority).decode()
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": CLUSTER, "cluster": {"certificate-authority-data": data, "server": url}}],
        "contexts": [{"name": CONTEXT, "context": {"cluster": CLUSTER, "user": USER}}],
        "current-context": CONTEXT,
        "users": [{"name": USER, "user": {"token": token}}],
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f"{path.name}.new")
    fresh.unlink(missing_ok=True)
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        yaml.safe_dump(config, file, sort_keys=False)
    fresh.replace(path)
