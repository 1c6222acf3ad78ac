"""The keyring: the entries of pull secrets that match an image, their order, and Secrets that can't be read."""

import base64
import json
import re
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubesim.pull.keyring import (
    DATA_KEYS,
    DOCKER_CONFIG_JSON,
    DOCKERCFG,
    Credential,
    key_matches,
    lookup,
    of_secrets,
    registry_key,
)
from tests.learner import rows

ROWS = rows(__file__)

# The beginning of Go's errors about JSON.
WORDS = "json: cannot unmarshal"
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text() | st.sampled_from(["auth"]), inner, max_size=3)
    ),
    max_leaves=8,
)


def secret(name: str, config: Any, kind: str = DOCKER_CONFIG_JSON) -> dict[str, Any]:
    """A Secret with that config, a text or a value to write as JSON."""
    text = config if isinstance(config, str) else json.dumps(config)
    data = {DATA_KEYS.get(kind, ".dockerconfigjson"): base64.b64encode(text.encode()).decode()}
    return {"metadata": {"name": name, "namespace": "default", "uid": f"uid-{name}"}, "type": kind, "data": data}


def auths(**entries: Any) -> dict[str, Any]:
    """A config with these entries. In their names, "__" stands for "/" and "_" for "."."""
    return {"auths": {key.replace("__", "/").replace("_", "."): value for key, value in entries.items()}}


def login(username: str, password: str = "p") -> dict[str, str]:
    """An entry's user and password."""
    return {"username": username, "password": password}


def found(image: str, *secrets: dict[str, Any]) -> list[tuple[str, str, str]]:
    """Secret, entry and user of each match for an image, in the order in which they are tried."""
    matches = lookup(of_secrets(secrets), image)
    return [(match.secret_name, match.entry, match.credential.username) for match in matches]


@pytest.mark.parametrize(("entry", "key"), ROWS["an_entry_has_the_key_of_its_row"])
def test_an_entry_has_the_key_of_its_row(entry: str, key: str | None) -> None:
    assert registry_key(entry) == key


@pytest.mark.parametrize(("key", "image", "matches"), ROWS["a_key_matches_an_image_as_its_row_says"])
def test_a_key_matches_an_image_as_its_row_says(key: str, image: str, matches: bool) -> None:
    assert key_matches(key, image) is matches


def test_the_more_specific_entry_comes_first_and_secrets_in_their_order() -> None:
    wide = secret("wide", auths(registry_example_com=login("wide"), registry_example_com__team=login("team")))
    narrow = secret("narrow", auths(registry_example_com__team__api=login("api"), registry_example_com=login("n")))
    assert found("registry.example.com/team/api", wide, narrow) == [
        ("narrow", "registry.example.com/team/api", "api"),
        ("wide", "registry.example.com/team", "team"),
        ("wide", "registry.example.com", "wide"),
        ("narrow", "registry.example.com", "n"),
    ]


def test_the_old_name_of_docker_hub_counts_only_without_another_match() -> None:
    hub = secret("hub", {"auths": {"https://index.docker.io/v1/": login("acme")}})
    own = secret("own", {"auths": {"docker.io": login("own")}})
    assert found("docker.io/acme/private", hub) == [("hub", "https://index.docker.io/v1/", "acme")]
    assert found("docker.io/acme/private", hub, own) == [("own", "docker.io", "own")]
    assert found("registry.example.com/acme/private", hub) == []


def test_only_secrets_of_the_two_pull_types_count() -> None:
    config = auths(registry_example_com=login("u"))
    assert found("registry.example.com/a", secret("opaque", config, "Opaque")) == []
    assert found("registry.example.com/a", secret("old", config["auths"], DOCKERCFG)) == [
        ("old", "registry.example.com", "u")
    ]
    empty = {"metadata": {"name": "empty"}, "type": DOCKER_CONFIG_JSON}
    assert found("registry.example.com/a", empty) == []


@pytest.mark.parametrize(
    ("entry", "credential"),
    [
        ({"auth": "dTpw"}, Credential("u", "p")),
        ({"auth": "dTpwOng"}, Credential("u", "p:x")),
        ({"auth": "dTpw\nOng=\n"}, Credential("u", "p:x")),
        ({"auth": "dTpw", "username": "other", "password": "wrong", "email": "a@b.c"}, Credential("u", "p")),
        ({"Username": "u", "PASSWORD": "p"}, Credential("u", "p")),
        ({}, Credential("", "")),
        (None, Credential("", "")),
    ],
)
def test_the_field_auth_goes_before_user_and_password(entry: Any, credential: Credential) -> None:
    ring = of_secrets([secret("s", {"auths": {"r.io": entry}})])
    assert [match.credential for match in lookup(ring, "r.io/a")] == [credential]


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"auths": {"r.io": {"auth": "!!!"}}}, "illegal base64 data at input byte 0"),
        ({"auths": {"r.io": {"auth": "dTp$"}}}, "illegal base64 data at input byte 3"),
        ({"auths": {"r.io": {"auth": "dTpwOng=="}}}, "illegal base64 data at input byte 8"),
        ({"auths": {"r.io": {"auth": "dTpwO"}}}, "illegal base64 data at input byte 4"),
        ({"auths": {"r.io": {"auth": "dTp=w"}}}, "illegal base64 data at input byte 3"),
        ({"auths": {"r.io": {"auth": "dTpwOg="}}}, "illegal base64 data at input byte 7"),
        ({"auths": {"r.io": {"auth": "dTpwOg=x="}}}, "illegal base64 data at input byte 6"),
        ({"auths": {"r.io": {"auth": "dTpwOg== "}}}, "illegal base64 data at input byte 8"),
        (
            {"auths": {"r.io": {"auth": "dXNlcg=="}}},
            "unable to parse auth field, must be formatted as base64(username:password)",
        ),
        ('{"auths":', "unexpected end of JSON input"),
        ([], f"{WORDS} array into Go value of type credentialprovider.DockerConfigJSON"),
        (
            {"auths": "x"},
            f"{WORDS} string into Go struct field DockerConfigJSON.auths of type credentialprovider.DockerConfig",
        ),
        (
            {"auths": {"r.io": 1}},
            f"{WORDS} number into Go struct field DockerConfigJSON.auths of type "
            "credentialprovider.dockerConfigEntryWithAuth",
        ),
        (
            {"auths": {"r.io": {"username": True}}},
            f"{WORDS} bool into Go struct field DockerConfigJSON.auths.username of type string",
        ),
    ],
)
def test_one_unreadable_secret_makes_the_whole_keyring_unreadable(config: Any, message: str) -> None:
    good = secret("good", auths(registry_example_com=login("u")))
    with pytest.raises(ValueError, match=r".") as error:
        of_secrets([good, secret("bad", config)])
    assert str(error.value) == message


@given(json_values | st.dictionaries(st.just("auths"), st.dictionaries(st.text(), json_values)) | st.text(), st.text())
def test_any_config_is_read_or_refused(config: Any, image: str) -> None:
    for kind in (DOCKER_CONFIG_JSON, DOCKERCFG):
        with suppress(ValueError):
            ring = of_secrets([secret("s", config, kind)])
            assert all(match.secret_name == "s" for match in lookup(ring, image))


def complaint(auth: str) -> str:
    """The error about the field `auth` of an entry; "" if it's valid."""
    try:
        of_secrets([secret("s", {"auths": {"r.io": {"auth": auth}}})])
    except ValueError as error:
        return str(error)
    return ""


@given(st.text(alphabet="aB1+/=\n$", max_size=12) | st.text(max_size=40))
def test_auth_is_decoded_as_in_go_or_refused(auth: str) -> None:
    said = complaint(auth)
    place = re.fullmatch(r"illegal base64 data at input byte (\d+)", said)
    assert said == "" or said.startswith("unable to parse auth field") or (place and int(place[1]) <= len(auth))


@given(st.text(), st.text().filter(lambda text: ":" not in text))
def test_any_auth_goes_before_user_and_password(password: str, username: str) -> None:
    auth = base64.b64encode(f"{username}:{password}".encode(errors="replace")).decode()
    ring = of_secrets([secret("s", {"auths": {"r.io": {"auth": auth, "username": "x", "password": "y"}}})])
    expected = f"{username}:{password}".encode(errors="replace").decode().partition(":")
    assert lookup(ring, "r.io/a")[0].credential == Credential(expected[0], expected[2])
