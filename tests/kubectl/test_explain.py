"""The text of kubectl explain, whole screens."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from kubesim import Session
from kubesim.api import schema
from kubesim.api.resources import DEPLOYMENT, POD, SECRET, SERVICE_ACCOUNT, Resource

SCREENS = yaml.safe_load(Path(__file__).with_name("explain.yaml").read_text())


@pytest.mark.parametrize("words", SCREENS["whole"])
def test_whole_screens(words: str) -> None:
    assert Session().run(f"kubectl explain {words}").screen == SCREENS["whole"][words]


@pytest.mark.parametrize(("words", "part"), SCREENS["parts"])
def test_parts_of_screens(words: str, part: str) -> None:
    assert part in Session().run(f"kubectl explain {words}").stdout


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (
            "",
            'error: You must specify the type of resource to explain. Use "kubectl api-resources" for a complete list '
            "of supported resources.",
        ),
        ("pods nodes", "error: We accept only this format: explain RESOURCE"),
        ("''", "error: a resource must be present, got: /, Resource="),
        ("nosuch.spec", 'the server doesn\'t have a resource type "nosuch"'),
        ("nosuch[0]", 'the server doesn\'t have a resource type "nosuch"'),
        (".pods", "error: invalid jsonpath syntax, first node must be field node"),
        ("pods.spec.containers[0].name", "error: invalid jsonpath syntax, first node must be field node"),
        ("'pods.spec.*'", "error: invalid jsonpath syntax, first node must be field node"),
        ("pods,nodes", "error: unrecognized character in action: U+002C ','"),
        ("pods -o yaml", "error: unrecognized format: yaml"),
        ("pods -o plaintext-openapiv2", "kubesim: --output plaintext-openapiv2 is not part of this simulator"),
        ("pods --api-version=v2", 'error: couldn\'t find resource for "/v2, Resource=pods"'),
        ("deploy --api-version=v1", "error: GVR (/v1, Resource=deployments) not found in OpenAPI schema"),
    ],
)
def test_refusals(words: str, error: str) -> None:
    result = Session().run(f"kubectl explain {words}")
    assert (result.stdout, result.stderr, result.exit_code) == ("", f"{error}\n", 1)


@pytest.mark.parametrize(
    ("words", "same"),
    [
        ("pods.spec.", "pods.spec"),
        ("POD.spec --api-version=v1", "pods.spec"),
        ("deployments.apps.spec", "deploy.spec"),
        ("roles.rbac.authorization.k8s.io.rules", "role.rules"),
        ("roles -R", "roles --recursive"),
    ],
)
def test_other_ways_to_ask(words: str, same: str) -> None:
    session = Session()
    result = session.run(f"kubectl explain {words}")
    assert (result.exit_code, result.stdout) == (0, session.run(f"kubectl explain {same}").stdout)


def every_path(kind: schema.Type, above: tuple[str, ...]) -> list[str]:
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
