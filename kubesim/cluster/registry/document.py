"""A file of registries, field by field: registries.yaml, and those that learners write (docs/authoring.md)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Literal, NamedTuple

from kubesim.api import load_yaml
from kubesim.api.typed import read
from kubesim.pull.image import NODE_PLATFORM, Trouble

Auth = Literal["none", "basic", "token"]


class ImageFields(NamedTuple):
    """An image. Without a command it `runs` so long; "forever" means that it ignores SIGTERM."""

    size: int = 1_064_000  # bytes
    content: str = ""  # images with the same content have the same digest; the image's name if left out
    log: tuple[str, ...] = ()  # the lines that it logs when it starts
    files: Mapping[str, str] = {}  # texts of files, by path
    platforms: tuple[str, ...] = (NODE_PLATFORM,)
    # Whether an index lists the platforms, so that it is refused to another one before it is pulled.
    index: bool = False  # type: ignore[assignment]  # a tuple has a method of that name
    # What more it has.
    base: Literal["app", "busybox", "nginx", "debian", "alpine", "cloud-tools", "distroless"] = "app"
    user: str = ""  # whom it runs as: a number, or a name of its /etc/passwd; root if left out
    runs: Literal["forever", "until-stopped", "once"] = "forever"
    program: str = ""  # its own program, which runs so with any arguments, too
    needs: tuple[str, ...] = ()  # variables of which one must be set, or it fails without a command
    complaint: str = ""  # what it writes when none of them is
    trouble: str | None = None  # what is wrong with it: a trouble at content, config or container


class Status(NamedTuple):
    """An answer with a status of its own, to requests that fulfil all conditions; one that is empty holds for all."""

    status: int
    reason: str = ""  # in the answer's body
    requests: tuple[Literal["HEAD", "GET", "token"], ...] = ()
    # Users, USER:PASSWORD, anonymous, unknown (a wrong user or password), barred (a user who may not read the
    # repository), or expired (a password that was issued too long ago).
    clients: tuple[str, ...] = ()
    repositories: tuple[str, ...] = ()  # or REPOSITORY:TAG
    private: bool = False  # only for repositories that not everyone may pull
    seconds: float | None = None  # only so long after the node first asked


class Dialect(NamedTuple):
    """How a product refuses."""

    title: str
    source: str  # where that was seen
    auth: Auth = "none"  # how it asks for credentials
    hides: bool = False  # whether a repository that isn't there gets the answer of one that the user may not read
    answers: tuple[Status, ...] = ()  # after those of a registry that speaks so


class RepositoryFields(NamedTuple):
    """A repository."""

    tags: Mapping[str, str]  # images, by tag
    readers: tuple[str, ...] | None = None  # the users who may pull; every user if left out
    public: bool = False  # whether anyone may pull


class Certificate(NamedTuple):
    """The certificate of a registry whose trouble is about that."""

    names: tuple[str, ...] = ()  # that it is valid for
    until: str = ""  # when it expires; before that time it is fine


class RegistryFields(NamedTuple):
    """A registry."""

    hosts: tuple[str, ...]  # the names that it answers to, with a port unless it is 443; the first is its own
    address: str | None = None  # its IP address
    dialect: str | None = None  # the product that it is, which says how it refuses
    auth: Auth | None = None  # how it asks for credentials: as its dialect says if left out
    realm: str = ""  # the URL of its token service; https://HOST/token if left out
    service: str = ""  # how the token service calls it; HOST if left out
    users: Mapping[str, str] = {}  # passwords, by user
    # For how many seconds a password is valid that it makes for a user; in the terminal, `aws ecr get-login-password`
    # gives one for AWS.
    issues: Mapping[str, int] = {}
    # Repositories, or the first part of their names, of which the file has all that there is. Any other repository and
    # tag is pulled as if it existed, and a write that names it warns.
    listed: tuple[str, ...] | None = None
    repositories: Mapping[str, RepositoryFields] = {}
    # Public repositories with many tags: lines of IMAGE TAG TAG..., where {a,b} and {8..11} stand for several texts or
    # numbers. Each tag is an image of its own.
    catalog: Mapping[str, tuple[str, ...]] = {}
    trouble: str | None = None  # why it can't be reached
    certificate: Certificate = Certificate()
    answers: tuple[Status, ...] = ()  # the first that matches is given


class Document(NamedTuple):
    """A whole file."""

    # Add to the registries that kubesim has; images and troubles of the same name and registries with the same first
    # host are replaced.
    extends: Literal["builtin"] | None = None
    troubles: Mapping[str, Trouble] = {}  # what can be wrong, by name: see image.py
    images: Mapping[str, ImageFields] = {}  # by a name that tags refer to
    dialects: Mapping[str, Dialect] = {}  # how products say no, by name; those of kubesim are there, too
    registries: tuple[RegistryFields, ...] = ()
    # Whether nothing can be pulled but what the file lists, `listed` or not: so if left out where it isn't furnished.
    strict: bool | None = None
    furnished: bool = True  # whether the cluster's own parts run in kube-system, as kubeadm sets them up


def read_document(path: Path) -> Document:
    """The file at `path`. Raises ValueError, which says what is wrong with it, OSError and what PyYAML raises."""
    document: Document = read(Document, load_yaml(path))
    return document
