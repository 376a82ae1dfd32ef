"""How many choices each expert has."""
