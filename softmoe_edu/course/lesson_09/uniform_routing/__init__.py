"""Soft MoE with one side or both made uniform: three rows of Table 2."""
