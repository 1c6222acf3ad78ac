"""Packs `kubectl why` for Krew, kubectl's plugin manager: `python tools/krew.py FOLDER`.

It writes an archive, with the program, the packages of kubesim that explain, and PyYAML; and Krew's manifest, with the
archive's hash and its address on the site, which has both files beside the page /why/.
"""

from __future__ import annotations

import hashlib
import io
import sys
import tarfile
import tomllib
from gzip import GzipFile
from importlib.metadata import files as files_of
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parent.parent
ARCHIVE = "kubectl-why.tar.gz"
MANIFEST = "krew.yaml"
# The packages of kubesim that the program imports, and its modules of kubesim.command.
ROOMS = ("api", "gotext", "pull", "why")
COMMANDS = ("__init__", "kubectl_why", "why")
# The file that kubectl starts.
PROGRAM = """\
#!/usr/bin/env python3
import sys

if sys.version_info < (3, 11):
    sys.exit("kubectl why: Python 3.11 or newer is needed, and python3 is %d.%d" % sys.version_info[:2])

from kubesim.command.kubectl_why import main

sys.exit(main())
"""
# `why` reads the address of the recipes from the metadata of an installation.
METADATA = """\
Metadata-Version: 2.1
Name: kubesim
Version: {version}
Project-URL: Source, {source}
"""


def _is_part(path: Path) -> bool:
    """True for a source or a table, which are packed."""
    return path.suffix in (".py", ".json", ".yaml") and "__pycache__" not in path.parts


def _archive(version: str, source: str) -> bytes:
    """The bytes of the archive, which are the same for the same contents."""
    [terms] = [path for path in files_of("PyYAML") or () if path.name == "LICENSE"]
    files = {
        "kubectl-why": PROGRAM.encode(),
        "LICENSE": (ROOT / "LICENSE").read_bytes(),
        f"kubesim-{version}.dist-info/METADATA": METADATA.format(version=version, source=source).encode(),
    }
    paths = [ROOT / "kubesim" / "__init__.py", *(ROOT / "kubesim" / "command" / f"{name}.py" for name in COMMANDS)]
    paths += [path for room in ROOMS for path in (ROOT / "kubesim" / room).rglob("*.*")]
    files |= {path.relative_to(ROOT).as_posix(): path.read_bytes() for path in paths if _is_part(path)}
    files |= {f"yaml/{path.name}": path.read_bytes() for path in Path(yaml.__file__).parent.glob("*.py")}
    files["yaml/LICENSE"] = terms.read_binary()
    packed = io.BytesIO()
    with GzipFile(fileobj=packed, mode="wb", mtime=0) as stream, tarfile.open(fileobj=stream, mode="w") as archive:
        for name, content in sorted(files.items()):
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(content), 0o755 if name == "kubectl-why" else 0o644
            archive.addfile(entry, io.BytesIO(content))
    return packed.getvalue()


def _manifest(project: dict[str, dict[str, str]], digest: str) -> dict[str, object]:
    """Krew's manifest, without Windows, which ignores the first line of PROGRAM. `digest` is the archive's SHA-256."""
    systems = {"key": "os", "operator": "In", "values": ["darwin", "linux"]}
    platform = {
        "selector": {"matchExpressions": [systems]},
        "uri": f"{project['urls']['Homepage']}why/{ARCHIVE}",
        "sha256": digest,
        "files": [{"from": "*", "to": "."}],
        "bin": "kubectl-why",
    }
    spec = {
        "version": f"v{project['version']}",
        "homepage": project["urls"]["Source"],
        "shortDescription": "Explain why Pods don't get their images",
        "description": "Names the cause of a failed image pull, the evidence and the fix. It only reads, and never the "
        "values of Secrets.",
        "caveats": "It needs Python 3.11 or newer, as python3.",
        "platforms": [platform],
    }
    return {
        "apiVersion": "krew.googlecontainertools.github.com/v1alpha2",
        "kind": "Plugin",
        "metadata": {"name": "why"},
        "spec": spec,
    }


def build(folder: Path) -> None:
    """Write the archive and the manifest into a folder."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    archive = _archive(project["version"], project["urls"]["Source"])
    (folder / ARCHIVE).write_bytes(archive)
    manifest = _manifest(project, hashlib.sha256(archive).hexdigest())
    (folder / MANIFEST).write_text(yaml.safe_dump(manifest, sort_keys=False), encoding="utf-8")


def main(words: list[str]) -> int:
    """Build into a folder. Returns the exit status."""
    if len(words) != 1:
        print(__doc__)
        return 2
    Path(words[0]).mkdir(parents=True, exist_ok=True)
    build(Path(words[0]))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
