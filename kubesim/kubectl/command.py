"""A kubectl command as data, and what one call of it sees and says."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from kubesim.api import load_table
from kubesim.api.budget import Budget
from kubesim.api.clock import Clock
from kubesim.api.objects import Object
from kubesim.api.result import Edit
from kubesim.cluster.apiserver import APIServer
from kubesim.cluster.apiserver.authorization import ADMIN, User
from kubesim.cluster.apiserver.checks import WriteOptions
from kubesim.cluster.apiserver.impersonation import impersonate
from kubesim.gotext.gojson import quote
from kubesim.kubectl.errors import KubectlError, NotSimulated, Plain, refuse_if
from kubesim.kubectl.flags import FALSE, FLAG_KEYS, GLOBAL, SAYS, TABLE, TRUE, Flag, FlagSet, parse_duration, read_flags
from kubesim.kubectl.formats import Format, parse_output
from kubesim.kubectl.kubeconfig import CONTEXT, USER, Kubeconfig
from kubesim.workspace import Workspace

LONGEST_WAIT = 86400.0  # simulated seconds


class Kustomization(str):
    """A folder that -k names, among the files that -f names."""

    __slots__ = ()


@dataclass
class Context:
    """Where kubectl runs: the cluster it talks to, and the shell it was typed into.

    `run_editor` runs the editor's command line on a file of the workspace and returns its exit status. `read` gives
    what the API answers at a URL to a user; it raises StatusError. `user` is whose credentials kubectl has.
    `budget` is that of the whole command line; TooMuchError passes through kubectl to whoever made it.
    """

    api: APIServer
    clock: Clock
    workspace: Workspace
    config: Kubeconfig
    env: Mapping[str, str] = field(default_factory=dict)
    stdin: str | None = None
    run_editor: Callable[[str, str], int] | None = None
    read: Callable[[str, User], str] | None = None
    budget: Budget = field(default_factory=Budget)
    user: User = ADMIN


def is_change(word: str) -> bool:
    return word[1:].endswith("-") or "=" in word[1:]


@dataclass
class Call:
    """One call of a command: its arguments and flags, and the output that it gathers.

    `dash` is how many of the arguments come before "--", or -1 without one (pflag's ArgsLenAtDash). `dry_run` is the
    strategy of --dry-run: none, client or server.
    """

    command: Command
    context: Context
    args: Sequence[str]
    flags: Mapping[str, Any]
    given: frozenset[str]
    pieces: list[tuple[bool, str]] = field(default_factory=list)
    exit_code: int = 0
    dash: int = -1
    format: Format | None = None
    dry_run: str = "none"
    edit: Edit | None = None

    def say(self, text: str) -> None:
        """Write to stdout."""
        self.pieces.append((True, text))

    def complain(self, text: str) -> None:
        """Write to stderr."""
        self.pieces.append((False, text))

    @property
    def api(self) -> APIServer:
        """The API server."""
        return self.context.api

    @property
    def user(self) -> User:
        """Who asks: whose credentials kubectl has, or the user that --as names and those may speak for."""
        user, name = self.context.user, self.flags["as"]
        return impersonate(user, name, tuple(self.flags["as-group"])) if name else user

    @property
    def namespace(self) -> str:
        """The namespace of -n, or that of the context."""
        return self.flags["namespace"] or self.context.config.working_namespace

    @property
    def explicit_namespace(self) -> str | None:
        """The namespace of -n, or None."""
        return self.flags["namespace"] or None

    def generated(self, template: str, **values: Any) -> Object:
        """An object of templates.json. A $word in it is one of `values`, the first argument (`name`), the others
        (`arguments`) or a flag; the field is left out where that is empty.
        """
        name, *arguments = self.args or [""]
        shape = load_table(__file__, "templates.json")[template]
        filled: Object = _fill(shape, {**self.flags, "name": name, "arguments": arguments, **values})
        return filled

    def split(self, is_change: Callable[[str], bool] = is_change) -> tuple[Sequence[str], Sequence[str]]:
        """The arguments that name objects, and from the first change on (KEY=VALUE or KEY-) the others."""
        first = next((at for at, word in enumerate(self.args) if is_change(word)), len(self.args))
        return self.args[:first], self.args[first:]

    def read_dry_run(self) -> None:
        """Take the strategy from --dry-run. Bare, it means client, with the warning that klog writes."""
        self.dry_run = self.flags["dry-run"]
        if self.dry_run == "unchanged":
            now = self.context.clock.micro_timestamp()
            head = f"W{now[5:7]}{now[8:10]} {now[11:26]}       1 helpers.go:719]"
            self.complain(f"{head} --dry-run is deprecated and can be replaced with --dry-run=client.\n")
            self.dry_run = "client"
        if self.dry_run in TRUE | FALSE:
            raise NotSimulated("a truth value of --dry-run is not part of this simulator")
        if self.dry_run not in ("none", "client", "server"):
            raise KubectlError(f'Invalid dry-run value ({self.dry_run}). Must be "none", "server", or "client".')

    def warn(self, text: str) -> None:
        """Pass a warning of the API server on, once."""
        line = f"Warning: {text}\n"
        self.complain("" if (False, line) in self.pieces else line)

    def output_format(self) -> Format:
        """The format that -o and --template ask for, the same one throughout a call. Raises FormatError."""
        if self.format is None:
            read_file, budget = self.context.workspace.read_text, self.context.budget
            self.format = parse_output(self.flags, read_file, budget, self.command.has_tables)
        return self.format

    def check_context(self, is_plain: bool = False) -> None:
        """Refuse a context and groups that cannot be used, as kubectl does for the namespace. Mirrors ConfirmUsable.

        `is_plain`: the command shows an error of the configuration as it is, once its namespace is known.
        """
        flags = self.flags
        if flags["context"] not in ("", CONTEXT):
            raise Plain(f"Error in configuration: context was not found for specified context: {flags['context']}")
        if flags["as-group"] and not flags["as"]:
            why = f"requesting uid, groups or user-extra for {USER} without impersonating a user"
            raise Plain(f"Error in configuration: {why}") if flags["namespace"] and is_plain else KubectlError(why)

    def check_client(self, is_plain: bool = False) -> None:
        """Refuse a context, groups or --request-timeout that cannot be used. Mirrors ClientConfig."""
        asked = self.flags["context"]
        refuse_if(asked not in ("", CONTEXT), f'context "{asked}" does not exist')
        self.check_context(is_plain)
        refuse_if(self.request_timeout is None, SAYS["invalid timeout"])

    @property
    def request_timeout(self) -> float | None:
        """The seconds of --request-timeout, or None where it cannot be read."""
        given = self.flags["request-timeout"]
        with suppress(ValueError):
            return float(given) if re.fullmatch(r"[-+]?[0-9]{1,18}", given) else parse_duration(given)
        return None

    def wait_until(self, done: Callable[[], bool], timeout: float) -> bool:
        """Let time pass until `done()` holds, at most `timeout` seconds; say whether it did.

        Raises NotSimulated once that has gone on for longer than anything here takes.
        """
        if self.context.clock.run_until(done, min(timeout, LONGEST_WAIT)):
            return True
        if timeout > LONGEST_WAIT:
            raise NotSimulated(f"waiting for more than {LONGEST_WAIT // 3600:.0f} hours is not part of this simulator")
        return False

    def request(self) -> WriteOptions:
        """How the API server takes a write: as which user, how strictly (--validate), and whether to store anything."""
        chosen = self.validation()
        return {
            "user": self.user,
            "strict": chosen == "strict",
            "warn": self.warn if chosen == "warn" else None,
            "note": self.warn,
            "dry_run": self.dry_run == "server",
            "budget": self.context.budget,
        }

    def validation(self) -> str:
        """--validate as strict, warn or ignore. Commands without the flag leave it to the server, which warns."""
        chosen = str(self.flags.get("validate", "warn"))
        chosen = {"true": "strict", "false": "ignore"}.get(chosen, chosen)
        if chosen not in ("strict", "warn", "ignore"):
            raise KubectlError(
                f"invalid - validate option {quote(chosen)}; must be one of: strict (or true), warn, ignore (or false)"
            )
        return chosen


def _fill(shape: Any, values: Mapping[str, Any]) -> Any:
    if isinstance(shape, list):
        return [_fill(item, values) for item in shape]
    if isinstance(shape, dict):
        filled = {key: _fill(item, values) for key, item in shape.items()}
        return {key: value for key, value in filled.items() if not (_is_word(shape[key]) and _is_empty(value))}
    value = values.get(shape[1:]) if _is_word(shape) else shape
    return list(value) if isinstance(value, tuple) else value


def _is_word(shape: Any) -> bool:
    return isinstance(shape, str) and shape.startswith("$")


def _is_empty(value: Any) -> bool:  # 0 is not
    return value is False or value in (None, "", [], {})


Run = Callable[[Call], None]

REGISTERED: dict[tuple[str, ...], Command] = {}
"""Every command by its path, and by each alias; a module registers its commands when it is imported."""


@dataclass(frozen=True)
class Command:
    """One command. `path` is its words after "kubectl"; what they need for the help is in commands.json.

    `required` are flags that must be given. `refuse` has what is refused before anything is done: a condition, the
    sentence, and its kind where that is not KubectlError; those with a kind are checked before the context is.
    `is_offline`: it runs without a cluster; `asks_namespace`: it asks the kubeconfig for the namespace before it
    connects, which refuses a wrong context in different words; `prints_last`: a wrong -o is found after the work.
    `prints_each`: it makes a printer for each object, so that nothing is printed between them; `hides_dry_run`: what it
    reports doesn't mention --dry-run.
    `has_tables`: -o knows tables; `all_is_selector`: --all selects, where other commands only let a type alone mean
    all its objects; `operands`: what Tab completes, "types" and their names, or "pods"; `failure` is the exit status of
    errors. `is_group`: it only holds others; called by itself it `shows_help` on stdout, or on stderr.
    `shows_config_errors`: as they are, without the word "error".
    """

    path: tuple[str, ...]
    run: Run
    usage: str = ""
    short: str = ""
    long: str = ""
    example: str = ""
    aliases: tuple[str, ...] = ()
    required: tuple[str, ...] = ()
    is_group: bool = False
    shows_help: bool = False
    shows_config_errors: bool = False
    refuse: tuple[Sequence[str], ...] = ()
    is_offline: bool = False
    asks_namespace: bool = False
    prints_last: bool = False
    prints_each: bool = False
    hides_dry_run: bool = False
    has_tables: bool = False
    all_is_selector: bool = False
    operands: str = ""
    failure: int = 1

    @cached_property
    def flag_set(self) -> FlagSet:
        """Its flags with the global ones."""
        return FlagSet((*GLOBAL, *self.flags))

    @property
    def flags(self) -> tuple[Flag, ...]:
        """Its own flags."""
        return tuple(read_flags(TABLE["commands"][" ".join(self.path)]))

    @property
    def name(self) -> str:
        """The command as typed: "kubectl create secret"."""
        return " ".join(("kubectl", *self.path))


def command(path: str, **more: Any) -> Callable[[Run], Command]:
    """Register the function that runs a command. Its row in commands.json has its words; `more` are further fields."""
    row = TABLE["commands"][path].items()
    words: dict[str, Any] = {
        key: tuple(value) if isinstance(value, list) else value for key, value in row if key not in FLAG_KEYS
    }

    def register(run: Run) -> Command:
        made = Command(tuple(path.split()), run, **words, **more)
        for name in (made.path[-1], *made.aliases):
            REGISTERED[*made.path[:-1], name] = made
        return made

    return register
