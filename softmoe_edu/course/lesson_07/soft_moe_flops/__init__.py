"""Count what routing and experts of a Soft MoE layer cost."""
