"""A learner's own copies of the notebooks and documents: made once, and renewed by a later version of kubesim.

A manifest beside the copies has the hash of each file as it was copied. It tells a copy that nobody has edited, which a
new version may replace, from one with a learner's work in it, which stays.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from collections.abc import Mapping
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, files
from itertools import chain, count
from pathlib import Path
from typing import NamedTuple

_PACKAGE = Path(__file__).resolve().parents[1]
_PATTERNS = ("notebooks/*.ipynb", "docs/*.md")  # the notebooks link to the glossary and the cheat sheet
_MANIFEST = ".kubesim-copies.json"
# The folder for files that a version lacks; if it exists, earlier-2, earlier-3 …
_ASIDE = "earlier"
# Names of lessons since the first version, for folders without a manifest.
_LESSON_NAME = re.compile(r"\d\d-.+|playground|appendix-.+")


class Renewal(NamedTuple):
    """The result of a copy for files that existed before. Paths are relative to the learner's folder."""

    replaced: tuple[str, ...] = ()  # unedited files, replaced by this version's
    kept: tuple[str, ...] = ()  # edited files that are different in this version; they aren't changed
    set_aside: tuple[str, ...] = ()  # files that this version lacks under their name, moved into `aside`
    aside: str = ""  # the folder of the moved files

    @property
    def summary(self) -> str:
        """A line about the renewal for the learner; "" if there is nothing to say."""
        parts = []
        if self.replaced:
            parts.append(f"{_files(self.replaced)} updated")
        if self.set_aside:
            parts.append(f"{_files(self.set_aside)} of an earlier version moved to {self.aside}/")
        if self.kept:
            names = ", ".join(self.kept)
            parts.append(f"{_files(self.kept)} with your changes kept ({names}; move one away to get the new one)")
        return "; ".join(parts)


def copy_notebooks(target: Path) -> Renewal:
    """Copy the notebooks and their documents into the folder `target`, and renew an earlier version's copies.

    Running and saving a notebook doesn't count as an edit. Files with a learner's work are never overwritten or
    deleted. In a checkout, whose files are the notebooks themselves, nothing changes. Raises OSError if the folder
    can't be written.
    """
    sources = _sources()
    if any((target / name).exists() and (target / name).samefile(source) for name, source in sources.items()):
        return Renewal()
    manifest = _read_manifest(target)
    renewal = _set_aside(target, sources, manifest)
    replaced, kept, hashes = [], [], {}
    for name, source in sources.items():
        copy, new = target / name, _hash(source)
        as_copied = manifest.get(name, "")
        present = _hash(copy) if copy.exists() else None
        is_edited = present not in (None, new, as_copied)
        hashes[name] = as_copied if is_edited else new
        if is_edited and as_copied != new:
            kept.append(name)
        elif not is_edited and present != new:
            _copy(source, copy)
            if present:
                replaced.append(name)
    (target / _MANIFEST).write_text(json.dumps(hashes, indent=1) + "\n", encoding="utf-8")
    return renewal._replace(replaced=tuple(replaced), kept=tuple(kept))


def _set_aside(target: Path, sources: Mapping[str, Path], manifest: Mapping[str, str]) -> Renewal:
    """Move an earlier version's files that this version lacks into a folder of their own.

    Without a manifest, edited files can't be recognized. Then every earlier lesson that differs is moved.
    """
    if manifest:
        earlier = [name for name in manifest if name not in sources and (target / name).exists()]
    else:
        earlier = [name for name in _earlier_lessons(target) if not _is_same(target / name, sources.get(name))]
    if not earlier:
        return Renewal()
    names = chain([_ASIDE], (f"{_ASIDE}-{number}" for number in count(2)))
    aside = next(name for name in names if not (target / name).exists())
    for name in earlier:
        place = target / aside / name
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.move(target / name, place)
    return Renewal(set_aside=tuple(earlier), aside=aside)


def _earlier_lessons(target: Path) -> list[str]:
    """The lessons and documents in a folder from before manifests existed."""
    paths = [path for pattern in _PATTERNS for path in sorted(target.glob(pattern))]
    return [
        path.relative_to(target).as_posix()
        for path in paths
        if path.suffix != ".ipynb" or (_LESSON_NAME.fullmatch(path.stem) and b"kubesim" in path.read_bytes())
    ]


def _is_same(copy: Path, source: Path | None) -> bool:
    return source is not None and _hash(copy) == _hash(source)


def _copy(source: Path, copy: Path) -> None:
    copy.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, copy)


def _read_manifest(target: Path) -> dict[str, str]:
    """The hash of each copy as it was made; {} without a readable manifest."""
    with suppress(FileNotFoundError, NotADirectoryError, ValueError):
        hashes = json.loads((target / _MANIFEST).read_text(encoding="utf-8"))
        if isinstance(hashes, dict) and all(isinstance(value, str) for value in hashes.values()):
            inside = target.resolve()
            return {name: hash_ for name, hash_ in hashes.items() if (target / name).resolve().is_relative_to(inside)}
    return {}


def _hash(path: Path) -> str:
    """The hash of a file. For a notebook only its cells' sources count, because running and saving changes the rest."""
    content = path.read_bytes()
    if path.suffix == ".ipynb":
        with suppress(ValueError, KeyError, TypeError):  # not a notebook
            cells = json.loads(content)["cells"]
            content = json.dumps(["".join(cell["source"]) for cell in cells]).encode()
    return hashlib.sha256(content).hexdigest()


def _files(names: tuple[str, ...]) -> str:
    return f"{len(names)} file{'s' if len(names) > 1 else ''}"


def _sources() -> dict[str, Path]:
    """The files of this version by their names in the learner's folder, from a checkout or an installation."""
    checkout = _PACKAGE.parent
    if (checkout / "notebooks").is_dir():
        paths = [path for pattern in _PATTERNS for path in sorted(checkout.glob(pattern))]
        return {path.relative_to(checkout).as_posix(): path for path in paths}
    installed: list[Path] = []
    with suppress(PackageNotFoundError):
        installed = [Path(str(file.locate())) for file in files("kubesim") or () if "share/kubesim" in file.as_posix()]
    return {"/".join(path.parts[-2:]): path for path in installed}
