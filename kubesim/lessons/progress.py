"""Keeps a learner's quiz answers in a small file of the workspace, so that they survive a restart of the kernel."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from kubesim.workspace import Workspace

FILE = "/workspace/.progress.json"
_MARK = "kubesim-progress"

Answer = str | Sequence[int]


class Progress:
    """The answers given so far, by the quiz's id. A file that is not ours, or broken, is left as it is."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    def recall(self, quiz_id: str) -> Answer | None:
        """The answer kept for a quiz, or None."""
        answer = (self._read() or {}).get(quiz_id)
        if isinstance(answer, list) and all(type(number) is int for number in answer):
            return answer
        return answer if isinstance(answer, str) else None

    def keep(self, quiz_id: str, answer: Answer | None) -> bool:
        """Keep `answer` (None: forget it). Return False where the file is not ours or cannot be written."""
        answers = self._read()
        if answers is None:
            return False
        answers[quiz_id] = answer if answer is None or isinstance(answer, str) else list(answer)
        kept = {key: value for key, value in answers.items() if value is not None}
        try:
            self._workspace.write_text(FILE, json.dumps({_MARK: 1, "answers": kept}, indent=1) + "\n")
        except OSError:
            return False
        return True

    def _read(self) -> dict[str, Any] | None:
        """What is kept: nothing yet where there is no file, None where a file is there that we cannot make out."""
        try:
            if not self._workspace.exists(FILE):
                return {}
            found = json.loads(self._workspace.read_text(FILE))
        except (OSError, ValueError, RecursionError):
            return None
        ours = isinstance(found, dict) and found.get(_MARK) == 1 and isinstance(found.get("answers"), dict)
        return found["answers"] if ours else None
