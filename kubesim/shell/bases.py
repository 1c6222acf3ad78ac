"""The contents of images by their base: folders, files, shells and programs.

The rows are in kubesim/cluster/kubelet/bases.json, beside the images; containers.py there reads them.
"""

from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import NamedTuple

from kubesim.shell.memoryfiles import Entries, MemoryFiles, filled
from kubesim.shell.tools import TOOLS

# Programs that every base names if its image has them. One that a base doesn't name is absent, even if it `has_more`.
_KNOWN_EVERYWHERE = {*TOOLS, "tar"}


class BaseRow(NamedTuple):
    """A base in bases.json."""

    # The folders of $PATH. `ls` shows the programs in the first one.
    paths: tuple[str, ...]
    # For each shell, the rewriting of bash's and the GNU tools' messages: a replacement by regular expression. In a
    # pattern, `<` and `>` stand for failed redirections.
    shells: Mapping[str, Mapping[str, str]]
    # Names or paths of the simulated programs besides the shells, separated by spaces.
    programs: str
    # Names or paths of programs of the real image that aren't simulated, separated by spaces.
    lacking: str = ""
    # True if the real image may have other programs, too.
    has_more: bool = False
    # The image's contents are unknown.
    is_unknown: bool = False
    # Texts by path, besides those of the image.
    files: Mapping[str, str] = {}
    folders: tuple[str, ...] = ()
    # The groups of root's processes.
    root_groups: tuple[int, ...] = (0,)
    # Lines that its server writes at the start; {time} is replaced by the time.
    log: tuple[str, ...] = ()
    # Its tools print busybox's messages (see Machine.in_dialect).
    is_busybox: bool = False


class Base(BaseRow):
    """The contents that all images of one base share."""

    @property
    def simulated(self) -> list[str]:
        """The names of the simulated programs, with the shells."""
        return [*self.shells, *map(program_name, self.programs.split())]

    def can_run(self, path: str) -> bool:
        """True if `path`, a name or a path, is a simulated program."""
        return self._is_in_path(path) and program_name(path) in self.simulated

    def has_unsimulated(self, path: str, files: MemoryFiles) -> bool:
        """True if the real image has, or may have, the program `path` that isn't simulated.

        `files` are the container's. An entry in them is a plain file, not a program.
        """
        if self.is_unknown:
            return not files.exists(path)
        name = program_name(path)
        if self._is_in_path(path) and name in map(program_name, self.lacking.split()):
            return True
        return self.has_more and name not in _KNOWN_EVERYWHERE and not files.exists(path)

    def _is_in_path(self, path: str) -> bool:
        folder, slash, _ = path.rpartition("/")
        return not slash or folder in self.paths

    @cached_property
    def _entries(self) -> Entries:
        """The entries of every container: the programs, and the base's files and folders."""
        programs = (*self.shells, *self.programs.split(), *self.lacking.split())
        paths = [name if "/" in name else f"{self.paths[0]}/{name}" for name in programs]
        return filled({}, {**dict.fromkeys(paths, ""), **self.files}, self.folders)

    def with_files(self, image_files: Mapping[str, str], folders: Iterable[str] = ()) -> Entries:
        """The entries of a fresh container: the base's, the image's, and the `folders` that don't exist yet."""
        return filled(self._entries, image_files, folders)


def program_name(path: str) -> str:
    """The program's name in a name or path."""
    return path.rpartition("/")[2]
