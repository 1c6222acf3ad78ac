"""`python -m kubesim`: a session on standard input, and the served cluster."""

from __future__ import annotations

import base64
import csv
import errno
import io
import json
import os
import re
import signal
import ssl
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any, NoReturn

import psutil
import pytest

from kubesim import Session
from kubesim.__main__ import main
from kubesim.api import load_yaml
from kubesim.api.result import Result
from kubesim.lessons import documents, load_tasks, question_ids
from kubesim.lessons.grade import ROUNDS
from kubesim.why.export import explain_as_text
from tests.learner import rows
from tests.patience import SECONDS, eventually, within
from tests.served_lab import address

ROWS = rows(__file__)

# The error of an address that isn't this machine's.
NOT_MINE = errno.EADDRNOTAVAIL, os.strerror(errno.EADDRNOTAVAIL)
ROOT = Path(__file__).resolve().parents[2]

# A file of one's own registries, and lines that pull from them.
SHOP = """\
images: {cart 2.0: {log: [open for business]}}
registries:
- {hosts: [images.example.net], address: 10.96.0.30, repositories: {shop/cart: {tags: {"2.0": cart 2.0}, public: true}}}
"""
ORDER = "kubectl run cart --image=images.example.net/shop/cart:2.0\nsleep 5\nkubectl logs cart\n"
# The refusal of an empty input.
NOTHING = "kubesim: nothing was read: pipe in what kubectl printed, or name a file with -f"
ASKS_FIRST = """
import time
try:
    print("started", flush=True)
    time.sleep(60)
except KeyboardInterrupt:
    print("asks")
"""
GOOD = ROWS["good"]
# The number of quizzes in notebook 00, and of all tasks with the broken clusters.
START = len(next(found for name, found in documents("quizzes") if name == "00-start.yaml"))  # beside a task
TASKS = len(load_tasks()) + len(ROUNDS)
# A progress file of which a part can't be read.
PARTLY = {"kubesim-progress": 2, "given": {"start-no-secret": [[2]], "start-simulated-time": 5}}


@pytest.mark.parametrize(("typed", "shown", "status"), ROWS["lines_in_screens_out"])
def test_lines_in_screens_out(typed: str, shown: str, status: int, tmp_path: Path) -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "kubesim"],
        input=typed,
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT)},
        check=False,
    )
    assert (ran.stdout, ran.stderr, ran.returncode) == (shown, "", status)
    assert list(tmp_path.iterdir()) == []


def test_a_long_here_document_is_not_parsed_again_with_each_of_its_lines(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    document = "a line\n" * 15_000
    monkeypatch.setattr(sys, "stdin", io.StringIO(f"cat > f <<A; cat <<B\n{document}A\nnot A\nB\nwc -l f\n"))
    with within(3):
        assert main([]) == 0
    assert capsys.readouterr().out == "not A\n15000 f\n"


def test_a_here_document_may_have_the_line_ends_of_windows(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("cat <<E\r\nabc\r\nE\r\necho done\r\n", newline=""))
    assert main([]) == 0
    assert capsys.readouterr().out == "abc\ndone\n"


def test_an_internal_error_prints_one_line_and_writes_a_report_without_passwords(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run = Session.run

    def fail(session: Session, line: str) -> Result:
        if line == "break":
            raise RuntimeError("a bug with password=sesame")
        if line == "stop":
            raise KeyboardInterrupt
        return run(session, line)

    typed = "kubectl create ns team\nTOKEN=sesame\nbreak\nstop\nkubectl get ns team -o name\n"
    monkeypatch.setattr(Session, "run", fail)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(sys, "stdin", io.StringIO(typed))
    assert main([]) == 0
    (report,) = tmp_path.iterdir()
    where = f"what you typed, without passwords, is in {report}, so that you can report it"
    assert capsys.readouterr() == (
        f"namespace/team created\nkubesim: internal error. The cluster is kept; {where}\n\nnamespace/team\n",
        "",
    )
    kept, _, traced = report.read_text().partition("\n\n")
    assert kept == "kubectl create ns team\nTOKEN=***\nbreak"
    assert traced.endswith("RuntimeError: a bug with password=***\n")
    assert "sesame" not in traced
    assert report.stat().st_mode & 0o777 == 0o600


def test_bytes_that_are_no_text_become_question_marks(tmp_path: Path) -> None:
    words = [sys.executable, "-m", "kubesim"]
    typed = b"echo a\xff\necho \xc3\xa9\n"
    env = {"PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "ascii"}
    ran = subprocess.run(words, input=typed, capture_output=True, cwd=tmp_path, check=False, env=env)
    assert (ran.stdout, ran.stderr, ran.returncode) == (b"a?\n??\n", b"", 0)


def ask(config: Path, method: str, path: str, body: object = None) -> Any:
    """Send a request to a served cluster, with the address and credentials of its kubeconfig. Returns parsed JSON."""
    known = load_yaml(config)
    cluster, user = known["clusters"][0]["cluster"], known["users"][0]["user"]
    trust = ssl.create_default_context(cadata=base64.b64decode(cluster["certificate-authority-data"]).decode())
    headers = {"Authorization": f"Bearer {user['token']}", "Content-Type": "application/json"}
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(cluster["server"] + path, data, headers, method=method)
    with urllib.request.urlopen(request, timeout=SECONDS, context=trust) as answer:
        return json.load(answer)


@contextmanager
def serving(folder: Path, *options: str) -> Iterator[list[str]]:
    """A context with a process of `python -m kubesim serve`, which gives the first two lines that it prints."""
    words = [sys.executable, "-m", "kubesim", "serve", "--kubeconfig", str(folder / "kube config"), *options]
    served = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, cwd=ROOT)
    assert served.stdout
    try:
        yield [served.stdout.readline() for _ in range(2)]
    finally:
        served.kill()
        served.wait()
        served.stdout.close()


def test_a_cluster_is_served(tmp_path: Path) -> None:
    config, secrets = tmp_path / "kube config", "/api/v1/namespaces/default/secrets"
    with serving(tmp_path, "--realtime") as lines:
        assert re.fullmatch(r"kubesim: a simulated cluster at https://127\.0\.0\.1:\d+\n", lines[0])
        assert lines[1] == f"export KUBECONFIG='{config}'\n"
        made = ask(config, "POST", secrets, {"metadata": {"name": "kept"}})
        assert ask(config, "GET", f"{secrets}/kept") == made


def test_a_service_that_is_terminated_leaves_no_kubeconfig_behind(tmp_path: Path) -> None:
    words = [sys.executable, "-m", "kubesim", "serve"]
    environment = os.environ | {"PYTHONPATH": str(ROOT), "TMPDIR": str(tmp_path)}
    inputs: dict[str, Any] = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "text": True, "env": environment}
    with subprocess.Popen(words, **inputs) as served:
        try:
            assert served.stdout
            _url, export = [served.stdout.readline() for _ in range(2)]
            assert Path(export.strip().removeprefix("export KUBECONFIG=")).is_relative_to(tmp_path)
            served.terminate()
            assert served.wait(SECONDS) == 128 + signal.SIGTERM
        finally:
            served.kill()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("words", [[], ["serve"]], ids=["prompt", "serve"])
def test_registries_are_read_from_a_file_or_refused_with_the_reason(tmp_path: Path, words: list[str]) -> None:
    (tmp_path / "shop.yaml").write_text(SHOP)
    command = [sys.executable, "-m", "kubesim", *words, "--registries", "shop.yaml"]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}

    def run() -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command, input=ORDER, capture_output=True, text=True, cwd=tmp_path, env=environment, check=False
        )

    assert run().stdout.endswith("pod/cart created\nopen for business\n")
    (tmp_path / "shop.yaml").write_text("shops: []")
    refused = run()
    assert (refused.returncode, refused.stderr) == (1, "kubesim: shop.yaml: the file has no field shops\n")
    (tmp_path / "shop.yaml").unlink()
    assert "No such file or directory" in run().stderr


def test_serve_runs_the_lines_of_a_pipe_and_ends_with_it(tmp_path: Path) -> None:
    words = [sys.executable, "-m", "kubesim", "serve", "--kubeconfig", str(tmp_path / "config")]
    lines = "kubectl create namespace team\n"
    served = subprocess.run(words, input=lines, capture_output=True, text=True, timeout=SECONDS, check=False)
    assert (served.returncode, served.stderr) == (0, "")
    assert served.stdout.endswith(f"export KUBECONFIG={tmp_path}/config\nnamespace/team created\n")


@pytest.mark.parametrize(
    ("options", "why"),
    [
        (["--port", "65536"], "kubesim serve: error: argument --port: a port is a number from 0 to 65535\n"),
        (["--address", "192.0.2.1"], f"kubesim: cannot serve: {OSError(*NOT_MINE)}\n"),
    ],
)
def test_a_wrong_port_or_address_is_refused_in_a_line(options: list[str], why: str) -> None:
    words = [sys.executable, "-m", "kubesim", "serve", *options]
    ran = subprocess.run(words, input="", capture_output=True, text=True, cwd=ROOT, check=False)
    assert ran.stdout == ""
    assert ran.stderr.splitlines(keepends=True)[-1] == why
    assert ran.returncode != 0


@pytest.mark.parametrize("words", [["--registries", "none.yaml", "serve"], ["serve", "--registries", "none.yaml"]])
def test_the_option_registries_works_before_and_after_serve(words: list[str], tmp_path: Path) -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "kubesim", *words], input="", capture_output=True, text=True, cwd=tmp_path, check=False
    )
    said = f"kubesim: cannot serve: {FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), 'none.yaml')}\n"
    assert (ran.stdout, ran.stderr, ran.returncode) == ("", said, 1)


def test_a_message_from_the_standard_input_that_leaves_a_question_is_explained() -> None:
    said = 'Failed to pull image "ghcr.io/acme/web:1": Head "https://ghcr.io/v2/acme/web/manifests/1": unauthorized'
    words = [sys.executable, "-m", "kubesim", "why", "-f", "-"]
    ran = subprocess.run(words, input=said, capture_output=True, text=True, check=False)
    assert (ran.stderr, ran.returncode) == ("", 0)
    assert ran.stdout == explain_as_text(said)


def test_why_explains_its_stdin_without_an_option() -> None:
    said = 'Back-off pulling image "ghcr.io/acme/web:1"'
    words = [sys.executable, "-m", "kubesim", "why"]
    ran = subprocess.run(words, input=said, capture_output=True, text=True, check=False)
    assert (ran.stdout, ran.stderr, ran.returncode) == (explain_as_text(said), "", 0)


@pytest.mark.parametrize(
    ("names", "refusal"),
    [
        (["bad", "good"], "bad: a Secret has no name"),
        (["good", "-", "-", "good"], "-: a ServiceAccount has no name"),
        (["empty", "good", "wide"], "wide: it is no text"),
        (["accounts", "roles"], "accounts, roles: there is no Pod in it"),
    ],
)
def test_a_refusal_names_the_wrong_one_of_several_files(names: list[str], refusal: str, tmp_path: Path) -> None:
    texts = {"bad": b"kind: Secret", "good": b"kind: Role", "empty": b"kind: List", "wide": b"\xff"}
    texts |= {"accounts": b"kind: Role", "roles": b"kind: Role"}
    for name, text in texts.items():
        (tmp_path / name).write_bytes(text)
    words = [sys.executable, "-m", "kubesim", "why", *(f"-f{name}" for name in names)]
    ran = subprocess.run(words, input="kind: ServiceAccount", capture_output=True, text=True, cwd=tmp_path, check=False)
    assert (ran.stdout, ran.stderr, ran.returncode) == ("", f"kubesim: {refusal}\n", 1)


@pytest.mark.parametrize(
    ("words", "refusal"),
    [
        (["describe.txt"], "describe.txt is a file: put -f before its name"),
        (["web"], "a name alone is no message: kubectl why POD asks your own cluster about a Pod"),
        (["pod/web-5d8f"], "a name alone is no message: kubectl why POD asks your own cluster about a Pod"),
        (["-f", "empty"], NOTHING.removeprefix("kubesim: ")),
        ([" \n"], NOTHING.removeprefix("kubesim: ")),
    ],
)
def test_why_without_a_message_explains_its_usage(
    words: list[str],
    refusal: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "describe.txt").write_text("Name: web\n")
    (tmp_path / "empty").touch()
    assert main(["why", *words]) == 1
    assert capsys.readouterr() == ("", f"kubesim: {refusal}\n")


@pytest.mark.parametrize(
    ("words", "same"),
    [
        (["help"], ["--help"]),
        (["help", "why"], ["why", "--help"]),
        (["version"], ["--version"]),
        (["-V"], ["--version"]),
    ],
)
def test_help_and_version_are_words_too(words: list[str], same: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    printed = []
    for given in (words, same):
        with pytest.raises(SystemExit) as ended:
            main(given)
        printed.append((ended.value.code, *capsys.readouterr()))
    assert printed[0] == printed[1]
    assert printed[0][0] == 0
    assert printed[0][1]


@pytest.mark.skipif(os.name == "nt", reason="a POSIX shell closes the streams")
@pytest.mark.parametrize(
    ("words", "out", "err", "status"),
    [
        ("why 'x 401 Unauthorized' >&-", "", "", 0),
        ("<&-", "", "", 0),
        (">&-", "", "", 0),
        ("why <&-", "", f"{NOTHING}\n", 1),
        ("why nothing 2>&-", "", "", 1),
    ],
)
def test_streams_that_are_closed_are_empty(words: str, out: str, err: str, status: int, tmp_path: Path) -> None:
    line = ["sh", "-c", f"'{sys.executable}' -m kubesim {words}"]
    ran = subprocess.run(line, input="true\n", capture_output=True, text=True, cwd=tmp_path, check=False)
    assert (ran.stdout, ran.stderr, ran.returncode) == (out, err, status)


def test_a_closed_output_causes_no_error_message() -> None:
    words = [sys.executable, "-m", "kubesim", "why", 'Back-off pulling image "ghcr.io/acme/web:1"']
    reading, writing = os.pipe()
    os.close(reading)
    ran = subprocess.run(words, stdout=writing, stderr=subprocess.PIPE, text=True, check=False)
    os.close(writing)
    assert (ran.stderr, ran.returncode) == ("", 1)


@pytest.fixture
def with_ctrl_c() -> Iterator[None]:
    """A handler of Ctrl+C, which child processes inherit. A shell ignores it for the jobs in its background."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("with_ctrl_c")
@pytest.mark.skipif(sys.platform == "win32", reason="has no signals for a group of processes")
def test_ctrl_c_ends_a_command_without_a_traceback() -> None:
    terminal, stdin = os.openpty()
    words = [sys.executable, "-m", "kubesim", "why"]
    pipes: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen(words, stdin=stdin, start_new_session=True, **pipes) as why:
        assert why.stderr
        assert why.stderr.readline() == "kubesim: paste what kubectl printed, then press Ctrl+D\n"
        # Wait until the process reads: a signal just before that is handled only after the read.
        assert eventually(psutil.Process(why.pid).status, psutil.STATUS_SLEEPING) == psutil.STATUS_SLEEPING
        os.killpg(why.pid, signal.SIGINT)
        assert (*why.communicate(), why.returncode) == ("", "", 130)
    os.close(terminal)
    os.close(stdin)


@pytest.mark.usefixtures("with_ctrl_c")
@pytest.mark.skipif(sys.platform == "win32", reason="has no signals for a group of processes")
def test_ctrl_c_is_left_to_jupyterlab(tmp_path: Path) -> None:
    (tmp_path / "jupyterlab.py").write_text(ASKS_FIRST)
    words = [sys.executable, "-m", "kubesim", "lab", str(tmp_path / "learn")]
    env = os.environ | {"PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}"}
    pipes: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen(words, env=env, start_new_session=True, **pipes) as lab:
        assert lab.stdout
        assert lab.stdout.readline() == "started\n"
        os.killpg(lab.pid, signal.SIGINT)
        assert (*lab.communicate(), lab.returncode) == ("asks\n", "", 0)


def grade(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """`kubesim grade` in a folder with progress files, sound and damaged ones."""
    (folder / "ada.json").write_text(json.dumps(GOOD), encoding="utf-8")
    (folder / "=bob.json").write_text(json.dumps(PARTLY), encoding="utf-8")
    (folder / "cut.json").write_text(json.dumps(GOOD)[:50], encoding="utf-8")
    (folder / "binary.json").write_bytes(bytes(range(256)))
    words = [sys.executable, "-m", "kubesim", "grade", *options]
    env = {"PYTHONPATH": str(ROOT), "COLUMNS": "60"}
    return subprocess.run(words, capture_output=True, text=True, cwd=folder, check=False, env=env)


def test_a_class_is_graded_in_a_table(tmp_path: Path) -> None:
    graded = grade(tmp_path, "ada.json", "=bob.json")
    lines = graded.stdout.splitlines()
    assert [line.split()[:6] for line in lines[:3]] == [
        ["FILE", "QUIZZES", "FIRST", "TRY", "TASKS", "SCORE"],
        ["ada.json", f"2/{len(question_ids())}", "1", f"1/{TASKS}", "7/12", f"2/{START + 1}"],
        ["=bob.json", f"1/{len(question_ids())}", "1", f"0/{TASKS}", "-", f"1/{START + 1}"],
    ]
    assert max(map(len, lines[:3])) <= 60
    assert lines[3].startswith("Too narrow for: ")
    assert graded.stderr == "kubesim: =bob.json is damaged: 1 of its entries cannot be read\n"
    assert graded.returncode == 1


def test_a_class_is_graded_as_csv(tmp_path: Path) -> None:
    graded = grade(tmp_path, "--csv", "ada.json", "=bob.json")
    ada, bob = csv.DictReader(graded.stdout.splitlines())
    assert list(ada)[:8] == ["file", "right", "first_try", "quizzes", "tasks_done", "tasks", "points", "points_of"]
    counts = ["2", "1", str(len(question_ids())), "1", str(TASKS), "7", "12", "2", str(START + 1)]
    assert list(ada.values())[:10] == ["ada.json", *counts]
    assert ada["01-storing-credentials done"] == "1"
    assert (bob["file"], bob["right"], bob["points"], bob["00-start done"]) == ("'=bob.json", "1", "", "1")
    files = {name for folder in ("quizzes", "tasks") for name, _ in documents(folder)}
    assert len(ada) == 8 + 2 * len(files)


def test_files_that_cannot_be_graded_are_named_and_the_others_graded(tmp_path: Path) -> None:
    alone = grade(tmp_path, "ada.json")
    assert (alone.stderr, alone.returncode) == ("", 0)
    graded = grade(tmp_path, "cut.json", "binary.json", "nobody.json", "ada.json", ".")
    assert graded.stdout == alone.stdout
    assert graded.returncode == 1
    assert graded.stderr.splitlines() == [
        "kubesim: cut.json is damaged: it does not hold JSON",
        "kubesim: binary.json is damaged: it does not hold JSON",
        "kubesim: nobody.json: No such file or directory",
        "kubesim: .: Is a directory",
    ]
    assert grade(tmp_path, "cut.json").stdout == ""


def becoming(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """A list that collects the commands of os.execve, which raises SystemExit instead of replacing this process."""
    commands = []

    def execve(program: str, command: list[str], variables: dict[str, str]) -> NoReturn:
        commands.append(command)
        raise SystemExit

    monkeypatch.setattr(os, "execve", execve)
    return commands


def test_lab_opens_a_copy_of_the_notebooks_and_keeps_changed_ones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    commands = becoming(monkeypatch)
    monkeypatch.setattr(os, "geteuid", lambda: 0, raising=False)
    folder = tmp_path / "learn"
    own, saved = folder / "notebooks" / "00-start.ipynb", folder / "notebooks" / "playground.ipynb"
    own.parent.mkdir(parents=True)
    own.write_text("mine")
    lesson = json.loads((ROOT / "notebooks" / "playground.ipynb").read_text(encoding="utf-8"))
    for cell in lesson["cells"]:
        cell |= {"source": "".join(cell["source"]), "outputs": []}
    saved.write_text(json.dumps(lesson | {"metadata": {}}))
    with pytest.raises(SystemExit):
        main(["lab", str(folder), "--", "--no-browser"])
    assert own.read_text() == "mine"
    assert (folder / "docs" / "glossary.md").is_file()
    kept = "notebooks/00-start.ipynb; move one away to get the new one"
    assert capsys.readouterr().out == f"kubesim: 1 file with your changes kept ({kept})\n"
    lab = ["-m", "jupyterlab", f"--ServerApp.root_dir={folder}"]
    settings = ["--LabApp.default_url=/lab/tree/notebooks/00-start.ipynb", "--LanguageServerManager.autodetect=False"]
    assert commands == [[sys.executable, *lab, *settings, "--allow-root", "--no-browser"]]


def test_lab_takes_options_without_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    commands = becoming(monkeypatch)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit):
        main(["lab", "--", "--no-browser", "--port=8899"])
    [command] = commands
    assert command[3] == f"--ServerApp.root_dir={tmp_path / 'kubesim-lab'}"
    assert command[-2:] == ["--no-browser", "--port=8899"]
    assert [path.name for path in tmp_path.iterdir()] == ["kubesim-lab"]


def test_lab_has_kubesims_settings_and_no_announcements(tmp_path: Path) -> None:
    """The settings that a JupyterLab, started by `kubesim lab`, serves itself."""
    folders = ("JUPYTER_CONFIG_DIR", "JUPYTER_RUNTIME_DIR", "JUPYTERLAB_SETTINGS_DIR")
    home = {name: str(tmp_path / name.lower()) for name in folders}
    options = ["--no-browser", "--ServerApp.ip=127.0.0.1", "--ServerApp.port=0", "--IdentityProvider.token="]
    words = [sys.executable, "-m", "kubesim", "lab", str(tmp_path / "learn"), "--", *options]
    lab = subprocess.Popen(words, env=os.environ | home, stderr=subprocess.DEVNULL, start_new_session=True)
    try:
        url = address(lab, Path(home["JUPYTER_RUNTIME_DIR"]))
        page = page_of(f"{url}/lab")
        tracker = page_of(f"{url}/lab/api/settings/@jupyterlab/notebook-extension:tracker")
    finally:
        os.killpg(lab.pid, signal.SIGKILL)
        lab.wait()
    [config] = re.findall(r'<script id="jupyter-config-data" type="application/json">(.+?)</script>', page, re.DOTALL)
    assert "@jupyterlab/apputils-extension:announcements" in json.loads(config)["disabledExtensions"]
    assert json.loads(tracker)["schema"]["properties"]["codeCellConfig"]["default"]["lineWrap"] is True


def page_of(address: str) -> str:
    """The text of the response at an address."""
    with urllib.request.urlopen(address, timeout=SECONDS) as answer:
        return str(answer.read().decode())


def test_the_version_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--version"])
    assert capsys.readouterr().out == f"kubesim {version('kubesim')}\n"


def test_lab_reports_a_missing_jupyterlab_or_a_file_in_its_way_in_a_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("")
    assert main(["lab", str(tmp_path / "file")]) == 1
    monkeypatch.setattr("kubesim.command.lab.find_spec", lambda name: None)
    assert main(["lab", str(tmp_path)]) == 1
    assert capsys.readouterr().err == (
        f"kubesim: {tmp_path / 'file' / 'notebooks'}: {os.strerror(errno.ENOTDIR)}\n"
        "kubesim: lab needs JupyterLab: pip install 'kubesim[lab]'\n"
    )


def test_in_a_terminal_why_asks_the_question_of_its_explanation(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    said = 'Failed to pull image "ghcr.io/acme/web:1": Head "https://ghcr.io/v2/acme/web/manifests/1": unauthorized'
    terminal = io.StringIO("perhaps\nno\n")
    monkeypatch.setattr(terminal, "isatty", lambda: True)
    monkeypatch.setattr(sys, "stdin", terminal)
    assert main(["why", said]) == 0
    prompt = "\nYes or no? (Enter to leave it open) "
    assert capsys.readouterr().out == f"{explain_as_text(said)}{prompt}{prompt}{explain_as_text(said, answer='no')}"
    assert main(["why", said]) == 0
    assert capsys.readouterr().out == f"{explain_as_text(said)}{prompt}"
    assert main(["why", said, "--answer", "yes"]) == 0
    assert capsys.readouterr().out == explain_as_text(said, answer="yes")


@pytest.mark.parametrize("words", [[], ["serve"]])
def test_a_workspace_that_cannot_hold_files_is_reported(
    words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    terminal, workspace = io.StringIO("touch f\n"), tmp_path / "workspace"
    monkeypatch.setattr(terminal, "isatty", lambda: True)
    monkeypatch.setattr(sys, "stdin", terminal)
    monkeypatch.setattr(signal, "signal", lambda *_: None)  # keeps serve's handler of SIGTERM out of this process
    monkeypatch.chdir(tmp_path)
    workspace.touch()
    assert main(words) == 1
    assert capsys.readouterr() == ("", f"kubesim: can't keep files in {workspace}: {os.strerror(errno.EEXIST)}\n")
    workspace.unlink()
    monkeypatch.setattr(os, "access", lambda path, _: path != workspace)  # root may write anywhere
    assert main(words) == 1
    assert capsys.readouterr() == ("", f"kubesim: can't keep files in {workspace}: {os.strerror(errno.EACCES)}\n")
