"""Takes out of a text what may be secret, before it is judged and again before it is printed."""
