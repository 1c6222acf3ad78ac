"""The fields of a file of registries: the built-in registries.yaml, and the files of authors (docs/authoring.md).

Fields and defaults only: worldfile.py resolves the names between them and gives the objects their behavior.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Literal, NamedTuple

from kubesim.api import load_yaml
from kubesim.api.typed import read
from kubesim.pull.image import NODE_PLATFORM, Trouble

# The way in which a registry asks for credentials: not at all, HTTP Basic, or a token service.
Auth = Literal["none", "basic", "token"]


class ImageFields(NamedTuple):
    """An image, and the behavior of its containers."""

    size: int = 1_064_000  # bytes
    content: str = ""  # images with equal content have the same digest; by default the image's name
    log: tuple[str, ...] = ()  # lines logged at the start
    files: Mapping[str, str] = {}  # texts of files, by path
    platforms: tuple[str, ...] = (NODE_PLATFORM,)
    # Whether an index lists the platforms, so that it is refused to another one before it is pulled.
    index: bool = False  # type: ignore[assignment]  # a tuple has a method of that name
    # The base image, with its files and programs.
    base: Literal["app", "busybox", "nginx", "debian", "alpine", "cloud-tools", "distroless"] = "app"
    uid: int = 0  # the user of its processes
    gid: int = 0
    groups: tuple[int, ...] = ()
    home: str = "/root"
    # How long a container without a command runs. "until-stopped" ends at SIGTERM, "forever" ignores it.
    runs: Literal["forever", "until-stopped", "once"] = "forever"
    program: str = ""  # the image's own program, which `runs` describes whatever its arguments are
    needs: tuple[str, ...] = ()  # environment variables; without any of them, a container without a command fails
    complaint: str = ""  # the message that it logs then
    trouble: str | None = None  # the name of a trouble at content, config or container


class ResponseRule(NamedTuple):
    """A rule of a registry: the response to requests that meet all conditions. All requests meet an empty one."""

    status: int
    reason: str = ""  # the body of the response
    requests: tuple[Literal["HEAD", "GET", "token"], ...] = ()
    # Names of users, USER:PASSWORD, or one of these words: anonymous, unknown (a wrong user or password), barred (a
    # user without the right to read the repository), expired (a temporary password that isn't valid any more).
    clients: tuple[str, ...] = ()
    repositories: tuple[str, ...] = ()  # REPOSITORY or REPOSITORY:TAG
    private: bool = False  # only for repositories that aren't public
    seconds: float | None = None  # only during this time after the node's first request; None for always


class Dialect(NamedTuple):
    """The refusals of a registry product."""

    title: str
    source: str  # the document or recording that the answers come from
    auth: Auth = "none"  # the way to authenticate
    hides: bool = False  # whether a missing repository gets the same answer as one that the user may not read
    answers: tuple[ResponseRule, ...] = ()  # tried after the registry's own answers


class RepositoryFields(NamedTuple):
    """A repository."""

    tags: Mapping[str, str]  # by tag, the name of an image
    readers: tuple[str, ...] | None = None  # users who may pull; all users if left out
    public: bool = False  # whether anonymous clients may pull


class Certificate(NamedTuple):
    """The certificate of a registry with a trouble at its certificate."""

    names: tuple[str, ...] = ()  # the host names that it is valid for
    until: str = ""  # the timestamp of its expiry, before which the trouble doesn't show


class RegistryFields(NamedTuple):
    """A registry."""

    hosts: tuple[str, ...]  # host names, with a port unless it is 443; the first is the registry's own
    address: str | None = None  # the IP address; without one, the lookup of the host fails
    dialect: str | None = None  # the name of the product's Dialect
    auth: Auth | None = None  # the way to authenticate; that of the dialect if left out
    realm: str = ""  # the URL of the token service; https://HOST/token if left out
    service: str = ""  # the registry's name in requests to the token service; HOST if left out
    users: Mapping[str, str] = {}  # passwords, by user
    # By user, the seconds for which a temporary password is valid. In the terminal, `aws ecr get-login-password` prints
    # one for the user AWS.
    issues: Mapping[str, int] = {}
    # Repositories, or first parts of their names, whose contents the file lists completely. Any other repository or tag
    # is pulled as if it existed, and a write with such an image gets a warning. None: the file lists everything.
    listed: tuple[str, ...] | None = None
    repositories: Mapping[str, RepositoryFields] = {}
    # Public repositories with many tags: lines of IMAGE TAG TAG..., where {a,b} and {8..11} stand for several texts or
    # numbers. Each tag is an image of its own.
    catalog: Mapping[str, tuple[str, ...]] = {}
    trouble: str | None = None  # the name of a trouble at lookup, connection, certificate, protocol or config
    certificate: Certificate = Certificate()
    answers: tuple[ResponseRule, ...] = ()  # the first match is sent


class Document(NamedTuple):
    """A whole file."""

    # Whether to add to the built-in registries. Images and troubles of the same name, and registries with the same
    # first host, replace built-in ones.
    extends: Literal["builtin"] | None = None
    troubles: Mapping[str, Trouble] = {}  # failures by name: see kubesim/pull/image.py
    images: Mapping[str, ImageFields] = {}  # by the name that tags refer to
    dialects: Mapping[str, Dialect] = {}  # by name; the built-in ones are always there
    registries: tuple[RegistryFields, ...] = ()
    # Whether only listed images can be pulled, regardless of `listed`. If left out: true unless `furnished`.
    strict: bool | None = None
    furnished: bool = True  # whether Kubernetes' own components run in kube-system, as with kubeadm


def read_document(path: Path) -> Document:
    """Read the file at `path`. Raises ValueError for wrong fields, OSError, and PyYAML's errors for malformed YAML."""
    document: Document = read(Document, load_yaml(path))
    return document
