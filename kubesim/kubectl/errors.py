"""How kubectl refuses: its own errors, and how it words the API server's.

Mirrors k8s.io/kubectl pkg/cmd/util/helpers.go, v1.36.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from kubesim.api.errors import StatusError

T = TypeVar("T")


class KubectlError(Exception):
    """kubectl's own refusal: "error: …", exit status 1."""


class UsageError(KubectlError):
    """A refusal that points at the command's help: "See 'kubectl get -h' for help and examples"."""


class FlagError(KubectlError):
    """A flag that cannot be parsed: "See 'kubectl get --help' for usage."."""


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
    """Errors of several objects, told one after the other, and without the word "error".

    Its own text is that of a single error among others. Mirrors k8s.io/apimachinery pkg/util/errors Aggregate.
    """

    def __init__(self, errors: Iterable[Exception]) -> None:
        super().__init__()
        self.errors = list(errors)

    def __str__(self) -> str:
        texts = list(dict.fromkeys(map(str, self.single())))
        return texts[0] if len(texts) == 1 else f"[{', '.join(texts)}]"

    def single(self) -> Iterator[Exception]:
        """The errors, and in place of those that are several again, theirs."""
        for error in self.errors:
            yield from error.single() if isinstance(error, Several) else (error,)


class ContextNotFound(KubectlError):
    """A context that is not in the kubeconfig."""


class InvalidConfiguration(Several):
    """What is wrong with the kubeconfig and the flags about it. Mirrors client-go tools/clientcmd/validation.go."""

    def __str__(self) -> str:
        return f"invalid configuration: {super().__str__()}"


class Exit(Exception):
    """End at once with a status; everything has been said."""

    def __init__(self, code: int) -> None:
        super().__init__()
        self.code = code


def raise_all(errors: list[Exception]) -> None:
    """Raise what was gathered, if anything."""
    if len(errors) == 1:
        raise errors[0]
    if errors:
        raise Several(errors)


REFUSALS = (KubectlError, NotSimulated, Plain, Several, StatusError)


def failures(items: Iterable[T], act: Callable[[T], object]) -> tuple[int, list[Exception]]:
    """Do something with each item; return how many there were, and what went wrong."""
    count, errors = 0, list[Exception]()
    for item in items:
        count += 1
        try:
            act(item)
        except REFUSALS as error:
            errors.append(error)
    return count, errors


def visit(
    items: Iterable[T],
    late: list[Exception],
    act: Callable[[T], object],
    ignored: Callable[[Exception], bool] = lambda _: False,
) -> int:
    """Do something with each item; raise what went wrong at the end, and after it, as one, what is in `late` by then.

    Errors that are `ignored` count for nothing. Returns how many items there were. Mirrors ContinueOnErrorVisitor of
    k8s.io/cli-runtime pkg/resource/visitor.go.
    """
    count, errors = failures(items, act)
    left, later = ([error for error in each if not ignored(error)] for each in (errors, late))
    raise_all([*left, Several(later)] if later else left)
    return count


def with_source(verb: str, source: str, error: StatusError) -> StatusError:
    """The error with the file that it is about: 'error when creating "pod.yaml": …'."""
    message = f'error when {verb} "{source}": {error.message}'
    return StatusError(error.code, error.reason, message, error.kind, error.name, error.causes)


def told(error: Exception, command: str) -> str:
    """What kubectl prints for an error of `command` ("kubectl get")."""
    if isinstance(error, Several) and len(error.errors) == 1:
        error = error.errors[0]
    if isinstance(error, InvalidConfiguration | ContextNotFound):
        return f"Error in configuration: {_listed(error)}"
    if isinstance(error, Several):
        return "".join(_told_among_others(one, command) for one in error.errors)
    if isinstance(error, StatusError) and error.code == 501:
        return f"kubesim: {error.message.partition('kubesim: ')[2]}\n"
    if isinstance(error, StatusError):
        return _told_status(error)
    if isinstance(error, NotSimulated):
        return f"kubesim: {error}\n"
    if isinstance(error, Plain):
        return f"{error}\n"
    tail = ""
    if isinstance(error, FlagError):
        tail = f"See '{command} --help' for usage.\n"
    elif isinstance(error, UsageError):
        tail = f"See '{command} -h' for help and examples\n"
    return _ended(f"error: {str(error).removeprefix('error: ')}") + tail


def _listed(error: ContextNotFound | InvalidConfiguration) -> str:
    texts = [str(one) for one in error.errors] if isinstance(error, InvalidConfiguration) else [str(error)]
    return f"{texts[0]}\n" if len(texts) == 1 else "\n" + "".join(f"* {text}\n" for text in texts)


def _ended(text: str) -> str:
    return text if text.endswith("\n") else f"{text}\n"


def _told_among_others(error: Exception, command: str) -> str:
    """Mirrors StandardErrorMessage and MultipleErrors in k8s.io/kubectl pkg/cmd/util/helpers.go."""
    if isinstance(error, StatusError):
        return f"Error from server ({error.reason}): {error.message}\n"
    return f"{error}\n" if isinstance(error, KubectlError | Several) else told(error, command)


def _told_status(error: StatusError) -> str:
    if error.reason != "Invalid":
        return f"Error from server ({error.reason}): {error.message}\n"
    head = f'The {error.kind} "{error.name}" is invalid' if error.kind or error.name else "The request is invalid"
    causes = list(dict.fromkeys(map(str, error.causes)))
    if not causes:
        return f"{head}: {error.message}\n" if head == "The request is invalid" else f"{head}\n"
    if len(causes) == 1:
        return f"{head}: {causes[0]}\n"
    return f"{head}: \n" + "".join(f"* {cause}\n" for cause in causes)
