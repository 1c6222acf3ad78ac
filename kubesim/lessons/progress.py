"""Keeps what a learner has done in one small file of the workspace, so that it survives a restart of the kernel.

Several kernels may write the file: each change reads it anew, adds to it, and replaces it in one step.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from itertools import count

from kubesim.lessons.record import (
    LONGEST_ANSWER,
    MAX_SIZE,
    Answer,
    Record,
    RecordError,
    blank,
    merge,
    read,
    sift,
    write,
)
from kubesim.workspace import Workspace

try:
    import fcntl
except ImportError:  # Windows and the browser: without a lock, two kernels must not write in the same millisecond
    fcntl = None  # type: ignore[assignment]

FILE = "/workspace/.progress.json"


class Progress:
    """A learner's answers, tasks and scores.

    A file that is damaged, or not ours, is set aside under another name before the first write; `said` tells of it.
    Every `keep…` returns whether the file could be written; where not, `said` says why.
    """

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self.said = ""
        """What the learner should hear about the last write: nothing, or a sentence or two."""

    def record(self) -> Record:
        """All that is kept, as far as it can be read."""
        try:
            return self._look()[0]
        except OSError:
            return blank()

    def recall(self, quiz_id: str) -> Answer | None:
        """The answer kept for a quiz, or None."""
        answer: Answer | None = self.record()["answers"].get(quiz_id)
        return answer

    def is_done(self, task_id: str) -> bool:
        """Whether a task was reached once."""
        return task_id in self.record()["tasks"]

    def keep(self, quiz_id: str, answer: Answer | None) -> bool:
        """Keep `answer` as the one to show; None shows none again. That it was given stays known."""
        if answer is None:
            return self._change(lambda record: _without(record, quiz_id))
        kept = answer[:LONGEST_ANSWER] if isinstance(answer, str) else list(answer)
        return self.add({"answers": {quiz_id: kept}, "given": {quiz_id: [kept]}})

    def keep_task(self, task_id: str) -> bool:
        """Keep that a task was reached. It stays reached."""
        return self.add({"tasks": {task_id: True}})

    def keep_score(self, challenge_id: str, points: int, of: int) -> bool:
        """Keep a score, 0 <= points <= of, if it is the best so far in that challenge."""
        return self.add({"scores": {challenge_id: [points, of]}})

    def add(self, newer: Record) -> bool:
        """Merge a record into what is kept, but for entries that could not be read again."""
        return self._change(lambda record: merge(record, sift(newer)[0]))

    def take_in(self, text: str) -> bool:
        """Merge what was downloaded earlier. Raise RecordError, and change nothing, where that is no progress file."""
        older, lost = read(text)
        if lost:
            raise RecordError(f"is damaged: {lost} of its entries cannot be read")
        return self._change(lambda record: merge(older, record))

    def notice(self) -> str:
        """What is to be said of the file before anybody writes: nothing, or what is wrong, or was once set aside."""
        try:
            trouble = self._look()[1]
        except OSError as error:
            return _not_kept(error)
        if trouble:
            return f"`.progress.json` {trouble}. It is set aside as soon as there is something new to keep."
        aside = [name for name in self._workspace.listdir("/workspace") if name.startswith("progress-damaged")]
        return f"Set aside in your files, because kubesim could not read it: `{'`, `'.join(aside)}`." if aside else ""

    def _look(self) -> tuple[Record, str]:
        """What is kept, and what is wrong with the file, if anything. OSError where it cannot be opened."""
        if not self._workspace.exists(FILE):
            return blank(), ""
        if self._workspace.size(FILE) > MAX_SIZE:
            return blank(), "is too large"
        try:
            record, lost = read(self._workspace.read_text(FILE))
        except RecordError as error:
            return blank(), str(error)
        return record, f"is damaged: {lost} of its entries cannot be read" if lost else ""

    def _change(self, change: Callable[[Record], Record]) -> bool:
        self.said = ""
        try:
            with _alone(self._workspace):
                record, trouble = self._look()
                if trouble:
                    self._set_aside(trouble)
                self._replace(write(change(record)))
        except OSError as error:
            self.said = _not_kept(error)
            return False
        return True

    def _set_aside(self, trouble: str) -> None:
        names = ("progress-damaged" + (f"-{number}" if number > 1 else "") + ".json" for number in count(1))
        free = next(name for name in names if not self._workspace.exists(f"/workspace/{name}"))
        self._workspace.rename(FILE, f"/workspace/{free}")
        self.said = f"`.progress.json` {trouble}. It is now `{free}`, and a new one holds what could be read."

    def _replace(self, text: str) -> None:
        """Write all of the text or, whatever happens meanwhile, nothing of it."""
        draft = f"{FILE}.{os.getpid()}"
        try:
            self._workspace.write_text(draft, text)
            self._workspace.rename(draft, FILE)
        except OSError:
            with suppress(OSError):
                self._workspace.remove(draft)
            raise


def _without(record: Record, quiz_id: str) -> Record:
    answers = {key: answer for key, answer in record["answers"].items() if key != quiz_id}
    return {**record, "answers": answers}


def _not_kept(error: OSError) -> str:
    return f"Your progress cannot be kept: `.progress.json` cannot be read or written ({error.strerror})."


@contextmanager
def _alone(workspace: Workspace) -> Iterator[None]:
    """Keep other kernels waiting for as long as this lasts; where folders cannot be locked, do without."""
    handle = None
    with suppress(OSError, AttributeError):
        handle = os.open(workspace.root, os.O_RDONLY)
        fcntl.flock(handle, fcntl.LOCK_EX)
    try:
        yield
    finally:
        if handle is not None:
            os.close(handle)
