"""Clusters with a Pod whose pull goes one way or the other."""

from kubesim.session import Session

GOOD = "--docker-username=myuser --docker-password=mypassword"
CREATE = f"kubectl create secret docker-registry regcred --docker-server=registry.example.com {GOOD}"
ACCOUNT = """kubectl patch serviceaccount default -p '{"imagePullSecrets":[{"name":"regcred"}]}'"""


def pod(name="web", secrets=(), image="registry.example.com/myapp:1.0", extra="", container=""):
    listed = "  imagePullSecrets:\n" + "".join(f"  - name: {item}\n" for item in secrets) if secrets else ""
    return (
        f"apiVersion: v1\nkind: Pod\nmetadata:\n  name: {name}\nspec:\n{listed}{extra}"
        f"  containers:\n  - name: app\n    image: {image}\n{container}"
    )


def config(server, rest='"username":"myuser","password":"mypassword"'):
    return f'{{"auths":{{"{server}":{{{rest}}}}}}}'


def from_file(server, rest='"username":"myuser","password":"mypassword"', name="regcred"):
    return [
        f"echo '{config(server, rest)}' > config.json",
        f"kubectl create secret docker-registry {name} --from-file=.dockerconfigjson=config.json",
    ]


def make(lines, manifest=None, namespace="default", wait=6.0):
    session = Session()
    for line in lines:
        result = session.run(line)
        assert result.exit_code == 0, result.screen
    if manifest:
        session.write_file("pod.yaml", manifest)
        result = session.run(f"kubectl apply -n {namespace} -f pod.yaml")
        assert result.exit_code == 0, result.screen
    session.advance(wait)
    return session
