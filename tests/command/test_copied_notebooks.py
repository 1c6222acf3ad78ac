"""A learner's own copies of the notebooks, and what a later version does with them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from kubesim.command import copies
from kubesim.command.copies import Renewal, copy_notebooks

ROOT = Path(__file__).resolve().parents[2]
START, SECRET, GLOSSARY = "notebooks/00-start.ipynb", "notebooks/01-storing-credentials.ipynb", "docs/glossary.md"


def notebook(*sources: str, count: int | None = None) -> str:
    """A notebook of code cells that were run as number `count`."""
    cells = [{"cell_type": "code", "source": [source], "execution_count": count} for source in sources]
    return json.dumps({"cells": cells})


class Version:
    """A version of kubesim with files of its own, and a learner's folder."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.package, self.learner = folder / "package", folder / "learn"
        monkeypatch.setattr(copies, "_sources", self.sources)

    def sources(self) -> dict[str, Path]:
        """The files of the installed version by their paths in a learner's folder."""
        paths = sorted(path for path in self.package.rglob("*") if path.is_file())
        return {path.relative_to(self.package).as_posix(): path for path in paths}

    def publish(self, **files: str) -> Renewal:
        """Make `files` the version that is installed, and open it."""
        for path in self.sources().values():
            path.unlink()
        self.write(self.package, **files)
        return copy_notebooks(self.learner)

    def write(self, folder: Path, **files: str) -> None:
        """Write the content of each file, which is named by a short name or that of a notebook."""
        for name, content in files.items():
            place = folder / {"start": START, "secret": SECRET, "glossary": GLOSSARY}.get(
                name, f"notebooks/{name}.ipynb"
            )
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(content)

    def read(self) -> dict[str, str]:
        """The learner's files, without the manifest."""
        paths = [path for path in self.learner.rglob("*") if path.is_file() and not path.name.startswith(".")]
        return {path.relative_to(self.learner).as_posix(): path.read_text() for path in paths}


@pytest.fixture
def version(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Version:
    """A version without files, and an empty folder."""
    return Version(tmp_path, monkeypatch)


def test_every_lesson_and_document_is_copied(tmp_path: Path) -> None:
    assert copy_notebooks(tmp_path / "learn") == Renewal()
    copied = {path.relative_to(tmp_path / "learn") for path in tmp_path.rglob("[!.]*.*")}
    assert copied == {path.relative_to(ROOT) for name in ("notebooks/*.ipynb", "docs/*.md") for path in ROOT.glob(name)}
    assert (tmp_path / "learn" / START).read_bytes() == (ROOT / START).read_bytes()


def test_a_checkout_is_left_alone() -> None:
    assert copy_notebooks(ROOT) == Renewal()
    assert not (ROOT / ".kubesim-copies.json").exists()


def test_an_upgrade_replaces_what_nobody_has_edited(version: Version) -> None:
    assert version.publish(start=notebook("a"), glossary="old") == Renewal()
    version.write(version.learner, start=notebook("a", count=7))  # only run and saved
    renewal = version.publish(start=notebook("b"), glossary="new")
    assert renewal == Renewal(replaced=(GLOSSARY, START))
    assert renewal.summary == "2 files updated"
    assert version.read() == {START: notebook("b"), GLOSSARY: "new"}
    assert version.publish(start=notebook("b"), glossary="new") == Renewal()


def test_a_file_with_a_learners_work_stays_and_is_named_once_it_is_behind(version: Version) -> None:
    version.publish(start=notebook("a"))
    version.write(version.learner, start=notebook("mine"))
    assert version.publish(start=notebook("a")) == Renewal()
    renewal = version.publish(start=notebook("b"))
    assert renewal == Renewal(kept=(START,))
    assert renewal.summary == f"1 file with your changes kept ({START}; move one away to get the new one)"
    assert version.read() == {START: notebook("mine")}


def test_a_lesson_with_a_new_name_is_set_aside(version: Version) -> None:
    version.publish(start=notebook("a"), old=notebook("b"))
    version.write(version.learner, own=notebook("my own"))
    renewal = version.publish(start=notebook("a"), new=notebook("b"))
    assert renewal == Renewal(set_aside=("notebooks/old.ipynb",), aside="earlier")
    assert renewal.summary == "1 file of an earlier version moved to earlier/"
    version.publish(start=notebook("a"), newest=notebook("b"))
    own = "notebooks/own.ipynb"
    names = {START, "earlier/notebooks/old.ipynb", "earlier-2/notebooks/new.ipynb", "notebooks/newest.ipynb", own}
    assert set(version.read()) == names


def test_a_folder_without_a_manifest_gets_this_version_and_loses_nothing(version: Version) -> None:
    old = {"start": notebook("%load_ext kubesim.jupyter", "old"), "glossary": "same"}
    version.write(version.learner, **old, mine=notebook("import kubesim"))
    version.write(version.learner, **{"04-older": notebook("%load_ext kubesim.jupyter")})
    renewal = version.publish(start=notebook("new"), glossary="same")
    assert renewal.set_aside == ("notebooks/00-start.ipynb", "notebooks/04-older.ipynb")
    assert version.read() == {
        START: notebook("new"),
        GLOSSARY: "same",
        "notebooks/mine.ipynb": notebook("import kubesim"),
        f"earlier/{START}": old["start"],
        "earlier/notebooks/04-older.ipynb": notebook("%load_ext kubesim.jupyter"),
    }


@pytest.mark.parametrize("manifest", ["", "[]", '{"notebooks/00-start.ipynb": 1}', '{"../outside.txt": "a"}'])
def test_a_damaged_manifest_moves_and_overwrites_nothing_outside(version: Version, manifest: str) -> None:
    version.publish(start=notebook("a"))
    (version.learner.parent / "outside.txt").write_text("there")
    (version.learner / ".kubesim-copies.json").write_text(manifest)
    assert version.publish(start=notebook("b")) == Renewal(kept=(START,))
    assert (version.learner.parent / "outside.txt").read_text() == "there"
    assert version.read() == {START: notebook("a")}
