"""The notebooks that come with the package, and a learner's own copy of them."""

from __future__ import annotations

import shutil
from importlib.metadata import PackageNotFoundError, files
from pathlib import Path

FOLDERS = ("notebooks", "docs")  # the notebooks link to the glossary and the cheat sheet
_CHECKOUT = Path(__file__).resolve().parents[2]


def copy_notebooks(target: Path) -> list[Path]:
    """Copy the notebooks and their documents into the folder `target`, and return those of the learner's that differ.

    No file is overwritten: one that is there already stays as it is. OSError if the folder can't be written.
    """
    kept = []
    for name, source in _sources():
        own = target / name
        if not own.exists():
            own.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, own)
        elif own.read_bytes() != source.read_bytes():
            kept.append(own)
    return kept


def _sources() -> list[tuple[str, Path]]:
    """Each file's name in the learner's folder, and where it is: in a checkout, or where the package was installed."""
    if (_CHECKOUT / "notebooks").is_dir():
        return [
            (path.relative_to(_CHECKOUT).as_posix(), path)
            for folder, pattern in zip(FOLDERS, ("*.ipynb", "*.md"), strict=True)
            for path in sorted((_CHECKOUT / folder).glob(pattern))
        ]
    try:
        installed = [Path(str(file.locate())) for file in files("kubesim") or () if "share/kubesim" in file.as_posix()]
    except PackageNotFoundError:
        installed = []
    return [("/".join(path.parts[-2:]), path) for path in installed]
