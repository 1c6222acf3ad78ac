"""The page's Python: Pyodide and the packages of the lesson, compiled, in files that carry a hash of their content.

A release replaces a file by one of another name, so a page that was opened before it never mixes old and new. What
Pyodide's own code looks for beside itself keeps its name in a folder that carries the hash.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import shutil
import subprocess
import sys
import tarfile
import urllib.request
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path
from typing import Any, NamedTuple

from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parent.parent
PARTS = ROOT / "tools" / "web"
BUILD = ROOT / "build"

# Pyodide with its standard library, from the npm registry; its packages are those of the environment instead.
PYODIDE = "https://registry.npmjs.org/pyodide/-/pyodide-314.0.6.tgz"
PYODIDE_SHA256 = "d78ac549b28a2a58600cd06f44e017024151775f8c6b2d73fab1475400d38ea2"
CODE = ("pyodide.mjs", "pyodide.asm.mjs", "pyodide.asm.wasm")
LIBRARY, LOCK = "python_stdlib.zip", "pyodide-lock.json"
BROWSER = {"sys_platform": "emscripten", "platform_system": "Emscripten", "python_version": "3.14", "extra": "widgets"}
ROOTS = ("kubesim", "ipython", "comm")
# What only a server or IPython's own terminal needs; and jedi, which has 5 MB, and code completes without it.
LEFT_OUT = {"jupyterlab-widgets", "widgetsnbextension", "prompt-toolkit", "jedi"}
# Files that no lesson uses: a server's own parts, and what colours other languages.
UNUSED = (
    *("*/tests/*", "*/sphinxext/*", "*.so", "*.pyc", "*/RECORD", "__editable__*", "../*"),
    *("anywidget/labextension/*", "pygments/formatters/[!_htl]*", "lightkube/resources/*"),
)
# The last two lines are what those of the first import.
LEXERS = {
    *("__init__", "_mapping", "python", "shell", "html", "javascript", "ruby", "perl", "markup"),
    *("css", "jvm", "data", "lilypond", "_css_builtins"),
    *("_lilypond_builtins", "_scheme_builtins"),
}
KERNEL = ("ipykernel", "piplite", "pyodide_kernel")
EXTENSIONS, EXTENSION = "share/jupyter/labextensions", "@jupyterlite/pyodide-kernel-extension"
PACKAGES = "packages"
ASKED_FOR = ("micropip", "piplite", "ipykernel", "comm", "pyodide-kernel", "jedi", "ipython")


class Runtime(NamedTuple):
    """The page's Python, by the addresses that the site's root sees."""

    # What begins it: web/python.mjs.
    module: str
    # What Pyodide's loadPyodide is called with.
    options: dict[str, Any]
    # What a page can load early, by its address, with its bytes.
    sizes: dict[str, int]


def build(builder: Path, site: Path) -> Runtime:
    """Write the page's Python into `site`, with the kernel's own packages from `builder` (JupyterLite)."""
    staged, packages = BUILD / "runtime", BUILD / "site-packages"
    for folder in (staged, packages):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
    with tarfile.open(fetch_pyodide()) as archive:
        for name in (*CODE, LIBRARY, LOCK):
            member = archive.extractfile(f"package/{name}")
            assert member is not None, name
            (staged / name).write_bytes(member.read())
    gather_packages(builder, packages)
    pack(staged, packages)
    [worker] = (builder / EXTENSIONS / EXTENSION / "static").glob("comlink.worker.*.js")
    return publish(staged, site, f"extensions/{EXTENSION}/static/{worker.name}")


def publish(staged: Path, site: Path, worker: str) -> Runtime:
    """Move the files of `staged` to `site`, under names with a hash; `worker` is the address of JupyterLite's."""
    code = f"static/pyodide-{hash_of(*(staged / name for name in CODE))}"
    (site / code).mkdir(parents=True)
    for name in CODE:
        shutil.move(staged / name, site / code / name)
    library = named(staged / LIBRARY, site / code)
    packages = named(staged / f"{PACKAGES}.tar", site / code)
    with tarfile.open(staged / "empty.tar", "w"):
        pass
    empty = named(staged / "empty.tar", site / code)
    write_lock(staged / LOCK, {PACKAGES: packages, **dict.fromkeys(ASKED_FOR, empty)})
    lock = named(staged / LOCK, site / code)
    options = {
        "stdLibURL": f"./{code}/{library.name}",
        "lockFileURL": f"./{code}/{lock.name}",
        "packages": [PACKAGES, *ASKED_FOR],
        # Each import that looks into the notebook's folder first is a request to the page.
        "env": {"PYTHONSAFEPATH": "1"},
    }
    ahead = json.dumps((PARTS / "ahead.py").read_text(encoding="utf-8"))
    words = {"WORKER": f"../../{worker}", "OPTIONS": json.dumps(options), "AHEAD": ahead}
    (staged / "python.mjs").write_text(filled((PARTS / "python.mjs").read_text(encoding="utf-8"), words))
    module = named(staged / "python.mjs", site / code)
    early = [site / code / "pyodide.asm.wasm", site / code / "pyodide.asm.mjs", library, packages, module]
    sizes = {path.relative_to(site).as_posix(): path.stat().st_size for path in early}
    return Runtime(f"{code}/{module.name}", options, sizes)


def filled(text: str, words: dict[str, str]) -> str:
    """A text with a word for each {{NAME}}."""
    for name, word in words.items():
        text = text.replace(f"{{{{{name}}}}}", word)
    return text


def named(file: Path, folder: Path) -> Path:
    """Move a file into a folder, with a hash of its content in its name."""
    target = folder / f"{file.stem}-{hash_of(file)}{file.suffix}"
    return Path(shutil.move(file, target))


def hash_of(*files: Path) -> str:
    """Twelve digits that tell the content of some files from any other."""
    digest = hashlib.sha256()
    for file in files:
        digest.update(file.read_bytes())
    return digest.hexdigest()[:12]


def sha256(file: Path) -> str:
    """The whole hash of a file, as locks have it."""
    return hashlib.sha256(file.read_bytes()).hexdigest()


# --- what is in it


def fetch_pyodide() -> Path:
    """The archive of Pyodide; ValueError if it isn't the one that is pinned."""
    archive = BUILD / PYODIDE.rpartition("/")[2]
    if not archive.exists():
        BUILD.mkdir(exist_ok=True)
        with urllib.request.urlopen(PYODIDE, timeout=60) as answer:
            archive.write_bytes(answer.read())
    if sha256(archive) != PYODIDE_SHA256:
        archive.unlink()
        raise ValueError(f"{PYODIDE} is not the file that was pinned")
    return archive


def gather_packages(builder: Path, folder: Path) -> None:
    """Copy the kernel's packages, and those of the environment, into `folder`."""
    for name in KERNEL:
        for wheel in builder.rglob(f"{name}-*.whl"):
            shutil.unpack_archive(wheel, folder, "zip")
    shutil.copyfile(PARTS / "piplite.py", folder / "piplite" / "piplite.py")
    for distribution in distributions():
        for source, name in _files(distribution):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, folder / name)


def pip(*arguments: str) -> None:
    """Run this environment's pip. Raises CalledProcessError."""
    quiet = ("--quiet", "--disable-pip-version-check", "--no-input")
    subprocess.run([sys.executable, "-m", "pip", *arguments, *quiet], check=True)


def distributions() -> list[importlib.metadata.Distribution]:
    """The packages that `import kubesim.jupyter` and a kernel need in a browser, dependencies included."""
    needed: dict[str, importlib.metadata.Distribution] = {}
    waiting = list(ROOTS)
    while waiting:
        name = waiting.pop().lower().replace("_", "-")
        if name in needed or name in LEFT_OUT:
            continue
        needed[name] = importlib.metadata.distribution(name)
        for line in needed[name].requires or ():
            requirement = Requirement(line)
            if not requirement.marker or requirement.marker.evaluate(BROWSER):
                waiting.append(requirement.name)
    return [needed[name] for name in sorted(needed)]


def _files(distribution: importlib.metadata.Distribution) -> Iterator[tuple[Path, str]]:
    """The files of an installed package, each with its name in a folder of packages."""
    for file in distribution.files or ():
        name, path = file.as_posix(), Path(str(distribution.locate_file(file)))
        is_unused = any(fnmatch(name, pattern) for pattern in UNUSED)
        is_unused |= file.parent.as_posix() == "pygments/lexers" and file.stem not in LEXERS
        if path.is_file() and not is_unused:
            yield path, name
    if distribution.name == "kubesim":  # installed as a link to its sources
        for path in (ROOT / "kubesim").rglob("*"):
            if path.is_file() and "__pycache__" not in path.parts:
                yield path, path.relative_to(ROOT).as_posix()


def pack(runtime: Path, packages: Path) -> None:
    """Put the packages, compiled by Pyodide's own Python, into one archive beside it."""
    node = shutil.which("node")
    if node is not None:
        subprocess.run([node, PARTS / "compile.mjs", runtime, packages, PARTS / "compile.py"], check=True)
        return
    print("no node: the packages stay uncompiled, and the page starts some seconds later", file=sys.stderr)
    with tarfile.open(runtime / f"{PACKAGES}.tar", "w:gz") as archive:
        archive.add(packages, "")


def write_lock(lock: Path, archives: dict[str, Path]) -> None:
    """Name the archive of packages in Pyodide's lock, instead of Pyodide's own.

    One file takes a browser less time than thirty. The kernel asks for some packages by name: those are empty.
    """
    content = json.loads(lock.read_text())
    content["packages"] = {name: _locked(name, archive) for name, archive in archives.items()}
    lock.write_text(json.dumps(content))


def _locked(name: str, archive: Path) -> dict[str, Any]:
    fixed = {"install_dir": "site", "package_type": "package", "unvendored_tests": False, "depends": [], "imports": []}
    return {"name": name, "version": "1", "file_name": archive.name, "sha256": sha256(archive), **fixed}
