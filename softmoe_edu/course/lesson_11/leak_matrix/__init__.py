"""Which outputs of a layer move when each token changes."""
