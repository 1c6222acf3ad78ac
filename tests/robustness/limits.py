"""Runs a piece of work in a process of its own, with bounds on its memory and its processor time."""

from __future__ import annotations

import os
import pickle
import resource
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

MEMORY = 300 * 1024 * 1024  # bytes, beside what the process has when it begins
SECONDS = 1.0  # of processor time
_DEAD = 8  # seconds of processor time after which the process is stopped


class Outcome(NamedTuple):
    """What came of it: the answer, or how it ended; seconds of processor time, and bytes of memory."""

    answer: str
    is_answered: bool
    seconds: float
    memory: int


def within_limits(work: Callable[[], str]) -> Outcome:
    """Do some work in a copy of this process; its answer is a text."""
    reader, writer = os.pipe()
    child = os.fork()
    if not child:
        os.close(reader)
        _work(work, writer)
    os.close(writer)
    with os.fdopen(reader, "rb") as stream:
        written = stream.read()
    _, status = os.waitpid(child, 0)
    if not written:
        return Outcome(f"ended with status {status}", False, _DEAD, 0)
    found: Outcome = pickle.loads(written)
    return found


def _work(work: Callable[[], str], writer: int) -> None:
    """Never returns."""
    resource.setrlimit(resource.RLIMIT_AS, (_size("VmSize") + MEMORY,) * 2)
    began, peak = time.process_time(), _size("VmHWM")
    resource.setrlimit(resource.RLIMIT_CPU, (int(began) + _DEAD,) * 2)
    answer, is_answered = "", True
    try:
        answer = work()
    except BaseException as error:
        answer, is_answered = f"{type(error).__name__}: {error}"[:300], False
    outcome = Outcome(answer[:2000], is_answered, time.process_time() - began, _size("VmHWM") - peak)
    with os.fdopen(writer, "wb") as stream:
        stream.write(pickle.dumps(outcome))
    os._exit(0)


def _size(name: str) -> int:
    """A size of this process in bytes, by its name in /proc/self/status."""
    found = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith(f"{name}:"))
    return int(found.split()[1]) * 1024
