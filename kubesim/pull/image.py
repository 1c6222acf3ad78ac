"""An image in a simulated registry, and the troubles of images and registries."""

import re
from collections.abc import Mapping
from typing import Literal, NamedTuple

from kubesim.api.digest import sha256

NODE_PLATFORM = "linux/amd64"


class Trouble(NamedTuple):
    """A trouble of a registry or an image.

    `at` is the step that fails. With "lookup", "connection", "certificate" and "protocol" the registry isn't reached;
    with "content" and "config" the image can't be pulled; with "container" it is pulled and can't run.
    """

    at: Literal["lookup", "connection", "certificate", "protocol", "content", "config", "container"]
    error: str  # the container runtime's message, with {placeholders}
    means: str  # the trouble in a few words
    code: str = ""  # the gRPC code of the error, unless it is Unknown
    seconds: float = 0  # from the request to the error
    trusted: bool = False  # gone once the node trusts the certificate's issuer

    def message(self, **words: str) -> str:
        """The error with `words` in place of its placeholders. A placeholder without a word stays."""
        return re.sub(r"\{(\w+)\}", lambda match: words.get(match[1], match[0]), self.error)


def digest_of(content: str) -> str:
    """A digest that is derived from `content`, a text that names an image or a part of it."""
    return f"sha256:{sha256(content.encode()).hexdigest()}"


class Image(NamedTuple):
    """The image that a registry has under a reference.

    `log` has the lines that its server writes at the start. `files` has texts by path; the programs and further files
    come from its `base` (see shell/bases.py). Its processes have `uid`, `gid`, `home` and
    `groups`, by default those of root in its base, or `gid` alone.

    `runs` says how its server behaves: "forever" (it ignores SIGTERM), "until-stopped" or "once". The server is the
    image's default command, and its `program` with any arguments. It writes its `complaint` and fails if the
    environment has none of the variables in `needs`. `index` says that the reference names a list of `platforms`, not
    one manifest.
    """

    digest: str
    size: int
    log: tuple[str, ...] = ()
    files: Mapping[str, str] = {}
    platforms: tuple[str, ...] = (NODE_PLATFORM,)
    index: bool = False  # type: ignore[assignment]  # a tuple has a method of that name
    base: str = "app"
    uid: int = 0
    gid: int = 0
    groups: tuple[int, ...] = ()
    home: str = "/root"
    runs: str = "forever"
    program: str = ""
    needs: tuple[str, ...] = ()
    complaint: str = ""
    trouble: Trouble | None = None

    @property
    def config(self) -> str:
        """The digest of the image's configuration, which containerd uses as the image ID."""
        return digest_of(f"config of {self.digest}")
