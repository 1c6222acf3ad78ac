"""The progress file: what it keeps, damaged and foreign files, several kernels at once, uploads and merging."""

import json
import os
import subprocess
import sys
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubesim.lessons.progress import Progress
from kubesim.lessons.record import LONGEST_ANSWER, MAX_SIZE, blank, merge, read, write
from kubesim.workspace import Workspace

# Contents of a file that can't be read, or only in part, each with the reason.
DAMAGED = {
    b"": "is damaged: it does not hold JSON",
    b"not json": "is damaged: it does not hold JSON",
    b"[" * 100_000: "is damaged: it does not hold JSON",
    b"\xff\xfe": "is damaged: it does not hold JSON",
    b"{}": "is not a progress file of kubesim's",
    b"[]": "is not a progress file of kubesim's",
    b'{"answers": {"one": [1]}}': "is not a progress file of kubesim's",
    b'{"kubesim-progress": 1, "answers": {"one": [1]}}': "is not a progress file of kubesim's",
    b'{"kubesim-progress": "2"}': "is not a progress file of kubesim's",
    b'{"kubesim-progress": true}': "is not a progress file of kubesim's",
    b'{"kubesim-progress": 2, "answers": []}': "is damaged: 1 of its entries cannot be read",
    b'{"kubesim-progress": 2, "scores": {"one": [1, 99999999999]}}': "is damaged: 1 of its entries cannot be read",
    json.dumps({"kubesim-progress": 2, "tasks": {"x" * 2001: True}}).encode(): "is damaged: 1 of its entries cannot "
    "be read",
    b'{"kubesim-progress": 2, "tasks": {"one": 1, "two": null}}': "is damaged: 2 of its entries cannot be read",
    b'{"kubesim-progress": 3, "asked": {"one": [1, 4], "two": [1], "three": [9999999, 0]}}': "is damaged: 3 of its "
    "entries cannot be read",
    b'{"kubesim-progress": 3, "shown": {"one": [1, -4], "two": true}}': "is damaged: 2 of its entries cannot be read",
    b'{"kubesim-progress": 4, "clusters": {"1/a": [1, 0, 0], "1/b": [1, 0, -1, 0, 9, 9]}}': "is damaged: 2 of its "
    "entries cannot be read",
    b'{"kubesim-progress": 2, "answers": {"one": "\\ud800"}}': "is damaged: 1 of its entries cannot be read",
    b" " * (MAX_SIZE + 1): "is too large",
    "é".encode() * (MAX_SIZE // 2 + 1): "is too large",
}
# A program that keeps 100 tasks, whose names begin with its second argument, once a line is typed.
TWO_KERNELS = """
import sys
from pathlib import Path
from kubesim.lessons import progress as module
from kubesim.lessons.progress import Progress
from kubesim.workspace import Workspace
module.PATIENCE = 600  # seconds; on a busy machine, two kernels that write without pause wait long for the lock
progress = Progress(Workspace(Path(sys.argv[1])))
print("ready", flush=True)
input()
for number in range(100):
    assert progress.keep_task(f"{sys.argv[2]}-{number}")
"""

# Random ids, answers and records; any JSON; and names of sections.
ids = st.text("abc", max_size=2)
answers = st.one_of(st.text(st.characters(codec="utf-8"), max_size=5), st.lists(st.integers(-9, 1 << 30), max_size=3))
records = st.fixed_dictionaries(
    {
        "answers": st.dictionaries(ids, answers, max_size=3),
        "given": st.dictionaries(ids, st.lists(answers, max_size=3, unique_by=repr), max_size=3),
        "tasks": st.dictionaries(ids, st.just(True), max_size=3),
        "scores": st.dictionaries(ids, st.tuples(st.integers(0, 9), st.integers(9, 20)).map(list), max_size=3),
        "asked": st.dictionaries(ids, st.tuples(st.integers(0, 9), st.integers(0, 3)).map(list), max_size=3),
        "shown": st.dictionaries(ids, st.tuples(st.integers(0, 9), st.integers(0, 9)).map(list), max_size=3),
        "clusters": st.dictionaries(ids, st.tuples(*[st.integers(0, 9)] * 6).map(list), max_size=3),
    }
)
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.floats(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=10,
)
sections = st.sampled_from(["kubesim-progress", *blank(), "other"])

# A file of a later version of kubesim.
LATER = '{"kubesim-progress": 5, "answers": {"one": [2, 0]}, "tasks": {"mend": true, "x": {}}, "friends": []}'
# The number of kernels to kill, and the program of one, which keeps a task for each line that it prints.
KILLS = int(os.environ.get("KUBESIM_KILLS", "5"))
KILLED = """
import sys
import time
from pathlib import Path
from kubesim.lessons.progress import Progress
from kubesim.workspace import Workspace
progress = Progress(Workspace(Path(sys.argv[1])))
for number in range(10_000):
    assert progress.keep_task(f"{sys.argv[2]}-{number}")
    print(number, flush=True)
"""
# Answers to a question: the day, True if it was right, and the record: [the day that counts, the interval's number].
DAYS = [
    [(1, True, [1, 1]), (3, True, [1, 1]), (4, True, [4, 2]), (11, True, [11, 3]), (40, True, [40, 3])],
    [(1, False, [1, 0]), (1, True, [1, 0]), (2, True, [2, 1]), (2, False, [2, 0])],
    [(1, True, [1, 1]), (5, False, [5, 0]), (6, True, [6, 1])],
]
# Contents of a file with any sections, and those of them that no later version wrote.
contents: st.SearchStrategy[dict[str, Any]] = st.dictionaries(sections, anything | st.integers(1, 4))
ours = contents.filter(lambda found: type(found.get("kubesim-progress")) is not int or found["kubesim-progress"] <= 4)


@pytest.fixture
def workspace(tmp_path):
    """The workspace in `tmp_path`."""
    return Workspace(tmp_path)


@pytest.fixture
def file(tmp_path):
    """The path of the workspace's progress file."""
    return tmp_path / ".progress.json"


def test_kept_answers_tasks_and_scores_are_read_again(workspace, file):
    progress = Progress(workspace)
    assert progress.keep("one", [2, 0])
    assert progress.keep("two", "regcred")
    assert progress.keep_task("mend")
    assert progress.add({"scores": {"round": [7, 12]}})
    again = Progress(workspace)
    assert again.record()["answers"] == {"one": [2, 0], "two": "regcred"}
    assert (again.is_done("mend"), again.is_done("build")) == (True, False)
    assert again.record()["scores"] == {"round": [7, 12]}
    assert progress.message == again.notice() == ""
    assert json.loads(file.read_text()) == {
        "kubesim-progress": 4,
        "answers": {"one": [2, 0], "two": "regcred"},
        "given": {"one": [[2, 0]], "two": ["regcred"]},
        "tasks": {"mend": True},
        "scores": {"round": [7, 12]},
        "asked": {},
        "shown": {"mend": [0, 0]},
        "clusters": {},
    }
    assert [path.name for path in file.parent.iterdir()] == [".progress.json"]


def test_a_forgotten_answer_stays_among_the_given_ones(workspace):
    progress = Progress(workspace)
    for answer in ([1], [0], [1]):
        progress.keep("one", answer)
    progress.forget("one")
    assert progress.record()["answers"] == {}
    assert progress.record()["given"]["one"] == [[1], [0]]


def test_the_first_and_the_last_199_answers_are_kept(workspace):
    progress = Progress(workspace)
    for number in range(230):
        progress.keep("one", str(number))
    assert progress.record()["given"]["one"] == ["0", *map(str, range(31, 230))]


def test_a_long_answer_is_cut(workspace):
    progress = Progress(workspace)
    progress.keep("one", "a" * 5000)
    assert progress.record()["answers"]["one"] == "a" * LONGEST_ANSWER


def test_a_lone_surrogate_in_an_answer_is_replaced(workspace):
    progress = Progress(workspace)
    assert progress.keep("one", "a\ud800b")
    assert progress.record()["answers"]["one"] == "a?b"


@pytest.mark.parametrize("answer", [["A"], [True], [1.5], list(range(999))])
def test_an_answer_of_another_type_is_refused_and_damages_nothing(workspace, answer):
    progress = Progress(workspace)
    progress.keep("one", [1])
    assert not progress.keep("two", answer)
    assert progress.message == "Your progress cannot be kept: a part of it is of no kind that `.progress.json` has."
    assert (progress.record()["answers"].get("one"), progress.record()["answers"].get("two"), progress.notice()) == (
        [1],
        None,
        "",
    )


def test_the_best_score_stays(workspace):
    progress = Progress(workspace)
    for points in (3, 9, 5):
        progress.add({"scores": {"round": [points, 12]}})
    assert progress.record()["scores"]["round"] == [9, 12]


def test_the_file_is_found_from_every_folder(workspace):
    workspace.mkdir("deep")
    Progress(workspace).keep("one", [1])
    workspace.chdir("deep")
    assert Progress(workspace).record()["answers"].get("one") == [1]


def test_a_file_of_a_later_version_is_read_and_left_alone(workspace, file):
    file.write_text(LATER)
    progress = Progress(workspace)
    said = (
        "`.progress.json` was written by a later version of kubesim. "
        "This one reads what it knows of it, and leaves it alone: nothing new is kept."
    )
    assert (progress.record()["answers"].get("one"), progress.is_done("mend"), progress.notice()) == (
        [2, 0],
        True,
        said,
    )
    assert (progress.keep("one", [1]), progress.message) == (False, said)
    assert [(path.name, path.read_text()) for path in file.parent.iterdir()] == [(".progress.json", LATER)]


def test_known_sections_of_a_later_versions_upload_are_taken_in(workspace):
    progress = Progress(workspace)
    assert progress.take_in(LATER)
    assert (progress.record()["answers"].get("one"), progress.is_done("mend")) == ([2, 0], True)


# Damaged files, and files that can't be written


@pytest.mark.parametrize(("content", "why"), DAMAGED.items(), ids=[str(content[:50]) for content in DAMAGED])
def test_a_damaged_or_foreign_file_is_set_aside_when_something_is_kept(workspace, file, content, why):
    file.write_bytes(content)
    progress = Progress(workspace)
    assert progress.record()["answers"].get("one") is None
    assert progress.notice() == f"`.progress.json` {why}. It is set aside as soon as there is something new to keep."
    assert file.read_bytes() == content
    assert progress.keep("one", [1])
    assert progress.message == (
        f"`.progress.json` {why}. It is now `progress-damaged.json`, and a new one holds what could be read."
    )
    assert file.with_name("progress-damaged.json").read_bytes() == content
    assert progress.record()["answers"].get("one") == [1]
    assert progress.notice() == "Set aside in your files, because kubesim could not read it: `progress-damaged.json`."
    assert progress.keep("two", [1])
    assert progress.message == ""


def test_readable_entries_of_a_damaged_file_are_kept(workspace, file):
    file.write_text('{"kubesim-progress": 2, "answers": {"one": [true], "two": "b"}, "tasks": {"mend": true}}')
    progress = Progress(workspace)
    assert (
        progress.record()["answers"].get("one"),
        progress.record()["answers"].get("two"),
        progress.is_done("mend"),
    ) == (None, "b", True)
    progress.keep("three", [1])
    assert (
        progress.record()["answers"].get("two"),
        progress.is_done("mend"),
        progress.record()["answers"].get("three"),
    ) == ("b", True, [1])


def test_a_second_damaged_file_does_not_replace_the_first(workspace, file):
    for content in ("first", "second"):
        file.write_text(content)
        Progress(workspace).keep("one", [1])
    assert file.with_name("progress-damaged.json").read_text() == "first"
    assert file.with_name("progress-damaged-2.json").read_text() == "second"


def test_a_file_that_cannot_be_written_is_reported(workspace, file):
    file.mkdir()
    progress = Progress(workspace)
    words = "Your progress cannot be kept: `.progress.json` cannot be read or written (Is a directory)."
    assert (progress.record()["answers"].get("one"), progress.notice()) == (None, words)
    assert (progress.keep("one", [1]), progress.message) == (False, words)
    assert list(file.parent.iterdir()) == [file]


def test_a_write_that_fails_half_way_leaves_the_old_file(workspace, file, monkeypatch):
    progress = Progress(workspace)
    progress.keep("one", [1])
    before = file.read_bytes()

    def full(path, text):
        file.with_name(path.rpartition("/")[2]).write_text(text[:10])
        raise OSError(28, "No space left on device", path)

    monkeypatch.setattr(workspace, "write_text", full)
    assert progress.keep("two", [1]) is False
    assert progress.message.endswith("(No space left on device).")
    assert file.read_bytes() == before
    assert list(file.parent.iterdir()) == [file]


def test_a_record_that_would_be_too_large_is_not_written(workspace, file):
    progress = Progress(workspace)
    for name in "abc":
        given = {f"{name}{number}": [name * 2000] for number in range(900)}
        taken = progress.take_in(write({**blank(), "given": given}))
    assert (taken, progress.message) == (
        False,
        "Your progress cannot be kept: with that, `.progress.json` is too large.",
    )
    assert progress.keep("one", [1])
    assert len(progress.record()["given"]) == 1801
    assert progress.notice() == ""


def test_the_next_write_removes_the_draft_of_a_crashed_one(workspace, file):
    file.with_name(".progress.json.new").write_text("half")
    assert Progress(workspace).keep("one", [1])
    assert list(file.parent.iterdir()) == [file]


def test_a_missing_folder_is_reported(tmp_path):
    progress = Progress(Workspace(tmp_path / "gone"))
    words = "Your progress cannot be kept: `.progress.json` cannot be read or written (No such file or directory)."
    assert (progress.record()["answers"].get("one"), progress.notice(), progress.keep("one", [1])) == (
        None,
        words,
        False,
    )
    assert progress.message == words


def test_a_lock_is_waited_for_but_not_forever(workspace, tmp_path, monkeypatch):
    fcntl = pytest.importorskip("fcntl")
    monkeypatch.setattr("kubesim.lessons.progress.PATIENCE", 0.1)
    folder = os.open(tmp_path, os.O_RDONLY)
    fcntl.flock(folder, fcntl.LOCK_EX)
    progress = Progress(workspace)
    assert progress.keep("one", [1]) is False
    os.close(folder)
    why = "another program has locked the folder"
    assert progress.message == f"Your progress cannot be kept: `.progress.json` cannot be read or written ({why})."
    assert progress.keep("one", [1])


def test_kept_tasks_survive_when_the_kernel_is_killed(workspace, tmp_path):
    total = 0
    for turn in range(KILLS):
        words = [sys.executable, "-c", KILLED, str(tmp_path), str(turn)]
        with subprocess.Popen(words, stdout=subprocess.PIPE) as kernel:
            for _ in range(1 + turn * 7 % 20):
                kernel.stdout.readline()
            time.sleep(0.0001 * (turn % 11))
            kernel.kill()
            kept = 1 + turn * 7 % 20 + kernel.stdout.read().count(b"\n")
        assert Progress(workspace).notice() == ""
        done = [name for name in Progress(workspace).record()["tasks"] if name.startswith(f"{turn}-")]
        assert kept <= len(done) <= kept + 1
        total += kept
    print(f"\n{KILLS} kills, {total} tasks kept, 0 lost")  # noqa: T201


def test_two_kernels_do_not_lose_what_the_other_keeps(workspace, tmp_path):
    words = [sys.executable, "-c", TWO_KERNELS, str(tmp_path)]
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    kernels = [subprocess.Popen([*words, name], **pipes) for name in "ab"]
    for kernel in kernels:
        kernel.stdout.readline()
    for kernel in kernels:
        kernel.stdin.write(b"\n")
        kernel.stdin.flush()
    for kernel in kernels:
        kernel.communicate()
    assert [kernel.returncode for kernel in kernels] == [0, 0]
    assert len(Progress(workspace).record()["tasks"]) == 200


def test_progress_is_kept_where_folders_cannot_be_locked(workspace, monkeypatch):
    monkeypatch.setattr("kubesim.lessons.progress.flock", None)
    assert Progress(workspace).keep_task("mend")
    assert Progress(workspace).is_done("mend")


# Uploads


def test_an_upload_merges(workspace):
    progress = Progress(workspace)
    progress.keep("one", [1])
    progress.add({"scores": {"round": [5, 12]}})
    older: dict[str, Any] = {
        "answers": {"one": [0], "two": "x"},
        "given": {"one": [[0]], "two": ["x"]},
        "tasks": {"mend": True},
        "scores": {"round": [4, 12]},
    }
    written = write(older).replace('"kubesim-progress":4', '"kubesim-progress":2')
    assert progress.take_in("\ufeff" + written)
    assert progress.record() == {
        "answers": {"one": [1], "two": "x"},
        "given": {"one": [[0], [1]], "two": ["x"]},
        "tasks": {"mend": True},
        "scores": {"round": [5, 12]},
        "asked": {},
        "shown": {},
        "clusters": {},
    }


# Days, and help


@pytest.mark.parametrize("days", DAYS)
def test_each_right_answer_on_a_due_day_lengthens_the_interval(workspace, days):
    today = [0]
    progress = Progress(workspace, lambda: today[0])
    for day, right, kept in days:
        today[0] = day
        assert progress.keep_asked("one", right, 0, {})
        assert progress.record()["asked"] == {"one": kept}


def test_the_solution_with_the_least_help_counts_as_shown(workspace):
    today = [5]
    progress = Progress(workspace, lambda: today[0])
    progress.keep_task("one", 2)
    progress.keep_asked("two", False, 1, {})
    today[0] = 6
    progress.keep_task("one", 1)
    progress.keep_task("one", 3)
    progress.add(progress.skill_entry("three", 0))
    progress.keep_asked("two", True, 99, {"two#1": "x"})
    record = progress.record()
    assert record["shown"] == {"one": [1, 6], "three": [0, 6], "two": [99, 6]}
    assert (record["answers"], record["asked"]) == ({"two#1": "x"}, {"two": [6, 1]})


@pytest.mark.parametrize(("content", "why"), DAMAGED.items(), ids=[str(content[:50]) for content in DAMAGED])
def test_a_damaged_upload_is_refused_and_changes_nothing(workspace, file, content, why):
    progress = Progress(workspace)
    progress.keep("one", [1])
    before = file.read_bytes()
    taken = progress.take_in(content.decode("utf-8", "replace"))
    assert (taken, progress.message) == (False, f"kubesim: the file {why}. Nothing was changed.")
    assert file.read_bytes() == before


# Any content


@given(records, records)
def test_merging_loses_nothing(older, newer):
    merged = merge(older, newer)
    for name in blank():
        assert merged[name].keys() == older[name].keys() | newer[name].keys()
    for key, answers in merged["given"].items():
        assert all(answer in answers for answer in [*older["given"].get(key, []), *newer["given"].get(key, [])])
    assert merge(merged, newer) == merge(merged, merged) == merged
    assert read(write(merged)) == (merged, "", False)
    backwards = merge(newer, older)
    for name in blank().keys() - {"answers", "given"}:
        assert merged[name] == backwards[name]


@pytest.mark.parametrize("scores", [([3, 5], [3, 10]), ([3, 10], [3, 5])])
def test_of_two_scores_with_the_same_points_the_one_of_fewer_possible_points_is_kept(scores):
    older, newer = scores
    assert merge({"scores": {"q": older}}, {"scores": {"q": newer}})["scores"] == {"q": [3, 5]}


@given(st.binary() | ours.map(lambda found: json.dumps(found).encode()))
def test_any_content_of_the_file_raises_nothing_and_loses_nothing(tmp_path_factory, content):
    folder = tmp_path_factory.mktemp("workspace")
    (folder / ".progress.json").write_bytes(content)
    progress = Progress(Workspace(folder))
    before = progress.record()
    assert progress.keep("one", [1])
    if progress.message:
        assert (folder / "progress-damaged.json").read_bytes() == content
    after = progress.record()
    assert merge(before, after) == after
    assert progress.record()["answers"].get("one") == [1]
    progress.take_in(content.decode("utf-8", "replace"))
    assert merge(after, progress.record()) == progress.record()
