"""Explorables in a real page: by keyboard alone, in both themes, and at a phone's width."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, expect

from kubesim.jupyter.explore import names
from kubesim.lessons import load_quizzes
from tests.browser.access import cut_parts, tab_through, violations
from tests.browser.contrast import pale_texts
from tests.browser.terminal import write_notebook

# Code cells by id, one for each explorable, and a test for each.
CELLS = {"load": "%load_ext kubesim.jupyter", **{name: f"%explore {name}" for name in names()}}
EACH = pytest.mark.parametrize("name", names())
# The width of a phone in CSS pixels.
PHONE = 390
# Goals of `match` that the typed texts reach. A pause while typing "ghcr.io" may reach its third goal, too.
TYPED = ("Exactly one entry matches.", "An entry for one team also matches the image of a different team.")


@pytest.fixture(scope="module")
def notebook(shared_folder: Path, open_shared: Callable[[str], Any]) -> Any:
    """A notebook with all explorables, in which all cells have run."""
    write_notebook(shared_folder / "explorables.ipynb", CELLS)
    notebook = open_shared("explorables.ipynb")
    for name in CELLS:
        notebook.run(name)
    return notebook


def card_of(notebook: Any, name: str) -> Locator:
    """The card of an explorable, visible."""
    found: Locator = notebook.cell(name).locator(".ks-card")
    expect(found).to_be_visible()
    return found


def reached(card: Locator) -> Locator:
    """The goals of a card that are ticked."""
    return card.locator(".ks-goals .ks-ok")


def test_typing_in_match_marks_the_matching_part_of_the_image(notebook: Any) -> None:
    card = card_of(notebook, "match")
    image, entries = card.get_by_label("Image"), card.get_by_label("Entries under auths, one on each line")
    lit = card.locator(".ks-lit")
    expect(lit).to_have_text(["registry.example.com", "registry.example.com/team", "registry.example.com"])
    image.press("Control+a")
    image.press_sequentially("registry.example.com/team-b/api")
    expect(image).to_be_focused()
    expect(image).to_have_value("registry.example.com/team-b/api")
    expect(reached(card)).to_contain_text(["An entry for one team also matches the image of a different team."])
    entries.press("Control+a")
    entries.press_sequentially("ghcr.io")
    entries.press("Enter")
    entries.press_sequentially("*.example.com")
    expect(lit).to_have_text(["registry.example.com"])
    expect(card.get_by_role("row", name="no ghcr.io is for a different host")).to_be_visible()
    expect(card.get_by_role("status")).to_have_text(
        "The username and password of the entry *.example.com go to registry.example.com."
    )
    card.get_by_role("button", name="Start over").press("Enter")
    expect(entries).to_have_value("registry.example.com\nregistry.example.com/team\n*.example.com\nexample.com")
    for goal in TYPED:
        expect(reached(card).filter(has_text=goal)).to_have_count(1)


def test_failures_are_sorted_with_the_arrow_keys(notebook: Any) -> None:
    card = card_of(notebook, "sent")
    choices = load_quizzes()["sent"].choices
    groups = card.get_by_role("radiogroup")
    expect(groups).to_have_count(len(choices))
    rights = {choice.quote: choice.right for choice in choices}
    for place in range(len(choices)):
        group = groups.nth(place)
        label = group.get_attribute("aria-labelledby")
        text = card.locator(f"#{label} .ks-quote").text_content()
        radios = group.get_by_role("radio")
        expect(radios).to_have_count(2)
        nothing, something = radios.first, radios.last
        nothing.press("Space")
        expect(nothing).to_be_checked()
        if rights[text or ""]:
            nothing.press("ArrowDown")
            expect(something).to_be_checked()
    first = groups.first.get_by_role("radio")
    first.nth(0).press("ArrowDown")
    card.get_by_role("button", name="Check").press("Enter")
    expect(card.locator(".ks-notes .ks-no")).to_have_count(1)
    first.nth(1).press("ArrowUp")
    card.get_by_role("button", name="Check").press("Enter")
    expect(card.get_by_role("status").first).to_contain_text("Right")
    expect(card.locator(".ks-notes .ks-ok")).to_have_count(len(choices))


def test_the_sliders_of_backoff_are_moved_with_keys(notebook: Any) -> None:
    card = card_of(notebook, "backoff")
    now, fix = card.get_by_label("Time since the Pod was created"), card.get_by_label("You fix the Secret")
    expect(card.locator(".ks-facts")).to_contain_text("STATUS ContainerCreating")
    now.press("End")
    expect(now).to_have_attribute("aria-valuetext", "17 min")
    expect(card.locator("tbody tr")).to_have_count(8)
    expect(reached(card)).to_contain_text(["Two delays in a row are the same."])
    fix.press("Home")
    expect(fix).to_have_attribute("aria-valuetext", "after 10 s")
    expect(fix).to_be_focused()
    expect(card.locator(".ks-facts")).to_contain_text("STATUS Running")
    expect(reached(card)).to_have_count(2)
    for _ in range(5):
        fix.press("ArrowRight")
    expect(fix).to_have_attribute("aria-valuetext", "after 1 min")
    expect(card.get_by_text("You fixed the Secret after 1 min, and the Pod was", exact=False).first).to_be_visible()


def test_the_switches_of_lists_are_pressed_with_the_space_bar(notebook: Any) -> None:
    card = card_of(notebook, "lists")
    account, own = (
        card.get_by_role("switch", name=name) for name in ("The ServiceAccount lists", "The Pod's manifest")
    )
    expect(account).to_be_checked()
    own.press("Space")
    expect(card.get_by_role("row", name="Pod web, as created hub-creds")).to_be_visible()
    expect(reached(card)).to_have_count(2)
    own.press("Space")
    card.get_by_role("radio", name="after the ServiceAccount").press("ArrowUp")
    expect(card.get_by_role("radio", name="before the ServiceAccount")).to_be_checked()
    expect(card.get_by_role("row", name="Pod web, as created none")).to_be_visible()
    expect(reached(card)).to_have_count(3)
    account.press("Space")
    expect(card.get_by_text("Neither the manifest nor the ServiceAccount has a list.").first).to_be_visible()


def test_an_exchange_shows_one_more_request_for_each_key(notebook: Any) -> None:
    card = card_of(notebook, "exchange")
    count = card.get_by_label("Requests shown")
    steps = card.locator(".ks-exchange > li")
    expect(steps).to_have_count(1)
    count.press("ArrowRight")
    expect(steps).to_have_count(2)
    expect(steps.nth(1)).to_contain_text("(myuser:mypassword in Base64)")
    count.press("End")
    expect(count).to_have_attribute("aria-valuetext", "3 of 3")
    card.get_by_role("radio", name="the right password").press("ArrowUp")
    expect(card.get_by_role("radio", name="no password")).to_be_checked()
    expect(steps).to_have_count(1)
    expect(card.get_by_text("no basic auth credentials")).to_be_visible()
    card.get_by_role("radio", name="registry.example.com/myapp:1.0").press("ArrowDown")
    expect(count).to_have_attribute("max", "3")
    count.press("End")
    expect(steps).to_have_count(3)
    expect(reached(card)).to_have_count(2)


@EACH
def test_each_explorable_is_crossed_with_tab_and_has_readable_contrasts(notebook: Any, name: str) -> None:
    card = card_of(notebook, name)
    assert tab_through(card) == []
    assert pale_texts(card) == []


def test_axe_finds_nothing_in_either_theme_and_nothing_is_cut_on_a_phone(notebook: Any) -> None:
    assert violations(notebook.page) == []
    assert cut_parts(notebook.page, PHONE) == []


def test_typed_values_and_reached_goals_survive_a_reload(notebook: Any) -> None:
    card = card_of(notebook, "match")
    image = card.get_by_label("Image")
    image.fill("example.com/api")
    expect(card.locator(".ks-lit")).to_have_text(["example.com"])
    notebook.reload()
    expect(card.get_by_label("Image")).to_have_value("example.com/api")
    for goal in TYPED:
        expect(reached(card).filter(has_text=goal)).to_have_count(1)
