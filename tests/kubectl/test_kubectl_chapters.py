"""kubectl's commands line by line, rightly and wrongly typed: chapters/; and what no line shows."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.exercises.test_exercises import chapters, check
from tests.learner import PRIVATE, Learner, rows

CHAPTERS = chapters(Path(__file__).parent / "chapters")


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_a_chapter(chapter: str) -> None:
    check(CHAPTERS[chapter])


@pytest.fixture(scope="module")
def shop() -> Learner:
    learner = Learner()
    learner("kubectl run web --image=nginx")
    learner(f"kubectl run priv --image={PRIVATE}")
    return learner


@pytest.mark.parametrize(("line", "words"), rows(__file__)["completion"])
def test_completion(shop: Learner, line: str, words: list[str]) -> None:
    assert shop.session.shell.complete(line, len(line)) == words


def test_what_was_saved_in_the_live_editor_and_refused_is_kept(learner: Learner) -> None:
    learner("kubectl create secret generic s --from-literal=old=1")
    asked = learner.session.run("kubectl edit secret s").edit
    assert asked
    learner.session.write_file(asked.path, asked.draft.replace("Opaque", "Other"))
    result = learner.session.run(asked.then)
    assert result.stderr == (
        f'A copy of your changes has been stored to "/workspace/{asked.path}"\n'
        'The Secret "s" is invalid: type: Invalid value: "Other": field is immutable\n'
    )
    assert learner("ls -a") == f".\n..\n{asked.path}\n"
    learner.session.write_file(asked.path, asked.draft.replace("old", "new"))
    assert learner(asked.then) == "secret/s edited\n"
    assert learner("ls -a") == ".\n..\n"
