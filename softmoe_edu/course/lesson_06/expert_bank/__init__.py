"""Exercise: all experts in two batched products (lesson 06)."""
