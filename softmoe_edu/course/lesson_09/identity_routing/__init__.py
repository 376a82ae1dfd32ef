"""Identity routing: each token goes alone to the expert of its position."""
