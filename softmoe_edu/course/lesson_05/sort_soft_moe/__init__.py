"""Choose the lines of a Soft MoE layer among right and wrong ones and put them in order."""
