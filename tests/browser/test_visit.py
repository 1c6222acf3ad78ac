"""A visit to the page without a server: when something is slow, fails, is renewed or forbidden, or offline."""

from __future__ import annotations

import json
import shutil
import threading
from collections.abc import Callable, Iterator
from http.server import ThreadingHTTPServer
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import OPEN, wait_until
from tests.patience import eventually
from tools import loopback, runtime, website

READY = "() => window.jupyterapp?.shell.currentWidget?.sessionContext?.session?.kernel?.info"
# What the first frame has said so far; "Ready" it says for a second and a half.
LISTEN = """
window.said = [];
window.shares = [];
new MutationObserver(() => {
    const state = document.querySelector("#ks-start .ks-state");
    if (state) window.said.push(state.textContent);
}).observe(document, {childList: true, subtree: true, characterData: true});
setInterval(() => {
    const bar = document.querySelector("#ks-start progress");
    if (bar) window.shares.push([bar.value, window.said.includes("Ready")]);
}, 50);
"""
KERNELS = """async () => {
    const {kernels} = window.jupyterapp.serviceManager;
    await kernels.refreshRunning();
    return [...kernels.running()].length;
}"""
KEPT = "async names => (await Promise.all(names.map((name) => caches.match(name)))).every(Boolean)"
NOTEBOOK = "lab/index.html?path=notebooks/{}.ipynb"
DARK = "rgb(20, 25, 31)"
NEVER_LISTS_WORKERS = "ServiceWorkerContainer.prototype.getRegistrations = () => new Promise(() => {});"
FILE_OF_PYTHON = """async () => {
    const {serviceManager, shell} = window.jupyterapp;
    const {kernel} = shell.currentWidget.sessionContext.session;
    await kernel.requestExecute({code: "open('kept.txt', 'w').close()"}).done;
    const folder = await serviceManager.contents.get("notebooks", {content: true});
    return folder.content.map(({name}) => name);
}"""


@pytest.fixture
def visitor(site: str, start: Callable[..., Page], request: pytest.FixtureRequest) -> Iterator[Page]:
    """A Chromium that was never here."""
    page = start(request.node.name)
    yield page
    page.context.close()


@pytest.fixture
def broken() -> Iterator[set[str]]:
    """The names of files that the host answers with 503."""
    yield loopback.Handler.broken
    loopback.Handler.broken.clear()


def packages(folder: Path = loopback.SITE) -> Path:
    """The archive of packages."""
    [archive] = folder.glob("static/*/packages-*.tar")
    return archive


def serve(folder: Path) -> ThreadingHTTPServer:
    """A host of a built site."""
    host = loopback.server(folder=folder)
    threading.Thread(target=host.serve_forever, daemon=True).start()
    return host


def address(host: ThreadingHTTPServer) -> str:
    """Where a host answers."""
    return f"http://127.0.0.1:{host.server_port}/"


def close(host: ThreadingHTTPServer) -> None:
    """Take a host from the network."""
    host.shutdown()
    host.server_close()


def run_first_cells(page: Page) -> None:
    """Press Shift+Enter in the first cell, which brings the workbench, and in the next one."""
    page.locator(".jp-Notebook .jp-CodeCell .cm-content").first.click()
    for _ in range(2):
        page.keyboard.press("Shift+Enter")


def test_the_first_frame_names_what_loads_and_a_failed_file_can_be_tried_again_and_later_python_begins_with_the_page(
    site: str, visitor: Page, broken: set[str]
) -> None:
    broken.add(packages().name)
    visitor.emulate_media(color_scheme="dark")
    visitor.add_init_script(LISTEN)
    visitor.goto(f"{site}/{NOTEBOOK.format('00-start')}", wait_until="commit")
    frame = visitor.get_by_role("region", name="kubesim is loading")
    expect(frame).to_have_css("background-color", DARK)
    expect(frame.locator("header")).to_contain_text("kubesim 00-start")
    expect(frame.get_by_role("progressbar", name="Loaded")).to_be_visible()
    expect(frame.get_by_role("heading", level=1)).to_contain_text("Start")
    why = f"{packages().name} didn't load. The connection may be down, or the page is being renewed."
    expect(frame.get_by_role("alert")).to_have_text(why)
    broken.clear()
    frame.get_by_role("button", name="Try again").press("Enter")
    wait_until(visitor, "() => window.said.includes('Ready')")
    expect(frame).to_have_count(0)
    shares = visitor.evaluate("window.shares")
    early = [share for share, is_ready in shares if not is_ready]
    assert early == sorted(early)
    assert 0.6 < max(early) < 1  # it goes on while Python starts, and isn't at its end before that's there

    visitor.reload()  # from now on the service worker is there before the page
    wait_until(visitor, READY)
    [module] = loopback.SITE.glob("static/*/python-*.mjs")
    assert eventually(lambda: [worker.url.rpartition("/")[2] for worker in visitor.workers], [module.name]) == [
        module.name
    ]
    visitor.evaluate("() => window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.restart()")
    run_first_cells(visitor)
    expect(visitor.locator(".ks-bench")).to_be_visible()
    assert eventually(lambda: visitor.evaluate(KERNELS), 1) == 1


def test_where_nothing_can_be_stored_the_page_says_so_and_works(
    site: str, start: Callable[..., Page], tmp_path: Path
) -> None:
    settings = {"profile": {"default_content_setting_values": {"cookies": 2}}}
    page = start("blocked", prepare=lambda profile: write_preferences(profile, settings))
    page.goto(f"{site}/{NOTEBOOK.format('00-start')}", wait_until="commit")
    said = page.get_by_role("region", name="kubesim is loading").get_by_role("alert")
    expect(said).to_contain_text("This browser stores nothing for this page")
    expect(said.get_by_role("link", name="Open it on Binder")).to_have_attribute("href", website.binder())
    wait_until(page, READY)
    run_first_cells(page)
    expect(page.locator(".ks-bench")).to_be_visible()
    page.context.close()


def write_preferences(profile: Path, settings: object) -> None:
    """Chromium's settings, before it starts."""
    (profile / "Default").mkdir(parents=True)
    (profile / "Default" / "Preferences").write_text(json.dumps(settings))


def test_a_release_during_a_visit_changes_nothing(visitor: Page, site: str, tmp_path: Path) -> None:
    """Between two notebooks, and between the first page, which loads Python early, and the click."""
    online, coming = tmp_path / "online", tmp_path / "coming"
    shutil.copytree(loopback.SITE, online)
    host = serve(online)
    visitor.goto(address(host))
    visitor.get_by_role("link", name="Fix your first Pod").click()
    wait_until(visitor, READY)
    old = packages(online).name
    new = release(online, coming)
    website.keep_previous(address(host), coming)
    assert {path.name for path in coming.glob("static/*/packages-*.tar")} == {old, new}
    shutil.rmtree(online)
    shutil.move(coming, online)
    loopback.Handler.bodies.clear()
    visitor.evaluate(OPEN, "notebooks/01-storing-credentials.ipynb")
    wait_until(visitor, READY)
    visitor.goto(address(host))
    visitor.get_by_role("link", name="Fix your first Pod").click()
    wait_until(visitor, READY)
    close(host)


def release(before: Path, after: Path) -> str:
    """Make the next release from one: its packages have other bytes. Return their new name."""
    shutil.copytree(before, after)
    archive = packages(after)
    [lock] = archive.parent.glob("pyodide-lock-*.json")
    bytes_added = archive.rename(archive.with_name("packages.tar"))
    with bytes_added.open("ab") as file:
        file.write(bytes(512))
    new_archive = runtime.named(bytes_added, archive.parent)
    content = json.loads(lock.read_text())
    content["packages"]["packages"] |= {"file_name": new_archive.name, "sha256": runtime.sha256(new_archive)}
    lock.rename(lock.with_name("pyodide-lock.json")).write_text(json.dumps(content))
    new_lock = runtime.named(lock.with_name("pyodide-lock.json"), archive.parent)
    for name in ("lab/index.html", "index.html", "jupyter-lite.json", "release.json"):
        text = (after / name).read_text().replace(archive.name, new_archive.name).replace(lock.name, new_lock.name)
        (after / name).write_text(text)
    return new_archive.name


def test_keys_that_are_pressed_before_python_is_there_wait_and_after_a_visit_the_lesson_needs_no_network(
    visitor: Page, site: str
) -> None:
    """After the reload, Python has the files, however slow the browser is."""
    visitor.add_init_script(NEVER_LISTS_WORKERS)  # as good as what a slow machine does
    host = serve(loopback.SITE)
    visitor.goto(address(host) + NOTEBOOK.format("00-start"))
    run_first_cells(visitor)
    wait_until(visitor, READY)
    expect(visitor.locator(".ks-bench")).to_be_visible()
    expect(visitor.locator(".jp-Dialog")).to_have_count(0)
    assert eventually(lambda: visitor.evaluate(KERNELS), 1) == 1

    linked = [
        "files/notebooks/01-storing-credentials.ipynb",
        "files/docs/cheat-sheet.md",
        packages().relative_to(loopback.SITE).as_posix(),
    ]
    wait_until(visitor, KEPT, [address(host) + name for name in linked])
    close(host)
    visitor.reload()
    wait_until(visitor, READY)
    assert "kept.txt" in visitor.evaluate(FILE_OF_PYTHON)  # that are kept, and not in Python's memory
    visitor.evaluate(OPEN, "notebooks/01-storing-credentials.ipynb")
    expect(visitor.locator(".jp-Notebook").get_by_role("heading", level=1)).to_contain_text("Stor")
    assert eventually(lambda: visitor.evaluate(KERNELS), 1) == 1
