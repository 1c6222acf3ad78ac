"""What images hold, by their bases in bases.json: programs that containers can run, and those that aren't simulated."""

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import NamedTuple

from kubesim.shell.containerfiles import ContainerFiles, Folder
from kubesim.shell.memoryfiles import Entries, MemoryFiles
from kubesim.shell.tools import TOOLS
from kubesim.shell.users import ROOT, Accounts, Owner, User, accounts_of

_LISTED = {*TOOLS, "tar"}
"""Programs that every base lists whose images have them."""
_OWNERS = {"/dev/termination-log": Owner(0o666), "/root": Owner(0o700), "/tmp": Owner(0o777)}
"""What isn't open to all for reading, and to root alone for writing. A sticky folder is one like any other here."""


class BaseRow(NamedTuple):
    """What bases.json says of a base."""

    paths: Sequence[str]
    """The folders of $PATH, of which the first one shows the programs."""
    shells: Mapping[str, Mapping[str, str]]
    """The dialect of each shell: how it puts what bash and GNU's tools say, by patterns.

    In these, `<` and `>` are redirections that fail.
    """
    programs: str
    """What can be run besides the shells: names or paths."""
    lacking: str = ""
    """What the real image has as well, and says here that it isn't simulated."""
    has_more: bool = False
    """The real image may have any other program, too."""
    is_unknown: bool = False
    """Nothing is known of what the image holds."""
    files: Mapping[str, str] = {}
    """Files besides the image's own."""
    folders: Sequence[str] = ()
    log: Sequence[str] = ()
    """What its server writes when it starts; {time} is that time."""
    is_busybox: bool = False


class Base(BaseRow):
    """What images of one base hold."""

    @property
    def names(self) -> list[str]:
        """The programs that can be run."""
        return [*self.shells, *map(last_part, self.programs.split())]

    def can_run(self, path: str) -> bool:
        """Whether a program can be run by this name or path."""
        return self._is_in_path(path) and last_part(path) in self.names

    def has_unsimulated(self, path: str, files: MemoryFiles) -> bool:
        """Whether the real image has, or may have, a program of this name or path that isn't simulated.

        What is among the container's `files` is no program.
        """
        if self.is_unknown:
            return not files.exists(path)
        name = last_part(path)
        if self._is_in_path(path) and name in map(last_part, self.lacking.split()):
            return True
        return self.has_more and name not in _LISTED and not files.exists(path)

    def _is_in_path(self, path: str) -> bool:
        folder, slash, _ = path.rpartition("/")
        return not slash or folder in self.paths

    @cached_property
    def _entries(self) -> Entries:
        """What every container has: the programs, its files and folders."""
        programs = (*self.shells, *self.programs.split(), *self.lacking.split())
        paths = [name if "/" in name else f"{self.paths[0]}/{name}" for name in programs]
        return MemoryFiles().fill({**dict.fromkeys(paths, ""), **self.files}, self.folders)

    def with_files(self, image_files: Mapping[str, str], folders: Iterable[str] = ()) -> Entries:
        """What a container of an image holds, with more `folders` where there is nothing else."""
        return MemoryFiles(self._entries).fill(image_files, folders)

    def accounts(self, image_files: Mapping[str, str]) -> Accounts:
        """The users and groups that an image names."""
        files = {**self.files, **image_files}
        return accounts_of(files.get("/etc/passwd", ""), files.get("/etc/group", ""))

    def new_files(
        self, image_files: Mapping[str, str], folders: Sequence[str] = (), user: User = ROOT
    ) -> ContainerFiles:
        """The files of a fresh container, as a user finds them."""
        return ContainerFiles(lambda: Folder(self.with_files(image_files, folders), _OWNERS.copy()), user)


def last_part(path: str) -> str:
    """The name of a program by its name or path."""
    return path.rpartition("/")[2]
