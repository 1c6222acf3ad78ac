"""The X-ray of a Pod's pull secrets: entries compared with the image, and no password."""

import base64
import json
from types import SimpleNamespace
from typing import Any

import pytest

from kubesim.api.resources import POD
from kubesim.jupyter.xray import xray
from kubesim.why.tell.report import About

# Commands that run a Pod with a pull secret, and create that Secret; the server is to be appended.
RUN = """kubectl run web --image=registry.example.com/myapp:1.0 \
--overrides='{"spec":{"imagePullSecrets":[{"name":"regcred"}]}}'"""
CREATE = (
    "kubectl create secret docker-registry regcred --docker-username=myuser "
    "--docker-password=tops3cret --docker-server="
)


def page(seat):
    """The HTML of the X-ray of the Pod web."""
    pod = seat.cluster.api.find(POD, "default", "web")
    return xray(seat.cluster, pod, About("default", "web", "web", "registry.example.com/myapp:1.0"))


@pytest.mark.parametrize(
    ("server", "lit", "verdict"),
    [
        ("registry.example.com", "<mark>registry.example.com</mark></code>", "<b>matches</b>"),
        ("registry.example.org", "<mark>registry.example.</mark>org", "differs from letter 18 on"),
        ("quay.io", "<mark></mark>quay.io", "doesn&#x27;t match"),
    ],
)
def test_an_entry_is_compared_with_the_image_letter_by_letter(seat, server, lit, verdict):
    seat.run(f"{CREATE}{server}")
    seat.run(RUN)
    assert lit in page(seat)
    assert verdict.replace("&#x27;", "'") in page(seat)


def test_the_password_is_never_shown(seat):
    seat.run(f"{CREATE}registry.example.com")
    seat.run(RUN)
    blob = seat.run("kubectl get secret regcred -o jsonpath='{.data.\\.dockerconfigjson}'").stdout
    auth = base64.b64encode(b"myuser:tops3cret").decode()
    assert json.loads(base64.b64decode(blob))["auths"]["registry.example.com"]["auth"] == auth
    shown = page(seat)
    assert "&quot;username&quot;: &quot;myuser&quot;" in shown
    assert not any(secret in shown for secret in ("tops3cret", auth, blob[:20]))


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ("%%%", "It can't be read: illegal base64 data"),
        (base64.b64encode(b"[1]").decode(), "•••"),
        (base64.b64encode(b'{"auths": {"<b>x</b>": 1}}').decode(), "&lt;b&gt;x&lt;/b&gt;"),
        (base64.b64encode(b'{"auths": null}').decode(), "auths"),
    ],
)
def test_any_content_of_a_secret_is_shown_as_text(seat, data, said):
    seat.run(RUN)
    pod = seat.cluster.api.find(POD, "default", "web")
    odd = {
        "metadata": {"name": "regcred"},
        "type": "kubernetes.io/dockerconfigjson",
        "data": {".dockerconfigjson": data},
    }
    cluster: Any = SimpleNamespace(api=SimpleNamespace(find=lambda *_: odd))  # the API server would refuse it
    shown = xray(cluster, pod, About("default", "web", "web", "registry.example.com/myapp:1.0"))
    assert said in shown
    assert "<b>x</b>" not in shown


def test_a_secret_that_is_missing_or_of_another_type_has_no_inside(seat):
    seat.run(RUN)
    assert page(seat) == ""
    seat.run("kubectl create secret generic regcred --from-literal=a=b")
    assert "Its type is Opaque. The kubelet finds no registry in it." in page(seat)
