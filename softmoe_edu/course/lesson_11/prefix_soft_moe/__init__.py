"""Soft MoE in which the slots of each token hold the tokens up to it."""
