"""The scripts: every digit in many fixed orders of its pixels, so that tokens are of kinds that an expert can learn."""

import torch
from torch import Tensor

from softmoe_edu.data.digit import split_digits
from softmoe_edu.data.images import Images, from_patches, to_patches
from softmoe_edu.seeds import generator_of
from softmoe_edu.shapes import check_at_least


def scripts(num_scripts: int = 16, shuffled: bool = False, seed: int = 0) -> tuple[Images, Images]:
    """Return every digit in every script, a fixed permutation of the 64 pixels; nothing tells which. Chance 10 %.

    Image i is digit i // num_scripts of `digits(seed)` in script i % num_scripts, (1, 8, 8), 16 tokens of 4 pixels;
    with 16 scripts 20,752 for training and 8,000 for test, in the same scripts. `kinds` is each token's script.
    Neighbours are one digit: mix a test before examples share slots in groups, as `test[torch.randperm(len(test))]`.

    Args:
        num_scripts: number of scripts.
        shuffled: the same images, but the 16 tokens stand in another random order in each image and carry their
            position written on them. Images are (5, 8, 8): channel 0 is the ink, and the 4 x 4 values of channels 1 to
            4 in a patch hold a single 1, at the position the patch would have had (channel 1 + position // 4, pixel
            position % 4).
        seed: of the split, the scripts and the orders.

    Returns:
        (train, test).
    """
    num_scripts = check_at_least("num_scripts", num_scripts)
    generator = generator_of(seed)
    pixels = torch.stack([torch.randperm(64, generator=generator, device="cpu") for _ in range(num_scripts)])
    parts = []
    for digit, label in split_digits(seed):
        images = digit.flatten(1)[:, pixels].reshape(-1, 1, 8, 8)
        if shuffled:
            images = _shuffle_tokens(images, generator)
        kinds = torch.arange(num_scripts, device="cpu").repeat(len(digit))[:, None].repeat(1, 16)
        name = "scripts, shuffled" if shuffled else "scripts"
        labels = label.repeat_interleave(num_scripts)
        parts.append(Images(images, labels, num_classes=10, patch_size=2, name=name, kinds=kinds))
    train, test = parts
    return train, test


def _shuffle_tokens(images: Tensor, generator: torch.Generator) -> Tensor:
    """Put the 16 patches of each image in random order and write the position of each on it."""
    place = torch.rand(len(images), 16, generator=generator, dtype=torch.float32, device="cpu").argsort(1)
    ink = to_patches(images, 2).gather(1, place[:, :, None, None].expand(-1, -1, 1, 4))
    written = torch.nn.functional.one_hot(place, 16).view(-1, 16, 4, 4).to(images.dtype)
    return from_patches(torch.cat([ink, written], 2))
