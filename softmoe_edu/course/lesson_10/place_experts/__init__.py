"""The exercise place-experts."""
