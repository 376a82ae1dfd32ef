"""The languages: which one is this name of a country in? From the Unicode Consortium's CLDR, as Babel carries it."""

import functools
import unicodedata

import torch
from torch import Tensor

from softmoe_edu.data.images import Images
from softmoe_edu.seeds import generator_of
from softmoe_edu.shapes import check_at_least, check_choice

UNITS = {"character": (5, 21), "byte": (7, 8)}
"""What a token can be: the side of the square that a name's tokens are laid out on, and the bits of each token."""

LEAST_NAMES = 150
TEST_SHARE = 0.3


def languages(num_languages: int = 40, *, unit: str = "character", seed: int = 0) -> tuple[Images, Images]:
    """Return names of countries and regions, one an image; the label is the language that the name is in.

    A token is a character, as the 21 bits of its code point, or a byte of UTF-8, as its 8 bits; the first channel is 1
    where there is a token and 0 in the padding after the name, where all bits are 0 too. So that a ViT takes them, the
    25 characters or 49 bytes are laid out row by row, (22, 5, 5) or (9, 7, 7); longer names are cut. Territories are
    split, 30 % for the test, so that no name is met again in translation: train and test share no territory and no
    name. Languages have 150 names or more each. `kinds` is the script of each token's character, numbered from 1 in
    the order of the scripts' Unicode names; 0 is padding, and what is not a letter.

    Some names are the same in several languages, so that nobody can be right about all: `Images.ceiling`. Names stand
    language by language: mix a test before examples share slots in groups, as `test[torch.randperm(len(test))]`.

    Args:
        num_languages: number of languages, drawn with the seed.
        unit: "character" or "byte".
        seed: of the languages and the split.

    Returns:
        (train, test).

    Raises:
        ModuleNotFoundError: Babel is not installed.
        TypeError: a number is not a whole number.
        ValueError: a number is out of range, or there is no such unit.
    """
    num_languages = check_at_least("num_languages", num_languages, 2)
    check_choice("unit", unit, tuple(UNITS))
    names = territory_names()
    if num_languages > len(names):
        raise ValueError(
            f"num_languages must be at most {len(names)}, those with enough names, got {num_languages}: ask for fewer"
        )
    generator = generator_of(seed)
    order = torch.randperm(len(names), generator=generator, device="cpu").tolist()
    taken = sorted(list(names)[i] for i in order[:num_languages])
    territories = sorted(set().union(*(names[language] for language in taken)))
    shuffled = [territories[i] for i in torch.randperm(len(territories), generator=generator, device="cpu").tolist()]
    for_test = set(shuffled[: round(TEST_SHARE * len(shuffled))])
    parts: tuple[list[tuple[str, int]], list[tuple[str, int]]] = [], []
    for label, language in enumerate(taken):
        for territory, name in names[language].items():
            parts[territory in for_test].append((name, label))
    met = {name for name, _ in parts[0]}
    test = [(name, label) for name, label in parts[1] if name not in met]
    scripts = sorted({script_of(letter) for part in parts for name, _ in part for letter in name} - {""})
    number = {"": 0} | {script: i for i, script in enumerate(scripts, 1)}
    train_images, test_images = (_as_images(part, unit, num_languages, number) for part in (parts[0], test))
    return train_images, test_images


@functools.cache
def territory_names() -> dict[str, dict[str, str]]:
    """Read {language: {territory: its name}} of all languages that name 150 territories or more.

    Languages are codes such as "de", territories codes such as "CH", both in alphabetic order.

    Raises:
        ModuleNotFoundError: Babel is not installed.
    """
    from babel import Locale
    from babel.localedata import locale_identifiers

    found = {}
    for language in sorted(code for code in locale_identifiers() if "_" not in code):
        named = Locale(language).territories
        names = {code: named[code] for code in sorted(named) if len(code) == 2 and code.isalpha()}
        if len(names) >= LEAST_NAMES:
            found[language] = names
    return found


def script_of(letter: str) -> str:
    """Return the script of a letter, the first word of its Unicode name; "" for what is no letter."""
    return unicodedata.name(letter, " ").split(" ")[0] if letter.isalpha() else ""


def _as_images(names: list[tuple[str, int]], unit: str, num_languages: int, number: dict[str, int]) -> Images:
    side, bits = UNITS[unit]
    tokens = side * side
    codes = torch.zeros(len(names), tokens, dtype=torch.int64, device="cpu")
    written = torch.zeros(len(names), tokens, dtype=torch.bool, device="cpu")
    kinds = torch.zeros(len(names), tokens, dtype=torch.int64, device="cpu")
    for i, (name, _) in enumerate(names):
        units = [(letter, [ord(letter)] if unit == "character" else list(letter.encode())) for letter in name]
        row = [(code, number[script_of(letter)]) for letter, coded in units for code in coded][:tokens]
        codes[i, : len(row)] = torch.tensor([code for code, _ in row], device="cpu")
        kinds[i, : len(row)] = torch.tensor([kind for _, kind in row], device="cpu")
        written[i, : len(row)] = True
    labels = torch.tensor([label for _, label in names], dtype=torch.int64, device="cpu")
    images = torch.cat([written[:, None], _bits_of(codes, bits)], 1).float().unflatten(2, (side, side))
    return Images(images, labels, num_classes=num_languages, patch_size=1, name=f"languages, {unit}s", kinds=kinds)


def _bits_of(codes: Tensor, bits: int) -> Tensor:
    """Return the bits of each code, the highest first, (N, bits, n)."""
    places = torch.arange(bits - 1, -1, -1, device="cpu")[None, :, None]
    return (codes[:, None] >> places & 1).bool()
