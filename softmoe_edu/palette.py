"""The colours of figures and widgets. Each stays apart from the others under the three common colour blindnesses.

`python js/palette.py` writes them into js/shared/palette.js for the widgets.
"""

WEIGHTS = "viridis"
"""The colour map of weights: its lightness only rises, for colour-blind eyes and in grey print too."""

RAMP = ("#440154", "#472d7b", "#3b528b", "#2c728e", "#21918c", "#28ae80", "#5ec962", "#addc30", "#fde725")
"""That map at nine even steps."""

EXPERTS = ("#3f90da", "#ffa90e", "#bd1f01", "#94a4a2", "#832db6", "#a96b59", "#e76300", "#b9ac70")
"""petroff10 without its last two: experts, models and parts of a layer. Numbers and patterns name them too."""

PARTS = {"routing logits": 0, "dispatch": 1, "experts": 2, "combine": 3, "dense MLP": 4}
"""Which of these colours each part of a layer has."""

DROPPED = "#e76300"
"""The tint of tokens that no slot took, below a hatching."""

OVER_DARK, OVER_LIGHT = "#fefefe", "#010101"
"""Marks that stand on a picture or a map, and stay as they are when the page turns dark."""

LIGHT = {"page": "#ffffff", "text": "#1f2328", "line": "#57606a", "grid": "#d8dee4"}
DARK = {"page": "#18191b", "text": "#e6e8eb", "line": "#a3abb5", "grid": "#3a3f46"}
"""A page and what is written on it: text at a contrast of 7:1 or more, lines at 4.5:1 or more."""

ON_DARK = {"#bd1f01": "#ec5b43", "#832db6": "#b678e0", "#a96b59": "#c58a79"}
"""What takes the place of the experts' colours that are too dark for a dark page."""
