"""`kubesim practice CAUSE`: a broken cluster at the prompt, with hints, that says when it's fixed."""

from __future__ import annotations

import io

import pytest

from kubesim.__main__ import main
from kubesim.lessons.practice import practice_cluster, practices

Capture = pytest.CaptureFixture[str]


def practiced(lines: list[str], monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> str:
    """What is printed while a learner types the lines to practice a missing Secret."""
    monkeypatch.setattr("sys.stdin", io.StringIO("".join(f"{line}\n" for line in lines)))
    main(["practice", "missing"])
    return capsys.readouterr().out


def test_a_solution_is_recognized_once(monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    cluster = practice_cluster("missing")
    out = practiced([*cluster.solution, "sleep 320", "kubectl get pods -A"], monkeypatch, capsys)
    assert out.startswith(f"{cluster.title.replace('`', '')}: about {cluster.minutes} minutes\n")
    assert out.count("\nFixed. ") == 1


def test_nothing_is_fixed_without_doing_anything(monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    cluster = practice_cluster("missing")
    out = practiced(["sleep 600", *["hint"] * 4, "solution"], monkeypatch, capsys)
    assert "Fixed" not in out
    assert all(hint.replace("`", "") in out for hint in cluster.hints)
    assert out.endswith("There are no more hints: solution shows how to fix it.\n" + "\n".join(cluster.solution) + "\n")


def test_the_causes_are_listed(capsys: Capture) -> None:
    assert main(["practice"]) == 0
    assert capsys.readouterr().out.splitlines() == practices()
    assert main(["practice", "nope"]) == 1
    assert capsys.readouterr().err == (
        "kubesim: there's no cluster for that cause; kubesim practice lists those that there are\n"
    )


def test_an_explanation_names_the_cluster(capsys: Capture) -> None:
    assert main(["why", 'Failed to pull image "r.example/web:1": x509: certificate signed by unknown authority']) == 0
    assert "Practice it: kubesim practice certificate\n" in capsys.readouterr().out
