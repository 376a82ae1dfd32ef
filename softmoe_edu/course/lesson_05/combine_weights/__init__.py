"""The weights by which the slots of a Soft MoE layer answer the tokens."""
