"""Measure how much a router is taught, as the norm of the gradient of its scores."""
