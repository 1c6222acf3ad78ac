"""kubectl get, with tables, --output and --watch. The objects are chosen in selection.py, tables are in output.py.

Mirrors k8s.io/kubectl pkg/cmd/get/get.go, v1.36.
"""

from __future__ import annotations

from itertools import chain

from kubesim.api.clock import Micros
from kubesim.api.objects import Object
from kubesim.cluster.apiserver import Change
from kubesim.kubectl.command import Call, command
from kubesim.kubectl.errors import (
    REFUSALS,
    FormatError,
    KubectlError,
    NotSimulated,
    UnprefixedError,
    raise_all,
    refuse_if,
)
from kubesim.kubectl.formats import list_of
from kubesim.kubectl.manifests import Target
from kubesim.kubectl.output import Table, nothing_found
from kubesim.kubectl.selection import Group, Query

# The simulated seconds of a watch without --request-timeout. In a notebook, no one can press Ctrl+C.
WATCH = 60.0


_NO_TYPE = """\
You must specify the type of resource to get. Use "kubectl api-resources" for a complete list of supported resources.

error: Required resource not specified.
Use "kubectl explain <resource>" for a detailed description of that resource (e.g. kubectl explain pods).
See 'kubectl get -h' for help and examples"""
_WATCHED_ALONE = "watch is only supported on individual resources and resource collections"


def _check_get(call: Call) -> None:
    """The trait `check` of get. Raises UnprefixedError without a type, KubectlError for --show-labels and no table."""
    flags = call.flags
    if not (call.args or flags["filename"] or flags["watch"] or flags["watch-only"]):
        raise UnprefixedError(_NO_TYPE)
    output = flags["output"]
    refuse_if(
        flags["show-labels"] and output not in ("", "wide"),
        f"--show-labels option cannot be used with {output} printer",
    )


@command(
    "get",
    check=_check_get,
    asks_namespace=True,
    checks_format="last",
    operands="types",
    has_tables=True,
    shows_config_errors=True,
)
def get(call: Call) -> None:
    """Print objects as tables or in the format of --output; errors about some objects come after the others."""
    if call.flags["watch"] or call.flags["watch-only"]:
        _watch(call)
        return
    query = Query(call, call.args)
    groups, error = query.select()
    if call.flags["ignore-not-found"] and not error and not any(group.objects for group in groups):
        return  # kubectl doesn't even look at the format
    if error and query.is_single and (call.flags["template"] or call.flags["output"] not in ("", "wide")):
        raise error
    is_table = call.output_format().is_table
    if is_table and isinstance(error, KubectlError):
        error = UnprefixedError(str(error))  # kubectl aggregates errors before printing tables, which drops "error: "
    refusals = [error] if error else []
    try:
        if is_table:
            _print_tables(call, groups, is_complete=not error)
        else:
            _print_formatted(call, groups, query.is_single)
    except REFUSALS as refusal:  # kubectl reports errors of printing before those of fetching
        refusals.insert(0, refusal)
    raise_all(refusals)


def _print_formatted(call: Call, groups: list[Group], is_single: bool) -> None:
    """Print the objects in the format of --output: a single object as it is, others in one List."""
    objects = list(chain.from_iterable(group.objects for group in groups))
    if is_single and len(objects) == 1:
        call.say(call.output_format().render(objects[0]))
    else:
        call.say(call.output_format().render(list_of(_sorted(call, objects))))


def _sorted(call: Call, objects: list[Object]) -> list[Object]:
    """The objects in the order of --sort-by. Raises FormatError and NotSimulated, see `sorting.sort_objects`."""
    field = call.flags["sort-by"]
    if not field or not objects:
        return objects
    from kubesim.kubectl.formats.sorting import sort_objects  # late: few lines are sorted

    return sort_objects(objects, field, call.context.budget)


def _print_tables(call: Call, groups: list[Group], is_complete: bool) -> None:
    """Print a table for each type.

    With `is_complete`, no object was refused, and "No resources found" is printed if there is no table.
    """
    if call.flags["sort-by"] and len(groups) > 1:  # a bug of kubectl: it looks for the field in tables without objects
        from kubesim.kubectl.formats.sorting import missing_field  # late: few lines are sorted

        raise missing_field(call.flags["sort-by"])
    with_kind = len(groups) > 1 or call.flags["show-kind"]
    screens = [_screen(call, group, with_kind) for group in groups if group.objects]
    screens = [screen for screen in screens if screen]
    call.say(("" if call.flags["no-headers"] else "\n").join(screens))
    if not screens and is_complete:
        call.complain(nothing_found(call, all(group.resource.namespaced for group in groups)))


def _screen(call: Call, group: Group, with_kind: bool) -> str:
    """The table of one type, "" if no object has the field of --sort-by: kubectl drops that error, and the table."""
    objects = list(group.objects)
    try:
        if len(objects) > 1:
            objects = _sorted(call, objects)
    except FormatError:
        return ""
    return Table(call, group.resource, with_kind=with_kind).render(objects, call.context.clock.now)


def _watch(call: Call) -> None:
    """Print the objects of one type, and then their changes until --request-timeout, or WATCH, has passed."""
    if call.flags["sort-by"]:
        raise NotSimulated("--sort-by with --watch is not part of this simulator")
    query = Query(call, call.args, one_type=True)
    present = query.fetch(is_strict=True)
    call.output_format()  # raises for a wrong format
    targets = query.targets or present  # a command line with -f has no targets
    is_absent = not present and all(target.name is not None for target in targets)
    if is_absent:  # missing objects with --ignore-not-found, or files without objects
        return
    refuse_if(len({target.resource for target in targets}) > 1, f"{_WATCHED_ALONE} - more than 1 resource was found")
    target = targets[0]
    table = Table(call, target.resource)
    if present and not call.flags["watch-only"]:
        _show_objects(call, table, [item.obj for item in present], call.context.clock.now)
    if len(targets) > 1 and query.is_single:
        raise KubectlError(f"{_WATCHED_ALONE} - {len(targets)} resources were found")
    refuse_if(len(targets) > 1, "you may only watch a single resource or type of resource at a time")
    seen: list[tuple[Micros, Change]] = []
    try:
        _note_changes(call, target, seen)
    finally:  # print the changes so far even if the budget ends the watch
        for now, change in seen:
            _show_objects(call, table, [change.obj], now)


def _show_objects(call: Call, table: Table, objects: list[Object], now: Micros) -> None:
    """Print objects of a watch as they were at the moment `now`. `table` keeps the columns' widths between calls."""
    form = call.output_format()
    if form.is_table:
        call.say(table.render(objects, now))
    else:
        call.say("".join(map(form.render, objects)))


def _note_changes(call: Call, target: Target, seen: list[tuple[Micros, Change]]) -> None:
    """Let the time of the watch pass, and append each change with its moment to `seen`.

    The changes are printed later, because an error while printing must not reach the code that makes the change.
    """

    def note(change: Change) -> None:
        seen.append((call.context.clock.now, change))

    labels = call.flags["selector"]
    fields = call.flags["field-selector"]
    if target.name is not None:
        labels = ""
        fields = f"metadata.name={target.name}"
    stop = call.api.watch(target.resource, note, target.namespace or None, labels=labels, fields=fields)
    try:
        call.pass_time(call.request_timeout or WATCH)
    finally:
        stop()
