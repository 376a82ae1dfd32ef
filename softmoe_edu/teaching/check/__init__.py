"""How an answer is examined: called, held against properties, compared with known mistakes, reported on."""
