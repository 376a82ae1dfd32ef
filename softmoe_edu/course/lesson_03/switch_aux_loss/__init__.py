"""The balance loss of Switch Transformers."""
