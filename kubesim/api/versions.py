"""The versions that kubesim behaves as: those of the cluster on which its recordings were made."""

KUBERNETES = "v1.36.2"
KUBECTL = "v1.36.4"
KUSTOMIZE = "v5.8.1"
CONTAINERD = "2.4.0-beta"
