"""Chapters of lines with their answers, along the outlines of the CKA and CKAD exams.

Recordings of real clusters are in tests/golden. The answers here are either the same as the real kubectl's against
kubesim's API server (KUBECTL), or kubesim's alone (OWN). The first item of a chapter says which; few may be OWN.

`python -m tests.exercises.test_exercises FILE...` records kubesim's answers to the lines of a file, here or in
tests/cluster/screens. Read each answer as someone who has a real cluster before you commit it. The tests play many
chapters with the real kubectl, too.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple
from zlib import crc32

import pytest
import yaml

from kubesim import Session
from kubesim.api import load_yaml
from tools.golden import difference
from tools.realkubectl import RealSession, find_kubectl

Line = dict[str, Any]

# The keys of a line that a file has as a list.
KEYS = ("run", "stdout", "stderr", "exit")
# The source of a chapter whose answers the real kubectl gives, too, for more than half of its lines with kubectl.
KUBECTL = "kubectl"
# The source of any other chapter: of refusals, and of lines that the real kubectl answers differently or can't play.
OWN = "own"


class Chapter(NamedTuple):
    """Lines to run one after the other in one session, and the source of their answers (KUBECTL, OWN or "")."""

    source: str
    lines: list[Line]


def read_chapters(folder: Path) -> dict[str, Chapter]:
    """The chapters of all files in a folder, by file name and title."""
    read: dict[str, Chapter] = {}
    for path in sorted(folder.glob("*.yaml")):
        for title, items in load_yaml(path).items():
            source = items.pop(0)["source"] if "source" in items[0] else ""
            lines = [item if isinstance(item, dict) else dict(zip(KEYS, item, strict=True)) for item in items]
            read[f"{path.stem}: {title}"] = Chapter(source, lines)
    return read


def chapters(folder: Path) -> dict[str, list[Line]]:
    """The lines of the chapters of all files in a folder, by file name and title."""
    return {title: chapter.lines for title, chapter in read_chapters(folder).items()}


MARKED = read_chapters(Path(__file__).parent)
CHAPTERS = {title: chapter.lines for title, chapter in MARKED.items()}
# Chapters that the real kubectl can't play: its `cp` runs tar in a container, which kubesim's server doesn't offer.
ATTACHED = {"files: files of containers"}
# The chapters that the real kubectl plays: a sixth, unless KUBESIM_EXERCISES=all, because a line takes 40 ms of CPU and
# often waits. They are chosen by a checksum of the title, so that a new chapter doesn't change the others' choice.
ALL = os.environ.get("KUBESIM_EXERCISES") == "all"
PLAYED = [title for title in CHAPTERS if title not in ATTACHED and (ALL or crc32(title.encode()) % 6 == 4)]


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_the_lines_of_a_chapter_have_its_answers(chapter: str) -> None:
    check(CHAPTERS[chapter])


def check(lines: list[Line]) -> None:
    """Run the lines in a fresh session, and assert their answers."""
    differences = [text for _, text in played(Session(), lines) if text]
    assert not differences, "\n".join(differences)


@pytest.mark.skipif(find_kubectl() is None, reason="there is no real kubectl")
@pytest.mark.parametrize("chapter", PLAYED)
def test_the_real_kubectl_gives_the_answers_of_a_chapter(chapter: str) -> None:
    """Except for lines that kubesim refuses, and lines whose `real` says why the real kubectl answers differently."""
    lines = [line for line in CHAPTERS[chapter] if not is_refused(line)]
    with RealSession() as session:
        differences = [text for line, text in played(session, lines) if text and "real" not in line]
    assert not differences, "\n".join(differences)


def is_refused(line: Line) -> bool:
    """True if a line of stderr has a refusal by kubesim. Warnings come with a line that was done, and don't count."""
    return bool(re.search("(?<!Warning: )kubesim: ", line.get("stderr", "")))


@pytest.mark.parametrize("title", MARKED)
def test_a_chapter_names_the_source_of_its_answers(title: str) -> None:
    source, lines = MARKED[title]
    asked = [line for line in lines if re.search(r"\b(kubectl|k) ", line["run"])]
    alike = [line for line in asked if not is_refused(line) and "real" not in line]
    is_played = title not in ATTACHED and 2 * len(alike) > len(asked)
    assert source == (KUBECTL if is_played else OWN)


def test_at_most_a_quarter_of_the_chapters_has_kubesim_as_its_only_source() -> None:
    own = [title for title, chapter in MARKED.items() if chapter.source == OWN]
    assert 4 * len(own) <= len(MARKED)


def played(session: Session, lines: list[Line]) -> Iterator[tuple[Line, str]]:
    """Run the lines in `session`. Yields each line, and a text with the differences from its answer, "" without any."""
    for line in lines:
        result = session.run(line["run"])
        parts = [difference(line.get(name, ""), getattr(result, name), name) for name in ("stdout", "stderr")]
        if result.exit_code != line.get("exit", 0):
            parts.append(f"exit status {line.get('exit', 0)} expected, {result.exit_code} found")
        text = "\n".join(filter(None, parts))
        yield line, text and f"$ {line['run']}\n{text}"


class _Dumper(yaml.SafeDumper):
    """A dumper that writes texts of several lines as blocks."""


_Dumper.add_representer(
    str,
    lambda dumper, text: dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None),
)


def record(path: Path) -> None:
    """Replace the answers in a file of chapters by those that kubesim gives now."""
    chapters = load_yaml(path)
    for lines in chapters.values():
        session = Session()
        for line in lines[1:] if "source" in lines[0] else lines:
            result = session.run(line["run"])
            answer = {"stdout": result.stdout, "stderr": result.stderr, "exit": result.exit_code}
            kept = {key: line[key] for key in ("run", "real") if key in line}
            line.clear()
            line.update(kept | {key: value for key, value in answer.items() if value})
    text = yaml.dump(chapters, Dumper=_Dumper, sort_keys=False, width=10**6, allow_unicode=True)
    path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    for name in sys.argv[1:]:
        record(Path(name))
