"""Reads what kubectl printed, or what someone pasted, as objects; and what a message means."""
