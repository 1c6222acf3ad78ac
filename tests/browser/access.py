"""What axe-core finds, and what does not fit into a narrow page. Only what is ours is looked at: texts and outputs.

JupyterLab's own frame (toolbars, editors, the list of cells) has findings of its own, which are not ours to mend.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Locator, Page

from browser.themes import themes
from tests.patience import once_drawn

PROSE, OUTPUTS = ".jp-RenderedMarkdown", ".jp-OutputArea-output"
WIDGETS = ":is(.ks-bench, .ks-card, .ks-flow, .ks-progress)"
BENCH = ".ks-bench"

# axe leaves out what is scrolled away, and what is cut by an ancestor; JupyterLab's <body> has no height of its own.
WHOLE = "body { height: 100vh; } .jp-Cell { content-visibility: visible !important; }"
# JupyterLab's own size of text.
SMALL = ":root { --jp-content-font-size1: 14px !important; }"
UNWRAPPED = ".ks-line { display: block !important; white-space: pre !important; }"
# Colours are looked at in outputs alone (those of prose are JupyterLab's), and axe cannot tell those of a picture.
COLOURED = ".jp-MarkdownCell, .jp-Cell-inputWrapper, svg { display: none; }"
LENGTH = """() => {
    const cells = [...document.querySelectorAll(".jp-Notebook .jp-Cell")].map((cell) => cell.getBoundingClientRect());
    return cells.at(-1).bottom - cells[0].top;
}"""
HEIGHT = "() => document.querySelector('.jp-WindowedPanel-outer').scrollHeight"
LAID_OUT = """() => {
    const parts = [...document.querySelectorAll(".jp-WindowedPanel-outer, .ks-dock")];
    const boxes = parts.filter((part) => part.checkVisibility()).map((part) => part.getBoundingClientRect());
    const [right, bottom] = ["right", "bottom"].map((side) => Math.max(...boxes.map((box) => box[side])));
    return right <= innerWidth && right > innerWidth - 80 && bottom <= innerHeight && bottom > innerHeight - 80;
}"""
TO_THE_TOP = "() => { document.querySelector('.jp-WindowedPanel-outer').scrollTop = 0; }"

AXE = """async ([include, rules]) => {
    const found = await axe.run({include}, {...rules, resultTypes: ["violations"]});
    return found.violations.flatMap(({id, impact, nodes}) => nodes.map(({html}) => `${id} (${impact}): ${html}`));
}"""
COLOURS = ["color-contrast", "link-in-text-block"]
ALL_BUT_COLOURS = {"rules": {rule: {"enabled": False} for rule in COLOURS}}

# Parts that stand out of the widget, or that are cut, at its right. A picture is measured as a whole, and so is a
# screen, whose lines may end with spaces outside of it. What is only for screen readers takes no room.
CUT = """root => {
    const edge = (node) => Math.round(node.getBoundingClientRect().right);
    const cuts = (node) => getComputedStyle(node).overflowX !== "visible" && node.scrollWidth > node.clientWidth + 1;
    const around = (node) => node ? [node, ...around(node.parentElement)] : [];
    const isUnseen = (node) => getComputedStyle(node).clipPath === "inset(50%)";
    const seen = [...root.querySelectorAll("*")].filter((node) => node.checkVisibility()
        && !node.matches(".screen, svg *, .screen *, pre *, .prompt") && !around(node).some(isUnseen));
    return seen.filter((node) => edge(node) > edge(root) + 1 || (node.clientWidth && cuts(node)))
        .map((node) => node.outerHTML.slice(0, 200));
}"""


# What has the focus can be seen by its outline, or by a shadow on what is around it.
FOCUS = """root => {
    const seen = (node) => { const {outlineStyle, outlineWidth, boxShadow} = getComputedStyle(node);
        return (outlineStyle !== "none" && parseFloat(outlineWidth) >= 2) || boxShadow !== "none"; };
    const around = (node) => node && root.contains(node) ? [node, ...around(node.parentElement)] : [];
    const nodes = around(document.activeElement);
    return nodes.length ? [nodes[0].outerHTML.slice(0, 200), nodes.some(seen)] : null;
}"""
TABBABLE = "button:enabled, input, textarea, summary, a[href], [tabindex='0']"
MOST_TABS = 60


# Each time that a live region of the notebook says something: who says it.
LISTEN = """() => {
    window.heard = [];
    const live = (node) => (node.closest ? node : node.parentElement)?.closest("[role=status], [role=log]");
    new MutationObserver((records) => records.forEach(({target, addedNodes}) => {
        const said = [...addedNodes].map((node) => node.textContent).join("").trim();
        if (said && live(target)) window.heard.push(live(target).getAttribute("aria-label") ?? live(target).className);
    })).observe(document.body, {childList: true, subtree: true});
}"""


def resize(page: Page, width: int, height: int) -> None:
    """Give the page another size, and return when JupyterLab has laid itself out anew, which it does a little later."""
    page.set_viewport_size({"width": width, "height": height})
    page.wait_for_function(LAID_OUT, polling=50)


@contextmanager
def high(page: Page) -> Iterator[None]:
    """Show the whole notebook at once, as on a very high screen."""
    usual = page.viewport_size
    assert usual is not None
    tag = page.add_style_tag(content=WHOLE)
    resize(page, usual["width"], page.evaluate(HEIGHT) + 200)
    page.evaluate(TO_THE_TOP)
    yield
    page.set_viewport_size(usual)
    tag.evaluate("node => node.remove()")


def height(page: Page) -> int:
    """How long the notebook is, in CSS pixels, from its first cell to its last one, none of them left out.

    With lines as a terminal shows them, and text of 14 pixels: how much there is to read, and not how often it wraps
    beside a bench, or how large it is set.
    """
    tag = page.add_style_tag(content=WHOLE + UNWRAPPED + SMALL)
    pixels = int(page.evaluate(LENGTH))
    tag.evaluate("node => node.remove()")
    return pixels


def violations(page: Page) -> list[str]:
    """What axe-core says is wrong with our texts and outputs: in their structure, and in the colours of both themes."""
    found = misbuilt(page)
    with high(page):
        tag = page.add_style_tag(content=COLOURED)
        for theme in themes(page):
            found += [f"{theme}: {finding}" for finding in miscoloured(page)]
        tag.evaluate("node => node.remove()")
    return found


@once_drawn
def miscoloured(page: Page) -> list[str]:
    """What axe-core says is wrong with the colours of our outputs, as the page is."""
    return list(page.evaluate(AXE, [[[OUTPUTS], [BENCH]], {"runOnly": COLOURS}]))


@once_drawn
def misbuilt(page: Page) -> list[str]:
    """What axe-core says is wrong with the structure of our texts and outputs."""
    page.evaluate(AXE_SCRIPT)
    with high(page):
        return list(page.evaluate(AXE, [[[PROSE], [OUTPUTS], [BENCH]], ALL_BUT_COLOURS]))


@once_drawn
def cut(page: Page, width: int) -> list[str]:
    """What is cut or must be scrolled sideways in a widget when the page is `width` CSS pixels wide."""
    usual = page.viewport_size
    assert usual is not None
    resize(page, width, usual["height"])
    style = page.add_style_tag(content=WHOLE)
    page.locator(WIDGETS).first.wait_for(state="attached")
    found = list(page.locator(WIDGETS).evaluate_all(f"widgets => widgets.flatMap({CUT})"))
    style.evaluate("node => node.remove()")
    page.set_viewport_size(usual)
    return found


def walk_through(root: Locator) -> list[str]:
    """Go through a widget with the Tab key alone; what then has a focus that cannot be seen, or "trap"."""
    first = root.locator(f":is({TABBABLE}):visible").first
    if not first.count():
        return []  # a picture
    first.focus()
    assert root.evaluate(FOCUS)
    hidden = []
    for _ in range(MOST_TABS):
        focused = root.evaluate(FOCUS)
        if focused is None:
            return hidden
        hidden += [] if focused[1] else [focused[0]]
        root.page.keyboard.press("Tab")
    return [*hidden, "trap"]
