"""Parts of the objects that commands such as run, create and debug build, and the creation of those objects.

Each check refuses a typed value in kubectl's own words, before the API server sees it.
"""

from __future__ import annotations

from kubesim.api.digest import sha256
from kubesim.api.objects import Object, name_of
from kubesim.api.resources import Resource
from kubesim.gotext import gojson
from kubesim.gotext.pflag import parse_number
from kubesim.kubectl.command import Call
from kubesim.kubectl.errors import KubectlError, refuse_if
from kubesim.pull import imageref

_HASH_LETTERS = str.maketrans("013ae", "ghkmt")


def check_image(image: str, problem: str, where: str = "") -> None:
    """Raise KubectlError for an invalid image reference.

    The message is `problem`, the image in quotes, `where`, and the reason.
    """
    try:
        imageref.parse(image)
    except ValueError:
        raise KubectlError(f'{problem} "{image}"{where}: invalid reference format') from None


def parse_labels(text: str) -> dict[str, str]:
    """Parse labels such as "a=b,c=d". Raises KubectlError. Mirrors ParseLabels of k8s.io/kubectl."""
    labels: dict[str, str] = {}
    if not text:
        return labels
    for label in text.split(","):
        key, *values = label.split("=")
        refuse_if(len(values) != 1, f"unexpected label spec: {label}")
        refuse_if(not key, "unexpected empty label key")
        labels[key] = values[0]
    return labels


def parse_port(text: str) -> int:
    """Parse a port as any whole number; only the API server checks its range. Raises KubectlError."""
    try:
        return parse_number(text, base=10)
    except ValueError as error:
        raise KubectlError(str(error).replace("ParseInt", "Atoi")) from None


def content_hash(obj: Object) -> str:
    """The hash that --append-hash appends to the name of a ConfigMap or a Secret, ten letters and digits.

    Mirrors k8s.io/kubectl pkg/util/hash.
    """
    content = {"kind": obj["kind"], "name": name_of(obj), "data": obj.get("data", {})}
    if obj["kind"] == "Secret":
        content["type"] = obj.get("type", "")
    if binary := obj.get("binaryData"):
        content["binaryData"] = binary
    return sha256(gojson.dumps(content).encode()).hexdigest()[:10].translate(_HASH_LETTERS)


def create_in_namespace(call: Call, resource: Resource, obj: Object) -> Object:
    """Create an object and return the API server's answer. Raises StatusError.

    A namespace in `obj` takes precedence over the command line's. With --dry-run=client, nothing is sent, and `obj`
    itself is returned, without a namespace of the command line.
    """
    if call.dry_run == "client":
        return obj
    if resource.namespaced:
        obj = {**obj, "metadata": {"namespace": call.namespace, **obj["metadata"]}}
    return call.api.create(resource, obj, call.request())


def nonempty(fields: Object) -> Object:
    """A copy of `fields` without None, False, and empty texts, lists and maps. 0 is kept."""
    return {key: value for key, value in fields.items() if value not in (None, "", [], (), {}) and value is not False}
