"""Text as Go writes it: JSON and aligned columns."""
