"""kubectl cp: files between the workspace and a container that has tar. Mirrors k8s.io/kubectl pkg/cmd/cp, v1.36."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import NamedTuple, NoReturn

from kubesim.api.resources import POD
from kubesim.kubectl.command import Call, command
from kubesim.kubectl.errors import Exit, KubectlError, NotSimulated, file_problem, refuse_if
from kubesim.kubectl.manifests import Target
from kubesim.kubectl.running import exec_in
from kubesim.kubectl.selection import get_live
from kubesim.shell.container import Place
from kubesim.shell.memoryfiles import MemoryFiles
from kubesim.workspace import Workspace


class _Tar(NamedTuple):
    """What the tar of an image says."""

    status: int  # of an error
    absolute: str  # of a path that begins with a slash
    missing: str  # of a path that isn't there
    no_folder: str  # of one whose folder isn't there
    no_file: str  # of one that can't be written
    unreadable: str  # of one that can't be read


_GNU = _Tar(
    status=2,
    absolute="tar: Removing leading `/' from member names\n",
    missing="tar: {}: Cannot stat: No such file or directory\n"
    "tar: Exiting with failure status due to previous errors\n",
    no_folder="tar: {}: Cannot open: No such file or directory\ntar: Error is not recoverable: exiting now\n",
    no_file="tar: {}: Cannot open: {}\ntar: Exiting with failure status due to previous errors\n",
    unreadable="tar: {}: Cannot open: {}\ntar: Exiting with failure status due to previous errors\n",
)
_BUSYBOX = _Tar(
    status=1,
    absolute="tar: removing leading '/' from member names\n",
    missing="tar: {}: No such file or directory\ntar: error exit delayed from previous errors\n",
    no_folder="tar: can't change directory to '{}': No such file or directory\n",
    no_file="tar: can't open '{}': {}\n",
    unreadable="tar: can't open '{}': {}\ntar: error exit delayed from previous errors\n",
)


@command("cp", asks_namespace=True)
def copy(call: Call) -> None:
    refuse_if(len(call.args) != 2, "source and destination are required")
    source, target = map(_file_spec, call.args)
    refuse_if(source.pod and target.pod, "one of src or dest must be a local file specification")
    refuse_if(not source.path or not target.path, "filepath can not be empty")
    refuse_if(not source.pod and not target.pod, "one of src or dest must be a remote file specification")
    refuse_if(
        not source.pod and not call.context.workspace.exists(source.path),
        f"{source.path} doesn't exist in local filesystem",
    )
    namespace, _, name = (source.pod or target.pod).rpartition("/")
    pod = get_live(call, Target(POD, namespace or call.namespace, name))
    # kubectl shows on stdout what tar and it itself say while files come out.
    container = exec_in(
        call, pod, lambda connection: connection.prepared_place(["tar"]), call.say if source.pod else None
    )
    if container.base.is_unknown:
        raise NotSimulated("copying files of an image that isn't known is not part of this simulator")
    tar = _BUSYBOX if container.base.is_busybox else _GNU
    if source.pod:
        _copy_out(call, container.files, source.path.rstrip("/") or "/", target.path, tar)
    else:
        _copy_in(call, container, source.path, target.path, tar)


class _FileSpec(NamedTuple):
    """A path in the workspace or in a Pod."""

    pod: str  # with or without its namespace; "" for the workspace
    path: str


def _file_spec(word: str) -> _FileSpec:
    """What [[NAMESPACE/]POD:]PATH means. Raises KubectlError."""
    pod, colon, path = word.partition(":")
    refuse_if(
        colon and (not pod or pod.count("/") > 1),
        "filespec must match the canonical format: [[namespace/]pod:]file/path",
    )
    return _FileSpec(pod, path) if colon else _FileSpec("", word)


def _copy_in(call: Call, container: Place, source: str, target: str, tar: _Tar) -> None:
    local = call.context.workspace
    files = container.files
    if files.is_dir(target):
        target = f"{target.rstrip('/')}/{PurePosixPath(local.absolute(source)).name}"
    target = target.rstrip("/")
    folder, _, name = target.rpartition("/")
    if folder and not files.is_dir(folder):
        _give_up(call, tar.no_folder.format(folder), tar)
    try:
        for inner, text in _entries(local, source):
            if text is None:
                files.mkdir(target + inner, parents=True)
            else:
                files.put(target + inner, text)
    except OSError as error:
        _give_up(call, tar.no_file.format(name, error.strerror), tar)


def _copy_out(call: Call, files: MemoryFiles, source: str, target: str, tar: _Tar) -> None:
    if not files.exists(source):  # kubectl doesn't wait for tar's exit status
        call.say(tar.missing.format(source))
        return
    call.say(tar.absolute if source.startswith("/") else "")
    try:
        entries = list(_entries(files, source))
    except PermissionError as error:
        entries = []
        call.say(tar.unreadable.format(error.filename, error.strerror))
    for inner, text in entries:
        _unpack(call.context.workspace, target.rstrip("/") + inner or "/", text)


def _entries(files: Workspace | MemoryFiles, path: str) -> Iterator[tuple[str, str | None]]:
    """Every file and empty folder at or below a path: what its own path adds to that, and its text, or None."""
    if not files.is_dir(path):
        yield "", files.read_text(path)
        return
    names = sorted(files.listdir(path))
    if not names:
        yield "", None
    for name in names:
        for inner, text in _entries(files, f"{path.rstrip('/')}/{name}"):
            yield f"/{name}{inner}", text


def _unpack(local: Workspace, path: str, text: str | None) -> None:
    """Create a file, or a folder. Raises KubectlError, as untarAll."""
    folder = path if text is None else path.rpartition("/")[0]
    try:
        if folder:
            local.mkdir(folder, parents=True)
        if text is not None:
            local.write_text(path, text)
    except FileExistsError as error:
        raise KubectlError(f"mkdir {error.filename}: not a directory") from None
    except OSError as error:
        raise KubectlError(f"open {path}: {file_problem(error)}") from None


def _give_up(call: Call, message: str, tar: _Tar) -> NoReturn:
    call.complain(f"{message}command terminated with exit code {tar.status}\n")
    raise Exit(tar.status)
