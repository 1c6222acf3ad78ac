"""Accessibility of a page: violations that axe-core finds, parts cut in a narrow page, and the focus of the keyboard.

Only kubesim's texts and outputs are examined. JupyterLab's own frame (toolbars, editors, the list of cells) has
violations that kubesim can't fix.

Constants that begin with `(`, with `async` or with a parameter's name are functions of JavaScript, for `evaluate`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Locator, Page

from tests.browser.themes import themes
from tests.patience import once_drawn

# Selectors of the examined parts: rendered Markdown, outputs of cells, kubesim's widgets, and the workbench.
PROSE, OUTPUTS = ".jp-RenderedMarkdown", ".jp-OutputArea-output"
WIDGETS = ":is(.ks-bench, .ks-card, .ks-flow, .ks-progress)"
BENCH = ".ks-bench"

# CSS that draws all of the notebook: axe skips parts that are scrolled away or cut by an ancestor, and JupyterLab's
# <body> has no height of its own.
WHOLE = "body { height: 100vh; } .jp-Cell { content-visibility: visible !important; }"
# CSS for text in JupyterLab's default size.
SMALL = ":root { --jp-content-font-size1: 14px !important; }"
# CSS that wraps no lines of a terminal.
UNWRAPPED = ".ks-line { display: block !important; white-space: pre !important; }"
# CSS that hides the parts whose colours aren't examined: those of prose and inputs are JupyterLab's, and axe can't see
# those of a picture.
COLOURED = ".jp-MarkdownCell, .jp-Cell-inputWrapper, svg { display: none; }"
# The CSS pixels from the top of the first cell to the bottom of the last one.
LENGTH = """() => {
    const cells = [...document.querySelectorAll(".jp-Notebook .jp-Cell")].map((cell) => cell.getBoundingClientRect());
    return cells.at(-1).bottom - cells[0].top;
}"""
# The height of all cells in CSS pixels, including those that are scrolled away.
HEIGHT = "() => document.querySelector('.jp-WindowedPanel-outer').scrollHeight"
# True once notebook and workbench fill the window.
LAID_OUT = """() => {
    const parts = [...document.querySelectorAll(".jp-WindowedPanel-outer, .ks-dock")];
    const boxes = parts.filter((part) => part.checkVisibility()).map((part) => part.getBoundingClientRect());
    const [right, bottom] = ["right", "bottom"].map((side) => Math.max(...boxes.map((box) => box[side])));
    return right <= innerWidth && right > innerWidth - 80 && bottom <= innerHeight && bottom > innerHeight - 80;
}"""
# Scrolls the notebook to its first cell.
TO_THE_TOP = "() => { document.querySelector('.jp-WindowedPanel-outer').scrollTop = 0; }"

# Runs axe. `include` is a list of lists of selectors, and `rules` are axe's options. Returns a text for each violation.
AXE = """async ([include, rules]) => {
    const found = await axe.run({include}, {...rules, resultTypes: ["violations"]});
    return found.violations.flatMap(({id, impact, nodes}) => nodes.map(({html}) => `${id} (${impact}): ${html}`));
}"""
# axe's rules about colours, and the options for all other rules.
COLOURS = ["color-contrast", "link-in-text-block"]
ALL_BUT_COLOURS = {"rules": {rule: {"enabled": False} for rule in COLOURS}}

# The HTML of a widget's parts that extend beyond its right edge, or that are cut because their content is too wide.
# A picture counts as a whole, and so does a screen, whose lines may end with spaces beyond the edge. Parts for screen
# readers alone don't count.
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

# The HTML of the focused node, and true if an outline or a shadow shows the focus, on that node or on one around it, up
# to the widget; null if the focus is outside the widget.
FOCUS = """root => {
    const seen = (node) => { const {outlineStyle, outlineWidth, boxShadow} = getComputedStyle(node);
        return (outlineStyle !== "none" && parseFloat(outlineWidth) >= 2) || boxShadow !== "none"; };
    const around = (node) => node && root.contains(node) ? [node, ...around(node.parentElement)] : [];
    const nodes = around(document.activeElement);
    return nodes.length ? [nodes[0].outerHTML.slice(0, 200), nodes.some(seen)] : null;
}"""
# Selector of the nodes that the Tab key reaches.
TABBABLE = "button:enabled, input, textarea, summary, a[href], [tabindex='0']"
# Presses of Tab after which a widget counts as a trap.
MOST_TABS = 60

# From now on, collects in window.heard the label of a live region whenever text is added there.
LISTEN = """() => {
    window.heard = [];
    const live = (node) => (node.closest ? node : node.parentElement)?.closest("[role=status], [role=log]");
    new MutationObserver((records) => records.forEach(({target, addedNodes}) => {
        const said = [...addedNodes].map((node) => node.textContent).join("").trim();
        if (said && live(target)) window.heard.push(live(target).getAttribute("aria-label") ?? live(target).className);
    })).observe(document.body, {childList: true, subtree: true});
}"""


def resize(page: Page, width: int, height: int) -> None:
    """Resize the page to these CSS pixels, and wait until JupyterLab has adapted its layout."""
    page.set_viewport_size({"width": width, "height": height})
    page.wait_for_function(LAID_OUT, polling=50)


@contextmanager
def shown_whole(page: Page) -> Iterator[None]:
    """A context in which the page is high enough to show the whole notebook. It begins at the notebook's top."""
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

    Its measure is the amount of text to read, so it doesn't depend on the page's width and font size.
    """
    tag = page.add_style_tag(content=WHOLE + UNWRAPPED + SMALL)
    pixels = int(page.evaluate(LENGTH))
    tag.evaluate("node => node.remove()")
    return pixels


def violations(page: Page) -> list[str]:
    """The violations in texts and outputs: in their structure, and in the colours of outputs in both themes."""
    found = structure_violations(page)
    with shown_whole(page):
        tag = page.add_style_tag(content=COLOURED)
        for theme in themes(page):
            found += [f"{theme}: {finding}" for finding in colour_violations(page)]
        tag.evaluate("node => node.remove()")
    return found


@once_drawn
def colour_violations(page: Page) -> list[str]:
    """The violations in the colours of outputs, in the present theme."""
    return list(page.evaluate(AXE, [[[OUTPUTS], [BENCH]], {"runOnly": COLOURS}]))


@once_drawn
def structure_violations(page: Page) -> list[str]:
    """The violations in the structure of texts and outputs."""
    page.evaluate(AXE_SCRIPT)
    with shown_whole(page):
        return list(page.evaluate(AXE, [[[PROSE], [OUTPUTS], [BENCH]], ALL_BUT_COLOURS]))


@once_drawn
def cut_parts(page: Page, width: int) -> list[str]:
    """The HTML of the widgets' parts that are cut or scroll sideways in a page of `width` CSS pixels."""
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
    """Press Tab until the focus leaves the widget `root`.

    Returns the HTML of each node with an invisible focus, and "trap" if the focus doesn't leave after MOST_TABS.
    """
    first = root.locator(f":is({TABBABLE}):visible").first
    if not first.count():
        return []  # a picture has nothing to focus
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
