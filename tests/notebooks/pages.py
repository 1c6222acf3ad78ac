"""The notebooks as their tests read them: cells, prose without code, links and headings."""

import json
import re
from pathlib import Path
from typing import NamedTuple

from kubesim.jupyter.explore import QUESTIONS
from kubesim.lessons.skills import lessons

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "notebooks"
# The notebooks in reading order: the hour (0x), debugging pulls (1x), electives (2x), and the rest.
PATH = (*lessons(), "appendix-your-own-kubectl", "playground")

# Patterns for Markdown (fenced code, comments, code spans, links with their text and target) and for a heredoc of bash.
FENCE = re.compile(r"^ *```.*?^ *```", re.MULTILINE | re.DOTALL)
COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
SPAN = re.compile(r"`[^`]+`")
LINK = re.compile(r"(!?)\[((?:[^\[\]]|\[[^\]]*\])*)\]\(([^()\s]+)\)")
HEREDOC = re.compile(r"<<'?(\w+)'?\n.*?^\1$", re.MULTILINE | re.DOTALL)


class Link(NamedTuple):
    """A link or, if it begins with "!", a picture of Markdown."""

    picture: bool
    text: str
    target: str


def notebook(name):
    """The parsed JSON of a notebook. Sources and outputs are texts or lists of lines, as nbformat stores them."""
    return json.loads((FOLDER / f"{name}.ipynb").read_text(encoding="utf-8"))


def cells(name, kind=None):
    """The cells of a notebook, all or those of a kind, "code" or "markdown"."""
    return [cell for cell in notebook(name)["cells"] if kind in (None, cell["cell_type"])]


def source(cell):
    """The source of a cell as one text."""
    return "".join(cell["source"])


def output_of(cell):
    """The output of a code cell: the text that it printed, and the plain form of the objects that it displayed."""
    return "\n".join("".join(out.get("text", out.get("data", {}).get("text/plain", ""))) for out in cell["outputs"])


def prose_of(name):
    """The Markdown of a notebook, with a blank line between cells."""
    return "\n\n".join(source(cell) for cell in cells(name, "markdown"))


def asked(name, magic):
    """The ids after `%magic` in the code cells of a notebook, in order. Some quizzes are asked by `%explore`."""
    lines = [line for cell in cells(name, "code") for line in source(cell).splitlines()]
    ids = [word for line in lines if line.startswith(f"%{magic} ") for word in line.split()[1:]]
    return ids + [word for word in asked(name, "explore") if word in QUESTIONS] if magic == "quiz" else ids


def commands(cell):
    """The lines of a code cell, without blank lines, cell magics and the contents of heredocs."""
    lines = HEREDOC.sub("", source(cell)).splitlines()
    return [line for line in lines if line.strip() and not line.startswith("%%")]


def without_code(markdown, code=""):
    """Markdown without fenced blocks, comments and the targets of links. `code` replaces each code span."""
    text = COMMENT.sub("", FENCE.sub("", markdown))
    return LINK.sub(lambda link: link[2], SPAN.sub(code, text))


def links(markdown):
    """The links and pictures of a text, without those in code and comments. Links within a link's text come last."""
    found = LINK.finditer(SPAN.sub("", COMMENT.sub("", FENCE.sub("", markdown))))
    inner = [Link(bool(link[1]), link[2], link[3]) for link in found]
    return inner + [deep for link in inner if "](" in link.text for deep in links(link.text)]


def anchors(markdown):
    """The anchors that GitHub gives the headings."""
    titles = re.findall(r"^#+ (.+?) *$", FENCE.sub("", markdown), re.MULTILINE)
    return {
        re.sub(r"[^\w\- ]", "", LINK.sub(lambda link: link[2], title).lower()).replace(" ", "-") for title in titles
    }
