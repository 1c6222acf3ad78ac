"""The small quizzes and tasks of examples.yaml, by id."""

from pathlib import Path

from kubesim.api import load_yaml, typed
from kubesim.lessons.quiz import Quiz
from kubesim.lessons.task import Task

_FOUND = load_yaml(Path(__file__).with_suffix(".yaml"))
QUIZZES = {entry["id"]: typed.read(Quiz, entry) for entry in _FOUND["quizzes"]}
TASKS = {entry["id"]: typed.read(Task, entry) for entry in _FOUND["tasks"]}
