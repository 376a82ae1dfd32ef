"""Walk from one input of a layer to another, and measure the largest change in a single step."""
