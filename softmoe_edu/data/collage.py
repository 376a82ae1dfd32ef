"""The collages: four digits an image, and a label that needs all four."""

from collections.abc import Callable

import torch
from torch import Tensor

from softmoe_edu.data.digit import split_digits
from softmoe_edu.data.images import Images
from softmoe_edu.seeds import generator_of
from softmoe_edu.shapes import check_at_least, check_choice

# Digits of a collage (N, 4) -> labels (N,), with the number of classes.
COLLAGE_TASKS: dict[str, tuple[Callable[[Tensor], Tensor], int]] = {
    "largest": (lambda four: four.amax(1), 10),
    "sum": (lambda four: four.sum(1), 37),
    "distinct": (lambda four: four.sort(dim=1).values.diff(dim=1).ne(0).sum(1), 4),
}


def collages(
    task: str = "largest", *, num_train: int = 20_000, num_test: int = 2_000, seed: int = 0
) -> tuple[Images, Images]:
    """Return four digits, two by two, on a canvas (1, 16, 16): 16 tokens of 16 pixels, four tokens to a digit.

    The label needs all four: "largest", the largest digit (10 classes, chance near 34 %: 9); "sum", their sum
    (37 classes, chance near 7 %: 18); "distinct", how many different digits there are, less 1 (4 classes, chance
    near 50 %). `kinds` is the digit, 0 to 9, that a token belongs to. Digits are drawn with replacement, for test
    from the 500 test digits of `digits(seed)`.

    Args:
        task: a name in `COLLAGE_TASKS`.
        num_train: training images.
        num_test: test images.
        seed: of the split and of the draws.

    Returns:
        (train, test).

    Raises:
        TypeError: a number is no whole number.
        ValueError: task is unknown, or a number is out of range.
    """
    check_choice("task", task, tuple(COLLAGE_TASKS))
    answer, num_classes = COLLAGE_TASKS[task]
    generator = generator_of(seed)
    parts = []
    sizes = (("num_train", num_train), ("num_test", num_test))
    for (name, size), (digit, label) in zip(sizes, split_digits(seed), strict=True):
        size = check_at_least(name, size)
        pick = torch.randint(len(digit), (size, 4), generator=generator, device="cpu")
        images = digit[pick].view(size, 2, 2, 8, 8).transpose(2, 3).reshape(size, 1, 16, 16)
        quarter = torch.arange(4, device="cpu").view(2, 2).repeat_interleave(2, 0).repeat_interleave(2, 1).flatten()
        four = label[pick]
        parts.append(
            Images(
                images, answer(four), num_classes=num_classes, patch_size=4, name=f"collages, {task}",
                kinds=four[:, quarter],
            )
        )  # fmt: skip
    train, test = parts
    return train, test
