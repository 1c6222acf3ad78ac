"""What a learner has done, when, and with how much help, kept in one small file of the workspace.

Several kernels may write the file: each change reads it again, adds to it, and replaces it in one step.
"""

from __future__ import annotations

import errno
import json
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import date
from itertools import chain, count
from typing import Any, NamedTuple

from kubesim.workspace import PROGRESS as FILE
from kubesim.workspace import Workspace

try:
    from fcntl import LOCK_EX, LOCK_NB, flock  # a browser's fcntl has no flock
except ImportError:  # Windows and the browser: without a lock, two kernels must not write in the same millisecond
    flock = None  # type: ignore[assignment]

MARK = "kubesim-progress"
VERSION = 4
OLDEST = 2  # a file of version 2 lacks `asked`, `shown` and `clusters`; one of version 3 lacks `clusters`
MAX_SIZE = 4_000_000  # bytes; a learner who answers everything, often, fills a hundredth of it
LONGEST_ANSWER = 2000  # characters
PATIENCE = 2.0  # seconds for which a lock is waited for
_LONGEST_LIST = 200  # numbers in an answer, or different answers to one question
_WAITS = "It is set aside as soon as there is something new to keep."
_LEFT_ALONE = (
    "`.progress.json` was written by a later version of kubesim. "
    "This one reads what it knows of it, and leaves it alone: nothing new is kept."
)

INTERVALS = (1, 3, 7, 21)
"""Days until a question is due for review: after a wrong answer, and after one, two and more right ones in time."""
REVEALED = 99
"""More help than any number of hints: the answer was shown."""
_LAST_DAY = date.max.toordinal() - max(INTERVALS)

Answer = str | Sequence[int]
Record = dict[str, dict[str, Any]]
"""Entries by section and id; `_SECTIONS` says what each section holds. Days are those of `date.toordinal`."""


class Contents(NamedTuple):
    """What a file holds, as far as it can be read (None: nothing of it), and what's wrong with it, after "The file …".

    There is nothing wrong with a file of a later version, but for what this one doesn't know.
    """

    record: Record | None
    trouble: str = ""
    is_later: bool = False


def _is_list(value: object, check: Callable[[Any], bool]) -> bool:
    return isinstance(value, list) and len(value) <= _LONGEST_LIST and all(map(check, value))


def _is_numbers(value: object) -> bool:
    return _is_list(value, lambda number: type(number) is int and abs(number) < 1 << 31)


def _is_text(value: str) -> bool:
    return len(value) <= LONGEST_ANSWER and value == value.encode(errors="replace").decode()


def _is_answer(value: object) -> bool:
    return _is_text(value) if isinstance(value, str) else _is_numbers(value)


def _is_counts(value: Any, length: int = 2) -> bool:
    return _is_numbers(value) and len(value) == length and min(value) >= 0


def _all_given(older: list[Answer], newer: list[Answer]) -> list[Answer]:
    """Every answer once. Of too many the first stays, which counts as the first try, and the last ones."""
    answers: list[Answer] = []
    for answer in [*older, *newer]:
        if answer not in answers:
            answers.append(answer)
    first, others = answers[:1], answers[1:]
    return first + others[1 - _LONGEST_LIST :]


class Section(NamedTuple):
    """What entries a section has. Merging twice changes nothing, and loses nothing that was reached.

    Only of `answers` and `given` it matters which entry is older.
    """

    accepts: Callable[[Any], bool]  # whether a value can be an entry
    merged: Callable[[Any, Any], Any]  # what is kept of an older and a newer entry


_SECTIONS = {
    # the answer that a card shows
    "answers": Section(_is_answer, lambda _older, newer: newer),
    # every different answer that was given to a quiz
    "given": Section(lambda value: _is_list(value, _is_answer), _all_given),
    # True for a task that was solved
    "tasks": Section(lambda value: value is True, lambda _older, newer: newer),
    # [points, of how many]
    "scores": Section(
        lambda value: _is_counts(value) and value[0] <= value[1],
        lambda older, newer: max(older, newer, key=lambda score: (score[0], -score[1])),
    ),
    # [the day when a question was last asked, which of the INTERVALS follows]
    "asked": Section(
        lambda value: _is_counts(value) and value[0] <= _LAST_DAY and value[1] < len(INTERVALS),
        lambda older, newer: max(older, newer, key=lambda asked: (asked[0], -asked[1])),
    ),
    # [the least help with which it was answered or solved: hints or REVEALED, the day]
    "shown": Section(lambda value: _is_counts(value) and value[1] <= _LAST_DAY, min),
    # what a challenge keeps of a broken cluster of its round: `Standing.kept`
    "clusters": Section(lambda value: _is_counts(value, 6), max),
}


def blank() -> Record:
    return {name: {} for name in _SECTIONS}


def merge(older: Record, newer: Record) -> Record:
    merged = blank()
    for name, section in _SECTIONS.items():
        before = older.get(name, {})
        after = newer.get(name, {})
        both = {key: section.merged(before[key], after[key]) for key in before.keys() & after.keys()}
        merged[name] = dict(sorted({**before, **after, **both}.items()))
    return merged


def write(record: Record) -> str:
    return json.dumps({MARK: VERSION, **record}, separators=(",", ":")) + "\n"


def read(text: str | None) -> Contents:
    """What a file with this text holds; None is for one that is too large to be opened."""
    if text is None or _is_too_large(text):
        return Contents(None, "is too large")
    try:
        content = json.loads(text.removeprefix("\ufeff"))
    except (ValueError, RecursionError):
        return Contents(None, "is damaged: it does not hold JSON")
    if not isinstance(content, dict) or type(content.get(MARK)) is not int or content[MARK] < OLDEST:
        return Contents(None, "is not a progress file of kubesim's")
    version = content.pop(MARK)
    record, lost = sift(content)
    if version > VERSION:
        return Contents(record, "was written by a later version of kubesim", is_later=True)
    return Contents(record, f"is damaged: {lost} of its entries cannot be read" if lost else "")


def _is_too_large(text: str) -> bool:
    return len(text) > MAX_SIZE or len(text.encode(errors="replace")) > MAX_SIZE


def sift(sections: dict[str, Any]) -> tuple[Record, int]:
    """What can be kept of some sections, and how many entries cannot."""
    record = blank()
    lost = 0
    for name, entries in sections.items():
        if name not in _SECTIONS or not isinstance(entries, dict):
            lost += 1
            continue
        accepts = _SECTIONS[name].accepts
        record[name] = {key: value for key, value in entries.items() if _is_text(key) and accepts(value)}
        lost += len(entries) - len(record[name])
    return record, lost


class Progress:
    """A learner's answers, tasks and scores. `today` is the day on the learner's own calendar.

    A file that is damaged, or not ours, is renamed before the first write, and `message` says so; one of a later
    version stays as it is. Every `keep…` returns whether all of it was written; if not, `message` says why.
    """

    def __init__(self, workspace: Workspace, today: Callable[[], int] = lambda: 0) -> None:
        self._workspace = workspace
        self.today = today
        self.message = ""
        """What to show the learner about the last write: nothing, or a sentence or two."""

    def record(self) -> Record:
        with suppress(OSError):
            return self._read().record or blank()
        return blank()

    def is_done(self, task_id: str) -> bool:
        return task_id in self.record()["tasks"]

    def keep(self, quiz_id: str, answer: Answer | None) -> bool:
        """Keep `answer` as the one to show; None shows none again. That it was given stays known."""
        if answer is None:
            return self._change(lambda record: _without(record, quiz_id))
        return self.add(_answered({quiz_id: answer}))

    def keep_task(self, task_id: str, help_taken: int = 0) -> bool:
        return self.add({"tasks": {task_id: True}, **self.shown(task_id, help_taken)})

    def keep_asked(self, question: str, right: bool, help_taken: int, answers: Mapping[str, Answer]) -> bool:
        """Keep that a question was asked today, and whether rightly answered; and the `answers` to show, by quiz id."""
        asked = _next(self.record()["asked"].get(question), right, self.today())
        skill = self.shown(question, help_taken) if right else {}
        return self.add({"asked": {question: asked}, **_answered(answers), **skill})

    def shown(self, name: str, help_taken: int) -> Record:
        """What to add when something was shown today, with that much help."""
        return {"shown": {name: [help_taken, self.today()]}}

    def add(self, newer: Record) -> bool:
        record, lost = sift(newer)
        if lost:
            self.message = "Your progress cannot be kept: a part of it is of no kind that `.progress.json` has."
            return False
        return self._change(lambda kept: merge(kept, record))

    def take_in(self, text: str | None) -> bool:
        """Merge what was downloaded earlier, unless it is damaged or no progress file: then nothing is changed."""
        older = read(text)
        if older.trouble and not older.is_later:
            self.message = f"kubesim: the file {older.trouble}. Nothing was changed."
            return False
        return self._change(lambda record: merge(older.record or blank(), record))

    def notice(self) -> str:
        """What to show about the file before a write: nothing, or what is wrong with it, or what was set aside once."""
        try:
            _, trouble, is_later = self._read()
            names = self._workspace.listdir("/workspace")
        except OSError as error:
            return _not_kept(error)
        if trouble:
            return _LEFT_ALONE if is_later else f"`.progress.json` {trouble}. {_WAITS}"
        aside = [name for name in names if name.startswith("progress-damaged")]
        return f"Set aside in your files, because kubesim could not read it: `{'`, `'.join(aside)}`." if aside else ""

    def _read(self) -> Contents:
        """The content of the file. OSError where it cannot be opened."""
        if not self._workspace.exists(FILE):
            return Contents(blank())
        return read(self._workspace.read_text(FILE) if self._workspace.size(FILE) <= MAX_SIZE else None)

    def _change(self, change: Callable[[Record], Record]) -> bool:
        self.message = ""
        try:
            with _alone(self._workspace):
                kept = self._read()
                text = write(change(kept.record or blank()))
                if kept.is_later:
                    self.message = _LEFT_ALONE
                    return False
                if _is_too_large(text):
                    self.message = "Your progress cannot be kept: with that, `.progress.json` is too large."
                    return False
                if kept.trouble:
                    self._set_aside(kept.trouble)
                self._replace(text)
        except OSError as error:
            self.message = _not_kept(error)
            return False
        return True

    def _set_aside(self, trouble: str) -> None:
        names = chain(["progress-damaged.json"], (f"progress-damaged-{number}.json" for number in count(2)))
        free = next(name for name in names if not self._workspace.exists(f"/workspace/{name}"))
        self._workspace.rename(FILE, f"/workspace/{free}")
        self.message = f"`.progress.json` {trouble}. It is now `{free}`, and a new one holds what could be read."

    def _replace(self, text: str) -> None:
        """Write the file in one step; a draft that a crash has left is overwritten."""
        draft = f"{FILE}.new"
        try:
            self._workspace.write_text(draft, text)
            self._workspace.rename(draft, FILE)
        except OSError:
            with suppress(OSError):
                self._workspace.remove(draft)
            raise


def _answered(answers: Mapping[str, Answer]) -> Record:
    kept = {name: _bounded(answer) for name, answer in answers.items()}
    return {"answers": kept, "given": {name: [answer] for name, answer in kept.items()}}


def _bounded(answer: Answer) -> Answer:
    """An answer that can be kept: not too long, and without half a character, which no file can hold."""
    if isinstance(answer, str):
        return answer[:LONGEST_ANSWER].encode(errors="replace").decode()
    return list(answer)


def _next(asked: list[int] | None, right: bool, today: int) -> list[int]:
    """When a question was last asked, and its place among the INTERVALS; a right answer counts only when it was due."""
    if not right:
        return [today, 0]
    day, place = asked or (today - INTERVALS[0], 0)
    if day + INTERVALS[place] > today:
        return [day, place]
    return [today, min(place + 1, len(INTERVALS) - 1)]


def _without(record: Record, quiz_id: str) -> Record:
    answers = {key: answer for key, answer in record["answers"].items() if key != quiz_id}
    return {**record, "answers": answers}


def _not_kept(error: OSError) -> str:
    return f"Your progress cannot be kept: `.progress.json` cannot be read or written ({error.strerror})."


@contextmanager
def _alone(workspace: Workspace) -> Iterator[None]:
    """Lock the folder against other kernels; where folders cannot be locked, do without. Raises OSError."""
    handle = None
    try:
        with suppress(OSError):
            handle = os.open(workspace.root, os.O_RDONLY)
        if handle is not None and flock is not None:
            _lock(handle)
        yield
    finally:
        if handle is not None:
            os.close(handle)


def _lock(folder: int) -> None:
    ends = time.monotonic() + PATIENCE
    while True:
        try:
            flock(folder, LOCK_EX | LOCK_NB)
            return
        except BlockingIOError:
            if time.monotonic() > ends:
                raise BlockingIOError(errno.EAGAIN, "another program has locked the folder") from None
            time.sleep(0.01)
        except OSError:  # not every file system can
            return
