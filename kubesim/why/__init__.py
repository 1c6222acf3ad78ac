"""Why an image doesn't come: the hops of a pull, the cause, and the commands that fix it.

A text goes through four folders: `read` makes objects of it, `hide` takes passwords out, `judge` finds the cause, and
`tell` puts it into words. `export.explain` does all of that. For a Pod of the running cluster, `kubesim.session.flow`
makes the scene, and `judge` and `tell` do the rest.
"""
