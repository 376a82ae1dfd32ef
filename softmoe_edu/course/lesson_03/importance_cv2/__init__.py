"""The importance loss."""
