"""A small Kubernetes cluster that runs inside Python, to learn how images are pulled from private registries."""

from kubesim.session import Session

__all__ = ["Session"]
