"""Which choice gets which slot of an expert, and which is dropped."""
