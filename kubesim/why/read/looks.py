"""Patterns that find Pods, containers and the state of a pull in records of pasted text.

Each table has examples and their patterns. A test checks each row: in its own example, no other row of the table
matches further to the left, and in PODS and CONTAINERS none at the same place. Add an example with every new pattern.
rows.py uses the tables. Named groups are fields of its Row, and `pulled` and `present` the image.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

# Regular expressions by their examples.
Patterns = Mapping[str, str]


def any_of(patterns: Patterns) -> re.Pattern[str]:
    """One pattern that matches wherever a row of the table does. No two rows may have a named group in common."""
    return re.compile("|".join(patterns.values()))


# The Pod that a record is about, and its namespace.
PODS: Patterns = {
    # kubectl get events -A, and without a namespace
    "shop   3m (x4 over 5m)   Warning   Failed   pod/web-1": (
        r"^(?P<namespace>[a-z0-9][a-z0-9.-]*)\s+\S+(?: \(x\d+ over \S+\))?\s+(?:Normal|Warning)\s.{0,400}?"
        r"(?<!kubelet/)\bpods?/(?P<pod>[a-z0-9][a-z0-9.-]*)"
    ),
    "pod/web-1": r"(?<!kubelet/)[Pp]ods?/(?P<pod>[a-z0-9][a-z0-9.-]*)",
    # the kubelet's log
    'pod="shop/web-1"': r"\bpod=\"?(?:(?P<namespace>[a-z0-9-]+)/)?(?P<pod>[a-z0-9][a-z0-9.-]*)",
    # a sandbox or a container that the kubelet failed to start
    'for pod "web-1_shop(7f3c)"': (r"[Pp]od (?:[0-9a-f-]+ \()?\"?(?P<pod>[a-z0-9.-]+)_(?P<namespace>[a-z0-9-]+)[(\"]"),
    # Tilt's output
    "[K8s EVENT: Pod web-1 (ns: shop)]": r"Pod (?P<pod>[a-z0-9.-]+) \(ns: (?P<namespace>[a-z0-9-]+)\)",
    # the events that an end-to-end test prints
    "event for web-1: {kubelet node-1} Failed": r"event for (?P<pod>[a-z0-9.-]+): ",
    # the log of an old kubelet
    'Event(api.ObjectReference{Kind:"Pod", Namespace:"shop", Name:"web-1"': (
        r'Reference\{Kind:"Pod", Namespace:"(?P<namespace>[a-z0-9-]+)", Name:"(?P<pod>[a-z0-9.-]+)"'
    ),
    # an Event in one line of JSON
    '"involvedObject": {"kind":"Pod","namespace":"shop","name":"web-1"': (
        r'"(?:involvedObject|regarding)": ?\{(?=[^{}]{0,400}?"name": ?"(?P<pod>[a-z0-9.-]+)")'
        r'(?:(?=[^{}]{0,400}?"namespace": ?"(?P<namespace>[a-z0-9-]+)"))?'
    ),
    # kubectl logs
    'container "app" in pod "web-1" is waiting': r"in pod \"(?P<pod>[a-z0-9.-]+)\"",
    # a table of events with a column for the name and one for the kind, as in web consoles. If the name is that of the
    # Event, it ends in a number. The lookahead comes first for speed, because most words aren't a Pod's name.
    "web-1   Pod   Warning": (
        r"(?<![\w.-])(?=[a-z0-9.-]++\s+Pod\s)(?P<pod>[a-z0-9][a-z0-9.-]*?)(?:\.[0-9a-f]{14,16})?(?:\s{2,}|\t)Pod\s"
    ),
    # the events in the log of Jenkins
    "[Warning][shop/web-1][Failed]": r"\[(?P<namespace>[a-z0-9-]+)/(?P<pod>[a-z0-9][a-z0-9.-]*)\]\[",
    # kubectl get pods, with -A too
    "shop   web-1   0/1   ErrImagePull": (
        r"^\s*+(?:(?P<namespace>[a-z0-9-]+)\s++)?(?:pod/)?(?P<pod>[a-z0-9][a-z0-9.-]*)\s++"
        r"(?:[^\w\s]\s++)?\d+/\d+\s+(?:Init:)?[A-Z]\w+"
    ),
    # GitLab's runner, and Jenkins' plugin
    "Waiting for pod shop/web-1 to be running": (
        r"[Ww]aiting for pod (?P<namespace>[a-z0-9-]+)/(?P<pod>[a-z0-9][a-z0-9.-]*) to be"
    ),
    "[Pod] with name:[web-1] in namespace [shop]": (
        r"\[Pod\] with name:\[(?P<pod>[a-z0-9.-]+)\] in namespace \[(?P<namespace>[a-z0-9-]+)\]"
    ),
    # the scheduler's event
    "Successfully assigned shop/web-1 to node-1": (
        r"Successfully assigned (?:(?P<namespace>[a-z0-9-]+)/)?(?P<pod>[a-z0-9][a-z0-9.-]*) to"
    ),
    # the command that was typed
    "kubectl describe pod web-1": r"describe pods? (?P<pod>[a-z0-9][a-z0-9.-]*)",
}

# The container that a record is about.
CONTAINERS: Patterns = {
    "spec.containers{app}": r"spec\.\w+\{(?P<container>[\w.-]+)\}",
    'failed to "StartContainer" for "app" with': r"for \"(?P<container>[\w.-]+)\" with",
    'container "app" in pod "web-1" is waiting': r"container \"(?![0-9a-f]{64}\")(?P<container>[\w.-]+)\"",
    "container app is waiting to start": r"container (?P<container>[\w.-]+) is waiting",
}

# Reasons of events and of waiting containers for a failed pull.
REASONS = (
    "ErrImagePull",
    "ImagePullBackOff",
    "ErrImageNeverPull",
    "InvalidImageName",
    "ImageInspectError",
    "RegistryUnavailable",
    "SignatureValidationFailed",
    "InspectFailed",
    "FailedCreatePodSandBox",
    "FailedToRetrieveImagePullSecret",
    "BackOff",
)

# Beginnings of the message in a record.
MESSAGES: Patterns = {
    'Failed to pull image "web:1"': r"Failed to ",
    "Failed create pod sandbox: rpc": r"Failed create ",
    "error creating pod sandbox": r"[Ee]rror creating ",
    "image pull failed for web:1 (RegistryUnavailable)": r"image pull failed for ",
    "Error: ErrImagePull": r"Error: ",
    "Error response from daemon": r"Error response ",
    "Error from server (BadRequest)": r"Error from ",
    "Error syncing pod": r"Error syncing",
    'Back-off pulling image "web:1"': r"Back-off ",
    "Unable to retrieve some image pull secrets (regcred)": r"Unable to ",
    'Container image "web:1" already present on machine': r"Container image ",
    'Successfully pulled image "web:1"': r"Successfully pulled ",
    "ERROR: Job failed": r"ERROR: ",
    'failed to pull image "web:1"': r"failed to ",
    'failed pulling image "web:1"': r"failed pulling",
    'Pulling image "web:1"': r'(?<!failed )[Pp]ulling image "',
    "rpc error: code = Unknown": r"rpc error",
    'MANIFEST_UNKNOWN: "Failed to fetch"': r"[A-Z]+_UNKNOWN: ",
    "FATA[0000] pulling image": r"FATA\[",
    "trigger.poll.manager: got error": r"trigger\.poll",
    "requesting tags of web": r"requesting tags",
    "argocd-image-updater: could not get tags": r"image-updater",
    "image-reflector-controller: unable to get tags": r"image-reflector",
    "RunPodSandbox for web": r"(?:Run|[Cc]reate)PodSandbox",
    "Liveness probe failed: Get": r"(?:[RL]\w+ness|Startup) probe ",
    'Head "https://reg.example/v2/"': r"(?:Get|Head) \"?https?:",
}

# Sentences that say that an image was pulled or is present.
SUCCESSES: Patterns = {
    'Successfully pulled image "web:1" in 2s': r'Successfully pulled image "?(?P<pulled>[^"\s]+)',
    'Container image "web:1" already present on machine': r'Container image "(?P<present>[^"]+)" already present',
}

# Sentences that say that a container waits for an image, without the reason.
WAITS: Patterns = {
    'Back-off pulling image "web:1"': r"Back-off pulling image",
    'Unable to pull Docker image "web:1"': r"Unable to pull Docker image",
    "Error pulling image (1) from reg.example/we": r"Error pulling image \(",
    "waiting to start: web:1 can't be pulled": r"waiting to start: \S+ can't be pulled",
    'Failed to pull image "web:1"': r'[Ff]ailed to pull (?:and unpack )?image "[^"]*"?$',
    "trying and failing to pull image": r"trying and failing to pull image",
    "web-1  0/1  ImagePullBackOff": r"ImagePullBackOff",
    "Error: ErrImagePull": r"ErrImagePull",
    "Error: ImageInspectError": r"ImageInspectError",
}

# Beginnings of messages with the reason of a failed pull, even if no sign (signs.yaml) knows the reason.
FAILURES: Patterns = {
    'Failed to pull image "web:1": odd': (
        r'[Ff]ailed to pull (?:and unpack )?image ["\[]?[^"\s\]]+["\]]?: '
        r'(?!(?:rpc error: \S+ = \w+ desc = )?failed to pull and unpack image "[^"]*"?$)\S'
    ),
    "Error response from daemon: odd": r"Error response from daemon: \S",
    "CannotPullContainerError: odd": r"CannotPull\w+: \S",
}

# Sentences of the kubelet and of its container runtime alone, not of programs such as docker.
BY_KUBELET: Patterns = {
    'Failed to pull image "web:1"': r"Failed to pull image(?! with policy)",
    "rpc error: code = Unknown": r"rpc error",
    'Back-off pulling image "web:1"': r"Back-off",
    "Failed create pod sandbox": r"[Ss]andbox",
    "imagePullSecrets": r"imagePullSecrets",
    "Unable to retrieve some image pull secrets (regcred)": r"image pull secrets",
}
