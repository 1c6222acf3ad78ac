"""What the page tells is true and can be read: a verdict as its steps, emphasis as emphasis, arrows in all colours."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from kubesim.lessons import load_predictions
from tests.browser.terminal import write_notebook
from tests.browser.themes import show_theme
from tests.patience import once_drawn

QUESTIONS = {name: prediction.question for name, prediction in load_predictions().items()}
EMPHATIC = next(name for name, question in QUESTIONS.items() if re.search(r"\*\w+\*", question))
ECR = "123456789012.dkr.ecr.eu-west-1.amazonaws.com"
EXPIRED = (
    f"kubectl create secret docker-registry ecr --docker-server={ECR} --docker-username=AWS "
    '--docker-password="$(aws ecr get-login-password --region eu-west-1)"; sleep 43300; '
    f"kubectl run late --image={ECR}/team/api:1.0 "
    """--overrides='{"spec":{"imagePullSecrets":[{"name":"ecr"}]}}'; sleep 5"""
)
NOWHERE = """kubectl run nowhere --image=nginx --overrides='{"spec":{"nodeSelector":{"disk":"ssd"}}}'"""
CELLS = {
    "load": "%load_ext kubesim.jupyter\n%workbench",
    "predict": f"%predict {EMPHATIC}",
    "run": "%%kubectl\nkubectl run web --image=registry.example.com/myapp:1.0\nsleep 5",
    "flow": "%flow web",
}
# Pixels: with that of its own, no line falls between two pixels in one theme and not in the other.
WIDTH = 500
# Pixels: about as wide as the head of an arrow.
TILE = 12
# The contrast of a line that means something (WCAG 2.2, 1.4.11).
STANDS_OUT = 3
# The greatest contrast within each tile of a picture.
TILES = """async ([code, size]) => {
    const picture = await createImageBitmap(await (await fetch(`data:image/png;base64,${code}`)).blob());
    const canvas = Object.assign(document.createElement("canvas"), {width: picture.width, height: picture.height});
    const pen = canvas.getContext("2d");
    pen.drawImage(picture, 0, 0);
    const channel = (byte) => byte / 255 <= 0.04045 ? byte / 255 / 12.92 : ((byte / 255 + 0.055) / 1.055) ** 2.4;
    const contrasts = {};
    for (let y = 0; y + size <= picture.height; y += size) for (let x = 0; x + size <= picture.width; x += size) {
        const {data} = pen.getImageData(x, y, size, size);
        const lights = [];
        for (let at = 0; at < data.length; at += 4)
            lights.push(0.2126 * channel(data[at]) + 0.7152 * channel(data[at + 1]) + 0.0722 * channel(data[at + 2]));
        contrasts[`${x},${y}`] = (Math.max(...lights) + 0.05) / (Math.min(...lights) + 0.05);
    }
    return contrasts;
}"""


@pytest.fixture(scope="module")
def notebook(shared_folder: Path, open_shared: Callable[[str], Any]) -> Any:
    """A notebook with a question and a picture."""
    write_notebook(shared_folder / "told.ipynb", CELLS)
    notebook = open_shared("told.ipynb")
    notebook.run_all()
    return notebook


def contrasts(picture: Locator) -> dict[str, float]:
    """The contrasts within a picture as it is drawn now, by place."""
    code = base64.b64encode(picture.screenshot(animations="disabled")).decode()
    return dict(picture.page.evaluate(TILES, [code, TILE]))


@once_drawn
def lost_lines(picture: Locator, by_day: dict[str, float]) -> list[str]:
    """The places where something stood out by day, and nothing does now."""
    now = contrasts(picture)
    return [place for place, contrast in by_day.items() if contrast >= STANDS_OUT > now[place]]


def test_every_line_of_a_picture_stands_out_in_all_colours(notebook: Any) -> None:
    page: Page = notebook.page
    picture = notebook.cell("flow").locator(".ks-picture :is(img, svg)").first
    picture.evaluate(
        f"node => Object.assign(node.style, {{width: '{WIDTH}px', maxWidth: 'none'}})"
    )  # else it is redrawn
    by_day = contrasts(picture)
    try:
        for theme, colours in (("dark", "none"), ("light", "active"), ("dark", "active")):
            show_theme(page, theme)
            page.emulate_media(forced_colors=colours)  # type: ignore[arg-type]
            assert lost_lines(picture, by_day) == [], f"{theme}, forced colours: {colours}"
    finally:
        page.emulate_media(forced_colors="none")
        show_theme(page, "light")


def test_emphasis_is_not_shown_as_asterisks(notebook: Any) -> None:
    card: Locator = notebook.cell("predict").locator(".ks-card")
    expect(card.locator("legend i").first).to_be_visible()
    assert "*" not in card.inner_text()


def test_the_verdict_is_what_the_steps_say(notebook: Any) -> None:
    screen = notebook.page.locator(".ks-bench").get_by_role("log")
    notebook.prompt.fill(f"{EXPIRED}; why late")
    notebook.prompt.press("Enter")
    expect(screen).to_contain_text("The token that was sent has expired.")
    expect(screen).to_contain_text('What\'s wrong: The token of the user "AWS" in the Secret ecr has expired')
    notebook.prompt.fill(f"{NOWHERE}; sleep 5; why nowhere")
    notebook.prompt.press("Enter")
    expect(screen).to_contain_text("No node matches the Pod, so no kubelet has started to pull.")
    expect(screen).to_contain_text("The kubelet hasn't tried to pull the image yet.")
