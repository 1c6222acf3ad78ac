"""The card of `%challenge`: a round of broken clusters, one at a time, with two clocks, help for points and a review.

Points, clocks and rules are those of lessons.challenge.Round; this module shows them. static/challenge.js sends its
wall-clock time with each message. Every change but passing time is written to the progress file.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Any

from IPython.display import display

from kubesim.api.objects import name_of
from kubesim.api.resources import POD
from kubesim.jupyter import markup, quiz, standing, why
from kubesim.jupyter.card import AGAIN, Button, Card, Message, goal_lines, script, styles
from kubesim.jupyter.refusal import Refusal
from kubesim.jupyter.seat import Seat, spell
from kubesim.jupyter.task import GONE
from kubesim.jupyter.workbench import workbench
from kubesim.lessons.challenge import HINT, POINTS, WHY, Round, Standing
from kubesim.lessons.clusters import LAST_SEED, RoundId, small_rounds
from kubesim.lessons.record import Record
from kubesim.lessons.skills import CLUSTER
from kubesim.lessons.task import Reading, is_intact
from kubesim.session.flow import trace_flow
from kubesim.why.export import Explained
from kubesim.why.tell.report import Flow

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
    """A round of the challenge in the notebook's own cluster. A task is set up when it is first opened.

    It subscribes to the seat's changes, so that it judges the open task after each command, and it is the seat's
    `open_task` while one of its tasks is open.
    """

    _esm = script("challenge.js")
    _css = styles("card.css", "flow.css", "task.css", "challenge.css")

    def __init__(self, round_id: RoundId, seat: Seat) -> None:
        self._take(_round(round_id, seat))
        self._number_of_news = 0
        self._news = ""
        self._asks_to_end = False
        self._warning = ""
        rules = _RULES if round_id.is_scored else _UNSCORED
        super().__init__(seat, content={"label": round_id.title, "html": markup.paragraphs(rules)})
        seat.on_change(self.refresh)
        self.refresh()

    def _take(self, challenge: Round) -> None:
        self._round = challenge
        self._marks = challenge.marks  # those saved last; `_keep_changes` compares and saves

    @property
    def round_id(self) -> RoundId:
        return self._round.id

    # What the page asks

    def do_open(self, number: int) -> None:
        title = self._round.standings[number].task.title
        self.say(f"Task {number + 1} of {len(self._round.standings)}: {title}")
        with self._seat.changing():
            if self._seat.open_round:
                self._seat.open_round.leave()  # stops its clocks and the charge for `why`; `open` starts both again
            self._seat.open_round = self._round
            self._round.open(number)
        self._seat.history.begin(title)
        self._seat.open_task = self
        self._warn_of_files()

    def do_next(self) -> None:
        self.do_open(self._next())

    def do_hint(self) -> None:
        current = self._round.current
        if current and (hint := current.take_hint()):
            self.say(f"Hint: {hint}")

    def do_why(self) -> None:
        if current := self._round.current:
            current.ask_why()
            flow = self._explained(current)
            self.say(flow.why() if flow else _no_pod(current))

    def do_reveal(self) -> None:
        current = self._round.current
        if current and not current.solved:
            current.show()
            self.say(f"No points for this one. {current.task.because}")

    def do_restart(self) -> None:
        with self._seat.changing("start over"):
            self.start_over()
        self._warn_of_files()
        self.say("Started over. Undo reverts this.")

    def do_end(self) -> None:
        """Ask for confirmation: the buttons become "finish" and "keep"."""
        self._asks_to_end = True
        self.say(f"End the round? {_LOSS}")

    def do_keep(self) -> None:
        self._asks_to_end = False

    def do_finish(self) -> None:
        self._asks_to_end = False
        self._round.end()
        self.say(f"The round is over: {self._score()}.")

    def do_another(self) -> None:
        following = self.round_id._replace(seed=self.round_id.seed % LAST_SEED + 1)
        self._take(_round(following, self._seat))
        self._seat.open_task = None
        self.content = {**self.content, "label": following.title}
        self.say(following.title)

    def _on_message(self, widget: object, message: Message, buffers: object) -> None:
        self._warning = ""
        wall = message.pop("wall", None)  # seconds on the page's clock, part of every message
        if isinstance(wall, int | float):
            self._round.clock(wall)
        super()._on_message(widget, message, buffers)

    # What it shows

    def refresh(self) -> None:
        challenge = self._round
        readings = challenge.update()
        self._keep_changes()
        current = challenge.current
        self.feedback = {
            "score": self._score(),
            "tasks": [self._listed(number, one) for number, one in enumerate(challenge.standings, 1)],
            "simulated": spell(sum(one.simulated for one in challenge.standings)),
            "real": sum(one.real for one in challenge.standings),
            "since": (challenge.wall or 0) if current and not current.is_over else 0,
            "owes": bool(current and current.is_over and not current.is_timed),
            "task": self._task(current, readings) if current else {},
            "warning": markup.inline(_LOSS if self._asks_to_end else self._warning),
            "end": markup.listed(map(standing.review, challenge.standings), "ol") if challenge.is_over else "",
            "buttons": self._buttons(),
            "news": [self._number_of_news, self._news],
        }
        if current:
            workbench(self._seat).open_task(current.task, readings, current.solved)

    def plain(self) -> str:
        tasks = [f"{number}. {markup.plain_text(one.task.text)}" for number, one in enumerate(self._round.standings, 1)]
        return "\n".join([self.round_id.title, _TO_DO, *tasks])

    def static_html(self) -> str:
        tasks = [
            markup.paragraphs(one.task.text) + markup.details("Evidence and solution", standing.solution(one.task))
            for one in self._round.standings
        ]
        return f"<p><b>{self.round_id.title}</b></p><p>{_TO_DO}</p>{markup.listed(tasks, 'ol')}"

    def say(self, words: str) -> None:
        """Have screen readers say `words` at the next refresh. The number tells a repeated sentence from an old one."""
        self._number_of_news += 1
        self._news = words.replace("`", "").replace("**", "")

    def _score(self) -> str:
        return f"{self._round.points} of {self._round.most_points} points"

    def start_over(self) -> str:
        """Set the open task up again, and return its title. `reset` in the terminal calls this, too (OpenTask)."""
        current = self._round.current
        assert current is not None, "only an open cluster has the button"
        self._round.set_up(current)
        return current.task.title

    def _warn_of_files(self) -> None:
        current = self._round.current
        workspace = self._seat.session.workspace
        if current and not all(map(workspace.exists, current.task.files)):
            self._warning = _BLOCKED.format(self.round_id.name)

    def _keep_changes(self) -> None:
        """Save the round and its score, and announce solved tasks, if anything but the time has changed."""
        challenge = self._round
        if challenge.marks == self._marks:
            return
        progress = self._seat.progress
        newer: Record = {}
        for one, before in zip(challenge.standings, self._marks, strict=True):
            if one.solved and not before.solved:
                self.say(f"Solved, {one.worth} points. {one.task.done}")
                newer = progress.shown(CLUSTER + one.task.id, one.help_taken)
        challenge.recall(progress.record())  # merges what another kernel has saved, so that `kept` loses nothing
        newer |= challenge.kept()
        if self.round_id.is_scored:
            newer["scores"] = {f"challenge-{self.round_id.seed}": [challenge.points, challenge.most_points]}
        progress.add(newer)
        self._marks = challenge.marks
        self._warning = progress.message or self._warning

    def _next(self) -> int:
        """The index of the next unfinished task, going round; if there is none, the index of the open task, or 0."""
        standings = self._round.standings
        here = standings.index(self._round.current) if self._round.current else -1
        numbers = [*range(here + 1, len(standings)), *range(here + 1)]
        return next((number for number in numbers if not standings[number].is_over), max(here, 0))

    def _listed(self, number: int, one: Standing) -> dict[str, Any]:
        state = standing.state(one)
        points = f", {one.worth} points" if one.solved else ""
        label = f"Task {number}: {one.task.title.replace('`', '')}, {state}{points}"
        return {"label": label, "state": state, "current": one is self._round.current}

    def _task(self, current: Standing, readings: tuple[Reading, ...]) -> dict[str, Any]:
        task = current.task
        number = self._round.standings.index(current) + 1
        is_gone = not current.is_over and not is_intact(task, self._seat.session)
        names = " and ".join(f"`{name}`" for name in task.files)
        files = f"{'Its files are' if len(task.files) > 1 else 'Its manifest is'} {names}."
        return {
            "title": markup.inline(f"Task {number}. {task.title}"),
            "html": markup.paragraphs(task.text) + markup.paragraphs(files),
            "goals": goal_lines(readings, current.solved),
            "advice": markup.inline(GONE if is_gone else self._round.advice()),
            "hints": [markup.inline(hint) for hint in task.hints[: current.hints]],
            "why": self._why_page(current) if current.why and not current.is_over else "",
            "over": f"<p><b>{standing.summary(current)}</b></p>{standing.solution(task)}" if current.is_over else "",
        }

    def _explained(self, current: Standing) -> Flow | None:
        """The flow of the task's first Pod with a failed pull, else of its first Pod; None without Pods."""
        cluster = self._seat.cluster
        namespace = current.task.namespaces[0]
        flows = [trace_flow(cluster, namespace, name_of(pod)) for pod in cluster.api.list(POD, namespace)]
        return next((flow for flow in flows if flow.cause), next(iter(flows), None))

    def _why_page(self, current: Standing) -> str:
        flow = self._explained(current)
        return why.page(Explained([flow], [], 0)) if flow else f"<p>{_no_pod(current)}</p>"

    def _buttons(self) -> list[Button]:
        current = self._round.current
        if self._asks_to_end:
            return [("finish", "Yes, end the round"), ("keep", "No, continue")]
        if self._round.is_over:
            return [] if self.round_id.is_review else [("another", "Another round")]
        if current is None:
            has_begun = any(any(marks) for marks in self._marks)
            return [("next", "Continue" if has_begun else "Start")]
        end: Button = ("end", "End the round")
        if current.is_over:
            return [("next", "Next task"), end]
        buttons: list[Button] = []
        if current.hints < len(current.task.hints):
            buttons.append(("hint", f"Hint (costs {HINT})"))
        if not current.why:
            buttons.append(("why", f"Why? (costs {WHY})"))
        buttons.append(("reveal", "Show the solution (no points)"))
        if self._round.standings[self._next()] is not current:
            buttons.append(("next", "Skip"))
        return [*buttons, AGAIN, end]


def _no_pod(current: Standing) -> str:
    return f"There is no Pod in {current.task.namespaces[0]}."


@cache
def _round(round_id: RoundId, seat: Seat) -> Round:
    """The round, one object for each id and seat in this kernel, begun from the saved progress if there is any."""
    challenge = Round(round_id, seat.session)
    challenge.recall(seat.progress.record())
    return challenge


def show(arguments: str, seat: Seat) -> None:
    """Display a round: `%challenge 2`, by default the first, or a small one by its name: `%challenge evidence 2`.

    Raises Refusal for unknown names and numbers.
    """
    asked = re.fullmatch(r"([a-z]*) ?([1-9][0-9]{0,3})?", arguments.strip())
    if not asked or asked[1] not in ("", *small_rounds()):
        raise Refusal(f"which round? %challenge ROUND, from 1 to {LAST_SEED} (not {arguments.strip()!r})")
    _display(RoundId(int(asked[2] or 1), asked[1]), seat)


def review(arguments: str, seat: Seat) -> None:
    """Ask quizzes again: those named (`%review ID ID`), else those of today's review and its broken cluster.

    Raises Refusal for an unknown id, and if nothing was answered yet.
    """
    quiz.recall(arguments, seat)
    if not arguments.strip():
        _display(RoundId.of_review(seat.progress.today()), seat)


@cache
def _cards(_seat: Seat) -> list[ChallengeCard]:
    """The cards of a seat: one mutable list for each seat, thanks to the cache. `_display` appends to it."""
    return []


def _display(round_id: RoundId, seat: Seat) -> None:
    """Display the card whose present round this is, or a new one. `do_another` changes the round of a card."""
    cards = _cards(seat)
    challenge_card = next((one for one in cards if one.round_id == round_id), None)
    if challenge_card is None:
        challenge_card = ChallengeCard(round_id, seat)
        cards.append(challenge_card)
    display(challenge_card)
