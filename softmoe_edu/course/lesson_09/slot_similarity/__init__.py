"""Whether slots of the same expert are alike, with a permutation test."""
