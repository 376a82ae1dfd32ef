"""Each token's k best experts and the weights of their answers."""
