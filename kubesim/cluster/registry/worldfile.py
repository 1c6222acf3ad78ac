"""Makes the registries that can be reached (world.py) of a file of them (document.py)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

from kubesim.cluster.registry.document import (
    Dialect,
    Document,
    ImageFields,
    RegistryFields,
    RepositoryFields,
    read_document,
)
from kubesim.cluster.registry.image import Image, Trouble, digest_of
from kubesim.cluster.registry.world import (
    UNKNOWN,
    Registry,
    Repository,
    World,
    expand,
    may_have_more,
)

_BUILTIN = Path(__file__).parent.parent / "registries.yaml"


@cache
def builtin() -> World:
    """The registries that every simulated node can reach, unless it is given others."""
    return _world(_builtin_document())


@cache
def _builtin_document() -> Document:
    return read_document(_BUILTIN)


def read(path: str | Path) -> World:
    """The registries in a file of one's own. Raises ValueError, which says what is wrong with it, and OSError."""
    import yaml

    try:
        return _world(_extended(read_document(Path(path))))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ValueError(f"kubesim: {path} can't be read as YAML: {error}") from None
    except (LookupError, ValueError) as error:
        raise ValueError(f"kubesim: {path}: {error.args[0]}") from None


def _extended(document: Document) -> Document:
    """The document with what kubesim has, where it extends that."""
    if document.extends is None:
        return document
    theirs = _builtin_document()
    registries = {item.hosts[0]: item for item in (*theirs.registries, *document.registries) if item.hosts}
    return document._replace(images={**theirs.images, **document.images}, registries=tuple(registries.values()))


def _world(document: Document) -> World:
    """Raises LookupError where something refers to what is not there."""
    theirs = _builtin_document()
    troubles = {**theirs.troubles, **document.troubles}
    dialects = {**theirs.dialects, **document.dialects}
    images = {name: _image(name, fields, troubles) for name, fields in document.images.items()}
    is_strict = not document.furnished if document.strict is None else document.strict
    registries = []
    for fields in document.registries:
        listed = None if is_strict else fields.listed
        registries.append(_registry(fields, listed, dialects, images, troubles))
    return World(tuple(registries), troubles, document.furnished)


def _trouble(name: str | None, troubles: Mapping[str, Trouble], *places: str) -> Trouble | None:
    """The trouble of that name, which shows at one of `places`. Raises LookupError where there is none."""
    if name is None:
        return None
    possible = {key: trouble for key, trouble in troubles.items() if trouble.at in places}
    if name not in possible:
        raise LookupError(f"{name} is none of the troubles that it can have: {', '.join(possible)}")
    return possible[name]


def _image(name: str, fields: ImageFields, troubles: Mapping[str, Trouble]) -> Image:
    own = fields._asdict()  # an Image has them all, but for the content, which its digest stands for
    content = own.pop("content") or name
    own["trouble"] = _trouble(fields.trouble, troubles, "content", "config", "container")
    return Image(digest_of(content), **own)


def _registry(
    fields: RegistryFields,
    listed: tuple[str, ...] | None,
    dialects: Mapping[str, Dialect],
    images: Mapping[str, Image],
    troubles: Mapping[str, Trouble],
) -> Registry:
    """A registry, of whose repositories the file has all that there is where they are `listed`."""
    if not fields.hosts:
        raise LookupError("a registry lacks the name of its host")
    if fields.dialect is not None and fields.dialect not in dialects:
        raise LookupError(f"{fields.dialect} is none of the dialects: {', '.join(dialects)}")
    dialect = dialects[fields.dialect] if fields.dialect else _PLAIN
    host = fields.hosts[0]
    auth = fields.auth or dialect.auth
    has_tokens = auth == "token"
    return Registry(
        hosts=fields.hosts,
        address=fields.address,
        auth=auth,
        hides=dialect.hides,
        realm=fields.realm or (f"https://{host}/token" if has_tokens else ""),
        service=fields.service or (host if has_tokens else ""),
        users=fields.users,
        repositories=_repositories(fields, listed, images, is_open=auth == "none"),
        trouble=_trouble(fields.trouble, troubles, "lookup", "connection", "certificate", "protocol", "config"),
        certificate=fields.certificate,
        answers=fields.answers + dialect.answers,
        issues=fields.issues,
        listed=listed,
    )


_PLAIN = Dialect(title="", source="")


def _repositories(
    fields: RegistryFields, listed: tuple[str, ...] | None, images: Mapping[str, Image], is_open: bool
) -> dict[str, Repository]:
    """The repositories of a registry by their names, with those of its catalog, which are public."""
    catalog = {name: lines for names, lines in fields.catalog.items() for name in expand(names)}
    of_catalog = dict.fromkeys(catalog, RepositoryFields({}, public=True))
    repositories = {}
    for name, own in {**of_catalog, **fields.repositories}.items():
        full_name = f"{fields.hosts[0]}/{name}"
        repository = _repository(full_name, own, images, catalog.get(name, ()), is_public=is_open or own.public)
        if repository.public and may_have_more(listed, name):
            repository.guess = next(iter(repository.every.values()), UNKNOWN)
        repositories[name] = repository
    return repositories


def _repository(
    name: str, fields: RepositoryFields, images: Mapping[str, Image], catalog: Sequence[str], is_public: bool
) -> Repository:
    lines = []
    for line in catalog:
        image, _, words = line.partition(" ")
        lines.append((_named(image, images, f"{name}:"), words))
    tags = {tag: _named(image, images, f"{name}:{tag}") for tag, image in fields.tags.items()}
    readers = None if fields.readers is None else frozenset(fields.readers)
    return Repository(tags, is_public, readers, name, lines)


def _named(image: str, images: Mapping[str, Image], where: str) -> Image:
    if image not in images:
        raise LookupError(f"{where} is the image {image}, which is not among the images")
    return images[image]
