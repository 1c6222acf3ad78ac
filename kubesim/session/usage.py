"""The usage lines of `why`, apart from it, because most sessions never import the rest."""

USAGE = "why POD [-n NAMESPACE] [-c CONTAINER] [-o markdown|json]"
FILE_USAGE = "kubesim why (-f FILE [-f FILE]... [--pod NAME] [--answer yes|no] [--all] [-o markdown|json] | MESSAGE)"
