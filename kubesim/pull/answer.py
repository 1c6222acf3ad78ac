"""What came of asking a registry for an image, and how the container runtime reports it."""

from __future__ import annotations

from typing import NamedTuple

from kubesim.pull.image import Image
from kubesim.pull.imageref import Reference

# By the part of the pull that failed, what the runtime writes before the reason; {} is the image.
_PREFIXES = {
    "resolve": 'failed to pull and unpack image "{}": failed to resolve image: ',
    "content": 'failed to pull and unpack image "{}": ',
    "config": "get image config descriptor: ",
}


class Answer(NamedTuple):
    """What came of asking for an image: the image, or `refusal` in containerd's words, which took `seconds`.

    `code` is the gRPC code if it is not Unknown, and `part` the part of the pull that failed.
    """

    image: Image | None = None
    refusal: str = ""
    seconds: float = 0
    code: str = ""
    part: str = "resolve"

    def error(self, reference: Reference) -> str:
        """The refusal as the kubelet gets it from the container runtime."""
        code = f"rpc error: code = {self.code} desc = " if self.code else ""
        return f"{code}{_PREFIXES[self.part].format(reference.canonical)}{self.refusal}"
