"""What the layer and the block return, also for a dropped token."""
