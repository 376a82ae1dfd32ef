"""Seeded data sets that need no download, made of real digits where they can be.

The digits are scikit-learn's copy of the test part of the UCI "Optical Recognition of Handwritten Digits"
(Alpaydin & Kaynak 1998, CC BY 4.0): 1,797 images of 8 x 8 pixels with 17 grey levels; letters are set in the fonts of
matplotlib, and names of countries come from Unicode's CLDR. Every function returns (train, test), which share nothing
that would give the answer away: no digit, no typeface, no country. The same seed gives the same data, and no global
random state is read or changed. A model of your own data needs none of this: `train` takes any
map-style torch.utils.data.Dataset of (image, label).

A task is one file, named in the singular: `script.py` holds `scripts`.
"""

from softmoe_edu.data.collage import COLLAGE_TASKS, collages
from softmoe_edu.data.digit import NUM_TEST_DIGITS, digits
from softmoe_edu.data.images import Images, from_patches, to_patches
from softmoe_edu.data.language import languages
from softmoe_edu.data.letter import TYPEFACES, letters
from softmoe_edu.data.script import scripts
from softmoe_edu.data.token_kind import PATTERNS, token_kinds

__all__ = [
    "COLLAGE_TASKS",
    "NUM_TEST_DIGITS",
    "PATTERNS",
    "TYPEFACES",
    "Images",
    "collages",
    "digits",
    "from_patches",
    "languages",
    "letters",
    "scripts",
    "to_patches",
    "token_kinds",
]
