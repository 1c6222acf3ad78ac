"""An image, and what can be wrong with it or with a registry."""

import re
from collections.abc import Mapping
from typing import Literal, NamedTuple

from kubesim.api.digest import sha256

NODE_PLATFORM = "linux/amd64"


class Trouble(NamedTuple):
    """What can be wrong with a registry or an image.

    At the first four places no registry answers; at the next two an image can't be pulled, at the last it can't run.
    """

    at: Literal["lookup", "connection", "certificate", "protocol", "content", "config", "container"]
    error: str  # what the container runtime reports, with {placeholders}
    means: str  # what is wrong, in a few words
    code: str = ""  # the gRPC code of the error, unless it is Unknown
    seconds: float = 0  # how long it takes until it is reported
    trusted: bool = False  # whether it is gone once the node trusts who issued the certificate

    def message(self, **words: str) -> str:
        """The error with `words` for its placeholders; one that isn't known stays as it is."""
        return re.sub(r"\{(\w+)\}", lambda match: words.get(match[1], match[0]), self.error)


def digest_of(content: str) -> str:
    """A digest that stands for a content."""
    return f"sha256:{sha256(content.encode()).hexdigest()}"


class Image(NamedTuple):
    """What a reference leads to: what it writes when it starts (`log`), texts by path (`files`; its `base` has more).

    Its processes run as its `user`, a number or a name ("": root). Without a command, and its `program` with any, it
    `runs` "forever" (ignores SIGTERM), "until-stopped" or "once". If all that it `needs` is missing, it writes its
    `complaint` and fails. An `index` lists platforms with manifests.
    """

    digest: str
    size: int
    log: tuple[str, ...] = ()
    files: Mapping[str, str] = {}
    platforms: tuple[str, ...] = (NODE_PLATFORM,)
    index: bool = False  # type: ignore[assignment]  # a tuple has a method of that name
    base: str = "app"
    user: str = ""
    runs: str = "forever"
    program: str = ""
    needs: tuple[str, ...] = ()
    complaint: str = ""
    trouble: Trouble | None = None

    @property
    def config(self) -> str:
        """The digest of its configuration, which the container runtime takes for its id."""
        return digest_of(f"config of {self.digest}")
