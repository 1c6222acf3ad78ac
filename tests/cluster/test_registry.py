"""What containerd reports of each registry."""

import pytest

from kubesim.api.imageref import parse
from kubesim.cluster.keyring import Credential
from kubesim.cluster.registry import REGISTRIES, Challenge, Image, Registries, Registry, Repository

PULL = Credential("pull-spring", "daffodil-7")
MINE = Credential("myuser", "mypassword")
ACME = Credential("acme", "hubpass")
DENIED = "pull access denied, repository does not exist or may require authorization"
NO_BASIC = f"{DENIED}: authorization failed: no basic auth credentials"
NO_SCOPE = f"{DENIED}: server message: insufficient_scope: authorization failed"
TOKEN = "failed to authorize: failed to fetch oauth token: unexpected status from GET request to https://hub.example.com/token"
LOOKUP = "on 10.96.0.10:53: no such host"


@pytest.mark.parametrize(
    ("image", "credential", "log"),
    [
        ("registry.example.com/myapp:1.0", MINE, "started"),
        ("registry.example.com:443/myapp:1.0", MINE, "started"),
        ("registry.example.com/myapp", MINE, "started v2"),
        ("registry.example.com/myapp:1.0", PULL, "started"),
        ("registry.example.com/myapp:1.0", Credential("pull-autumn", "chestnut-4"), "started"),
        ("registry.example.com/myapp:1.0", Credential("pull-winter", "snowdrop-9"), "started"),
        ("registry.example.com/library/tool:1.0", MINE, "started v2"),
        ("nginx", None, "nginx"),
        ("nginx:1.27", ACME, "nginx"),
        ("busybox:1.36", None, "started v2"),
        ("acme/private:1.0", ACME, "started"),
        ("hub.example.com/acme/api:2.1", ACME, "started v2"),
        ("nginx", Credential("nobody", ""), "nginx"),
    ],
)
def test_found(image: str, credential: Credential | None, log: str) -> None:
    answer = REGISTRIES.resolve(parse(image), credential)
    assert answer.image is not None
    assert (answer.image.log, answer.refusal) == ((log,), "")


@pytest.mark.parametrize(
    ("image", "credential", "error"),
    [
        ("registry.example.com/myapp:1.0", None, NO_BASIC),
        ("registry.example.com/myapp:1.0", Credential("", ""), NO_BASIC),
        ("registry.example.com/myapp:1.0", Credential("myuser", ""), NO_BASIC),
        ("registry.example.com/nosuch:1.0", None, NO_BASIC),
        (
            "registry.example.com/myapp:1.0",
            Credential("myuser", "wrong"),
            "unexpected status from HEAD request to "
            "https://registry.example.com/v2/myapp/manifests/1.0: 401 Unauthorized",
        ),
        (
            "registry.example.com/team/api:1.0",
            PULL,
            "unexpected status from HEAD request to "
            "https://registry.example.com/v2/team/api/manifests/1.0: 403 Forbidden",
        ),
        ("acme/private:1.0", None, NO_SCOPE),
        ("nosuch", None, NO_SCOPE),
        (
            "nginx",
            Credential("acme", "wrong"),
            f"{TOKEN}?scope=repository%3Alibrary%2Fnginx%3Apull&service=hub.example.com: 401 Unauthorized",
        ),
        (
            "registry.nowhere.test/app:1",
            MINE,
            'failed to do request: Head "https://registry.nowhere.test/v2/app/manifests/1": '
            f"dial tcp: lookup registry.nowhere.test {LOOKUP}",
        ),
        (
            "registry.example.com:5000/app:1",
            MINE,
            'failed to do request: Head "https://registry.example.com:5000/v2/app/manifests/1": '
            "dial tcp 10.96.0.20:5000: connect: connection refused",
        ),
        (
            "localhost:5000/app:1",
            None,
            'failed to do request: Head "https://localhost:5000/v2/app/manifests/1": '
            "dial tcp 127.0.0.1:5000: connect: connection refused",
        ),
    ],
)
def test_refused(image: str, credential: Credential | None, error: str) -> None:
    reference = parse(image)
    answer = REGISTRIES.resolve(reference, credential)
    assert answer.image is None
    wrapped = f'failed to pull and unpack image "{reference.canonical}": failed to resolve image: {error}'
    assert answer.error(reference) == wrapped


@pytest.mark.parametrize("image", ["registry.example.com/myapp:9.9", "registry.example.com/nosuch:1"])
def test_not_found(image: str) -> None:
    reference = parse(image)
    assert REGISTRIES.resolve(reference, MINE).error(reference) == (
        f'rpc error: code = NotFound desc = failed to pull and unpack image "{image}": '
        f"failed to resolve image: {image}: not found"
    )


def test_the_same_content_has_the_same_digest_and_can_be_asked_for_by_it() -> None:
    one = REGISTRIES.resolve(parse("registry.example.com/myapp:1.0"), MINE).image
    other = REGISTRIES.resolve(parse("acme/private:1.0"), ACME).image
    assert one is not None
    assert one == other
    assert REGISTRIES.resolve(parse(f"registry.example.com/team/api@{one.digest}"), MINE).image == one


@pytest.mark.parametrize(
    ("server", "credential", "refusal"),
    [
        ("registry.example.com", MINE, ""),
        ("registry.example.com:443", PULL, ""),
        ("docker.io", ACME, ""),
        ("index.docker.io", ACME, ""),
        (
            "registry.example.com",
            ACME,
            "login attempt to https://registry.example.com/v2/ failed with status: 401 Unauthorized",
        ),
        ("docker.io", MINE, 'Get "https://registry-1.docker.io/v2/": unauthorized: incorrect username or password'),
        (
            "localhost:5000",
            MINE,
            'Get "https://localhost:5000/v2/": dial tcp 127.0.0.1:5000: connect: connection refused',
        ),
        ("r.test", MINE, f'Get "https://r.test/v2/": dial tcp: lookup r.test {LOOKUP}'),
    ],
)
def test_login(server: str, credential: Credential, refusal: str) -> None:
    assert REGISTRIES.login(server, credential) == refusal


def test_a_registry_is_data() -> None:
    image = Image("sha256:" + "1" * 64, 1)
    rows = {"open": Repository({"1": image}, public=True), "own": Repository({"1": image}, readers=frozenset({"a"}))}
    world = Registries([Registry(("r.test",), "10.0.0.1", Challenge.BASIC, {"a": "x", "b": "y"}, rows)])
    assert world.resolve(parse("r.test/open:1"), None).image == image
    assert world.resolve(parse("r.test/own:1"), Credential("a", "x")).image == image
    assert world.resolve(parse("r.test/own:1"), Credential("b", "y")).refusal == (
        "unexpected status from HEAD request to https://r.test/v2/own/manifests/1: 403 Forbidden"
    )
