"""Quizzes and tasks as data, and the judge who says what is right and what is still missing."""

from kubesim.lessons.judge import begin, begun, check, judge, letter
from kubesim.lessons.loader import load_quizzes, load_tasks
from kubesim.lessons.model import Choice, Condition, Note, Quiz, Reply, Task, Verdict
from kubesim.lessons.progress import Progress

__all__ = [
    "Choice",
    "Condition",
    "Note",
    "Progress",
    "Quiz",
    "Reply",
    "Task",
    "Verdict",
    "begin",
    "begun",
    "check",
    "judge",
    "letter",
    "load_quizzes",
    "load_tasks",
]
