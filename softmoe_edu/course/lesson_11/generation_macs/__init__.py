"""What a text costs to write, in three ways of doing so."""
