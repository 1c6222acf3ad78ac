"""Type the same lines into both kubectls, kubesim's and the real one, and show the answers that differ.

    python tools/differential.py [--count N] [--seed N]    N generated lines, 60 by default
    python tools/differential.py --file FILE               the lines of a file

Generated lines come from commandlines.py. Both kubectls begin with equal clusters. The answers are compared by the
rules of golden.py, and after a line that changes something, the objects in the clusters, too. A line that the real
kubectl doesn't answer in time is typed again, alone, at the end.

Which of two mistakes in a line is reported first is not compared: a line is left out if kubesim, without one or two of
its flags, reports what the real kubectl does.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial, reduce
from itertools import combinations, islice
from multiprocessing import get_context
from pathlib import Path
from typing import Literal, NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from kubesim import Session
from kubesim.api import load_yaml, resources
from kubesim.api.objects import Object
from kubesim.api.result import Result
from kubesim.shell import Invocation
from tools.commandlines import generate
from tools.golden import difference
from tools.realkubectl import RealSession

# Patterns for text that may differ, each with the text that replaces it in both answers.
_ALIKE = (
    (re.compile(r"(?<=/)(LIVE|MERGED)-\d+"), r"\1"),
    (re.compile(r"(?m)^((?:---|\+\+\+) /tmp/\S+)\t.*"), r"\1"),
    (re.compile(r'(?<=start exec ")[0-9a-f]{64}'), "<id>"),
    (re.compile(r"\beyJ[\w-]+\.eyJ[\w-]+\.[\w-]+"), "<token>"),  # its serial number and times differ
    (re.compile(r"/tmp/kubesim-\w+(?=/)"), "/workspace"),
    (re.compile(r"127\.0\.0\.1:\d+"), "127.0.0.1:6443"),
    (re.compile(r"(?m)^[IWEF]\d{4} \d\d:\d\d:\d\d\.\d+ +\d+ "), "<klog> "),
    # A wrong context or group has two wordings, depending on the step of the command that finds it first.
    (
        re.compile(r"Error in configuration: (?:\n\* )?context was not found for specified context: (\S+)(?:\n\* .*)*"),
        r'error: context "\1" does not exist',
    ),
    (re.compile(r"Error in configuration: requesting uid"), "error: requesting uid"),
)
# Wall-clock seconds after which the real kubectl is ended: beside other processes, and alone.
LONGEST, LONGEST_ALONE = 20.0, 60.0
# Lines that a process types at once.
CHUNK = 20
# Simulated seconds after which nothing changes in a cluster any more.
SETTLED = 90.0

# Lines that are not compared, by a pattern, with the reason.
LEFT_OUT = {
    r" (-h|--help)\b": "the prose of our help is our own",
    r"^kubectl( (create|create secret|set|rollout|auth|config))?$": "the prose of our help is our own",
    r" --edit-result": "a flag that only kubesim has, for its live terminal",
    r"^kubectl options ": "the prose of our help is our own",
    r"^kubectl api-resources .*(-o|--output)[ =]?wide": "what is served names no category of a type that can't be read",
    r"^kubectl config ": "each kubectl has a kubeconfig of its own",
    r"^kubectl create token ": "the served API issues none",
    r" --token\b": "here a certificate lets in, before any token; the served cluster has a token alone",
    r"^kubectl logs .*(-l |--selector=)'(!app|app!=web)'": "the order of the Pods is that of a map in Go",
    r"^kubectl logs (?=.*(denied| -p|--previous)).*( -f| --follow)": "how often it looks depends on the wall clock",
    r" --(follow|watch)(=t|=T|=1| |$)(?!.*--request-timeout)": "a real kubectl would never end",
}

# The files and lines that prepare a cluster.
_DATA = load_yaml(Path(__file__).with_suffix(".yaml"))
# Counts, ages and gaps, by which rows differ that are otherwise equal.
_AGE = re.compile(r"\(x\d+ over \w+\)|\b(\d+[smhd])+\b|\s")


class Outcome(NamedTuple):
    """The comparison of both answers to a line, with their difference if the verdict is "different".

    The verdict "absent" means that kubesim doesn't simulate something in the line, or that the line has two mistakes;
    "late" means that the real kubectl was ended before it answered.
    """

    line: str
    verdict: Literal["same", "different", "absent", "late"]
    difference: str = ""


class _Oracle(RealSession):
    """A session with the real kubectl, whose processes are ended after `longest` seconds.

    kubesim's own kubectl prepares the cluster, because it is faster.
    """

    def __init__(self) -> None:
        self._is_ready = self.was_ended = False
        self.longest = LONGEST
        super().__init__()
        prepare(self)
        self._is_ready = True

    def _run_kubectl(self, arguments: list[str], io: Invocation) -> int:
        run = super()._run_kubectl if self._is_ready else partial(Session._run_kubectl, self)
        return run(arguments, io)

    def _let_time_pass(self, process: subprocess.Popen[bytes], words: list[str]) -> None:
        limit = threading.Timer(self.longest, process.kill)
        limit.start()
        super()._let_time_pass(process, words)
        limit.cancel()
        self.was_ended = process.returncode < 0


def prepare(session: Session) -> None:
    """Create the files and objects that every line may use."""
    for name, text in _DATA["files"].items():
        session.write_file(name, text)
    for line in _DATA["setup"]:
        session.run(line)


def lines(count: int, seed: int) -> Iterator[str]:
    """`count` command lines that can be compared; the same for the same `seed`."""
    return islice((line for line in generate(seed) if not why_left_out(line)), count)


def why_left_out(line: str) -> str:
    """The reason in LEFT_OUT for a line, "" for a line to compare."""
    return next((why for pattern, why in LEFT_OUT.items() if re.search(pattern, line)), "")


def _fresh() -> Session:
    """A prepared session with kubesim's kubectl."""
    session = Session()
    prepare(session)
    return session


def _differ_in_time(one: Session, other: Session) -> bool:
    """True if simulated time passed in only one of the sessions."""
    return one.cluster.clock.now != other.cluster.clock.now


def _alike(line: str, text: str) -> str:
    """The answer `text` without the differences that two equal clusters may have."""
    for pattern, shown in _ALIKE:
        text = pattern.sub(shown, text)
    if re.search(r" --list\b|{\.\.", line):  # printed in the order of a map of Go, which is random
        return "\n".join(sorted(line.rstrip(",") for line in text.split("\n")))
    if re.search(r"^kubectl events| --sort-by", line):  # equal rows have a random order
        return "\n".join(sorted(text.split("\n"), key=lambda row: _AGE.sub("", row)))
    return text


def _difference(line: str, real: Result, ours: Result) -> str:
    """The difference between two results, "" for none. The order of the lines of stderr doesn't count."""
    parts = [difference(_alike(line, real.stdout), _alike(line, ours.stdout), "stdout")]
    theirs, own = ("\n".join(sorted(_alike(line, result.stderr).split("\n"))) for result in (real, ours))
    parts.append(difference(theirs, own, "stderr"))
    if real.exit_code != ours.exit_code:
        parts.append(f"exit status {real.exit_code} recorded, {ours.exit_code} by kubesim")
    return "".join(f"{part}\n" for part in parts if part)


def _has_other_mistake(line: str, answer: Result, got: Result) -> bool:
    """True if a line has two mistakes, of which kubesim reports another one than the real kubectl, or fewer.

    That is the case if kubesim answers as the real kubectl does, once one or two flags are removed from the line.
    """
    theirs, own = (
        {text.removeprefix("error: ") for text in _alike(line, result.stderr).split("\n")} for result in (answer, got)
    )
    if own < theirs:
        return True
    flags = re.findall(r" --?[a-z](?:'[^']*'|[^\s'])*(?: '[^']*'| [^-\s]\S*)?", line)
    for away in [*combinations(flags, 1), *combinations(flags, 2)]:
        shorter = reduce(lambda text, flag: text.replace(flag, "", 1), away, line)
        if not _difference(line, answer, _fresh().run(shorter)):
            return True
    return False


def _written(obj: Object) -> Object:
    """An object without the fields that depend on times and on the order of requests."""
    about = {key: value for key, value in obj["metadata"].items() if key not in ("resourceVersion", "uid")}
    return {**obj, "metadata": about, "status": None}


def objects(session: Session) -> str:
    """The objects of a cluster as JSON, without status, after SETTLED seconds."""
    session.advance(SETTLED)
    kept = [kind for kind in resources.RESOURCES if kind.kind not in ("Event", "Lease")]
    found = [_written(obj) for kind in kept for obj in session.cluster.api.list(kind)]
    return "\n".join(sorted(json.dumps(obj, indent=1, sort_keys=True) for obj in found))


class Pair:
    """Two equal sessions, one for each kubectl.

    They are closed after a line that changed something, or may have changed something; the next line gets new ones.
    """

    def __init__(self, longest: float = LONGEST) -> None:
        self._sessions: tuple[Session, _Oracle] | None = None
        self._longest = longest

    def compare(self, line: str) -> Outcome:
        """Type a line into both kubectls, and compare the answers and the clusters."""
        ours, real = self._sessions = self._sessions or (_fresh(), _Oracle())
        real.longest = self._longest
        before = ours.cluster.api.revision, real.cluster.api.revision
        got = ours.run(line)
        if "kubesim: " in got.stderr:
            self.close()
            return Outcome(line, "absent")
        answer = real.run(line)
        found = _difference(line, answer, got)
        if got.exit_code and answer.exit_code and found and _has_other_mistake(line, answer, got):
            self.close()
            return Outcome(line, "absent")
        if real.was_ended:
            self.close()
            return Outcome(line, "late")
        if before != (ours.cluster.api.revision, real.cluster.api.revision) or _differ_in_time(ours, real):
            found += difference(objects(real), objects(ours), "cluster")
            self.close()
        return Outcome(line, "different" if found else "same", found)

    def close(self) -> None:
        """End the sessions."""
        if self._sessions:
            self._sessions[1].__exit__(None, None, None)
        self._sessions = None


def _compared(typed: Iterable[str], longest: float = LONGEST) -> list[Outcome]:
    """The outcomes of lines that share sessions, as far as they change nothing."""
    pair = Pair(longest)
    try:
        return [pair.compare(line) for line in typed]
    finally:
        pair.close()


def compared(typed: Iterable[str], processes: int = 1) -> Iterator[Outcome]:
    """The outcome of each line. Late lines are tried again, alone, and come last."""
    every, late = list(typed), []
    chunks = [every[start : start + CHUNK] for start in range(0, len(every), CHUNK)]
    with ProcessPoolExecutor(processes, get_context("spawn")) as pool:
        for chunk in pool.map(_compared, chunks):
            late += [outcome.line for outcome in chunk if outcome.verdict == "late"]
            yield from (outcome for outcome in chunk if outcome.verdict != "late")
    yield from _compared(late, LONGEST_ALONE)


def main(words: Sequence[str]) -> int:
    """Compare lines and print the differences. The exit status is 1 if there are any."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=60)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--file", type=Path)
    parser.add_argument("--processes", type=int, default=2)
    asked = parser.parse_args(words)
    typed = lines(asked.count + asked.count // 10, asked.seed)  # a tenth more, because some can't be compared
    if asked.file:
        typed = iter(asked.file.read_text(encoding="utf-8").splitlines())
    count = Counter[str]()
    for outcome in compared(filter(None, typed), asked.processes):
        if count["same"] + count["different"] == asked.count and not asked.file:
            break
        count[outcome.verdict] += 1
        if outcome.difference:
            print(f"$ {outcome.line}\n{outcome.difference}", flush=True)
    all_compared = count["same"] + count["different"]
    left = f"{count['absent']} are not simulated or have two mistakes, {count['late']} were too slow"
    print(f"{count['same']} of {all_compared} lines answered the same; {left}")
    return int(count["different"] > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
