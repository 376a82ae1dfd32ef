"""Seeded data sets that need no download, made of real digits where they can be.

The digits are scikit-learn's copy of the test part of the UCI "Optical Recognition of Handwritten Digits"
(Alpaydin & Kaynak 1998, CC BY 4.0): 1,797 images of 8 x 8 pixels with 17 grey levels. Every function gives
(train, test); test images come from 500 digits of which no training image holds one. The same seed gives the same
data, and no global random state is read or changed. A model of your own data needs none of this: `train` takes any
map-style torch.utils.data.Dataset of (image, label).
"""

from collections.abc import Callable
from functools import cache

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

from softmoe_edu.shapes import check_at_least, check_choice

NUM_TEST_DIGITS = 500
# Signed rows of the 4 x 4 Hadamard matrix: eight patterns of 2 x 2 pixels, any two at a right angle or opposite.
_HADAMARD = [[1, 1, 1, 1], [1, -1, 1, -1], [1, 1, -1, -1], [1, -1, -1, 1]]
PATTERNS = torch.tensor([*_HADAMARD, *([-x for x in row] for row in _HADAMARD)], dtype=torch.float32, device="cpu")


class Images(Dataset):
    """Images with labels, held in memory.

    images (N, c, h, w) floating; labels (N,) int64 from 0 to num_classes - 1; kinds (N, n) int64, the kind of each
    token, or None where tokens have none. Tokens are patches of patch_size x patch_size pixels, row by row.

    data[3] is (image, int label), as PyTorch's loaders expect; data[:8], data[index tensor] and data[bool tensor]
    are Images again.

    Raises TypeError or ValueError when images, labels and kinds do not fit each other.
    """

    def __init__(
        self,
        images: Tensor,
        labels: Tensor,
        *,
        num_classes: int,
        patch_size: int,
        name: str = "images",
        kinds: Tensor | None = None,
    ):
        num_classes = check_at_least("num_classes", num_classes)
        patch_size = check_at_least("patch_size", patch_size)
        for what, given in (("images", images), ("labels", labels)):
            if not isinstance(given, Tensor):
                raise TypeError(f"{what} must be a torch.Tensor, got {type(given).__name__}: convert with torch.tensor")
        if images.ndim != 4 or not images.is_floating_point():
            raise ValueError(
                f"images must be floating (N, c, h, w), got {images.dtype} {tuple(images.shape)}: "
                "convert with images.float(), add a channel axis with images[:, None]"
            )
        if labels.dtype != torch.int64 or labels.shape != images.shape[:1]:
            raise ValueError(
                f"labels must be int64 ({len(images)},), got {labels.dtype} {tuple(labels.shape)}: "
                "one class number per image, as labels.argmax(1) makes of one-hot labels"
            )
        if len(labels) and not 0 <= labels.min() <= labels.max() < num_classes:
            raise ValueError(
                f"labels must be from 0 to num_classes - 1 = {num_classes - 1}, got {int(labels.min())} to "
                f"{int(labels.max())}: set num_classes to the number of classes"
            )
        h, w = images.shape[2:]
        if h % patch_size or w % patch_size:
            raise ValueError(f"patch_size must divide the image, got {patch_size} for {h} x {w} pixels")
        self.num_tokens = (h // patch_size) * (w // patch_size)
        if kinds is not None and kinds.shape != (len(images), self.num_tokens):
            raise ValueError(
                f"kinds must be (images, tokens)={(len(images), self.num_tokens)}, got {tuple(kinds.shape)}: "
                "one kind per patch, row by row"
            )
        self.images, self.labels, self.kinds = images, labels, kinds
        self.num_classes, self.patch_size, self.name = num_classes, patch_size, name

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, index):
        if not hasattr(index, "__index__") or getattr(index, "ndim", 0):
            return Images(
                self.images[index],
                self.labels[index],
                num_classes=self.num_classes,
                patch_size=self.patch_size,
                name=self.name,
                kinds=None if self.kinds is None else self.kinds[index],
            )
        return self.images[index], int(self.labels[index])

    @property
    def chance(self) -> float:
        """Accuracy, from 0 to 1, of always answering the commonest label."""
        return self.labels.bincount().max().item() / len(self)

    def __repr__(self) -> str:
        c, h, w = self.images.shape[1:]
        patch = f"{self.num_tokens} tokens of {self.patch_size} x {self.patch_size} pixels"
        return f"Images({self.name!r}: {len(self):,} of {c} x {h} x {w}, {self.num_classes} classes, {patch})"


def digits(seed: int = 0) -> tuple[Images, Images]:
    """Return 1,297 training and 500 test digits (1, 8, 8) in [0, 1]: 16 tokens of 4 pixels, chance 10 %.

    The split is stratified: each digit has the same share in both parts.
    """
    return tuple(
        Images(images[:, None], labels, num_classes=10, patch_size=2, name="digits") for images, labels in _split(seed)
    )


def scripts(num_scripts: int = 16, shuffled: bool = False, seed: int = 0) -> tuple[Images, Images]:
    """Return every digit in every script, a fixed permutation of the 64 pixels; nothing tells which. Chance 10 %.

    Image i is digit i // num_scripts of `digits(seed)` in script i % num_scripts, (1, 8, 8), 16 tokens of 4 pixels;
    with 16 scripts 20,752 for training and 8,000 for test, in the same scripts. `kinds` is each token's script.

    shuffled: the same images, but the 16 tokens stand in another random order in each image and carry their place
    written on them. Images are (5, 8, 8): channel 0 is the ink, and the 4 x 4 values of channels 1 to 4 in a patch
    hold a single 1, at the place the patch would have had (channel 1 + place // 4, pixel place % 4).
    """
    num_scripts = check_at_least("num_scripts", num_scripts)
    generator = _generator(seed)
    pixels = torch.stack([torch.randperm(64, generator=generator, device="cpu") for _ in range(num_scripts)])
    parts = []
    for digit, label in _split(seed):
        images = digit.flatten(1)[:, pixels].reshape(-1, 1, 8, 8)
        if shuffled:
            images = _shuffle_tokens(images, generator)
        kinds = torch.arange(num_scripts, device="cpu").repeat(len(digit))[:, None].repeat(1, 16)
        name = "scripts, shuffled" if shuffled else "scripts"
        labels = label.repeat_interleave(num_scripts)
        parts.append(Images(images, labels, num_classes=10, patch_size=2, name=name, kinds=kinds))
    return tuple(parts)


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
    """
    check_choice("task", task, tuple(COLLAGE_TASKS))
    answer, num_classes = COLLAGE_TASKS[task]
    generator = _generator(seed)
    parts = []
    for name, size, (digit, label) in zip(("num_train", "num_test"), (num_train, num_test), _split(seed), strict=True):
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
    return tuple(parts)


def token_kinds(
    num_kinds: int = 4, *, noise: float = 0.3, num_train: int = 8_000, num_test: int = 1_000, seed: int = 0
) -> tuple[Images, Images]:
    """Return images (1, 8, 8) of 16 tokens, each of a known kind; the label is the commonest kind of the image.

    A token of kind k shows the 2 x 2 pattern PATTERNS[k] of values -1 and 1, plus Gaussian noise of standard
    deviation `noise` on every pixel. Kinds are drawn alike and independently; an image without a single commonest
    kind is drawn again. Chance is 1 / num_kinds. `kinds` is the truth: a lesson can ask which expert took which.

    Raises ValueError unless num_kinds is from 2 to 8 and noise at least 0.
    """
    num_kinds = check_at_least("num_kinds", num_kinds, 2)
    if num_kinds > len(PATTERNS):
        raise ValueError(f"num_kinds must be at most {len(PATTERNS)}, the patterns that differ, got {num_kinds}")
    if not noise >= 0:
        raise ValueError(f"noise must be a number of at least 0, got {noise!r}")
    generator = _generator(seed)
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
    return tuple(parts)


def to_patches(images: Tensor, patch_size: int) -> Tensor:
    """Cut images (N, c, h, w) into patches (N, n, c, patch_size ** 2), row by row."""
    patches = images.unfold(2, patch_size, patch_size).unfold(3, patch_size, patch_size)
    return patches.permute(0, 2, 3, 1, 4, 5).flatten(4).flatten(1, 2)


def from_patches(patches: Tensor) -> Tensor:
    """Lay square patches (N, n, c, pixels) out as square images (N, c, h, w): the inverse of `to_patches`."""
    side, patch = round(patches.shape[1] ** 0.5), round(patches.shape[3] ** 0.5)
    grid = patches.unflatten(1, (side, side)).unflatten(4, (patch, patch))
    return grid.permute(0, 3, 1, 4, 2, 5).flatten(4).flatten(2, 3)


def _shuffle_tokens(images: Tensor, generator: torch.Generator) -> Tensor:
    """Put the 16 patches of each image in random order and write the place of each on it."""
    place = torch.rand(len(images), 16, generator=generator, dtype=torch.float32, device="cpu").argsort(1)
    ink = to_patches(images, 2).gather(1, place[:, :, None, None].expand(-1, -1, 1, 4))
    written = torch.nn.functional.one_hot(place, 16).view(-1, 16, 4, 4).to(images.dtype)
    return from_patches(torch.cat([ink, written], 2))


def _generator(seed: int) -> torch.Generator:
    return torch.Generator("cpu").manual_seed(check_at_least("seed", seed, 0))


@cache
def _digits() -> tuple[np.ndarray, np.ndarray]:
    """Read the digits (N, 8, 8) in [0, 1] and their labels: arrays, since a tensor would keep a device and a mode."""
    from sklearn.datasets import load_digits

    digit, label = load_digits(return_X_y=True)
    return (digit.reshape(-1, 8, 8) / 16).astype(np.float32), label.astype(np.int64)


def _split(seed: int) -> tuple[tuple[Tensor, Tensor], tuple[Tensor, Tensor]]:
    """Return ((training digits, labels), (test digits, labels)), stratified, in random order."""
    seed = check_at_least("seed", seed, 0)
    from sklearn.model_selection import train_test_split

    digit, label = _digits()
    parts = train_test_split(range(len(label)), test_size=NUM_TEST_DIGITS, stratify=label, random_state=seed)
    return tuple((torch.from_numpy(digit[index]), torch.from_numpy(label[index])) for index in parts)
