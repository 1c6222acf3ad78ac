"""Builds the lesson as a page that needs no server: `make site` writes build/site, `make try` serves it on loopback.

JupyterLite is JupyterLab as static files, and Pyodide is CPython for a browser. The packages are those of the
environment that runs this tool, so they have the releases and the checked hashes of requirements.txt. Pyodide under
Node.js compiles them once, so that no browser has to. The page asks no other host for anything.
"""

from __future__ import annotations

import gzip
import hashlib
import http
import http.server
import importlib.metadata
import json
import os
import shutil
import subprocess
import sys
import tarfile
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from fnmatch import fnmatch
from pathlib import Path
from typing import Any, ClassVar

import nbformat
from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parent.parent
PARTS = ROOT / "tools" / "web"
BUILD = ROOT / "build"
SITE = BUILD / "site"
RUNTIME = SITE / "static" / "pyodide"
PORT = 8899
BUILDER = BUILD / "jupyterlite"  # beside the environment, whose own JupyterLab would load the extension for Pyodide

# Pyodide with its standard library, from the npm registry; its packages are those of the environment instead.
PYODIDE = "https://registry.npmjs.org/pyodide/-/pyodide-314.0.6.tgz"
PYODIDE_SHA256 = "d78ac549b28a2a58600cd06f44e017024151775f8c6b2d73fab1475400d38ea2"
PYODIDE_FILES = ("pyodide.mjs", "pyodide.asm.mjs", "pyodide.asm.wasm", "python_stdlib.zip", "pyodide-lock.json")
# The page's kernel imports it. Only Python 3.13 and later may install it, so it is in no lock.
MICROPIP = "micropip==0.11.1 --hash=sha256:768de165adb8e66906039d8fec4127a57f522dfdf8e6fbff877a4616941ecfd3"

BROWSER = {"sys_platform": "emscripten", "platform_system": "Emscripten", "python_version": "3.14", "extra": "widgets"}
ROOTS = ("kubesim", "ipython", "comm")
# What only a server or IPython's own terminal needs; and jedi, which has 5 MB, and code completes without it.
LEFT_OUT = {"jupyterlab-widgets", "widgetsnbextension", "prompt-toolkit", "jedi"}
# Files that no lesson uses: a server's own parts, and what colours other languages.
UNUSED = (
    *("*/tests/*", "*/sphinxext/*", "*.so", "*.pyc", "*/RECORD", "__editable__*", "../*"),
    *("anywidget/labextension/*", "pygments/formatters/[!_htl]*"),
)
# The last two lines are what those of the first import.
LEXERS = {
    *("__init__", "_mapping", "python", "shell", "html", "javascript", "ruby", "perl", "markup"),
    *("css", "jvm", "data", "lilypond", "_css_builtins"),
    *("_lilypond_builtins", "_scheme_builtins"),
}
KERNEL = ("ipykernel", "piplite", "pyodide_kernel")
PACKAGES = "packages"
ASKED_FOR = ("micropip", "piplite", "ipykernel", "comm", "pyodide-kernel", "jedi", "ipython")


def main() -> int:
    """Build the site, or serve the one that is built (`website.py serve`)."""
    if sys.argv[1:] == ["serve"]:
        return serve()
    shutil.rmtree(SITE, ignore_errors=True)
    builder = fetch_builder()
    build_app(builder)
    add_runtime(builder)
    add_pages()
    size = sum(path.stat().st_size for path in SITE.rglob("*") if path.is_file())
    print(f"{SITE.relative_to(ROOT)}: {size / 1e6:.1f} MB")
    return 0


# --- what the environment lacks


def fetch_builder() -> Path:
    """The folder with JupyterLite, installed from its lock when that is newer."""
    lock, stamp = ROOT / "requirements-site.txt", BUILDER / ".stamp"
    if not stamp.exists() or stamp.stat().st_mtime < lock.stat().st_mtime:
        shutil.rmtree(BUILDER, ignore_errors=True)
        _pip("install", "--target", str(BUILDER), "-r", str(lock))
        stamp.touch()
    return BUILDER


def fetch_pyodide() -> Path:
    """The archive of Pyodide; ValueError if it isn't the one that is pinned."""
    archive = BUILD / PYODIDE.rpartition("/")[2]
    if not archive.exists():
        BUILD.mkdir(exist_ok=True)
        with urllib.request.urlopen(PYODIDE, timeout=60) as answer:
            archive.write_bytes(answer.read())
    if _sha256(archive) != PYODIDE_SHA256:
        archive.unlink()
        raise ValueError(f"{PYODIDE} is not the file that was pinned")
    return archive


def fetch_micropip(folder: Path) -> None:
    """Install micropip into `folder`."""
    requirement = BUILD / "micropip.txt"
    requirement.write_text(MICROPIP)
    options = ("--no-deps", "--no-compile", "--ignore-requires-python", "--only-binary", ":all:", "--require-hashes")
    _pip("install", *options, "--target", str(folder), "-r", str(requirement))


def _pip(*arguments: str) -> None:
    quiet = ("--quiet", "--disable-pip-version-check", "--no-input")
    subprocess.run([sys.executable, "-m", "pip", *arguments, *quiet], check=True)


# --- JupyterLab as files


def build_app(builder: Path) -> None:
    """JupyterLab, its widgets and the lesson's files in SITE."""
    source = BUILD / "site-source"
    shutil.rmtree(source, ignore_errors=True)
    for folder in ("notebooks", "docs"):
        ignored = shutil.ignore_patterns("workspace", ".ipynb_checkpoints", "screenshots")
        shutil.copytree(ROOT / folder, source / "files" / folder, ignore=ignored)
    for notebook in (source / "files" / "notebooks").glob("*.ipynb"):
        stamp(notebook)
    shutil.copyfile(ROOT / "tools" / "overrides.json", source / "overrides.json")
    (source / "jupyter-lite.json").write_text(json.dumps(_settings(), indent=2))
    extensions = builder / "share" / "jupyter" / "labextensions" / "@jupyterlite" / "pyodide-kernel-extension"
    subprocess.run(
        [
            *(sys.executable, "-m", "jupyterlite_core", "build", "--apps", "lab"),
            *("--lite-dir", source, "--output-dir", SITE, f"--LiteBuildConfig.cache_dir={BUILD / 'site-cache'}"),
            *("--contents", source / "files", f"--LiteBuildConfig.federated_extensions={extensions}"),
            *("--no-sourcemaps", "--no-unused-shared-packages", "--no-libarchive"),
        ],
        env=os.environ | {"PYTHONPATH": str(builder)},
        cwd=source,  # where the builder keeps its record of what it has done
        check=True,
        stdout=subprocess.DEVNULL,
    )


def stamp(notebook: Path) -> None:
    """Write the lesson's version into the notebook, so that a learner's copy can be told from a newer one."""
    content = nbformat.read(notebook, 4)  # with each text as one, where a page without a server would show a list
    content.metadata["kubesim"] = _sha256(notebook)[:16]
    notebook.write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")


def _settings() -> dict[str, Any]:
    kernel = {
        "pyodideUrl": "./static/pyodide/pyodide.mjs",
        "disablePyPIFallback": True,
        "loadPyodideOptions": {
            "packages": [PACKAGES, *ASKED_FOR],
            # Each import that looks into the notebook's folder first is a request to the page.
            "env": {"PYTHONSAFEPATH": "1"},
        },
    }
    data = {
        "appName": "kubesim",
        "litePluginSettings": {"@jupyterlite/pyodide-kernel-extension:kernel": kernel},
        "disabledExtensions": ["@jupyterlab/apputils-extension:announcements"],
        # A layout is kept no longer than the page: a visit opens the notebook that was asked for, and one Python.
        "enableMemoryStorage": True,
        "workspacesStorageDrivers": ["memoryStorageDriver"],
        "exposeAppInBrowser": True,  # the browser tests drive it as they drive JupyterLab
    }
    return {"jupyter-lite-schema-version": 0, "jupyter-config-data": data}


def add_pages() -> None:
    """The site's first page, with its picture, instead of JupyterLite's; and what the site adds to JupyterLab."""
    for name in ("flow-light.png", "flow-dark.png"):
        shutil.copyfile(ROOT / "docs" / "screenshots" / name, SITE / name)
    for name in ("index.html", "site.js", "site.css"):
        shutil.copyfile(PARTS / name, SITE / name)
    app = SITE / "lab" / "index.html"
    added = '<link rel="stylesheet" href="../site.css">\n<script type="module" src="../site.js"></script>\n</head>'
    page = app.read_text(encoding="utf-8")
    app.write_text(
        page.replace("<title>JupyterLite</title>", "<title>kubesim</title>").replace("</head>", added, 1),
        encoding="utf-8",
    )


# --- the page's Python


def add_runtime(builder: Path) -> None:
    """Pyodide and the packages of its kernel, compiled, with a lock that names each one's hash."""
    packages = BUILD / "site-packages"
    shutil.rmtree(packages, ignore_errors=True)
    RUNTIME.mkdir(parents=True)
    with tarfile.open(fetch_pyodide()) as archive:
        for name in PYODIDE_FILES:
            member = archive.extractfile(f"package/{name}")
            assert member is not None, name
            (RUNTIME / name).write_bytes(member.read())
    fetch_micropip(packages)
    for name in KERNEL:
        for wheel in builder.rglob(f"{name}-*.whl"):
            shutil.unpack_archive(wheel, packages, "zip")
    for distribution in distributions():
        for source, name in _files(distribution):
            (packages / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, packages / name)
    pack(packages)
    write_lock()


def distributions() -> list[importlib.metadata.Distribution]:
    """The packages that `import kubesim.jupyter` and a kernel need in a browser, dependencies included."""
    found: dict[str, importlib.metadata.Distribution] = {}
    waiting = list(ROOTS)
    while waiting:
        name = waiting.pop().lower().replace("_", "-")
        if name in found or name in LEFT_OUT:
            continue
        found[name] = importlib.metadata.distribution(name)
        for line in found[name].requires or ():
            requirement = Requirement(line)
            if not requirement.marker or requirement.marker.evaluate(BROWSER):
                waiting.append(requirement.name)
    return [found[name] for name in sorted(found)]


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


def pack(packages: Path) -> None:
    """Put the packages, compiled by Pyodide's own Python, into one archive beside it."""
    node = shutil.which("node")
    if node is not None:
        subprocess.run([node, PARTS / "compile.mjs", RUNTIME, packages, PARTS / "compile.py"], check=True)
        return
    print("no node: the packages stay uncompiled, and the page starts some seconds later", file=sys.stderr)
    with tarfile.open(RUNTIME / f"{PACKAGES}.tar", "w:gz") as archive:
        archive.add(packages, "")


def write_lock() -> None:
    """Name the archive of packages in Pyodide's lock, instead of Pyodide's own.

    One file takes a browser less time than thirty. The kernel asks for some packages by name: those are empty.
    """
    with tarfile.open(RUNTIME / "empty.tar", "w"):
        pass
    files = {PACKAGES: f"{PACKAGES}.tar", **dict.fromkeys(ASKED_FOR, "empty.tar")}
    lock = json.loads((RUNTIME / "pyodide-lock.json").read_text())
    lock["packages"] = {name: _locked(name, RUNTIME / file) for name, file in files.items()}
    (RUNTIME / "pyodide-lock.json").write_text(json.dumps(lock))


def _locked(name: str, file: Path) -> dict[str, Any]:
    fixed = {"install_dir": "site", "package_type": "package", "unvendored_tests": False, "depends": [], "imports": []}
    return {"name": name, "version": "1", "file_name": file.name, "sha256": _sha256(file), **fixed}


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


# --- on loopback


class Handler(http.server.SimpleHTTPRequestHandler):
    """Files of SITE, compressed as a web host sends them."""

    protocol_version = "HTTP/1.1"
    extensions_map = http.server.SimpleHTTPRequestHandler.extensions_map | {".mjs": "text/javascript"}
    bodies: ClassVar[dict[Path, bytes]] = {}
    sent: ClassVar[list[int]] = []  # the size of each body, for tools/visit.py

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, directory=str(SITE), **options)

    def do_GET(self) -> None:
        """Answer with the file, or with 404."""
        path = Path(self.translate_path(self.path))
        path = path / "index.html" if path.is_dir() else path
        if not path.is_file():
            self.send_error(http.HTTPStatus.NOT_FOUND)
            return
        if path not in self.bodies:
            self.bodies[path] = gzip.compress(path.read_bytes(), mtime=0)
        self.send_response(http.HTTPStatus.OK)
        self.send_header("Content-Type", self.guess_type(str(path)))
        self.send_header("Content-Encoding", "gzip")
        self.send_header("Cache-Control", "max-age=600")  # as GitHub Pages does; a browser keeps compiled code as long
        self.send_header("Content-Length", str(len(self.bodies[path])))
        self.end_headers()
        self.sent.append(len(self.bodies[path]))
        with suppress(ConnectionError):  # a page that was left before all of it came
            self.wfile.write(self.bodies[path])

    def log_message(self, format: str, *arguments: Any) -> None:
        """Say nothing."""


def server(port: int = 0) -> http.server.ThreadingHTTPServer:
    """A server of the built site on loopback; port 0 takes a free one. OSError if the port is taken."""
    return http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler)


def serve() -> int:
    """Serve the built site on loopback until Ctrl+C."""
    with server(PORT) as running:
        print(f"http://127.0.0.1:{PORT}/ (Ctrl+C stops it)", flush=True)
        with suppress(KeyboardInterrupt):
            running.serve_forever()
    return 0


if __name__ == "__main__":
    sys.exit(main())
