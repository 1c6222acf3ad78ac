"""Runs in Pyodide: compiles what is in /packages with Pyodide's own Python, and packs it as /pyodide/packages.tar.

Of packages, only the bytecode is kept, but of lightkube-models the source, which is read as data. Pyodide knows an
archive by its suffix, and tarfile its compression by its content: Zstandard, over all files at once, leaves three
quarters of what a zip has. Of the standard library, what a notebook imports is replaced by its bytecode: it is a little
larger, and saves a browser more than a second.
"""

import compileall
import importlib
import re
import shutil
import sys
import tarfile
import zipfile
from fnmatch import fnmatch
from pathlib import Path
from py_compile import PycInvalidationMode
from typing import Any

# Files of the standard library that no notebook about pulls can use in a browser: servers, clients of old protocols,
# other systems, screens and tests.
UNUSED = (
    *("_pyrepl/*", "ensurepip/*", "idlelib/*", "tkinter/*", "turtledemo/*", "lib2to3/*", "curses/*", "dbm/*"),
    "sqlite3/*",
    *("wsgiref/*", "xmlrpc/*", "xml/sax/*", "venv/*", "pydoc_data/*", "test/*", "ctypes/_aix.py", "ctypes/macholib/*"),
    *("concurrent/interpreters/*", "concurrent/futures/process.py", "asyncio/windows_*", "asyncio/proactor_events.py"),
    *("imaplib.py", "smtplib.py", "poplib.py", "ftplib.py", "mailbox.py", "turtle.py", "_pyio.py", "webbrowser.py"),
    *("pickletools.py", "optparse.py", "trace.py", "tabnanny.py", "antigravity.py", "wave.py", "modulefinder.py"),
    *("this.py", "nturl2path.py", "symtable.py", "cProfile.py"),
)
# The files that are kept of two of its packages, because they are fewer than the unused ones.
KEPT = {
    "encodings": re.compile(
        r"utf|ascii|latin_1|iso8859_1\b|iso8859_15|cp1252|cp437|idna|punycode|.*_escape|.*_codec|_|alia"
    ),
    "multiprocessing": re.compile("__init__|context|process|reduction"),
}
# The folder of packages that stays source: kubesim reads lightkube-models as data.
READ = "lightkube"
SOURCES = {".py", ".pyi"}
WITHOUT_DOCSTRINGS = 2  # as python -OO compiles, which the standard library supports: a fifth less to load
# The time of every file in a tar and in a zip, so that two builds are alike.
EPOCH = 1767225600
DATE = (2026, 1, 1, 0, 0, 0)
# Options of compileall: bytecode beside its source, never compared with that, because unpacking changes times.
AS_PACKED: dict[str, Any] = {"quiet": 2, "legacy": True, "invalidation_mode": PycInvalidationMode.UNCHECKED_HASH}
# Modules that import what a notebook does.
IMPORTED = ("piplite", "pyodide_kernel", "kubesim.jupyter.challenge", "kubesim.jupyter.progress")
PACKAGES = Path("/packages")
LIBRARY = Path("/pyodide/python_stdlib.zip")


def compile_packages() -> None:
    """Compile and pack the packages."""
    if not compileall.compile_dir(PACKAGES, stripdir=PACKAGES, rx=re.compile(f"/{READ}/"), **AS_PACKED):
        sys.exit("a module of the packages doesn't compile")
    with tarfile.open("/pyodide/packages.tar", "w:zst", level=19) as archive:  # type: ignore[call-overload]  # since 3.14
        for path in sorted(PACKAGES.rglob("*")):
            name = path.relative_to(PACKAGES)
            if path.is_file() and (name.parts[0] == READ or path.suffix not in SOURCES):
                info = tarfile.TarInfo(name.as_posix())
                info.size, info.mtime = path.stat().st_size, EPOCH
                with path.open("rb") as file:
                    archive.addfile(info, file)


def compile_library() -> None:
    """Replace the modules of the standard library that notebooks import by bytecode, and drop unused ones."""
    sys.path.append(str(PACKAGES))
    for room in IMPORTED:
        importlib.import_module(room)
    origins = [str(module.__spec__ and module.__spec__.origin) for module in list(sys.modules.values())]
    used = {origin.partition(".zip/")[2] for origin in origins if ".zip/" in origin}
    sources = Path("/tmp/library")
    shutil.unpack_archive(LIBRARY, sources, "zip")
    for name in used:
        if not compileall.compile_file(sources / name, stripdir=sources, optimize=WITHOUT_DOCSTRINGS, **AS_PACKED):
            sys.exit(f"{name} of the standard library doesn't compile")
    with zipfile.ZipFile(LIBRARY, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for path in sorted(sources.rglob("*")):
            name = path.relative_to(sources).as_posix()
            is_needed = name[:-1] in used if path.suffix == ".pyc" else name not in used and not is_unused(name)
            if path.is_file() and is_needed:
                archive.writestr(zipfile.ZipInfo(name, DATE), path.read_bytes(), zipfile.ZIP_DEFLATED)


def is_unused(name: str) -> bool:
    """True if no notebook uses this file of the standard library."""
    package, _, file = name.partition("/")
    if package in KEPT:
        return KEPT[package].match(file) is None
    return any(fnmatch(name, pattern) for pattern in UNUSED)


compile_packages()
compile_library()
