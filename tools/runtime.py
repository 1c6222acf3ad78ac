"""The site's Python: Pyodide and the lesson's packages, compiled, in files with a hash of their content in their names.

A changed file has a new name, so a page that was opened before a release never mixes old and new files. The files of
Pyodide's own code refer to each other by name. They keep their names, in a folder with the hash in its name.
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
# The folders of the site's sources, and of everything that is built.
WEB = ROOT / "tools" / "web"
BUILD = ROOT / "build"

# Pyodide with its standard library, from the npm registry; its packages are those of the environment instead.
PYODIDE = "https://registry.npmjs.org/pyodide/-/pyodide-314.0.6.tgz"
PYODIDE_SHA256 = "d78ac549b28a2a58600cd06f44e017024151775f8c6b2d73fab1475400d38ea2"
# The files of its archive: its own code, the standard library, and the list of packages that it can load.
CODE = ("pyodide.mjs", "pyodide.asm.mjs", "pyodide.asm.wasm")
LIBRARY = "python_stdlib.zip"
LOCK = "pyodide-lock.json"
# The environment for which the markers of requirements are evaluated.
BROWSER = {"sys_platform": "emscripten", "platform_system": "Emscripten", "python_version": "3.14", "extra": "widgets"}
# Packages that are needed, with their dependencies but for LEFT_OUT.
ROOTS = ("kubesim", "ipython", "comm")
# Packages for a server or IPython's own terminal; and jedi, which has 5 MB, and code completes without it.
LEFT_OUT = {"jupyterlab-widgets", "widgetsnbextension", "prompt-toolkit", "jedi"}
# Patterns for files that no lesson uses: parts for a server, and coloring of other languages.
UNUSED = (
    *("*/tests/*", "*/sphinxext/*", "*.so", "*.pyc", "*/RECORD", "__editable__*", "../*"),
    *("anywidget/labextension/*", "pygments/formatters/[!_htl]*", "lightkube/resources/*"),
)
# The lexers of pygments that are kept. Those of the first line import the others.
LEXERS = {
    *("__init__", "_mapping", "python", "shell", "html", "javascript", "ruby", "perl", "markup"),
    *("css", "jvm", "data", "lilypond", "_css_builtins"),
    *("_lilypond_builtins", "_scheme_builtins"),
}
# Packages of JupyterLite's kernel, and the extension of JupyterLab that has them.
KERNEL = ("ipykernel", "piplite", "pyodide_kernel")
EXTENSIONS = "share/jupyter/labextensions"
EXTENSION = "@jupyterlite/pyodide-kernel-extension"
# The name of the archive with all packages, and packages that the kernel loads by name, which must exist.
PACKAGES = "packages"
ASKED_FOR = ("micropip", "piplite", "ipykernel", "comm", "pyodide-kernel", "jedi", "ipython")


class Runtime(NamedTuple):
    """The site's Python. Addresses are relative to the site's root.

    `module` is the address of web/python.mjs, which starts it; `options` is the argument of Pyodide's loadPyodide; and
    `sizes` has the bytes of each file that a page can load early, by address.
    """

    module: str
    options: dict[str, Any]
    sizes: dict[str, int]


def build(builder: Path, site: Path) -> Runtime:
    """Write the site's Python into `site`, with the kernel's packages from `builder`, the folder with JupyterLite."""
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
    """Move the files of `staged` to `site`, under names with a hash. `worker` is the address of JupyterLite's worker.

    A file that contains another one's name is moved after that: the lock contains the archives' names, and python.mjs
    the names of the lock and the library.
    """
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
        # Python's option -P. Without it, each import would first look into the notebook's folder, by a request.
        "env": {"PYTHONSAFEPATH": "1"},
    }
    ahead = json.dumps((WEB / "ahead.py").read_text(encoding="utf-8"))
    words = {"WORKER": f"../../{worker}", "OPTIONS": json.dumps(options), "AHEAD": ahead}
    (staged / "python.mjs").write_text(filled((WEB / "python.mjs").read_text(encoding="utf-8"), words))
    module = named(staged / "python.mjs", site / code)
    early = [site / code / "pyodide.asm.wasm", site / code / "pyodide.asm.mjs", library, packages, module]
    sizes = {path.relative_to(site).as_posix(): path.stat().st_size for path in early}
    return Runtime(f"{code}/{module.name}", options, sizes)


def filled(text: str, words: dict[str, str]) -> str:
    """The text in which each {{NAME}} is replaced by the word of that name."""
    for name, word in words.items():
        text = text.replace(f"{{{{{name}}}}}", word)
    return text


def named(file: Path, folder: Path) -> Path:
    """Move a file into a folder, add a hash of its content to its name, and return its new path."""
    target = folder / f"{file.stem}-{hash_of(file)}{file.suffix}"
    return Path(shutil.move(file, target))


def hash_of(*files: Path) -> str:
    """Twelve hexadecimal digits of a hash of the files' content."""
    digest = hashlib.sha256()
    for file in files:
        digest.update(file.read_bytes())
    return digest.hexdigest()[:12]


def sha256(file: Path) -> str:
    """The whole SHA-256 of a file, in hexadecimal digits."""
    return hashlib.sha256(file.read_bytes()).hexdigest()


# The contents


def fetch_pyodide() -> Path:
    """The archive of Pyodide, downloaded if necessary. Raises ValueError for another hash than the pinned one."""
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
    shutil.copyfile(WEB / "piplite.py", folder / "piplite" / "piplite.py")
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
    """The needed files of an installed package, each with its path in a folder of packages."""
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
    """Pack the packages, compiled by Pyodide itself under Node.js, into one archive in the folder `runtime`.

    Without Node.js, they are packed uncompiled.
    """
    node = shutil.which("node")
    if node is not None:
        subprocess.run([node, WEB / "compile.mjs", runtime, packages, WEB / "compile.py"], check=True)
        return
    print("no node: the packages stay uncompiled, and the page starts some seconds later", file=sys.stderr)
    with tarfile.open(runtime / f"{PACKAGES}.tar", "w:gz") as archive:
        archive.add(packages, "")


def write_lock(lock: Path, archives: dict[str, Path]) -> None:
    """Replace the packages in Pyodide's lock by `archives`, whose keys are the names of packages.

    All packages are in one archive, because a browser loads one file faster than thirty. Those that the kernel loads by
    name have an empty archive.
    """
    content = json.loads(lock.read_text())
    content["packages"] = {name: _locked(name, archive) for name, archive in archives.items()}
    lock.write_text(json.dumps(content))


def _locked(name: str, archive: Path) -> dict[str, Any]:
    """The entry of a package in Pyodide's lock."""
    fixed = {"install_dir": "site", "package_type": "package", "unvendored_tests": False, "depends": [], "imports": []}
    return {"name": name, "version": "1", "file_name": archive.name, "sha256": sha256(archive), **fixed}
