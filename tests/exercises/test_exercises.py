"""Lines along the chapters of the CKA and CKAD outlines, and what they answer, typed with either kubectl.

What a real cluster said is in tests/golden. A chapter here is the word of the real kubectl, or kubesim's own; its first
item says which, and few are the latter.

`python -m tests.exercises.test_exercises FILE...` records what kubesim answers to the lines of a file, here or in
tests/cluster/screens. Read each answer as someone who has a real cluster before you commit it; the real kubectl is
asked by the tests.
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

KEYS = ("run", "stdout", "stderr", "exit")
KUBECTL = "kubectl"  # the real kubectl says it: it answers most of the chapter's lines, and those alike
OWN = "own"  # kubesim alone says it: refusals, and where the real kubectl answers differently or can't be asked


class Chapter(NamedTuple):
    """Lines that follow each other in one session, and whose word their answers are, as the first item says."""

    source: str
    lines: list[Line]


def read_chapters(folder: Path) -> dict[str, Chapter]:
    """The chapters of all files in a folder, each with the name of its file."""
    read: dict[str, Chapter] = {}
    for path in sorted(folder.glob("*.yaml")):
        for title, items in load_yaml(path).items():
            source = items.pop(0)["source"] if "source" in items[0] else ""
            lines = [item if isinstance(item, dict) else dict(zip(KEYS, item, strict=True)) for item in items]
            read[f"{path.stem}: {title}"] = Chapter(source, lines)
    return read


def chapters(folder: Path) -> dict[str, list[Line]]:
    """The lines of the chapters of all files in a folder."""
    return {title: chapter.lines for title, chapter in read_chapters(folder).items()}


MARKED = read_chapters(Path(__file__).parent)
CHAPTERS = {title: chapter.lines for title, chapter in MARKED.items()}
# What the server doesn't carry: the tar in a container that the real `kubectl cp` runs.
ATTACHED = {"files: files of containers"}
# A sixth of the chapters, unless all are wanted: the real kubectl takes 40 ms of CPU for a line, and often waits. Their
# titles say which, so that a new chapter leaves the choice among the others as it is.
ALL = os.environ.get("KUBESIM_EXERCISES") == "all"
PLAYED = [title for title in CHAPTERS if title not in ATTACHED and (ALL or crc32(title.encode()) % 6 == 4)]


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_a_chapter(chapter: str) -> None:
    """The lines of a chapter follow each other in one session."""
    check(CHAPTERS[chapter])


def check(lines: list[Line]) -> None:
    differences = [text for _, text in played(Session(), lines) if text]
    assert not differences, "\n".join(differences)


@pytest.mark.skipif(find_kubectl() is None, reason="there is no real kubectl")
@pytest.mark.parametrize("chapter", PLAYED)
def test_a_chapter_by_the_real_kubectl(chapter: str) -> None:
    """Without the lines that kubesim's kubectl refuses, and those that say why the real one answers differently."""
    lines = [line for line in CHAPTERS[chapter] if not is_refused(line)]
    with RealSession() as session:
        differences = [text for line, text in played(session, lines) if text and "real" not in line]
    assert not differences, "\n".join(differences)


def is_refused(line: Line) -> bool:
    """Whether kubesim says that it does not do this; the API server's warnings come with what was done."""
    return bool(re.search("(?<!Warning: )kubesim: ", line.get("stderr", "")))


@pytest.mark.parametrize("title", MARKED)
def test_a_chapter_says_whose_word_its_answers_are(title: str) -> None:
    source, lines = MARKED[title]
    asked = [line for line in lines if re.search(r"\b(kubectl|k) ", line["run"])]
    alike = [line for line in asked if not is_refused(line) and "real" not in line]
    is_played = title not in ATTACHED and 2 * len(alike) > len(asked)
    assert source == (KUBECTL if is_played else OWN)


def test_few_chapters_are_kubesims_own_word() -> None:
    own = [title for title, chapter in MARKED.items() if chapter.source == OWN]
    assert 4 * len(own) <= len(MARKED)


def played(session: Session, lines: list[Line]) -> Iterator[tuple[Line, str]]:
    """Each line and how its answer differs from what it must be; "" where it doesn't."""
    for line in lines:
        result = session.run(line["run"])
        parts = [difference(line.get(name, ""), getattr(result, name), name) for name in ("stdout", "stderr")]
        if result.exit_code != line.get("exit", 0):
            parts.append(f"exit status {line.get('exit', 0)} expected, {result.exit_code} found")
        text = "\n".join(filter(None, parts))
        yield line, text and f"$ {line['run']}\n{text}"


class _Dumper(yaml.SafeDumper):
    pass


_Dumper.add_representer(
    str,
    lambda dumper, text: dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None),
)


def record(path: Path) -> None:
    """Write down what kubesim answers, for want of a real cluster."""
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
