"""JupyterLab's two themes."""

from __future__ import annotations

from collections.abc import Iterator

from playwright.sync_api import Page, expect

# The names that JupyterLab has for them.
THEMES = {"light": "JupyterLab Light", "dark": "JupyterLab Dark"}
# A function of JavaScript that changes the theme.
CHANGE = "theme => window.jupyterapp.commands.execute('apputils:change-theme', {theme})"


def show_theme(page: Page, theme: str) -> None:
    """Show the page in "light" or "dark"."""
    page.evaluate(CHANGE, THEMES[theme])
    expect(page.locator("body")).to_have_attribute("data-jp-theme-name", THEMES[theme])
    expect(page.locator("#jupyterlab-splash")).to_have_count(0)  # lies over the page while the theme changes


def themes(page: Page) -> Iterator[str]:
    """Show the page in "light", then in "dark", and at the end in light again."""
    for theme in THEMES:
        show_theme(page, theme)
        yield theme
    show_theme(page, "light")
