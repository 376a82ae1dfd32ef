"""The weights by which tokens fill the slots of a Soft MoE layer."""
