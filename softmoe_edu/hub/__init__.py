"""A JupyterHub for a class: `softmoe-edu hub DIR` writes it, and what it starts for each student is here too."""
