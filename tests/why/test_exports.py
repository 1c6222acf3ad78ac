"""Explanations of exports: of other registries and runtimes, malformed, masked or large ones, and of any text."""

from __future__ import annotations

import base64
import json
import re
import subprocess
import sys
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from kubesim.why.export import explain_as_text
from kubesim.why.read.load import ExportError, decode
from tests.learner import rows
from tests.patience import within
from tests.why.test_stories import IMAGE, ROOT, WANTED

ROWS = rows(__file__)

# The refusal of a text that is neither an export nor a known message.
UNKNOWN = (
    "it is no export and no message that kubesim knows: give the whole message, or what kubectl get -o yaml prints"
)
# The content of a usable pull secret.
GOOD = {"auths": {"registry.example.com": {"username": "me", "password": "hunter2hunter2"}}}
# Beginnings of messages: by older runtimes, and by a registry that answers HEAD.
OLDER = (
    f'rpc error: code = Unknown desc = failed to pull and unpack image "{IMAGE}": failed to resolve reference '
    f'"{IMAGE}": '
)
HEAD = "unexpected status from HEAD request to https://registry.example.com/v2/myapp/manifests/1.0: "
# The placeholders of the texts in rows/exports.yaml.
WORDS = {"<older>": OLDER, "<head>": HEAD, "<image>": IMAGE, "<wanted>": WANTED, "<unknown>": UNKNOWN}
# The message of an event about a refused pull.
FAILED = f'Failed to pull image "{IMAGE}": {OLDER}{HEAD}401 Unauthorized'
# Texts that are too large or too deep, each with its refusal.
ENDLESS = [
    ("Name: a\nContainers:\n" + "  a:\n" * 99999, "a Pod has too many containers or volumes"),
    ("kind: \0", f"it is neither YAML nor JSON: {WANTED}"),
    ("kind:\n" + " [\n" * 5000, f"it has more than 100 levels: {WANTED}"),
    ('{"a":' * 50000, f"it has more than 100 levels: {WANTED}"),
    ("x" * (3 * 1024 * 1024 + 1), "it has more than 3 MiB: export one namespace, or name the objects"),
]
# Lines of events about a missing Secret and a refused pull; {0} is a number.
MISSED = (
    "2m Warning FailedToRetrieveImagePullSecret Unable to retrieve some image pull secrets (s{0}); attempting to pull"
)
DENIED = '2m Warning Failed pod/web-{0} Failed to pull image "a/b:{0}": denied'
MANY_LINES = {
    "lines that go on, without a reason": "a/b{0}: image failed x",
    "many Pods, and as many warnings that name none": f"{DENIED}\n{MISSED}",
}
# A password that no explanation may show, and where exports may have it: entries of Secrets, hosts, messages.
PASSWORD = "hunter2hunter2"
AUTH = base64.b64encode(f"me:{PASSWORD}".encode()).decode()
LEAKS = (
    {"username": "me", "password": PASSWORD},
    {"auth": AUTH},
    {"username": PASSWORD, "password": PASSWORD},
    {"auth": base64.b64encode(f"{PASSWORD}:".encode()).decode()},
    {"auth": f"me:{PASSWORD}"},
    {"username": "me", "password": PASSWORD, "email": 7},
    {"username": "me", "password": PASSWORD, "auth": "%"},
)
HOSTS = ("registry.example.com", f"https://me:{PASSWORD}@registry.example.com", "x?token=" + PASSWORD, "*.com", "")
MESSAGES = (
    f"{OLDER}{HEAD}401 Unauthorized",
    f"{OLDER}Get https://me:{PASSWORD}@registry.example.com/v2/?token={PASSWORD}: 403 Forbidden",
    f"authorization: Bearer {PASSWORD}{PASSWORD}",
    "no basic auth credentials",
    "insufficient_scope: authorization failed",
    "",
)
# Any small value.
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8) | st.just("regcred"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
# Output of kubectl that names no namespace.
NAMELESS = "NAME   READY   STATUS             RESTARTS   AGE\nweb    0/1     ImagePullBackOff   0          6m\n"


def secret(content: object, name: str = "regcred", kind: str = "kubernetes.io/dockerconfigjson", **meta: str) -> object:
    """An exported pull secret with that content, encoded."""
    key = ".dockercfg" if kind.endswith("cfg") else ".dockerconfigjson"
    blob = base64.b64encode(json.dumps(content).encode()).decode()
    return {"kind": "Secret", "metadata": {"name": name, **meta}, "type": kind, "data": {key: blob}}


def pod(message: str, reason: str = "ErrImagePull", image: str = IMAGE, **more: object) -> dict[str, object]:
    """An exported Pod whose container waits with that reason and message. `more` is added to its metadata."""
    state = {"waiting": {"reason": reason, "message": message}}
    spec = {"containers": [{"name": "app", "image": image}], "imagePullSecrets": [{"name": "regcred"}]}
    status = {"containerStatuses": [{"name": "app", "state": state}]}
    return {"kind": "Pod", "metadata": {"name": "web", **more}, "spec": spec, "status": status}


def spelled(text: str) -> str:
    """A text with the placeholders of WORDS replaced."""
    for word, meaning in WORDS.items():
        text = text.replace(word, meaning)
    return text


@pytest.mark.parametrize(("message", "step", "wrong"), ROWS["what_other_registries_and_older_runtimes_say"])
def test_what_other_registries_and_older_runtimes_say(message: str, step: str, wrong: str) -> None:
    text = explain_as_text(
        "\n---\n".join(json.dumps(item) for item in (pod(spelled(message)), secret(GOOD))), whole=True
    )
    assert step in text
    assert text.replace("\n", " ").startswith(f"What's wrong {wrong} ")
    assert "the export lacks: ServiceAccount default" in text


def test_an_event_tells_what_the_status_leaves_out() -> None:
    event = {
        "kind": "Event",
        "metadata": {"name": "web.1"},
        "involvedObject": {"name": "web", "namespace": "default"},
        "message": f'Failed to pull image "{IMAGE}": {OLDER}{HEAD}401 Unauthorized',
    }
    items = [pod(f'Back-off pulling image "{IMAGE}"', "ImagePullBackOff"), secret(GOOD), event]
    assert "The message: 401 Unauthorized." in explain_as_text(json.dumps({"kind": "List", "items": items}), whole=True)


@pytest.mark.parametrize("selector", [{}, {"disk": "ssd"}])
def test_a_pod_that_no_node_takes_is_explained_by_the_scheduler(selector: dict[str, str]) -> None:
    said = "0/3 nodes are available: 3 Insufficient cpu. preemption: 0/3 nodes are available: 3 No preemption victims."
    waiting = {
        "kind": "Pod",
        "metadata": {"name": "web"},
        "spec": {"containers": [{"name": "app", "image": IMAGE}], "nodeSelector": selector},
        "status": {"conditions": [{"reason": "Unschedulable", "message": said}]},
    }
    assert explain_as_text(json.dumps(waiting), whole=True).splitlines()[:4] == [
        "What's wrong (certain): No node takes the Pod, so no kubelet has started to pull. "
        "The scheduler says why: 0/3 nodes are available: 3 Insufficient cpu.",
        f"{IMAGE} for default/web, container app",
        "How to fix it:",
        "  # change what the Pod asks of a node, or a node, until one takes it: kubectl describe nodes",
    ]


def subjects(text: str) -> list[str]:
    """The line that names the image and the Pod, of each explanation in a text."""
    about = re.compile(r"\S+ for \S+(, (container|volume) .+)?|An image for \S+|.+, from a message alone")
    return [next(filter(about.fullmatch, part.splitlines())) for part in text.split("\n\n")]


@pytest.mark.parametrize(
    ("event", "about"),
    [
        (
            {
                "apiVersion": "events.k8s.io/v1",
                "regarding": {"name": "web", "namespace": "shop", "fieldPath": "spec.containers{app}"},
                "note": FAILED,
                "deprecatedLastTimestamp": "2026-03-01T00:00:00Z",
            },
            f"{IMAGE} for shop/web, container app",
        ),
        ({"involvedObject": {"name": "web"}, "message": FAILED}, f"{IMAGE} for default/web"),
        ({"message": FAILED}, f"{IMAGE}, from a message alone"),
    ],
    ids=["events.k8s.io", "v1", "stripped"],
)
@pytest.mark.parametrize("form", ["{}", "It says:\n{}\nWhat is it?"], ids=["an export", "within a text"])
def test_an_event_is_explained_without_its_pod(event: dict[str, object], about: str, form: str) -> None:
    told = explain_as_text(form.format(json.dumps({"kind": "Event", "reason": "Failed", **event})), whole=True)
    # An export without a namespace means "default"; a text without one leaves it open.
    assert subjects(told) == [about if form == "{}" else about.replace("default/", "")]
    assert "The message: 401 Unauthorized." in told


def test_each_pod_of_a_text_is_explained_by_its_own_lines() -> None:
    missed = "Unable to retrieve some image pull secrets ({}); attempting to pull the image may not succeed."
    table = [
        f"a  4m  Warning  Failed  pod/web  {FAILED}",
        f"a  4m  Warning  FailedToRetrieveImagePullSecret  pod/web  {missed.format('one')}",
        f"b  4m  Warning  Failed  pod/web  {FAILED}",
        f"b  4m  Warning  FailedToRetrieveImagePullSecret  pod/web  {missed.format('two')}",
        f"b  4m  Warning  Failed  pod/api  {FAILED}",
    ]
    told = explain_as_text("\n".join(table), whole=True)
    assert subjects(told) == [f"{IMAGE} for {pod}" for pod in ("a/web", "b/web", "b/api")]
    missing = [re.findall(r"couldn't get the Secret (\w+).* the (\w+) namespace", part) for part in told.split("\n\n")]
    assert missing == [[("one", "a")], [("two", "b")], []]


@pytest.mark.parametrize(("answer", "revision", "wrong"), ROWS["a_secret_written_after_the_status_has_not_been_tried"])
def test_a_secret_written_after_the_status_has_not_been_tried(answer: str, revision: str, wrong: str) -> None:
    items = (pod(f"{OLDER}{HEAD}{answer}", resourceVersion="8"), secret(GOOD, resourceVersion=revision))
    assert wrong in "\n".join(explain_as_text("\n---\n".join(map(json.dumps, items)), whole=True).split("\n")[:2])


def test_a_401_without_matching_credentials_means_that_none_were_sent() -> None:
    text = explain_as_text(json.dumps(pod(f"{OLDER}{HEAD}401 UNAUTHORIZED")) + json.dumps(secret({})), whole=True)
    assert "The message: 401 UNAUTHORIZED. It requires a user and a password, and received neither." in text


@pytest.mark.parametrize(("owner", "fix"), ROWS["what_has_the_template_is_changed"])
def test_what_has_the_template_is_changed(owner: dict[str, object], fix: str) -> None:
    labels = {"pod-template-hash": "5f7"}
    made = pod("no basic auth credentials", labels=labels, ownerReferences=[{**owner, "controller": True}])
    made["spec"] = {"containers": [{"name": "app", "image": IMAGE}]}
    assert f"\n  $ {fix}" in explain_as_text(json.dumps(made), whole=True)


def test_a_token_as_user_name_and_a_password_in_a_message_are_masked() -> None:
    auths = {
        "registry.example.com": {"username": "ghp_0123456789abcdef", "password": "x-oauth-basic"},
        "ghcr.io": {"username": "me", "password": "hunter2hunter2"},
    }
    text = explain_as_text(
        json.dumps(pod(f"{OLDER}a plugin said hunter2hunter2")) + json.dumps(secret({"auths": auths})), whole=True
    )
    assert 'as user "masked", with the entry registry.example.com' in text
    assert "The message: a plugin said ….\n" in text


def test_an_export_without_secrets_asks_for_them_once_and_calls_none_missing() -> None:
    text = explain_as_text(json.dumps(pod("no basic auth credentials")), whole=True)
    assert "There's no Secret" not in text
    assert (
        "What's wrong (one of these): Nothing was sent, so the pull secrets that the Pod lists (regcred) don't" in text
    )
    command = "kubectl get pod/web serviceaccount/default secret/regcred -n default -o yaml"
    assert text.count(f"export those, too, with their passwords: {command}\n") == 1
    refused = explain_as_text(
        json.dumps(pod("unexpected status from HEAD request to https://registry.example.com/: 401 Unauthorized")),
        whole=True,
    )
    assert "What's wrong (one of these): The pull secrets that the Pod lists (regcred) don't help" in refused


def test_pods_of_one_owner_with_the_same_cause_share_an_explanation() -> None:
    def replica(name: str) -> dict[str, object]:
        owner = {"kind": "ReplicaSet", "name": "web-5f7", "controller": True}
        labels = {"pod-template-hash": "5f7"}
        return pod("no basic auth credentials") | {
            "metadata": {"name": name, "labels": labels, "ownerReferences": [owner]}
        }

    fine = {"kind": "Pod", "metadata": {"name": "fine"}, "spec": {"containers": [{"name": "a", "image": "nginx"}]}}
    fine["status"] = {"containerStatuses": [{"name": "a", "imageID": "x", "state": {"running": {}}}]}
    names = ("web-5f7-a", "web-5f7-b", "web-5f7-c")
    text = explain_as_text(
        "\n---\n".join(json.dumps(item) for item in (*map(replica, names), secret({}), fine)), whole=True
    )
    assert text.count("What's wrong") == 1
    assert "\nSame cause on 3 Pods: web-5f7-a, web-5f7-b, web-5f7-c\nHow to fix it:\n" in text
    assert text.endswith("\n\nPods that wait for no image: default/fine\n")


def test_a_secret_with_the_content_of_the_other_type_is_recognized() -> None:
    new = explain_as_text(json.dumps(pod("no basic auth credentials")) + json.dumps(secret(GOOD["auths"])), whole=True)
    assert "found. It holds credentials for no registry: its .dockerconfigjson has no auths.\n" in new
    old = explain_as_text(
        json.dumps(pod("no basic auth credentials")) + json.dumps(secret(GOOD, kind="kubernetes.io/dockercfg")),
        whole=True,
    )
    assert "the type kubernetes.io/dockercfg has no auths: the registries are at the top.\n" in old


@pytest.mark.parametrize(("text", "words"), [*ROWS["malformed_exports"], *ENDLESS])
def test_a_malformed_export_is_refused_with_the_reason(text: str, words: str) -> None:
    with pytest.raises(ExportError) as caught:
        explain_as_text(text, whole=True)
    assert str(caught.value) == spelled(words)


@pytest.mark.parametrize(
    "text", ["a", " ", "a-", "a:", "login=a", "x-", 'image "', "fetch oauth token: ", "2m  Warning  Failed  pod/x  "]
)
def test_a_repeated_text_of_100_kb_takes_bounded_time(text: str) -> None:
    long = text * (100_000 // len(text))
    with within(2.5):
        for export in (long, f"{long} 401 Unauthorized", json.dumps(pod(f"{long} 401 Unauthorized"))):
            with suppress(ExportError):
                explain_as_text(export, whole=True)


@pytest.mark.parametrize("line", MANY_LINES.values(), ids=MANY_LINES)
def test_many_lines_take_bounded_time(line: str) -> None:
    text = "\n".join(line.format(number) for number in range(600))
    with within(2.5), suppress(ExportError):
        explain_as_text(text * 5 if "\n" not in line else text, whole=True)


def test_a_bomb_of_aliases_is_refused_at_once() -> None:
    lines = ["kind: List", "a0: &a0 [x, x]", *(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 60))]
    with within(1), pytest.raises(ExportError, match="aliases"):
        explain_as_text("\n".join(lines), whole=True)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_files_in_each_usual_encoding_are_read(encoding: str, tmp_path: Path) -> None:
    text = json.dumps([pod("no basic auth credentials"), secret({})][0]).replace("web", "wéb")
    path = tmp_path / "case.json"
    path.write_bytes(text.encode(encoding))
    ran = subprocess.run(
        [sys.executable, "-m", "kubesim", "why", "-f", str(path)],
        capture_output=True,
        encoding="utf-8",
        env={"PYTHONPATH": str(ROOT), "PYTHONUTF8": "1"},
        check=False,
    )
    assert (ran.stdout, ran.stderr, ran.returncode) == (explain_as_text(text), "", 0)


@pytest.mark.parametrize(
    ("data", "words"),
    [(b"\xc3", "it is no text"), (b"kind: [", f"line 2 of it is neither YAML nor JSON: {WANTED}"), (None, "")],
)
def test_an_unreadable_file_is_refused_in_one_line(data: bytes | None, words: str, tmp_path: Path) -> None:
    path = tmp_path / "case.yaml"
    if data is not None:
        path.write_bytes(data)
    ran = subprocess.run(
        [sys.executable, "-m", "kubesim", "why", "-f", str(path)],
        capture_output=True,
        text=True,
        env={"PYTHONPATH": str(ROOT)},
        check=False,
    )
    words = words or "No such file or directory"
    assert (ran.stdout, ran.stderr, ran.returncode) == ("", f"kubesim: {path}: {words}\n", 1)


def test_a_file_over_3_mib_is_refused_before_decoding() -> None:
    with pytest.raises(ExportError, match="more than 3 MiB"):
        decode(b"x" * (3 * 1024 * 1024 + 1))


def named(text: str, name: str, count: int) -> list[str]:
    """`count` copies of a text, in which <name> is replaced by `name` and a number."""
    return [text.replace("<name>", f"{name}-{number}") for number in range(count)]


@cache
def three_mebibytes() -> dict[str, str]:
    """Exports of almost 3 MiB, by form: Pods and Secrets as JSON and as YAML, and a table of events."""
    waiting = pod(f"{OLDER}{HEAD}401 Unauthorized") | {"metadata": {"name": "<name>"}}
    held = secret(GOOD, "<name>")
    in_json = named(json.dumps(waiting), "web", 3000) + named(json.dumps(held), "regcred", 5500)
    in_yaml = named(yaml.dump([waiting], width=9999), "web", 3000)
    in_yaml += named(yaml.dump([held], width=9999), "regcred", 5500)
    said = f'Failed to pull image "{IMAGE}": {OLDER}{HEAD}401 Unauthorized'
    return {
        "json": f'{{"kind": "List", "items": [{", ".join(in_json)}]}}',
        "yaml": f"kind: List\nitems:\n{''.join(in_yaml)}",
        "events": "".join(f"2m3s   Warning   Failed   pod/web-{n}   {said}\n" for n in range(8500)),
    }


@pytest.mark.parametrize("form", ["json", "yaml", "events"])
def test_an_export_of_three_mebibytes_takes_a_second_on_a_machine_that_is_not_busy(form: str) -> None:
    text = three_mebibytes()[form]
    assert 2.5 * 1024 * 1024 < len(text) < 3 * 1024 * 1024
    with within(3):
        said = explain_as_text(text, whole=True)
    assert re.search(r"\nSame cause on \d{4} Pods: web-0, .*, web-19 and \d{4} more\n", said)


def spoil(draw: st.DrawFn, value: Any) -> None:
    """Replace one part of `value`, in place, by anything."""
    while isinstance(value, dict | list) and value:
        keys = list(value) if isinstance(value, dict) else range(len(value))
        key = draw(st.sampled_from(keys))
        if draw(st.booleans()) or not isinstance(value[key], dict | list):
            value[key] = draw(ANYTHING)
            return
        value = value[key]


@st.composite
def exports(draw: st.DrawFn) -> str:
    """An export with the password in many places, of which one part may be replaced by anything."""
    auths = {draw(st.sampled_from(HOSTS)): draw(st.sampled_from(LEAKS))}
    content = draw(st.sampled_from([{"auths": auths}, auths, f"me:{PASSWORD}", [PASSWORD], {"auths": [PASSWORD]}]))
    reason = draw(st.sampled_from(["ErrImagePull", "ImagePullBackOff", "ContainerCreating", "ErrImageNeverPull", "x"]))
    image = draw(st.sampled_from([IMAGE, "nginx", f"me:{PASSWORD}@registry.example.com/app", "A B"]))
    annotation = {"kubectl.kubernetes.io/last-applied-configuration": f'{{"stringData":"{PASSWORD}"}}'}
    made = pod(draw(st.sampled_from(MESSAGES)), reason, image, annotations=annotation)
    kinds = ["kubernetes.io/dockerconfigjson", "kubernetes.io/dockercfg", "Opaque"]
    held = secret(content, kind=draw(st.sampled_from(kinds)))
    account = {"kind": "ServiceAccount", "metadata": {"name": "default"}, "imagePullSecrets": [{"name": "regcred"}]}
    items: list[Any] = [made, held, account]
    if draw(st.booleans()):
        spoil(draw, draw(st.sampled_from(items)))
    if draw(st.booleans()):
        items[1]["data"] = {".dockerconfigjson": f"{PASSWORD}!", "password": PASSWORD}
    return "\n---\n".join(json.dumps(item) for item in items)


@given(exports())
@settings(deadline=None, max_examples=400)
def test_no_export_raises_or_shows_a_password(text: str) -> None:
    try:
        shown = explain_as_text(text, whole=True)
    except ExportError as error:
        shown = str(error)
    assert PASSWORD not in shown
    assert AUTH not in shown
    assert base64.b64encode(PASSWORD.encode()).decode() not in shown


@given(st.text(max_size=200))
@settings(deadline=None)
def test_no_text_raises(text: str) -> None:
    with suppress(ExportError):  # Hypothesis also tries constants of the source, and some of these are explained
        assert explain_as_text(text, whole=True)


def test_commands_name_no_namespace_that_the_text_lacks() -> None:
    told = explain_as_text(NAMELESS, whole=True)
    assert subjects(told) == ["An image for web"]
    assert "default" not in told
    assert " -n " not in told.replace("the commands need -n", "")
    assert "the Pod's namespace: where it isn't your current one" in told
    known = explain_as_text(f"$ kubectl get pods -n team\n{NAMELESS}", whole=True)
    assert subjects(known) == ["An image for team/web"]
    assert "events -n team" in known
    assert "the Pod's namespace" not in known
    assert json.loads(explain_as_text(NAMELESS, form="json"))["explanations"][0]["namespace"] == ""


def in_base64(text: str) -> str:
    """The text in base64."""
    return base64.b64encode(text.encode()).decode()


# The `data` of Secrets whose credentials were removed by hand; None without data.
MASKED = {
    "data removed": None,
    "no key": {},
    "empty": {".dockerconfigjson": ""},
    "null": {".dockerconfigjson": None},
    "<redacted>": {".dockerconfigjson": "<redacted>"},
    "stars": {".dockerconfigjson": "***"},
    "a word": {".dockerconfigjson": "REDACTED"},
    "a word in base64": {".dockerconfigjson": in_base64("REDACTED")},
    "cut off": {".dockerconfigjson": "eyJhdXRocyI6..."},
    "no credentials": {".dockerconfigjson": in_base64('{"auths":{"registry.example.com":{}}}')},
    "a user alone": {".dockerconfigjson": in_base64('{"auths":{"registry.example.com":{"username":"me"}}}')},
    "auth": {".dockerconfigjson": in_base64('{"auths":{"registry.example.com":{"auth":"***"}}}')},
    "password": {
        ".dockerconfigjson": in_base64('{"auths":{"registry.example.com":{"username":"me","password":"<redacted>"}}}')
    },
}


@pytest.mark.parametrize("data", MASKED.values(), ids=MASKED)
@pytest.mark.parametrize("answer", ["401 Unauthorized", "no basic auth credentials"])
def test_nothing_is_certain_about_a_masked_secret(data: dict[str, str] | None, answer: str) -> None:
    masked = {"kind": "Secret", "metadata": {"name": "regcred"}, "type": "kubernetes.io/dockerconfigjson"}
    masked |= {} if data is None else {"data": data}
    told = explain_as_text(json.dumps(pod(f"{OLDER}{HEAD}{answer}")) + json.dumps(masked), whole=True)
    assert "What's wrong (one of these)" in told
    assert "certain" not in told
    assert "aren't in" not in told.partition("How to fix it")[0]
    assert "someone took" in told
    assert "export those, too, with their passwords" in told


def test_the_type_and_hosts_of_a_masked_secret_still_count() -> None:
    other = in_base64('{"auths":{"other.example.org":{}}}')
    masked = {"kind": "Secret", "metadata": {"name": "regcred"}, "type": "kubernetes.io/dockerconfigjson"}
    told = explain_as_text(
        json.dumps(pod("no basic auth credentials")) + json.dumps(masked | {"data": {".dockerconfigjson": other}}),
        whole=True,
    )
    assert "holds credentials for other.example.org" in told
    opaque = explain_as_text(
        json.dumps(pod("no basic auth credentials")) + json.dumps(masked | {"type": "Opaque", "data": {"a": "***"}}),
        whole=True,
    )
    assert "(certain): The Secret regcred has the type Opaque" in opaque
