"""Quizzes and tasks as data, what is right and what is still missing, and what a learner has done."""

from kubesim.lessons.beside import Pair, beside
from kubesim.lessons.goal import Condition, Reading
from kubesim.lessons.judge import judge, letter
from kubesim.lessons.loader import load_quizzes, load_tasks
from kubesim.lessons.progress import Progress
from kubesim.lessons.quiz import Choice, Note, Quiz, Reply, Verdict
from kubesim.lessons.task import Mistake, Task, begin, begun, check, intact, solve

__all__ = [
    "Choice",
    "Condition",
    "Mistake",
    "Note",
    "Pair",
    "Progress",
    "Quiz",
    "Reading",
    "Reply",
    "Task",
    "Verdict",
    "begin",
    "begun",
    "beside",
    "check",
    "intact",
    "judge",
    "letter",
    "load_quizzes",
    "load_tasks",
    "solve",
]
