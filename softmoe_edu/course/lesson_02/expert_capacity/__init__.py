"""How many slots an expert has."""
