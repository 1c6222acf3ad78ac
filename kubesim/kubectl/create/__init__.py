"""kubectl create with -f, and its subcommands for namespaces, ServiceAccounts, Deployments, Jobs and CronJobs.

secrets.py has those for Secrets and ConfigMaps, roles.py those for Roles and bindings. Mirrors k8s.io/kubectl
pkg/cmd/create, v1.36.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from http import HTTPStatus

from kubesim.api import resources
from kubesim.api.digest import safe_hash
from kubesim.api.errors import StatusError
from kubesim.api.objects import LAST_APPLIED, Object, annotations_of, labels_of, owner_reference
from kubesim.api.resources import Resource
from kubesim.api.schema import in_go_order
from kubesim.gotext import gojson
from kubesim.kubectl.apply import NO_FILES, send_manifest, with_last_applied
from kubesim.kubectl.command import Call, command, only_files
from kubesim.kubectl.content import content_hash, create_in_namespace, nonempty
from kubesim.kubectl.errors import KubectlError, UsageError, refuse_if, visit
from kubesim.kubectl.manifests import Target, manifests
from kubesim.kubectl.output import print_result
from kubesim.kubectl.selection import Query


@command("create", check=only_files, checks_format="first")
def create(call: Call) -> None:
    refuse_if(not call.flags["filename"], NO_FILES)

    def act(manifest: Target) -> None:
        obj = with_last_applied(manifest.obj) if call.flags["save-config"] else manifest.obj
        new = send_manifest(call, manifest, obj, "creating")
        print_result(call, manifest.resource, new, "created")

    refuse_if(not visit(manifests(call), act), "no objects passed to create")


def _one_name(call: Call) -> None:
    """The trait `check` of the subcommands. Raises UsageError unless one name is typed before "--"."""
    names = len(call.before_dash)
    refuse_if(names != 1, f"exactly one NAME is required, got {names}", UsageError)


# A decorator like `command`, for commands that create one object.
subcommand = partial(command, check=_one_name, is_typed=True)


def refuse_empty_name(call: Call) -> None:
    """Raise KubectlError for the name "". Subcommands that don't call this let the API server refuse it."""
    refuse_if(not call.args[0], "name must be specified")


def create_object(call: Call, resource: Resource, fields: Object, failure: str = "failed to create {noun}:") -> None:
    """Create an object from `fields`, with the name on the command line and the flags' additions, and report it.

    `failure` begins the message of a refusal, with {noun} for the last word of the command. With "", the API server's
    refusal isn't reworded. Raises KubectlError, and StatusError for what isn't simulated.
    """
    meta = {"name": call.args[0], **fields.get("metadata", {})}
    if resource.namespaced and call.flags["namespace"]:
        meta["namespace"] = call.namespace
    obj = {"kind": resource.kind, "apiVersion": resource.api_version, **fields, "metadata": meta}
    if call.flags.get("append-hash"):
        meta["name"] += f"-{content_hash(obj)}"
    if call.flags["save-config"]:
        config = gojson.dumps(in_go_order(resource, obj), sort=False)
        obj["metadata"] = {**meta, "annotations": {**meta.get("annotations", {}), LAST_APPLIED: f"{config}\n"}}
    try:
        obj = create_in_namespace(call, resource, obj)
    except StatusError as error:
        if error.code == HTTPStatus.NOT_IMPLEMENTED or not failure:
            raise
        raise KubectlError(f"{failure.format(noun=call.command.path[-1])} {error}") from None
    print_result(call, resource, obj, "created")


@subcommand("create namespace")
def create_namespace(call: Call) -> None:
    refuse_empty_name(call)
    create_object(call, resources.NAMESPACE, {"spec": {}, "status": {}}, failure="")


@subcommand("create serviceaccount")
def create_service_account(call: Call) -> None:
    refuse_empty_name(call)
    create_object(call, resources.SERVICE_ACCOUNT, {})


@subcommand("create deployment")
def create_deployment(call: Call) -> None:
    name, *arguments = call.args
    images = call.flags["image"]
    refuse_if(len(images) > 1 and arguments, "cannot specify multiple --image options and command")
    containers = [_container(_container_name(image), image, arguments) for image in images]
    if call.flags["port"] >= 0 and containers:
        containers[0]["ports"] = [{"containerPort": call.flags["port"]}]
    labels = {"app": name}
    spec = {
        "replicas": call.flags["replicas"],
        "selector": {"matchLabels": labels},
        "template": {"metadata": {"labels": labels}, "spec": {"containers": containers}},
        "strategy": {},
    }
    create_object(call, resources.DEPLOYMENT, {"metadata": {"labels": labels}, "spec": spec, "status": {}})


def _container(name: str, image: str, arguments: Sequence[str]) -> Object:
    return {**nonempty({"name": name, "image": image, "command": list(arguments)}), "resources": {}}


def _container_name(image: str) -> str:
    """A container's name from its image: the last part of the path, without tag and digest.

    If characters must be replaced, a hash is appended, so that two images don't get the same name. kubectl appends five
    random letters; a hash keeps the simulator deterministic.
    """
    name = image.rpartition("/")[2].partition("@")[0].partition(":")[0]
    valid_name = name.replace("_", "-").replace(".", "-")
    return valid_name if valid_name == name else f"{valid_name}-{safe_hash(image)}"


@subcommand("create job")
def create_job(call: Call) -> None:
    name, *arguments = call.args
    image = call.flags["image"]
    source = call.flags["from"]
    refuse_if(bool(image) == bool(source), "either --image or --from must be specified")
    if source:
        refuse_if(arguments, "cannot specify --from and command")
        create_object(call, resources.JOB, _job_of(call, source))
        return
    pod = {"containers": [_container(name, image, arguments)], "restartPolicy": "Never"}
    create_object(call, resources.JOB, {"spec": {"template": {"metadata": {}, "spec": pod}}, "status": {}})


def _job_of(call: Call, source: str) -> Object:
    """The fields of a Job from the template of the CronJob `source`, such as "cronjob/backup". Raises KubectlError."""
    objects = Query(call, [source], needs_name=True).fetch()
    refuse_if(len(objects) != 1, "from must be an existing cronjob")
    resource = objects[0].resource
    refuse_if(resource is not resources.CRON_JOB, f"unknown object type {resource.in_go}")
    cron_job = objects[0].obj
    template: Object = cron_job["spec"]["jobTemplate"]
    owner = owner_reference(cron_job)
    del owner["blockOwnerDeletion"]  # kubectl doesn't set it, unlike the controller
    annotations = {"cronjob.kubernetes.io/instantiate": "manual", **annotations_of(template)}
    labels_and_annotations = nonempty({"labels": labels_of(template), "annotations": annotations})
    spec = {**template["spec"], "template": {"metadata": {}, **template["spec"]["template"]}}
    return {"metadata": {**labels_and_annotations, "ownerReferences": [owner]}, "spec": spec, "status": {}}


@subcommand("create cronjob")
def create_cron_job(call: Call) -> None:
    name, *arguments = call.args
    pod = nonempty(
        {"containers": [_container(name, call.flags["image"], arguments)], "restartPolicy": call.flags["restart"]}
    )
    template = {"metadata": {"name": name}, "spec": {"template": {"metadata": {}, "spec": pod}}}
    spec = nonempty({"schedule": call.flags["schedule"], "jobTemplate": template})
    create_object(call, resources.CRON_JOB, {"spec": spec, "status": {}})
