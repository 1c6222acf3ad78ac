"""The text of kubectl explain, whole screens."""

from __future__ import annotations

import pytest

from kubesim import Session
from kubesim.api import schema
from kubesim.api.resources import DEPLOYMENT, POD, SECRET, SERVICE_ACCOUNT, Resource
from kubesim.kubectl import explain


def test_a_field_of_a_simple_type() -> None:
    assert explain.explain(SECRET, ["type"]) == (
        "KIND:       Secret\nVERSION:    v1\n\nFIELD: type <string>\n\n\nDESCRIPTION:\n"
        "    Used to facilitate programmatic handling of secret data. More info:\n"
        "    https://kubernetes.io/docs/concepts/configuration/secret/#secret-types\n    \n\n"
    )


def test_a_list_of_structs_shows_their_fields() -> None:
    assert explain.explain(SERVICE_ACCOUNT, ["imagePullSecrets"]) == (
        "KIND:       ServiceAccount\nVERSION:    v1\n\nFIELD: imagePullSecrets <[]LocalObjectReference>\n\n\n"
        "DESCRIPTION:\n"
        "    ImagePullSecrets is a list of references to secrets in the same namespace to\n"
        "    use for pulling any images in pods that reference this ServiceAccount.\n"
        "    ImagePullSecrets are distinct from Secrets because Secrets can be mounted in\n"
        "    the pod, but ImagePullSecrets are only accessed by the kubelet. More info:\n"
        "    https://kubernetes.io/docs/concepts/containers/images/#specifying-imagepullsecrets-on-a-pod\n"
        "    LocalObjectReference contains enough information to let you locate the\n"
        "    referenced object inside the same namespace.\n    \nFIELDS:\n"
        "  name\t<string>\n"
        "    Name of the referent. This field is effectively required, but due to\n"
        "    backwards compatibility is allowed to be empty. Instances of this type with\n"
        "    an empty value here are almost certainly wrong. More info:\n"
        "    https://kubernetes.io/docs/concepts/overview/working-with-objects/names/#names\n\n\n"
    )


def test_groups_required_fields_and_enumerations() -> None:
    text = explain.explain(DEPLOYMENT, ["spec"])
    assert text.startswith("GROUP:      apps\nKIND:       Deployment\nVERSION:    v1\n\nFIELD: spec <DeploymentSpec>\n")
    assert "\n  selector\t<LabelSelector> -required-\n" in text
    assert "\nENUM:\n    Always\n    IfNotPresent\n    Never\n\nDESC" in explain.explain(
        POD, ["spec", "containers", "imagePullPolicy"]
    )
    assert "\n  imagePullPolicy\t<string>\n  enum: Always, IfNotPresent, Never\n    Image pull" in explain.explain(
        POD, ["spec", "containers"]
    )


def test_recursive_lists_names_only() -> None:
    text = explain.explain(POD, ["spec", "containers", "env"], recursive=True)
    fields = text.split("FIELDS:\n")[1]
    assert fields.startswith(
        "  name\t<string> -required-\n  value\t<string>\n  valueFrom\t<EnvVarSource>\n"
        "    configMapKeyRef\t<ConfigMapKeySelector>\n      key\t<string> -required-\n      name\t<string>\n"
        "      optional\t<boolean>\n    fieldRef\t<ObjectFieldSelector>\n"
    )
    assert fields.endswith("      optional\t<boolean>\n\n")


def test_lists_and_paragraphs_in_the_prose_stay() -> None:
    assert explain.explain(POD, ["spec", "containers", "securityContext", "appArmorProfile", "type"]).endswith(
        "DESCRIPTION:\n"
        "    type indicates which kind of AppArmor profile will be applied. Valid options\n"
        "    are:\n"
        "      Localhost - a profile pre-loaded on the node.\n"
        "      RuntimeDefault - the container runtime's default profile.\n"
        "      Unconfined - no AppArmor enforcement.\n    \n\n"
    )


def test_a_type_without_a_shape_has_its_name() -> None:
    assert "\n      fieldsV1\t<FieldsV1>\n" in explain.explain(POD, [], recursive=True)
    assert "FIELD: sizeLimit <Quantity>\n" in explain.explain(POD, ["spec", "volumes", "emptyDir", "sizeLimit"])


@pytest.mark.parametrize("path", [["spec", "nosuch"], ["nosuch"], ["metadata", "labels", "nosuch"]])
def test_a_field_that_is_not_there(path: list[str]) -> None:
    with pytest.raises(explain.ExplainError) as caught:
        explain.explain(POD, path)
    assert str(caught.value) == 'field "nosuch" does not exist'
    assert caught.value.header == "KIND:       Pod\nVERSION:    v1\n\n"


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
        ("pods --api-version=a/b/c", "error: unexpected GroupVersion string: a/b/c"),
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


def test_an_api_version_picks_one_of_two_types_of_the_same_name() -> None:
    text = Session().run("kubectl explain events.note --api-version=events.k8s.io/v1").stdout
    assert text.startswith("GROUP:      events.k8s.io\nKIND:       Event\nVERSION:    v1\n\nFIELD: note <string>\n")


def every_path(kind: schema.Type, above: tuple[str, ...]) -> list[tuple[str, ...]]:
    inner = kind
    while inner.element:
        inner = inner.element
    found = []
    for name, field in schema.fields(inner).items() if len(above) < 4 else ():
        found += [(*above, name), *every_path(field.type, (*above, name))]
    return found


@pytest.mark.parametrize("resource", [POD, SECRET, SERVICE_ACCOUNT, DEPLOYMENT])
def test_every_field_can_be_explained(resource: Resource) -> None:
    for path in every_path(schema.type_of(resource), ()):
        text = explain.explain(resource, path)
        assert text.startswith(("KIND:", "GROUP:"))
        assert text.endswith("\n\n")
        prose = [line for line in text.splitlines() if line.startswith("    ")]
        assert [line for line in prose if len(line) > 80 and " " in line.strip()] == []
