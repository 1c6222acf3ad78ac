"""Any line of the shell gets a result in time, and changes nothing outside of the workspace."""

from __future__ import annotations

import re
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kubesim.api import load_yaml
from tests.patience import within
from tests.shell.shells import new_shell

# Seconds of a quiet machine's CPU for a line.
BOUND = 2.0
# Words of random lines, and random lines.
_WORDS = """echo cat ls grep sed sort cut tr wc head tail uniq base64 xargs printf test [ ] cd mkdir rm cp mv touch tee
    diff env export unset alias history help type which date sleep nano kubectl docker login read
    ps neighbor for if while until do done then else fi in
    { } ( ) ; ;; & && || | > >> < << <<< <<- 2> 2>&1 &> $ $( ` ' " \\ $X ${X} ${ $? * ? [a-z] ~ # ! =
    X=1 -n -e -i -r -k1 -d: -f1 -E -1 s/a/b/ /a/,/b/d (a+)+$ a%s %d%5s a .. / /dev/null EOF"""
_PIECES = st.sampled_from([*_WORDS.split(), "\n", "EOF\n"])
_LINES = st.lists(_PIECES | st.text(max_size=8), max_size=30).map(" ".join) | st.text(max_size=200)


@settings(max_examples=300)
@given(_LINES)
def test_any_line_gives_a_result(line: str) -> None:
    shell = new_shell()
    with within(BOUND):
        result = shell.run(line)
        shell.is_complete(line)
        shell.complete(line, len(line))
    assert 0 <= result.exit_code <= 255
    assert sorted(result.screen) == sorted(result.stdout + result.stderr)


@given(st.lists(_LINES, max_size=4))
def test_nothing_leaves_the_workspace(lines: list[str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        outside = Path(folder)
        (outside / "inside").mkdir()
        shell = new_shell(outside / "inside")
        for line in lines:
            shell.run(line)
        assert str(shell.workspace.cwd).startswith("/workspace")
        assert [entry.name for entry in outside.iterdir()] == ["inside"]


# The lines of long.yaml, in which «3*x» is replaced by xxx.
_LONG = {
    name: re.sub(r"«(\d+)\*(.*?)»", lambda match: match[2] * int(match[1]), line, flags=re.DOTALL)
    for name, line in load_yaml(Path(__file__).with_name("long.yaml")).items()
}


@pytest.mark.parametrize("line", _LONG.values(), ids=_LONG.keys())
def test_a_long_line_is_answered_in_time(line: str) -> None:
    shell = new_shell()
    with within(2 * BOUND):  # the line is parsed twice, and run
        shell.is_complete(line)
        result = shell.run(line)
        shell.complete(line, len(line))
    assert len(result.stderr.splitlines()) <= 1 or result.exit_code != 0


def test_an_endless_line_is_stopped_with_a_message() -> None:
    result = new_shell().run("while true; do echo a; done")
    assert result.stderr == "kubesim: that is more work than one command line may do here, and was stopped\n"
    assert result.exit_code == 1


def test_awk_prints_many_fields_of_a_long_line_in_time(tmp_path: Path) -> None:
    (tmp_path / "words").write_text("a " * 90_000)
    fields = ",".join(["$9"] * 8_000)
    with within(BOUND / 2):
        result = new_shell(tmp_path).run(f"awk '{{print {fields}}}' words | wc -c")
    assert result.stdout == "16000\n"


@pytest.mark.parametrize("line", ["echo " + "*/" * 40, "ls " + "*/" * 40])
def test_a_pattern_through_circular_links_is_stopped(line: str, tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "file").write_text("hi\n")
    for name in ("x", "y"):
        (tmp_path / "a" / name).symlink_to(".")
    assert "more work than one command line may do here" in new_shell(tmp_path).run(line).stderr
