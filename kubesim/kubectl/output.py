"""What a command that changes something prints: "secret/x created", or the object in the format of -o."""

from __future__ import annotations

from kubesim.api.objects import Object, name_of
from kubesim.api.resources import Resource
from kubesim.api.schema import in_go_order
from kubesim.kubectl.command import Call

DRY_RUN_SUFFIX = {"none": "", "client": " (dry run)", "server": " (server dry run)"}


def print_result(
    call: Call,
    resource: Resource,
    obj: Object,
    operation: str,
    dry_run: str = "none",
    typed: bool = False,
    is_alone: bool = False,
) -> None:
    """Say that `operation` ("created", "configured") was done to `obj`, or print it in the format of -o.

    `typed` says that kubectl holds the object as a Go struct, see Format.render; `is_alone` that it makes a printer for
    each object, so that nothing stands between them.
    """
    if is_alone:
        call.format = None
    form = call.output_format()
    if form.is_table:
        call.say(f"{resource.printed}/{name_of(obj) or '<unknown>'} {operation}{DRY_RUN_SUFFIX[dry_run]}\n")
    else:
        call.say(form.render(in_go_order(resource, obj) if typed else obj, typed))
