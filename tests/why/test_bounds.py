"""An explanation of any text takes at most a second of a quiet machine's CPU, in each form."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import pytest

from kubesim.why.export import explain_as_text
from kubesim.why.read.load import ExportError
from tests.patience import within

# Seconds of a quiet machine's CPU: twice the promise, because tests run beside other processes.
MOST_SECONDS = 2.0
MEGABYTE = 1_000_000
# The beginning of the message of a failed pull.
FAILED = 'Failed to pull image "r.example/web:1": '
FORMS = ("text", "json", "markdown")

# A long list of pull secrets; addresses; a message about each eighth address; the output of a describe.
LISTED = [{"name": f"pull-{number}"} for number in range(5000)]
ADDRESSES = [f"10.{number // 65536}.{number // 256 % 256}.{number % 256}:443" for number in range(90_909)]
REFUSED = "\n".join(f"{FAILED}dial tcp {address}: connect: connection refused" for address in ADDRESSES[::8])
DESCRIBED = """Name:             web-1
Namespace:        shop
Containers:
  web:
    Image:          r.example/web:1
    State:          Waiting
      Reason:       ImagePullBackOff
Events:
  Warning  Failed     66s (x2 over 80s)    kubelet            Failed to pull image "r.example/web:1": 401 Unauthorized
"""
# Parts that are repeated to a megabyte.
REPEATED = (
    "x",
    "{",
    "-",
    "--- ",
    "_",
    "=",
    "QUJDRGVm",
    "https://u:p@",
    "https://u:p@ ",
    "login ",
    "lookup a@",
    "x-",
    '"',
)


def exported(*items: Any) -> str:
    """An export of these objects."""
    return json.dumps({"apiVersion": "v1", "kind": "List", "items": items})


def pod(number: int, message: str = "401 Unauthorized", **spec: Any) -> Any:
    """A Pod whose pull fails, from a registry that no other Pod has."""
    container = {"name": "web", "image": f"r{number}.example/web:1"}
    waiting = {"waiting": {"reason": "ErrImagePull", "message": message}}
    return {
        "kind": "Pod",
        "metadata": {"name": f"web-{number}", "namespace": "shop"},
        "spec": {"containers": [container], **spec},
        "status": {"containerStatuses": [{"name": "web", "state": waiting}]},
    }


def secret(number: int, config: str = "eyJhdXRocyI6eyJyLmV4YW1wbGUiOnsiYXV0aCI6ImRUcHcifX19") -> Any:
    """A pull secret."""
    metadata = {"name": f"pull-{number}", "namespace": "shop"}
    return {
        "kind": "Secret",
        "metadata": metadata,
        "type": "kubernetes.io/dockerconfigjson",
        "data": {".dockerconfigjson": config},
    }


def event(number: int) -> Any:
    """An event about the failed pull of a Pod."""
    return {
        "kind": "Event",
        "metadata": {"name": f"e-{number}", "namespace": "shop"},
        "involvedObject": {"kind": "Pod", "name": f"web-{number}", "namespace": "shop"},
        "reason": "Failed",
        "message": f'Failed to pull image "r.example/web:{number}": 401 Unauthorized',
        "lastTimestamp": "2026-01-01T00:00:00Z",
    }


# Texts with much of one thing.
MANY = {
    "listed pull secrets": exported(pod(1, imagePullSecrets=LISTED), *map(secret, range(5000))),
    "missing pull secrets": "Warning  FailedToRetrieveImagePullSecret  3s  kubelet  Unable to retrieve some image pull "
    f"secrets ({', '.join(item['name'] for item in LISTED)})\n{FAILED}401 Unauthorized",
    "events": exported(*map(event, range(3000))),
    "addresses in a message": FAILED + " ".join(ADDRESSES),
    "messages with an address": REFUSED,
    "distinct failures": exported(*(pod(number, f"failed {number}: 401 Unauthorized") for number in range(1200))),
    "distinct failures in a text": "".join(
        f'{number}s  Warning  Failed  pod/web-{number}  Failed to pull image "r{number}.example/web:1": '
        f"{('401 Unauthorized', 'no such host', 'manifest unknown')[number % 3]}\n"
        for number in range(1200)
    ),
    "screens of describe": DESCRIBED * (MEGABYTE // len(DESCRIBED)),
    "code blocks": "```\nkind: Pod\n```\n" * (MEGABYTE // 18),
}


def assert_quick(text: str) -> None:
    """Assert that a text is explained or refused in time, in each form."""
    for form in FORMS:
        with within(MOST_SECONDS, f"as {form}"), suppress(ExportError):
            explain_as_text(text, form=form, whole=True)


@pytest.mark.parametrize("text", MANY.values(), ids=MANY)
def test_a_text_with_much_of_one_thing_is_explained_in_time(text: str) -> None:
    assert_quick(text)


@pytest.mark.parametrize("part", REPEATED)
def test_a_megabyte_in_one_or_many_lines_is_explained_in_time(part: str) -> None:
    line = part * (MEGABYTE // len(part))
    assert_quick(FAILED + line)
    assert_quick("\n".join(FAILED + line[at : at + 1000] for at in range(0, MEGABYTE, 1000)))


@pytest.mark.parametrize("part", ["- ", "{", "[", "a: {", "&a "])
def test_a_megabyte_of_yaml_is_explained_in_time(part: str) -> None:
    assert_quick("kind: Pod\nspec: " + part * (MEGABYTE // len(part)))


def test_omitted_pull_secrets_are_counted() -> None:
    told = explain_as_text(MANY["listed pull secrets"], whole=True)
    assert "and 4980 more" in told
    assert "And 4980 more pull secrets that the Pod lists." in told
    assert len(told) < 20_000
