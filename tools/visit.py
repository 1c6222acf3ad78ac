"""Visits the built site with Chromium, and writes the measured figures into README and the first page.

`make visit` builds the site first. Of three visits, the first one has an empty cache (cold), and the last one counts as
warm. The figures depend on the machine, so its load is printed beside them.
"""

from __future__ import annotations

import os
import re
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from playwright.sync_api import BrowserContext, sync_playwright

from tools import chromium, loopback
from tools.loopback import SITE
from tools.runtime import ROOT, WEB

README = ROOT / "README.md"
FIRST_PAGE = WEB / "index.html"
# Milliseconds after which a wait fails.
PATIENCE = 60_000
# The notebook that is opened.
NOTEBOOK = "00-start"
# Functions of JavaScript: true once Python is ready, run all cells, true once all cells have run.
READY = "() => window.jupyterapp?.shell.currentWidget?.sessionContext?.session?.kernel?.info"
RUN_ALL = "() => { window.jupyterapp.commands.execute('notebook:run-all-cells'); }"
DONE = """() => {
    const {content, sessionContext} = [...window.jupyterapp.shell.widgets("main")].find((one) => one.sessionContext);
    return sessionContext.session.kernel.status === "idle"
        && content.widgets.every((cell) => !cell.promptNode?.textContent.includes("*"));
}"""


class Visit(NamedTuple):
    """The figures of a visit: seconds from the click until something is there, and the traffic.

    There are the notebook's `page`, `python`, the first `output`, and `all` outputs. `megabytes` are compressed.
    """

    page: float
    python: float
    output: float
    all: float
    requests: int
    megabytes: float


@contextmanager
def browser(folder: str) -> Iterator[BrowserContext]:
    """A context with Chromium, whose profile is in `folder`. It reaches only this machine."""
    closed = "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"
    program = chromium.find()
    with sync_playwright() as playwright:
        start = playwright.chromium.launch_persistent_context
        context = start(folder, executable_path=program, args=["--no-sandbox", closed])
        yield context
        context.close()


def visit(context: BrowserContext, address: str) -> Visit:
    """Open NOTEBOOK in a new page, run it, and close the page. `address` is the site's."""
    page, sent = context.new_page(), loopback.Handler.sent
    sent.clear()
    start = time.monotonic()

    def seconds() -> float:
        return time.monotonic() - start

    page.goto(f"{address}/lab/index.html?path=notebooks/{NOTEBOOK}.ipynb")
    page.locator(".jp-Notebook .jp-Cell").first.wait_for(timeout=PATIENCE)
    shown = seconds()
    page.wait_for_function(READY, timeout=PATIENCE)
    python = seconds()
    page.evaluate(RUN_ALL)
    page.locator(".ks-bench").wait_for(timeout=PATIENCE)
    output = seconds()
    page.wait_for_function(DONE, timeout=PATIENCE)
    found = Visit(shown, python, output, seconds(), len(sent), sum(sent) / 1e6)
    page.close()
    return found


def resident() -> float:
    """The megabytes of private memory of all of Chromium's renderer processes. Reads /proc, so it needs Linux."""
    found = 0.0
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if b"--type=renderer" in (folder / "cmdline").read_bytes():
                rollup = (folder / "smaps_rollup").read_text()
                found += sum(int(kilobytes) for kilobytes in re.findall(r"Private_\w+: +(\d+)", rollup)) / 1000
        except OSError:
            continue
    return found


def memory(context: BrowserContext, address: str) -> float:
    """The megabytes of memory that the browser uses in addition for a page in which NOTEBOOK has run."""
    before = resident()
    page = context.new_page()
    page.goto(f"{address}/lab/index.html?path=notebooks/{NOTEBOOK}.ipynb")
    page.wait_for_function(READY, timeout=PATIENCE)
    page.evaluate(RUN_ALL)
    page.locator(".ks-bench").wait_for(timeout=PATIENCE)
    page.wait_for_function(DONE, timeout=PATIENCE)
    return resident() - before


def write_figures(cold: Visit, warm: Visit) -> None:
    """Replace the figures in README and the first page. Each is recognized by the words behind it."""
    figures = {
        r"\d+(?= MB on the first visit)": cold.megabytes,
        r"\d+(?= seconds after the click)": cold.output,
        r"\d+(?= on later visits)": warm.output,
        r"\d+(?=&nbsp;MB)": cold.megabytes,
    }
    for path in (README, FIRST_PAGE):
        text = path.read_text(encoding="utf-8")
        for place, figure in figures.items():
            text = re.sub(place, f"{figure:.0f}", text)
        path.write_text(text, encoding="utf-8")


def main() -> int:
    """Visit the site, print the figures, and write them into README and the first page."""
    files = [path for path in SITE.rglob("*") if path.is_file()]
    disk = sum(path.stat().st_size for path in files) / 1e6
    for path in files:
        loopback.Handler.compressed(path)  # caches it, so that compressing takes no time of a visit
    running = loopback.server()
    threading.Thread(target=running.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{running.server_port}"
    with tempfile.TemporaryDirectory() as folder, browser(folder) as context:
        visits = [visit(context, address) for _ in range(3)]
        tab = memory(context, address)
    print(f"on disk {disk:.1f} MB; memory of the tab {tab:.0f} MB; load of the machine {os.getloadavg()[0]:.1f}")
    for name, one in zip(("cold", "again", "warm"), visits, strict=True):
        print(f"{name}: " + ", ".join(f"{field} {value:.1f}" for field, value in one._asdict().items()))
    write_figures(visits[0], visits[-1])
    return 0


if __name__ == "__main__":
    sys.exit(main())
