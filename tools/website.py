"""Builds the lesson as a page that needs no server: `make site` writes build/site, `make try` serves it on loopback.

JupyterLite is JupyterLab as static files, and Pyodide is CPython for a browser. The packages are those of the
environment that runs this tool, so they have the releases and the checked hashes of requirements.txt. Pyodide under
Node.js compiles them once, so that no browser has to. The page asks no other host for anything.
"""

from __future__ import annotations

import gzip
import html
import json
import os
import re
import shutil
import subprocess
import sys
import urllib.request
from pathlib import Path
from typing import Any

import nbformat
from nbconvert.exporters import HTMLExporter

from tools import frontpage, krew, loopback, runtime, supported, whypage
from tools.loopback import SITE
from tools.runtime import BUILD, ROOT, WEB, Runtime

# The port of `make try`.
PORT = 8899
# JupyterLite's folder. It isn't installed into the environment, whose JupyterLab would load the extension for Pyodide.
BUILDER = BUILD / "jupyterlite"
# The site's list of the files of its release. The next release reads it to keep them (keep_previous).
RELEASE = "release.json"
# The path of a file with a hash in its name, whose content therefore never changes. It has no "..".
FIXED = re.compile(r"(?!.*\.\.)[\w./@-]+[.-][0-9a-f]{7,64}\.\w+")

# JupyterLab's extensions that no lesson uses. Each would be loaded before a notebook opens, and its settings checked.
UNUSED = (
    *("audio", "celltags", "console", "csvviewer", "htmlviewer", "inspector", "javascript", "json", "json-lines"),
    *("logconsole", "lsp", "mathjax", "mermaid", "metadataform", "pdf", "terminal", "tooltip", "vega5", "video"),
    "workspaces",
)
# Plugins that need one of UNUSED, and would fail at each visit.
DEPENDENT = (
    *(f"@jupyterlab/{name}-extension:language-server" for name in ("fileeditor", "notebook")),
    "@jupyterlite/application-extension:lsp-connection-manager",
    "@jupyterlab/notebook-extension:update-raw-mimetype",
)
# Files of tools/web that are copied unchanged.
ADDED = ("404.html", "site.js", "site.css", "favicon.svg", "manifest.webmanifest")
# Files that JupyterLite's builder leaves behind, and an icon that kubesim's replaces.
LEFT_BEHIND = ("rspack.config*.js", "package.json", "lab/favicon.ico")
# The number of cells in a preview: more than fit on a screen.
PREVIEWED_CELLS = 14


def main(words: list[str]) -> int:
    """Build the site, serve the built one (`serve`), or add files of the release at an address (`keep ADDRESS`).

    `words` are the arguments of the command line. Returns the exit status.
    """
    if words == ["serve"]:
        loopback.serve(PORT)
    elif words[:1] == ["keep"] and len(words) == 2:
        keep_previous(words[1])
    else:
        build()
    return 0


def build() -> None:
    """Build the site into SITE, which is emptied first, and print its size."""
    shutil.rmtree(SITE, ignore_errors=True)
    builder = fetch_builder()
    python = runtime.build(builder, SITE)
    build_app(builder, python)
    whypage.build(SITE, python)
    krew.build(SITE / "why")
    add_pages(python)
    size = sum(path.stat().st_size for path in SITE.rglob("*") if path.is_file())
    print(f"{SITE.relative_to(ROOT)}: {size / 1e6:.1f} MB")


def fetch_builder() -> Path:
    """The folder with JupyterLite. It's installed if it's missing or older than its lock."""
    lock, installed = ROOT / "requirements-site.txt", BUILDER / ".stamp"
    if not installed.exists() or installed.stat().st_mtime < lock.stat().st_mtime:
        shutil.rmtree(BUILDER, ignore_errors=True)
        runtime.pip("install", "--target", str(BUILDER), "-r", str(lock))
        installed.touch()
    return BUILDER


# JupyterLab as static files


def build_app(builder: Path, python: Runtime) -> None:
    """Build JupyterLab, its extensions and the lesson's files into SITE. `builder` is the folder with JupyterLite."""
    source = BUILD / "site-source"
    shutil.rmtree(source, ignore_errors=True)
    supported.write()
    for folder in ("notebooks", "docs"):
        ignored = shutil.ignore_patterns("workspace", ".ipynb_checkpoints", "screenshots")
        shutil.copytree(ROOT / folder, source / "files" / folder, ignore=ignored)
    for notebook in (source / "files" / "notebooks").glob("*.ipynb"):
        stamp(notebook)
    lesson = ROOT / "kubesim" / "jupyter"
    shutil.copyfile(lesson / "labconfig" / "default_setting_overrides.json", source / "overrides.json")
    (source / "jupyter-lite.json").write_text(json.dumps(_settings(python), indent=2))
    extensions = (builder / runtime.EXTENSIONS / runtime.EXTENSION, lesson / "labextensions" / "kubesim")
    app = BUILD / "site-app"
    shutil.rmtree(app, ignore_errors=True)
    subprocess.run(
        [
            *(sys.executable, "-m", "jupyterlite_core", "build", "--apps", "lab"),
            *("--lite-dir", source, "--output-dir", app, f"--LiteBuildConfig.cache_dir={BUILD / 'site-cache'}"),
            *("--contents", source / "files"),
            *(f"--LiteBuildConfig.federated_extensions={extension}" for extension in extensions),
            *("--no-sourcemaps", "--no-unused-shared-packages", "--no-libarchive"),
        ],
        env=os.environ | {"PYTHONPATH": str(builder)},
        cwd=source,  # the builder writes its record there
        check=True,
        stdout=subprocess.DEVNULL,
    )
    shutil.copytree(app, SITE, dirs_exist_ok=True)
    for pattern in LEFT_BEHIND:
        for path in SITE.glob(pattern):
            path.unlink()


def stamp(notebook: Path) -> None:
    """Write the hash of a notebook into its metadata, so that the page recognizes a learner's copy as outdated."""
    content = nbformat.read(notebook, 4)  # joins the lines of texts, which the page would show as a list
    content.metadata["kubesim"] = runtime.hash_of(notebook)
    notebook.write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")


def _settings(python: Runtime) -> dict[str, Any]:
    """The content of jupyter-lite.json: JupyterLab's settings, with the addresses of the site's Pyodide."""
    kernel = {
        "pyodideUrl": f"./{python.module}",
        "disablePyPIFallback": True,
        "loadPyodideOptions": python.options,
    }
    data = {
        "appName": "kubesim",
        "faviconUrl": "./favicon.svg",
        "litePluginSettings": {"@jupyterlite/pyodide-kernel-extension:kernel": kernel},
        "disabledExtensions": [
            "@jupyterlab/apputils-extension:announcements",
            *(f"@jupyterlab/{name}-extension" for name in UNUSED),
            *DEPENDENT,
        ],
        # The layout isn't stored, so that a visit opens only the notebook of its address, and starts one Python.
        "enableMemoryStorage": True,
        "workspacesStorageDrivers": ["memoryStorageDriver"],
        "exposeAppInBrowser": True,  # for the browser tests
    }
    return {"jupyter-lite-schema-version": 0, "jupyter-config-data": data}


# Pages and scripts that the site adds to JupyterLab


def add_pages(python: Runtime) -> None:
    """Add the first page, the previews, the service worker and the list of this release's files.

    The release's name is the hash of all files. Service worker and list contain that name, so they are written last.
    """
    for name in ADDED:
        shutil.copyfile(WEB / name, SITE / name)
    write_previews(SITE / "preview")
    add_first_frame(SITE / "lab" / "index.html", python)
    early = [f"./{address}" for address in python.sizes]
    (SITE / "index.html").write_text(frontpage.page(early), encoding="utf-8")
    fixed = sorted(name for name in _names(SITE) if FIXED.fullmatch(name))
    release = runtime.hash_of(*(path for path in sorted(SITE.rglob("*")) if path.is_file()))
    shutil.move(SITE / "service-worker.js", SITE / "jupyterlite-worker.js")
    shutil.copyfile(WEB / "service-worker.js", SITE / "service-worker.js")
    _fill(SITE / "service-worker.js", RELEASE=release)
    (SITE / RELEASE).write_text(json.dumps({"release": release, "files": fixed}))


def binder() -> str:
    """The address of Binder in README. Raises ValueError if README has none, or several."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    [address] = {str(link) for link in re.findall(r"https://mybinder\.org/v2/[^)\s\"]+", readme)}
    return address


def add_first_frame(page: Path, python: Runtime) -> None:
    """Add the first frame of a visit, which shows the progress of loading, and the site's scripts and styles.

    `page` is the HTML of JupyterLab.
    """
    # For start.js: files to load with their sizes, their compressed megabytes, files to keep for a visit without a
    # network, and addresses.
    loads = {
        "files": {f"../{address}": size for address, size in python.sizes.items()},
        "megabytes": sum(len(gzip.compress((SITE / address).read_bytes(), 6)) for address in python.sizes) / 1e6,
        "keep": [f"../{name}" for name in _names(SITE) if name.startswith(("files/", "api/", "preview/"))],
        "python": f"../{python.module}",
        "binder": binder(),
    }
    parts = {name: (WEB / f"start.{name}").read_text(encoding="utf-8") for name in ("html", "css", "js")}
    frame = parts["html"].replace("{{LOADS}}", json.dumps(loads).replace("<", "\\u003c"))
    frame = frame.replace("{{SCRIPT}}", parts["js"])
    head = f'<style>{parts["css"]}</style>\n<link rel="icon" href="../favicon.svg">\n'
    head += '<link rel="stylesheet" href="../site.css">\n<script type="module" src="../site.js"></script>\n</head>'
    text = page.read_text(encoding="utf-8").replace("<title>JupyterLite</title>", "<title>kubesim</title>")
    text = text.replace("</head>", head, 1)
    text = re.sub(r"<body[^>]*>", lambda body: f"{body[0]}\n{frame}", text, count=1)
    page.write_text(text, encoding="utf-8")


def _fill(page: Path, **values: str) -> None:
    """Replace the placeholders of a file, in place."""
    page.write_text(runtime.filled(page.read_text(encoding="utf-8"), values), encoding="utf-8")


def _names(folder: Path) -> list[str]:
    """The paths of all files in a folder, relative to it, sorted."""
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def write_previews(folder: Path) -> None:
    """Write the first cells of each stored notebook as HTML, none of them with an output that a learner predicts."""
    folder.mkdir()
    exporter = HTMLExporter(template_name="basic")  # type: ignore[no-untyped-call]
    for notebook in sorted((ROOT / "notebooks").glob("*.ipynb")):
        content = nbformat.read(notebook, 4)
        hidden = [at for at, cell in enumerate(content.cells) if cell.metadata.get("jupyter", {}).get("outputs_hidden")]
        content.cells = content.cells[: min([PREVIEWED_CELLS, *hidden])]
        body, _ = exporter.from_notebook_node(content)
        (folder / f"{notebook.stem}.html").write_text(body, encoding="utf-8")


# Files of the previous release


def keep_previous(address: str, site: Path = SITE) -> None:
    """Add the files of the release at `address` that `site` lacks, for pages that were opened before this release.

    They are kept for one release, because each release lists only its own files. Prints why nothing or not all is kept.
    """
    try:
        with urllib.request.urlopen(f"{address.rstrip('/')}/{RELEASE}", timeout=60) as answer:
            names = json.load(answer)["files"]
    except (OSError, ValueError, KeyError) as error:
        print(f"{html.escape(address)}: no release to keep ({error})")
        return
    missing = [name for name in names if FIXED.fullmatch(name) and not (site / name).exists()]
    kept = 0
    for name in missing:
        try:
            with urllib.request.urlopen(f"{address.rstrip('/')}/{name}", timeout=60) as answer:
                content = answer.read()
        except OSError as error:  # a page of that release then has to be loaded again
            print(f"{html.escape(name)}: not kept ({error})")
            continue
        (site / name).parent.mkdir(parents=True, exist_ok=True)
        (site / name).write_bytes(content)
        kept += 1
    print(f"{kept} files of the release before this one are kept")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
