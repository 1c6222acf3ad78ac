"""The cluster of a kubectl call: where kubectl runs, and the user and namespace that its kubeconfig and flags choose.

Mirrors ClientConfig of k8s.io/client-go tools/clientcmd/client_config.go, v1.36.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any, Literal, NamedTuple

from kubesim.api.budget import Budget
from kubesim.api.clock import Clock
from kubesim.cluster.apiserver import Client
from kubesim.kubectl.errors import KubectlError, ManifestError, NotSimulated, refuse_if
from kubesim.kubectl.kubeconfig import CERTIFICATE, EMPTY, KUBECONFIG, Kubeconfig, NotAKubeconfigError
from kubesim.workspace import Workspace


class Context(NamedTuple):
    """The surroundings of kubectl: the cluster and its clock, and the shell with its files and variables."""

    api: Client  # the API server's client for a user with this cluster's certificate; other users get it by token
    clock: Clock
    workspace: Workspace
    config: Kubeconfig
    budget: Budget  # shared by the whole command line; TooMuchError passes through kubectl to the budget's maker
    env: Mapping[str, str] = {}
    read_stdin: Callable[[], str] = str  # returns the text piped into the command, the same at each call; "" by default
    # Runs an editor's command line on a file of the workspace and returns its exit status.
    run_editor: Callable[[str, str], int] | None = None


class Access:
    """The kubeconfig, context, user and namespace of a call, from its flags and environment.

    Mirrors ClientConfig of client-go. Files are read at the first use, because many checks come before them.
    """

    def __init__(self, context: Context, flags: Mapping[str, Any], is_offline: bool = False) -> None:
        self._context = context
        self._flags = flags
        self._is_offline = is_offline  # even the file of --kubeconfig may be missing

    @property
    def path(self) -> str:
        """The file of --kubeconfig or $KUBECONFIG; "" for the session's own kubeconfig, `Context.config`.

        Raises NotSimulated for several files in $KUBECONFIG.
        """
        path = self._flags["kubeconfig"]
        if not path:
            listed = self._context.env.get("KUBECONFIG", "").split(":")
            path, *others = dict.fromkeys(filter(None, listed)) or [""]
            if others:
                raise NotSimulated("a KUBECONFIG of several files is not part of this simulator")
        return "" if path == KUBECONFIG else str(path)

    @cached_property
    def kubeconfig(self) -> Kubeconfig:
        """The parsed kubeconfig; an empty one if the file of $KUBECONFIG is missing.

        Raises KubectlError for a file that can't be read or parsed, and NotSimulated for one of another structure.
        """
        path = self.path
        if not path:
            return self._context.config
        if self._context.config.is_in_pod:
            raise NotSimulated("a kubeconfig in a container is not part of this simulator")
        try:
            return Kubeconfig.of_file(self._context.workspace.read_text(path))
        except FileNotFoundError:
            is_needed = self._flags["kubeconfig"] and not self._is_offline
            refuse_if(is_needed, f"stat {path}: no such file or directory")
            return Kubeconfig(EMPTY)
        except IsADirectoryError:
            raise KubectlError(f'error loading config file "{path}": read {path}: is a directory') from None
        except ManifestError as error:
            raise KubectlError(f'error loading config file "{path}": {error}') from None
        except NotAKubeconfigError:
            raise NotSimulated(
                f"the kubeconfig {path[:80]}, which isn't built as one, is not part of this simulator"
            ) from None

    @property
    def context_name(self) -> str:
        """The name of the context: --context, or the kubeconfig's current one."""
        return self._flags["context"] or self.kubeconfig.current

    def name_in_context(self, key: Literal["cluster", "user"]) -> str:
        """The name of the context's cluster or user, "" if it has none."""
        return self.kubeconfig.fields("contexts", self.context_name).get(key) or ""

    @property
    def namespace(self) -> str:
        """The namespace of -n, or that of the context."""
        return self._flags["namespace"] or self.kubeconfig.namespace_of(self.context_name)

    @property
    def user(self) -> str:
        """The kubeconfig's user: --user, or that of the context.

        The flag --user of `create rolebinding` is a list of subjects and is ignored here.
        """
        typed = self._flags["user"]
        return typed if typed and isinstance(typed, str) else self.name_in_context("user")

    def client(self, warn: Callable[[str], None]) -> Client:
        """A client with the kubeconfig's credentials, impersonating the user of --as. Warnings go to `warn`.

        Raises NotSimulated for credentials other than a token or this cluster's certificate.
        """
        client = self._authenticated().for_call(warn, self._context.budget)
        if self._flags["as"]:
            return client.impersonating(self._flags["as"], tuple(self._flags["as-group"]))
        return client

    def _authenticated(self) -> Client:
        """A client with the user's certificate or, without one, a token, in the API server's order."""
        config = self.kubeconfig
        credentials = config.fields("users", self.user)
        token = self._flags["token"] or credentials.get("token") or ""
        if credentials.get("client-certificate-data") == CERTIFICATE:
            return self._context.api
        if not token:
            raise NotSimulated("a user without a token or this cluster's certificate is not part of this simulator")
        return self._context.api.with_token(token)
