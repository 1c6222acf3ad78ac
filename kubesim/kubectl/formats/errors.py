"""What an output format may refuse."""

from __future__ import annotations

from kubesim.kubectl.errors import KubectlError


class FormatError(KubectlError):
    """An output that cannot be made. `message` is its sentence; `stdout` was printed before it."""

    def __init__(self, message: str, stdout: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.stdout = stdout
