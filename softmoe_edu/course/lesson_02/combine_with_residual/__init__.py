"""What the layer and the block return, also for a token that found no row."""
