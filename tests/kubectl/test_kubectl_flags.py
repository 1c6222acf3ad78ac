"""Command lines: pflag's rules, cobra's way to a command, and the help."""

from __future__ import annotations

from typing import Any

import pytest

from kubesim.gotext.pflag import FlagError, FlagSet, parse_duration
from kubesim.kubectl import find_command
from kubesim.kubectl.catalogue import GLOBAL, Row, flags_of
from tests.learner import Learner, rows
from tools.commands import all_commands

ROWS = rows(__file__)

OWN = flags_of(
    Row(
        flags=(
            {"name": "output", "short": "o"},
            {"name": "dry-run", "default": "none", "bare": "unchanged"},
            {"name": "watch", "short": "w", "kind": "switch"},
            {"name": "all", "short": "A", "kind": "switch"},
            {"name": "tail", "kind": "number", "default": -1},
            {"name": "timeout", "kind": "duration"},
            {"name": "types", "kind": "list"},
            {"name": "from", "kind": "array"},
        ),
        refused={"text": ("cascade", "interactive/i")},
    )
)
FLAGS = FlagSet((*GLOBAL, *OWN))


@pytest.mark.parametrize(("line", "args", "given"), ROWS["a_line_gives_arguments_and_flags"])
def test_a_line_gives_arguments_and_flags(line: str, args: list[str], given: dict[str, Any]) -> None:
    parsed = FLAGS.parse(line.split())
    assert list(parsed.args) == args
    lists = {name: list(value) if isinstance(value, tuple) else value for name, value in parsed.values.items()}
    assert {name: lists[name] for name in parsed.typed} == given
    assert parsed.values == FLAGS.defaults | {name: parsed.values[name] for name in parsed.typed}


@pytest.mark.parametrize(("line", "dash"), [("a b", -1), ("a -- b", 1), ("-- a", 0), ("a -w --", 1)])
def test_the_number_of_arguments_before_a_double_dash_is_known(line: str, dash: int) -> None:
    assert FLAGS.parse(line.split()).dash == dash


@pytest.mark.parametrize(("line", "refusal"), ROWS["a_wrong_flag_is_refused"])
def test_a_wrong_flag_is_refused(line: str, refusal: str) -> None:
    with pytest.raises(FlagError) as caught:
        FLAGS.parse(line.split(" "))
    assert str(caught.value).startswith(refusal)


@pytest.mark.parametrize(("line", "flag"), [("--cascade x", "cascade"), ("-i x", "interactive"), ("--v=8", "v")])
def test_a_flag_that_kubesim_lacks_is_recognized(line: str, flag: str) -> None:
    assert FLAGS.parse(line.split()).refused == flag


@pytest.mark.parametrize(("text", "seconds"), ROWS["a_duration_is_read_in_seconds"])
def test_a_duration_is_read_in_seconds(text: str, seconds: float) -> None:
    assert parse_duration(text) == pytest.approx(seconds)


@pytest.mark.parametrize(("line", "path", "rest"), ROWS["commands_are_found_between_flags"])
def test_commands_are_found_between_flags(line: str, path: str, rest: str) -> None:
    command, words = find_command(line.split())
    assert (" ".join(command.path), " ".join(words)) == (path, rest)


@pytest.mark.parametrize("command", all_commands(), ids=lambda command: " ".join(command.path))
def test_every_command_has_help(learner: Learner, command: Any) -> None:
    text = learner(f"{command.name} --help")
    assert text.startswith(command.row.long or f"{command.row.short}.\n")
    assert f"Usage:\n  {command.name}" in text
    assert learner(f"{command.name} -h") == text
    for flag in command.flags:
        assert (f" --{flag.name}=" in text.partition("Usage:")[0]) is flag.simulated
        assert flag.help or not flag.simulated


@pytest.mark.parametrize("command", all_commands(), ids=lambda command: " ".join(command.path))
def test_no_command_has_two_flags_of_one_name(command: Any) -> None:
    names = [name for flag in command.flags for name in (flag.name, flag.short) if name]
    assert sorted(names) == sorted(set(names))


def test_help_of_a_group_goes_to_stderr_when_it_was_not_asked_for(learner: Learner) -> None:
    result = learner.session.run("kubectl create secret")
    assert (result.stdout, result.exit_code) == ("", 1)
    assert "  docker-registry   Create a secret for use with a Docker registry\n" in result.stderr
