"""The weights that mix the slots' answers into tokens in a Soft MoE layer."""
