"""What learners type wrongly, and what kubectl says to it: whole screens."""

from __future__ import annotations

import pytest

from tests.learner import PRIVATE, Learner, container

HELP = "See 'kubectl {} -h' for help and examples\n"
USAGE = "See 'kubectl {} --help' for usage.\n"
NOTHING = """error: You must provide one or more resources by argument or filename.
Example resource specifications include:
   '-f rsrc.yaml'
   '--filename=rsrc.json'
   '<resource> <name>'
   '<resource>'
"""
NO_NAME = "error: resource(s) were provided, but no name was specified\n"
NO_FILE = "error: must specify one of -f and -k\n"
NOT_FOUND = "Error from server (NotFound): "


@pytest.fixture(scope="module")
def busy() -> Learner:
    """A cluster with a running Pod, one that cannot start, and a Deployment; the refusals below change nothing."""
    learner = Learner()
    learner.apply("web", container("nginx"))
    learner.apply("priv", container(PRIVATE))
    learner("kubectl create deployment shop --image=nginx")
    learner("mkdir empty")
    learner.wait(5)
    return learner


@pytest.mark.parametrize(
    ("line", "refusal"),
    [
        # soon, while the Pod waits
        ("kubectl logs priv", 'Error from server (BadRequest): container "app" in pod "priv" is waiting to start: '
         "image can't be pulled\n"),
        # words and flags
        ("kubectl frob", 'error: unknown command "frob" for "kubectl"\n'),
        ("kubectl gett pods", 'error: unknown command "gett" for "kubectl"\n\nDid you mean this?\n\tset\n\tget\n'),
        ("kubectl -n default frob", 'error: unknown command "frob" for "kubectl"\n'),
        ("kubectl --version", "error: unknown flag: --version\n" + USAGE.replace(" {}", "")),
        ("kubectl drain sim-worker", "kubesim: 'kubectl drain' is not part of this simulator\n"),
        ("kubectl get pods -o", "error: flag needs an argument: 'o' in -o\n" + USAGE.format("get")),
        ("kubectl get pods --foo", "error: unknown flag: --foo\n" + USAGE.format("get")),
        ("kubectl get pods --context=x",
         "Error in configuration: context was not found for specified context: x\n"),
        ("kubectl create ns x --context=x", 'error: context "x" does not exist\n'),
        ("kubectl get pods --request-timeout=5d", "error: Invalid timeout value. Timeout must be a single integer in "
         "seconds, or an integer followed by a corresponding time unit (e.g. 1s | 2m | 3h)\n"),
        ("kubectl get pods --as-group=x", "error: requesting uid, groups or user-extra for kubernetes-admin without "
         "impersonating a user\n"),
        ("kubectl get pods --v=8 --nope", "error: unknown flag: --nope\n" + USAGE.format("get")),
        # what to get
        ("kubectl get pdos", 'error: the server doesn\'t have a resource type "pdos"\n'),
        ("kubectl get pod web -A", "error: a resource cannot be retrieved by name across all namespaces\n"),
        ("kubectl get pod nope", NOT_FOUND + 'pods "nope" not found\n'),
        ("kubectl get pod/web/x", "error: arguments in resource/name form may not have more than one slash\n"),
        ("kubectl get pod web/", "error: there is no need to specify a resource type as a separate argument when "
         "passing arguments in resource/name form (e.g. 'kubectl get resource/<resource_name>' instead of 'kubectl get "
         "resource resource/<resource_name>'\n"),
        ("kubectl get pod/", "error: arguments in resource/name form must have a single resource and name\n"),
        ("kubectl get pod web -l a=b", "error: name cannot be provided when a selector is specified\n"),
        ("kubectl get pods,foos web", "error: the server doesn't have a resource type \"foos\"\n"),
        ("kubectl get pod/web -l a=b", "error: selectors and the all flag cannot be used when passing resource/name "
         "arguments\n"),
        ("kubectl get -f web.json pod/web", "error: resource/name arguments cannot be provided when a path is "
         "specified\n"),
        ("kubectl get -f web.json pods", "error: when paths, URLs, or stdin is provided as input, you may not specify "
         "resource arguments as well\n"),
        ("kubectl get -f empty", "error: error reading [empty]: recognized file extensions are [.json .yaml .yml]\n"),
        ("kubectl get pods,sa -w", "error: you may only specify a single resource type\n"),
        ("kubectl get pods,sa --sort-by=.kind", "error: couldn't find any field with path \"{.kind}\" in the list of "
         "objects\n"),
        ("kubectl get pods --output-watch-events", "error: --output-watch-events option can only be used with "
         "--watch or --watch-only\n"),
        ("kubectl get pods --field-selector=a=b", 'Error from server (BadRequest): Unable to find "/v1, Resource=pods" '
         'that match label selector "", field selector "a=b": field label not supported: a\n'),
        # delete
        ("kubectl delete", NOTHING),
        ("kubectl delete pod", NO_NAME),
        ("kubectl delete pod web --all", "error: name cannot be provided when a selector is specified\n"),
        ("kubectl delete pods --all -l a=b", "error: setting 'all' parameter but found a non empty selector. \n"),
        ("kubectl delete -f nope.yaml", 'error: the path "nope.yaml" does not exist\n'),
        ("kubectl delete pod web -o yaml", "error: unexpected -o output mode: yaml. We only support '-o name'\n"),
        ("kubectl delete pod web --now --grace-period=3",
         "error: --now and --grace-period cannot be specified together\n"),
        ("kubectl delete ns default", 'Error from server (Forbidden): namespaces "default" is forbidden: this '
         "namespace may not be deleted\n"),
        # create, apply, replace, run
        ("kubectl create", NO_FILE),
        ("kubectl create pod x", "error: Unexpected args: [pod x]\n" + HELP.format("create")),
        ("kubectl create --dry-run=maybe",
         'error: Invalid dry-run value (maybe). Must be "none", "server", or "client".\n'),
        ("kubectl create --validate=maybe", 'error: invalid - validate option "maybe"; must be one of: strict (or '
         "true), warn, ignore (or false)\n"),
        ("kubectl create cm -- x", "error: exactly one NAME is required, got 0\n" + HELP.format("create configmap")),
        ("kubectl create secret tls x", "error: key and cert must be specified\n"),
        ("kubectl create secret tls x --cert=web.json --key=web.json",
         "error: tls: failed to find any PEM data in certificate input\n"),
        ("kubectl create secret tls x --cert=a --key=a", "error: Cannot read file a, open a: no such file or "
         "directory\n"),
        ("kubectl create cm x --from-literal=a=1 --from-literal=a=2", 'error: cannot add key "a", another key by that '
         'name already exists in Data for ConfigMap "x"\n'),
        ("kubectl create cm x --from-literal=..a=1", 'error: "..a" is not a valid key name for a ConfigMap: must not '
         "start with '..'\n"),
        ("kubectl create secret generic x --from-literal=a=1 --from-literal=a=2",
         "error: cannot add key a, another key by that name already exists\n"),
        ("kubectl create cm x --from-env-file=empty", "error: env config file cannot be a directory\n"),
        ("kubectl create secret docker-registry x --from-file=empty",
         "error: cannot give a key name for a directory path\n"),
        ("kubectl create deploy x --image=a,b -- c", "error: cannot specify multiple --image options and command\n"),
        ("kubectl create deploy x --image='a\"b'", 'error: invalid argument "a\\"b" for "--image" flag: parse error on '
         'line 1, column 2: bare " in non-quoted-field\n' + USAGE.format("create deployment")),
        ("kubectl create clusterrole x --verb=get", "error: one of resource or nonResourceURL must be specified\n"),
        ("kubectl create clusterrole x --verb=list --non-resource-url=/x",
         "error: invalid verb: 'list' for nonResourceURL\n"),
        ("kubectl create clusterrole x --aggregation-rule=a=b", "kubesim: the flag --aggregation-rule is not part of "
         "this simulator\n"),
        ("kubectl run x --image=nginx -l a", "error: unexpected label spec: a\n"),
        ("kubectl run x --image=nginx --annotations=a", "error: invalid annotations format: a\n"),
        ("kubectl run x --image=nginx --port=x", 'error: strconv.Atoi: parsing "x": invalid syntax\n'),
        ("kubectl run x --image=nginx --overrides={", "error: Invalid JSON Patch\n"),
        ("kubectl run x --image=nginx --overrides='{\"kind\":\"Job\"}'",
         'error: no kind "Job" is registered for version "v1" in scheme "pkg/scheme/scheme.go:28"\n'),
        ("kubectl run x --image=nginx --overrides='{\"spec\":{\"hostNetwork\":\"yes\"}}'",
         "error: json: cannot unmarshal string into Go struct field PodSpec.spec.hostNetwork of type bool\n"),
        ("kubectl create -f", "error: flag needs an argument: 'f' in -f\n" + USAGE.format("create")),
        ("kubectl create -f web.json", 'Error from server (AlreadyExists): error when creating "web.json": pods "web" '
         "already exists\n"),
        ("kubectl create ns", "error: exactly one NAME is required, got 0\n" + HELP.format("create namespace")),
        ("kubectl create ns default", 'Error from server (AlreadyExists): namespaces "default" already exists\n'),
        ("kubectl create sa x -n nope", 'error: failed to create serviceaccount: namespaces "nope" not found\n'),
        ("kubectl create secret docker x", 'error: unknown command "docker x"\n' + HELP.format("create secret")),
        ("kubectl create secret generic g --from-literal=a", "error: invalid literal source a, expected key=value\n"),
        ("kubectl create deployment x", 'error: required flag(s) "image" not set\n'),
        ("kubectl create rolebinding x --role=r --serviceaccount=bot",
         "error: serviceaccount must be <namespace>:<name>\n"),
        ("kubectl apply", NO_FILE),
        ("kubectl apply web.json", "error: Unexpected args: [web.json]\n" + HELP.format("apply")),
        ("kubectl apply -f -", "error: no objects passed to apply\n"),
        ("kubectl apply -f https://example.com/x", "kubesim: there is no network here, so https://example.com/x cannot "
         "be read\n"),
        ("kubectl replace web.json", NO_FILE),
        ("kubectl run x", 'error: required flag(s) "image" not set\n'),
        ("kubectl run --image=x", "error: NAME is required for run\n" + HELP.format("run")),
        ("kubectl diff", NO_FILE),
        ("kubectl diff -x", "error: unknown shorthand flag: 'x' in -x\n" + HELP.format("diff")),
        ("kubectl run x --image=nginx --restart=Sometimes",
         "error: invalid restart policy: Sometimes\n" + HELP.format("run")),
        ("kubectl run x --image=nginx --env=A", "error: invalid env: A\n"),
        # change
        ("kubectl label pod web", "error: at least one label update is required\n"),
        ("kubectl label", "error: one or more resources must be specified as <resource> <name> or "
         "<resource>/<name>\n"),
        ("kubectl label pod a=b", NO_NAME),
        ("kubectl label pod web a=b=c", "error: invalid label spec: a=b=c\n"),
        ("kubectl label pod web 'a=b c'", 'error: invalid label value: "a=b c": a valid label must be an empty string '
         "or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric "
         "character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is "
         "'(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')\n"),
        ("kubectl label pod web a=b a-", "error: can not both modify and remove a label in the same command\n"),
        ("kubectl patch sa default", "error: must specify --patch or --patch-file containing the contents of the "
         "patch\n"),
        ("kubectl patch sa default -p '{'", "Error from server (BadRequest): unexpected end of JSON input\n"),
        ("kubectl set image deploy/shop", "error: at least one image update is required\n"),
        ("kubectl set image deploy/shop x=nginx", 'error: unable to find container named "x"\n'),
        ("kubectl scale deploy shop", 'error: required flag(s) "replicas" not set\n'),
        ("kubectl scale rs shop --replicas=1", NOT_FOUND + 'replicasets.apps "shop" not found\n'),
        ("kubectl scale pod web --replicas=1", NOT_FOUND + "the server could not find the requested resource (patch "
         "pods web)\n"),
        ("kubectl scale deploy shop --replicas=1 --current-replicas=5", "error: Expected replicas to be 5, was 1\n"),
        ("kubectl edit pod nope", NOT_FOUND + 'pods "nope" not found\n'),
        # rollout
        ("kubectl rollout status deploy/nope", NOT_FOUND + 'deployments.apps "nope" not found\n'),
        ("kubectl rollout status", "error: required resource not specified\n"),
        ("kubectl rollout status pod/web", "error: no status viewer has been implemented for Pod\n"),
        ("kubectl rollout history rs", 'error: no history viewer has been implemented for "ReplicaSet.apps"\n'),
        ("kubectl rollout restart pod web", 'error: pods "web" restarting is not supported\n'),
        ("kubectl rollout undo deploy shop", 'error: no rollout history found for deployment "shop"\n'),
        ("kubectl rollout undo deploy shop --to-revision=7",
         "error: unable to find specified revision 7 in history\n"),
        ("kubectl rollout resume deploy shop", 'error: deployments.apps "shop" is not paused\n'),
        ("kubectl rollout frob", 'error: unknown command "frob"\n' + HELP.format("rollout")),
        # logs, exec, wait, events
        ("kubectl logs", "error: expected 'logs [-f] [-p] (POD | TYPE/NAME) [-c CONTAINER]'.\nPOD or TYPE/NAME is a "
         "required argument for the logs command\n" + HELP.format("logs")),
        ("kubectl logs web -c x", "error: container x is not valid for pod web out of: app\n"),
        ("kubectl logs web app --all-containers", "error: --all-containers=true should not be specified with container "
         "name app\n"),
        ("kubectl get cm nope --watch-only", 'Error from server (NotFound): configmaps "nope" not found\n'),
        ("kubectl get pod web nope -n nosuch", 'Error from server (NotFound): namespaces "nosuch" not found\n' * 2),
        ("kubectl describe sa default -n nosuch", 'Error from server (NotFound): namespaces "nosuch" not found\n'),
        ("kubectl delete pod web -n nosuch", 'Error from server (NotFound): pods "web" not found\n'),
        ("kubectl exec web -n nosuch -- ls", 'Error from server (NotFound): namespaces "nosuch" not found\n'),
        ("kubectl exec", "error: pod, type/name or --filename must be specified\n"),
        ("kubectl exec web", "error: you must specify at least one command for the container\n"),
        ("kubectl exec web ls", "error: exec [POD] [COMMAND] is not supported anymore. Use exec [POD] -- [COMMAND] "
         "instead\n" + HELP.format("exec")),
        ("kubectl exec priv -- ls", 'error: unable to upgrade connection: container not found ("app")\n'),
        ("kubectl wait pod web", "error: unrecognized condition: []\n"),
        ("kubectl wait --for=condition=Ready pod", NO_NAME),
        ("kubectl wait --for=condition=Ready pod -l a=b", "error: no matching resources found\n"),
        ("kubectl events --for web", "error: --for must be in resource/name form\n"),
        # settings
        ("kubectl config use-context nope", 'error: no context exists with the name: "nope"\n'),
        ("kubectl config frob", 'error: unknown command "frob"\n' + HELP.format("config")),
        ("kubectl auth can-i get", "error: you must specify two arguments: verb resource or verb "
         "resource/resourceName.\n" + HELP.format("auth can-i").replace("examples", "examples.")),
        ("kubectl auth whoami -o wide", 'error: unable to match a printer suitable for the output format "wide", '
         "allowed formats are: go-template,go-template-file,json,jsonpath,jsonpath-as-json,jsonpath-file,kyaml,name,"
         "template,templatefile,yaml\n"),
        ("kubectl api-versions x", "error: unexpected arguments: [x]\n" + HELP.format("api-versions")),
        ("kubectl version x", "error: extra arguments: [x]\n"),
        ("kubectl version -o xml", "error: --output must be 'yaml' or 'json'\n"),
        ("kubectl cluster-info dump", "kubesim: 'kubectl cluster-info dump' is not part of this simulator\n"),
    ],
)  # fmt: skip
def test_refusals(busy: Learner, line: str, refusal: str) -> None:
    assert busy.fails(line) == refusal


def test_what_was_found_is_shown_beside_what_was_not(busy: Learner) -> None:
    result = busy.session.run("kubectl get pods web nope priv -o name")
    assert (result.stdout, result.stderr, result.exit_code) == (
        "pod/web\npod/priv\n",
        'Error from server (NotFound): pods "nope" not found\n',
        1,
    )


def test_a_command_that_is_not_there(busy: Learner) -> None:
    message = busy.fails("kubectl exec web -- nosuch")
    assert message.startswith("error: Internal error occurred: error executing command in container: failed to exec in")
    assert message.endswith(
        'unable to start container process: exec: "nosuch": executable file not found in $PATH: unknown\n'
    )
