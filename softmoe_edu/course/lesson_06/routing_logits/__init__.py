"""Exercise: normalised scores of tokens and slots (lesson 06)."""
