"""A small Kubernetes cluster that runs inside Python, to learn how images are pulled from private registries."""
