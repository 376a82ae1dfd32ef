"""Grade what a class hands in: each answer runs alone in a process of its own, and its points are computed outside."""
