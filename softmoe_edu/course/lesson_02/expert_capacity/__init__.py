"""How many rows an expert's buffer has."""
