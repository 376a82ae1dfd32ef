"""Which choice gets which row of an expert's buffer, and which is dropped."""
