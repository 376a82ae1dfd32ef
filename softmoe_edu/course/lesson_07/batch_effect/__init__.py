"""Measure in how many tokens the other examples of a batch change the answer."""
