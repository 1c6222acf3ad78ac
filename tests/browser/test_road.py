"""The road at the top of the workbench: what moves, what it tells, by keyboard, and with less motion."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, expect

from tests.browser.contrast import pale_texts
from tests.browser.terminal import SECRET, enter, write_notebook
from tests.patience import eventually

CELLS = {
    "load": "%load_ext kubesim.jupyter\n%workbench",
    "run": """%%kubectl
kubectl run web --image=registry.example.com/myapp:1.0 --overrides='{"spec":{"imagePullSecrets":[{"name":"regcred"}]}}'
sleep 5""",
}
HIGHEST = 170
# The letters of each state: their left and right edges, and how many lines they take.
EDGES = """states => states.map((state) => {
    const range = document.createRange();
    range.selectNodeContents(state);
    const letters = [...range.getClientRects()].filter(({width}) => width);
    const lines = new Set(letters.map(({top}) => Math.round(top))).size;
    const [left, right] = [letters.map((one) => one.left), letters.map((one) => one.right)];
    return {left: Math.min(...left), right: Math.max(...right), lines};
})"""
# How far a packet has come, station by station, whether it came back, and how often a station has pulsed.
WATCH = """() => {
    window.seen = {packets: 0, bounced: false, pulses: 0};
    const animate = Element.prototype.animate;
    Element.prototype.animate = function (frames, options) {
        if (this.matches(".ks-packet")) window.seen.packets += 1;
        if (this.matches(".ks-stop")) window.seen.pulses += 1;
        return animate.call(this, frames, options);
    };
    new MutationObserver(() => { window.seen.bounced ||= Boolean(document.querySelector(".ks-bounced")); })
        .observe(document.querySelector(".ks-packet"), {attributes: true});
}"""


@pytest.fixture
def opened(folder: Path, open_notebook: Callable[[str], Any]) -> Any:
    """The road of a Pod whose Secret is missing, and its notebook."""
    write_notebook(folder / "road.ipynb", CELLS)
    notebook = open_notebook("road.ipynb")
    notebook.run_all()
    return notebook.page.locator(".ks-road"), notebook


def stations_of(road: Locator) -> list[str]:
    """The title and the state of each station, as a screen reader finds them."""
    texts = road.get_by_role("listitem").all_inner_texts()
    return [" ".join(text.split()[1:]) for text in texts]  # behind the sign


def seen(road: Locator) -> Any:
    """What has moved since the page began to watch."""
    return road.page.evaluate("window.seen")


def test_a_packet_bounces_where_the_pull_is_stuck_and_a_pod_that_is_fixed_pulses_once(opened: Any) -> None:
    road, notebook = opened
    expect(road).to_contain_text("Secret stuck here")
    stations = [
        "kubectl passed",
        "Pod spec passed",
        "Secret stuck here",
        "kubelet not the cause",
        "Registry see Secret",
        "Image not reached",
    ]
    assert eventually(lambda: stations_of(road), stations) == stations
    expect(road.locator(".ks-told")).to_contain_text("Secret regcred: not found")
    expect(road.locator(".ks-told")).to_contain_text("→ 401 Unauthorized")
    assert road.bounding_box()["height"] <= HIGHEST
    expect(road.locator(".ks-packet")).to_be_hidden()  # of the attempt that the cell has waited for
    road.page.evaluate(WATCH)
    enter(notebook.prompt, "sleep 15")
    assert eventually(lambda: seen(road), {"packets": 1, "bounced": True, "pulses": 0})["bounced"]
    enter(notebook.prompt, SECRET)
    expect(road).to_contain_text("kubelet waiting")
    enter(notebook.prompt, "sleep 330")
    expect(road).to_contain_text("Image passed")
    assert eventually(lambda: seen(road)["pulses"], 1) == 1
    expect(road.locator(".ks-packet")).to_be_hidden()


def test_nothing_moves_for_a_reader_who_prefers_less_motion(opened: Any) -> None:
    road, notebook = opened
    road.page.emulate_media(reduced_motion="reduce")
    expect(road).to_contain_text("Secret stuck here")
    expect(road.locator(".ks-packet")).to_be_hidden()
    road.page.evaluate(WATCH)
    enter(notebook.prompt, SECRET)
    enter(notebook.prompt, "sleep 330")
    expect(road).to_contain_text("Image passed")
    assert seen(road) == {"packets": 0, "bounced": False, "pulses": 0}
    road.page.emulate_media(reduced_motion="no-preference")


def test_the_arrow_keys_go_from_station_to_station(opened: Any) -> None:
    road, _notebook = opened
    stuck = road.get_by_role("button", name="Secret stuck here")
    expect(stuck).to_have_attribute("tabindex", "0")
    stuck.focus()
    stuck.press("ArrowRight")
    expect(road.get_by_role("button", name="kubelet not the cause")).to_be_focused()
    expect(road.locator(".ks-told")).to_contain_text("kubelet asked without credentials")
    road.page.keyboard.press("ArrowRight")
    road.page.keyboard.press("ArrowRight")
    road.page.keyboard.press("ArrowRight")
    expect(road.get_by_role("button", name="kubectl passed")).to_be_focused()
    expect(road.get_by_role("button", pressed=True)).to_have_count(1)


def test_a_station_lights_its_evidence_and_a_line_of_evidence_chooses_its_station(opened: Any) -> None:
    road, notebook = opened
    screen = road.page.get_by_role("log")
    enter(notebook.prompt, "kubectl describe pod web")
    expect(screen).to_contain_text("no basic auth credentials")
    road.get_by_role("button", name="Secret stuck here").press("Enter")
    lit = screen.locator(".ks-lit")
    expect(lit).to_contain_text(["Unable to retrieve some image pull secrets (regcred)"])
    expect(road).to_contain_text("1 line about this below")
    screen.get_by_text("no basic auth credentials").last.click()
    expect(road.get_by_role("button", name="Registry see Secret")).to_have_attribute("aria-pressed", "true")
    expect(lit).to_contain_text(["failed to resolve image"])
    for station in road.get_by_role("button").all():
        station.click()
        assert road.bounding_box()["height"] <= HIGHEST
    enter(notebook.prompt, "kubectl get pod web -o yaml")
    expect(screen).to_contain_text("imagePullSecrets")
    road.get_by_role("button", name="Pod spec passed").press("Enter")
    expect(lit).to_contain_text(["imagePullSecrets"])
    assert pale_texts(road) == []


def test_no_word_of_a_station_breaks_and_no_two_touch_in_a_narrow_dock(opened: Any) -> None:
    road, _notebook = opened
    expect(road).to_contain_text("Secret stuck here")
    road.evaluate("road => { road.style.width = '364px'; }")  # as in a window of 853 pixels
    states = road.locator("small > span")
    states.nth(3).evaluate("state => state.replaceChildren('Container', document.createElement('wbr'), 'Creating')")
    for number in (2, 4):
        states.nth(number).evaluate("state => { state.textContent = 'to find out'; }")
    edges = states.evaluate_all(EDGES)
    assert edges[3]["lines"] == 2
    assert all(one["right"] < following["left"] for one, following in pairwise(edges))


def test_an_error_is_taken_apart_to_its_reason(opened: Any) -> None:
    road, _notebook = opened
    anatomy = road.page.locator(".ks-anatomy")
    anatomy.locator("summary").focus()
    road.page.keyboard.press("Enter")
    innermost = anatomy.locator(".ks-layer").last
    expect(innermost).to_have_text("the reason no basic auth credentials ← Read from here")
    expect(anatomy.locator(".ks-layer")).to_have_count(5)
    assert pale_texts(anatomy) == []


def test_an_x_ray_unrolls_the_secret_that_the_pod_lists(opened: Any) -> None:
    road, notebook = opened
    xray = road.page.locator(".ks-inside")
    expect(road).to_contain_text("Secret stuck here")
    expect(xray).to_have_count(0)
    enter(notebook.prompt, SECRET.replace("registry.example.com", "registry.example.org"))
    expect(xray).to_have_count(1)
    road.page.get_by_text("X-ray of the Secret").click()
    expect(xray.locator(".ks-unrolled")).to_contain_text('"username": "myuser"')
    expect(xray).to_contain_text("differs from letter 18 on")
    expect(xray).not_to_contain_text("mypassword")
    assert pale_texts(xray) == []
