"""kubectl create, from files and by its subcommands."""

from kubesim.kubectl.create.files import create
from kubesim.kubectl.create.objects import (
    create_cron_job,
    create_deployment,
    create_job,
    create_namespace,
    create_service_account,
)
from kubesim.kubectl.create.rbac import (
    create_cluster_role,
    create_cluster_role_binding,
    create_role,
    create_role_binding,
)
from kubesim.kubectl.create.secrets import create_config_map, create_docker_registry, create_generic, create_tls
from kubesim.kubectl.create.token import create_token

__all__ = [
    "create",
    "create_cluster_role",
    "create_cluster_role_binding",
    "create_config_map",
    "create_cron_job",
    "create_deployment",
    "create_docker_registry",
    "create_generic",
    "create_job",
    "create_namespace",
    "create_role",
    "create_role_binding",
    "create_service_account",
    "create_tls",
    "create_token",
]
