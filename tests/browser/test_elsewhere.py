"""The widgets' colours: by JupyterLab's theme or VS Code's, and elsewhere light and dark as the reader prefers."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from kubesim.jupyter.card import styles
from kubesim.jupyter.flowview import picture
from kubesim.jupyter.seat import Seat
from kubesim.session import Session
from tests.browser.contrast import pale_now

SHEETS = styles("card.css", "flow.css", "task.css", "progress.css", "terminal.css", "workbench.css")
CARD = """<div class="ks-card"><fieldset><legend>A question</legend><p class="ks-how">Choose.</p></fieldset>
<div class="ks-status"><div class="ks-verdict ks-wrong"><p>Not <code>yet</code></p></div></div>
<label class="ks-choice"><input type="radio" name="a" checked>A</label>
<label class="ks-choice"><input type="radio" name="a">B</label>
<div class="ks-buttons"><button class="ks-lead">Check</button><button>Hint</button></div></div>
<div class="kubesim-terminal"><div class="screen"><div class="note"># later</div><span class="sgr-31">Error</span>
<span class="sgr-32">Running</span></div><div class="bar"><button>+10 s</button></div></div>"""
DAY, NIGHT = "rgb(255, 255, 255)", "rgb(27, 31, 36)"
GROUND = "getComputedStyle(document.querySelector('.ks-card')).backgroundColor"


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page of any other front end."""
    page = browser.new_page()
    yield page
    page.close()


@pytest.mark.parametrize(
    ("preferred", "theme", "ground"),
    [
        ("light", "", DAY),
        ("dark", "", NIGHT),
        ("light", 'class="vscode-dark"', NIGHT),
        ("dark", 'class="vscode-light"', DAY),
        ("light", 'data-jp-theme-light="false"', NIGHT),
        ("dark", 'data-jp-theme-light="true"', DAY),
    ],
)
def test_each_has_its_colours(page: Page, preferred: str, theme: str, ground: str) -> None:
    page.emulate_media(color_scheme="light" if preferred == "light" else "dark")
    page.set_content(f"<style>{SHEETS}</style><body {theme}>{CARD}</body>")
    assert page.evaluate(GROUND) == ground


@pytest.mark.parametrize("preferred", ["light", "dark"])
def test_without_any_theme_all_can_be_read(
    page: Page, preferred: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    seat = Seat(Session(tmp_path_factory.mktemp("workspace")))
    seat.run("kubectl run web --image=registry.example.com/myapp:1.0; sleep 5")
    drawn = picture(seat, "default", "web")["text/html"]
    page.emulate_media(color_scheme="light" if preferred == "light" else "dark")
    body = "color-scheme: var(--ks-scheme); background: var(--ks-paper); color: var(--ks-ink)"
    page.set_content(f"<style>{SHEETS}</style><body style='{body}'>{CARD}{drawn}</body>")
    assert pale_now(page.locator("body")) == []


BORDERS = "nodes => nodes.map((node) => getComputedStyle(node).borderTopColor)"
LOOK = """node => {
    const {color, backgroundColor, forcedColorAdjust} = getComputedStyle(node);
    return [color, backgroundColor, forcedColorAdjust];
}"""


@pytest.mark.parametrize("preferred", ["light", "dark"])
def test_with_forced_colours_what_was_chosen_and_the_way_on_stand_out(page: Page, preferred: str) -> None:
    page.emulate_media(color_scheme="light" if preferred == "light" else "dark", forced_colors="active")
    page.set_content(f"<style>{SHEETS}</style><body>{CARD}</body>")
    chosen, other = page.locator(".ks-choice").evaluate_all(BORDERS)
    ground = page.evaluate(GROUND)
    assert len({chosen, other, ground}) == 3
    words, lead, adjusted = page.locator(".ks-lead").evaluate(LOOK)
    assert (lead != ground, words != lead, adjusted) == (True, True, "none")  # else words get a ground of their own
    assert pale_now(page.locator("body")) == []
