"""Puts a cause into words: hops, story, and a report as text, Markdown or JSON."""
