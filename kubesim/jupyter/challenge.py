"""The challenge in a notebook: a round of broken clusters, one at a time, with two clocks, paid help and a review.

The page's half, static/challenge.js, sends with each button the time on its own clock. A round is kept with
the progress whenever more than the time has changed in it.
"""

from __future__ import annotations

import html
import re
from operator import add
from typing import Any

from IPython.display import display

from kubesim.api.objects import name_of
from kubesim.api.resources import POD
from kubesim.flow.export import Explained
from kubesim.flow.hops import trace_flow
from kubesim.flow.report import Flow
from kubesim.jupyter import markup, quiz, why
from kubesim.jupyter.card import HISTORY, Button, Card, Message, script, styles
from kubesim.jupyter.current import Seat, spell
from kubesim.jupyter.task import GONE
from kubesim.jupyter.workbench import workbench
from kubesim.lessons.challenge import COUNT, HINT, POINTS, WHY, Broken, Round, Standing, round_name, small_rounds
from kubesim.lessons.progress import Record
from kubesim.lessons.skills import CLUSTER
from kubesim.lessons.task import Reading, is_intact

LAST_SEED = 9999
_REVIEWS = 1_000_000
"""The seeds of reviews follow it, one for each day, so that no round has the same files."""
_RULES = (
    f"Each broken cluster is worth {POINTS} points. A hint costs {HINT} of them. `why` costs {WHY}, here and in the "
    "terminal, and `%flow` counts as `why`. A task whose solution you look at earns none. Time costs nothing: the "
    "clocks only show how long you took. The checks run after each command."
)
_TO_DO = "Find out what's wrong, and fix it."
_UNSCORED = f"{_TO_DO} These points don't count, and the checks run after each command."
_LOSS = "The tasks that you have not solved will earn no points, and all solutions will be shown."
_BLOCKED = "The task's files cannot be written to the folder round-{}: what is in the way?"


class ChallengeCard(Card):
    """A round of the challenge in the notebook's own cluster. A task is set up when it is first opened."""

    _esm = script("challenge.js")
    _css = styles("card.css", "flow.css", "task.css", "challenge.css")

    def __init__(self, seed: int, seat: Seat, small: str = "") -> None:
        self._round = _round_of(seat, seed, small)
        self._marks = self._round.marks
        self._news: tuple[int, str] = (0, "")
        self._asking = False
        self._warning = ""
        super().__init__(seat, content={"label": _title(self._round), "html": markup.paragraphs(_rules(self._round))})
        seat.on_change(self.refresh)
        self.refresh()

    @property
    def seed(self) -> int:
        return self._round.seed

    @property
    def small(self) -> str:
        return self._round.small

    # What the page asks

    def do_open(self, message: Message) -> None:
        number = message["number"]
        title = self._round.standings[number].task.title
        self.say(f"Task {number + 1} of {len(self._round.standings)}: {title}")
        self._seat.conceals = self._conceals
        with self._seat.changing():
            for (seat, _), other in _rounds.items():
                if seat is self._seat and other is not self._round:
                    other.leave(seat.session)  # its time and `why` no longer count
            self._round.open(number, self._seat.session)
        self._seat.history.begin(title)
        self._seat.start_over = self._begin
        self._warn_of_files()

    def do_next(self, message: Message) -> None:
        self.do_open({**message, "number": self._next()})

    def do_hint(self, _message: Message) -> None:
        if hint := self._round.hint():
            self.say(f"Hint: {hint}")

    def do_why(self, _message: Message) -> None:
        self._round.ask_why()
        if standing := self._round.current:
            flow = self._explained(standing)
            self.say(flow.why() if flow else _no_pod(standing))

    def do_reveal(self, _message: Message) -> None:
        self._round.show()
        if (standing := self._round.current) and standing.shown:
            self.say(f"No points for this one. {standing.task.because}")

    def do_restart(self, _message: Message) -> None:
        with self._seat.changing("start over"):
            self._begin()
        self._warn_of_files()
        self.say("Started over. Undo reverts this.")

    def do_end(self, _message: Message) -> None:
        """Ask before the round ends."""
        self._asking = True
        self.say(f"End the round? {_LOSS}")

    def do_keep(self, _message: Message) -> None:
        self._asking = False

    def do_finish(self, _message: Message) -> None:
        self._asking = False
        self._round.end()
        self.say(f"The round is over: {self._score()}.")

    def do_another(self, _message: Message) -> None:
        self._round = _round_of(self._seat, self._round.seed % LAST_SEED + 1, self.small)
        self._marks = self._round.marks
        self._seat.start_over = None
        self.content = {**self.content, "label": _title(self._round)}
        self.say(_title(self._round))

    def _on_message(self, widget: object, message: Message, buffers: object) -> None:
        self._warning = ""
        if isinstance(wall := message.get("wall"), int | float):
            self._round.clock(wall)
        super()._on_message(widget, message, buffers)

    # What it shows

    def refresh(self) -> None:
        challenge, standing = self._round, self._round.current
        readings = challenge.update(self._seat.session)
        self._follow()
        self.feedback = {
            "score": self._score(),
            "tasks": [self._listed(number, one) for number, one in enumerate(challenge.standings, 1)],
            "simulated": spell(sum(one.simulated for one in challenge.standings)),
            "real": sum(one.real for one in challenge.standings),
            "since": (challenge.wall or 0) if standing and not standing.is_over else 0,
            "owes": bool(standing and standing.is_over and not standing.is_timed),
            "task": self._task(standing, readings) if standing else {},
            "warning": markup.inline(_LOSS if self._asking else self._warning),
            "end": markup.listed(map(_review, challenge.standings), "ol") if challenge.is_over else "",
            "buttons": self._buttons(),
            "news": list(self._news),
        }
        if standing:
            workbench(self._seat).open_task(standing.task, readings, standing.solved)

    def plain(self) -> str:
        tasks = [f"{number}. {markup.plain_text(one.task.text)}" for number, one in enumerate(self._round.standings, 1)]
        return "\n".join([_title(self._round), _TO_DO, *tasks])

    def static_html(self) -> str:
        solutions = [markup.details("Evidence and solution", _solution(one.task)) for one in self._round.standings]
        texts = [markup.paragraphs(one.task.text) for one in self._round.standings]
        tasks = markup.listed(map(add, texts, solutions), "ol")
        return f"<p><b>{_title(self._round)}</b></p><p>{_TO_DO}</p>{tasks}"

    def say(self, text: str) -> None:
        """Have a screen reader say this once; the number changes, so that it can say the same again."""
        self._news = (self._news[0] + 1, text.replace("`", "").replace("**", ""))

    def _conceals(self) -> bool:
        standing = self._round.current
        return bool(standing and not standing.is_over and not standing.why)

    def _score(self) -> str:
        return f"{self._round.points} of {self._round.most_points} points"

    def _begin(self) -> str:
        return self._round.begin(self._seat.session)

    def _warn_of_files(self) -> None:
        standing, workspace = self._round.current, self._seat.session.workspace
        if standing and not all(map(workspace.exists, standing.task.files)):
            self._warning = _BLOCKED.format(round_name(self.seed, self.small))

    def _follow(self) -> None:
        """If more than the time has changed, announce what was solved, and keep the round and its score."""
        challenge = self._round
        before = self._marks
        progress = self._seat.progress
        if before == challenge.marks:
            return
        newer: Record = {}
        for standing, marks in zip(challenge.standings, before, strict=True):
            if standing.solved and not marks.solved:
                self.say(f"Solved, {standing.worth} points. {standing.task.done}")
                newer = progress.shown(CLUSTER + standing.task.id, standing.help_taken)
        challenge.recall(progress.record())  # what another kernel has added meanwhile
        newer |= challenge.kept()
        if _is_scored(challenge):
            newer["scores"] = {f"challenge-{challenge.seed}": [challenge.points, challenge.most_points]}
        progress.add(newer)
        self._marks = challenge.marks
        self._warning = progress.message or self._warning

    def _next(self) -> int:
        """The number of the next task that is not over; that of the open one if there is none."""
        standings, current = self._round.standings, self._round.current
        here = standings.index(current) if current else -1
        numbers = [*range(here + 1, len(standings)), *range(here + 1)]
        return next((number for number in numbers if not standings[number].is_over), max(here, 0))

    def _listed(self, number: int, standing: Standing) -> dict[str, Any]:
        state = _state(standing)
        points = f", {standing.worth} points" if standing.solved else ""
        label = f"Task {number}: {standing.task.title.replace('`', '')}, {state}{points}"
        return {"label": label, "state": state, "current": standing is self._round.current}

    def _task(self, standing: Standing, readings: tuple[Reading, ...]) -> dict[str, Any]:
        task, session = standing.task, self._seat.session
        number = self._round.standings.index(standing) + 1
        gone = not standing.is_over and not is_intact(task, session)
        names = " and ".join(f"`{name}`" for name in task.files)
        files = f"{'Its files are' if len(task.files) > 1 else 'Its manifest is'} {names}."
        reached = [(reading.holds or standing.solved, reading.condition.what) for reading in readings]
        return {
            "title": markup.inline(f"Task {number}. {task.title}"),
            "html": markup.paragraphs(task.text) + markup.paragraphs(files),
            "goals": [{"ok": ok, "what": markup.inline(what)} for ok, what in reached],
            "advice": markup.inline(GONE if gone else self._round.advice(session)),
            "hints": [markup.inline(hint) for hint in task.hints[: standing.hints]],
            "why": self._why_page(standing) if standing.why and not standing.is_over else "",
            "over": f"<p><b>{_summary(standing)}</b></p>{_solution(standing.task)}" if standing.is_over else "",
        }

    def _explained(self, standing: Standing) -> Flow | None:
        """The first Pod of the task whose image does not arrive, or else the first; None where there is no Pod."""
        cluster, namespace = self._seat.session.cluster, standing.task.namespaces[0]
        flows = [trace_flow(cluster, namespace, name_of(pod)) for pod in cluster.api.list(POD, namespace)]
        return next((flow for flow in flows if flow.cause), next(iter(flows), None))

    def _why_page(self, standing: Standing) -> str:
        flow = self._explained(standing)
        return why.page(Explained([flow], [], 0)) if flow else f"<p>{_no_pod(standing)}</p>"

    def _buttons(self) -> list[Button]:
        standing = self._round.current
        if self._asking:
            return [("finish", "Yes, end the round"), ("keep", "No, continue")]
        if self._round.is_over:
            return [("another", "Another round")] if self.seed <= LAST_SEED else []
        if standing is None:
            has_begun = any(any(marks) for marks in self._marks)
            return [("next", "Continue" if has_begun else "Start")]
        end: Button = ("end", "End the round")
        if standing.is_over:
            return [("next", "Next task"), end]
        buttons: list[Button] = []
        if standing.hints < len(standing.task.hints):
            buttons.append(("hint", f"Hint (costs {HINT})"))
        if not standing.why:
            buttons.append(("why", f"Why? (costs {WHY})"))
        buttons.append(("reveal", "Show the solution (no points)"))
        if self._round.standings[self._next()] is not standing:
            buttons.append(("next", "Skip"))
        return [*buttons, *HISTORY, end]


_rounds: dict[tuple[Seat, str], Round] = {}
"""By the seat and the round's name."""
_cards: dict[Seat, list[ChallengeCard]] = {}  # the same one when it is shown again


def _round_of(seat: Seat, seed: int, small: str = "") -> Round:
    """The round of this seed: as it stands in this kernel, else as it was kept, else a new one."""
    key = (seat, round_name(seed, small))
    if key not in _rounds:
        challenge = _rounds[key] = Round(seed, COUNT if seed <= LAST_SEED else 1, small)
        challenge.recall(seat.progress.record())
    return _rounds[key]


def _title(challenge: Round) -> str:
    if challenge.small:
        return f"{small_rounds()[challenge.small].title}, round {challenge.seed}"
    if challenge.seed > LAST_SEED:
        return "Review: a broken cluster"
    return f"Challenge, round {challenge.seed}: {len(challenge.standings)} broken clusters"


def _is_scored(challenge: Round) -> bool:
    """Whether the points count: those of reviews and of small rounds don't."""
    return challenge.seed <= LAST_SEED and not challenge.small


def _rules(challenge: Round) -> str:
    return _RULES if _is_scored(challenge) else _UNSCORED


def _no_pod(standing: Standing) -> str:
    return f"There is no Pod in {standing.task.namespaces[0]}."


def _state(standing: Standing) -> str:
    if standing.solved:
        return "solved"
    if standing.shown:
        return "solution shown"
    return "started" if standing.start else "not started"


def _summary(standing: Standing) -> str:
    times = f"{spell(standing.simulated)} simulated, {spell(standing.real)} real."
    if not standing.solved:
        return f"Not solved: 0 points, {times}"
    helped = []
    if standing.hints:
        helped.append("1 hint" if standing.hints == 1 else f"{standing.hints} hints")
    if standing.why:
        helped.append("why")
    help_taken = f" with {' and '.join(helped)}" if helped else ""
    return f"Solved{help_taken}: {standing.worth} points, {times}"


def _solution(cluster: Broken) -> str:
    """Where the evidence was, why it pointed to the cause, and the shortest fix."""
    clues = [(html.escape(clue.run), html.escape(clue.shows)) for clue in cluster.evidence]
    evidence = markup.listed(f"<code>{run}</code> shows <code>{shows}</code>" for run, shows in clues)
    fix = markup.listing(cluster.solution)
    return f"{evidence}{markup.paragraphs(cluster.because)}<p>The shortest fix:</p>{fix}"


def _review(one: Standing) -> str:
    return markup.details(f"{markup.inline(one.task.title)}. {_summary(one)}", _solution(one.task))


def show(arguments: str, seat: Seat) -> None:
    """Display the round whose number `arguments` gives (`%challenge 2`; else the first), one of a small round
    (`%challenge evidence 2`), or print how to ask for it.
    """
    asked = re.fullmatch(r"([a-z]*) ?([1-9][0-9]{0,3})?", arguments.strip())
    if asked and (not asked[1] or asked[1] in small_rounds()):
        _display(int(asked[2] or 1), seat, asked[1])
    else:
        what = arguments.strip()
        print(f"kubesim: which round? %challenge ROUND, from 1 to {LAST_SEED} (not {what!r})")  # noqa: T201


def review(arguments: str, seat: Seat) -> None:
    """Repeat quizzes: `%review ID ID`, or without ids three that are due, and with them today's broken cluster."""
    if quiz.recall(arguments, seat) and not arguments.strip():
        _display(_REVIEWS + seat.progress.today(), seat)


def _display(seed: int, seat: Seat, small: str = "") -> None:
    cards = _cards.setdefault(seat, [])
    made = next((one for one in cards if (one.seed, one.small) == (seed, small)), None)
    if made is None:
        made = ChallengeCard(seed, seat, small)
        cards.append(made)
    display(made)
