"""The -o of a call, and what a command that changes something prints: "secret/x created", or the object."""

from __future__ import annotations

from kubesim.kubectl.command import Call
from kubesim.kubectl.formats import Format, parse_output
from kubesim.objects import Object, name_of
from kubesim.resources import Resource

_SUFFIX = {"none": "", "client": " (dry run)", "server": " (server dry run)"}


def output_format(call: Call, *, tables: bool = False, default: str = "") -> Format:
    """The format that -o and --template ask for, the same one throughout a call. Raises FormatError."""
    if call.format is None:
        flags = call.flags
        call.format = parse_output(
            flags["output"] or ("" if flags["template"] else default),
            flags["template"],
            call.context.workspace.read_text,
            tables=tables,
            no_headers=bool(flags.get("no-headers")),
        )
    return call.format


def print_result(call: Call, resource: Resource, obj: Object, operation: str, dry_run: str = "none") -> None:
    """Say that `operation` ("created", "configured") was done to `obj`, or print it in the format of -o."""
    form = output_format(call)
    if form.is_table:
        call.say(f"{resource.printed}/{name_of(obj)} {operation}{_SUFFIX[dry_run]}\n")
    else:
        call.say(form.render(obj, typed="uid" not in obj["metadata"]))
