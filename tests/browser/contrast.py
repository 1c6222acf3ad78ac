"""The contrast of texts on a page with their backgrounds, in both themes."""

from __future__ import annotations

from playwright.sync_api import Locator

from tests.browser.themes import themes
from tests.patience import once_drawn

# The least contrast of a text (WCAG 2, 1.4.3).
LEAST = 4.5
# A function of JavaScript that returns the contrast (by the formula of WCAG 2) and the text of each text in `root`. It
# draws colors on a canvas to get their bytes. Letters in a picture have a `fill`, and their background is the shape in
# their group.
CONTRASTS = """root => {
    const pen = document.createElement("canvas").getContext("2d", {willReadFrequently: true});
    const bytes = (...colours) => {
        pen.clearRect(0, 0, 1, 1);
        for (const colour of colours) { pen.fillStyle = colour; pen.fillRect(0, 0, 1, 1); }
        return [...pen.getImageData(0, 0, 1, 1).data].slice(0, 3);
    };
    const channel = (byte) => byte / 255 <= 0.04045 ? byte / 255 / 12.92 : ((byte / 255 + 0.055) / 1.055) ** 2.4;
    const light = (rgb) => rgb.map(channel).reduce((sum, part, i) => sum + part * [0.2126, 0.7152, 0.0722][i], 0);
    const ink = (node) => getComputedStyle(node)[node.closest("svg") ? "fill" : "color"];
    const box = (node) => node.closest("g")?.querySelector("path, polygon, rect");
    const grounds = (node) => node?.closest("svg") && box(node)
        ? [...grounds(node.closest("svg").parentElement), getComputedStyle(box(node)).fill]
        : node ? [...grounds(node.parentElement), getComputedStyle(node).backgroundColor] : [];
    const texts = [...root.querySelectorAll("*")].filter((node) => node.checkVisibility()
        && getComputedStyle(node).visibility === "visible" && getComputedStyle(node).color !== "rgba(0, 0, 0, 0)"
        && [...node.childNodes].some((child) => child.nodeType === 3 && child.data.trim()));
    return texts.map((node) => {
        const behind = grounds(node);
        const [a, b] = [bytes(...behind), bytes(...behind, ink(node))].map(light);
        return [(Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05), node.textContent];
    });
}"""


@once_drawn
def pale_now(roots: Locator) -> list[str]:
    """The texts in `roots` with a contrast below LEAST in the present theme, each with its contrast."""
    roots.first.wait_for(state="attached")
    texts = roots.evaluate_all(f"roots => roots.flatMap({CONTRASTS})")
    assert texts
    return [f"{contrast:.2f} {text}" for contrast, text in texts if contrast < LEAST]


def pale_texts(roots: Locator) -> list[str]:
    """The texts in `roots` with a contrast below LEAST in either theme, each with the theme and its contrast."""
    return [f"{theme}: {pale}" for theme in themes(roots.page) for pale in pale_now(roots)]
