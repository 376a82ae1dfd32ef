"""One claim a file. A file defines `CLAIM`; its name, with hyphens, is the id of the claim."""
