"""The exercise copies-of-experts."""
