"""Registries whose name is an IPv6 address: its colons are told apart from the one before a port."""

from __future__ import annotations

import json

import pytest

from kubesim.why.export import explain_as_text
from tests.why.test_exports import pod, secret

REFUSED = 'failed to do request: Head "https://{0}/v2/web/manifests/1": dial tcp {0}: connect: connection refused'
NO_NAME = "x509: cannot validate certificate for 2001:db8::1 because it doesn't contain any IP SANs"
OTHER_PLACE = "  $ kubectl set image pod/web app='<registry>/web:1'"


@pytest.mark.parametrize(
    ("registry", "says", "line"),
    [
        ("[2001:db8::1]", REFUSED, "  $ kubectl set image pod/web app='[2001:db8::1]:<port>/web:1'"),
        ("[2001:db8::1]:5000", REFUSED, "  $ kubectl set image pod/web app='[2001:db8::1]/web:1'"),
        ("[::1]:5000", REFUSED, OTHER_PLACE),
        (
            "[2001:db8::1]:5000",
            "dial tcp {0}: connect: no route to host",
            "To check: ip route get 2001:db8::1   # on the node",
        ),
        (
            "[2001:db8::1]:5000",
            NO_NAME,
            "  openssl req -new -newkey rsa:4096 -nodes -keyout tls.key -out tls.csr -subj /CN=2001:db8::1 "
            "-addext subjectAltName=IP:2001:db8::1",
        ),
    ],
)
def test_a_command_takes_the_address_as_its_program_wants_it(registry: str, says: str, line: str) -> None:
    told = explain_as_text(json.dumps(pod(says.format(registry), image=f"{registry}/web:1")))
    assert line in told.split("\n")


def test_the_ipv6_loopback_address_is_the_node_itself() -> None:
    told = explain_as_text(json.dumps(pod(REFUSED.format("[::1]:5000"), image="[::1]:5000/web:1")))
    problem = "Nothing listens at [::1]:5000. Is the port right? On a node, [::1] is the node itself, not your machine."
    assert told.split("\n")[0] == f"What's wrong (most likely): {problem}"


@pytest.mark.parametrize(
    ("server", "why"),
    [
        ("[2001:db8::2]:5000", "Almost the same name: check the spelling."),
        ("[2001:db8::1]:5001", "The port must be the same on both sides."),
        ("[2001:db8::1]", "The port must be the same on both sides."),
    ],
)
def test_a_secret_for_another_address_or_port_is_named(server: str, why: str) -> None:
    login = secret({"auths": {server: {"username": "me", "password": "hunter22"}}})
    told = explain_as_text(
        json.dumps(pod("no basic auth credentials", image="[2001:db8::1]:5000/web:1")) + json.dumps(login)
    )
    held = f"The Secret regcred holds credentials for {server}, but the image is at [2001:db8::1]:5000."
    assert told.replace("\n", " ").startswith(f"What's wrong (certain): {held} {why} ")
