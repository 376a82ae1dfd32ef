"""The interval of a mean difference over paired seeds."""
