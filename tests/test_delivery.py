"""A fresh clone: locks, Binder, CI, packages, the container, errors of make, and stored notebooks."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import tomllib
import venv
import zipfile
from pathlib import Path
from typing import Any

import nbformat
import pytest

from kubesim.api import load_yaml
from tests.patience import SECONDS
from tools import notebooks as tool

ROOT = Path(__file__).resolve().parent.parent
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
LOCKS = ("requirements.txt", "requirements-dev.txt", "requirements-site.txt")
# Packages that learners need.
LEARNER = ("anywidget", "graphviz", "ipywidgets", "jupyterlab", "lightkube-models", "nbval", "pyyaml")

# The workflows of GitHub, and the beginnings of their commands that work only there.
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
ONLY_ON_GITHUB = (
    "pipx run 'uv>=0.5,<1' publish --trusted-publishing always dist/*",
    'if gh api "repos/$GITHUB_REPOSITORY/pages" --silent',  # is Pages on?
    'test "v$(make -s version)" = "$GITHUB_REF_NAME"',  # does the tag name this version?
    "make repository name=acme/kubesim",
)
# Bodies of scripts in place of Python: an old one, one whose environments get this one's pip, one without venv.
TOO_OLD = 'case "$2" in *exit*) exit 1;; *) echo 3.10.13;; esac'
# The environment has a link to this one's pip, because installing pip takes four seconds.
BARE_VENV = f"""
case "$1 $2" in
"-m venv")
    {sys.executable} -m venv --without-pip "$3"
    ln -s {sysconfig.get_path("purelib")}/pip "$3"/lib/python*/site-packages;;
*) exec {sys.executable} "$@";;
esac"""
NO_VENV = f'case "$2" in *ensurepip*) exit 1;; *) exec {sys.executable} "$@";; esac'
# A cell that creates the workspace, and prints whether it existed.
CELL = """\
import os, pathlib
folder = pathlib.Path(os.environ["KUBESIM_WORKSPACE"])
print(folder.exists())
folder.mkdir(exist_ok=True, parents=True)"""


def pins(lock: str) -> list[str]:
    """The requirements of a lock file with their hashes, each as one line and without comments."""
    lines = re.sub(r"\n? *#.*", "", (ROOT / lock).read_text())
    return [" ".join(pin.split()) for pin in lines.replace("\\\n", " ").splitlines() if pin]


def project() -> dict[str, Any]:
    """The [project] table of pyproject.toml."""
    table: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return table


# Locks


@pytest.mark.parametrize("lock", LOCKS)
def test_every_release_is_pinned_with_its_hashes_and_no_index_is_named(lock: str) -> None:
    pin = re.compile(
        r"[a-z0-9-]+(\[[a-z0-9,-]+\])?==[0-9][0-9a-z.]*( ; [a-z_0-9.<>=!'() -]+)?( --hash=sha256:[0-9a-f]{64})+",
        re.IGNORECASE,
    )
    assert [line for line in pins(lock) if not pin.fullmatch(line)] == []


def test_the_lock_for_learners_has_the_lessons_packages_and_no_tools() -> None:
    names = {line.split("==")[0] for line in pins("requirements.txt")}
    assert names.issuperset(LEARNER)
    assert names.isdisjoint({"mypy", "ruff", "playwright", "hypothesis"})


def test_the_lock_for_developers_has_the_same_releases_and_more() -> None:
    learner, developer = (
        {re.sub(r"\[.+?\]", "", pin) for pin in pins(lock)} for lock in ("requirements.txt", "requirements-dev.txt")
    )
    assert learner < developer


def test_the_schema_is_the_one_of_the_recorded_cluster() -> None:
    assert "lightkube-models==1.36.3.8" in {line.split()[0] for line in pins("requirements.txt")}


# Binder


@pytest.fixture(scope="module")
def dockerfile(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The Dockerfile that repo2docker would build for this project."""
    copy = tmp_path_factory.mktemp("repo")
    shutil.copytree(ROOT / "binder", copy / "binder")
    for name in ("pyproject.toml", "requirements.txt"):
        shutil.copyfile(ROOT / name, copy / name)
    command = [sys.executable, "-m", "repo2docker", "--no-build", "--debug", str(copy)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False)
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


# --- what GitHub runs


def steps(workflow: Path) -> list[dict[str, Any]]:
    """The steps of all jobs of a workflow."""
    jobs = load_yaml(workflow)["jobs"].values()
    return [step for job in jobs for step in job["steps"]]


def test_make_quick_runs_some_tests_of_each_room() -> None:
    words = re.search(r"^QUICK := ((?:.*\\\n)*.*)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert words
    paths = words[1].replace("\\\n", " ").split()
    assert [path for path in paths if not (ROOT / path).exists()] == []
    rooms = {path.stem for path in (ROOT / "kubesim").iterdir() if path.stem != "__main__" and _is_code(path)}
    assert {path.split("/")[1].removeprefix("test_").removesuffix(".py") for path in paths} >= rooms


def _is_code(path: Path) -> bool:
    """True for a module or a package."""
    return (path.suffix == ".py" and path.stem != "__init__") or (path / "__init__.py").exists()


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.stem)
def test_a_workflow_runs_only_make_targets_tools_and_pinned_actions(workflow: Path) -> None:
    targets = {f"make {name}" for name in re.findall("^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)}
    scripts = {f"python tools/{path.name}" for path in (ROOT / "tools").glob("*.py")}
    commands = {step["run"] for step in steps(workflow) if "run" in step}
    assert {command for command in commands - targets - scripts if not command.startswith(ONLY_ON_GITHUB)} == set()
    actions = [step["uses"] for step in steps(workflow) if "uses" in step]
    assert [action for action in actions if not re.fullmatch(r"actions/[a-z-]+@[0-9a-f]{40}", action)] == []


def test_only_jobs_that_publish_may_write_and_they_are_never_cancelled() -> None:
    read = {"contents": "read"}
    flows = {path.stem: load_yaml(path) for path in WORKFLOWS}
    assert {name: flow["permissions"] for name, flow in flows.items()} == dict.fromkeys(flows, read)
    rights = {(name, job): one.get("permissions") for name, flow in flows.items() for job, one in flow["jobs"].items()}
    assert rights == {
        ("check", "check"): None,
        ("check", "install"): None,
        ("check", "named"): None,
        ("pages", "enabled"): {"pages": "read"},
        ("pages", "build"): read | {"pages": "read"},
        ("pages", "publish"): {"pages": "write", "id-token": "write"},
        ("release", "build"): read | {"id-token": "write", "attestations": "write"},
        ("release", "publish"): {"id-token": "write"},
    }
    assert not flows["pages"]["concurrency"]["cancel-in-progress"]
    assert not flows["release"]["concurrency"]["cancel-in-progress"]


def test_a_fork_fills_in_its_name_with_one_command(tmp_path: Path) -> None:
    for path in [*ROOT.glob("*.*"), *ROOT.glob("docs/*.md"), ROOT / "Makefile"]:
        if path.is_file():
            copy = tmp_path / path.relative_to(ROOT)
            copy.parent.mkdir(exist_ok=True)
            shutil.copyfile(path, copy)
    name = project()["urls"]["Source"].removeprefix("https://github.com/")
    if name == "OWNER/REPO":  # otherwise this is such a fork, and nothing may be left over in it
        name = "octo/cat"
        subprocess.run(["make", "-C", str(tmp_path), "repository", f"name={name}"], check=True, capture_output=True)
    owner, repository = name.split("/")
    texts = {path.name: path.read_text() for path in tmp_path.rglob("*.*") if path.is_file()}
    assert f"(https://{owner}.github.io/{repository}/)" in texts["README.md"]
    assert f"/gh/{name}/HEAD" in texts["README.md"]
    assert f"github.com%2F{owner}%2F{repository}&urlpath=lab%2Ftree%2F{repository}%2F" in texts["class.md"]
    assert f'"https://github.com/{name}"' in texts["pyproject.toml"]
    left = [line for text in texts.values() for line in text.splitlines() if re.search(r"\b(OWNER|REPO)\b", line)]
    assert left == []


# Packages, and the image of the container


@pytest.fixture(scope="module")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the wheel and the source archive."""
    copy, folder = tmp_path_factory.mktemp("source") / "kubesim", tmp_path_factory.mktemp("dist")
    skipped = shutil.ignore_patterns(".git", ".venv", "build", "*_cache", "__pycache__", "workspace", ".hypothesis")
    shutil.copytree(ROOT, copy, ignore=skipped)
    build = (
        f"import setuptools.build_meta as build; build.build_sdist({str(folder)!r}); build.build_wheel({str(folder)!r})"
    )
    subprocess.run([sys.executable, "-c", build], cwd=copy, check=True, capture_output=True)
    return folder


def test_the_wheel_has_the_notebooks_the_extension_and_all_data(dist: Path) -> None:
    [wheel] = dist.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    shared = f"{wheel.name.removesuffix('-py3-none-any.whl')}.data/data/share"
    assert {f"{shared}/kubesim/notebooks/{path.name}" for path in NOTEBOOKS} <= names
    extension = ("package.json", "static/room.js", "static/sizes.js")
    assert {f"{shared}/jupyter/labextensions/kubesim/{name}" for name in extension} <= names
    data = [path for path in (ROOT / "kubesim").rglob("*") if path.is_file() and "__pycache__" not in path.parts]
    assert {path.relative_to(ROOT).as_posix() for path in data} <= names


def test_links_and_pictures_of_the_readme_work_on_the_package_index(dist: Path) -> None:
    [wheel] = dist.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        [name] = [name for name in archive.namelist() if name.endswith(".dist-info/METADATA")]
        shown = archive.read(name).decode()
    links = re.findall(r'\]\(([^)\s]+)|(?:src|srcset)="([^"]+)"', shown)
    addresses = [link or source for link, source in links]
    assert [address for address in addresses if not address.startswith(("https://", "#"))] == []
    source = project()["urls"]["Source"]
    assert f"{source}/raw/HEAD/docs/screenshots/flow-light.png" in addresses
    files = [address.partition("/HEAD/")[2] for address in addresses if address.startswith(f"{source}/")]
    assert [name for name in files if not (ROOT / name.partition("#")[0]).exists()] == []


def test_the_readme_has_at_most_900_words() -> None:
    """Visible words: without addresses, tags, comments and the lines of tables."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    seen = re.sub(r"<!--.*?-->|<[^>]+>|\]\([^)]*\)|[|*`[]|-{3}", " ", text, flags=re.DOTALL)
    assert len(seen.split()) <= 900


@pytest.mark.parametrize("is_checkout", [False, True], ids=["wheel", "checkout"])
def test_why_leads_to_the_recipes_that_the_reader_has(dist: Path, tmp_path: Path, is_checkout: bool) -> None:
    """After an installation, it's the project's address; in a checkout of any name, a path."""
    [wheel] = dist.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path)
    [about] = tmp_path.glob("*.dist-info/METADATA")
    about.write_text(about.read_text().replace("OWNER/REPO", "octo/cat"))
    [source] = re.findall("^Project-URL: Source, (.+)$", about.read_text(), re.MULTILINE)
    if is_checkout:
        (tmp_path / "docs").mkdir()
        shutil.copyfile(ROOT / "docs/recipes.md", tmp_path / "docs/recipes.md")
    done = subprocess.run(
        [sys.executable, "-m", "kubesim", "why"],
        input='Failed to pull image "ghcr.io/acme/web:1": 403 Forbidden',
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    page = "docs/recipes.md" if is_checkout else f"{source}/blob/HEAD/docs/recipes.md"
    assert f"Read more: {page}#github-container-registry\n" in done.stdout


def test_the_source_archive_has_every_committed_file(dist: Path) -> None:
    [archive] = dist.glob("*.tar.gz")
    with tarfile.open(archive) as sources:
        names = {name.partition("/")[2] for name in sources.getnames()}
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False)
    committed = {name for name in listed.stdout.split("\n") if name and (ROOT / name).exists()}
    assert committed - names == set()


def test_the_container_installs_what_the_project_has_and_runs_as_an_ordinary_user() -> None:
    text = (ROOT / "Dockerfile").read_text()
    assert [name for name in re.findall(r"/src/(\S+)", text) if not (ROOT / name).is_file()] == []
    [packages] = re.findall(r"--no-install-recommends ([a-z -]+)", text)
    assert set(packages.split()) == set((ROOT / "binder" / "apt.txt").read_text().split())
    [user], [command] = re.findall(r"^USER (\w+)$", text, re.MULTILINE), re.findall(r"^CMD (.+)", text, re.MULTILINE)
    assert (user, json.loads(command)[:3]) == ("learner", ["kubesim", "lab", "learn"])


def test_the_installed_package_starts_as_in_the_container(dist: Path, tmp_path: Path) -> None:
    """Run the commands of the Dockerfile, without apt's, and with this environment's packages.

    They install the source archive, from which pip builds a wheel first.
    """
    text = (ROOT / "Dockerfile").read_text()
    [install] = re.findall(r"pip install (.+) /src$", text, re.MULTILINE)
    [command] = re.findall(r"^CMD (.+)", text, re.MULTILINE)
    venv.create(tmp_path / "env")
    [package], python = dist.glob("*.tar.gz"), tmp_path / "env" / "bin" / "python"
    [own] = (tmp_path / "env" / "lib").glob("python*/site-packages")
    (own / "others.pth").write_text(sysconfig.get_path("purelib"))  # the other packages come after its own
    alone = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    pip = [sys.executable, "-m", "pip", "--python", str(python), "install", *install.split()]
    subprocess.run([*pip, str(package)], check=True, capture_output=True, env=alone)
    program, *words = json.loads(command)
    done = subprocess.run(
        [python.with_name(program), *words, "--version"],
        cwd=tmp_path,
        env=alone,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert {path.name for path in NOTEBOOKS} == {path.name for path in (tmp_path / "learn" / "notebooks").iterdir()}


def test_the_tests_of_the_source_archive_run_in_it(dist: Path, tmp_path: Path) -> None:
    """Run some tests that read files around the package. A test above compares the archive with all committed files."""
    [archive] = dist.glob("*.tar.gz")
    with tarfile.open(archive) as sources:
        sources.extractall(tmp_path, filter="data")
    [folder] = tmp_path.iterdir()
    few = ("tests/test_architecture.py", "tests/test_sources.py")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:nbval", *few],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout


# Errors of make


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A copy of the files that `make lab` needs, without an environment."""
    for name in ("Makefile", "pyproject.toml", "requirements.txt", "requirements-dev.txt"):
        shutil.copyfile(ROOT / name, tmp_path / name)
    (tmp_path / "tools").mkdir()
    shutil.copyfile(ROOT / "tools" / "environment.sh", tmp_path / "tools" / "environment.sh")
    return tmp_path


def make(clone: Path, **environment: str) -> list[str]:
    """Run `make lab`, which must fail. Returns the printed lines, without make's own."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("PIP_", "MAKE", "PYTHON"))}
    done = subprocess.run(
        ["make", "-C", str(clone), "lab"],
        env=inherited | environment,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert done.returncode != 0
    assert not (clone / ".venv").exists()
    return [line for line in (done.stdout + done.stderr).splitlines() if not line.startswith("make")]


def fake_python(folder: Path, body: str) -> str:
    """A shell script in place of Python. Returns its path."""
    program = folder / "fake-python"
    program.write_text(f"#!/bin/sh\n{body}\n")
    program.chmod(0o755)
    return str(program)


@pytest.mark.parametrize(
    ("body", "line"),
    [
        (TOO_OLD, "Python 3.11 or newer is needed, and PYTHON={python} is 3.10.13"),
        ("", "PYTHON={python} does not run: is it installed?"),
        (NO_VENV, "{python} has no venv module: install it (Debian, Ubuntu: apt install python3-venv) and try again"),
    ],
)
def test_an_unsuitable_python_is_reported_in_one_line(clone: Path, body: str, line: str) -> None:
    python = fake_python(clone, body) if body else "python3.99"
    assert make(clone, PYTHON=python) == [f"kubesim: {line.format(python=python)}"]


def test_a_missing_network_is_reported_in_one_line_and_leaves_no_environment(clone: Path) -> None:
    nowhere = {"PIP_INDEX_URL": "http://127.0.0.1:9", "PIP_RETRIES": "0", "PIP_CONFIG_FILE": os.devnull}
    announcement, line = make(clone, PYTHON=fake_python(clone, BARE_VENV), **nowhere)
    assert announcement.startswith("kubesim: making .venv with Python 3.")
    assert line == "kubesim: no package index could be reached: the first run needs one, later runs do not"


# Stored notebooks


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
class TestCommittedNotebook:
    """A stored notebook. nbval skips cells without an execution count, and links and quizzes refer to cells by id."""

    def test_it_has_the_form_that_make_notebooks_writes(self, path: Path) -> None:
        assert tool.text_of(tool.normalise(nbformat.read(path, 4))) == path.read_text(encoding="utf-8")

    def test_cell_ids_are_slugs_and_unique(self, path: Path) -> None:
        ids = [cell.id for cell in nbformat.read(path, 4).cells]
        assert [name for name in ids if not re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)+|[a-z]+", name)] == []
        assert len(set(ids)) == len(ids)

    def test_no_cell_failed(self, path: Path) -> None:
        assert [output for output in tool.outputs_of(nbformat.read(path, 4)) if output.output_type == "error"] == []


# The tool that runs notebooks


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A notebook that the tool has run."""
    cells = [
        nbformat.v4.new_markdown_cell("# Title", id="title"),
        nbformat.v4.new_code_cell(CELL, id="workspace", execution_count=7),
        nbformat.v4.new_code_cell("import ipywidgets; ipywidgets.IntSlider(3)", id="widget"),
        nbformat.v4.new_code_cell("'é'", id="result"),
    ]
    path = tmp_path_factory.mktemp("notebooks") / "01-example.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=cells), path)
    path.write_text(tool.text_of(tool.execute(path)), encoding="utf-8")
    return path


def test_a_run_numbers_the_cells_and_drops_details_of_the_run(written: Path) -> None:
    notebook = nbformat.read(written, 4)
    assert [cell.execution_count for cell in notebook.cells[1:]] == [1, 2, 3]
    assert [cell.id for cell in notebook.cells] == ["title", "workspace", "widget", "result"]
    assert [list(output.get("data", output)) for output in tool.outputs_of(notebook)] == [
        ["name", "output_type", "text"],
        ["text/plain"],
        ["text/plain"],
    ]
    assert "widgets" not in notebook.metadata
    assert "version" not in notebook.metadata.get("language_info", {})


def test_each_run_starts_from_an_empty_workspace_and_gives_the_same_outputs(written: Path) -> None:
    assert next(tool.outputs_of(nbformat.read(written, 4))).text == "False\n"
    assert tool.problems(written) == []


def test_a_stale_cell_is_shown_as_a_diff(written: Path, tmp_path: Path) -> None:
    stale = tmp_path / "stale.ipynb"
    stale.write_text(written.read_text(encoding="utf-8").replace("False\\n", "True\\n"), encoding="utf-8")
    [shown] = tool.problems(stale)
    assert shown.splitlines()[:2] == ["--- cell workspace, stored", "+++ cell workspace, as it runs"]
    assert [line for line in shown.splitlines() if line.startswith(("- ", "+ "))] == [
        '-   "text": "True',
        '+   "text": "False',
    ]


def test_a_failing_cell_is_reported(written: Path, tmp_path: Path) -> None:
    failing = tmp_path / "failing.ipynb"
    failing.write_text(written.read_text(encoding="utf-8").replace("'é'", "1 / 0"), encoding="utf-8")
    [shown] = tool.problems(failing)
    assert "ZeroDivisionError" in shown


def test_a_notebook_saved_by_hand_is_not_in_the_stored_form(written: Path, tmp_path: Path) -> None:
    saved = tmp_path / "saved.ipynb"
    saved.write_text(written.read_text(encoding="utf-8") + "\n", encoding="utf-8")
    assert tool.problems(saved) == ["not in the form that `make notebooks` writes"]


def test_pictures_are_not_compared() -> None:
    def page(html: str) -> str:
        output = nbformat.v4.new_output("display_data", {"text/html": html, "text/plain": "a -> b"})
        cell = nbformat.v4.new_code_cell("flow()", id="flow", outputs=[output])
        [left] = tool.outputs_of(tool.without_pictures(nbformat.v4.new_notebook(cells=[cell])))
        assert left.data["text/plain"] == "a -> b"
        return str(left.data["text/html"])

    picture = '<img alt="a" src="data:image/svg+xml;base64,{}"><ol>a</ol>'
    assert page(picture.format("PHN2Zz4=")) == page(picture.format("a+b/"))
    assert page(picture.format("PHN2Zz4=")) != page(picture.format("PHN2Zz4=").replace(">a<", ">b<"))


def test_cells_are_protected_and_hidden_by_their_kind() -> None:
    sources = {
        "Run it.": "kept",
        "%%kubectl\nls": "open",
        "%predict a": "asks",
        "%%kubectl\nls -l": "hidden",
        "It was so.": "kept",
        "%quiz a": "asks",
        "%flow a": "both",
        "## Another idea": "kept",
        "%%kubectl\nls -a": "open",
        "**Predict:** and now?": "kept",
        "%flow b": "both",
        "## The last idea": "kept",
        "%flow c": "drawn",
        "%explore match": "asks",
        "%challenge 42": "yours",
    }
    make = {True: nbformat.v4.new_code_cell, False: nbformat.v4.new_markdown_cell}
    cells = [make[source.startswith("%")](source) for source in sources]
    cells[-1].metadata["tags"] = ["yours"]
    tool.normalise(nbformat.v4.new_notebook(cells=cells))
    answers, asks = {"outputs_hidden": True}, {"source_hidden": True}
    kept = {"deletable": False, "editable": False}
    for (source, state), cell in zip(sources.items(), cells, strict=True):
        is_open = {"deletable": False, "kubesim": {"original": source}}
        states = {
            "kept": kept,
            "open": is_open,
            "hidden": {**is_open, "jupyter": answers},
            "asks": {**kept, "jupyter": asks},
            "drawn": {**is_open, "jupyter": asks},
            "both": {**is_open, "jupyter": answers | asks},
            "yours": {"tags": ["yours"], "jupyter": asks},
        }
        assert dict(cell.metadata) == states[state]
