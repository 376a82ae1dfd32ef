"""The loss that keeps scores small."""
