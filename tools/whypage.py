"""Builds the site's page /why/, with the packages of `why` and PyYAML in a small archive for the site's Pyodide."""

from __future__ import annotations

import json
import shutil
import zipfile
from pathlib import Path
from typing import Any

import yaml

from tools import runtime
from tools.runtime import BUILD, WEB, Runtime

SOURCES = WEB / "why"
# The packages of kubesim that explain a text. They import no cluster.
ROOMS = ("api", "gotext", "pull", "why")
# The address of JupyterLab with a document, as the page sees it.
LAB = "../lab/index.html?path="
# The time of every file in the archive, so that two builds are alike.
DATE = (2026, 1, 1, 0, 0, 0)


def _copy(name: str, folder: Path, **words: str) -> Path:
    """Copy a file of SOURCES into a folder, with its placeholders replaced by `words`, and return its path."""
    text = (SOURCES / name).read_text(encoding="utf-8")
    target = folder / name
    target.write_text(runtime.filled(text, words), encoding="utf-8")
    return target


def _in_script(value: Any) -> str:
    """A value as JSON, escaped for a script's text between backquotes."""
    return json.dumps(value).replace("\\", "\\\\").replace("`", "\\`").replace("${", "\\${")


def addresses(python: Runtime) -> dict[str, str]:
    """The addresses of Pyodide's files relative to the site's root, by the names that why.js has for them."""
    code = python.module.rpartition("/")[0]
    library, lock = (str(python.options[name]).removeprefix("./") for name in ("stdLibURL", "lockFileURL"))
    parts = {"python": "pyodide.mjs", "parts": "pyodide.asm.mjs", "wasm": "pyodide.asm.wasm"}
    return {"library": library, "lock": lock, **{part: f"{code}/{name}" for part, name in parts.items()}}


def pack(packages: Path, target: Path, extra: dict[str, bytes]) -> None:
    """Write ROOMS and PyYAML from the folder `packages`, and the `extra` files, into the zip `target`.

    Bytecode beside a module replaces its source. Each table in YAML is added as JSON, too, which Python reads a hundred
    times as fast.
    """
    folders = [packages / "yaml", *(packages / "kubesim" / room for room in ROOMS)]
    files = {**extra}
    for path in [packages / "kubesim" / "__init__.py", *(path for folder in folders for path in folder.rglob("*"))]:
        name = path.relative_to(packages).as_posix()
        if path.suffix == ".py" and path.with_suffix(".pyc").exists():
            files[f"{name}c"] = path.with_suffix(".pyc").read_bytes()
        elif path.suffix in (".py", ".json", ".yaml"):
            files[name] = path.read_bytes()
        if path.suffix == ".yaml":
            table = yaml.load(files[name], getattr(yaml, "CSafeLoader", yaml.SafeLoader))
            files[str(Path(name).with_suffix(".json"))] = json.dumps(table, ensure_ascii=False).encode()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, content in sorted(files.items()):
            archive.writestr(zipfile.ZipInfo(name, DATE), content, zipfile.ZIP_DEFLATED)


def build(site: Path, python: Runtime) -> None:
    """Write the page into the folder `site`, whose Python it shares.

    A file's name has a hash of its text, so a file that contains names comes after their files: why.js contains the
    names of the archive and the worker, index.html that of why.js, and the service worker all names.
    """
    folder = site / "why"
    folder.mkdir()
    staged = BUILD / "runtime"
    ask = (SOURCES / "ask.py").read_bytes()
    pack(BUILD / "site-packages", staged / "rooms.zip", {"ask.py": ask})
    files = {name: f"../{address}" for name, address in addresses(python).items()}
    for name, source in {"rooms": staged / "rooms.zip", "worker": _copy("worker.js", staged)}.items():
        files[name] = runtime.named(source, folder).name
    examples = yaml.safe_load((SOURCES / "examples.yaml").read_text(encoding="utf-8"))
    practice = f"{LAB}notebooks/playground.ipynb&practice="
    settings = {"files": files, "examples": examples, "practice": practice, "docs": f"{LAB}docs/"}
    script = _copy("why.js", staged, SETTINGS=_in_script(settings))
    names = {
        "SCRIPT": runtime.named(script, folder).name,
        "STYLE": runtime.named(_copy("why.css", staged), folder).name,
    }
    kept = [*files.values(), *names.values()]
    preloads = "\n".join(f'<link rel="modulepreload" href="{name}">' for name in kept if name.endswith(".mjs"))
    shutil.move(_copy("index.html", staged, PRELOADS=preloads, **names), folder / "index.html")
    release = runtime.hash_of(folder / "index.html")
    listed = json.dumps(["./", "../favicon.svg", *kept])
    shutil.move(_copy("service-worker.js", staged, RELEASE=release, FILES=listed), folder / "service-worker.js")
