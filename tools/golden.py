"""Play recordings of a real cluster against kubesim and show what differs.

    python tools/golden.py [NAME ...]    play the named recordings, or all in tests/golden and its folders
    python tools/golden.py real [NAME …] the same with the real kubectl, which talks to the served cluster;
                                         it doesn't play those in folders
    python tools/golden.py table         write docs/fidelity.md, how many commands agree, and the figure of README
    python tools/golden.py add FILE ...  check the form of new recordings, and copy them into tests/golden

Uids, times, addresses and everything else that differs between two clusters is masked on both sides. Column gaps are
compared exactly, unless a masked word in the output may have moved the columns. The lines under `Events:` are compared
without their order, because a real kubelet's order within a second is random.
"""

from __future__ import annotations

import difflib
import re
import shutil
import sys
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

from kubesim.api import load_yaml

FOLDER = Path(__file__).resolve().parent.parent / "tests" / "golden"
# Recordings of pulls that fail for other reasons than credentials, of other subjects than pulls, and of commands around
# a pull.
FAILURES, BREADTH, PULLS = FOLDER / "failures", FOLDER / "breadth", FOLDER / "pulls"
# Folders that only kubesim's kubectl plays: the real one would wait, or print what depends on chance.
OWN = (FAILURES, BREADTH, PULLS)
# The registries and images with which the recordings were made.
WORLD = FOLDER / "registries.yaml"
# The page that `table` writes, its template, and README with its figure.
PAGE = FOLDER.parent.parent / "docs" / "fidelity.md"
TEMPLATE = Path(__file__).with_name("fidelity.md")
README = PAGE.parent.parent / "README.md"
README_FIGURE = re.compile(r"\*\*\d+ of \d+\*\* commands in \d+ recorded sessions")
sys.path.insert(0, str(FOLDER.parent.parent))

from kubesim import Session  # noqa: E402 (kubesim need not be installed)
from tools.realkubectl import RealSession  # noqa: E402

Recording = dict[str, Any]

# Recorded commands that kubesim answers differently, by recording, each with the reason.
KNOWN: dict[str, dict[str, str]] = load_yaml(Path(__file__).with_name("known.yaml"))

# Commands that the real kubectl answers differently, and kubesim's doesn't: its cluster has another address and another
# credential. In the form of KNOWN.
ONLY_REAL = {
    "context-and-cluster": {
        "kubectl config view": "the served cluster has a port of its own, and a token lets in",
        "kubectl cluster-info": "the served cluster has a port of its own",
    },
}
# The known differences of the real kubectl, in the form of KNOWN.
KNOWN_REAL = {
    **ONLY_REAL,
    **KNOWN,
    # kubesim's kubectl lacks the command; the served API answers what the real one asks for it.
    "formats": {
        line: why for line, why in KNOWN.get("formats", {}).items() if not line.startswith("kubectl api-resources")
    },
}

# An age such as 5m3s, and a letter of a generated name, in a regular expression.
_AGE = r"(?:\d+(?:\.\d+)?(?:ms|µs|[smhd]))+"
_ID = "[bcdfghjklmnpqrstvwxz2456789]"
# Patterns for text that differs between clusters, each with the text that replaces it.
_MASKS = [
    (re.compile(pattern), shown)
    for pattern, shown in (
        (r"\b[IWEF]\d{4} \d\d:\d\d:\d\d\.\d{6} +\d+ (\w+\.go):\d+\]", r"<klog \1>"),
        (r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b", "<uid>"),
        (r"(?<=sha256:)[0-9a-f]{12,64}", "<digest>"),
        (r"\b[0-9a-f]{64}\b", "<container>"),
        (r"(resourceVersion\"?: ?)\"?\d+\"?", r"\1<version>"),
        (r"\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)", "<time>"),
        (r"\b[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d [+-]\d{4}", "<time>"),
        (r"\b(?:10\.\d+|192\.0)\.\d+\.\d+\b", "<ip>"),
        (rf"(?<=[a-z0-9])-{_ID}{{8,10}}(-{_ID}{{5}})?\b", "-<hash>"),
        (rf"(?<=[a-z0-9])-{_ID}{{5}}\b", "-<id>"),
        (r"(?<=[a-z])-\d{8}\b", "-<minute>"),
        (r"(?<=Image size: )\d+", "<n>"),
        (r"(?<=[a-z0-9])\.[0-9a-f]{16}\b", ".<event>"),
        (r"(pod-template-hash\"?[=:] ?\"?)[a-z0-9]{8,10}", r"\1<hash>"),
        (rf" \(x\d+ over {_AGE}\)", " <times>"),
        (rf"(?<![\w.=-]){_AGE}(?![\w-])", "<age>"),
    )
]
# Keys of steps that are played without comparing the answer: a real cluster gives several answers (`varies`), or
# kubesim doesn't simulate the command (`outside`).
_NOT_COMPARED = {"varies", "outside"}
# The keys and types of each form of step.
_STEPS: tuple[dict[str, type | tuple[type, ...]], ...] = (
    {"file": str, "text": str},
    {"sleep": (int, float)},
    {"run": str, "exit": int, "stdout": str, "stderr": str},
)


class PlayedCommand(NamedTuple):
    """A command of a recording, and the difference of its answer from the recorded one, "" for none."""

    command: str
    difference: str


def _masked(text: str) -> tuple[str, bool]:
    """The text with masks for everything that differs between clusters, and True if anything was masked."""
    count = 0
    for pattern, shown in _MASKS:
        text, found = pattern.subn(shown, text)
        count += found
    return text, count > 0


def _screen(text: str, is_masked: bool) -> list[str]:
    """The lines to compare: events are sorted, without repeats, and if a word is masked, gaps have two spaces.

    Leaves out a ConfigMap of OpenShift's build of Kubernetes, which was recorded, and which plain Kubernetes lacks.
    """
    lines = [line for line in text.split("\n") if "openshift-service-ca.crt" not in line]
    if is_masked:
        lines = [re.sub(r"(?<=\S) {2,}", "  ", line.replace(" <times>", "")) for line in lines]
    ordered: list[str] = []
    events: list[str] | None = None
    for line in [*lines, "."]:
        if events is not None and (not line or line.startswith("  ")):
            events.append(line)
            continue
        ordered += sorted(set(events or ()))
        events = [] if line.startswith("Events:") else None
        ordered.append(line)
    return ordered[:-1]


def difference(recorded: str, got: str, title: str) -> str:
    """A unified diff of two outputs, "" if they are equal once they are masked."""
    (want, want_is_masked), (have, have_is_masked) = _masked(recorded), _masked(got)
    is_masked = want_is_masked or have_is_masked
    before, after = _screen(want, is_masked), _screen(have, is_masked)
    return "\n".join(difflib.unified_diff(before, after, f"{title} recorded", f"{title} by kubesim", lineterm="", n=1))


def load(path: Path) -> Recording:
    """The recording in a file."""
    recording: Recording = load_yaml(path)
    return recording


def find(name: str) -> Path:
    """The file of the recording called `name`."""
    paths = [folder / f"{name}.yaml" for folder in (FOLDER, *OWN)]
    return next((path for path in paths if path.is_file()), paths[0])


def recorded(*folders: Path) -> list[str]:
    """The names of the recordings in some folders, by default in FOLDER."""
    paths = [path for folder in folders or (FOLDER,) for path in sorted(folder.glob("*.yaml"))]
    return [path.stem for path in paths if path.name != WORLD.name]


def _session_of(recording: Recording) -> Session:
    """A new session with the recording's registries and node."""
    beside = find(recording["name"]).with_name("world.yml")  # no *.yaml, which are recordings
    return Session(registries=beside if beside.is_file() else WORLD, node=recording.get("node"))


def _run(session: Session, step: dict[str, Any]) -> str:
    """Run the command of a step, and return the difference from the recorded answer."""
    result = session.run(step["run"])
    parts = [difference(step[name], getattr(result, name), name) for name in ("stdout", "stderr")]
    if result.exit_code != step["exit"]:
        parts.append(f"exit status {step['exit']} recorded, {result.exit_code} by kubesim")
    return "\n".join(filter(None, parts))


def play(recording: Recording, session: Session | None = None) -> Iterator[PlayedCommand]:
    """Play the steps of a recording, by default in a session of its own, and yield its commands."""
    session = session or _session_of(recording)
    for step in recording["steps"]:
        if "file" in step:
            session.write_file(step["file"], step["text"])
        elif "sleep" in step:
            session.advance(step["sleep"])
        else:
            differs = _run(session, step)
            if not step.keys() & _NOT_COMPARED:
                yield PlayedCommand(step["run"], differs)


def play_real(recording: Recording) -> list[PlayedCommand]:
    """Play a recording with the real kubectl, which takes some seconds."""
    with RealSession(registries=WORLD) as session:
        return list(play(recording, session))


def surprises(name: str, played: Iterable[PlayedCommand], all_known: dict[str, dict[str, str]]) -> list[str]:
    """The differences of a recording that `all_known` lacks, and those in `all_known` that don't exist any more."""
    known = all_known.get(name, {})
    answers = list(played)
    differing = {answer.command for answer in answers if answer.difference}
    found = []
    for command, diff in answers:
        if diff and command not in known:
            found.append(f"$ {command}\n{diff}")
        elif command in known.keys() - differing:
            found.append(f"$ {command}\nmatches now: take it out of tools/known.yaml")
    return found


def _is_step(step: dict[str, Any], form: dict[str, type | tuple[type, ...]]) -> bool:
    """True if a step has the keys and types of a form. Each may also have `at`, the second of the recording."""
    return set(step) - {"at"} - _NOT_COMPARED == set(form) and all(
        isinstance(step[key], kind) for key, kind in form.items()
    )


def mistakes(recording: Any) -> list[str]:
    """The mistakes in the form of a recording, as sentences."""
    if not isinstance(recording, dict) or not isinstance(recording.get("steps"), list):
        return ["a recording is a map with a list of steps"]
    found = [f"{key} is missing" for key in ("name", "title", "recorded_on") if not recording.get(key)]
    for number, step in enumerate(recording["steps"], 1):
        if not isinstance(step, dict) or not any(_is_step(step, form) for form in _STEPS):
            found.append(f"step {number} is neither file and text, nor sleep, nor run with exit, stdout and stderr")
    return found


def add(source: Path) -> list[str]:
    """Copy a recording into tests/golden under its own name. Returns the mistakes that prevent that."""
    recording = load(source)
    found = mistakes(recording)
    if not found and find(recording["name"]).exists():
        found = ["there is a recording of that name, and recordings aren't edited"]
    if not found:
        shutil.copyfile(source, FOLDER / f"{recording['name']}.yaml")
    return found


def show(names: Sequence[str], *, real: bool = False) -> bool:
    """Print the differences of the named recordings, or of all. Returns True if one of them isn't known."""
    surprised = False
    everything = recorded() if real else recorded(FOLDER, *OWN)
    for recording in [load(find(name)) for name in names or everything]:
        known = (KNOWN_REAL if real else KNOWN).get(recording["name"], {})
        for command, diff in play_real(recording) if real else play(recording):
            if diff:
                surprised |= command not in known
                print(f"{recording['name']} $ {command}\n{known.get(command, diff)}\n")
    return surprised


def play_all_real() -> dict[str, Future[list[PlayedCommand]]]:
    """Play every recording with the real kubectl, several at a time, because most of that is waiting.

    The slowest, those that wait for a timeout, come first.
    """
    pool = ThreadPoolExecutor(5)
    names = sorted(recorded(), key=lambda name: "request-timeout" not in (FOLDER / f"{name}.yaml").read_text("utf-8"))
    futures = {name: pool.submit(play_real, load(FOLDER / f"{name}.yaml")) for name in names}
    pool.shutdown(wait=False)
    return futures


def agreeing(played: Iterable[PlayedCommand]) -> int:
    """The number of commands that were answered as recorded."""
    return sum(not answer.difference for answer in played)


def _row(title: str, own: list[PlayedCommand], real: list[PlayedCommand] | None = None) -> str:
    """A row of the table: how many commands there are, and how many of them each kubectl answered as recorded."""
    return f"| {title} | {len(own)} | {agreeing(own)} | {'-' if real is None else agreeing(real)} |"


def table(real: dict[str, list[PlayedCommand]]) -> str:
    """The text of docs/fidelity.md. `real` has the commands of FOLDER's recordings as the real kubectl played them."""
    own = {name: list(play(load(find(name)))) for name in recorded(FOLDER, *OWN)}
    both = recorded()
    rows = [
        *(_row(name, own[name], real[name]) for name in both),
        _row("**all**", [each for name in both for each in own[name]], [each for name in both for each in real[name]]),
        *(_row(name, own[name]) for name in recorded(*OWN)),
        _row(f"**all {len(own)} recordings**", [each for commands in own.values() for each in commands]),
    ]
    known = [f"* `{command}`: {why}." for found in {**ONLY_REAL, **KNOWN}.values() for command, why in found.items()]
    return TEMPLATE.read_text(encoding="utf-8").format(rows="\n".join(rows), known="\n".join(known))


def figure(page: str) -> str:
    """The figure of README, from the last row that `table` writes of recordings into docs/fidelity.md."""
    [(sessions, commands, same)] = re.findall(r"\*\*all (\d+) recordings\*\* \| (\d+) \| (\d+) \|", page)
    return f"**{same} of {commands}** commands in {sessions} recorded sessions"


def main(words: Sequence[str]) -> int:
    """Run the command line. The exit status is 1 for an unknown difference or a wrong form, 2 for an unknown name."""
    if words[:1] == ["add"]:
        found = [f"{name}: {mistake}" for name in words[1:] for mistake in add(Path(name))]
        print("".join(f"{line}\n" for line in found), end="")
        return int(bool(found))
    if words == ["table"]:
        page = table({name: future.result() for name, future in play_all_real().items()})
        PAGE.write_text(page, encoding="utf-8")
        README.write_text(README_FIGURE.sub(figure(page), README.read_text(encoding="utf-8")), encoding="utf-8")
        return 0
    real = words[:1] == ["real"]
    words = words[1:] if real else words
    there = recorded() if real else recorded(FOLDER, *OWN)  # the real kubectl doesn't play those of OWN
    if not set(words) <= set(there):
        print(__doc__)
        return 2
    return int(show(words, real=real))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
