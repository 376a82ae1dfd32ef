"""What the layer and the block return, even for a dropped token."""
