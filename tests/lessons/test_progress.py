import json

import pytest

from kubesim.lessons import Progress
from kubesim.workspace import Workspace


@pytest.fixture
def workspace(tmp_path):
    return Workspace(tmp_path)


def test_answers_come_back(workspace, tmp_path):
    assert Progress(workspace).keep("one", [2, 0])
    assert Progress(workspace).keep("two", "regcred")
    again = Progress(workspace)
    assert (again.recall("one"), again.recall("two"), again.recall("three")) == ([2, 0], "regcred", None)
    assert json.loads((tmp_path / ".progress.json").read_text()) == {
        "kubesim-progress": 1,
        "answers": {"one": [2, 0], "two": "regcred"},
    }


def test_an_answer_can_be_forgotten(workspace):
    progress = Progress(workspace)
    progress.keep("one", [1])
    progress.keep("one", None)
    assert progress.recall("one") is None


def test_the_file_is_found_from_every_folder(workspace):
    workspace.mkdir("deep")
    Progress(workspace).keep("one", [1])
    workspace.chdir("deep")
    assert Progress(workspace).recall("one") == [1]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"not json",
        b"[" * 100_000,
        b"\xff\xfe",
        b"{}",
        b"[]",
        b'{"answers": {"one": [1]}}',
        b'{"kubesim-progress": 2, "answers": {"one": [1]}}',
        b'{"kubesim-progress": 1, "answers": []}',
    ],
)
def test_a_foreign_or_broken_file_is_neither_read_nor_touched(workspace, tmp_path, content):
    file = tmp_path / ".progress.json"
    file.write_bytes(content)
    progress = Progress(workspace)
    assert progress.recall("one") is None
    assert progress.keep("one", [1]) is False
    assert file.read_bytes() == content


@pytest.mark.parametrize("answer", [{"a": 1}, [True], ["A"], 3, 1.5])
def test_an_answer_of_a_strange_kind_is_none(workspace, tmp_path, answer):
    (tmp_path / ".progress.json").write_text(json.dumps({"kubesim-progress": 1, "answers": {"one": answer}}))
    assert Progress(workspace).recall("one") is None


def test_a_folder_of_that_name_is_left_alone(workspace, tmp_path):
    (tmp_path / ".progress.json").mkdir()
    progress = Progress(workspace)
    assert (progress.recall("one"), progress.keep("one", [1])) == (None, False)
