"""kubectl create, from files and by its subcommands; importing it registers them all."""

from kubesim.kubectl.create import files, objects, rbac, secrets

__all__ = ["files", "objects", "rbac", "secrets"]
