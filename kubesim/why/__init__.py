"""Causes of failed image pulls: the hops of a pull, the cause, and the commands that fix it.

A text goes through four folders: `read` makes objects of it, `hide` takes passwords out, `judge` finds the cause, and
`tell` puts it into words. `export.explain_as_text` does all of that. For a Pod of the running cluster, the scene comes
from `kubesim.session.flow`, and `judge` and `tell` do the rest.
"""
