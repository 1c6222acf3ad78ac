"""What the container runtime and Docker's daemon report of each registry, and what a file of registries may hold."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path

import pytest
import yaml
from jsonschema import Draft202012Validator

from kubesim.api.clock import Clock
from kubesim.api.imageref import parse
from kubesim.cluster.keyring import Credential
from kubesim.cluster.registry import Registries, builtin

ROOT = Path(__file__).resolve().parent.parent.parent
MINE, ACME = Credential("myuser", "mypassword"), Credential("acme", "hubpass")
ECR = "123456789012.dkr.ecr.eu-west-1.amazonaws.com"
DENIED = "pull access denied, repository does not exist or may require authorization"
NO_BASIC = f"{DENIED}: authorization failed: no basic auth credentials"
NO_SCOPE = f"{DENIED}: server message: insufficient_scope: authorization failed"
OAUTH, ANONYMOUS = (f"failed to authorize: failed to fetch {kind} token: " for kind in ("oauth", "anonymous"))
LOOKUP = "on 10.96.0.10:53: no such host"
X509 = "tls: failed to verify certificate: x509: "
GET = "unexpected status from GET request to https://"


def registries(path: str | Path | None = None, proxy: str = "") -> Registries:
    return Registries(Clock(datetime(2026, 11, 25, 10, 57, 55, tzinfo=UTC)), path, proxy)


def head(host: str, repository: str, status: str, tag: str = "1.0") -> str:
    return f"unexpected status from HEAD request to https://{host}/v2/{repository}/manifests/{tag}: {status}"


def undone(host: str, problem: str) -> str:
    return f'failed to do request: Head "https://{host}/v2/myapp/manifests/1.0": {problem}'


@pytest.mark.parametrize(
    ("image", "credential", "log"),
    [
        ("registry.example.com/myapp:1.0", MINE, "started"),
        ("registry.example.com:443/myapp:1.0", MINE, "started"),
        ("registry.example.com:5000/myapp", MINE, "started v2"),
        ("registry.example.com/myapp:1.0", Credential("pull-spring", "daffodil-7"), "started"),
        ("registry.example.com/myapp:1.0", Credential("pull-autumn", "chestnut-4"), "started"),
        ("registry.example.com/myapp:1.0", Credential("pull-winter", "snowdrop-9"), "started"),
        ("registry.example.com/library/tool:1.0", MINE, "started v2"),
        ("nginx", None, "nginx"),
        ("nginx:1.27", ACME, "nginx"),
        ("nginx", Credential("nobody", ""), "nginx"),
        ("busybox:1.36", None, "busybox"),
        ("redis:7", ACME, "Ready to accept connections tcp"),
        ("acme/private:1.0", ACME, "started"),
        ("hub.example.com/acme/api:2.1", ACME, "started v2"),
        ("store.example.com/myapp:1.0", None, "started"),
        ("store.example.com/myapp:1.0", MINE, "started"),
        ("harbor.example.com/secret/app:1.0", Credential("robot", "robotpass"), "started"),
        ("ghcr.io/acme/app:1.0", Credential("acme", "ghp_ok"), "started"),
        (f"{ECR}/myapp:1.0", Credential("AWS", "fresh-token"), "started"),
    ],
)
def test_found(image: str, credential: Credential | None, log: str) -> None:
    answer = registries().resolve(parse(image), credential)
    assert answer.image is not None
    assert (answer.image.log or (answer.image.base,), answer.refusal) == ((log,), "")


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
            head("registry.example.com", "myapp", "401 Unauthorized"),
        ),
        (
            "registry.example.com/team/api:1.0",
            Credential("pull-spring", "daffodil-7"),
            head("registry.example.com", "team/api", "403 Forbidden"),
        ),
        (
            "harbor.example.com/secret/app:1.0",
            Credential("guest", "guestpass"),
            head("harbor.example.com", "secret/app", "403 Forbidden\ndenied"),
        ),
        (
            f"{ECR}/myapp:1.0",
            Credential("AWS", "expired-token"),
            head(
                ECR,
                "myapp",
                "403 Forbidden\ndenied: Your authorization token has expired. Reauthenticate and try again.",
            ),
        ),
        (f"{ECR}/myapp:1.0", Credential("AWS", "x"), head(ECR, "myapp", "400 Bad Request")),
        ("acme/private:1.0", None, NO_SCOPE),
        ("nosuch", None, NO_SCOPE),
        (
            "hub.example.com/library/nginx",
            Credential("acme", "wrong"),
            f"{OAUTH}{GET}hub.example.com/token?scope=repository%3Alibrary%2Fnginx%3Apull&service=hub.example.com: "
            "401 Unauthorized",
        ),
        (
            "postgres",
            None,
            f"{ANONYMOUS}{GET}auth.docker.io/token?scope=repository%3Alibrary%2Fpostgres%3Apull&"
            "service=registry.docker.io: 429 Too Many Requests",
        ),
        (
            "memcached:1.6",
            None,
            head("registry-1.docker.io", "library/memcached", "429 Too Many Requests", "1.6"),
        ),
        (
            "ghcr.io/acme/app:1.0",
            MINE,
            f"{OAUTH}{GET}ghcr.io/token?scope=repository%3Aacme%2Fapp%3Apull&service=ghcr.io: 403 Forbidden",
        ),
        (
            "gitlab-registry.example.com/acme/app:1.0",
            None,
            f"{ANONYMOUS}{GET}gitlab.example.com/jwt/auth?scope=repository%3Aacme%2Fapp%3Apull&"
            "service=container_registry: 403 Forbidden",
        ),
        ("quay.io/acme/app:1.0", None, head("quay.io", "acme/app", "401 Unauthorized")),
        (
            "tokendown.example.com/myapp:1.0",
            None,
            f'{ANONYMOUS}Get "https://auth-down.example.com/token?scope=repository%3Amyapp%3Apull&'
            'service=tokendown.example.com": dial tcp 10.96.0.14:443: connect: connection refused',
        ),
        (
            "tokendown.example.com/myapp:1.0",
            MINE,
            f'{OAUTH}Post "https://auth-down.example.com/token": dial tcp 10.96.0.14:443: connect: connection refused',
        ),
        (
            "token503.example.com/myapp:1.0",
            MINE,
            f"{OAUTH}unexpected status from POST request to https://auth503.example.com/token: 503 Service Unavailable",
        ),
        ("limited.example.com/myapp:1.0", None, head("limited.example.com", "myapp", "429 Too Many Requests")),
        ("badgateway.example.com/myapp:1.0", None, head("badgateway.example.com", "myapp", "502 Bad Gateway")),
        ("r.test/myapp:1.0", MINE, undone("r.test", f"dial tcp: lookup r.test {LOOKUP}")),
        (
            "servfail.example.com/myapp:1.0",
            None,
            undone(
                "servfail.example.com", "dial tcp: lookup servfail.example.com on 10.96.0.10:53: server misbehaving"
            ),
        ),
        (
            "registry.example.com:5001/myapp:1.0",
            MINE,
            undone("registry.example.com:5001", "dial tcp 10.96.0.11:5001: connect: connection refused"),
        ),
        (
            "localhost:5000/myapp:1.0",
            None,
            undone("localhost:5000", "dial tcp 127.0.0.1:5000: connect: connection refused"),
        ),
        (
            "noroute.example.com/myapp:1.0",
            None,
            undone("noroute.example.com", "dial tcp 10.96.0.98:443: connect: no route to host"),
        ),
        (
            "blackhole.example.com/myapp:1.0",
            None,
            undone("blackhole.example.com", "dial tcp 10.96.0.99:443: i/o timeout"),
        ),
        (
            "harbor.corp.example/myapp:1.0",
            None,
            undone("harbor.corp.example", f"{X509}certificate signed by unknown authority"),
        ),
        (
            "expired.example.com/myapp:1.0",
            None,
            undone(
                "expired.example.com",
                f"{X509}certificate has expired or is not yet valid: "
                "current time 2026-11-25T10:57:55Z is after 2026-11-18T12:00:00Z",
            ),
        ),
        (
            "new-registry.example.com/myapp:1.0",
            None,
            undone(
                "new-registry.example.com",
                f"{X509}certificate is valid for old-registry.example.com, not new-registry.example.com",
            ),
        ),
        (
            "10.96.0.13/myapp:1.0",
            None,
            undone(
                "10.96.0.13",
                f"{X509}cannot validate certificate for 10.96.0.13 because it doesn't contain any IP SANs",
            ),
        ),
        (
            "registry.local:5000/myapp:1.0",
            None,
            undone("registry.local:5000", "http: server gave HTTP response to HTTPS client"),
        ),
        (
            "registry.local/myapp:1.0",
            None,
            undone("registry.local", "dial tcp 10.96.0.15:443: connect: connection refused"),
        ),
    ],
)
def test_refused(image: str, credential: Credential | None, error: str) -> None:
    reference = parse(image)
    answer = registries().resolve(reference, credential)
    assert answer.image is None
    wrapped = f'failed to pull and unpack image "{reference.canonical}": failed to resolve image: {error}'
    assert answer.error(reference) == wrapped


LAYER = "httpReadSeeker: failed open: could not fetch content descriptor sha256:# (application/vnd.docker.image.rootfs"


@pytest.mark.parametrize(
    ("image", "code", "error"),
    [
        (
            "registry.example.com/myapp:9.9",
            "NotFound",
            "failed to resolve image: registry.example.com/myapp:9.9: not found",
        ),
        ("store.example.com/lost:1.0", "NotFound", f"failed to copy: {LAYER}.diff.tar.gzip) from remote: not found"),
        (
            "store.example.com/corrupt:1.0",
            "FailedPrecondition",
            'failed commit on ref "layer-sha256:#": unexpected commit digest sha256:#, expected sha256:#: '
            "failed precondition",
        ),
        (
            "store.example.com/ancient:1.0",
            "InvalidArgument",
            "schema 1 image manifests are no longer supported: invalid argument",
        ),
        ("registry.example.com/arm/tool:1.0", "NotFound", "no match for platform in manifest sha256:#: not found"),
        ("web.example.com/myapp:1.0", "NotFound", "unexpected media type text/html for sha256:#: not found"),
    ],
)
def test_an_error_with_a_code(image: str, code: str, error: str) -> None:
    reference = parse(image)
    got = registries().resolve(reference, MINE).error(reference)
    unpack = f'failed to pull and unpack image "{image}": '
    before = "get image config descriptor: " if error.startswith(("no match", "unexpected media")) else unpack
    assert re.sub("(?<=sha256:)[0-9a-f]{64}", "#", got) == f"rpc error: code = {code} desc = {before}{error}"


def test_a_limit_on_the_content_shows_after_the_manifest_was_found() -> None:
    reference = parse("redis:7")
    got = registries().resolve(reference, None).error(reference)
    assert re.sub("(?<=sha256:)[0-9a-f]{64}", "#", got) == (
        'failed to pull and unpack image "docker.io/library/redis:7": failed to copy: httpReadSeeker: failed open: '
        f"{GET}registry-1.docker.io/v2/library/redis/manifests/sha256:#: 429 Too Many Requests\n"
        "toomanyrequests: You have reached your unauthenticated pull rate limit. "
        "https://www.docker.com/increase-rate-limit"
    )


def test_everything_goes_through_the_proxy() -> None:
    answer = registries(proxy="http://proxy.corp.example:3128").resolve(parse("registry.example.com/myapp:1.0"), MINE)
    refused = "proxyconnect tcp: dial tcp 10.96.0.14:3128: connect: connection refused"
    assert answer.refusal == undone("registry.example.com", refused)


def test_an_outage_passes_some_seconds_after_the_node_first_asked() -> None:
    image, world = parse("once.example.com/myapp:1.0"), registries()
    world.network.clock.advance(60)
    assert world.resolve(image, None).image is None  # someone who asks why
    assert world.pull(image, None).refusal == head("once.example.com", "myapp", "503 Service Unavailable")
    world.network.clock.advance(7.9)
    assert world.pull(image, None).image is None
    world.network.clock.advance(0.1)
    assert world.pull(image, None).image is not None


def test_the_same_content_has_the_same_digest_and_can_be_asked_for_by_it() -> None:
    world = registries()
    one = world.resolve(parse("registry.example.com/myapp:1.0"), MINE).image
    assert one is not None
    assert world.resolve(parse("acme/private:1.0"), ACME).image == one
    assert world.resolve(parse(f"registry.example.com/team/api@{one.digest}"), MINE).image == one


@pytest.mark.parametrize(
    ("server", "credential", "refusal"),
    [
        ("registry.example.com", MINE, ""),
        ("registry.example.com:443", Credential("pull-spring", "daffodil-7"), ""),
        ("docker.io", ACME, ""),
        ("index.docker.io", ACME, ""),
        ("store.example.com", MINE, ""),
        (
            "registry.example.com",
            ACME,
            "login attempt to https://registry.example.com/v2/ failed with status: 401 Unauthorized",
        ),
        ("docker.io", MINE, 'Get "https://registry-1.docker.io/v2/": unauthorized: incorrect username or password'),
        ("ghcr.io", MINE, 'Get "https://ghcr.io/v2/": denied: denied'),
        (
            "busy.example.com",
            MINE,
            "login attempt to https://busy.example.com/v2/ failed with status: 503 Service Unavailable",
        ),
        (
            "self.example.com",
            MINE,
            f'Get "https://self.example.com/v2/": {X509}certificate signed by unknown authority',
        ),
        ("r.test", MINE, f'Get "https://r.test/v2/": dial tcp: lookup r.test {LOOKUP}'),
    ],
)
def test_login(server: str, credential: Credential, refusal: str) -> None:
    assert registries().login(server, credential) == refusal


# --- files


FORM = json.loads(files("kubesim.cluster").joinpath("registries.schema.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("path", ["kubesim/cluster/registries.yaml", "tests/golden/registries.yaml"])
def test_the_files_match_their_schema(path: str) -> None:
    document = yaml.safe_load((ROOT / path).read_text(encoding="utf-8"))
    assert [error.message for error in Draft202012Validator(FORM).iter_errors(document)] == []
    Draft202012Validator.check_schema(FORM)


def test_each_host_is_there_once() -> None:
    hosts = [host for registry in builtin().registries for host in registry.hosts]
    assert sorted(set(hosts)) == sorted(hosts)


def test_registries_of_ones_own_replace_the_others_or_add_to_them(tmp_path: Path) -> None:
    path = tmp_path / "own.yaml"
    own = (
        "images: {a: {}}\nregistries:\n- hosts: [r.test]\n  address: 10.0.0.1\n  repositories: {a: {tags: {'1': a}}}\n"
    )
    path.write_text(own)
    alone = registries(path)
    assert alone.resolve(parse("r.test/a:1"), None).image is not None
    assert alone.resolve(parse("registry.example.com/myapp:1.0"), MINE).refusal.endswith(LOOKUP)
    path.write_text(f"extends: builtin\n{own}- {{hosts: [ghcr.io], address: 10.0.0.2, trouble: silence}}\n")
    added = registries(path)
    assert added.resolve(parse("r.test/a:1"), None).image is not None
    assert added.resolve(parse("registry.example.com/myapp:1.0"), MINE).image is not None
    assert added.resolve(parse("ghcr.io/acme/app:1.0"), None).refusal.endswith("10.0.0.2:443: i/o timeout")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("a: [", "FILE can't be read as YAML: "),
        ("[]", "FILE: the file must be a map"),
        ("registries: 5", "FILE: registries must be a list"),
        ("registries: [{address: 10.0.0.1}]", "FILE: registries[0] lacks hosts"),
        ("registries: [{hosts: []}]", "FILE: a registry lacks the name of its host"),
        ("registries: [{hosts: [a], port: 5}]", "FILE: registries[0] has no field port"),
        ("registries: [{hosts: [a], auth: digest}]", "FILE: registries[0].auth must be one of none, basic, token"),
        ("registries: [{hosts: [a], users: {a: 5}}]", "FILE: registries[0].users.a must be a text"),
        ("images: {a: {size: true}}", "FILE: images.a.size must be a whole number"),
        ("images: {1: {}}", "FILE: in images, 1 must be a text: put it in quotes"),
        ("images: {a: {trouble: late}}", "FILE: there is no trouble late, only refused, no-route, "),
        (
            "registries: [{hosts: [a], repositories: {b: {tags: {'1': c}}}}]",
            "FILE: a/b:1 is the image c, which is not among the images",
        ),
    ],
)
def test_a_wrong_file_is_refused_in_a_line_of_kubesim(text: str, problem: str, tmp_path: Path) -> None:
    path = tmp_path / "own.yaml"
    path.write_text(text)
    with pytest.raises(ValueError, match=r".") as error:
        registries(path)
    assert str(error.value).startswith(f"kubesim: {path}{problem.removeprefix('FILE')}")
