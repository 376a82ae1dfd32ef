"""Images with labels, held in memory, and the cutting of images into patches: what every task is made of."""

from collections.abc import Sequence
from typing import Any, overload

import torch
from torch import Tensor
from torch.utils.data import Dataset

from softmoe_edu.shapes import check_at_least


class Images(Dataset[tuple[Tensor, int]]):
    """Images with labels, held in memory.

    Tokens are patches of patch_size x patch_size pixels, row by row. data[3] is (image, int label), as PyTorch's
    loaders expect; data[:8], data[index tensor] and data[bool tensor] are Images again.

    Args:
        images: (N, c, h, w), floating.
        labels: (N,) int64, from 0 to num_classes - 1.
        num_classes: number of classes.
        patch_size: height and width of a token, in pixels.
        name: what the data set is called where it is printed.
        kinds: (N, n) int64, the kind of each token; None where tokens have none.

    Raises:
        TypeError: images or labels are no tensor, or a size is no whole number.
        ValueError: images, labels and kinds do not fit each other.
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

    @overload
    def __getitem__(self, index: int) -> tuple[Tensor, int]: ...

    @overload
    def __getitem__(self, index: slice | Tensor | Sequence[int]) -> "Images": ...

    def __getitem__(self, index: Any) -> "tuple[Tensor, int] | Images":
        if not hasattr(index, "__index__") or getattr(index, "ndim", 0) > 0:
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
        """Compute the accuracy, from 0 to 1, of always answering the commonest label."""
        return self.labels.bincount().max().item() / len(self)

    @property
    def ceiling(self) -> float:
        """Compute the best accuracy, from 0 to 1, that any function of the image can reach.

        It is below 1 where equal images have different labels: whatever the function answers, it is wrong about some.
        """
        _, same = self.images.flatten(1).unique(dim=0, return_inverse=True)
        answers = same * self.num_classes + self.labels
        votes = answers.bincount()
        most = torch.zeros(int(same.max()) + 1, dtype=torch.int64, device=votes.device)
        most.scatter_reduce_(0, same, votes[answers], "amax")
        return most.sum().item() / len(self)

    def __repr__(self) -> str:
        c, h, w = self.images.shape[1:]
        patch = f"{self.num_tokens} tokens of {self.patch_size} x {self.patch_size} pixels"
        return f"Images({self.name!r}: {len(self):,} of {c} x {h} x {w}, {self.num_classes} classes, {patch})"


def to_patches(images: Tensor, patch_size: int) -> Tensor:
    """Cut images into patches, row by row.

    Args:
        images: (N, c, h, w).
        patch_size: height and width of a patch, in pixels.

    Returns:
        (N, n, c, patch_size ** 2).
    """
    patches = images.unfold(2, patch_size, patch_size).unfold(3, patch_size, patch_size)
    return patches.permute(0, 2, 3, 1, 4, 5).flatten(4).flatten(1, 2)


def from_patches(patches: Tensor) -> Tensor:
    """Lay square patches out as square images: the inverse of `to_patches`.

    Args:
        patches: (N, n, c, pixels).

    Returns:
        (N, c, h, w).
    """
    side, patch = round(patches.shape[1] ** 0.5), round(patches.shape[3] ** 0.5)
    grid = patches.unflatten(1, (side, side)).unflatten(4, (patch, patch))
    return grid.permute(0, 3, 1, 4, 2, 5).flatten(4).flatten(2, 3)
