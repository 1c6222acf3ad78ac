"""Text as Go reads and writes it: JSON, base64 and aligned columns."""
