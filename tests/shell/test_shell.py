"""Lines of the shell: output as recorded from bash (bash.yaml), more screens, completion, tools, the progress file."""

from __future__ import annotations

import copy
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from kubesim import Session
from kubesim.api import load_table, load_yaml
from kubesim.api.clock import SECOND
from kubesim.api.result import Edit, Result, Written
from kubesim.shell import Shell, tools
from kubesim.shell.completion import word_start
from tests.learner import rows

ROWS = rows(__file__)

HERE = Path(__file__).parent
# Scripts with the output of a real bash, and the lines that prepare their files.
RECORDED = load_yaml(HERE / "bash.yaml")
# Lines with the output of the simulated shell.
SCREENS = load_yaml(HERE / "screens.yaml")
# Complete and incomplete lines, and lines with what Tab offers.
COMPLETIONS = load_yaml(HERE / "completions.yaml")


def table_of_tools() -> dict[str, dict[str, dict[str, Any]]]:
    """A copy of tools.json: rows by tool, by module."""
    table: dict[str, dict[str, dict[str, Any]]] = copy.deepcopy(load_table(tools.__file__, "tools.json"))
    return table


# The lines that `help` gives as examples.
EXAMPLES = [row["example"] for table in table_of_tools().values() for row in table.values() if "example" in row]


def _id(case: dict[str, Any]) -> str:
    """The first characters of a case's line, as the name of its test."""
    return str(case["run"])[:40]


@pytest.mark.parametrize("case", RECORDED["scripts"], ids=_id)
def test_a_script_gives_the_output_that_bash_gave(shell: Shell, case: dict[str, Any]) -> None:
    assert shell.run(RECORDED["setup"]).exit_code == 0
    result = shell.run(case["run"])
    assert (result.stdout, result.stderr, result.exit_code) == (case["stdout"], case["stderr"], case["exit"])


@pytest.mark.parametrize("case", SCREENS, ids=_id)
def test_the_last_line_of_a_case_gives_its_screen(shell: Shell, case: dict[str, Any]) -> None:
    *before, line = [case["run"]] if isinstance(case["run"], str) else case["run"]
    for earlier in before:
        shell.run(earlier)
    result = shell.run(line)
    screen = case.get("screen", case.get("stdout", "") + case.get("stderr", ""))
    assert (result.screen, result.exit_code) == (screen, case.get("exit", 0))
    if "screen" not in case:
        assert (result.stdout, result.stderr) == (case.get("stdout", ""), case.get("stderr", ""))


@pytest.mark.parametrize("line", COMPLETIONS["complete"])
def test_a_complete_line_is_run(shell: Shell, line: str) -> None:
    assert shell.is_complete(line)


@pytest.mark.parametrize("line", COMPLETIONS["incomplete"])
def test_an_incomplete_line_is_continued(shell: Shell, line: str) -> None:
    assert not shell.is_complete(line)


@pytest.mark.parametrize(("line", "offered"), COMPLETIONS["offered"].items())
def test_tab_offers_the_same_words_alone_and_before_a_pipe(shell: Shell, line: str, offered: list[str]) -> None:
    for earlier in COMPLETIONS["setup"]:
        shell.run(earlier)
    assert shell.complete(line, len(line)) == offered
    assert shell.complete(f"{line} | wc", len(line)) == offered


@pytest.mark.parametrize(
    ("line", "word"), [("cat po", "po"), ("a|b", "b"), ("cat a\\ b", "a\\ b"), ("a >x", "x"), ("a ", "")]
)
def test_tab_completes_the_word_at_the_cursor(line: str, word: str) -> None:
    assert line[word_start(line, len(line)) :] == word


@pytest.mark.parametrize(("line", "seconds"), ROWS["each_pipeline_takes_a_tenth_of_a_second"])
def test_each_pipeline_takes_a_tenth_of_a_second(shell: Shell, line: str, seconds: float) -> None:
    start = shell._machine.clock.now
    assert shell.run(line).exit_code == 0
    assert shell._machine.clock.now - start == round(seconds * SECOND)


def test_a_call_leaves_no_trace_in_the_history(shell: Shell) -> None:
    assert shell.call("echo a").stdout == "a\n"
    assert shell.history == []


def test_an_editor_returns_its_file_for_the_front_end_to_open(shell: Shell) -> None:
    shell.run("mkdir app; cd app")
    result = shell.run("$EDITOR pod.yaml")
    note = "kubesim: the editor opens in the live terminal; elsewhere write the file: cat > pod.yaml <<'EOF'\n"
    assert result == Result([Written(True, note)], 0, Edit("app/pod.yaml"))
    assert shell.run("kubectl edit pod").edit == Edit("object.yaml")
    assert shell.run("vi pod.yaml").edit == Edit("app/pod.yaml", editor="vi")
    assert shell.run("echo").edit is None


def test_help_fits_a_screen_of_80_columns_and_24_lines(shell: Shell) -> None:
    screen = shell.run("help").stdout.splitlines()
    assert len(screen) <= 24
    assert max(map(len, screen)) <= 80
    assert {line[39:41] for line in screen[1:-1]} <= {"  ", ""}  # the gap between the columns
    assert screen[-1] == "kubectl: delete describe get"


def test_a_neighbor_sees_the_last_thousand_processes_with_4096_characters_of_arguments(shell: Shell) -> None:
    def seen() -> list[str]:
        """The command lines of the processes, without the columns before them."""
        return [line[9:] for line in shell.run("neighbor").stdout.splitlines()]

    for start in range(0, 1050, 350):
        shell.run(f"for i in {' '.join(map(str, range(start, start + 350)))}; do kubectl $i; done")
    assert seen() == [f"kubectl {number}" for number in range(51, 1050)]  # without `neighbor` itself
    shell.run("kubectl " + "a" * 100_000)
    assert seen()[-1] == "kubectl " + "a" * 4096


@pytest.mark.parametrize("line", EXAMPLES)
def test_the_examples_of_help_can_be_typed(shell: Shell, line: str) -> None:
    shell.run(
        "echo web > names; echo a:b > pairs; touch pod.yaml web.yaml old.yaml; cp names pods; cp names password.txt"
    )
    shell.run("mkdir app")
    if line == "nano pod.yaml":
        assert shell.run(line).edit == Edit("pod.yaml")
    else:
        assert shell.run(line).stderr == ""


def test_each_row_of_the_tools_has_its_function() -> None:
    for module, table in table_of_tools().items():
        functions = vars(import_module(f"kubesim.shell.tools.{module}"))
        missing = [name for name, row in table.items() if row.get("function", name) not in functions]
        assert missing == []


def test_a_misspelled_word_of_a_row_of_the_tools_is_refused() -> None:
    for module, table in table_of_tools().items():
        for name, row in table.items():
            for word in row:
                misspelled = {key + "x" if key == word else key: value for key, value in row.items()}
                with pytest.raises(ValueError, match=word):
                    tools.read_tools({module: {name: misspelled}})


@pytest.mark.parametrize(
    ("line", "screen"),
    [
        ("echo x > .progress.json", "kubesim: .progress.json: {}"),
        ("echo x >> /workspace/.progress.json", "kubesim: /workspace/.progress.json: {}"),
        ("echo x &> .progress.json", "kubesim: .progress.json: {}"),
        ("echo x | tee .progress.json", "kubesim: .progress.json: {}x\n"),
        ("echo x | tee -a .progress.json", "kubesim: .progress.json: {}x\n"),
        ("sed -i s/kept/lost/ .progress.json", "kubesim: .progress.json: {}"),
        ("echo x > f; cp f .progress.json", "kubesim: .progress.json: {}"),
        ("echo x > f; mv f .progress.json", "kubesim: .progress.json: {}"),
        ("mv .progress.json f", "kubesim: .progress.json: {}"),
        ("rm -f .progress.json", "kubesim: .progress.json: {}"),
        ("rm -rf link/.progress.json", "kubesim: link/.progress.json: {}"),
        ("mkdir d; cd d; echo x > ../link/.progress.json", "kubesim: ../link/.progress.json: {}"),
        ("kubectl config --kubeconfig .progress.json set-context x", "kubesim: .progress.json: {}"),
    ],
)
def test_no_line_changes_the_progress_file(tmp_path: Path, line: str, screen: str) -> None:
    session = Session(tmp_path)
    (tmp_path / ".progress.json").write_text('{"kept": 1}\n')
    (tmp_path / "link").symlink_to(".")
    result = session.run(line)
    why = "this file keeps your progress, and no command changes it\n"
    assert (result.stderr + result.stdout).replace(why, "{}") == screen
    assert "tee" in line or result.exit_code == 1
    assert (tmp_path / ".progress.json").read_text() == '{"kept": 1}\n'


def test_no_line_creates_the_progress_file(tmp_path: Path) -> None:
    session = Session(tmp_path)
    assert session.run("mkdir .progress.json").exit_code == 1
    assert session.run("touch .progress.json").exit_code == 1
    assert list(tmp_path.iterdir()) == []
