"""A magic's refusal. Its module is one that `%reload_ext` doesn't run again, so that all rooms know the same class."""


class Refusal(Exception):
    """Why a magic doesn't do what its line says: what its cell prints after "kubesim: "."""
