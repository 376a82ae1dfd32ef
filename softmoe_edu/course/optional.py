"""A package that lessons show and do not install: whether it is there, and what to do if it is not."""

import importlib.util

INSTALL = (
    "This section looks at models of Hugging Face, and the package transformers is not installed. Run\n"
    '    %pip install "transformers>=5.20,<6"\n'
    "in a cell of its own, restart the kernel, and come back here."
)


def has_transformers() -> bool:
    """Return whether transformers is installed; if it is not, print how to install it."""
    found = importlib.util.find_spec("transformers") is not None
    if not found:
        print(INSTALL)
    return found
