"""The learner's workspace: paths and files within it, links, limits of size, and nothing outside of it."""

from __future__ import annotations

import errno
import gc
import os
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path, PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubesim.workspace import LARGEST, Workspace

# Paths outside of the workspace, and methods that take a path.
_OUTSIDE = ["../secret", "/etc/passwd", "/workspace/../secret", "../../etc/passwd", "app/../../secret", "/", ".."]
_ACTIONS: list[Callable[[Workspace, str], object]] = [
    *(Workspace.read_bytes, Workspace.listdir, Workspace.mkdir, Workspace.chdir, Workspace.size),
    *(partial(Workspace.append_text, text="x"), partial(Workspace.write_text, text="x")),
    *(
        Workspace.relative,
        lambda workspace, path: workspace.rename("a", path),
        partial(Workspace.remove, recursive=True),
    ),
]


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    """A workspace in `root`, beside a file `secret` that isn't part of it."""
    root = tmp_path / "root"
    root.mkdir()
    (tmp_path / "secret").write_text("outside")
    return Workspace(root)


def test_a_path_is_relative_or_begins_with_workspace(workspace: Workspace) -> None:
    workspace.mkdir("app")
    workspace.chdir("app")
    workspace.write_text("a", "one")
    workspace.append_text("/workspace/app/a", " two")
    assert workspace.cwd == PurePosixPath("/workspace/app")
    assert workspace.read_text("../app/./a") == "one two"
    assert workspace.relative("a") == "app/a"
    assert (workspace.root / "app" / "a").read_text() == "one two"


def test_the_null_device_takes_everything_and_keeps_nothing(workspace: Workspace) -> None:
    workspace.write_text("/dev/null", "one")
    workspace.append_text("/dev/null", "two")
    assert workspace.read_text("/dev/null") == ""


def test_files_and_folders_are_created_renamed_and_removed(workspace: Workspace) -> None:
    workspace.mkdir("b/c", parents=True)
    workspace.write_text("a", "\udc80")
    workspace.write_text("b/a", workspace.read_text("a"))
    workspace.rename("a", "d")
    assert workspace.listdir(".") == ["b", "d"]
    assert workspace.listdir("b") == ["a", "c"]
    assert workspace.size("d") == 1
    workspace.remove("b", recursive=True)
    workspace.remove("d")
    assert workspace.listdir(".") == []


def test_bytes_that_are_no_text_are_kept(workspace: Workspace) -> None:
    (workspace.root / "a").write_bytes(b"\x80\xff")
    workspace.write_text("b", workspace.read_text("a"))
    assert workspace.read_bytes("b") == b"\x80\xff"


@pytest.mark.parametrize("path", _OUTSIDE)
@pytest.mark.parametrize("action", _ACTIONS)
def test_a_path_outside_is_refused_by_every_method(
    workspace: Workspace, tmp_path: Path, action: Callable[[Workspace, str], object], path: str
) -> None:
    workspace.write_text("a", "inside")
    with pytest.raises(OSError) as caught:  # noqa: PT011
        action(workspace, path)
    assert caught.value.errno in (errno.ENOENT, errno.EACCES)
    assert caught.value.strerror == os.strerror(caught.value.errno)
    assert (tmp_path / "secret").read_text() == "outside"
    assert not workspace.exists(path)
    assert not workspace.is_dir(path)


@pytest.mark.skipif(os.name == "nt", reason="symbolic links need a right there")
@pytest.mark.parametrize("target", ["../secret", "..", "/etc/passwd", "//etc/passwd", "../not-there"])
def test_a_link_to_the_outside_is_refused(workspace: Workspace, tmp_path: Path, target: str) -> None:
    (workspace.root / "link").symlink_to(target)
    workspace.write_text("a", "inside")
    for path in ("link", "link/secret"):
        for action in _ACTIONS[:7]:
            with pytest.raises(OSError, match=r"Permission denied|No such file|Not a directory|exists"):
                action(workspace, path)
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["root", "secret"]
    assert (tmp_path / "secret").read_text() == "outside"
    workspace.remove("link")
    assert workspace.listdir(".") == ["a"]


def test_a_link_inside_is_followed(workspace: Workspace) -> None:
    workspace.write_text("a", "inside")
    (workspace.root / "link").symlink_to("a")
    assert workspace.read_text("link") == "inside"


@pytest.mark.skipif(os.name == "nt", reason="symbolic links need a right there")
def test_links_within_the_workspace_are_followed_upward_and_to_other_links(workspace: Workspace) -> None:
    workspace.put("a/b/file", "inside")
    workspace.mkdir("c")
    (workspace.root / "c" / "up").symlink_to("../a/b")
    (workspace.root / "again").symlink_to("c/up/file")
    (workspace.root / "loop").symlink_to("loop")
    assert workspace.read_text("again") == "inside"
    assert workspace.listdir("c/up") == ["file"]
    workspace.write_text("again", "changed")
    assert workspace.read_text("a/b/file") == "changed"
    with pytest.raises(OSError, match="Too many levels of symbolic links"):
        workspace.read_text("loop")


@pytest.mark.skipif(os.open not in os.supports_dir_fd, reason="the platform cannot open below a folder")
def test_a_folder_replaced_by_a_link_during_a_read_gives_nothing_from_outside(tmp_path: Path) -> None:
    root = tmp_path / "root"
    (root / "real").mkdir(parents=True)
    (root / "real" / "secret").write_text("inside")
    (tmp_path / "secret").write_text("outside")
    (root / "link").symlink_to("..")
    workspace, over = Workspace(root), threading.Event()

    def swap() -> None:
        while not over.is_set():
            for source in ("real", "link"):
                (root / source).rename(root / "now")
                (root / "now").rename(root / source)

    racer = threading.Thread(target=swap)
    racer.start()
    try:
        read = {text for _ in range(2000) for text in [_try_to_read(workspace, "now/secret")] if text}
    finally:
        over.set()
        racer.join()
    assert read <= {"inside"}


def _try_to_read(workspace: Workspace, path: str) -> str:
    """The text of a file; "" if it can't be read."""
    try:
        return workspace.read_text(path)
    except OSError:
        return ""


def test_a_file_that_is_too_large_is_not_read(workspace: Workspace) -> None:
    with (workspace.root / "sparse").open("wb") as file:
        file.truncate(20 << 30)
    with pytest.raises(OSError, match="File too large"):
        workspace.read_bytes("sparse")
    assert workspace.size("sparse") == 20 << 30


def test_no_file_is_written_beyond_the_limit(workspace: Workspace) -> None:
    workspace.write_text("a", "\0" * LARGEST)
    with pytest.raises(OSError, match="File too large"):
        workspace.append_text("a", "x")
    with pytest.raises(OSError, match="File too large"):
        workspace.write_text("a", "\0" * (LARGEST + 1))
    assert workspace.read_bytes("a") == bytes(LARGEST)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes there")
def test_a_named_pipe_is_refused(workspace: Workspace) -> None:
    os.mkfifo(workspace.root / "pipe")
    with pytest.raises(PermissionError):
        workspace.read_bytes("pipe")


@pytest.mark.parametrize(
    ("path", "number"),
    [
        ("", errno.ENOENT),
        ("a\0b", errno.ENOENT),
        ("missing", errno.ENOENT),
        ("file/", errno.ENOTDIR),
        ("file/below", errno.ENOTDIR),
        (".", errno.EISDIR),
        ("x" * 300, errno.ENAMETOOLONG),
        ("x/" * 3000, errno.ENAMETOOLONG),
        ("x/" * 200, errno.ENAMETOOLONG),
    ],
)
def test_an_error_has_the_path_as_typed(workspace: Workspace, path: str, number: int) -> None:
    workspace.write_text("file", "")
    with pytest.raises(OSError) as caught:  # noqa: PT011
        workspace.read_bytes(path)
    assert (caught.value.errno, caught.value.filename) == (number, path)


@pytest.mark.parametrize(
    ("source", "target", "blamed", "number"),
    [
        ("file", "missing/b", "missing/b", errno.ENOENT),
        ("file", "../../etc/x", "../../etc/x", errno.ENOENT),
        ("file", "folder", "folder", errno.EISDIR),
        ("missing", "b", "missing", errno.ENOENT),
        ("missing", "missing/b", "missing", errno.ENOENT),
    ],
)
def test_a_failed_rename_names_the_path_at_fault(
    workspace: Workspace, source: str, target: str, blamed: str, number: int
) -> None:
    workspace.put("folder/a", "")
    workspace.write_text("file", "")
    with pytest.raises(OSError) as caught:  # noqa: PT011
        workspace.rename(source, target)
    assert (caught.value.errno, caught.value.filename) == (number, blamed)
    assert workspace.listdir(".") == ["file", "folder"]


def test_the_workspace_itself_cannot_be_removed(workspace: Workspace) -> None:
    for path in (".", "/workspace", "app/.."):
        with pytest.raises(OSError) as caught:  # noqa: PT011
            workspace.remove(path, recursive=True)
        assert caught.value.errno == errno.EBUSY


@given(st.text(max_size=40), st.binary(max_size=20))
def test_any_path_is_written_or_refused(path: str, content: bytes) -> None:
    workspace = Workspace()
    try:
        workspace.write_text(path, content.decode("utf-8", "surrogateescape"))
    except (OSError, UnicodeEncodeError):
        assert workspace.listdir(".") == []
    else:
        assert workspace.read_bytes(path) == content


def test_a_temporary_folder_is_created_on_first_use_and_removed() -> None:
    workspace = Workspace()
    assert workspace._root is None
    root = workspace.root
    assert root.is_dir()
    del workspace
    gc.collect()
    assert not root.exists()
