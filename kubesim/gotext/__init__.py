"""Text as Go reads and writes it: JSON, with base64, and aligned columns."""
