"""How kubectl refuses: its own errors, and how it words the API server's.

Mirrors k8s.io/kubectl pkg/cmd/util/helpers.go, v1.36.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from kubesim.api.errors import StatusError
from kubesim.gotext.gofmt import quote

T = TypeVar("T")


class KubectlError(Exception):
    """kubectl's own refusal: "error: …", exit status 1."""

    advice = ""


class UsageError(KubectlError):
    """A refusal that points at the command's help."""

    advice = "See '{} -h' for help and examples\n"


class FlagError(KubectlError):
    """A flag that cannot be parsed."""

    advice = "See '{} --help' for usage.\n"


class FormatError(KubectlError):
    """An output that cannot be made; `stdout` was printed before it."""

    def __init__(self, message: str, stdout: str = "") -> None:
        super().__init__(message)
        self.stdout = stdout


class NotSimulated(Exception):
    """Something that kubectl does and this simulator does not; the text follows "kubesim: "."""


class Plain(Exception):
    """A refusal whose text is shown as it is."""


class ManifestError(ValueError):
    """A text that is no YAML or JSON; the message is that of kubectl's decoder."""


class Several(Exception):
    """Errors of several objects, printed one after the other, and without the word "error"."""

    def __init__(self, errors: Iterable[Exception]) -> None:
        super().__init__()
        self.errors: list[Exception] = []
        for error in errors:
            self.errors += error.errors if isinstance(error, Several) else [error]


class Exit(Exception):
    """End at once with a status; everything has been printed."""

    def __init__(self, code: int) -> None:
        super().__init__()
        self.code = code


def refuse_if(wrong: object, text: str, kind: type[KubectlError] = KubectlError) -> None:
    """Raise a refusal where something is wrong."""
    if wrong:
        raise kind(text)


def file_problem(error: OSError) -> str:
    """What Go says of a file that cannot be read or written: "permission denied"."""
    return (error.strerror or str(error)).lower()


REFUSALS = (KubectlError, NotSimulated, Plain, Several, StatusError)


def raise_all(errors: Iterable[Exception]) -> None:
    """Raise what was gathered, if anything."""
    gathered = Several(errors).errors
    if gathered:
        raise gathered[0] if len(gathered) == 1 else Several(gathered)


def is_missing(error: Exception) -> bool:
    """Whether the API server says that there is no such object."""
    return isinstance(error, StatusError) and error.reason == "NotFound"


def visit(
    items: Iterable[T | Exception],
    act: Callable[[T], object],
    *,
    errors_first: bool = False,
    ignores_missing: bool = False,
) -> int:
    """Do something with each item; raise at the end what went wrong, but with `ignores_missing` that there is none.

    An item that is an error is one that couldn't be found. Of several such errors, beside others, kubectl makes one: it
    is the last, or with `errors_first` the first.

    Returns how many items there were. Mirrors ContinueOnErrorVisitor of k8s.io/cli-runtime pkg/resource/visitor.go.
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
    """Raise an error of some kind as one of kubectl's own, which begins with `head`."""
    try:
        yield
    except kind as error:
        raise into(f"{head}{error}") from None


@contextmanager
def naming_source(verb: str, source: str) -> Iterator[None]:
    """Let a refusal of the API server name the file that it is about, if any: 'error when creating "pod.yaml": …'."""
    try:
        yield
    except StatusError as error:
        if not source:
            raise
        raise StatusError(
            error.code,
            error.reason,
            f'error when {verb} "{source}": {error.message}',
            error.kind,
            error.name,
            error.causes,
        ) from None


def message(error: Exception, command: str, is_alone: bool = True) -> str:
    """What kubectl prints for an error of `command` ("kubectl get"), alone or among others.

    Mirrors StandardErrorMessage and MultipleErrors.
    """
    if isinstance(error, Several):
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
    if error.code == 501:
        return f"kubesim: {error.message.partition('kubesim: ')[2]}\n"
    if error.reason == "Unauthorized":
        return f"error: You must be logged in to the server ({error.message})\n"
    if error.reason == "Invalid" and is_alone:
        return _invalid(error)
    return f"Error from server ({error.reason}): {error.message}\n"


def _invalid(error: StatusError) -> str:
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
