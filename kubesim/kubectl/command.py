"""Commands of kubectl and their calls: the registry of commands, and what a running command reads and writes.

`Command` and `Traits` describe a command, and `Call` is one execution. Its surroundings and its kubeconfig are in
access.py, each command's own code is in its module, and the order of the checks before it is in checks.py.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from functools import cached_property
from math import inf
from typing import Any, Literal, NamedTuple

from kubesim.api.numbers import integer
from kubesim.api.result import Edit, Written
from kubesim.cluster.apiserver import Client
from kubesim.cluster.apiserver.checks import Validation, WriteOptions
from kubesim.gotext.gofmt import quote
from kubesim.gotext.pflag import Flag, FlagSet, parse_duration
from kubesim.kubectl.access import Access, Context
from kubesim.kubectl.catalogue import GLOBAL, Row, flags_of, row_of
from kubesim.kubectl.errors import KubectlError, NotSimulated, UsageError, refuse_if
from kubesim.kubectl.formats import Format, parse_output

LONGEST_WAIT = 86400.0  # simulated seconds that one command may wait

DryRun = Literal["none", "client", "server"]


# Field validation of the API server, by values of --validate.
_VALIDATIONS: Mapping[str, Validation] = {
    "strict": "Strict",
    "true": "Strict",
    "warn": "Warn",
    "ignore": "Ignore",
    "false": "Ignore",
}
# Every imported command by its words, and by those with an alias as the last word. Importing a module fills it.
REGISTERED: dict[tuple[str, ...], Command] = {}


class Call:
    """One call of a command: its arguments and flags, and the output that it gathers.

    `kubectl.run` creates it with kubectl itself as the command, and fills in the arguments and flags once they are
    parsed. `flags` is shared with the cache of parsed command lines and must not be changed.
    """

    def __init__(self, command: Command, context: Context) -> None:
        self.command = command
        self.context = context
        self.args: Sequence[str] = ()
        self.flags: Mapping[str, Any] = {}  # by name, the value of every flag, typed or default
        self.typed_flags: frozenset[str] = frozenset()  # names of the flags that were typed
        self.dash = -1  # the number of arguments before "--", -1 without a "--": pflag's ArgsLenAtDash
        self.dry_run: DryRun = "none"  # set by checks.check_before_running
        self._format: Format | None = None  # the cached result of `output_format`
        self.written: list[Written] = []  # output to stdout and stderr, in the order of writing
        self.exit_code = 0
        self.edit: Edit | None = None  # a request to the live terminal to open an editor

    @property
    def before_dash(self) -> Sequence[str]:
        """The arguments before "--"; without a "--", all arguments."""
        return self.args if self.dash < 0 else self.args[: self.dash]

    # Output

    def say(self, text: str) -> None:
        """Write to stdout."""
        self.written.append(Written(is_error=False, text=text))

    def complain(self, text: str) -> None:
        """Write to stderr."""
        self.written.append(Written(is_error=True, text=text))

    def warn(self, text: str) -> None:
        """Write a warning of the API server to stderr, unless the call has already written it."""
        line = f"Warning: {text}\n"
        if Written(is_error=True, text=line) not in self.written:
            self.complain(line)

    def output_format(self) -> Format:
        """The parsed format of --output and --template.

        A call shares one Format, which remembers what it has printed, such as headings; commands whose trait is
        `prints_alone` get a new one each time. Raises FormatError and NotSimulated.
        """
        traits = self.command.traits
        if self._format is None or traits.prints_alone:
            read_file = self.context.workspace.read_text
            self._format = parse_output(self.flags, read_file, self.context.budget, traits.has_tables)
        return self._format

    # The cluster

    @cached_property
    def access(self) -> Access:
        return Access(self.context, self.flags, self.command.traits.is_offline)

    @cached_property
    def api(self) -> Client:
        """The API server's client, with the call's credentials. Raises as `Access.client` does, at the first use."""
        return self.access.client(self.warn)

    @property
    def namespace(self) -> str:
        """The namespace of -n, or that of the context."""
        return self.access.namespace

    @property
    def request_timeout(self) -> float | None:
        """--request-timeout in seconds (0: no limit), or None for an invalid value."""
        text = self.flags["request-timeout"]
        seconds = integer(text)
        if seconds is not None:
            return float(seconds)
        with suppress(ValueError):
            return parse_duration(text)
        return None

    def wait_until(self, done: Callable[[], bool], timeout: float) -> bool:
        """Let time pass until `done()` is true, for at most `timeout` simulated seconds; return whether it is.

        Raises NotSimulated for a timeout beyond LONGEST_WAIT if `done()` isn't true at once, and for an infinite
        timeout after LONGEST_WAIT.
        """
        is_too_long = timeout > LONGEST_WAIT
        seconds = timeout
        if is_too_long:
            seconds = LONGEST_WAIT if timeout == inf else 0
        if self.context.clock.run_until(done, seconds, self.context.budget):
            return True
        if is_too_long:
            raise NotSimulated(f"waiting for more than {LONGEST_WAIT // 3600:.0f} hours is not part of this simulator")
        return False

    def pass_time(self, seconds: float) -> None:
        """Let `seconds` of simulated time pass. Raises NotSimulated beyond LONGEST_WAIT, before any time passes."""
        self.wait_until(lambda: False, seconds)

    def request(self) -> WriteOptions:
        """The options of a write to the API server, from --validate and --dry-run=server."""
        return WriteOptions(self.validation(), dry_run=self.dry_run == "server")

    def validation(self) -> Validation:
        """The field validation of --validate. Commands without the flag use the API server's default, "Warn"."""
        chosen = str(self.flags.get("validate", "warn"))
        if chosen not in _VALIDATIONS:
            raise KubectlError(
                f"invalid - validate option {quote(chosen)}; must be one of: strict (or true), warn, ignore (or false)"
            )
        return _VALIDATIONS[chosen]


Run = Callable[[Call], None]
Check = Callable[[Call], None]


class Traits(NamedTuple):
    """Differences between commands, mostly in the order of kubectl's checks."""

    # Raises the refusals that come before those of --output and the kubeconfig.
    check: Check | None = None
    is_offline: bool = False  # runs without a cluster and without a kubeconfig
    # Reads the context's namespace before connecting, which words the refusal of an unknown context differently.
    asks_namespace: bool = False
    shows_config_errors: bool = False  # prints errors of the kubeconfig without "error: " before them
    # Refuses a wrong --output before reading the kubeconfig ("first"), after that ("second"), or only when printing
    # ("last").
    checks_format: Literal["first", "second", "last"] = "second"
    has_tables: bool = False  # --output has `wide` and custom columns
    is_typed: bool = False  # kubectl holds the objects as Go structs: their JSON keeps Go's order of fields
    prints_alone: bool = False  # kubectl creates a printer for each object, and so YAML has no `---` between objects
    hides_dry_run: bool = False  # "configured (dry run)" and the like lack the parenthesis
    # Operands that Tab completes: names of Pods, or a type and then names of its objects.
    operands: Literal["", "pods", "types"] = ""
    kinds: Collection[str] = ()  # kinds that "types" is limited to; empty: all
    failure: int = 1  # the exit status after errors


class Command:
    """A command: its words after "kubectl", its row of commands.json, and the function `run` that executes it.

    `run` raises one of errors.REFUSALS, or Exit. Wrong flags and arguments are refused in the trait `check` and at the
    top of `run`, in kubectl's order.
    """

    def __init__(self, path: tuple[str, ...], row: Row, run: Run, **traits: Any) -> None:
        self.path = path
        self.row = row
        self.run = run
        self.traits = Traits(**traits)

    @cached_property
    def flags(self) -> tuple[Flag, ...]:
        """The command's own flags, without the global ones."""
        return tuple(flags_of(self.row))

    @cached_property
    def flag_set(self) -> FlagSet:
        """All flags of the command, global ones included; the parser of its command lines."""
        return FlagSet((*GLOBAL, *self.flags))

    @property
    def name(self) -> str:
        """The command with all its words: "kubectl create secret"."""
        return " ".join(("kubectl", *self.path))


def command(path: str, **more: Any) -> Callable[[Run], Command]:
    """A decorator that registers a function as the `run` of the command `path`, with its aliases.

    `more` are fields of `Traits`. The decorated name then stands for the Command.
    """

    def register(run: Run) -> Command:
        words = tuple(path.split())
        made = Command(words, row_of(path), run, **more)
        for name in (words[-1], *made.row.aliases):
            REGISTERED[*words[:-1], name] = made
        return made

    return register


def no_arguments(call: Call) -> None:
    """The trait `check` of commands that take no arguments. Raises UsageError."""
    refuse_if(call.args, f"unexpected arguments: [{' '.join(call.args)}]", UsageError)


def only_files(call: Call) -> None:
    """The trait `check` of commands that read their objects from -f alone. Raises UsageError."""
    refuse_if(call.args, f"Unexpected args: [{' '.join(call.args)}]", UsageError)
