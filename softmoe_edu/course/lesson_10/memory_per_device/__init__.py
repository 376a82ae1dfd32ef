"""The exercise memory-per-device."""
