"""The site's first page, which needs no Python: switches, links, themes, a phone's width, less motion."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Browser, Page, expect

from tools import frontpage

# A function of JavaScript that returns axe's violations, and one that stores a notebook as the visitor's last place.
VIOLATIONS = "async () => (await axe.run()).violations.map(({id, nodes}) => `${id}: ${nodes[0].html}`)"
PLACE = """name => localStorage.setItem("kubesim last place",
    JSON.stringify({path: `notebooks/${name}.ipynb`, step: 4}))"""
# Where the letters of each title begin, in CSS pixels from the top.
TOPS = """titles => titles.map((title) => {
    const range = document.createRange();
    range.selectNodeContents(title);
    return [...range.getClientRects()].find(({width}) => width).top;
})"""
# The most bytes of the page, which loads first.
MOST_BYTES = 80_000


@pytest.fixture
def address(tmp_path: Path) -> str:
    """The file: address of the page, built alone, without the rest of the site."""
    file = tmp_path / "index.html"
    file.write_text(frontpage.page([]), encoding="utf-8")
    assert file.stat().st_size < MOST_BYTES
    return file.as_uri()


@pytest.fixture
def page(browser: Browser, address: str) -> Iterator[Page]:
    """The page in a browser context of its own, 1280 by 800 pixels."""
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    page = context.new_page()
    page.goto(address)
    yield page
    context.close()


def test_each_switch_moves_the_failure_along_the_hops(page: Page) -> None:
    stations = page.locator(".ks-stations")
    exists, lists, right = (page.get_by_role("switch", name=name) for name in ("exists", "lists it", "is right"))
    expect(stations).to_contain_text("Pod spec stuck here")
    lists.press("Space")
    expect(stations).to_contain_text("Registry stuck here")
    expect(page.locator(".ks-told")).to_contain_text("Basic myuser:••• → 401 Unauthorized")
    exists.press("Space")
    expect(stations).to_contain_text("Secret stuck here")
    expect(page.locator("#screen")).to_contain_text("ErrImagePull")
    exists.press("Space")
    right.press("Space")
    expect(stations).to_contain_text("Image passed")
    expect(stations).not_to_contain_text("stuck")
    expect(page.locator("#screen")).to_contain_text("Running")
    expect(page.get_by_role("status")).to_have_text("The image is on the node and the container may start.")


def test_the_main_link_starts_the_lesson_and_later_continues_at_the_last_place(page: Page, address: str) -> None:
    main = page.locator("#main")
    expect(main).to_have_text("Fix your first Pod, 3 minutes")
    expect(page.get_by_role("link", name="Why won't my image pull?")).to_have_attribute("href", "why/")
    page.evaluate(PLACE, "03-when-the-pull-fails")
    page.goto(address)
    expect(main).to_have_text("Continue: 03, step 4")
    expect(main).to_have_attribute("href", "lab/index.html?path=notebooks/03-when-the-pull-fails.ipynb")
    page.evaluate(PLACE, '"><img src=x onerror=alert(1)>')
    page.goto(address)
    expect(main).to_have_text("Fix your first Pod, 3 minutes")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_has_no_violations_in_either_theme_and_fits_a_phone(page: Page, scheme: str) -> None:
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    page.evaluate(AXE_SCRIPT)
    assert page.evaluate(VIOLATIONS) == []
    page.set_viewport_size({"width": 390, "height": 844})
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    expect(page.locator("#switches")).to_be_in_viewport()
    titles = page.locator(".ks-stations b")
    assert len(set(titles.evaluate_all(TOPS))) == 1


def test_nothing_moves_for_a_reader_who_prefers_less_motion(page: Page) -> None:
    page.emulate_media(reduced_motion="reduce")
    page.get_by_role("switch", name="lists it").check()
    assert page.evaluate("document.getAnimations().length") == 0
    page.emulate_media(reduced_motion="no-preference")
    page.get_by_role("switch", name="lists it").uncheck()
    assert page.evaluate("document.getAnimations().length") > 0
