"""Every link of the notebooks and the documents leads somewhere."""

import re

import pytest

from tests.notebooks.pages import FOLDER, PATH, ROOT, anchors, links, prose_of

[SOURCE] = re.findall(r'^Source = "(.+)"$', (ROOT / "pyproject.toml").read_text(encoding="utf-8"), re.MULTILINE)
OWN = re.compile(rf"{re.escape(SOURCE)}/(?:blob|raw)/HEAD/")
DOCUMENTS = [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *FOLDER.glob("*.ipynb")]


def markdown(path):
    """The Markdown of a document or of a notebook's cells."""
    return prose_of(path.stem) if path.suffix == ".ipynb" else path.read_text(encoding="utf-8")


def problem(path, target):
    """What is wrong with a link to a file of the project, or None."""
    if inside := OWN.match(target):  # a link of README, which the package index shows, too
        path, target = ROOT / "README.md", target[inside.end() :]
    place, _, anchor = target.partition("#")
    found = (path.parent / place).resolve() if place else path
    if not found.exists() or ROOT not in found.parents:
        return "nothing there"
    if anchor and anchor not in anchors(markdown(found)):
        return "no such heading"
    return None


@pytest.mark.parametrize("path", DOCUMENTS, ids=[str(path.relative_to(ROOT)) for path in DOCUMENTS])
def test_links_lead_somewhere(path):
    found = [link.target for link in links(markdown(path))]
    inside = [target for target in found if OWN.match(target) or not target.startswith(("https://", "mailto:"))]
    assert {target: why for target in inside if (why := problem(path, target))} == {}


@pytest.mark.parametrize("path", DOCUMENTS, ids=[str(path.relative_to(ROOT)) for path in DOCUMENTS])
def test_pictures_have_a_description(path):
    assert [link.target for link in links(markdown(path)) if link.picture and len(link.text) < 10] == []


@pytest.mark.parametrize("path", DOCUMENTS, ids=[str(path.relative_to(ROOT)) for path in DOCUMENTS])
def test_pictures_in_html_exist(path):
    targets = re.findall(r'\bsrc(?:set)?="([^"]+)"', markdown(path))
    assert [target for target in targets if problem(path, target)] == []


def test_a_broken_link_is_noticed():
    page = FOLDER / f"{PATH[0]}.ipynb"
    assert problem(page, "no-such.ipynb") == "nothing there"
    assert problem(page, "#no-such-heading") == "no such heading"
    assert problem(page, "../README.md#no-such-heading") == "no such heading"
    assert problem(page, "../../outside") == "nothing there"
    assert problem(page, f"{SOURCE}/blob/HEAD/docs/none.md") == "nothing there"
    assert problem(page, f"{SOURCE}/blob/HEAD/docs/recipes.md#quay") is None
