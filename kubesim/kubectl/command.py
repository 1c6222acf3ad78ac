"""A kubectl command as data, and what one call of it sees and says."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from functools import cached_property
from math import inf
from typing import Any, Literal, NamedTuple

from kubesim.api.budget import Budget
from kubesim.api.clock import Clock
from kubesim.api.numbers import integer
from kubesim.api.result import Edit, Written
from kubesim.cluster.apiserver import Client
from kubesim.cluster.apiserver.checks import Validation, WriteOptions
from kubesim.gotext.gofmt import quote
from kubesim.gotext.pflag import Flag, FlagSet, parse_duration
from kubesim.kubectl.catalogue import GLOBAL, Row, flags_of, row_of
from kubesim.kubectl.errors import KubectlError, ManifestError, NotSimulated, UsageError, refuse_if
from kubesim.kubectl.formats import Format, parse_output
from kubesim.kubectl.kubeconfig import CERTIFICATE, EMPTY, KUBECONFIG, Kubeconfig, NotAKubeconfigError
from kubesim.workspace import Workspace

LONGEST_WAIT = 86400.0  # simulated seconds

DryRun = Literal["none", "client", "server"]


class Context(NamedTuple):
    """Where kubectl runs: the cluster it talks to, and the shell it was typed into."""

    api: Client  # the API server, with the rights of whose credentials kubectl has
    clock: Clock
    workspace: Workspace
    config: Kubeconfig
    budget: Budget  # that of the whole command line; TooMuchError passes through kubectl to whoever made it
    env: Mapping[str, str] = {}
    read_stdin: Callable[[], str] = str  # takes what is piped into the command, the same text each time
    # Runs an editor's command line on a file of the workspace and returns its exit status.
    run_editor: Callable[[str, str], int] | None = None


class Access:
    """Whom a call asks, as whom, and in which namespace: client-go's ClientConfig."""

    def __init__(self, context: Context, flags: Mapping[str, Any], is_offline: bool = False) -> None:
        self._context = context
        self._flags = flags
        self._is_offline = is_offline  # no file is needed

    @property
    def path(self) -> str:
        """The file of --kubeconfig or $KUBECONFIG; "" for the one that the session has in memory."""
        path = self._flags["kubeconfig"]
        if not path:
            listed = self._context.env.get("KUBECONFIG", "").split(":")
            path, *others = dict.fromkeys(filter(None, listed)) or [""]
            if others:
                raise NotSimulated("a KUBECONFIG of several files is not part of this simulator")
        return "" if path == KUBECONFIG else str(path)

    @cached_property
    def kubeconfig(self) -> Kubeconfig:
        """What says where the cluster is and who asks. Raises KubectlError or NotSimulated for a file that doesn't."""
        path = self.path
        if not path:
            return self._context.config
        if self._context.config.is_in_pod:
            raise NotSimulated("a kubeconfig in a container is not part of this simulator")
        try:
            return Kubeconfig.of_file(self._context.workspace.read_text(path))
        except FileNotFoundError:
            is_needed = self._flags["kubeconfig"] and not self._is_offline
            refuse_if(is_needed, f"stat {path}: no such file or directory")
            return Kubeconfig(EMPTY)
        except IsADirectoryError:
            raise KubectlError(f'error loading config file "{path}": read {path}: is a directory') from None
        except ManifestError as error:
            raise KubectlError(f'error loading config file "{path}": {error}') from None
        except NotAKubeconfigError:
            raise NotSimulated(
                f"the kubeconfig {path[:80]}, which isn't built as one, is not part of this simulator"
            ) from None

    @property
    def context_name(self) -> str:
        """The context of --context, or the current one."""
        return self._flags["context"] or self.kubeconfig.current

    def of_context(self, part: Literal["cluster", "user"]) -> str:
        """What the context names."""
        return self.kubeconfig.fields("contexts", self.context_name).get(part) or ""

    @property
    def namespace(self) -> str:
        """The namespace of -n, or that of the context."""
        return self._flags["namespace"] or self.kubeconfig.namespace_of(self.context_name)

    @property
    def user(self) -> str:
        """The user of --user, or that of the context. `create rolebinding` has a --user of its own, which is a list."""
        typed = self._flags["user"]
        return typed if typed and isinstance(typed, str) else self.of_context("user")

    def client(self, warn: Callable[[str], None]) -> Client:
        """The API server, as the user whose credentials kubectl has, or for whom those speak with --as."""
        client = self._authenticated().for_call(warn, self._context.budget)
        if self._flags["as"]:
            return client.impersonating(self._flags["as"], tuple(self._flags["as-group"]))
        return client

    def _authenticated(self) -> Client:
        """The API server for whom the kubeconfig and --token say. It asks a certificate first, and then a token."""
        config = self.kubeconfig
        credentials = config.fields("users", self.user)
        token = self._flags["token"] or credentials.get("token") or ""
        if credentials.get("client-certificate-data") == CERTIFICATE:
            return self._context.api
        if not token:
            raise NotSimulated("a user without a token or this cluster's certificate is not part of this simulator")
        return self._context.api.bearing(token)


_VALIDATIONS: Mapping[str, Validation] = {
    "strict": "Strict",
    "true": "Strict",
    "warn": "Warn",
    "ignore": "Ignore",
    "false": "Ignore",
}
"""By the words of --validate."""


class Call:
    """One call of a command: its arguments and flags, and the output that it gathers."""

    def __init__(self, command: Command, context: Context) -> None:
        self.command = command
        self.context = context
        self.args: Sequence[str] = ()
        self.flags: Mapping[str, Any] = {}  # the value of every flag, by its name
        self.typed_flags: frozenset[str] = frozenset()  # the names of the flags that were typed
        self.dash = -1  # how many of the arguments come before "--", or -1 without one: pflag's ArgsLenAtDash
        self.dry_run: DryRun = "none"
        self._format: Format | None = None  # what `output_format` has parsed
        self.written: list[Written] = []  # in its order
        self.exit_code = 0
        self.edit: Edit | None = None  # what a live front end is to open in an editor

    @property
    def before_dash(self) -> Sequence[str]:
        """The arguments before "--", without one all of them."""
        return self.args if self.dash < 0 else self.args[: self.dash]

    # What it prints

    def say(self, text: str) -> None:
        """Write to stdout."""
        self.written.append((False, text))

    def complain(self, text: str) -> None:
        """Write to stderr."""
        self.written.append((True, text))

    def warn(self, text: str) -> None:
        """Pass a warning of the API server on, once."""
        line = f"Warning: {text}\n"
        if (True, line) not in self.written:
            self.complain(line)

    def output_format(self) -> Format:
        """The format that -o and --template ask for, the same one throughout a call unless it `prints_alone`.

        Raises FormatError.
        """
        traits = self.command.traits
        if self._format is None or traits.prints_alone:
            read_file = self.context.workspace.read_text
            self._format = parse_output(self.flags, read_file, self.context.budget, traits.has_tables)
        return self._format

    # Whom it asks, and how

    @cached_property
    def access(self) -> Access:
        return Access(self.context, self.flags, self.command.traits.is_offline)

    @cached_property
    def api(self) -> Client:
        """The API server, as the user who asks."""
        return self.access.client(self.warn)

    @property
    def namespace(self) -> str:
        """The namespace of -n, or that of the context."""
        return self.access.namespace

    @property
    def request_timeout(self) -> float | None:
        """The seconds of --request-timeout, or None where it cannot be read."""
        text = self.flags["request-timeout"]
        seconds = integer(text)
        if seconds is not None:
            return float(seconds)
        with suppress(ValueError):
            return parse_duration(text)
        return None

    def wait_until(self, done: Callable[[], bool], timeout: float) -> bool:
        """Let time pass until `done()` holds, at most `timeout` seconds; say whether it did.

        Raises NotSimulated where that is longer than anything here takes, before any time passes; without a limit
        (inf), once it has gone on for so long.
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
        """Let time pass. Raises NotSimulated for too long."""
        self.wait_until(lambda: False, seconds)

    def request(self) -> WriteOptions:
        """How the API server takes a write: how strictly (--validate), and whether it stores anything."""
        return WriteOptions(self.validation(), dry_run=self.dry_run == "server")

    def validation(self) -> Validation:
        """What --validate asks for. Commands without the flag leave it to the server, which warns."""
        chosen = str(self.flags.get("validate", "warn"))
        if chosen not in _VALIDATIONS:
            raise KubectlError(
                f"invalid - validate option {quote(chosen)}; must be one of: strict (or true), warn, ignore (or false)"
            )
        return _VALIDATIONS[chosen]


Run = Callable[[Call], None]
Check = Callable[[Call], None]

REGISTERED: dict[tuple[str, ...], Command] = {}
"""Every command by its path, and by each alias; a module registers its commands when it is imported."""


class Traits(NamedTuple):
    """How a command differs from others."""

    # Refuses what kubectl refuses before it looks at the output format and at the kubeconfig.
    check: Check | None = None
    is_offline: bool = False  # it runs without a cluster
    # It asks the kubeconfig for the namespace before it connects, which refuses a wrong context in other words.
    asks_namespace: bool = False
    shows_config_errors: bool = False  # as they are, without the word "error"
    # A wrong -o is refused even before the kubeconfig is read, or only after the work; "" for between the two.
    checks_format: Literal["first", "", "last"] = ""
    has_tables: bool = False  # -o knows `wide` and custom columns
    is_typed: bool = False  # kubectl holds its objects as Go structs, see `Format.render`
    prints_alone: bool = False  # kubectl makes a printer for each object, so that YAML has no `---` between them
    hides_dry_run: bool = False  # what it reports doesn't mention --dry-run
    # What Tab completes: the names of Pods, or types and then the names of one type.
    operands: Literal["", "pods", "types"] = ""
    kinds: Collection[str] = ()  # of those types; none: all
    failure: int = 1  # the exit status of errors


class Command:
    """One command: its words after "kubectl", and its row in commands.json.

    What is refused of its flags and arguments stands in `check` and at the top of `run`.
    """

    def __init__(self, path: tuple[str, ...], row: Row, run: Run, **traits: Any) -> None:
        self.path = path
        self.row = row
        self.run = run
        self.traits = Traits(**traits)

    @cached_property
    def flags(self) -> tuple[Flag, ...]:
        """Its own flags."""
        return tuple(flags_of(self.row))

    @cached_property
    def flag_set(self) -> FlagSet:
        """Its flags with the global ones."""
        return FlagSet((*GLOBAL, *self.flags))

    @property
    def name(self) -> str:
        """The command as typed: "kubectl create secret"."""
        return " ".join(("kubectl", *self.path))


def command(path: str, **more: Any) -> Callable[[Run], Command]:
    """Register the function that runs a command; `more` are its `Traits`."""

    def register(run: Run) -> Command:
        words = tuple(path.split())
        made = Command(words, row_of(path), run, **more)
        for name in (words[-1], *made.row.aliases):
            REGISTERED[*words[:-1], name] = made
        return made

    return register


def no_arguments(call: Call) -> None:
    """The check of commands that only take flags."""
    refuse_if(call.args, f"unexpected arguments: [{' '.join(call.args)}]", UsageError)


def only_files(call: Call) -> None:
    """The check of commands whose objects come from files."""
    refuse_if(call.args, f"Unexpected args: [{' '.join(call.args)}]", UsageError)
