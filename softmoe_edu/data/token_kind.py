"""The token kinds: tokens of known kinds, where a lesson can ask which expert took which."""

import torch

from softmoe_edu.data.images import Images, from_patches
from softmoe_edu.seeds import generator_of
from softmoe_edu.shapes import check_at_least

# Signed rows of the 4 x 4 Hadamard matrix: eight patterns of 2 x 2 pixels, any two at a right angle or opposite.
_HADAMARD = [[1, 1, 1, 1], [1, -1, 1, -1], [1, 1, -1, -1], [1, -1, -1, 1]]
PATTERNS = torch.tensor([*_HADAMARD, *([-x for x in row] for row in _HADAMARD)], dtype=torch.float32, device="cpu")


def token_kinds(
    num_kinds: int = 4, *, noise: float = 0.3, num_train: int = 8_000, num_test: int = 1_000, seed: int = 0
) -> tuple[Images, Images]:
    """Return images (1, 8, 8) of 16 tokens, each of a known kind; the label is the commonest kind of the image.

    A token of kind k shows the 2 x 2 pattern PATTERNS[k] of values -1 and 1, plus Gaussian noise of standard
    deviation `noise` on every pixel. Kinds are drawn alike and independently; an image without a single commonest
    kind is drawn again. Chance is 1 / num_kinds. `kinds` is the truth: a lesson can ask which expert took which.

    Args:
        num_kinds: number of kinds, from 2 to 8.
        noise: standard deviation of the noise, at least 0.
        num_train: training images.
        num_test: test images.
        seed: of the images.

    Returns:
        (train, test).

    Raises:
        TypeError: a number is no whole number.
        ValueError: a number is out of range.
    """
    num_kinds = check_at_least("num_kinds", num_kinds, 2)
    if num_kinds > len(PATTERNS):
        raise ValueError(f"num_kinds must be at most {len(PATTERNS)}, the patterns that differ, got {num_kinds}")
    if not noise >= 0:
        raise ValueError(f"noise must be a number of at least 0, got {noise!r}")
    generator = generator_of(seed)
    parts = []
    for name, size in (("num_train", num_train), ("num_test", num_test)):
        size = check_at_least(name, size)
        kinds = torch.empty(size, 16, dtype=torch.int64, device="cpu")
        tied = torch.ones(size, dtype=torch.bool, device="cpu")
        while tied.any():
            kinds[tied] = torch.randint(num_kinds, (int(tied.sum()), 16), generator=generator, device="cpu")
            counts = torch.nn.functional.one_hot(kinds, num_kinds).sum(1)
            tied = (counts == counts.amax(1, keepdim=True)).sum(1) > 1
        images = from_patches(PATTERNS[kinds][:, :, None])
        images += noise * torch.randn(images.shape, generator=generator, dtype=torch.float32, device="cpu")
        parts.append(
            Images(images, counts.argmax(1), num_classes=num_kinds, patch_size=2, name="token kinds", kinds=kinds)
        )
    train, test = parts
    return train, test
