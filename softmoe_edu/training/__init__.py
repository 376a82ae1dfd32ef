"""The parts of `train`: order of the data, one step, looking at a model, history, checkpoints, and early ends."""
