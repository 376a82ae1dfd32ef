"""The exercise all-to-all-bytes."""
