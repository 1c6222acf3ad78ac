"""The shape that every notebook has, so that a learner finds their way, also where nothing can be run."""

import itertools
import re

import pytest

from kubesim.jupyter.explore import names as explorables
from kubesim.lessons import documents, load_predictions, load_quizzes, load_tasks
from kubesim.lessons.skills import lessons
from tests.notebooks.pages import FOLDER, PATH, ROOT, asked, cells, commands, links, output_of, prose_of, source

TITLE = re.compile(r"# \S.*\n\n(?s:.+)you will be able to:\n\n(- .+;\n)+- .+\.\n\n(?s:.*)", re.MULTILINE)
TIME = re.compile(r"Time: about \d+ minutes\. (?s:.*)You should have ")
NAMES = pytest.mark.parametrize("name", PATH)
ON_THE_PATH = pytest.mark.parametrize("name", [name for name in PATH if name[0].isdigit()])


def test_every_notebook_has_a_title_and_goals():
    without = {path.stem for path in FOLDER.glob("*.ipynb")} - {*PATH}
    assert not without, f"kubesim/lessons/goals.yaml has no title and no goals for {', '.join(sorted(without))}"
    assert [name for name in PATH if not (FOLDER / f"{name}.ipynb").exists()] == []


def test_the_readme_lists_every_notebook_in_order():
    page = (ROOT / "README.md").read_text(encoding="utf-8")
    assert re.findall(r"^\| \[.+?\]\(\S*notebooks/(.+?)\.ipynb\) \| .+ \|$", page, re.MULTILINE) == list(PATH)


@NAMES
def test_the_first_cell_says_what_for_how_long_and_after_what(name):
    first = cells(name)[0]
    assert (first["id"], first["cell_type"]) == ("title", "markdown")
    assert TITLE.fullmatch(source(first))
    assert TIME.search(source(first))


@NAMES
def test_the_last_cell_has_three_key_points(name):
    last = cells(name)[-1]
    assert (last["id"], last["cell_type"]) == ("recap", "markdown")
    assert source(last).startswith("## What you learned\n\n- ")
    assert len(re.findall(r"^ *[-*] ", source(last), re.MULTILINE)) == 3


@NAMES
def test_the_last_cell_leads_to_both_neighbors(name):
    place = PATH.index(name)
    wanted = {"Previous": PATH[place - 1] if place else None, "Next": (*PATH[1:], None)[place]}
    last = source(cells(name)[-1])
    for word, neighbor in wanted.items():
        found = re.search(rf"\b{word}: (\[.+)", last)
        assert [link.target for link in links(found[1] if found else "")][:1] == [f"{neighbor}.ipynb"] * bool(neighbor)


def test_the_end_of_the_hour_leads_to_all_the_others():
    hour = [name for name in PATH if name[0] == "0"]
    assert [name for name in PATH if name not in hour and f"({name}.ipynb)" not in prose_of(hour[-1])] == []


@NAMES
def test_cell_ids_are_slugs(name):
    ids = [cell["id"] for cell in cells(name)]
    assert len(set(ids)) == len(ids)
    assert [slug for slug in ids if not re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", slug)] == []


@NAMES
def test_cells_are_small(name):
    assert [cell["id"] for cell in cells(name, "code") if not 1 <= len(commands(cell)) <= 5] == []


@NAMES
def test_a_prediction_is_asked_for_before_every_third_screen(name):
    """Where two models are plausible; a guess that no one gets wrong teaches nothing."""
    both = list(itertools.pairwise(cells(name)))
    screens = [source(before) for before, cell in both if source(cell).startswith("%%kubectl\n")]
    assert 3 * sum("**Predict" in before or before.startswith("%predict") for before in screens) >= len(screens)


@NAMES
def test_the_next_cell_shows_that_a_prediction_is_right_and_hides_it(name):
    for before, cell in itertools.pairwise(cells(name)):
        for prediction in source(before).splitlines() if source(before).startswith("%predict ") else ():
            shows = load_predictions()[prediction.removeprefix("%predict ")].shows
            assert re.search(shows, output_of(cell), re.MULTILINE), prediction
            assert cell["metadata"]["jupyter"]["outputs_hidden"] is True


def _content_words(text):
    """The words of a text that have at least four letters."""
    return {word.lower() for word in re.findall(r"[A-Za-z]{4,}", text)}


@NAMES
def test_the_heading_before_a_prediction_does_not_give_the_answer_away(name):
    """No word of the heading is in the right choice alone."""
    heading = ""
    for cell in cells(name):
        heading = [heading, *re.findall(r"^#+ (.+)$", source(cell), re.MULTILINE)][-1]
        for prediction in re.findall(r"^%predict (\S+)$", source(cell), re.MULTILINE):
            choices = load_predictions()[prediction].choices
            others = _content_words(" ".join(choice.text for choice in choices if not choice.right))
            [right] = [_content_words(choice.text) for choice in choices if choice.right]
            assert (right - others) & _content_words(heading) == set(), prediction


@NAMES
def test_a_page_is_not_too_long_and_only_what_grades_and_the_text_cannot_be_edited(name):
    found = cells(name)
    assert len(found) <= 60
    own = [cell["id"] for cell in found if "yours" in cell["metadata"].get("tags", [])]
    asks = ("%quiz", "%review", "%predict", "%task", "%challenge", "%explore")
    run = [cell for cell in found if cell["cell_type"] == "code" and not source(cell).startswith(asks)]
    assert [cell["id"] for cell in found if cell["metadata"].get("editable", True)] == [
        cell["id"] for cell in found if cell in run or cell["id"] in own
    ]
    assert [cell["id"] for cell in found if cell["metadata"].get("deletable", True)] == own
    originals = {cell["id"]: source(cell) for cell in run if cell["id"] not in own}
    assert {cell["id"]: cell["metadata"]["kubesim"]["original"] for cell in found if "kubesim" in cell["metadata"]} == (
        originals
    )


@pytest.mark.parametrize("name", lessons())
def test_the_goals_on_the_page_of_skills_are_those_of_the_notebook(name):
    listed = re.findall(r"^- (.+)[;.]$", source(cells(name)[0]), re.MULTILINE)
    assert [goal.can for goal in lessons()[name].goals if goal.can not in listed] == []


@NAMES
def test_outputs_are_stored(name):
    code = cells(name, "code")
    silent = [cell["id"] for cell in code if not cell["outputs"] and not source(cell).startswith("%load_ext ")]
    assert silent == []
    assert [cell["execution_count"] for cell in code] == list(range(1, len(code) + 1))
    assert [cell["id"] for cell in code for output in cell["outputs"] if output["output_type"] == "error"] == []


# Quizzes and tasks


@NAMES
def test_what_is_asked_exists(name):
    assert set(asked(name, "quiz") + asked(name, "review")) <= set(load_quizzes())
    assert set(asked(name, "predict")) <= set(load_predictions())
    assert set(asked(name, "task")) <= set(load_tasks())
    assert set(asked(name, "explore")) <= set(explorables())


@pytest.mark.parametrize(("folder", "magic"), [("quizzes", "quiz"), ("predictions", "predict"), ("tasks", "task")])
def test_every_exercise_is_asked_once_in_its_notebook(folder, magic):
    for file, entries in documents(folder):
        name = file.removesuffix(".yaml")
        assert sorted(asked(name, magic)) == sorted(entry["id"] for entry in entries), name


@ON_THE_PATH
def test_each_notebook_asks_four_to_eight_questions(name):
    """In the hour fewer: there's more to do."""
    assert (1 if name[0] == "0" else 4) <= len(asked(name, "quiz") + asked(name, "review")) <= 8


@pytest.mark.parametrize("name", [name for name in PATH if name[0].isdigit() and name >= "02"])
def test_from_the_third_on_a_notebook_begins_with_something_from_memory(name):
    [recall, question] = cells(name)[2:4]
    assert source(recall).startswith("## First, from memory\n")
    assert re.match("%(quiz|review) ", source(question))


@ON_THE_PATH
def test_a_review_brings_back_what_a_notebook_before_it_asked(name):
    """The electives come in any order; each asks for nothing of the others."""
    before = [other for other in PATH[: PATH.index(name)] if other[0] != "2" or name[0] != "2"]
    earlier = {quiz for other in before for quiz in asked(other, "quiz")}
    assert set(asked(name, "review")) <= earlier


@pytest.mark.parametrize("name", [name for name in PATH if name[0] == "2"])
def test_an_elective_reviews_what_the_hour_asked(name):
    hour = {quiz for other in PATH if other[0] == "0" for quiz in asked(other, "quiz")}
    assert set(asked(name, "review")) <= hour


def test_no_question_is_asked_thrice():
    questions = [quiz for name in PATH for quiz in asked(name, "quiz") + asked(name, "review")]
    assert [quiz for quiz in dict.fromkeys(questions) if questions.count(quiz) > 2] == []


# Pictures


@NAMES
def test_every_picture_says_what_it_shows(name):
    shown = [output["data"] for cell in cells(name, "code") for output in cell["outputs"] if "data" in output]
    pictures = ["".join(data["image/svg+xml"]) for data in shown if "image/svg+xml" in data]
    pages = ["".join(data["text/html"]) for data in shown if "text/html" in data]
    pictures += [svg for page in pages for svg in re.findall(r"<svg\b.*?</svg>", page, re.DOTALL)]
    assert [
        svg[:200] for svg in pictures if not re.search(r"<title>[^<]+</title>|<svg[^>]* aria-label=\"[^\"]+", svg)
    ] == []
    images = [tag for page in pages for tag in re.findall(r"<img\b[^>]*>", page)]
    assert [tag for tag in images if not re.search(r'\balt="[^"]+', tag)] == []
    assert [data for data in shown if not data.get("text/plain")] == []
