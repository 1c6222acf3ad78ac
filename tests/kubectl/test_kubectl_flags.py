"""Command lines: pflag's rules, cobra's way to a command, and the help."""

from __future__ import annotations

import re
from typing import Any

import pytest

from kubesim.kubectl import all_commands, find_command
from kubesim.kubectl.errors import FlagError, NotSimulated
from kubesim.kubectl.flags import GLOBAL, FlagSet, parse_duration, read_flags
from tests.learner import Learner, rows

ROWS = rows(__file__)

OWN = read_flags(
    {
        "flags": [
            {"name": "output", "short": "o"},
            {"name": "dry-run", "default": "none", "bare": "unchanged"},
            {"name": "watch", "short": "w", "kind": "switch"},
            {"name": "all", "short": "A", "kind": "switch"},
            {"name": "tail", "kind": "number", "default": -1},
            {"name": "timeout", "kind": "duration"},
            {"name": "types", "kind": "list"},
            {"name": "from", "kind": "array"},
        ],
        "refused": {"text": ["cascade", "interactive/i"]},
    }
)
FLAGS = FlagSet((*GLOBAL, *OWN))


@pytest.mark.parametrize(("line", "args", "given"), ROWS["flags"])
def test_flags(line: str, args: list[str], given: dict[str, Any]) -> None:
    positional, values, names, _ = FLAGS.parse(line.split())
    assert positional == args
    lists = {name: list(value) if isinstance(value, tuple) else value for name, value in values.items()}
    assert {name: lists[name] for name in names} == given
    assert {key: value for key, value in values.items() if key not in names} == {
        key: value for key, value in FLAGS.defaults.items() if key not in names
    }


@pytest.mark.parametrize(("line", "dash"), [("a b", -1), ("a -- b", 1), ("-- a", 0), ("a -w --", 1)])
def test_what_stood_before_the_dash(line: str, dash: int) -> None:
    assert FLAGS.parse(line.split())[3] == dash


@pytest.mark.parametrize(("line", "refusal"), ROWS["refused_flags"])
def test_refused_flags(line: str, refusal: str) -> None:
    with pytest.raises(FlagError) as caught:
        FLAGS.parse(line.split())
    assert str(caught.value).startswith(refusal)


@pytest.mark.parametrize(("line", "flag"), [("--cascade x", "cascade"), ("-i x", "interactive"), ("--v=8", "v")])
def test_flags_that_kubectl_has_and_kubesim_does_not(line: str, flag: str) -> None:
    with pytest.raises(NotSimulated, match=f"the flag --{flag} is not part of this simulator"):
        FLAGS.parse(line.split())


@pytest.mark.parametrize(("text", "seconds"), ROWS["durations"])
def test_durations(text: str, seconds: float) -> None:
    assert parse_duration(text) == pytest.approx(seconds)


@pytest.mark.parametrize(("line", "path", "rest"), ROWS["commands_are_found_between_flags"])
def test_commands_are_found_between_flags(line: str, path: str, rest: str) -> None:
    command, words = find_command(line.split())
    assert (" ".join(command.path), " ".join(words)) == (path, rest)


@pytest.mark.parametrize("command", all_commands(), ids=lambda command: " ".join(command.path))
def test_every_command_has_help(learner: Learner, command: Any) -> None:
    shown = learner(f"{command.name} --help")
    assert shown.startswith(command.long or f"{command.short}.\n")
    assert f"Usage:\n  {command.name}" in shown
    assert learner(f"{command.name} -h") == shown
    for flag in command.flags:
        assert (f" --{flag.name}=" in shown.partition("Usage:")[0]) is flag.simulated
        assert flag.help or not flag.simulated


@pytest.mark.parametrize("command", all_commands(), ids=lambda command: " ".join(command.path))
def test_no_command_has_two_flags_of_one_name(command: Any) -> None:
    names = [name for flag in command.flags for name in (flag.name, flag.short) if name]
    assert sorted(names) == sorted(set(names))


def test_help_of_a_group_goes_to_stderr_when_it_was_not_asked_for(learner: Learner) -> None:
    result = learner.session.run("kubectl create secret")
    assert (result.stdout, result.exit_code) == ("", 1)
    assert "  docker-registry   Create a secret for use with a Docker registry\n" in result.stderr


@pytest.mark.parametrize("command", all_commands(), ids=lambda command: " ".join(command.path))
def test_conditions_of_refusals_name_flags(command: Any) -> None:
    own = {*command.flag_set.flags, "args", "names", "arguments", "dash", "words", "changes", "stray", "first"}
    for condition, sentence, *_ in command.refuse:
        terms = [re.fullmatch(r"!?(?:given:)?([\w-]+)(?:(?:!?=|<|>).*)?", term) for term in condition.split()]
        assert {term[1] if term else condition for term in terms} <= own
        assert set(re.findall(r"\{([\w-]+)\}", sentence)) <= own
