"""Each expert chooses the tokens that it gets."""
