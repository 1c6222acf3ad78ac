"""Compiles the packages and the standard library of the site, in Pyodide under Node.js (compile.mjs runs this file).

It packs /packages as /pyodide/packages.tar, with bytecode instead of sources. That tar is compressed with Zstandard,
over all files at once, which leaves three quarters of the size of a zip. Its suffix is .tar, because Pyodide chooses
the format by the suffix, while tarfile recognizes the compression by the content.

In the standard library's zip, it replaces the modules that a notebook imports by their bytecode, which is a little
larger, and saves a browser more than a second, and drops the files of UNUSED.
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

# Patterns for files of the standard library that no notebook uses: servers, clients of old protocols, other systems,
# screens and tests.
UNUSED = (
    *("_pyrepl/*", "ensurepip/*", "idlelib/*", "tkinter/*", "turtledemo/*", "lib2to3/*", "curses/*", "dbm/*"),
    "sqlite3/*",
    *("wsgiref/*", "xmlrpc/*", "xml/sax/*", "venv/*", "pydoc_data/*", "test/*", "ctypes/_aix.py", "ctypes/macholib/*"),
    *("concurrent/interpreters/*", "concurrent/futures/process.py", "asyncio/windows_*", "asyncio/proactor_events.py"),
    *("imaplib.py", "smtplib.py", "poplib.py", "ftplib.py", "mailbox.py", "turtle.py", "_pyio.py", "webbrowser.py"),
    *("pickletools.py", "optparse.py", "trace.py", "tabnanny.py", "antigravity.py", "wave.py", "modulefinder.py"),
    *("this.py", "nturl2path.py", "symtable.py", "cProfile.py"),
)
# Two packages of the standard library in which most files are unused, each with a pattern for the files to keep.
KEPT = {
    "encodings": re.compile(
        r"utf|ascii|latin_1|iso8859_1\b|iso8859_15|cp1252|cp437|idna|punycode|.*_escape|.*_codec|_|alia"
    ),
    "multiprocessing": re.compile("__init__|context|process|reduction"),
}
# The folder in /packages whose sources are packed: kubesim reads lightkube-models as data.
READ = "lightkube"
# Suffixes of sources, which are left out elsewhere.
SOURCES = {".py", ".pyi"}
# Python's level of optimization -OO, which removes docstrings and asserts: a fifth less of the library to load.
WITHOUT_DOCSTRINGS = 2
# The time of every file in the tar (seconds) and in the zip (its parts), so that two builds are the same.
EPOCH = 1767225600
DATE = (2026, 1, 1, 0, 0, 0)
# Options of compileall: print nothing, write bytecode beside its source, and let Python load it without comparing it
# with the source, whose time changes with each unpacking.
AS_PACKED: dict[str, Any] = {"quiet": 2, "legacy": True, "invalidation_mode": PycInvalidationMode.UNCHECKED_HASH}
# Modules that together import all modules that a notebook needs.
IMPORTED = ("piplite", "pyodide_kernel", "kubesim.jupyter.challenge", "kubesim.jupyter.progress")
PACKAGES = Path("/packages")
LIBRARY = Path("/pyodide/python_stdlib.zip")


def compile_packages() -> None:
    """Pack /packages: bytecode without sources, except READ. Raises SystemExit if a module doesn't compile."""
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
    """Rewrite the zip of the standard library: bytecode for the modules that IMPORTED needs, and no unused files."""
    sys.path.append(str(PACKAGES))
    for room in IMPORTED:
        importlib.import_module(room)
    origins = [str(module.__spec__ and module.__spec__.origin) for module in list(sys.modules.values())]
    # The paths, within the zip, of all modules that are loaded now.
    used = {origin.partition(".zip/")[2] for origin in origins if ".zip/" in origin}
    sources = Path("/tmp/library")
    shutil.unpack_archive(LIBRARY, sources, "zip")
    for name in used:
        if not compileall.compile_file(sources / name, stripdir=sources, optimize=WITHOUT_DOCSTRINGS, **AS_PACKED):
            sys.exit(f"{name} of the standard library doesn't compile")
    with zipfile.ZipFile(LIBRARY, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for path in sorted(sources.rglob("*")):
            name = path.relative_to(sources).as_posix()
            # A .pyc is kept for the source of the same name, which is then left out.
            is_needed = name[:-1] in used if path.suffix == ".pyc" else name not in used and not is_unused(name)
            if path.is_file() and is_needed:
                archive.writestr(zipfile.ZipInfo(name, DATE), path.read_bytes(), zipfile.ZIP_DEFLATED)


def is_unused(name: str) -> bool:
    """True for the path of a standard library's file that no notebook uses."""
    package, _, file = name.partition("/")
    if package in KEPT:
        return KEPT[package].match(file) is None
    return any(fnmatch(name, pattern) for pattern in UNUSED)


compile_packages()
compile_library()
