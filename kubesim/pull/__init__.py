"""The part of a pull that the kubelet and `why` share: image references, keyring, attempts and answers."""
