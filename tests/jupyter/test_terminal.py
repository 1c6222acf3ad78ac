"""The terminal without a page: commands, transcript, time, completion, the editor, and the page's messages."""

import re
from typing import Any

import pytest

import kubesim
from kubesim import shell
from kubesim.api.budget import Budget
from kubesim.api.clock import SECOND, STEPS
from kubesim.cluster.apiserver.backend import READS_PER_WRITE
from kubesim.cluster.controllers.base import SYNC
from kubesim.jupyter import seat as room
from kubesim.jupyter.screen import LARGEST_TRANSCRIPT, strip_escapes
from kubesim.jupyter.seat import Seat, spell
from kubesim.jupyter.task import TaskCard
from kubesim.jupyter.terminal import Terminal, commands, completed, transcript
from kubesim.lessons import load_tasks
from kubesim.shell.parser import parse

# A command that writes a file.
HEREDOC = "cat > pod.yaml <<EOF\nkind: Pod\nEOF"

# The refusal of an unknown command.
LACKING = "kubesim: 'nothere' is not part of this simulator; type help to see what is\n"


class Screen(Terminal):
    """A terminal whose screen is read as plain text: `$ ` before a command, `> ` before its further lines."""

    @property
    def transcript(self):
        texts = (
            "$ " + text.replace("\n", "\n> ") + "\n" if kind == "command" else text
            for kind, text in self.screen.entries
        )
        return strip_escapes("".join(texts))

    def feed(self, text):
        """Run commands, and return what that added to the screen."""
        before = self.transcript
        super().feed(text)
        return self.transcript.removeprefix(before)


class Page:
    """A page that sends messages to a terminal."""

    def __init__(self, terminal, monkeypatch):
        self._terminal = terminal
        self._answers: list[dict[str, Any]] = []
        monkeypatch.setattr(terminal, "send", self._answers.append)

    def ask(self, do, **message):
        """Send a message, and return the reply without the increments of the screen and the history."""
        self._terminal._on_message(None, {"do": do, "id": "view-1", **message}, [])
        (answer,) = self._answers
        self._answers.clear()
        assert answer.pop("re") == "view-1"
        for name in ("gone", "entries", "history"):
            answer.pop(name, None)
        return answer


@pytest.fixture
def session(tmp_path):
    """A session whose workspace is `tmp_path`."""
    return kubesim.Session(tmp_path)


@pytest.fixture
def terminal(session):
    """A terminal of the session."""
    return Screen(Seat(session))


@pytest.fixture
def page(terminal, monkeypatch):
    """A page of the terminal."""
    return Page(terminal, monkeypatch)


@pytest.mark.parametrize(
    ("text", "screen"),
    [
        ("echo one", "$ echo one\none\n"),
        ("echo two; nothere", f"$ echo two; nothere\ntwo\n{LACKING}"),
        (
            f"{HEREDOC}\n\necho 'a\nb' &&\n  cat pod.yaml\n",
            "$ cat > pod.yaml <<EOF\n> kind: Pod\n> EOF\n$ echo 'a\n> b' &&\n>   cat pod.yaml\na\nb\nkind: Pod\n",
        ),
        ("cat <<EOF\na\n\nb\nEOF", "$ cat <<EOF\n> a\n> \n> b\n> EOF\na\n\nb\n"),
        ("printf abc\necho d", "$ printf abc\nabc\n$ echo d\nd\n"),
        ("clear; echo two", "two\n"),
    ],
)
def test_feed_returns_what_the_screen_gained(text, screen, terminal):
    terminal.feed("echo before")
    assert terminal.feed(text) == screen
    assert terminal.transcript == ("" if "clear" in text else "$ echo before\nbefore\n") + screen


def test_the_history_has_whole_commands(terminal):
    terminal.feed(f"{HEREDOC}\n\necho 'a\nb' &&\n  cat pod.yaml\n")
    assert terminal.take_news()["history"] == [HEREDOC, "echo 'a\nb' &&\n  cat pod.yaml"]


@pytest.mark.parametrize(
    ("text", "blocks"),
    [
        ("a\n\nb <<E\nx", ["a", "b <<E\nx"]),
        ("cat <<A <<'B'\nB\nA\nA\nB\nls", ["cat <<A <<'B'\nB\nA\nA\nB", "ls"]),
        ("cat <<A \\\n-n\nls \\\nA\nls \\\n-l", ["cat <<A \\\n-n\nls \\\nA", "ls \\\n-l"]),
        ("if true; then cat <<A\nA\nfi\nls", ["if true; then cat <<A\nA\nfi", "ls"]),
        ("echo '<<A\nB'\nls", ["echo '<<A\nB'", "ls"]),
        ("cat <<A\r\nx\r\nA\r\nls\r\n", ["cat <<A\nx\nA", "ls"]),
        ("echo a\fb\u2028c\x1dd\n", ["echo a\fb\u2028c\x1dd"]),
    ],
)
def test_a_text_is_split_into_commands(text, blocks, session):
    assert list(commands(text, session.shell)) == blocks


def test_a_long_heredoc_is_parsed_once(session, monkeypatch):
    texts = []
    monkeypatch.setattr(shell, "parse", lambda text, *rest: texts.append(text) or parse(text, *rest))
    block = "cat > a.yaml <<EOF\n" + "key: value\n" * 4000 + "EOF"
    assert list(commands(block, session.shell)) == [block]
    assert texts == ["cat > a.yaml <<EOF", block, block]


def test_statuses_are_coloured_on_the_screen_and_plain_in_the_transcript(terminal):
    terminal.feed("echo 'p   0/1   ErrImagePull   0'")
    assert terminal.screen.entries[-1] == ("output", "p   0/1   \x1b[31mErrImagePull\x1b[0m   0\n")
    assert terminal.transcript.endswith("\np   0/1   ErrImagePull   0\n")


def test_a_cell_prints_output_and_time_without_colours(session):
    assert transcript(Seat(session), "printf '\\e[31mred\\e[0m ErrImagePull'; sleep 61") == (
        "$ printf '\\e[31mred\\e[0m ErrImagePull'; sleep 61\nred ErrImagePull\n# 14:00:01"
    )


def test_a_long_transcript_loses_its_beginning(terminal):
    for _ in range(5):
        terminal.feed(f"printf '%0{LARGEST_TRANSCRIPT // 4}d' 1")
    assert len(terminal.transcript) <= LARGEST_TRANSCRIPT
    terminal.feed("echo last")
    assert terminal.transcript.endswith("$ echo last\nlast\n")


def test_advancing_time_prints_the_duration(page, terminal, session):
    before = session.cluster.clock.now
    page.ask("advance", seconds=70)
    assert terminal.transcript == "# 1 min 10 s later: each Pod is as before\n"
    assert session.cluster.clock.now - before == 70_000_000


def test_advancing_to_the_next_change_prints_that_change(page, terminal):
    def until():
        page.ask("advance_to_change")
        return terminal.transcript.splitlines()[-1]

    terminal.feed("kubectl run web --image=nginx")
    assert until() == "# 1 s later: web is 1/1 Running"
    terminal.feed("kubectl run db --image=registry.example.com/myapp:1.0; sleep 0.5")
    assert until() == "# less than a second later: db is ErrImagePull"
    terminal.feed("kubectl delete pod db --now; sleep 60")
    assert until() == "# 10 min later: each Pod is as before"


def test_waits_stop_when_their_budget_of_work_is_spent(seat, monkeypatch):
    # Units of work: those of the budget, and at most those of the timer in which it ends, a sync that examines 30 Pods.
    paid, last = 20, SYNC + 30 // 2 + 30 // READS_PER_WRITE + 1
    monkeypatch.setattr(room, "Budget", lambda: Budget(steps=paid * STEPS))
    clock = seat.session.cluster.clock
    seat.run("kubectl create deployment web --image=registry.example.com/myapp:1.0 --replicas=30; sleep 60")
    stopped = "kubesim: so much happens in this cluster that time was stopped after [0-9.]+ of 600 seconds"
    assert re.fullmatch(stopped, seat.advance(600))
    before = clock.work
    seat.advance(600, to_change=True)
    assert clock.work - before <= paid + last
    before = clock.work
    seat.catch_up(0.0)
    seat.catch_up(600.0)
    assert 0 < clock.work - before <= paid + last


def test_reading_the_text_of_a_task_takes_no_time(page, terminal):
    seat = terminal._seat
    page.ask("enter", text="", wall=100)
    TaskCard(next(iter(load_tasks().values())), seat)
    begun = seat.now
    page.ask("enter", text="", wall=500)
    assert seat.now == begun
    page.ask("enter", text="", wall=530)
    assert seat.now == begun + 30 * SECOND


def test_four_of_many_changed_pods_are_named(page, terminal):
    terminal.feed("kubectl create deployment web --image=nginx --replicas=6; sleep 0.5")
    page.ask("advance", seconds=60)
    assert terminal.transcript.splitlines()[-1].count("is 1/1 Running") == 4
    assert terminal.transcript.endswith(", and 2 more\n")


@pytest.mark.parametrize(
    ("seconds", "words"), [(0.2, "0 s"), (12.6, "13 s"), (60, "1 min"), (125, "2 min 5 s"), (600, "10 min")]
)
def test_a_duration_is_spelled_in_words(seconds, words):
    assert spell(seconds) == words


def test_restart_makes_a_fresh_cluster_and_keeps_files_and_history(terminal):
    terminal.feed(f"kubectl create namespace mine\nalias k=kubectl\n{HEREDOC}")
    terminal.do_restart()
    assert terminal.transcript == "# a fresh cluster; your files are still there\n"
    assert "NotFound" in terminal.feed("k get namespace mine")
    assert terminal.feed("ls") == "$ ls\npod.yaml\n"
    assert terminal.take_news()["history"][0] == "kubectl create namespace mine"


def test_the_increments_sent_to_the_page_add_up_to_the_screen(terminal):
    shown: list[Any] = []
    long = f"printf '%0{LARGEST_TRANSCRIPT // 3}d' 1"
    few = ("echo one", "echo two\nclear", "", "echo three")
    for text in (*few, long, long, long, f"{long}\nclear\necho four", "clear"):
        terminal.feed(text)
        new = terminal.take_news()
        shown = [*shown[new.get("gone", 0) :], *new.get("entries", [])]
        assert shown == terminal.screen.entries
        assert terminal.take_news() == {}


def test_an_internal_error_prints_one_line(terminal, session, monkeypatch):
    monkeypatch.setattr(session, "run", lambda _line: 1 / 0)
    assert terminal.feed("kubectl get pods") == (
        "$ kubectl get pods\nkubesim: internal error: the simulator could not do this\n"
    )


# Messages of the page


def test_enter_runs_a_complete_command(page, terminal):
    assert page.ask("enter", text="echo hi", wall=0) == {}
    assert terminal.transcript == "$ echo hi\nhi\n"


def test_enter_runs_nothing_of_an_unfinished_block(page, terminal):
    assert page.ask("enter", text="echo hi\ncat <<EOF\na", wall=0) == {"more": True}
    assert page.ask("enter", text="echo hi\\", wall=0) == {"more": True}
    assert terminal.transcript == ""


def test_wall_time_passes_only_between_typed_commands(page, terminal, session):
    def enter(wall):
        before = session.cluster.clock.now
        page.ask("enter", text="echo", wall=wall)
        return (session.cluster.clock.now - before) / 1e6 - 0.1

    assert page.ask("start", wall=1000.0) == {"start": {"entries": [], "history": [], "again": False}}
    terminal.feed("echo a cell")
    assert enter(1003.5) == pytest.approx(3.5)
    shown = page.ask("start", wall=1010.0)["start"]  # the page was loaded again
    assert shown == {"entries": terminal.screen.entries, "history": session.shell.history, "again": True}
    assert enter(1013.5) == pytest.approx(10)
    assert enter(9999999.0) == pytest.approx(600)
    assert enter(5.0) == pytest.approx(0)  # the wall clock was set back
    assert enter(6.0) == pytest.approx(1)


def test_undo_reverts_the_last_command_whatever_time_has_passed(page, terminal):
    page.ask("start", wall=1000)
    lines = "kubectl create namespace green", "kubectl get namespace green -o name", "undo", "undo"
    for number, line in enumerate(lines, start=1):
        page.ask("enter", text=line, wall=1000 + 5 * number)
    assert terminal.transcript.endswith(
        "$ undo\nreverted: kubectl create namespace green\n$ undo\nkubesim: there is nothing left to revert\n"
    )


def test_tab_completes_up_to_where_the_candidates_differ(page, session):
    for name in ("regcred.yaml", "registry.yaml"):
        session.write_file(name, "")
    assert page.ask("complete", text="cat re | wc", cursor=6) == {
        "text": "cat reg | wc",
        "cursor": 7,
        "candidates": ["regcred.yaml", "registry.yaml"],
    }
    assert page.ask("complete", text="cat regc", cursor=8) == {
        "text": "cat regcred.yaml ",
        "cursor": 17,
        "candidates": ["regcred.yaml"],
    }


@pytest.mark.parametrize(
    ("before", "candidates", "after"),
    [
        ("kubectl g", ["get"], "kubectl get "),
        ("kubectl get ", ["pods", "secrets"], "kubectl get "),
        ("kubectl get p", ["pods", "podtemplates"], "kubectl get pod"),
        ("kubectl get --na", ["--namespace="], "kubectl get --namespace="),
        ("cat fol", ["folder/"], "cat folder/"),
        ("kubectl zzz", [], "kubectl zzz"),
        ("echo a >fi", ["file"], "echo a >file "),
    ],
)
def test_completion_inserts_the_common_part_of_the_candidates(before, candidates: list[str], after):
    assert completed(before, candidates) == after


def test_the_buttons_advance_time_clear_and_restart(page, terminal):
    page.ask("advance", seconds=10)
    page.ask("advance_to_change")
    assert terminal.transcript == "# 10 s later: each Pod is as before\n# 10 min later: each Pod is as before\n"
    page.ask("clear")
    assert terminal.transcript == ""
    page.ask("restart")
    assert terminal.transcript == "# a fresh cluster; your files are still there\n"


def test_the_terminal_shows_the_simulated_time(page, terminal):
    page.ask("advance", seconds=61)
    assert terminal.time == "14:00:01"


@pytest.mark.parametrize("message", [{"do": "enter"}, {"do": "complete", "text": 1, "cursor": None}])
def test_a_malformed_message_gets_an_error(message, page):
    assert page.ask(**message) == {"error": "kubesim: internal error: this could not be done"}


# The editor


def test_nano_opens_a_new_file(terminal):
    assert terminal.feed("nano pod.yaml") == "$ nano pod.yaml\n"
    assert terminal.editing == {"name": "pod.yaml", "text": "", "saved": "", "exists": False, "editor": "nano"}


def test_nano_opens_a_file_below_the_current_folder(terminal):
    terminal.feed("mkdir sub; cd sub; echo 'a: 1' > f.yaml; nano f.yaml")
    assert terminal.editing == {
        "name": "sub/f.yaml",
        "text": "a: 1\n",
        "saved": "a: 1\n",
        "exists": True,
        "editor": "nano",
    }


def test_saving_writes_the_real_file_and_says_so(page, terminal, tmp_path):
    terminal.feed("nano pod.yaml")
    assert page.ask("save", text="kind: Pod\nspec: {}") == {}
    assert (tmp_path / "pod.yaml").read_text() == "kind: Pod\nspec: {}\n"
    assert page.ask("close") == {}
    assert terminal.editing == {}
    assert terminal.transcript == "$ nano pod.yaml\n# saved pod.yaml (2 lines)\n"


def test_an_editor_closed_on_one_page_cannot_be_saved_on_another(page, terminal, tmp_path):
    terminal.feed("nano pod.yaml")
    assert [page.ask("close"), page.ask("close"), page.ask("typed", text="a: 1")] == [{}, {}, {}]
    closed = {"error": "nothing is saved: the editor was closed meanwhile, on another page"}
    assert page.ask("save", text="a: 1") == closed
    assert (list(tmp_path.iterdir()), terminal.editing) == ([], {})
    assert terminal.transcript == "$ nano pod.yaml\n# closed pod.yaml, nothing was saved\n"


def test_closing_without_saving_writes_nothing(page, terminal, tmp_path):
    terminal.feed("nano pod.yaml")
    page.ask("typed", text="kind: Pod")
    page.ask("close")
    assert list(tmp_path.iterdir()) == []
    assert terminal.transcript == "$ nano pod.yaml\n# closed pod.yaml, nothing was saved\n"


def test_a_file_that_cannot_be_saved_stays_open(page, terminal):
    terminal.feed("nano nowhere/pod.yaml")
    assert page.ask("save", text="a") == {"error": "nowhere/pod.yaml is not saved: No such file or directory"}
    assert terminal.editing == {"name": "nowhere/pod.yaml", "text": "", "saved": "", "exists": False, "editor": "nano"}


def test_an_editor_refuses_a_binary_file(terminal, tmp_path):
    (tmp_path / "image").write_bytes(b"\xff\xfe")
    assert terminal.feed("vim image") == "$ vim image\nkubesim: vim cannot open image: it is not a text file\n"
    assert terminal.editing == {}


def test_a_draft_of_yaml_is_checked_and_kept_while_typing(page, terminal):
    terminal.feed("nano pod.yaml")
    assert page.ask("typed", text="a: 1\nb: c: d\n") == {
        "line": 2,
        "words": "a ':' too many, or this line is indented too far",
    }
    assert terminal.editing == {
        "name": "pod.yaml",
        "text": "a: 1\nb: c: d\n",
        "saved": "",
        "exists": False,
        "editor": "nano",
    }
    assert page.ask("typed", text="a: 1\n---\nb: 2\n") == {}
    page.ask("close")
    assert page.ask("typed", text="a: b: c") == {}  # a message sent before the editor was closed
    assert terminal.editing == {}


@pytest.mark.parametrize("name", ["notes.txt", "a.json", "yaml", "a.yaml.txt"])
def test_other_files_than_yaml_are_not_checked(name, page, terminal):
    terminal.feed(f"nano {name}")
    assert page.ask("typed", text="a: b: c") == {}


def test_kubectl_edit_opens_the_object_and_sends_what_was_saved(page, terminal, tmp_path):
    assert terminal.feed("kubectl edit sa default") == "$ kubectl edit sa default\n"
    draft = terminal.editing["text"]
    assert draft.startswith("# Please edit the object below.")
    page.ask("save", text=draft + "imagePullSecrets:\n- name: regcred\n")
    page.ask("close")
    assert terminal.transcript.endswith("lines)\nserviceaccount/default edited\n")
    assert list(tmp_path.iterdir()) == []
    screen = terminal.feed("kubectl get sa default -o jsonpath={.imagePullSecrets}")
    assert screen.endswith('[{"name":"regcred"}]\n')
    assert terminal.feed("undo").endswith("reverted: kubectl edit serviceaccounts/default -n default\n")
    assert not [line for line in terminal._seat.session.shell.history if "--edit-result" in line]


def test_kubectl_edit_that_is_not_saved_changes_nothing(page, terminal, tmp_path):
    terminal.feed("kubectl edit sa default")
    assert terminal.editing["saved"] == terminal.editing["text"]  # then the page doesn't ask to save
    page.ask("close")
    assert terminal.transcript.endswith("nothing was saved\n")
    assert list(tmp_path.iterdir()) == []
    assert terminal.feed("kubectl get sa default -o jsonpath={.imagePullSecrets}").count("\n") == 1
