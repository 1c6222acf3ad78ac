"""The widgets' colours where there is no JupyterLab: those of VS Code, or light and dark as the reader prefers."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from browser.contrast import CONTRASTS, LEAST
from kubesim.jupyter.card import static
from kubesim.jupyter.current import Seat
from kubesim.jupyter.flow import picture
from kubesim.session import Session

SHEETS = static("theme.css", "card.css", "flow.css", "task.css", "progress.css", "terminal.css", "workbench.css")
VSCODE = (
    ":root { --vscode-foreground: #cccccc; --vscode-editor-foreground: #d4d4d4; --vscode-editor-background: #1e1e1e; }"
)
CARD = """<div class="ks-card"><fieldset><legend>A question</legend><p class="ks-how">Choose.</p></fieldset>
<div class="ks-status"><div class="ks-verdict ks-wrong"><p>Not <code>yet</code></p></div></div>
<div class="ks-buttons"><button>Hint</button></div></div>
<div class="kubesim-terminal"><div class="screen"><div class="note"># later</div><span class="sgr-31">Error</span>
<span class="sgr-32">Running</span></div><div class="bar"><button>+10 s</button></div></div>"""
GROUND = "getComputedStyle(document.querySelector('.ks-card')).backgroundColor"


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page of any other front end."""
    page = browser.new_page()
    yield page
    page.close()


@pytest.mark.parametrize(
    ("preferred", "variables", "ground"),
    [
        ("light", "", "rgb(255, 255, 255)"),
        ("dark", "", "rgb(27, 31, 36)"),
        ("light", VSCODE, "rgb(30, 30, 30)"),
        ("dark", ":root { --jp-layout-color1: #fff; --jp-content-font-color1: #000; }", "rgb(255, 255, 255)"),
    ],
)
def test_each_has_its_colours(page: Page, preferred: str, variables: str, ground: str) -> None:
    page.emulate_media(color_scheme="light" if preferred == "light" else "dark")
    page.set_content(f"<style>{variables}{SHEETS}</style><body>{CARD}</body>")
    assert page.evaluate(GROUND) == ground


@pytest.mark.parametrize("preferred", ["light", "dark"])
def test_without_any_theme_all_can_be_read(
    page: Page, preferred: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    seat = Seat(Session(tmp_path_factory.mktemp("workspace")))
    seat.run("kubectl run web --image=registry.example.com/myapp:1.0; sleep 5")
    drawn = picture(seat, "default", "web")["text/html"]
    page.emulate_media(color_scheme="light" if preferred == "light" else "dark")
    body = "background: var(--ks-paper); color: var(--ks-ink)"
    page.set_content(f"<style>{SHEETS}</style><body style='{body}'>{CARD}{drawn}</body>")
    pale = [(contrast, text) for contrast, text in page.locator("body").evaluate(CONTRASTS) if contrast < LEAST]
    assert pale == []
