"""The exception of a magic that refuses its line.

It has a module of its own because `%reload_ext` runs the package's `__init__` again: a class defined there would be a
new one, and `except Refusal` would miss the exceptions of modules imported before.
"""


class Refusal(Exception):
    """A magic can't do what its line says. The cell prints the message after "kubesim: "."""
