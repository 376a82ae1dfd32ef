"""The text of tokens, as a tokenizer spells them."""

from typing import Any

from torch import Tensor

SPACES = ("▁", "Ġ")
"""What tokenizers write for a space at the beginning of a word: SentencePiece, and those of bytes."""


def words_of(tokenizer: Any, ids: Tensor) -> list[list[str]]:
    """Return the text of each token, one list for each example; a space that belongs to a word stands before it.

    A line break is ↵, and a number that the vocabulary does not have stands in brackets, <42>.

    Args:
        tokenizer: of transformers.
        ids: (b, n), numbers of its vocabulary.
    """
    rows = ids.tolist()
    known = {number: _spelled(tokenizer, number) for number in {number for row in rows for number in row}}
    return [[known[number] for number in row] for row in rows]


def _spelled(tokenizer: Any, number: int) -> str:
    text, piece = tokenizer.decode([number]), tokenizer.convert_ids_to_tokens(number)
    # Decoded alone, a word loses the space before it.
    spaced = isinstance(piece, str) and piece.startswith(SPACES) and not text.startswith(" ")
    text = f" {text}" if spaced else text
    return text.replace("\n", "↵") or (piece if isinstance(piece, str) else f"<{number}>")
