"""What every room knows: resources, objects, schema, errors, selectors, time; and the versions that are simulated."""

# Those of the cluster on which the recordings were made.
KUBERNETES = "v1.36.2"
KUBECTL = "v1.36.4"
KUSTOMIZE = "v5.8.1"
CONTAINERD = "2.4.0-beta"
