"""The API of a cluster. `api` answers requests and needs no transport; `https` serves it to a real kubectl."""
