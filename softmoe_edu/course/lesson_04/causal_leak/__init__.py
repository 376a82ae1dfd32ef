"""Whether earlier outputs change with a later token."""
