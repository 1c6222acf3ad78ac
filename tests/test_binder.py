"""Binder builds what `binder/` says: repo2docker, which Binder runs, reads it as meant."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="module")
def dockerfile(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The Dockerfile that repo2docker would build for this project."""
    copy = tmp_path_factory.mktemp("repo")
    shutil.copytree(ROOT / "binder", copy / "binder")
    for name in ("pyproject.toml", "requirements.txt"):
        shutil.copyfile(ROOT / name, copy / name)
    command = [sys.executable, "-m", "repo2docker", "--no-build", "--debug", str(copy)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


def test_repo2docker_takes_the_requirements_of_the_binder_folder(dockerfile: str) -> None:
    assert 'pip install --no-cache-dir -r "binder/requirements.txt"' in dockerfile


def test_repo2docker_installs_dot_and_a_font_for_its_letters(dockerfile: str) -> None:
    assert "apt-get install --yes --no-install-recommends fonts-liberation graphviz &&" in dockerfile


def test_repo2docker_takes_the_newest_python_that_the_project_is_tested_with(dockerfile: str) -> None:
    assert "Building conda environment for python=3.13\n" in dockerfile


def test_repo2docker_runs_post_build(dockerfile: str) -> None:
    assert "RUN ./binder/postBuild\n" in dockerfile
    assert (ROOT / "binder" / "postBuild").stat().st_mode & 0o111


def test_binder_installs_the_same_releases_as_everyone() -> None:
    assert (ROOT / "binder" / "requirements.txt").read_text() == (ROOT / "requirements.txt").read_text()
