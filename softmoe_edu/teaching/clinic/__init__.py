"""Layers and runs that work and are wrong, handed out to be examined."""
