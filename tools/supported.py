"""Writes docs/supported.md, the list of everything simulated, and docs/registries.md (`make docs`).

docs/supported.md is for the site, isn't in git, and has docs/scope.md as its summary. Commands, flags, kinds, formats,
tools and images come from the tables that run them, and everything else from supported.yaml.

Functions that yield texts yield the lines of a section, of an item, or of a paragraph.
"""

from __future__ import annotations

import sys
import textwrap
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from kubesim.api import CONTAINERD, KUBECTL, KUBERNETES, load_yaml
from kubesim.api.resources import RESOURCES
from kubesim.cluster import Cluster
from kubesim.cluster.apiserver.admission import MAX_PODS
from kubesim.cluster.apiserver.notes import INERT
from kubesim.cluster.kubelet.containers import bases
from kubesim.cluster.registry.document import ResponseRule
from kubesim.cluster.registry.world import Registry, Repository
from kubesim.cluster.registry.worldfile import builtin
from kubesim.gotext.pflag import Flag
from kubesim.kubectl import ABSENT
from kubesim.kubectl.catalogue import GLOBAL
from kubesim.kubectl.formats import ABSENT_FORMATS, OUTPUT_FORMATS
from kubesim.session.programs import registry_tools
from kubesim.shell.tools import TOOLS
from tools.commands import all_commands

DOCS = Path(__file__).resolve().parent.parent / "docs"
PAGE = DOCS / "supported.md"
REGISTRIES = DOCS / "registries.md"
# Characters in a line of the pages.
_WIDTH = 110
# The number of commands from which on a flag that all of them refuse is listed only once.
_MANY = 20
# The words for a registry's `auth`.
_AUTH = {"none": "open to everyone", "basic": "Basic authentication", "token": "a token service"}
# The words for the groups of clients in a ResponseRule.
_CLIENTS = {
    "anonymous": "anonymous clients",
    "unknown": "a wrong user or password",
    "expired": "an expired password",
    "barred": "users without the right",
}


class Fields(NamedTuple):
    """The fields of a kind, or of a `part` of it such as "spec", on which a component such as "kubelet" acts.

    `fields` are separated by blanks, and "[]" in them stands for each item of a list.
    """

    kind: str
    who: str
    fields: str
    part: str = ""


class Facts(NamedTuple):
    """The content of supported.yaml: facts that no table of kubesim has.

    `acted_upon` has the rows of ACTED_UPON; `idle` the reasons why flags have no effect, by the end of a command line;
    `differences` sentences about differences from a real cluster; and `http` sentences about the API over HTTPS.
    """

    acted_upon: Sequence[Mapping[str, str]]
    idle: Mapping[str, str]
    differences: Sequence[str]
    http: Sequence[str]


FACTS = Facts(**load_yaml(Path(__file__).with_suffix(".yaml")))
ACTED_UPON = tuple(Fields(**row) for row in FACTS.acted_upon)


def page() -> str:
    """The text of docs/supported.md."""
    sections = (_head(), _commands(), _formats(), _kinds(), _fields(), _shell(), _http(), _differences())
    return "\n".join(line for section in sections for line in section)


def registries_page() -> str:
    """The text of docs/registries.md."""
    return "\n".join(_registries())


def write() -> None:
    """Write both pages."""
    PAGE.write_text(page(), encoding="utf-8")
    REGISTRIES.write_text(registries_page(), encoding="utf-8")


def _head() -> Iterator[str]:
    yield "# What kubesim simulates, flag by flag"
    yield ""
    yield from _wrapped(
        f"kubectl {KUBECTL} and Kubernetes {KUBERNETES} with containerd {CONTAINERD}, as far as this page goes. If "
        "kubectl has something that kubesim lacks, it's refused in a line that starts with `kubesim:`. `make docs` "
        "generates this page from the code."
    )
    yield ""


def _commands() -> Iterator[str]:
    shared = _shared_refusals()
    yield "## kubectl"
    yield ""
    yield from _flags("every command", GLOBAL)
    yield from _item(f"every command that has them: refused: {', '.join(shared)}")
    for command in all_commands():
        if not command.row.is_group:
            yield from _flags(f"`{command.name}`", command.flags, shared)
    yield ""
    yield "Not simulated:"
    yield ""
    for path in sorted({path[:-1] for path in ABSENT}):
        yield from _item(f"`{' '.join(('kubectl', *path))}`: {', '.join(sorted(_under(path)))}")
    yield ""
    yield "Accepted without effect:"
    yield ""
    for flag, reason in FACTS.idle.items():
        yield from _item(f"`{flag}`: {reason}")
    yield ""


def _shared_refusals() -> list[str]:
    """The spellings of the flags that at least _MANY commands refuse."""
    refused = Counter(_spelled(flag) for command in all_commands() for flag in command.flags if not flag.simulated)
    return [flag for flag, count in refused.items() if count >= _MANY]


def _under(path: Sequence[str]) -> Iterator[str]:
    """The last words of the absent commands below a path."""
    return (absent[-1] for absent in ABSENT if absent[:-1] == path)


def _flags(subject: str, flags: Iterable[Flag], listed: Collection[str] = ()) -> Iterator[str]:
    """An item with the simulated flags of a command, and with the refused ones that aren't `listed` elsewhere."""
    simulated = ", ".join(_spelled(flag) for flag in flags if flag.simulated)
    refused = ", ".join(name for flag in flags if not flag.simulated and (name := _spelled(flag)) not in listed)
    yield from _item(f"{subject}: {simulated or 'no flags'}" + (f"; refused: {refused}" if refused else ""))


def _spelled(flag: Flag) -> str:
    """A flag as a command line has it, "-n/--namespace" or "--as"."""
    return f"-{flag.short}/--{flag.name}" if flag.short else f"--{flag.name}"


def _formats() -> Iterator[str]:
    yield "## Output formats"
    yield ""
    yield from _item(", ".join(name for name in OUTPUT_FORMATS if name not in ABSENT_FORMATS))
    yield ""


def _kinds() -> Iterator[str]:
    yield "## Kinds"
    yield ""
    kept = [resource.kind for resource in RESOURCES if resource.simulated]
    empty = [resource.kind for resource in RESOURCES if resource.readable and not resource.simulated]
    listed = [resource.kind for resource in RESOURCES if not resource.readable]
    yield from _item(f"Kept: {', '.join(kept)}")
    yield from _item(f"Always empty, as in a new cluster. You can't create one: {', '.join(empty)}")
    yield from _item(f"Known by name only, in `kubectl api-resources` and in RBAC: {', '.join(listed)}")
    yield ""


def _fields() -> Iterator[str]:
    yield "## Fields that have an effect"
    yield ""
    yield from _wrapped(
        "All fields of the kinds above are checked against the schema, stored and shown: a wrong type or an unknown "
        "field is refused. What else Kubernetes validates is checked where something here acts on the field, and only "
        "there. These have an effect:"
    )
    yield ""
    yield "| kind | part | fields | who acts |"
    yield "|---|---|---|---|"
    for acted in ACTED_UPON:
        part = f"`{acted.part}`" if acted.part else ""
        fields = ", ".join(f"`{field}`" for field in acted.fields.split())
        yield f"| {acted.kind} | {part} | {fields} | {acted.who} |"
    yield ""
    yield "## Fields that are only stored"
    yield ""
    yield from _wrapped(
        "A write that sets or changes one of these is answered with a warning: `Warning: kubesim: ...` on stderr. "
        "Those of a Pod count in a Pod template, too:"
    )
    yield ""
    for row in INERT:
        *above, last = row.path
        where = f", {'.'.join(map(' or '.join, above))}" if above else ""
        names = ", ".join(f"`{field}`" for field in last)
        unless = f" (other than {', '.join(map(str, row.usual))})" if row.usual and row.usual[0] else ""
        yield from _item(f"{', '.join(row.kinds)}{where}: {names}{unless}: {row.warning}")
    yield ""


def _shell() -> Iterator[str]:
    yield "## The shell"
    yield ""
    yield from _wrapped(
        "Words, quotes, variables, `$(...)`, pipes, redirections, here-documents, `&&`, `||`, `if`, `for` "
        "and `while`, as in bash; containers run the same shell. Not simulated: functions, arrays, `case`, `select`, "
        "`[[`, and jobs in the background. Files are below `/workspace`, `/tmp` and `/opt`. `neighbor` exists only in "
        "this simulator. It shows what a different user has seen in the process list."
    )
    yield ""
    for tool in sorted([*TOOLS.values(), *registry_tools(Cluster)], key=lambda tool: tool.name):
        if tool.usage:
            yield f"* `{tool.usage}`"
    yield ""


def _registries() -> Iterator[str]:
    yield "# Registries and images"
    yield ""
    world = builtin()
    yield from _wrapped(
        "A session can have registries of its own: [Add a registry](authoring.md#add-a-registry). kubesim's are:"
    )
    yield ""
    seen: dict[str, Registry] = {}
    for registry in world.registries:
        same = next((host for host, other in seen.items() if other.repositories == registry.repositories), "")
        yield from _registry(registry, same)
        seen.setdefault(registry.hosts[0], registry)
    yield ""
    yield from _wrapped("What can be wrong with a registry or an image, by the name that a file of registries uses:")
    yield ""
    for name, trouble in world.troubles.items():
        yield from _item(f"`{name}`: {trouble.means}")
    yield ""
    yield from _wrapped("No other host name resolves.")
    yield ""
    for name, base in bases().items():
        yield from _wrapped(f"* An image of the base `{name}` holds {', '.join(sorted(base.simulated)) or 'no tools'}.")
    yield ""
    yield ""
    yield from _wrapped(
        "What an image may have besides isn't simulated: the write that starts it is answered with a warning, an event "
        "says it, and the container runs on, or ends well where its Pod may end."
    )
    yield ""


def _registry(registry: Registry, same: str) -> Iterator[str]:
    """An item for a registry and its repositories. `same` is a host that was listed with the same ones, else ""."""
    names = " or ".join(f"`{host}`" for host in registry.hosts)
    users = [f"user `{name}`, password `{password}`" for name, password in registry.users.items()]
    issued = [f"new passwords of `{name}`, good for {time // 3600} hours" for name, time in registry.issues.items()]
    if registry.trouble:
        yield from _item(f"{names}: {registry.trouble.means}")
        return
    repositories = registry.repositories
    yield from _item(f"{names}, {', '.join([_AUTH[registry.auth], *users, *issued])}{':' if repositories else ''}")
    for answer in registry.answers:
        yield from _item(_rule(answer), "  ")
    if repositories and same:
        yield from _item(f"the repositories of `{same}`", "  ")
        return
    for name, repository in repositories.items():
        more = len(repository.by_tag) - len(repository.tags)
        tags = ", ".join([*repository.tags, *([f"{more} of its real tags"] if more else [])])
        yield from _item(f"`{name}` ({tags}), {_readers(repository)}", "  ")


def _rule(rule: ResponseRule) -> str:
    """A rule of a registry's answers as a sentence."""
    clients = [_CLIENTS.get(client, f"`{client}`") for client in rule.clients]
    text = f"answers {rule.status} to {' and '.join(clients) or 'everyone'}"
    if rule.repositories:
        text += f" in {', '.join(f'`{name}`' for name in rule.repositories)}"
    return text + (f" for the first {rule.seconds:g} seconds" if rule.seconds else "")


def _readers(repository: Repository) -> str:
    """The words for the users who may pull from a repository."""
    if repository.public:
        return "public"
    return f"for {', '.join(sorted(repository.readers))}" if repository.readers else "for every user"


def _http() -> Iterator[str]:
    yield "## The API over HTTPS"
    yield ""
    for offered in FACTS.http:
        yield from _item(offered)
    yield ""


def _differences() -> Iterator[str]:
    yield "## Known differences from a real cluster"
    yield ""
    for difference in FACTS.differences:
        yield from _item(difference.format(max_pods=MAX_PODS))
    yield ""


def _item(text: str, indent: str = "") -> Iterator[str]:
    """The lines of an item in a list."""
    return _wrapped(text, f"{indent}* ", f"{indent}  ")


def _wrapped(text: str, first: str = "", rest: str = "") -> Iterator[str]:
    """The lines of a text, with `first` before the first line and `rest` before the others."""
    yield from textwrap.wrap(
        text, _WIDTH, initial_indent=first, subsequent_indent=rest, break_long_words=False, break_on_hyphens=False
    )


if __name__ == "__main__":
    write()
