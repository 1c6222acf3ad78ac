"""Text that is safe for a terminal."""

_ESCAPES = str.maketrans({"\x1b": "^[", "\r": "\\r"})


def escape(text: str) -> str:
    """`text` without characters that a terminal would obey. Mirrors k8s.io/cli-runtime pkg/printers/terminal.go."""
    return text.translate(_ESCAPES)
