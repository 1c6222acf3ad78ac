"""Every link of the notebooks and the documents leads somewhere."""

import re

import pytest
from pages import FOLDER, PATH, ROOT, anchors, links, prose_of

DOCUMENTS = [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *FOLDER.glob("*.ipynb")]


def markdown(path):
    return prose_of(path.stem) if path.suffix == ".ipynb" else path.read_text(encoding="utf-8")


def problem(path, target):
    """What is wrong with a relative link, or None."""
    place, _, anchor = target.partition("#")
    found = (path.parent / place).resolve() if place else path
    if not found.exists() or ROOT not in found.parents:
        return "nothing there"
    if anchor and anchor not in anchors(markdown(found)):
        return "no such heading"
    return None


@pytest.mark.parametrize("path", DOCUMENTS, ids=[str(path.relative_to(ROOT)) for path in DOCUMENTS])
def test_links_lead_somewhere(path):
    inside = [link for link in links(markdown(path)) if not link.target.startswith(("https://", "mailto:"))]
    assert {link.target: why for link in inside if (why := problem(path, link.target))} == {}


@pytest.mark.parametrize("path", DOCUMENTS, ids=[str(path.relative_to(ROOT)) for path in DOCUMENTS])
def test_pictures_have_words(path):
    assert [link.target for link in links(markdown(path)) if link.picture and len(link.text) < 10] == []


@pytest.mark.parametrize("path", DOCUMENTS, ids=[str(path.relative_to(ROOT)) for path in DOCUMENTS])
def test_pictures_in_html_are_there(path):
    targets = re.findall(r'\bsrc(?:set)?="([^"]+)"', markdown(path))
    assert [target for target in targets if problem(path, target)] == []


def test_a_broken_link_is_noticed():
    page = FOLDER / f"{PATH[0]}.ipynb"
    assert problem(page, "no-such.ipynb") == "nothing there"
    assert problem(page, "#no-such-heading") == "no such heading"
    assert problem(page, "../README.md#no-such-heading") == "no such heading"
    assert problem(page, "../../outside") == "nothing there"
