"""The harness of the browser tests: JupyterLab on loopback and Debian's chromium, one page for all tests of a process.

`open_notebook(name)` opens a fresh copy of a notebook with a kernel of its own (see Notebook). The page takes longest
to load, so a test's notebooks are closed after it and the page stays; after a failure it is loaded again. No request
leaves the machine. With KUBESIM_SCREENSHOTS=FOLDER, each test leaves a picture of its last moment there.
"""

from __future__ import annotations

import fcntl
import json
import os
import secrets
import shutil
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbformat.v4.rwbase import strip_transient
from playwright.sync_api import Browser, Locator, Page, Playwright, ViewportSize, expect, sync_playwright

from kubesim.command.lab import lab_environment
from tests.patience import SECONDS
from tests.served_lab import address
from tools import loopback, website
from tools.chromium import find as find_chromium
from tools.runtime import BUILD

NOTEBOOKS = Path(__file__).resolve().parents[2] / "notebooks"
VIEWPORT: ViewportSize = {"width": 1280, "height": 900}
NO_CHROMIUM = "no chromium on this machine: the browser tests did not run; `make fresh` needs none"
# Scripts for the page. This one opens a notebook, and returns when its kernel is ready.
OPEN = """async path => {
    const panel = await window.jupyterapp.commands.execute("docmanager:open", {path, factory: "Notebook"});
    await panel.context.ready;
    await panel.sessionContext.ready;
    await panel.sessionContext.session.kernel.info;
    window.jupyterapp.shell.collapseLeft();
}"""
# After a reload, JupyterLab brings the notebook of the page's address to the front, long after that notebook is there.
FOLLOW_START = """Object.defineProperty(window, "jupyterapp", {configurable: true, set(app) {
    Object.defineProperty(window, "jupyterapp", {value: app});
    app.commands.commandExecuted.connect((_, {id, result}) => {
        if (id === "filebrowser:open-path") result.then(() => { window.hasOpenedAddress = true; });
    });
}})"""
OPENED = """() => window.hasOpenedAddress
    || !JSON.parse(document.querySelector("#jupyter-config-data").textContent).treePath"""  # an address without one
IN_NOTEBOOK = "() => document.activeElement.closest('.jp-Notebook') !== null"
CURRENT = "[...window.jupyterapp.shell.widgets('main')].find((one) => one.sessionContext && one.isVisible)"
RESTART = f"() => {CURRENT}.sessionContext.restartKernel()"
SETTLE = f"() => {CURRENT}.sessionContext.session.kernel.requestKernelInfo()"
CLOSE_ALL = "() => [...window.jupyterapp.shell.widgets('main')].forEach(widget => widget.dispose())"
RUN_ALL = """limit => Promise.race([
    window.jupyterapp.commands.execute("notebook:run-all-cells"),
    new Promise((_, reject) => setTimeout(() => reject(new Error("the cells still run")), limit)),
])"""

STORED = f"() => JSON.stringify({CURRENT}.content.model)"
# Makes the cell with this id the active one.
SELECT = f"""name => {{
    const {{content}} = {CURRENT};
    content.activeCellIndex = content.widgets.findIndex((cell) => cell.model.id === name);
}}"""
# Clears the outputs, and puts the focus on the first cell.
SELECT_FIRST = f"""() => {{
    const {{content}} = {CURRENT};
    for (const cell of content.model.cells) if (cell.type === "code") cell.clearExecution();
    Object.assign(content, {{activeCellIndex: 0, mode: "command"}});
    content.activeCell.node.focus();
}}"""

expect.set_options(timeout=SECONDS * 1000)


def wait_until(page: Page, condition: str, arg: object = None) -> None:
    """Wait until a function of JavaScript returns a true value. Raises Playwright's TimeoutError.

    It is called ten times a second; Playwright would call it for each frame, and have sixty drawn a second.
    """
    page.wait_for_function(condition, arg=arg, polling=100)


def as_saved(page: Page) -> nbformat.NotebookNode:
    """The current notebook, as it would be saved now."""
    return strip_transient(nbformat.reads(page.evaluate(STORED), 4))


@dataclass(frozen=True)
class Lab:
    """A running JupyterLab: its address, the token that opens it, and the folder that it serves."""

    url: str
    token: str
    folder: Path

    def api(self, method: str, path: str, body: object = None) -> Any:
        """Call the server's REST API. Returns the parsed response, None for an empty one. Raises OSError."""
        data = None if body is None else json.dumps(body).encode()
        headers = {"Authorization": f"token {self.token}", "Content-Type": "application/json"}
        request = urllib.request.Request(f"{self.url}/{path}", data, headers, method=method)
        with urllib.request.urlopen(request, timeout=SECONDS) as answer:
            return json.loads(answer.read() or "null")

    def load(self, page: Page) -> None:
        """Load JupyterLab with nothing open."""
        page.goto(f"{self.url}/lab?token={self.token}&reset")
        wait_until(page, "() => window.jupyterapp")
        page.evaluate("() => window.jupyterapp.restored")

    def end_kernels(self) -> None:
        """End every kernel, so that the next page starts its own."""
        for session in self.api("GET", "api/sessions"):
            self.api("DELETE", f"api/sessions/{session['id']}")


def own_settings(home: Path) -> dict[str, str]:
    """This process's variables, with Jupyter's folders in `home`, and with what `kubesim lab` adds."""
    folders = ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR")
    lab_folders = ("JUPYTERLAB_SETTINGS_DIR", "JUPYTERLAB_WORKSPACES_DIR")
    inherited = {name: value for name, value in os.environ.items() if name != "KUBESIM_WORKSPACE"}
    own = {name: str(home / name.lower()) for name in folders + lab_folders}
    names = ("JUPYTER_CONFIG_PATH", "JUPYTER_PATH", "PYTHONSTARTUP")
    return inherited | own | {name: lab_environment()[name] for name in names}


@pytest.fixture(scope="package")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """A JupyterLab server with settings of its own, which serves an empty folder."""
    home, token = tmp_path_factory.mktemp("lab"), secrets.token_hex(16)
    folder, log = home / "served", home / "log"
    folder.mkdir()
    options = ["--ServerApp.port=0", "--ServerApp.ip=127.0.0.1", "--LabApp.extension_manager=readonly"]
    options += [f"--IdentityProvider.token={token}", f"--ServerApp.root_dir={folder}"]
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", "--expose-app-in-browser", *options]
    settings = own_settings(home)
    with log.open("wb") as output:
        server = subprocess.Popen(command, env=settings, stdout=output, stderr=subprocess.STDOUT)
    try:
        url = address(server, Path(settings["JUPYTER_RUNTIME_DIR"]))
        assert url, log.read_text()
        running = Lab(url, token, folder)
        yield running
        running.end_kernels()
    finally:
        server.terminate()
        server.wait(SECONDS)


@pytest.fixture(scope="package")
def chromium() -> str:
    """The browser's program. Without one the tests are skipped; on CI they fail."""
    program = find_chromium()
    if program is None and os.environ.get("CI") == "true":
        pytest.fail("no chromium: CI must install it (see .ci/run)")
    if program is None:
        pytest.skip(NO_CHROMIUM)
    return program


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Report a missing browser in one line for all tests: pytest sums up skips of the same place."""
    report = yield
    if report.skipped and isinstance(report.longrepr, tuple) and report.longrepr[2].endswith(NO_CHROMIUM):
        report.longrepr = (str(Path(__file__).parent), None, report.longrepr[2])  # type: ignore[assignment]
    return report


@pytest.fixture(scope="package")
def playwright() -> Iterator[Playwright]:
    """Playwright, which can be started only once in a process."""
    with sync_playwright() as running:
        yield running


def options() -> list[str]:
    """Chromium's command-line options. It resolves no host name, so no request leaves the machine."""
    as_root = ["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
    closed = "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"
    return ["--disable-background-networking", closed, *as_root]


@pytest.fixture(scope="package")
def site(testrun_uid: str) -> Iterator[str]:
    """The address of the page without a server, which the first process of a test run builds."""
    BUILD.mkdir(exist_ok=True)
    built_for = BUILD / "tests.txt"
    with (BUILD / "tests.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not built_for.exists() or built_for.read_text() != testrun_uid:
            website.build()
            built_for.write_text(testrun_uid)
    running = loopback.server()
    threading.Thread(target=running.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{running.server_port}"
    running.shutdown()
    running.server_close()


@pytest.fixture(scope="package")
def start(playwright: Playwright, chromium: str, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Page]:
    """A function that starts Chromium with the profile of a name, a new one the first time.

    It calls `prepare` with the profile's folder before the start.
    """
    profiles = tmp_path_factory.mktemp("profiles")
    settings: Any = {"executable_path": chromium, "args": options(), "viewport": VIEWPORT}

    def launch(name: str = "learner", prepare: Callable[[Path], None] = lambda profile: None) -> Page:
        prepare(profiles / name)
        context = playwright.chromium.launch_persistent_context(profiles / name, **settings)
        context.set_default_timeout(SECONDS * 1000)
        return context.pages[0]

    return launch


@pytest.fixture(scope="package")
def browser(playwright: Playwright, chromium: str) -> Iterator[Browser]:
    """Chromium without a window, for all tests of the lab."""
    browser = playwright.chromium.launch(executable_path=chromium, args=options())
    yield browser
    browser.close()


@pytest.fixture(scope="package")
def loaded_page(browser: Browser, lab: Lab) -> Iterator[Page]:
    """JupyterLab in a browser profile that may use the clipboard."""
    context = browser.new_context(viewport=VIEWPORT)
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    context.set_default_timeout(SECONDS * 1000)
    context.add_init_script(FOLLOW_START)
    page = context.new_page()
    lab.load(page)
    yield page
    context.close()


@dataclass(frozen=True)
class Notebook:
    """A notebook open in JupyterLab: its file and the Playwright page that shows it."""

    path: Path
    page: Page

    def run_all(self) -> None:
        """Run all cells, and wait for the last one. Raises Playwright's Error if that takes too long."""
        self.page.evaluate(RUN_ALL, SECONDS * 1000)

    def run(self, name: str) -> None:
        """Run the cell with that id."""
        self.page.evaluate(SELECT, name)
        self.page.evaluate("() => window.jupyterapp.commands.execute('notebook:run-cell')")

    def reload(self) -> None:
        """Save the notebook, and load the page again once the kernel is idle.

        After four seconds without a reply, ipywidgets takes it that the kernel has no widgets.
        """
        self.page.evaluate(SETTLE)
        self.page.evaluate("() => window.jupyterapp.commands.execute('docmanager:save')")
        self.page.reload()
        wait_until(self.page, OPENED)
        expect(self.page.locator(".jp-Notebook-ExecutionIndicator[data-status=idle]")).to_be_visible()

    def restart_kernel(self) -> None:
        """End the kernel, and wait for a new one."""
        self.page.evaluate(RESTART)

    @property
    def prompt(self) -> Locator:
        """The prompt of the workbench."""
        return self.page.locator(".ks-bench").get_by_label("Command", exact=True)

    def cell(self, name: str) -> Locator:
        """The cell with that id. Raises ValueError if there is none."""
        ids = [cell["id"] for cell in json.loads(self.path.read_text(encoding="utf-8"))["cells"]]
        return self.page.locator(f'.jp-Cell[data-windowed-list-index="{ids.index(name)}"]')


def copy_of_notebooks(lab: Lab, name: str) -> Path:
    """A copy of notebooks/ of that name, as the server sees it."""
    ignored = shutil.ignore_patterns("workspace", ".ipynb_checkpoints")
    return Path(shutil.copytree(NOTEBOOKS, lab.folder / name, ignore=ignored))


@contextmanager
def opening(lab: Lab, page: Page, folder: Path, request: pytest.FixtureRequest) -> Iterator[Callable[[str], Notebook]]:
    """A context with a function that opens a notebook of `folder`; at its end, the notebooks are closed."""
    failures = request.session.testsfailed

    def open_one(name: str) -> Notebook:
        page.evaluate(OPEN, f"{folder.name}/{name}")
        return Notebook(folder / name, page)

    yield open_one
    keep_picture(page, request.node.name)
    page.evaluate(CLOSE_ALL)
    page.set_viewport_size(VIEWPORT)
    lab.end_kernels()
    if request.session.testsfailed > failures:
        lab.load(page)


@pytest.fixture
def folder(lab: Lab, tmp_path: Path) -> Path:
    """The test's own copy of notebooks/."""
    return copy_of_notebooks(lab, tmp_path.name)


@pytest.fixture
def open_notebook(
    lab: Lab, loaded_page: Page, folder: Path, request: pytest.FixtureRequest
) -> Iterator[Callable[[str], Notebook]]:
    """A function that opens the notebook NAME of `folder`, and returns when its kernel is ready."""
    with opening(lab, loaded_page, folder, request) as open_one:
        yield open_one


@pytest.fixture(scope="module")
def shared_folder(lab: Lab, request: pytest.FixtureRequest) -> Path:
    """A copy of notebooks/ for all tests of a module."""
    return copy_of_notebooks(lab, request.module.__name__)


@pytest.fixture(scope="module")
def open_shared(
    lab: Lab, loaded_page: Page, shared_folder: Path, request: pytest.FixtureRequest
) -> Iterator[Callable[[str], Notebook]]:
    """The same as open_notebook, for a notebook that all tests of a module share."""
    with opening(lab, loaded_page, shared_folder, request) as open_one:
        yield open_one


def keep_picture(page: Page, name: str) -> None:
    """Save a screenshot for developers, if KUBESIM_SCREENSHOTS names a folder."""
    if pictures := os.environ.get("KUBESIM_SCREENSHOTS"):
        page.screenshot(path=Path(pictures) / f"{name}.png")
