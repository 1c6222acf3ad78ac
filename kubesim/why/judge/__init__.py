"""Finds the cause of a failed pull in a scene: the objects, the last attempts, and what was answered."""
