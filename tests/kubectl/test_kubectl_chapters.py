"""kubectl's commands line by line, rightly and wrongly typed (chapters/), completion, and the live editor."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.exercises.test_exercises import chapters, check
from tests.learner import PRIVATE, Learner, rows

CHAPTERS = chapters(Path(__file__).parent / "chapters")


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_the_lines_of_a_chapter(chapter: str) -> None:
    check(CHAPTERS[chapter])


@pytest.fixture(scope="module")
def shop() -> Learner:
    """A learner with a Pod that runs and one whose image is private."""
    learner = Learner()
    learner("kubectl run web --image=nginx")
    learner(f"kubectl run priv --image={PRIVATE}")
    return learner


@pytest.mark.parametrize(("line", "words"), rows(__file__)["tab_completes"])
def test_tab_completes(shop: Learner, line: str, words: list[str]) -> None:
    assert shop.session.shell.complete(line, len(line)) == words


def test_an_edit_that_is_refused_is_kept_in_a_file(learner: Learner) -> None:
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


@pytest.mark.parametrize("editor", ["vim", "/usr/bin/vim", "vim -n"])
def test_an_editor_for_the_keyboard_opens_in_the_live_terminal(learner: Learner, editor: str) -> None:
    asked = learner.session.run(f"KUBE_EDITOR='{editor}' kubectl edit sa default").edit
    assert asked
    assert asked.editor == "vim"
    assert learner("ls -a") == ".\n..\n"


def test_changes_made_while_the_live_editor_is_open_stay(learner: Learner) -> None:
    learner("kubectl create deployment web --image=nginx:1.26 --replicas=2")
    asked = learner.session.run("kubectl edit deployment web").edit
    assert asked
    learner("kubectl scale deployment web --replicas=5; sleep 20")
    learner.session.write_file(asked.path, asked.draft)
    assert learner.session.run(asked.then).screen == "Edit cancelled, no changes made.\n"
    learner.session.write_file(asked.path, asked.draft.replace("nginx:1.26", "nginx:1.28"))
    assert learner.session.run(asked.then).screen == "deployment.apps/web edited\n"
    shown = "-o jsonpath='{.spec.replicas} {.spec.template.spec.containers[*].image}'"
    assert learner(f"kubectl get deployment web {shown}") == "5 nginx:1.28"
    assert learner("ls -a") == ".\n..\n"


def test_an_edited_object_that_was_deleted_meanwhile_is_named_and_kept(learner: Learner) -> None:
    learner("kubectl create configmap c --from-literal=a=old")
    asked = learner.session.run("kubectl edit cm c").edit
    assert asked
    learner("kubectl delete cm c")
    learner.session.write_file(asked.path, asked.draft.replace("old", "new"))
    result = learner.session.run(asked.then)
    assert result.screen == (
        'error: configmaps "c" could not be found on the server\n'
        f'The edits you made on deleted resources have been saved to "/workspace/{asked.path}"\n'
    )
    assert result.exit_code == 1
    assert learner("ls -a") == f".\n..\n{asked.path}\n"


@pytest.mark.parametrize(
    "text", ["EOF\nEOF\n", "$HOME `ls` \\ 'a'\n" * 3000, "tab\there\r\n"], ids=["EOF", "long", "odd"]
)
def test_the_draft_comes_back_as_it_was(learner: Learner, text: str) -> None:
    learner.session.write_file("f", text)
    learner("kubectl create configmap c --from-file=f")
    asked = learner.session.run("kubectl edit cm c").edit
    assert asked
    learner.session.write_file(asked.path, asked.draft)
    assert learner.session.run(asked.then).screen == "Edit cancelled, no changes made.\n"
