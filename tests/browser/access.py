"""Accessibility of a page: violations that axe-core finds, parts cut in a narrow page, and the focus of the keyboard.

Only our texts and outputs are examined. JupyterLab's own frame (toolbars, editors, the list of cells) has violations
that we can't fix.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Locator, Page

from tests.browser.themes import themes
from tests.patience import once_drawn

# Selectors of what is examined.
PROSE, OUTPUTS = ".jp-RenderedMarkdown", ".jp-OutputArea-output"
WIDGETS = ":is(.ks-bench, .ks-card, .ks-flow, .ks-progress)"
BENCH = ".ks-bench"

# Styles for a measurement. axe leaves out parts that are scrolled away or cut by an ancestor, and JupyterLab's <body>
# has no height of its own.
WHOLE = "body { height: 100vh; } .jp-Cell { content-visibility: visible !important; }"
# JupyterLab's own size of text.
SMALL = ":root { --jp-content-font-size1: 14px !important; }"
# Lines as a terminal prints them.
UNWRAPPED = ".ks-line { display: block !important; white-space: pre !important; }"
# Colours are examined in outputs alone: those of prose are JupyterLab's, and axe can't see those of a picture.
COLOURED = ".jp-MarkdownCell, .jp-Cell-inputWrapper, svg { display: none; }"
# The pixels from the top of the first cell to the bottom of the last one.
LENGTH = """() => {
    const cells = [...document.querySelectorAll(".jp-Notebook .jp-Cell")].map((cell) => cell.getBoundingClientRect());
    return cells.at(-1).bottom - cells[0].top;
}"""
# The height of all cells together, scrolled away or not.
HEIGHT = "() => document.querySelector('.jp-WindowedPanel-outer').scrollHeight"
# True once notebook and workbench fill the window.
LAID_OUT = """() => {
    const parts = [...document.querySelectorAll(".jp-WindowedPanel-outer, .ks-dock")];
    const boxes = parts.filter((part) => part.checkVisibility()).map((part) => part.getBoundingClientRect());
    const [right, bottom] = ["right", "bottom"].map((side) => Math.max(...boxes.map((box) => box[side])));
    return right <= innerWidth && right > innerWidth - 80 && bottom <= innerHeight && bottom > innerHeight - 80;
}"""
TO_THE_TOP = "() => { document.querySelector('.jp-WindowedPanel-outer').scrollTop = 0; }"

# The violations in `include`, a list of selectors as axe takes them, by `rules`, axe's options.
AXE = """async ([include, rules]) => {
    const found = await axe.run({include}, {...rules, resultTypes: ["violations"]});
    return found.violations.flatMap(({id, impact, nodes}) => nodes.map(({html}) => `${id} (${impact}): ${html}`));
}"""
COLOURS = ["color-contrast", "link-in-text-block"]
ALL_BUT_COLOURS = {"rules": {rule: {"enabled": False} for rule in COLOURS}}

# Parts that extend beyond the right edge of the widget, or are cut there. A picture is measured as a whole, and so is a
# screen, whose lines may end with spaces outside of it. Parts for screen readers alone take no room.
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

# The focused node, and whether an outline or a shadow, on it or around it, shows the focus; null outside the widget.
FOCUS = """root => {
    const seen = (node) => { const {outlineStyle, outlineWidth, boxShadow} = getComputedStyle(node);
        return (outlineStyle !== "none" && parseFloat(outlineWidth) >= 2) || boxShadow !== "none"; };
    const around = (node) => node && root.contains(node) ? [node, ...around(node.parentElement)] : [];
    const nodes = around(document.activeElement);
    return nodes.length ? [nodes[0].outerHTML.slice(0, 200), nodes.some(seen)] : null;
}"""
TABBABLE = "button:enabled, input, textarea, summary, a[href], [tabindex='0']"
MOST_TABS = 60

# Lists in window.heard the label of each live region of the notebook that says something.
LISTEN = """() => {
    window.heard = [];
    const live = (node) => (node.closest ? node : node.parentElement)?.closest("[role=status], [role=log]");
    new MutationObserver((records) => records.forEach(({target, addedNodes}) => {
        const said = [...addedNodes].map((node) => node.textContent).join("").trim();
        if (said && live(target)) window.heard.push(live(target).getAttribute("aria-label") ?? live(target).className);
    })).observe(document.body, {childList: true, subtree: true});
}"""


def resize(page: Page, width: int, height: int) -> None:
    """Give the page another size, and wait until JupyterLab has laid itself out."""
    page.set_viewport_size({"width": width, "height": height})
    page.wait_for_function(LAID_OUT, polling=50)


@contextmanager
def shown_whole(page: Page) -> Iterator[None]:
    """A context in which the page is so high that it shows the whole notebook."""
    usual = page.viewport_size
    assert usual is not None
    tag = page.add_style_tag(content=WHOLE)
    resize(page, usual["width"], page.evaluate(HEIGHT) + 200)
    page.evaluate(TO_THE_TOP)
    yield
    page.set_viewport_size(usual)
    tag.evaluate("node => node.remove()")


def length_of(page: Page) -> int:
    """The length of the notebook in CSS pixels, with all cells drawn, unwrapped lines, and text of 14 pixels.

    It measures how much there is to read, whatever the width of the page and the size of the font.
    """
    tag = page.add_style_tag(content=WHOLE + UNWRAPPED + SMALL)
    pixels = int(page.evaluate(LENGTH))
    tag.evaluate("node => node.remove()")
    return pixels


def violations(page: Page) -> list[str]:
    """The violations in our texts and outputs: of their structure, and of their colours in both themes."""
    found = structure_violations(page)
    with shown_whole(page):
        tag = page.add_style_tag(content=COLOURED)
        for theme in themes(page):
            found += [f"{theme}: {finding}" for finding in colour_violations(page)]
        tag.evaluate("node => node.remove()")
    return found


@once_drawn
def colour_violations(page: Page) -> list[str]:
    """The violations in the colours of our outputs, in the present theme."""
    return list(page.evaluate(AXE, [[[OUTPUTS], [BENCH]], {"runOnly": COLOURS}]))


@once_drawn
def structure_violations(page: Page) -> list[str]:
    """The violations in the structure of our texts and outputs."""
    page.evaluate(AXE_SCRIPT)
    with shown_whole(page):
        return list(page.evaluate(AXE, [[[PROSE], [OUTPUTS], [BENCH]], ALL_BUT_COLOURS]))


@once_drawn
def cut_parts(page: Page, width: int) -> list[str]:
    """The parts of widgets that are cut or scroll sideways in a page of `width` CSS pixels, as HTML."""
    usual = page.viewport_size
    assert usual is not None
    resize(page, width, usual["height"])
    style = page.add_style_tag(content=WHOLE)
    page.locator(WIDGETS).first.wait_for(state="attached")
    found = list(page.locator(WIDGETS).evaluate_all(f"widgets => widgets.flatMap({CUT})"))
    style.evaluate("node => node.remove()")
    page.set_viewport_size(usual)
    return found


def tab_through(root: Locator) -> list[str]:
    """Go through a widget with the Tab key. Returns the nodes whose focus is invisible, and "trap" if it has no end."""
    first = root.locator(f":is({TABBABLE}):visible").first
    if not first.count():
        return []  # a picture
    first.focus()
    assert root.evaluate(FOCUS)
    hidden: list[str] = []
    for _ in range(MOST_TABS):
        focused = root.evaluate(FOCUS)
        if focused is None:
            return hidden
        hidden += [] if focused[1] else [focused[0]]
        root.page.keyboard.press("Tab")
    return [*hidden, "trap"]
