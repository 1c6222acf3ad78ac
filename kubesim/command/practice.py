"""`kubesim practice`: a broken cluster with one cause of a failed pull, at the prompt."""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable, Iterator

from kubesim.command import fail
from kubesim.command.prompt import prompt
from kubesim.lessons.clusters import LAST_SEED, Broken
from kubesim.lessons.practice import practice_cluster, practices
from kubesim.lessons.task import all_hold, begin, check
from kubesim.session import Session
from kubesim.shell import Declaration, Invocation, Operands, Options

# The markup of the lessons' texts.
_MARKUP = re.compile(r"[`*]+")


def define(command: argparse.ArgumentParser) -> None:
    """Add the options."""
    command.description = (
        "Open a broken cluster at a prompt, to fix it in about three minutes. why names the cause that you have. The "
        f"causes: {', '.join(practices())}."
    )
    command.add_argument(
        "cause", nargs="?", default="", metavar="CAUSE", help="what is to be broken; without it, they are listed"
    )
    command.add_argument("--seed", type=_seed, default=1, metavar="N", help="other names for the same failure")


def _seed(text: str) -> int:
    if not (text.isdecimal() and 0 < int(text) <= LAST_SEED):
        raise argparse.ArgumentTypeError(f"a seed is a number from 1 to {LAST_SEED}")
    return int(text)


def run(options: argparse.Namespace) -> int:
    """Set up the broken cluster, and run lines until the learner leaves."""
    if not options.cause:
        print("\n".join(practices()))
        return 0
    try:
        broken = practice_cluster(options.cause, options.seed)
    except KeyError:
        return fail("there's no cluster for that cause; kubesim practice lists those that there are")
    session = Session()
    begin(broken, session)
    for name, tool in _help_commands(broken).items():
        session.shell.add(Declaration(name, "", example=name, most=0).tool(tool))
    print("\n".join(_opening(broken)), flush=True)
    return prompt(session, _fix_announcer(broken, session))


def _opening(broken: Broken) -> Iterator[str]:
    """The lines before the prompt: the task, and the commands for help."""
    yield f"{_plain(broken.title)}: about {broken.minutes} minutes"
    yield _plain(broken.text)
    yield "Type hint for a nudge, solution to see one, exit to leave."


def _fix_announcer(broken: Broken, session: Session) -> Callable[[], str]:
    """A function for `prompt` that returns a message once, when the cluster is fixed, and else ""."""
    is_told = False

    def after() -> str:
        nonlocal is_told
        if is_told or not all_hold(check(broken, session)):
            return ""
        is_told = True
        return f"\nFixed. {_plain(broken.because)}\nType exit to leave, or look around.\n"

    return after


def _help_commands(broken: Broken) -> dict[str, Callable[[Operands, Options, Invocation], int]]:
    """The functions of the commands hint and solution, by name."""
    hints = iter(broken.hints)

    def hint(operands: Operands, options: Options, io: Invocation) -> int:
        io.out(f"{_plain(next(hints, 'There are no more hints: solution shows how to fix it.'))}\n")
        return 0

    def solution(operands: Operands, options: Options, io: Invocation) -> int:
        io.out("".join(f"{line}\n" for line in broken.solution))
        return 0

    return {"hint": hint, "solution": solution}


def _plain(text: str) -> str:
    """A lesson's text without markup."""
    return _MARKUP.sub("", text)
