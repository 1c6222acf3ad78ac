"""A session: its commands take a tenth of a second, and its files stay in the workspace."""

from __future__ import annotations

from pathlib import Path

import pytest

from kubesim import Session


def test_a_command_takes_a_tenth_of_a_second() -> None:
    session = Session()
    before = session.cluster.clock.now
    session.run("kubectl get pods")
    assert session.cluster.clock.now - before == 100_000


def test_time_advances_by_the_given_seconds() -> None:
    session = Session()
    session.run("kubectl run web --image=nginx")
    session.advance(90)
    assert session.run("kubectl get pod web --no-headers").stdout == "web   1/1   Running   0     90s\n"


def test_two_sessions_answer_alike() -> None:
    lines = ("kubectl run web --image=nginx", "sleep 5", "kubectl get pod web -o yaml", "kubectl describe pod web")
    one, other = Session(), Session()
    assert [one.run(line) for line in lines] == [other.run(line) for line in lines]


def test_files_are_real_files_of_the_workspace(tmp_path: Path) -> None:
    session = Session(tmp_path)
    session.write_file("app/pod.yaml", "kind: Pod\n")
    session.run("kubectl create ns team --dry-run=client -o name > out.txt")
    assert (tmp_path / "app" / "pod.yaml").read_text() == "kind: Pod\n"
    assert (tmp_path / "out.txt").read_text() == "namespace/team\n"


@pytest.mark.parametrize("name", ["../out.txt", "/etc/out.txt", "a/../../out.txt"])
def test_no_file_is_written_outside_the_workspace(name: str, tmp_path: Path) -> None:
    session = Session(tmp_path / "workspace")
    with pytest.raises(OSError, match=r"\w"):
        session.write_file(name, "x")
    assert not (tmp_path / "out.txt").exists()


def test_k_is_short_for_kubectl() -> None:
    session = Session()
    assert session.run("k create ns blue").screen == "namespace/blue created\n"
    assert session.run("alias k").screen == "alias k='kubectl'\n"


def test_kubectl_reads_the_pipe_and_the_environment() -> None:
    session = Session()
    line = "kubectl create ns team --dry-run=client -o yaml | kubectl apply -f -"
    assert session.run(line).stdout == "namespace/team created\n"
    edited = session.run('KUBE_EDITOR="sed -i s/^metadata:/metadata:/" kubectl edit ns team')
    assert edited.stderr == "Edit cancelled, no changes made.\n"


def test_kubectl_takes_the_input_of_the_loop_around_it_where_it_reads_any() -> None:
    session = Session()
    session.run("printf 'a\\nb\\nc\\n' > names; kubectl run web --image=nginx; sleep 10")
    typed = "while read n; do kubectl exec -i web -- cat; echo [$n]; done < names"
    assert session.run(typed).screen == "b\nc\n[a]\n"
    typed = "while read n; do kubectl exec web -- cat; echo [$n]; done < names"
    assert session.run(typed).screen == "[a]\n[b]\n[c]\n"
