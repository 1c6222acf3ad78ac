"""Runs in Pyodide: compiles the Python of every wheel in /wheels with Pyodide's own Python, and compresses it.

A wheel keeps only the bytecode, which halves what a browser has to load; lightkube-models, whose source is read as
data, keeps only that.
"""

import compileall
import shutil
import zipfile
from pathlib import Path
from py_compile import PycInvalidationMode

READ = "lightkube_models-"

for wheel in sorted(Path("/wheels").glob("*.whl")):
    folder = Path("/tmp/compile") / wheel.stem
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)
    is_read = wheel.name.startswith(READ)
    if not is_read:
        mode = PycInvalidationMode.UNCHECKED_HASH  # a file's time says nothing where it is unpacked
        compileall.compile_dir(folder, quiet=2, stripdir=folder, legacy=True, invalidation_mode=mode)
    with zipfile.ZipFile(wheel, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for path in sorted(folder.rglob("*")):
            if path.is_file() and (is_read or path.suffix not in {".py", ".pyi"}):
                info = zipfile.ZipInfo(path.relative_to(folder).as_posix(), (2026, 1, 1, 0, 0, 0))
                archive.writestr(info, path.read_bytes(), zipfile.ZIP_DEFLATED)
    shutil.rmtree(folder)
