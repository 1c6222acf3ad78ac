"""Text in Go's formats: JSON, base64, fmt's verbs, flags, diffs and aligned columns."""
