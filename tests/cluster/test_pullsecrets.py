"""The kubelet keeps an immutable pull secret as first read while a Pod of the node refers to its name."""

from __future__ import annotations

import pytest

from kubesim import Session

# Commands that create the Secret, run a Pod that lists it ({0} is the name), and print the phases of all Pods.
CREATE = "kubectl create secret docker-registry login --docker-server=registry.example.com --docker-username=myuser"
RUN = (
    "kubectl run {0} --image=registry.example.com/myapp:1.0 --image-pull-policy=Always "
    """--overrides='{{"spec":{{"imagePullSecrets":[{{"name":"login"}}]}}}}'"""
)
STATUS = "kubectl get pods -o jsonpath='{range .items[*]}{.metadata.name} {.status.phase}{\"\\n\"}{end}'"


def started(immutable: bool) -> Session:
    """A cluster whose Pod `a` runs with the right password, after which the Secret was recreated with a wrong one."""
    session = Session()
    session.run(f"{CREATE} --docker-password=mypassword")
    if immutable:
        session.run("""kubectl patch secret login -p '{"immutable":true}'""")
    session.run(RUN.format("a"))
    session.advance(5)
    session.run(f"kubectl delete secret login; {CREATE} --docker-password=wrong")
    return session


def statuses(session: Session) -> str:
    """The phase of each Pod, after five seconds."""
    session.advance(5)
    return session.run(STATUS).stdout


def test_a_secret_that_replaces_an_immutable_one_is_ignored() -> None:
    for immutable, status in ((False, "Pending"), (True, "Running")):
        session = started(immutable)
        session.run(RUN.format("b"))
        assert statuses(session) == f"a Running\nb {status}\n"


def test_the_new_secret_counts_once_no_pod_refers_to_the_name() -> None:
    session = started(immutable=True)
    session.run(RUN.format("b"))
    session.advance(5)
    session.run(f"kubectl delete pod a --now; {RUN.format('c')}")
    assert statuses(session) == "b Running\nc Running\n"
    copy = Session()
    copy.resume(session.cluster.copy())
    session.run(f"kubectl delete pods b c --now; {RUN.format('d')}")
    assert statuses(session) == "d Pending\n"
    copy.run(RUN.format("d"))
    assert statuses(copy) == "b Running\nc Running\nd Running\n"


def test_a_deleted_immutable_secret_is_not_missed() -> None:
    session = started(immutable=True)
    session.run(f"kubectl delete secret login; {RUN.format('b')}")
    assert statuses(session) == "a Running\nb Running\n"
    events = session.run("kubectl get events --field-selector type=Warning").screen
    assert events == "No resources found in default namespace.\n"


@pytest.mark.parametrize(
    ("server", "problem"),
    [
        (
            "registry.example.com",
            'registry.example.com refuses the user "myuser" of the Secret login: 401 Unauthorized.',
        ),
        (
            "other.example.com",
            "The Secret login holds credentials for other.example.com, but the image is at registry.example.com.",
        ),
    ],
)
def test_why_suggests_a_new_name_which_fixes_the_pull(server: str, problem: str) -> None:
    session = Session()
    session.run(f"{CREATE} --docker-password=wrong --docker-server={server}")
    session.run("""kubectl patch secret login -p '{"immutable":true}'""")
    session.run(RUN.format("a"))
    session.advance(5)
    session.run(f"kubectl delete secret login; {CREATE} --docker-password=mypassword")
    lines = session.run("why a").stdout.splitlines()
    assert lines[1:5] == [
        f"What's wrong: {problem} It's immutable: no one can change it, and the kubelet keeps it until no Pod of the "
        "node refers to it, even if a different one takes its place. Use a new name.",
        "How to fix it:",
        "  $ kubectl create secret docker-registry regcred --docker-server=registry.example.com "
        "--docker-username='<user>' --docker-password='<the right password>'",
        "  $ kubectl get pod a -o yaml | sed 's/- name: login$/- name: regcred/' | kubectl replace --force -f -",
    ]
    for command in lines[3:5]:
        line = command.removeprefix("  $ ").replace("'<user>'", "myuser")
        session.run(line.replace("'<the right password>'", "mypassword"))
    assert statuses(session) == "a Running\n"
