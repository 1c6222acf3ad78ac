"""The text of each lesson stays true at any reading pace: with pauses before each cell, its claims still hold."""

import contextlib
import io
import re
from typing import Any

import pytest

from kubesim.jupyter import current, flowview
from kubesim.jupyter.arguments import read_target
from kubesim.jupyter.seat import Seat
from kubesim.jupyter.terminal import transcript
from kubesim.lessons import load_tasks
from kubesim.lessons.task import begin
from kubesim.session import Session
from tests.notebooks.pages import FENCE, PATH, cells, output_of, source

# Seconds of simulated time before each cell. The stored outputs have none.
PAUSES = (45, 120, 250, 500)
# The values between which the STATUS of a failed pull alternates.
WAITING = {"ErrImagePull", "ImagePullBackOff", "Init:ErrImagePull", "Init:ImagePullBackOff"}
# Code in a text; a table of Pods in an output.
SPAN = re.compile(r"`([^`]+)`")
TABLE = re.compile(r"^(?:\S+ +)?NAME +READY +STATUS .*\n(?:[^$#\n].*\n)*", re.MULTILINE)
# The generated end of the name of a Job's or a Deployment's Pod.
GENERATED = re.compile(r"(?:-\d{8})?(?:-[2456789bcdfghjklmnpqrstvwxz]{5,10})*$")


class Reader(Seat):
    """A seat that runs the source of cells, returns their output, and records the exit status of each command."""

    def __init__(self, folder):
        super().__init__(Session(folder))
        self.statuses = []

    def run(self, line, label=""):
        result = super().run(line, label)
        self.statuses.append(result.exit_code)
        return result

    def cell(self, text):
        """Run the source of a code cell. Returns its output, without cards."""
        if text.startswith("%%kubectl\n"):
            return transcript(self, text.partition("\n")[2])
        printed = [self._line(line) for line in text.splitlines() if line.startswith("%") and not text.startswith("%%")]
        return "\n".join(printed)

    def _line(self, line):
        """Run a line with a magic. Returns its output."""
        magic, _, arguments = line.partition(" ")
        match magic:
            case "%flow":
                asked = read_target(arguments, "n:c:", "")
                return flowview.picture(self, asked.namespace, asked.pod, asked.container)["text/plain"]
            case "%task":
                begin(load_tasks()[arguments.strip()], self.session)
                return ""
        screen = io.StringIO()
        with contextlib.redirect_stdout(screen):
            match magic:
                case "%advance":
                    current.advance(arguments, self)
                case "%restart":
                    current.restart(self)
                case "%registries":
                    current.registries(arguments, self)
        return screen.getvalue()


def replay(name, folder, pause):
    """Run a notebook's cells, each after `pause` seconds. Returns output and exit statuses by the cell's id."""
    folder.mkdir(exist_ok=True)
    reader = Reader(folder)
    printed = {}
    for number, cell in enumerate(cells(name, "code")):
        reader.catch_up(number * pause)
        reader.statuses = []
        printed[cell["id"]] = reader.cell(source(cell)), reader.statuses
    return printed


def spans_below(name):
    """The code spans in the texts between a code cell and the next one, by the id of the first."""
    found: dict[str, Any] = {}
    above = ""
    for cell in cells(name):
        if cell["cell_type"] == "code":
            above = cell["id"]
        else:
            found.setdefault(above, set()).update(SPAN.findall(FENCE.sub("", source(cell))))
    return found


def pods(printed):
    """Name, READY and STATUS of each Pod in the tables of an output.

    Names have no generated end, and a failed pull has one STATUS, whether it's now an error or a back-off.
    """
    found = set()
    for table in TABLE.findall(printed):
        heading, *rows = table.splitlines()
        first = heading.split().index("NAME")  # with -w, columns may move
        for row in rows:
            name, ready, status = row.split()[first : first + 3]
            found.add((GENERATED.sub("", name), ready, "(waits)" if status in WAITING else status))
    return found


def watched(printed):
    """The lines of a watched Pod, in order, without AGE."""
    lines = printed.splitlines()
    return [line.rsplit(None, 1)[0] for line in lines if " -w" in printed and len(line.split()) == 5]


@pytest.mark.parametrize("name", PATH)
def test_a_lesson_stays_true_at_any_pace(name, tmp_path):
    said = spans_below(name)
    at_once = replay(name, tmp_path / "0", 0)
    for pause in PAUSES:
        for cell, (printed, statuses) in replay(name, tmp_path / str(pause), pause).items():
            stored, stored_statuses = at_once[cell]
            where = f"after pauses of {pause} s, cell {cell} prints:\n{printed}"
            assert statuses == stored_statuses, where
            assert pods(printed) == pods(stored), where
            assert watched(printed) == watched(stored), where
            assert {span for span in said.get(cell, ()) if span in stored and span not in printed} == set(), where


@pytest.mark.parametrize("name", PATH)
def test_the_replay_prints_the_stored_outputs(name, tmp_path):
    """Cells that the replay doesn't run, such as cards, aren't compared."""
    at_once = replay(name, tmp_path, 0)
    stored = {cell["id"]: output_of(cell) for cell in cells(name, "code")}
    played = {cell: printed.strip() for cell, (printed, _statuses) in at_once.items() if printed.strip()}
    assert played == {cell: stored[cell].strip() for cell in played}
