"""How likely signs as one-sided as these are by chance."""
