"""The documents of what is simulated agree with the code."""

from __future__ import annotations

import pytest

from kubesim.api.resources import RESOURCES
from kubesim.api.schema import Type, fields, type_of
from kubesim.kubectl import ABSENT
from kubesim.session.usage import FILE_USAGE
from tests.learner import Learner
from tools import supported
from tools.commands import all_commands

SIMULATED = {
    f"{' '.join(command.path)} --{flag.name}" for command in all_commands() for flag in command.flags if flag.simulated
}
REFUSED = [
    (command, flag)
    for command in all_commands()
    if not command.row.is_group
    for flag in command.flag_set.flags.values()
    if not flag.simulated
]
FIELDS = sorted(
    {
        (row.kind, ".".join(filter(None, (row.part, field))))
        for row in supported.ACTED_UPON
        for field in row.fields.split()
    }
)


def test_the_page_of_registries_is_up_to_date() -> None:
    assert supported.REGISTRIES.read_text(encoding="utf-8") == supported.registries_page(), "`make docs` updates it"


@pytest.mark.parametrize("line", ["kubesim", "kubesim frob"])
def test_kubesim_without_a_known_command_prints_its_usage(learner: Learner, line: str) -> None:
    assert learner.fails(line) == f"Usage: {FILE_USAGE}\n"


@pytest.mark.parametrize("path", sorted(ABSENT), ids=" ".join)
def test_an_absent_command_says_that_kubesim_lacks_it(learner: Learner, path: tuple[str, ...]) -> None:
    line = " ".join(("kubectl", *path))
    assert learner.fails(f"{line} --image=x y") == f"kubesim: '{line}' is not part of this simulator\n"


def test_an_absent_flag_says_that_kubesim_lacks_it(learner: Learner) -> None:
    for command, flag in REFUSED:
        told = f"kubesim: the flag --{flag.name} is not part of this simulator\n"
        assert learner.fails(f"{command.name} --{flag.name}={'1s' if flag.kind == 'duration' else 1}") == told


def test_each_flag_without_effect_exists() -> None:
    for idle in supported.FACTS.idle:
        assert [flag for flag in SIMULATED if flag.endswith(idle)], idle


@pytest.mark.parametrize(("kind", "path"), FIELDS)
def test_fields_that_are_acted_upon_exist(kind: str, path: str) -> None:
    resource = next(item for item in RESOURCES if item.kind == (kind if kind != "every kind" else "Pod"))
    place: Type | None = type_of(resource)
    for name in path.split("."):
        assert place is not None
        found = fields(place).get(name.removesuffix("[]"))
        assert found is not None, f"{kind} has no {path}"
        place = found.type.element if name.endswith("[]") else found.type
