"""A registry's answer to a pull, and the error of containerd and the CRI that reports a refusal."""

from __future__ import annotations

from typing import NamedTuple

from kubesim.pull.image import Image
from kubesim.pull.imageref import Reference

# The runtime's words before the reason, by the part of the pull that failed; {} stands for the image.
_PREFIXES = {
    "resolve": 'failed to pull and unpack image "{}": failed to resolve image: ',
    "content": 'failed to pull and unpack image "{}": ',
    "config": "get image config descriptor: ",
}


class Answer(NamedTuple):
    """The result of a pull: an image, or a refusal.

    `refusal` is containerd's reason, "" for an image. `seconds` is the duration of the pull. `code` is the gRPC code of
    the refusal, "" for Unknown. `part` is the key in `_PREFIXES` of the part of the pull that failed.
    """

    image: Image | None = None
    refusal: str = ""
    seconds: float = 0
    code: str = ""
    part: str = "resolve"

    def error(self, reference: Reference) -> str:
        """The error that the kubelet gets from the container runtime."""
        code = f"rpc error: code = {self.code} desc = " if self.code else ""
        return f"{code}{_PREFIXES[self.part].format(reference.canonical)}{self.refusal}"
