"""The lessons: one folder each, `lesson_NN`, and in it one folder for each exercise. CONTRIBUTING.md has the recipes.

The environment variable SOFTMOE_COURSE names more folders to look for lessons in, with the separator of PATH between
them. Such a folder holds a `lesson_NN/` as the one here does, and the lesson's notebook, `NN_slug.ipynb`, beside it.
"""

import os

__path__ += [os.path.abspath(each) for each in os.environ.get("SOFTMOE_COURSE", "").split(os.pathsep) if each]
