"""Quizzes and tasks as data, what is right and what is still missing, and what a learner has done."""

from kubesim.lessons.goal import Condition, Reading
from kubesim.lessons.loader import load_quizzes, load_tasks
from kubesim.lessons.progress import Progress
from kubesim.lessons.quiz import Choice, Note, Quiz, Reply, Verdict, judge, letter
from kubesim.lessons.task import Mistake, Pair, Task, begin, beside, check, is_intact, is_started, solve

__all__ = ["Choice", "Condition", "Mistake", "Note", "Pair", "Progress", "Quiz", "Reading", "Reply", "Task", "Verdict"]
__all__ += ["begin", "beside", "check", "is_intact", "is_started", "judge", "letter"]
__all__ += ["load_quizzes", "load_tasks", "solve"]
