"""kubectl explain: whole screens, parts of others, and refusals."""

from __future__ import annotations

from pathlib import Path

import pytest

from kubesim import Session
from kubesim.api import load_yaml, schema
from kubesim.api.resources import DEPLOYMENT, POD, SECRET, SERVICE_ACCOUNT, Resource
from tests.learner import rows

ROWS = rows(__file__)

SCREENS = load_yaml(Path(__file__).with_name("explain.yaml"))


@pytest.mark.parametrize("words", SCREENS["whole"])
def test_a_whole_screen(words: str) -> None:
    assert Session().run(f"kubectl explain {words}").screen == SCREENS["whole"][words]


@pytest.mark.parametrize(("words", "part"), SCREENS["parts"])
def test_a_screen_contains_a_part(words: str, part: str) -> None:
    assert part in Session().run(f"kubectl explain {words}").stdout


@pytest.mark.parametrize(("words", "error"), ROWS["a_wrong_path_is_refused"])
def test_a_wrong_path_is_refused(words: str, error: str) -> None:
    result = Session().run(f"kubectl explain {words}")
    assert (result.stdout, result.stderr, result.exit_code) == ("", f"{error}\n", 1)


@pytest.mark.parametrize(("words", "same"), ROWS["another_name_or_flag_gives_the_same_screen"])
def test_another_name_or_flag_gives_the_same_screen(words: str, same: str) -> None:
    session = Session()
    result = session.run(f"kubectl explain {words}")
    assert (result.exit_code, result.stdout) == (0, session.run(f"kubectl explain {same}").stdout)


def every_path(kind: schema.Type, above: tuple[str, ...]) -> list[str]:
    """The paths of a type's fields below the names in `above`, at most four names long."""
    while kind.element:
        kind = kind.element
    found = []
    for name, field in schema.fields(kind).items() if len(above) < 4 else ():
        found += [".".join((*above, name)), *every_path(field.type, (*above, name))]
    return found


@pytest.mark.parametrize("resource", [POD, SECRET, SERVICE_ACCOUNT, DEPLOYMENT])
def test_every_field_can_be_explained(resource: Resource) -> None:
    session = Session()
    for path in every_path(schema.type_of(resource), ()):
        text = session.run(f"kubectl explain {resource.plural}.{path}").stdout
        assert text.startswith(("KIND:", "GROUP:"))
        assert text.endswith("\n\n")
        prose = [line for line in text.splitlines() if line.startswith("    ")]
        assert [line for line in prose if len(line) > 80 and " " in line.strip()] == []
