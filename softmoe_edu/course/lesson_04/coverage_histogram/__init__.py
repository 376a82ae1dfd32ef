"""How many experts took each token."""
