"""What the kubelet and `why` share: images and their names, credentials and what they match, attempts and answers."""
