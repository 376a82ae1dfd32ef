"""Through how many slots each token reaches each output."""
