"""Find out whether a layer follows the order of its tokens, and nothing else of it."""
