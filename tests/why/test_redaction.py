"""No explanation and no error shows a password: in any form, at any place of any text, in any part of an export."""

from __future__ import annotations

import base64
import json
import re
import string
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kubesim import __main__
from kubesim.api.objects import LAST_APPLIED
from kubesim.session import Session
from kubesim.why.export import explain_as_text
from kubesim.why.hide.masks import Masks
from kubesim.why.hide.redact import FORMS, MOST, Form, redact
from kubesim.why.read.load import ExportError
from kubesim.why.read.signs import read
from kubesim.why.read.signs_table import signs
from kubesim.why.tables import vocabulary
from tests.learner import rows
from tests.patience import within
from tests.why.test_cases import CASES, OBJECTS, export_of

ROWS = rows(__file__)
# The texts of the cases, and texts and exports.
MESSAGES = [case["text"] for case in CASES.values() if "text" in case]
TEXTS = [
    *MESSAGES,
    *(json.dumps({"kind": "List", "items": export_of(case)}, indent=1) for case in list(OBJECTS.values())[:20]),
]

# Random secrets. They begin with "qz", as no word of an explanation does.
SECRETS = st.one_of(
    st.text(string.ascii_letters + string.digits, min_size=6, max_size=40).map(lambda text: f"qz{text}"),
    st.text(string.ascii_lowercase, min_size=6, max_size=20).map(lambda text: f"qz{text}"),
    st.text(string.ascii_letters + string.digits + "!$%^*+-_.~#", min_size=8, max_size=30)
    .filter(lambda text: sum(map(str.isalnum, text)) > 6)
    .map(lambda text: f"qz{text}"),
).filter(lambda text: not any(text in each for each in TEXTS))
# Random words that no table of `why` has.
WORDS = st.text(string.ascii_letters + string.digits + "-_.:/@!$", min_size=6, max_size=16).filter(
    lambda word: (
        re.search("[g-z]{2}", word) and not any(run in vocabulary() for run in re.findall(r"[^\W_]+", word.lower()))
    )
)


def encoded(text: str) -> str:
    """The text in base64."""
    return base64.b64encode(text.encode()).decode()


def filled_in(form: str, secret: str) -> str:
    """A form with its placeholder replaced by the secret: plain, or as it's in a Docker config."""
    auth = encoded(f"me:{secret}")
    config = json.dumps({"auths": {"r.example": {"username": "me", "password": secret, "auth": auth}}})
    parts = {
        "SECRET": secret,
        "AUTH": auth,
        "BASE64": encoded(secret),
        "ESCAPED": config.replace('"', '\\"'),
        "ENCODED": encoded(config),
        "CONFIG": config,
    }
    for name, part in parts.items():
        form = form.replace(f"<{name}>", part)
    return form


def said_of(text: str, form: str, secret: str, data: st.DataObject) -> str:
    """The explanation, or the refusal, of a text with a form of the secret at any place."""
    place = data.draw(st.integers(0, len(text)))
    space = data.draw(st.sampled_from(["", " ", "\n"]))
    try:
        return explain_as_text(text[:place] + space + filled_in(form, secret) + space + text[place:], whole=True)
    except ExportError as error:
        return str(error)


@pytest.mark.parametrize(
    "words",
    [
        "Env:[]EnvVar{EnvVar{Name:REGISTRY_PASSWORD,Value:<SECRET>,ValueFrom:nil,},}",
        "sha256~<SECRET>",
        "%22password%22%3A%20%22<SECRET>%22",
        "AWS:<SECRET>",
        "<password><SECRET></password>",
        'base64encode("me:<SECRET>")',
        ':password=>"<SECRET>"',
        "sig=<SECRET>",
    ],
)
def test_a_secret_within_a_name_is_never_shown(words: str) -> None:
    name = f"team{filled_in(words, 'qz000000')}-regcred"
    text = f'Failed to pull image "reg.corp.example/{name}:1": 401 Unauthorized\nsecret "{name}" not found'
    assert leaks(explain_as_text(text, whole=True), "qz000000") == []


@pytest.mark.parametrize(
    "message",
    [
        'couldn\'t parse image reference "<WORDS>": invalid reference format',
        "docker pull <WORDS>\n401 Unauthorized",
        "Unable to find image <WORDS> locally: pull access denied for <WORDS>, repository does not exist",
        'Unable to retrieve some image pull secrets (<WORDS>)\nFailed to pull image "shop/api:1": 401 Unauthorized',
    ],
)
@pytest.mark.parametrize("words", ["PAT=plum-tree", "password\tplum-tree", "withRegistry('x', 'plum-tree')"])
def test_a_text_in_place_of_a_name_is_shown_only_if_it_is_a_valid_name(message: str, words: str) -> None:
    try:
        said = explain_as_text(message.replace("<WORDS>", words), whole=True)
    except ExportError as error:
        said = str(error)
    assert leaks(said, "plum-tree") == []


def leaks(said: str, secret: str) -> list[str]:
    """The secret in the forms, plain or encoded, in which an explanation shows it."""
    return [each for each in (secret, encoded(secret), encoded(f"me:{secret}")) if each in said]


@given(st.sampled_from(ROWS["forms"]), SECRETS, st.sampled_from(TEXTS), st.data())
@settings(deadline=None, max_examples=200)
def test_a_secret_of_any_form_at_any_place_of_any_text_is_never_shown(
    form: str, secret: str, text: str, data: st.DataObject
) -> None:
    assert leaks(said_of(text, form, secret, data), secret) == []


@given(st.sampled_from(ROWS["words_of_texts"]), SECRETS, st.sampled_from(MESSAGES), st.data())
@settings(deadline=None, max_examples=150)
def test_a_secret_in_prose_is_never_quoted(form: str, secret: str, text: str, data: st.DataObject) -> None:
    assert leaks(said_of(text, form, secret, data), secret) == []


@given(st.sampled_from(ROWS["forms"]), SECRETS)
@settings(deadline=None, max_examples=300)
def test_redact_masks_every_form(form: str, secret: str) -> None:
    assert secret not in redact(filled_in(form, secret))
    assert encoded(f"me:{secret}") not in redact(filled_in(form, secret))


@pytest.mark.parametrize("form", [form for form in FORMS if form.marks != ("",)], ids=lambda form: form.marks[0])
@given(st.data())
@settings(deadline=None, max_examples=20)
def test_every_text_of_a_form_has_one_of_its_marks(form: Form, data: st.DataObject) -> None:
    text = data.draw(st.from_regex(re.compile(form.pattern, form.flags)))
    assert any(mark in text.lower() for mark in form.marks)


@pytest.mark.parametrize(("begin", "again"), ROWS["goes_on"])
def test_every_form_takes_bounded_time_on_a_long_text(begin: str, again: str) -> None:
    text = begin + again * (100_000 // len(again))
    with within(2):
        for form in FORMS:
            re.sub(form.pattern, form.instead, text, flags=form.flags)


@pytest.mark.parametrize("text", ROWS["kept"])
def test_a_text_without_a_secret_is_not_changed(text: str) -> None:
    assert redact(text) == text


@pytest.mark.parametrize(("text", "masked"), ROWS["masked"])
def test_a_secret_is_masked_as_its_row_says(text: str, masked: str) -> None:
    assert redact(text) == masked


def _pull_secret(password: str, registry: str = "r.example", user: str = "me") -> dict[str, Any]:
    """A pull secret whose annotation repeats the password."""
    config = {"auths": {registry: {"username": user, "password": password}}}
    return {
        "kind": "Secret",
        "metadata": {"name": "regcred", "annotations": {"note": password}},
        "type": "kubernetes.io/dockerconfigjson",
        "data": {".dockerconfigjson": encoded(json.dumps(config))},
    }


def test_a_text_that_was_masked_before_a_password_was_known_is_masked_again() -> None:
    masks = Masks()
    assert masks.mask_text("user of plainword") == "user of plainword"
    masks.hide_secret(_pull_secret("plainword"))
    assert masks.mask_text("user of plainword") == "user of masked"


def test_a_password_is_masked_where_a_long_text_is_cut_off() -> None:
    masks = Masks()
    masks.hide_secret(_pull_secret("plainword"))
    assert masks.mask_text("." * (MOST - 5) + "plainword. And more").strip(".") == "masked"


def test_overlapping_passwords_are_masked_together() -> None:
    masks = Masks()
    for password in ("plainword", "lainwo", "wordpress", "plainwor"):
        masks.hide_secret(_pull_secret(password))
    assert (
        masks.mask_text("a plainwordpress, a plainwordplainword and the lainwo")
        == "a masked, a maskedmasked and the masked"
    )


def _waiting(**fields: Any) -> dict[str, Any]:
    """A Pod that lists regcred, and whose message has a password."""
    message = "plainword: 401 Unauthorized"
    status = {
        "name": "web",
        "image": "r.example/web",
        "state": {"waiting": {"reason": "ErrImagePull", "message": message}},
    }
    return {
        "kind": "Pod",
        "metadata": {"name": "web", "annotations": {"note": "plainword"}},
        "spec": {"containers": [{"name": "web", "image": "r.example/web"}], "imagePullSecrets": [{"name": "regcred"}]},
        "status": {"containerStatuses": [status]},
        **fields,
    }


@pytest.mark.parametrize(
    "password",
    ["registry", "docker", "status", "message", "containers", "example", "mycorp", "kubernetes.io", "registry-one"],
)
def test_a_common_word_as_password_changes_no_explanation(password: str) -> None:
    image = "registry.mycorp.example:5000/registry/status:1"
    pod = _waiting()
    pod["spec"]["containers"][0]["image"] = pod["status"]["containerStatuses"][0]["image"] = image
    pod["status"]["containerStatuses"][0]["state"]["waiting"]["message"] = (
        f'Failed to pull image "{image}": failed to authorize: 401 Unauthorized'
    )
    answers = []
    for word in ("Sup3rS3cret", password):
        secret = _pull_secret(word, "registry.mycorp.example:5000", "robot-7")
        answers.append(explain_as_text(json.dumps({"kind": "List", "items": [pod, secret]}), whole=True))
    assert answers[1] == answers[0]


@pytest.mark.parametrize("form", ["text", "markdown", "json"])
def test_an_annotation_is_never_shown(form: str) -> None:
    export = json.dumps({"kind": "List", "items": [_waiting(), _pull_secret("plainword")]})
    explanation = explain_as_text([export], form=form)
    assert "regcred" in explanation
    assert "plainword" not in explanation


@pytest.mark.parametrize(
    ("entry", "leak"),
    [
        ({"auth": encoded("bob:plum-tree9\n")}, "plum-tree9"),
        ({"username": "bob", "password": "plum-tree9 "}, "plum-tree9"),
        ({"username": "bob", "password": "plum\ntree-nine"}, "plum tree-nine"),
        ({"username": "bob", "password": "", "identitytoken": "plum-tree9"}, "plum-tree9"),
        ({"username": "bob", "registryToken": "plum-tree9"}, "plum-tree9"),
        ({"auth": "plum.tree9"}, "plum.tree9"),  # can't be decoded
        ({"auth": encoded("plum-tree9")}, "plum-tree9"),  # no user
        ({"auth": encoded("bob:plum-tree9"), "email": 7}, "plum-tree9"),
        ({"more": [{"password": "plum-tree9"}]}, "plum-tree9"),
    ],
)
@pytest.mark.parametrize("form", ["text", "markdown", "json"])
def test_no_part_of_an_entry_is_shown_even_if_the_keyring_reads_it_differently(
    entry: dict[str, Any], leak: str, form: str
) -> None:
    secret = _pull_secret("")
    secret["data"][".dockerconfigjson"] = encoded(json.dumps({"auths": {"r.example": entry}}))
    pod = _waiting()
    message = f"failed to do request: dial tcp: lookup {leak} on 10.0.0.1:53: no such host. {entry.get('auth', '')}"
    pod["status"]["containerStatuses"][0]["state"]["waiting"]["message"] = message
    pod["metadata"]["name"] = leak
    explanation = explain_as_text([json.dumps({"kind": "List", "items": [pod, secret]})], form=form)
    assert "masked" in explanation
    assert [word for word in (leak, entry.get("auth", leak)) if word in explanation] == []


def test_users_and_helpers_of_a_docker_config_are_not_masked() -> None:
    masks = Masks()
    entry = {"username": "bob-builder", "email": "bob-builder", "password": "plain-word"}
    config = {"credsStore": "desktop", "credHelpers": {"r.example": "ecr-login"}, "auths": {"r.example": entry}}
    masks.hide_secret({"data": {".dockerconfigjson": encoded(json.dumps(config))}})
    assert masks.mask_text("bob-builder desktop ecr-login plain-word") == "bob-builder desktop ecr-login masked"


@pytest.mark.parametrize(("place", "instead"), [("manifest", "- name: <secret>"), ("selector", "'<label>'")])
def test_a_quoted_manifest_or_selector_has_placeholders(place: str, instead: str) -> None:
    pod = _waiting()
    del pod["spec"]["imagePullSecrets"]
    if place == "manifest":
        misplaced = {"spec": {"containers": [{"imagePullSecrets": [{"name": "plainword"}]}]}}
        pod["metadata"]["annotations"] = {LAST_APPLIED: json.dumps(misplaced)}
        pod["status"]["containerStatuses"][0]["state"]["waiting"]["message"] = "no basic auth credentials"
    else:
        pod["spec"]["nodeSelector"] = {"data": "plainword"}
        said = "0/1 nodes are available: 1 node(s) didn't match Pod's node affinity/selector."
        pod["status"] = {"conditions": [{"reason": "Unschedulable", "message": said}]}
    explanation = explain_as_text(json.dumps({"kind": "List", "items": [pod, _pull_secret("plainword")]}), whole=True)
    assert instead in explanation
    assert "plainword" not in explanation


@pytest.mark.parametrize(
    "fields", [{"same": ["plainword"]}, {"unread": "plainword"}, {"client": "plainword"}, {"partial": "true"}]
)
@pytest.mark.parametrize("form", ["text", "markdown", "json"])
def test_an_export_cannot_set_the_fields_of_a_pasted_text(fields: dict[str, Any], form: str) -> None:
    secret = _pull_secret("plainword")
    plain = json.dumps({"kind": "List", "items": [_waiting(), secret]})
    odd = json.dumps({"kind": "List", "items": [_waiting(**fields), secret]})
    assert explain_as_text([odd], form=form) == explain_as_text([plain], form=form)


def test_the_names_in_a_text_are_masked_as_well() -> None:
    text = "\n".join(
        f"2m Warning Failed pod/{name} Failed to pull image r.example/web: 401" for name in ("a", "plainword")
    )
    said = explain_as_text([text, json.dumps(_pull_secret("plainword"))], whole=True)
    assert "plainword" in explain_as_text([text], whole=True)
    assert "masked" in said
    assert "plainword" not in said


def test_a_password_of_deeply_nested_json_is_harmless() -> None:
    export = json.dumps({"kind": "List", "items": [_waiting(), _pull_secret(encoded("[" * 5000))]})
    assert "regcred" in explain_as_text([export], whole=True)


@pytest.mark.parametrize("line", ROWS["command_lines"])
def test_an_error_about_a_command_line_repeats_no_password(line: str, capsys: pytest.CaptureFixture[str]) -> None:
    words = line.replace("'", "").split(" ")
    with suppress(SystemExit):
        __main__.main(["why", *words])
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "s3cretS3cret" not in printed.err
    session = Session()
    assert "s3cretS3cret" not in session.run(f"kubesim why {line}").screen
    assert "s3cretS3cret" not in session.run(f"why {line}").screen


@given(WORDS, st.sampled_from([row.example for row in signs().signs]), st.booleans())
@settings(deadline=None, max_examples=300)
def test_the_evidence_quotes_only_names_and_words_of_the_tables(word: str, message: str, is_last: bool) -> None:
    reply = read(f"{message} {word}" if is_last else f"{word} {message}")
    assert word not in reply.sentence or word in reply.words.values()


@pytest.mark.parametrize("character", ["\u202e", "\u2066", "\u200f", "\u200b", "\u0000", "\u009b", "\u2028", "\ufeff"])
@pytest.mark.parametrize("form", ["text", "markdown", "json"])
def test_no_control_character_is_shown(character: str, form: str) -> None:
    message = f'Failed to pull image "r.example/we{character}b:1": pull access denied for r.example/we{character}b'
    pod = _waiting()
    pod["status"]["containerStatuses"][0]["state"]["waiting"]["message"] = message
    pod["metadata"]["name"] = f"we{character}b"
    for text in (message, json.dumps({"kind": "List", "items": [pod]})):
        assert character not in explain_as_text(text, form=form)
    with pytest.raises(ExportError) as error:
        explain_as_text(json.dumps({"kind": "List", "items": [pod]}), pod=f"a{character}b", whole=True)
    assert character not in str(error.value)
