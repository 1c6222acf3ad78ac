"""The page /why/: it explains a pasted text, which can't leave the tab; by keyboard, on a phone, without a network."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator

import psutil
import pytest
from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Page, expect

from tests.patience import slowness
from tools import loopback

# Seconds of a quiet machine's CPU until the first verdict, on a first visit and on a later one.
COLD, WARM = 4.0, 1.0
# The most bytes on the wire until Python is ready.
MOST_AT_FIRST = 7e6
MESSAGE = 'Failed to pull image "registry.example.com/team/shop:2.1": no basic auth credentials'
# JavaScript that tries to send a request, from worker or page and from the page alone. Returns "sent" or "blocked".
LEAKS = {
    "fetch": "() => fetch('./?pasted').then(() => 'sent', () => 'blocked')",
    "request": """() => new Promise((tell) => {
        const request = new XMLHttpRequest();
        request.onload = () => tell("sent");
        request.onerror = () => tell("blocked");
        request.open("GET", "ADDRESS?pasted");
        request.send();
    })""",
    "socket": """() => new Promise((tell) => {
        const socket = new WebSocket("ADDRESS".replace("http", "ws"));
        socket.onopen = () => tell("sent");
        socket.onerror = () => tell("blocked");
    })""",
}
PAGE_LEAKS = {
    "beacon": """() => new Promise((tell) => {
        addEventListener("securitypolicyviolation", () => tell("blocked"), {once: true});
        navigator.sendBeacon("./", "pasted");
    })""",
    "picture": """() => new Promise((tell) => {
        const picture = new Image();
        picture.onload = () => tell("sent");
        picture.onerror = () => tell("blocked");
        picture.src = "http://127.0.0.1:1/?pasted";
    })""",
    "script": """() => new Promise((tell) => {
        const script = document.createElement("script");
        script.onload = () => tell("sent");
        script.onerror = () => tell("blocked");
        script.src = "http://127.0.0.1:1/?pasted";
        document.head.append(script);
    })""",
}
# JavaScript: submit a form, and return the directive that blocks it.
FORM = """() => new Promise((tell) => {
    addEventListener("securitypolicyviolation", ({effectiveDirective}) => tell(effectiveDirective));
    const form = Object.assign(document.createElement("form"), {action: "./?pasted"});
    document.body.append(form);
    form.submit();
})"""
# JavaScript: ask for an explanation, and return the texts of the page's status, and the ticks of a timer meanwhile.
WATCH = """() => new Promise((tell) => {
    const state = document.querySelector("#state");
    const told = [];
    let ticks = 0;
    const timer = setInterval(() => { ticks += 1; }, 1);
    new MutationObserver((_, watcher) => {
        told.push(state.textContent);
        if (state.textContent !== "Explained.") return;
        watcher.disconnect();
        clearInterval(timer);
        tell([told, ticks]);
    }).observe(state, {childList: true, characterData: true, subtree: true});
    document.querySelector("#ask button").click();
})"""
# JavaScript: the violations that axe finds.
AXE = """async () => (await axe.run(document, {resultTypes: ["violations"]})).violations
    .flatMap(({id, nodes}) => nodes.map(({html}) => `${id}: ${html}`))"""


@pytest.fixture(scope="module")
def page(site: str, start: Callable[[str], Page]) -> Iterator[Page]:
    """The page, with its Python ready."""
    page = start("why")
    loopback.Handler.sent.clear()
    page.goto(f"{site}/why/")
    expect(page.locator("#state")).to_have_text("Ready.")
    yield page
    page.context.close()


def ask(page: Page, text: str) -> None:
    """Fill in a text, and wait for its explanation."""
    page.get_by_role("textbox").fill(text)
    page.get_by_role("button", name="Explain").click()
    expect(page.locator("#state")).to_have_text("Explained.")


def test_a_first_visit_loads_little(page: Page) -> None:
    assert sum(loopback.Handler.sent) < MOST_AT_FIRST


def test_the_verdict_comes_first_and_the_rest_is_folded(page: Page) -> None:
    ask(page, MESSAGE)
    answer = page.locator("#answer")
    expect(answer.locator("> :first-child")).to_contain_text("What's wrong")
    expect(answer).to_contain_text("registry.example.com/team/shop")
    expect(answer.get_by_text("kubectl create secret docker-registry").first).to_be_visible()
    assert answer.locator("details").count() > 1
    assert answer.locator("details[open]").count() == 0


def test_each_example_is_explained(page: Page) -> None:
    for example in page.locator("#examples button").all():
        example.click()
        expect(page.locator("#state")).to_have_text("Explained.")
        expect(page.locator("#answer .verdict").first).to_be_visible()


def test_a_question_is_answered_with_a_button(page: Page) -> None:
    ask(
        page, 'Failed to pull image "registry.example.com/team/shop:2.1": pull access denied, repository does not exist'
    )
    before = page.locator("#answer").inner_text()
    page.get_by_role("button", name="No", exact=True).click()
    expect(page.locator("#answer")).not_to_have_text(before)
    expect(page.get_by_role("button", name="No", exact=True)).to_have_count(0)


def test_a_text_about_no_pull_is_refused_in_a_sentence(page: Page) -> None:
    page.get_by_role("textbox").fill("hello")
    page.get_by_role("textbox").press("Control+Enter")
    expect(page.locator("#answer")).to_contain_text("kubesim: ")


def test_a_name_never_becomes_html_and_a_password_is_masked(page: Page) -> None:
    name = "<img src=x onerror=document.title=1>"
    ask(page, f'Failed to pull image "me:Pfirsich77q@r.example/{name}:1": 401 Unauthorized\nNamespace: {name}')
    assert page.locator("#answer img").count() == 0
    assert "Pfirsich77q" not in page.locator("#answer").inner_text()
    expect(page).to_have_title("Why won't my image pull? · kubesim")


def test_the_ticket_is_copied_as_markdown(page: Page) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    ask(page, MESSAGE)
    page.get_by_role("button", name="Copy as Markdown").click()
    expect(page.locator("#state")).to_have_text("Copied, for a ticket.")
    copied = page.evaluate("() => navigator.clipboard.readText()")
    assert "What's wrong" in copied
    assert "```console\nkubectl create secret" in copied.replace("$ ", "")


@pytest.mark.parametrize("way", LEAKS)
def test_nothing_can_leave_pythons_worker(page: Page, site: str, way: str) -> None:
    [worker] = page.workers
    code = LEAKS[way].replace("ADDRESS", f"{site}/why/")
    if way == "fetch":  # the worker replaces its own fetch, which only returns files that the page has loaded
        code = code.replace("fetch(", "Object.getPrototypeOf(Object.getPrototypeOf(self)).fetch.call(self, ")
    assert worker.evaluate(code) == "blocked"


@pytest.mark.parametrize("way", [*LEAKS, *PAGE_LEAKS])
def test_nothing_can_leave_the_page(page: Page, site: str, way: str) -> None:
    code = {**LEAKS, **PAGE_LEAKS}[way].replace("ADDRESS", f"{site}/why/")
    assert page.evaluate(code).startswith("blocked")


def test_no_form_is_sent(site: str, start: Callable[[str], Page]) -> None:
    page = start("why-form")
    page.goto(f"{site}/why/")
    assert page.evaluate(FORM) == "form-action"
    page.context.close()


def test_a_text_is_explained_without_any_request(page: Page) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    ask(page, MESSAGE.replace("shop", "cart"))
    assert asked == []


def test_a_text_is_explained_by_keyboard_alone(page: Page) -> None:
    page.reload()
    expect(page.get_by_role("textbox")).to_be_focused()
    page.keyboard.insert_text(MESSAGE)
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Explain")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#answer")).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.locator("#answer pre").first).to_be_focused()
    expect(page.get_by_role("status")).to_have_text("Explained.")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_the_page_is_accessible_in_each_theme_and_width(page: Page, scheme: str, width: int) -> None:
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    page.set_viewport_size({"width": width, "height": 844})
    ask(page, f"{MESSAGE}{'x' * 300}")
    page.locator("details").evaluate_all("(all) => all.forEach((one) => { one.open = true; })")
    page.evaluate(AXE_SCRIPT)
    assert page.evaluate(AXE) == []
    assert page.evaluate("() => document.documentElement.scrollWidth") <= width


def test_no_command_breaks_at_a_hyphen(page: Page) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    ask(page, MESSAGE)
    heights = page.locator("pre .word:visible").evaluate_all("all => all.map((one) => one.clientHeight)")
    assert heights
    assert max(heights) < 2 * min(heights)
    expect(page.get_by_role("link", name="a registry of your own")).to_be_visible()


def test_the_page_never_freezes(page: Page) -> None:
    """While Python reads a long text, the page announces it, and its timers go on."""
    text = "\n".join(MESSAGE.replace("shop", f"shop{number}") for number in range(150))
    page.get_by_role("textbox").fill(text)
    told, ticks = page.evaluate(WATCH)
    assert told == ["Reading what you pasted …", "Explained."]
    assert ticks > 1


def computed() -> float:
    """Seconds of CPU of all of the browser's processes."""
    total = 0.0
    for process in psutil.Process().children(recursive=True):
        with process.oneshot():
            if process.is_running() and process.status() != psutil.STATUS_ZOMBIE:
                total += sum(process.cpu_times()[:2])
    return total


def test_the_first_verdict_comes_within_its_seconds(site: str, start: Callable[[str], Page]) -> None:
    page = start("why-soon")
    for most in (COLD, WARM):
        before = computed()
        page.goto(f"{site}/why/")
        page.get_by_role("button", name="A message").click()
        expect(page.locator("#answer .verdict")).to_be_visible()
        used = computed() - before
        assert used < most * 2 or used < most * 2 * slowness(), used  # twice, because two processes compute at once
    page.context.close()


def test_the_page_works_without_a_network_after_a_visit(site: str, start: Callable[[str], Page]) -> None:
    running = loopback.server()
    threading.Thread(target=running.serve_forever, daemon=True).start()
    page = start("why-offline")
    page.goto(f"http://127.0.0.1:{running.server_port}/why/")
    expect(page.locator("#state")).to_have_text("Ready.")
    page.evaluate("() => navigator.serviceWorker.ready.then(() => null)")
    running.shutdown()
    running.server_close()
    page.reload()
    ask(page, MESSAGE)
    expect(page.locator("#answer .verdict")).to_be_visible()
    page.context.close()


def test_a_file_that_fails_to_load_is_reported(site: str, start: Callable[[str], Page]) -> None:
    page = start("why-broken")
    [rooms] = [path.name for path in (loopback.SITE / "why").glob("rooms-*.zip")]
    loopback.Handler.broken.add(rooms)
    page.goto(f"{site}/why/")
    expect(page.locator("#state")).to_contain_text("couldn't load Python")
    loopback.Handler.broken.clear()
    page.context.close()


def test_the_first_page_links_to_this_page(site: str, page: Page) -> None:
    page.goto(site)
    page.locator("nav a[href='why/']").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Why won't my image pull?")
    assert json.loads((loopback.SITE / "release.json").read_text())["files"]
