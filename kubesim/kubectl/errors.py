"""kubectl's errors, and their messages on stderr, including those for the API server's refusals.

Commands raise these errors; `kubectl.run` prints them with `message`. Mirrors k8s.io/kubectl pkg/cmd/util/helpers.go,
v1.36.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from kubesim.api.errors import StatusError
from kubesim.gotext.gofmt import quote

T = TypeVar("T")


class KubectlError(Exception):
    """kubectl's own refusal, printed as "error: …"."""

    advice = ""  # a line below the message; {} is the command, such as "kubectl get"


class UsageError(KubectlError):
    """A refusal that refers to the command's help: wrong arguments."""

    advice = "See '{} -h' for help and examples\n"


class FlagError(KubectlError):
    """A flag that cannot be parsed."""

    advice = "See '{} --help' for usage.\n"


class FormatError(KubectlError):
    """An error while printing an object. `stdout` is the output before the error, which is still printed."""

    def __init__(self, message: str, stdout: str = "") -> None:
        super().__init__(message)
        self.stdout = stdout


class NotSimulated(Exception):
    """A feature of kubectl that this simulator lacks, printed as "kubesim: …"."""


class UnprefixedError(Exception):
    """A refusal printed without "error: " before it."""


class ManifestError(ValueError):
    """Malformed YAML or JSON, with the message of kubectl's decoder. Callers turn it into a KubectlError."""


class AggregateError(Exception):
    """Errors of several objects, printed one per line without "error: ". Nested AggregateErrors are flattened."""

    def __init__(self, errors: Iterable[Exception]) -> None:
        super().__init__()
        self.errors: list[Exception] = []
        for error in errors:
            self.errors += error.errors if isinstance(error, AggregateError) else [error]


class Exit(Exception):
    """The end of the command with an exit status, after everything has been printed."""

    def __init__(self, code: int) -> None:
        super().__init__()
        self.code = code


def refuse_if(wrong: object, text: str, kind: type[KubectlError] = KubectlError) -> None:
    """Raise the refusal `kind` with the message `text` if `wrong` is true or not empty."""
    if wrong:
        raise kind(text)


def file_problem(error: OSError) -> str:
    """Go's message for a file that can't be read or written, such as "permission denied"."""
    return (error.strerror or str(error)).lower()


# Errors with a printed message. After one, a command goes on with its other objects; after Exit it doesn't.
REFUSALS = (KubectlError, NotSimulated, UnprefixedError, AggregateError, StatusError)


def raise_all(errors: Iterable[Exception]) -> None:
    """Raise the error in `errors` or, for more than one, an AggregateError. Does nothing without errors."""
    gathered = AggregateError(errors).errors
    if gathered:
        raise gathered[0] if len(gathered) == 1 else AggregateError(gathered)


def is_missing(error: Exception) -> bool:
    """True for the API server's NotFound."""
    return isinstance(error, StatusError) and error.reason == "NotFound"


def visit(
    items: Iterable[T | Exception],
    act: Callable[[T], object],
    *,
    errors_first: bool = False,
    ignores_missing: bool = False,
) -> int:
    """Call `act` with each item, go on after refusals, and raise them all at the end. Returns the number of items.

    An item that is an exception stands for an object that couldn't be found; it isn't counted. The exceptions among
    the items come after the refusals of `act`, or with `errors_first` before them. Next to refusals of `act`, several
    of them become one error in brackets, as in kubectl. With `ignores_missing`, NotFound errors are dropped.

    Mirrors ContinueOnErrorVisitor of k8s.io/cli-runtime pkg/resource/visitor.go.
    """
    count = 0
    errors: list[Exception] = []
    refusals: list[Exception] = []
    for item in items:
        if isinstance(item, Exception):
            errors.append(item)
            continue
        count += 1
        try:
            act(item)
        except REFUSALS as error:
            refusals.append(error)
    if ignores_missing:
        errors = [error for error in errors if not is_missing(error)]
        refusals = [error for error in refusals if not is_missing(error)]
    if refusals and len(errors) > 1:
        errors = [KubectlError(f"[{', '.join(dict.fromkeys(map(str, errors)))}]")]
    raise_all([*errors, *refusals] if errors_first else [*refusals, *errors])
    return count


@contextmanager
def reworded(kind: type[Exception], head: str = "", into: type[Exception] = KubectlError) -> Iterator[None]:
    """A context that turns an error of type `kind` into one of type `into`, with `head` before its message."""
    try:
        yield
    except kind as error:
        raise into(f"{head}{error}") from None


@contextmanager
def naming_source(verb: str, source: str) -> Iterator[None]:
    """A context that adds the file to the API server's refusals: 'error when creating "pod.yaml": …'.

    `verb` is "creating" there, and `source` the file; "" for an object that isn't from a file changes nothing.
    """
    try:
        yield
    except StatusError as error:
        if not source:
            raise
        raise StatusError(
            error.code,
            error.reason,
            f'error when {verb} "{source}": {error.message}',
            kind=error.kind,
            name=error.name,
            causes=error.causes,
        ) from None


def message(error: Exception, command: str, is_alone: bool = True) -> str:
    """The text on stderr for an error, with its line end.

    `command` is all words of the command, such as "kubectl get". With `is_alone` false, the error is one of several,
    which kubectl words more briefly. Mirrors StandardErrorMessage and MultipleErrors.
    """
    if isinstance(error, AggregateError):
        return "".join(message(one, command, is_alone=False) for one in error.errors)
    if isinstance(error, StatusError):
        return _refusal_of_server(error, is_alone)
    if isinstance(error, NotSimulated):
        return f"kubesim: {error}\n"
    if not isinstance(error, KubectlError) or not is_alone:
        return f"{error}\n"
    text = f"error: {str(error).removeprefix('error: ')}"
    line_end = "" if text.endswith("\n") else "\n"
    return f"{text}{line_end}{error.advice.format(command)}"


def _refusal_of_server(error: StatusError, is_alone: bool) -> str:
    if error.code == 501:  # the simulated API server's "not simulated"; kubectl's words before it are dropped
        return f"kubesim: {error.message.partition('kubesim: ')[2]}\n"
    if error.reason == "Unauthorized":
        return f"error: You must be logged in to the server ({error.message})\n"
    if error.reason == "Invalid" and is_alone:
        return _invalid(error)
    return f"Error from server ({error.reason}): {error.message}\n"


def _invalid(error: StatusError) -> str:
    """The message for an invalid object, with its causes in a list if there is more than one."""
    causes = list(dict.fromkeys(map(str, error.causes)))
    is_named = error.kind or error.name
    if not is_named and not causes:
        return f"The request is invalid: {error.message}\n"
    head = f"The {error.kind} {quote(error.name)} is invalid" if is_named else "The request is invalid"
    if not causes:
        return f"{head}\n"
    if len(causes) == 1:
        return f"{head}: {causes[0]}\n"
    return f"{head}: \n" + "".join(f"* {cause}\n" for cause in causes)
