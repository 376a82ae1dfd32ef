"""Write the test of a Soft MoE layer, scored by the wrong layers that it rejects."""
