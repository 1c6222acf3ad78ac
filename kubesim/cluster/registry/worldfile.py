"""Creation of a World (world.py) from a file of registries (document.py): names are resolved, defaults filled in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

from kubesim.cluster.registry.document import (
    Dialect,
    Document,
    ImageFields,
    RegistryFields,
    RepositoryFields,
    read_document,
)
from kubesim.cluster.registry.world import Registry, Repository, World, expand, may_have_more
from kubesim.pull.image import Image, Trouble, digest_of

_BUILTIN = Path(__file__).parent.parent / "registries.yaml"
_NO_DIALECT = Dialect(title="", source="")


@cache
def builtin() -> World:
    """The built-in registries, which a cluster without its own file uses. Shared, because a World never changes."""
    return _world(_builtin_document())


@cache
def _builtin_document() -> Document:
    return read_document(_BUILTIN)


def read(path: str | Path) -> World:
    """The registries in an author's file. Raises ValueError with a message for the author, and OSError."""
    import yaml

    try:
        return _world(_extend(read_document(Path(path))))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ValueError(f"kubesim: {path} can't be read as YAML: {error}") from None
    except (LookupError, ValueError) as error:
        raise ValueError(f"kubesim: {path}: {error.args[0]}") from None


def _extend(document: Document) -> Document:
    """The document, with the built-in images and registries added if it has `extends`."""
    if document.extends is None:
        return document
    builtins = _builtin_document()
    registries = {item.hosts[0]: item for item in (*builtins.registries, *document.registries) if item.hosts}
    return document._replace(images={**builtins.images, **document.images}, registries=tuple(registries.values()))


def _world(document: Document) -> World:
    """The World of a document. Raises LookupError for a reference to an unknown name."""
    builtins = _builtin_document()
    troubles = {**builtins.troubles, **document.troubles}
    images = {name: _image(name, fields, troubles) for name, fields in document.images.items()}
    names = _Names(troubles, {**builtins.dialects, **document.dialects}, images)
    is_strict = not document.furnished if document.strict is None else document.strict
    registries = document.registries
    if is_strict:
        registries = tuple(fields._replace(listed=None) for fields in registries)
    return World(tuple(names.registry(fields) for fields in registries), troubles, document.furnished)


def _trouble(name: str | None, troubles: Mapping[str, Trouble], *places: str) -> Trouble | None:
    """The trouble `name`, None for None. Raises LookupError unless it exists and occurs at one of `places`."""
    if name is None:
        return None
    possible = {key: trouble for key, trouble in troubles.items() if trouble.at in places}
    if name not in possible:
        raise LookupError(f"{name} is none of the troubles that it can have: {', '.join(possible)}")
    return possible[name]


def _image(name: str, fields: ImageFields, troubles: Mapping[str, Trouble]) -> Image:
    """The Image of a row, whose trouble is found by its name."""
    own = fields._asdict()  # an Image has the same fields, but a digest in place of `content`
    content = own.pop("content") or name
    own["trouble"] = _trouble(fields.trouble, troubles, "content", "config", "container")
    return Image(digest_of(content), **own)


class _Names(NamedTuple):
    """The troubles, dialects and images that registries refer to. Methods raise LookupError for unknown names."""

    troubles: Mapping[str, Trouble]
    dialects: Mapping[str, Dialect]
    images: Mapping[str, Image]

    def registry(self, fields: RegistryFields) -> Registry:
        """The Registry of a row, with the defaults of its dialect."""
        if not fields.hosts:
            raise LookupError("a registry lacks the name of its host")
        if fields.dialect is not None and fields.dialect not in self.dialects:
            raise LookupError(f"{fields.dialect} is none of the dialects: {', '.join(self.dialects)}")
        dialect = self.dialects[fields.dialect] if fields.dialect else _NO_DIALECT
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
            repositories=self.repositories(fields, is_open=auth == "none"),
            trouble=_trouble(
                fields.trouble, self.troubles, "lookup", "connection", "certificate", "protocol", "config"
            ),
            certificate=fields.certificate,
            answers=fields.answers + dialect.answers,
            issues=fields.issues,
            listed=fields.listed,
        )

    def repositories(self, fields: RegistryFields, is_open: bool) -> dict[str, Repository]:
        """The repositories of a registry by name, those of its catalog included, which are public.

        `is_open`: the registry has no authentication, so that all repositories are public.
        """
        catalog = {name: lines for names, lines in fields.catalog.items() for name in expand(names)}
        of_catalog = dict.fromkeys(catalog, RepositoryFields({}, public=True))
        repositories = {}
        for name, own in {**of_catalog, **fields.repositories}.items():
            full_name = f"{fields.hosts[0]}/{name}"
            public = is_open or own.public
            has_more = public and may_have_more(fields.listed, name)
            tags = {tag: self.image(image, f"{full_name}:{tag}") for tag, image in own.tags.items()}
            readers = None if own.readers is None else frozenset(own.readers)
            lines = self.lines(full_name, catalog.get(name, ()))
            repositories[name] = Repository(tags, public, readers, name=full_name, lines=lines, has_more=has_more)
        return repositories

    def lines(self, repository: str, catalog: Sequence[str]) -> list[tuple[Image, str]]:
        """The lines of a catalog, each as an image and the patterns of its tags."""
        lines = []
        for line in catalog:
            image, _, tags = line.partition(" ")
            lines.append((self.image(image, f"{repository}:"), tags))
        return lines

    def image(self, name: str, reference: str) -> Image:
        """The image with a name in the file; `reference` is its place in the registry, for the error."""
        if name not in self.images:
            raise LookupError(f"{reference} is the image {name}, which is not among the images")
        return self.images[name]
