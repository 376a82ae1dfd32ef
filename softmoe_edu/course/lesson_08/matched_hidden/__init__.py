"""The width at which a Soft MoE layer costs what a dense MLP costs."""
