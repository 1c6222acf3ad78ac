"""Registries: the errors of the container runtime and of Docker's daemon, and files of one's own registries."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from kubesim import Session
from kubesim.api import load_yaml
from kubesim.api.clock import Clock
from kubesim.cluster.registry import Registries
from kubesim.cluster.registry.document import (
    Dialect,
    Document,
    ImageFields,
    RegistryFields,
    RepositoryFields,
    ResponseRule,
)
from kubesim.cluster.registry.network import Network
from kubesim.cluster.registry.node import NodeSettings
from kubesim.cluster.registry.pull import Pull
from kubesim.cluster.registry.worldfile import builtin, read
from kubesim.pull.image import Trouble
from kubesim.pull.imageref import parse
from kubesim.pull.keyring import Credential
from tests.learner import rows

ROWS = rows(__file__)

ROOT = Path(__file__).resolve().parent.parent.parent
BUILTIN = (ROOT / "kubesim/cluster/registries.yaml").read_text(encoding="utf-8")
# The records of a file of registries, each with its fields.
FIELDS = {
    record: record._fields
    for record in (Document, Trouble, ImageFields, ResponseRule, Dialect, RepositoryFields, RegistryFields)
}
# The credential that registry.example.com accepts.
MINE = Credential("myuser", "mypassword")
# A registry of Amazon ECR, whose passwords are valid for 12 hours.
ECR = "123456789012.dkr.ecr.eu-west-1.amazonaws.com"
# The end of the error for a host that DNS doesn't know.
LOOKUP = "on 10.96.0.10:53: no such host"


def table(name: str) -> list[Any]:
    """The rows of a YAML file beside this one."""
    rows: list[Any] = load_yaml(Path(__file__).with_name(name))
    return rows


def registries(path: str | Path | None = None, proxy: str = "") -> Network:
    """The network of the built-in registries, or of those in a file, as a node behind that proxy reaches it."""
    return Registries(Clock(datetime(2026, 11, 25, 10, 57, 55, tzinfo=UTC)), path, NodeSettings(proxy)).network


def credential(user: str) -> Credential | None:
    """The credential "user:password"; None for a text without a colon."""
    name, colon, password = user.partition(":")
    return Credential(name, password) if colon else None


@pytest.mark.parametrize("row", table("pulls.yaml"), ids=lambda row: f"{row['image']} {row.get('user', '')}")
def test_a_pull_ends_with_the_error_and_log_of_its_row(row: dict[str, str]) -> None:
    reference = parse(row["image"])
    answer = registries().resolve(reference, credential(row.get("user", "")))
    error = "" if answer.image else answer.error(reference)
    assert re.sub(r"(?<=sha256:)[0-9a-f]{64}", "DIGEST", error) == row.get("error", "")
    assert not answer.image or "".join(answer.image.log) == row.get("log", "")


@pytest.mark.parametrize("row", table("dialects.yaml"), ids=lambda row: f"{row['dialect']} {row['client']}")
def test_a_product_refuses_in_its_own_dialect(row: dict[str, str]) -> None:
    reference = parse(row["image"])
    assert registries().resolve(reference, credential(row.get("user", ""))).error(reference) == row["error"]


def test_each_dialect_is_played_for_each_client() -> None:
    rows = table("dialects.yaml")
    dialects = load_yaml(ROOT / "kubesim/cluster/registries.yaml")["dialects"]
    clients = ("anonymous", "unknown", "barred", "no repository", "no tag")
    assert [(row["dialect"], row["client"]) for row in rows] == [(name, who) for name in dialects for who in clients]


def test_gitlab_refuses_a_token_to_a_credential_without_a_right_to_registries() -> None:
    reference = parse("registry.gitlab.com/acme/app:1.0")
    answer = registries().resolve(reference, credential("no-read-registry:gldt-noscope"))
    assert answer.error(reference) == (
        'failed to pull and unpack image "registry.gitlab.com/acme/app:1.0": failed to resolve image: '
        "failed to authorize: failed to fetch oauth token: unexpected status from GET request to "
        "https://gitlab.com/jwt/auth?scope=repository%3Aacme%2Fapp%3Apull&service=container_registry: 403 Forbidden"
    )


@pytest.mark.parametrize("row", ROWS["mirrors_are_asked_before_the_registry"], ids=lambda row: row["what"])
def test_mirrors_are_asked_before_the_registry(row: dict[str, Any]) -> None:
    reference = parse(row["image"])
    world = Registries(Clock(datetime(2026, 11, 25, tzinfo=UTC)), None, NodeSettings(mirrors=row["mirrors"])).network
    answer = world.resolve(reference, credential(row.get("user", "")))
    error = "" if answer.image else answer.error(reference)
    assert re.sub(r"sha256:[0-9a-f]{64}", "DIGEST", error) == row.get("error", "")
    assert answer.seconds == row.get("seconds", 0)


@pytest.mark.parametrize(("server", "user", "refusal"), table("logins.yaml"))
def test_docker_login_is_refused_as_its_row_says(server: str, user: str, refusal: str) -> None:
    given = credential(user)
    assert given is not None
    assert registries().login(server, given) == refusal


def test_everything_goes_through_the_proxy() -> None:
    answer = registries(proxy="http://proxy.corp.example:3128").resolve(parse("registry.example.com/myapp:1.0"), MINE)
    assert answer.refusal == (
        'failed to do request: Head "https://registry.example.com/v2/myapp/manifests/1.0": '
        "proxyconnect tcp: dial tcp 10.96.0.14:3128: connect: connection refused"
    )


def test_an_outage_passes_some_seconds_after_the_node_first_asked() -> None:
    image, world = parse("once.example.com/myapp:1.0"), registries()
    world.clock.advance(60)
    assert world.resolve(image, None).image is None  # `kubesim why` asks, which doesn't start the outage
    for wait, arrives in ((0, False), (7.9, False), (0.1, True)):
        world.clock.advance(wait)
        assert (world.pull(image, None).image is not None) is arrives


def test_an_outage_of_a_mirror_passes_as_that_of_a_registry_does() -> None:
    image, world = parse("registry.example.com/myapp:1.0"), registries()
    world.node.mirrors["registry.example.com"] = ["once.example.com"]
    assert world.pull(image, None).image is None
    world.clock.advance(8)
    assert world.pull(image, None).image is not None


@pytest.mark.parametrize(("host", "asked"), [("registry.example.com", 1), ("once.example.com", 2)])
def test_a_registry_is_asked_again_only_if_it_may_answer_differently(
    host: str, asked: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    image = parse(f"{host}/myapp:1.0")
    network = registries()
    pulls: list[Any] = []
    answer = Pull.answer
    monkeypatch.setattr(Pull, "answer", lambda pull: pulls.append(pull) or answer(pull))
    answers = [network.pull(image, None) for _ in range(2)]
    assert answers[0] == answers[1]
    assert len(pulls) == asked
    network.node.hosts[host] = "insecure"
    assert network.pull(image, None) != answers[0]


def test_the_same_content_has_the_same_digest_and_can_be_pulled_by_it() -> None:
    world = registries()
    one = world.resolve(parse("registry.example.com/myapp:1.0"), MINE).image
    assert one is not None
    assert world.resolve(parse("acme/private:1.0"), Credential("acme", "hubpass")).image == one
    assert world.resolve(parse(f"registry.example.com/team/api@{one.digest}"), MINE).image == one


# Files of registries


@pytest.mark.parametrize("name", sorted({name for names in FIELDS.values() for name in names}))
def test_a_misspelt_field_is_refused(name: str, tmp_path: Path) -> None:
    path = tmp_path / "own.yaml"
    misspelt = re.sub(rf"\b{name}:", f"{name}x:", BUILTIN, count=1)
    path.write_text(misspelt if misspelt != BUILTIN else f"{name}x: 1")
    with pytest.raises(ValueError, match=f"has no field {name}x"):
        registries(path)


@pytest.mark.parametrize("path", ["kubesim/cluster/registries.yaml", "tests/golden/registries.yaml"])
def test_the_files_of_the_project_can_be_read(path: str) -> None:
    assert read(ROOT / path).registries


def test_each_builtin_host_belongs_to_one_registry() -> None:
    hosts = [host for registry in builtin().registries for host in registry.hosts]
    assert sorted(set(hosts)) == sorted(hosts)


def test_a_file_replaces_the_builtin_registries_unless_it_extends_them(tmp_path: Path) -> None:
    path = tmp_path / "own.yaml"
    own = "images: {a: {}}\nregistries:\n- {hosts: [r.test], address: 10.0.0.1, repositories: {a: {tags: {'1': a}}}}\n"
    path.write_text(own)
    alone = registries(path)
    assert alone.resolve(parse("r.test/a:1"), None).image is not None
    assert alone.resolve(parse("registry.example.com/myapp:1.0"), MINE).refusal.endswith(LOOKUP)
    path.write_text(f"extends: builtin\n{own}- {{hosts: [ghcr.io], address: 10.0.0.2, trouble: silence}}\n")
    added = registries(path)
    assert added.resolve(parse("r.test/a:1"), None).image is not None
    assert added.resolve(parse("registry.example.com/myapp:1.0"), MINE).image is not None
    assert added.resolve(parse("ghcr.io/acme/app:1.0"), None).refusal.endswith("10.0.0.2:443: i/o timeout")


def test_a_catalog_expands_its_braces_into_repositories_and_tags(tmp_path: Path) -> None:
    path = tmp_path / "own.yaml"
    catalog = "{'app{-a,}': ['a 2.{9..10}{,-slim} 1.{8.. 3.{x..y} 4.{0..99999}']}"
    path.write_text(f"images: {{a: {{}}}}\nregistries:\n- {{hosts: [r.test], address: 10.0.0.1, catalog: {catalog}}}\n")
    world = registries(path)
    tags = ("1.8..", "2.10", "2.10-slim", "2.9", "2.9-slim", "3.x..y", "4.0..99999")
    assert [world.tags(parse(f"r.test/{name}")) for name in ("app", "app-a")] == [tags, tags]
    assert world.resolve(parse("r.test/app-a:2.10-slim"), None).image is not None


def test_a_registry_whose_host_is_an_address_needs_no_dns(tmp_path: Path) -> None:
    path = tmp_path / "own.yaml"
    repositories = "{a: {tags: {'1': a}}}"
    registry = f"{{hosts: ['10.0.0.5:5000'], repositories: {repositories}}}"
    path.write_text(f"images: {{a: {{}}}}\nregistries: [{registry}]\n")
    assert registries(path).resolve(parse("10.0.0.5:5000/a:1"), None).image is not None


@pytest.mark.parametrize(("text", "problem"), ROWS["a_wrong_file_is_refused_in_a_line_of_kubesim"])
def test_a_wrong_file_is_refused_in_a_line_of_kubesim(text: str, problem: str, tmp_path: Path) -> None:
    path = tmp_path / "own.yaml"
    path.write_text(text)
    with pytest.raises(ValueError, match=r".") as error:
        registries(path)
    assert str(error.value).startswith(f"kubesim: {path}{problem}")


@pytest.mark.parametrize(("hosts", "image", "problem"), ROWS["a_setting_of_the_node_affects_pulls_and_no_login"])
def test_a_setting_of_the_node_affects_pulls_and_no_login(hosts: dict[str, str], image: str, problem: str) -> None:
    world = Registries(Clock(datetime(2026, 11, 25, tzinfo=UTC)), None, NodeSettings(hosts=hosts)).network
    answer = world.resolve(parse(image), None)
    assert (answer.image is None) is bool(problem)
    assert problem in answer.refusal
    server = image.partition("/")[0]  # docker logs in from a machine without these settings
    assert world.login(server, MINE) == Registries(world.clock).network.login(server, MINE)


@pytest.mark.parametrize(("hours", "change", "status"), ROWS["an_issued_password_expires"])
def test_an_issued_password_expires(hours: float, change: str, status: str) -> None:
    world = registries()
    issued = world.with_password({"registry": ECR, "username": "AWS", "issued": True})
    world.clock.advance(hours * 3600)
    answer = world.resolve(parse(f"{ECR}/myapp:1.0"), Credential("AWS", issued["password"] + change))
    assert status in answer.refusal if status else answer.image


def test_a_credential_provider_gets_a_new_password_whenever_the_old_one_expired() -> None:
    provider = {"from": "provider", "registry": ECR, "username": "AWS", "issued": True}
    session = Session(node={"credentials": [provider]})
    for hour, name in enumerate(("myapp:1.0", "myapp:2.0", "team/api:1.0")):
        session.run(f"kubectl run pod-{hour} --image={ECR}/{name}")
        session.advance(13 * 3600)
    assert session.run("kubectl get pods --no-headers").stdout.count("Running") == 3


@pytest.mark.parametrize(("image", "is_known"), ROWS["an_unknown_image_is_pulled_with_a_warning_unless_strict"])
def test_an_unknown_image_is_pulled_with_a_warning_unless_strict(image: str, is_known: bool, tmp_path: Path) -> None:
    warning = f"Warning: kubesim: whether {image} exists isn't known here; it's pulled as if it did\n"
    session = Session()
    assert session.run(f"kubectl run web --image={image}").stderr == ("" if is_known else warning)
    path = tmp_path / "strict.yaml"
    path.write_text("extends: builtin\nstrict: true\n")
    strict = Session(registries=path)
    assert strict.run(f"kubectl run web --image={image}").stderr == ""
    for each, is_pulled in ((session, not is_known), (strict, False)):
        each.advance(5)
        phase = each.run("kubectl get pod web -o jsonpath='{.status.phase}'").stdout
        assert phase == ("Running" if is_pulled else "Pending")
