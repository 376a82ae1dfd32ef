"""Exercise: the layer as a module (lesson 06)."""
