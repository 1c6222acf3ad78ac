"""The card of `%challenge`: a round of broken clusters, one at a time, with two clocks, help for points and a review.

Points, clocks and rules are those of lessons.challenge.Round, and roundview.py says how a round looks. This module does
what the page asks. static/challenge.js sends its wall-clock time with each message. Every change but passing time is
written to the progress file.
"""

from __future__ import annotations

import re
from functools import cache

from IPython.display import display

from kubesim.jupyter import markup, quiz, roundview
from kubesim.jupyter.card import Card, Message, script, styles
from kubesim.jupyter.refusal import Refusal
from kubesim.jupyter.seat import Seat
from kubesim.jupyter.workbench import workbench
from kubesim.lessons.challenge import HINT, POINTS, WHY, Round
from kubesim.lessons.clusters import LAST_SEED, RoundId, small_rounds
from kubesim.lessons.record import Record
from kubesim.lessons.skills import CLUSTER

_RULES = (
    f"Each broken cluster is worth {POINTS} points. A hint costs {HINT} of them. `why` costs {WHY}, here and in the "
    "terminal, and `%flow` counts as `why`. A task whose solution you look at earns none. Time costs nothing: the "
    "clocks only show how long you took. The checks run after each command."
)
_UNSCORED = f"{roundview.TO_DO} These points don't count, and the checks run after each command."
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
        self._show_round(_round(round_id, seat))
        self._news = (0, "")  # the number and the words of the last announcement for a screen reader
        self._asks_to_end = False  # the card asks for confirmation to end the round
        self._warning = ""  # shown until the next message
        rules = _RULES if round_id.is_scored else _UNSCORED
        super().__init__(seat, content={"label": round_id.title, "html": markup.paragraphs(rules)})
        seat.on_change(self.refresh)
        self.refresh()

    def _show_round(self, challenge: Round) -> None:
        self._round = challenge
        self._marks = challenge.marks  # the marks at the last save; `_save_changes` compares them and saves

    @property
    def round_id(self) -> RoundId:
        return self._round.id

    # Messages of the page

    def do_open(self, number: int) -> None:
        """Open a task by its index. It is set up the first time, and no step of `undo` goes back before it."""
        title = self._round.standings[number].task.title
        self.announce(f"Task {number + 1} of {len(self._round.standings)}: {title}")
        with self._seat.changing():
            if self._seat.open_round:
                self._seat.open_round.leave()  # stops its clocks and the charge for `why`; `open` starts both again
            self._seat.open_round = self._round
            self._round.open(number)
        self._seat.history.limit_undo(title)
        self._seat.skip_pause()
        self._seat.open_task = self
        self._warn_of_files()

    def do_next(self) -> None:
        self.do_open(roundview.next_task(self._round))

    def do_hint(self) -> None:
        current = self._round.current
        if current and (hint := current.take_hint()):
            self.announce(f"Hint: {hint}")

    def do_why(self) -> None:
        if current := self._round.current:
            current.ask_why()
            flow = roundview.flow_to_explain(self._seat.cluster, current)
            self.announce(flow.why() if flow else roundview.no_pod_sentence(current))

    def do_reveal(self) -> None:
        current = self._round.current
        if current and not current.solved:
            current.show()
            self.announce(f"No points for this one. {current.task.because}")

    def do_restart(self) -> None:
        with self._seat.changing("start over"):
            self.start_over()
        self._warn_of_files()
        self.announce("Started over. Undo reverts this.")

    def do_end(self) -> None:
        """Ask for confirmation: the buttons become "finish" and "keep"."""
        self._asks_to_end = True
        self.announce(f"End the round? {_LOSS}")

    def do_keep(self) -> None:
        self._asks_to_end = False

    def do_finish(self) -> None:
        self._asks_to_end = False
        self._round.end()
        self.announce(f"The round is over: {roundview.score(self._round)}.")

    def do_another(self) -> None:
        """Show the next round on this card."""
        following = self.round_id._replace(seed=self.round_id.seed % LAST_SEED + 1)
        self._show_round(_round(following, self._seat))
        self._seat.open_task = None
        self.content = {**self.content, "label": following.title}
        self.announce(following.title)

    def _on_message(self, widget: object, message: Message, buffers: object) -> None:
        self._warning = ""
        wall = message.pop("wall", None)  # seconds on the page's clock, part of every message
        if isinstance(wall, int | float):
            self._round.add_real_time(wall)
        super()._on_message(widget, message, buffers)

    # The view

    def refresh(self) -> None:
        challenge = self._round
        readings = challenge.update()
        self._save_changes()
        current = challenge.current
        self.feedback = {
            **roundview.feedback(challenge, readings, self._seat, self._asks_to_end),
            "warning": markup.inline(_LOSS if self._asks_to_end else self._warning),
            "news": list(self._news),
        }
        if current:
            workbench(self._seat).open_task(current.task, readings, current.solved)

    def plain(self) -> str:
        return roundview.plain(self._round)

    def static_html(self) -> str:
        return roundview.static_html(self._round)

    def announce(self, words: str) -> None:
        """Have screen readers say `words` at the next refresh. The number tells a repeated sentence from an old one."""
        self._news = (self._news[0] + 1, words.replace("`", "").replace("**", ""))

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

    def _save_changes(self) -> None:
        """Save the round and its score, and announce solved tasks, if anything but the time has changed."""
        challenge = self._round
        if challenge.marks == self._marks:
            return
        progress = self._seat.progress
        newer: Record = {}
        for standing, before in zip(challenge.standings, self._marks, strict=True):
            if standing.solved and not before.solved:
                self.announce(f"Solved, {standing.worth} points. {standing.task.done}")
                newer = progress.skill_entry(CLUSTER + standing.task.id, standing.help_taken)
        challenge.recall(progress.record())  # merges what another kernel has saved, so that `kept` loses nothing
        newer |= challenge.kept()
        if self.round_id.is_scored:
            newer["scores"] = {f"challenge-{self.round_id.seed}": [challenge.points, challenge.most_points]}
        progress.add(newer)
        self._marks = challenge.marks
        self._warning = progress.message or self._warning


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
    quiz.show_review(arguments, seat)
    if not arguments.strip():
        _display(RoundId.of_review(seat.progress.today()), seat)


@cache
def _cards(_seat: Seat) -> list[ChallengeCard]:
    """The cards of a seat: one mutable list for each seat, thanks to the cache. `_display` appends to it."""
    return []


def _display(round_id: RoundId, seat: Seat) -> None:
    """Display the card whose present round this is, or a new one. `do_another` changes the round of a card."""
    cards = _cards(seat)
    challenge_card = next((card for card in cards if card.round_id == round_id), None)
    if challenge_card is None:
        challenge_card = ChallengeCard(round_id, seat)
        cards.append(challenge_card)
    display(challenge_card)
