"""Removal of secrets from pasted texts and exports: once before they are judged, and once before words are printed.

`masks` handles Secrets and objects, `redact` free text, and `quote` repeats a message by an allow-list of words.
"""
