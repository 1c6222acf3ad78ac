"""The progress file in the workspace: a learner's answers, tasks and scores.

Several kernels may write the file. Each change reads it again, merges, and replaces it atomically.
"""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from itertools import chain, count

from kubesim.lessons.record import (
    MAX_SIZE,
    Answer,
    Contents,
    Record,
    answered,
    asked_again,
    blank,
    is_too_large,
    merge,
    read,
    sift,
    without_answer,
    write,
)
from kubesim.workspace import PROGRESS as FILE
from kubesim.workspace import Workspace

try:
    from fcntl import LOCK_EX, LOCK_NB, flock  # Python in a browser has fcntl without flock
except ImportError:  # Windows and the browser: no lock, so two kernels must not write in the same millisecond
    flock = None  # type: ignore[assignment]

PATIENCE = 2.0  # seconds to wait for the lock
# What follows a problem of the file, until something new is kept.
_WAITS = "It is set aside as soon as there is something new to keep."
_LEFT_ALONE = (
    "`.progress.json` was written by a later version of kubesim. "
    "This one reads what it knows of it, and leaves it alone: nothing new is kept."
)


class Progress:
    """A learner's progress. `today` returns the learner's own date as an ordinal day.

    A damaged or foreign file is renamed before the first write, and `message` says so. A file of a later version isn't
    changed. The methods `keep…`, `add`, `forget` and `take_in` return whether everything was written; if not, `message`
    says why.
    """

    def __init__(self, workspace: Workspace, today: Callable[[], int] = lambda: 0) -> None:
        self._workspace = workspace
        self.today = today
        self.message = ""  # about the last write, for the learner: "" or a sentence or two
        self._watchers: list[Callable[[], None]] = []

    def on_change(self, callback: Callable[[], None]) -> None:
        """Call `callback` after every write."""
        self._watchers.append(callback)

    def record(self) -> Record:
        with suppress(OSError):
            return self._read().record or blank()
        return blank()

    def is_done(self, task_id: str) -> bool:
        return task_id in self.record()["tasks"]

    def keep(self, quiz_id: str, answer: Answer) -> bool:
        """Store an answer, which the quiz's card shows from now on."""
        return self.add(answered({quiz_id: answer}))

    def forget(self, quiz_id: str) -> bool:
        """Remove the answer that the quiz's card shows."""
        return self._change(lambda record: without_answer(record, quiz_id))

    def keep_task(self, task_id: str, help_taken: int = 0) -> bool:
        return self.add({"tasks": {task_id: True}, **self.skill_entry(task_id, help_taken)})

    def keep_asked(self, question: str, right: bool, help_taken: int, answers: Mapping[str, Answer]) -> bool:
        """Store the result of asking a question again, and the `answers` that cards show, by quiz id."""
        asked = asked_again(self.record()["asked"].get(question), right, self.today())
        skill = self.skill_entry(question, help_taken) if right else {}
        return self.add({"asked": {question: asked}, **answered(answers), **skill})

    def skill_entry(self, name: str, help_taken: int) -> Record:
        """The entry to merge when a skill was shown today with so much help."""
        return {"shown": {name: [help_taken, self.today()]}}

    def add(self, newer: Record) -> bool:
        """Merge new entries into the file."""
        record, lost = sift(newer)
        if lost:
            self.message = "Your progress cannot be kept: a part of it is of no kind that `.progress.json` has."
            return False
        return self._change(lambda kept: merge(kept, record))

    def take_in(self, text: str | None) -> bool:
        """Merge the text of an older file; the present entries win. A damaged or foreign file changes nothing."""
        older = read(text)
        if older.trouble and not older.is_later:
            self.message = f"kubesim: the file {older.trouble}. Nothing was changed."
            return False
        return self._change(lambda record: merge(older.record or blank(), record))

    def notice(self) -> str:
        """A message about the file's present state: a problem, a file set aside earlier, or ""."""
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
        """Read the file. Raises OSError if it can't be opened."""
        if not self._workspace.exists(FILE):
            return Contents(blank())
        return read(self._workspace.read_text(FILE) if self._workspace.size(FILE) <= MAX_SIZE else None)

    def _change(self, change: Callable[[Record], Record]) -> bool:
        """Apply `change` to the file's record under the lock, and notify watchers. Returns success."""
        self.message = ""
        try:
            with _locked(self._workspace):
                kept = self._read()
                text = write(change(kept.record or blank()))
                if kept.is_later:
                    self.message = _LEFT_ALONE
                    return False
                if is_too_large(text):
                    self.message = "Your progress cannot be kept: with that, `.progress.json` is too large."
                    return False
                if kept.trouble:
                    self._set_aside(kept.trouble)
                self._replace(text)
        except OSError as error:
            self.message = _not_kept(error)
            return False
        for watcher in self._watchers:
            watcher()
        return True

    def _set_aside(self, trouble: str) -> None:
        """Rename a damaged or foreign file, and tell the learner."""
        names = chain(["progress-damaged.json"], (f"progress-damaged-{number}.json" for number in count(2)))
        free = next(name for name in names if not self._workspace.exists(f"/workspace/{name}"))
        self._workspace.rename(FILE, f"/workspace/{free}")
        self.message = f"`.progress.json` {trouble}. It is now `{free}`, and a new one holds what could be read."

    def _replace(self, text: str) -> None:
        """Write the file atomically. A draft that a crash left is overwritten."""
        draft = f"{FILE}.new"
        try:
            self._workspace.write_text(draft, text)
            self._workspace.rename(draft, FILE)
        except OSError:
            with suppress(OSError):
                self._workspace.remove(draft)
            raise


def _not_kept(error: OSError) -> str:
    return f"Your progress cannot be kept: `.progress.json` cannot be read or written ({error.strerror})."


@contextmanager
def _locked(workspace: Workspace) -> Iterator[None]:
    """A context that locks the folder against other kernels, if it can be locked.

    Raises BlockingIOError if another program keeps the lock for longer than PATIENCE.
    """
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
        except OSError:  # some file systems have no locks
            return
