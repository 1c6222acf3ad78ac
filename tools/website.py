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

PORT = 8899
BUILDER = BUILD / "jupyterlite"  # beside the environment, whose own JupyterLab would load the extension for Pyodide
# The list of a release's files, by which the next release keeps them.
RELEASE = "release.json"
# The address of a file with a hash in its name. Its content never changes.
FIXED = re.compile(r"(?!.*\.\.)[\w./@-]+[.-][0-9a-f]{7,64}\.\w+")

# Extensions of JupyterLab that no lesson uses. Each would be loaded, and its settings checked, before a notebook opens.
UNUSED = (
    *("audio", "celltags", "console", "csvviewer", "htmlviewer", "inspector", "javascript", "json", "json-lines"),
    *("logconsole", "lsp", "mathjax", "mermaid", "metadataform", "pdf", "terminal", "tooltip", "vega5", "video"),
    "workspaces",
)
# Plugins that need one of these, and would fail at each visit.
DEPENDENT = (
    *(f"@jupyterlab/{name}-extension:language-server" for name in ("fileeditor", "notebook")),
    "@jupyterlite/application-extension:lsp-connection-manager",
    "@jupyterlab/notebook-extension:update-raw-mimetype",
)
# Files of tools/web that are copied as they are.
ADDED = ("404.html", "site.js", "site.css", "favicon.svg", "manifest.webmanifest")
# What a builder of JupyterLite leaves behind, and icons that ours replaces.
LEFT_BEHIND = ("rspack.config*.js", "package.json", "lab/favicon.ico")
# The number of cells in a preview: more than fit on a screen.
PREVIEWED_CELLS = 14


def main(words: list[str]) -> int:
    """Build the site, serve what is built (`serve`), or add the files of a release that is online (`keep ADDRESS`)."""
    if words == ["serve"]:
        loopback.serve(PORT)
    elif words[:1] == ["keep"] and len(words) == 2:
        keep_previous(words[1])
    else:
        build()
    return 0


def build() -> None:
    """Write the site anew."""
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
    """The folder with JupyterLite, installed from its lock when that is newer."""
    lock, stamp = ROOT / "requirements-site.txt", BUILDER / ".stamp"
    if not stamp.exists() or stamp.stat().st_mtime < lock.stat().st_mtime:
        shutil.rmtree(BUILDER, ignore_errors=True)
        runtime.pip("install", "--target", str(BUILDER), "-r", str(lock))
        stamp.touch()
    return BUILDER


# --- JupyterLab as files


def build_app(builder: Path, python: Runtime) -> None:
    """Build JupyterLab, its widgets and the lesson's files into SITE."""
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
        cwd=source,  # where the builder keeps its record of what it has done
        check=True,
        stdout=subprocess.DEVNULL,
    )
    shutil.copytree(app, SITE, dirs_exist_ok=True)
    for pattern in LEFT_BEHIND:
        for path in SITE.glob(pattern):
            path.unlink()


def stamp(notebook: Path) -> None:
    """Write the lesson's version into the notebook, so that a learner's copy can be told from a newer one."""
    content = nbformat.read(notebook, 4)  # it joins the lines of texts, which the page would show as a list
    content.metadata["kubesim"] = runtime.hash_of(notebook)
    notebook.write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")


def _settings(python: Runtime) -> dict[str, Any]:
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
        # A layout is kept no longer than the page: a visit opens the notebook that was asked for, and one Python.
        "enableMemoryStorage": True,
        "workspacesStorageDrivers": ["memoryStorageDriver"],
        "exposeAppInBrowser": True,  # the browser tests drive it as they drive JupyterLab
    }
    return {"jupyter-lite-schema-version": 0, "jupyter-config-data": data}


# --- what the site adds to JupyterLab


def add_pages(python: Runtime) -> None:
    """Add the first page, the previews, the service worker and the list of this release's files.

    The release's name is the hash of all files. Only the service worker and the list, which have that name, come later.
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


def add_first_frame(page: Path, python: Runtime) -> None:
    """Add the frame that shows what is loading, and the site's scripts and styles, to JupyterLab's page."""
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


def binder() -> str:
    """The address of Binder in README. Raises ValueError if it has none, or several."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    [address] = {str(link) for link in re.findall(r"https://mybinder\.org/v2/[^)\s\"]+", readme)}
    return address


def _fill(page: Path, **values: str) -> None:
    page.write_text(runtime.filled(page.read_text(encoding="utf-8"), values), encoding="utf-8")


def _names(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def write_previews(folder: Path) -> None:
    """Write the beginning of each stored notebook as HTML, up to the first output that a learner has to predict."""
    folder.mkdir()
    exporter = HTMLExporter(template_name="basic")  # type: ignore[no-untyped-call]
    for notebook in sorted((ROOT / "notebooks").glob("*.ipynb")):
        content = nbformat.read(notebook, 4)
        hidden = [at for at, cell in enumerate(content.cells) if cell.metadata.get("jupyter", {}).get("outputs_hidden")]
        content.cells = content.cells[: min([PREVIEWED_CELLS, *hidden])]
        body, _ = exporter.from_notebook_node(content)
        (folder / f"{notebook.stem}.html").write_text(body, encoding="utf-8")


# --- from one release to the next


def keep_previous(address: str, site: Path = SITE) -> None:
    """Add the files of the release at `address` that the one in `site` lacks, for pages that were opened before it.

    They stay for one release, since each lists only its own. Where none is online yet, there is nothing to keep.
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
        except OSError as error:  # whoever has that release open fetches it again from there, or reloads
            print(f"{html.escape(name)}: not kept ({error})")
            continue
        (site / name).parent.mkdir(parents=True, exist_ok=True)
        (site / name).write_bytes(content)
        kept += 1
    print(f"{kept} files of the release before this one are kept")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
