"""Inputs that are made to be too much, each in a process with 300 MB and 3 s of CPU (`make attack`).

    python -m tests.robustness.attack [SECONDS [SEED [LEAST]]]      (600, 1, 1) prints a table of what was tried

It goes on for SECONDS, and until it has tried LEAST inputs of each class.

There are four classes, each a generator: what doubles, what nests, what is long, what is odd. An input is answered if
its process ends by itself, in time and without a traceback, and refused if kubesim says that it is too much.
"""

from __future__ import annotations

import os
import random
import resource
import signal
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

from kubesim import Session
from kubesim.api.budget import TooMuchError

MEMORY, SECONDS = 300 * 2**20, 3
REFUSAL = str(TooMuchError())

PLACES = (
    *("echo {}", 'echo "{}"', "echo '{}' | grep '{}'", "echo x | grep -E '{}'", "echo x | grep -F '{}'", "ls {}"),
    *("echo '{}' | awk '{}'", "echo x | awk -F '{}' '{{print \"{}\"}}'", "find . -name '{}'", "watch '{}'"),
    *("echo '{}' | sed 's/{}/y/g'", "echo x | sed -E '{}'", "printf '{}' 1 2", "date '+{}'", "echo '{}' | tr '{}' x"),
    *("echo '{}' | cut -d: -f1 | sort -k1 | uniq -c", "x={}; echo $x$x", "cat <<E\n{}\nE", "cat <<{}\n{}\n{}"),
    *(
        "echo $(({}))",
        "echo ${{{}}}",
        "for i in {}; do echo $i; done",
        "echo '{}' | xargs -n1 echo",
        "echo {} > f; cat f",
    ),
    *("kubectl get pods -l '{}'", "kubectl get pods --field-selector '{}'", "kubectl get pods -o jsonpath='{{{}}}'"),
    *("kubectl get pods -o jsonpath='{}'", "kubectl get pods -o go-template='{{{{{}}}}}'", "kubectl get pods --{}"),
    *("kubectl get pods -o go-template='{}'", "kubectl get pods --sort-by='{}'", "kubectl get '{}'", "{}"),
    *("kubectl get pods -o custom-columns='A:{}'", "kubectl patch pod web -p '{}'", "kubectl explain '{}'"),
    *("kubectl patch pod web --type=json -p '[{}]'", "kubectl apply -f - <<'E'\n{}\nE", "kubectl run x --image='{}'"),
    *("kubectl wait pod/web --for='jsonpath={}' --timeout=1s", "kubectl wait pod/web --for=delete --timeout='{}'"),
    *("kubectl label pod web '{}'", "kubectl create configmap c --from-literal='{}'", "kubectl exec web -- sh -c '{}'"),
)
UNITS = (
    *("a", " ", ",", ".", "..", ":", "/", "../", "*", "?", "[", "]", "[[:", "[a]", "(", ")", "{", "}", "{a,", "{a,b}"),
    *(
        "$x",
        "$",
        "`",
        "\\",
        '"',
        "!",
        "!=",
        "a=b,",
        "a in (b),",
        "|",
        "a|",
        "a*",
        "(a*)*",
        "a\\{9\\}",
        "\n",
        "\t",
        "1h",
    ),
    *("%s", "%9999d", "{1..9}", "- ", "&a ", "*a ", "[.a]", "[?(@.a)]", "range .items ", "1,", "-1 ", "+1", "é", "\0"),
    *("<<A ", "> f ", "; ", "&& ", "p;", "s/a/b/;", "/a/p;", "{{.}}", "{{if .}}", "0", "9", "1:", "? ", "!!binary "),
)
NESTS = (
    *(
        ("$(", ")"),
        ("`", "`"),
        ("(", ")"),
        ("((", "))"),
        ("{", "}"),
        ("{a,", "}"),
        ("[", "]"),
        ("[[:", ":]]"),
        ("$((", "))"),
    ),
    *(
        ("if true; then ", "; fi"),
        ("while true; do ", "; done"),
        ('"$(', ')"'),
        ("(a|", ")*"),
        ("(", "){9}"),
        ("bash -c ", ""),
    ),
    *(
        ('{"a":', "}"),
        ("{a: ", "}"),
        ("- ", ""),
        ("{{range .}}", "{{end}}"),
        ("{{if ", "}}{{end}}"),
        ("(index ", " 0)"),
    ),
    *(("{range .items[*]}", "{end}"), ("[?(@", ")]"), ("xargs ", ""), ("!", ""), ("-", ""), ("${x:-", "}")),
)
PATCH = '{{"op":"copy","from":"/metadata","path":"/metadata/labels/a{0}"}}'
DOUBLES = (
    "x=seed; for i in {{1..{0}}}; do x=$x$x; done; echo $x | wc -c",
    "echo seed > f; for i in {{1..{0}}}; do cat f f > g; cat g > f; done; wc -c f",
    "x=seed; for i in {{1..{0}}}; do x=$(echo $x | sed 's/./&&/g'); done; echo $x",
    "x=a; for i in {{1..{0}}}; do x=$(printf '%s%s' $x $x); done; echo $x",
    "x=a; for i in {{1..{0}}}; do x=$(cat <<< $x$x); done; echo $x",
    "echo {1:{{a,b}}}",
    "echo {1:{{1..9}}}",
    "{2}echo done\na{0}",
    "kubectl get pods -o go-template='{{{{$x := \"a\"}}}}{1:{{{{$x = print $x $x}}}}}{{{{len $x}}}}'",
    "kubectl get pods -o jsonpath='{1:{{range .items[*]}}}x{1:{{end}}}'",
    "kubectl get pods -o jsonpath='{{{1:..*}}}'",
    "kubectl patch pod web --type=json -p '[{3}]'",
    "kubectl apply -f - <<'E'\na0: &a0 [x, x]\n{4}E",
    "seq {5} | xargs -n1 echo | wc -l",
    "printf '%{5}d' 1 | wc -c",
    "seq {5} | sort -rn | uniq -c | tail -1",
    "sleep {5}; kubectl get pods",
)


class Input(NamedTuple):
    """One line that is tried, and the class that it is of."""

    kind: str
    line: str


class Outcome(NamedTuple):
    """How an input ended: answered, refused, or what killed it; with seconds of CPU and bytes of memory."""

    end: str
    seconds: float
    memory: int


def _placed(dice: random.Random, text: str) -> str:
    return dice.choice(PLACES).format(*[text] * 3)


def _size(dice: random.Random) -> int:
    """Up to half a million, small ones as often as big ones."""
    return int(2 ** dice.uniform(2, 19))


def doubling(dice: random.Random) -> str:
    """What grows twofold with each round."""
    number = dice.randint(5, 60)

    class Repeated(str):
        def __format__(self, unit: str) -> str:
            return unit * number

    aliases = "".join(f"alias a{n + 1}='a{n} a{n}'\n" for n in range(number))
    copies = ",".join(PATCH.format(n).replace("{{", "{").replace("}}", "}") for n in range(number))
    anchors = "".join(f"a{n + 1}: &a{n + 1} [*a{n}, *a{n}]\n" for n in range(number))
    return dice.choice(DOUBLES).format(number, Repeated(), aliases, copies, anchors, 10 ** dice.randint(1, 15))


def nesting(dice: random.Random) -> str:
    """What is in itself, closed or not."""
    (opens, closes), depth = dice.choice(NESTS), _size(dice) // 4
    return _placed(dice, opens * depth + dice.choice(("", "a", "1")) + closes * dice.choice((0, depth - 1, depth)))


def length(dice: random.Random) -> str:
    """What goes on and on."""
    unit = dice.choice(UNITS) + dice.choice(("", "", *UNITS))
    return _placed(dice, unit * (_size(dice) // len(unit) + 1))


def oddity(dice: random.Random) -> str:
    """What nobody would write."""
    pieces = [*UNITS, *(mark for pair in NESTS for mark in pair), "\x7f", "\ud800", "<<<", "true", "x=1", "'"]
    return _placed(dice, dice.choice(("", " ")).join(dice.choices(pieces, k=dice.randint(1, 40))))


CLASSES: dict[str, Callable[[random.Random], str]] = {
    "doubles": doubling,
    "nests": nesting,
    "long": length,
    "odd": oddity,
}


def inputs(seed: int) -> Iterator[Input]:
    """Endless inputs, one class after the other."""
    dice = random.Random(seed)
    while True:
        for kind, make in CLASSES.items():
            yield Input(kind, make(dice))


def _answer(session: Session, line: str) -> str:
    """What a child of this process reports."""
    result = session.run(line)
    if "Traceback" in result.screen:
        return "traceback"
    if REFUSAL not in result.stderr:
        return "answered"
    return "refused" if result.exit_code == 1 else f"refused with {result.exit_code}"


def tried(session: Session, line: str) -> Outcome:
    """Run a line on a copy of `session`: a child of this process, with limits."""
    reader, writer = os.pipe()
    child = os.fork()
    if not child:
        try:
            signal.alarm(20 * SECONDS)  # for what waits and takes no CPU
            resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
            resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
            os.write(writer, _answer(session, line).encode())
        except BaseException as error:
            os.write(writer, repr(error)[:200].encode())
        finally:
            os._exit(0)
    os.close(writer)
    _, status, usage = os.wait4(child, 0)
    with os.fdopen(reader, "rb") as pipe:
        said = pipe.read().decode()
    return Outcome(said or f"signal {os.WTERMSIG(status)}", usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024)


def new_session() -> Session:
    """A session with a Pod and some files, whose modules are loaded."""
    session = Session()
    session.run("kubectl run web --image=nginx; kubectl run other --image=busybox; sleep 20; touch a b 'c d'; mkdir e")
    for line in ("get pods -o yaml", "get pods -o jsonpath={}", "get pods -o go-template=a", "patch pod web -p {}"):
        session.run(f"kubectl {line}")
    session.run("echo a | grep a | sed s/a/b/ | sort | tr a b; kubectl exec web -- true; kubectl explain pod")
    return session


def table(outcomes: Mapping[str, Sequence[Outcome]]) -> str:
    """For each class, how its inputs ended, and the most that one of them took."""
    rows = [f"{'class':10}{'tried':>8}{'answered':>10}{'refused':>9}{'lost':>6}{'CPU (s)':>9}{'MB':>6}"]
    for kind, found in outcomes.items():
        ends = [outcome.end for outcome in found]
        answered, refused = ends.count("answered"), ends.count("refused")
        seconds, memory = max(one.seconds for one in found), max(one.memory for one in found) / 2**20
        counts = f"{len(ends):8}{answered:10}{refused:9}{len(ends) - answered - refused:6}"
        rows.append(f"{kind:10}{counts}{seconds:9.2f}{memory:6.0f}")
    return "\n".join(rows) + "\n"


def main() -> None:
    """Attack for a while, and print what came of it."""
    seconds, seed, least = (*map(int, sys.argv[1:]), *(600, 1, 1)[len(sys.argv) - 1 :])
    session, end = new_session(), time.monotonic() + seconds
    outcomes: dict[str, list[Outcome]] = {kind: [] for kind in CLASSES}
    for kind, line in inputs(seed):
        outcome = tried(session, line)
        outcomes[kind].append(outcome)
        if outcome.end not in ("answered", "refused"):
            what = f"{line[:150]!r} … ({len(line)} characters)"
            sys.stdout.write(f"{outcome.end} after {outcome.seconds:.1f} s: {what}\n")
        if time.monotonic() > end and min(map(len, outcomes.values())) >= least:
            break
    sys.stdout.write(table(outcomes))


if __name__ == "__main__":
    main()
