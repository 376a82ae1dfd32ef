import subprocess
import sys
import unicodedata

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader

from softmoe_edu import data
from softmoe_edu.data import Images, language, letter

MAKERS = {
    "digits": data.digits,
    "scripts": data.scripts,
    "shuffled": lambda seed=0: data.scripts(3, shuffled=True, seed=seed),
    "largest": lambda seed=0: data.collages("largest", num_train=300, num_test=100, seed=seed),
    "sum": lambda seed=0: data.collages("sum", num_train=300, num_test=100, seed=seed),
    "distinct": lambda seed=0: data.collages("distinct", num_train=300, num_test=100, seed=seed),
    "kinds": lambda seed=0: data.token_kinds(num_train=300, num_test=100, seed=seed),
    "letters": lambda seed=0: data.letters(7, num_train=300, num_test=100, seed=seed),
    "characters": lambda seed=0: data.languages(3, seed=seed),
    "bytes": lambda seed=0: data.languages(3, unit="byte", seed=seed),
}


LONG = ("letters", "characters", "bytes")  # every font is drawn, and every name read


@pytest.fixture(params=[pytest.param(name, marks=[pytest.mark.slow] * (name in LONG)) for name in MAKERS])
def make(request):
    """Every function of the module that makes data, one at a time."""
    return MAKERS[request.param]


def test_the_seed_decides_everything(make):
    """The same seed gives the same images, labels and kinds; another seed gives others."""
    for first, again, other in zip(make(seed=3), make(seed=3), make(seed=4), strict=True):
        assert torch.equal(first.images, again.images) and torch.equal(first.labels, again.labels)
        assert first.kinds is again.kinds is None or torch.equal(first.kinds, again.kinds)
        assert not torch.equal(first.images, other.images)


def test_global_random_state_is_left_alone(make):
    """Making data neither reads nor changes the global generators of torch and NumPy."""
    torch.manual_seed(1)
    np.random.seed(1)
    before, numpy_before = torch.get_rng_state(), np.random.get_state()[1].copy()
    first = make()[0].images
    assert torch.equal(torch.get_rng_state(), before)
    assert (np.random.get_state()[1] == numpy_before).all()
    torch.manual_seed(2)
    assert torch.equal(make()[0].images, first)


def test_train_and_test_share_no_image(make):
    """No test image is a training image."""
    train, test = make()
    seen = {image.numpy().tobytes() for image in train.images}
    assert not any(image.numpy().tobytes() in seen for image in test.images)


def test_tokens_fit_the_images(make):
    """Pictures have 16 tokens, names 25 characters or 49 bytes; there is a kind for each, and labels are of a class."""
    for part in make():
        assert part.num_tokens == {"languages, characters": 25, "languages, bytes": 49}.get(part.name, 16)
        assert part.images.dtype == torch.float32 and part.labels.dtype == torch.int64
        assert part.kinds is None or part.kinds.shape == (len(part), part.num_tokens)
        assert 0 <= int(part.labels.min()) <= int(part.labels.max()) < part.num_classes


def test_digits_are_split_by_class():
    """1,297 and 500 digits between 0 and 1; each digit has its share of the test part."""
    train, test = data.digits()
    assert (len(train), len(test)) == (1297, 500)
    assert train.images.shape[1:] == (1, 8, 8)
    assert float(train.images.min()) == 0.0 and float(train.images.max()) == 1.0
    share = test.labels.bincount() / (train.labels.bincount() + test.labels.bincount())
    torch.testing.assert_close(share, torch.full((10,), 500 / 1797), atol=0.004, rtol=0)


def test_digits_are_the_digits():
    """The mean 0 has a hole in the middle and the mean 1 does not: images and labels belong together."""
    train, _ = data.digits()
    zero, one = (train.images[train.labels == k].mean((0, 1))[2:6, 3:5].mean() for k in (0, 1))
    assert zero < 0.25 < 0.5 < one


def test_scripts_are_fixed_permutations():
    """Image i is digit i // scripts with its pixels moved as script i % scripts moves every digit's, in both parts."""
    for plain, written in zip(data.digits(), data.scripts(5), strict=True):
        assert len(written) == 5 * len(plain)
        assert torch.equal(written.labels, plain.labels.repeat_interleave(5))
        assert torch.equal(written.kinds[:, 0], torch.arange(5).repeat(len(plain)))
        assert torch.equal(
            written.images.flatten(1).sort(1).values, plain.images.flatten(1).sort(1).values.repeat_interleave(5, 0)
        )
    _, test = data.scripts(2)
    train, _ = data.scripts(2)
    # The corner that is always empty lands on one pixel in all images of a script, training or test.
    for script in range(2):
        everywhere = [part.images[script::2].flatten(1).amax(0) for part in (train, test)]
        assert int((everywhere[0] == 0).sum()) in range(1, 10)
        assert bool((everywhere[1][everywhere[0] == 0] < 0.2).all())


def test_scripts_differ():
    """Two scripts write one digit differently."""
    train, _ = data.scripts(16)
    assert len({image.numpy().tobytes() for image in train.images[:16]}) == 16


def test_a_shuffled_token_carries_its_place():
    """Put where their place says, the tokens of a shuffled image are those of its plain twin; orders differ."""
    for plain, shuffled in zip(data.scripts(3), data.scripts(3, shuffled=True), strict=True):
        assert shuffled.images.shape[1:] == (5, 8, 8)
        assert torch.equal(shuffled.labels, plain.labels)
        patches = data.to_patches(shuffled.images, 2)
        written = patches[:, :, 1:].flatten(2)
        assert torch.equal(written.sum(2), torch.ones(len(plain), 16))
        place = written.argmax(2)
        ink = torch.empty(len(plain), 16, 1, 4).scatter(
            1, place[:, :, None, None].expand(-1, -1, 1, 4), patches[:, :, :1]
        )
        assert torch.equal(data.from_patches(ink), plain.images)
        assert len(place.unique(dim=0)) > 0.99 * len(place)


def test_patches_are_cut_as_the_model_cuts_them():
    """Patch number 1 is to the right of patch number 0, and laying patches out undoes the cutting."""
    image = torch.arange(32.0).view(1, 2, 4, 4)
    patches = data.to_patches(image, 2)
    assert patches[0, 1].tolist() == [[2, 3, 6, 7], [18, 19, 22, 23]]
    assert torch.equal(data.from_patches(patches), image)


def test_collages_hold_the_digits_that_kinds_name():
    """Each quarter of a collage is a digit of its part whose label is the kind of its four tokens."""
    for plain, collage in zip(data.digits(), data.collages("sum", num_train=50, num_test=50), strict=True):
        known = {image.numpy().tobytes(): int(label) for image, label in plain}
        kinds = collage.kinds.view(-1, 4, 4)
        for image, kind in zip(collage.images, kinds, strict=True):
            for row, column in ((0, 0), (0, 1), (1, 0), (1, 1)):
                quarter = image[:, 8 * row : 8 * row + 8, 8 * column : 8 * column + 8].contiguous()
                tokens = kind[2 * row : 2 * row + 2, 2 * column : 2 * column + 2].unique()
                assert tokens.tolist() == [known[quarter.numpy().tobytes()]]


@pytest.mark.parametrize(
    "task, answer", [("largest", max), ("sum", sum), ("distinct", lambda four: len(set(four)) - 1)]
)
def test_collage_labels_answer_the_task(task, answer):
    """The label is what the task asks of the four digits."""
    train, _ = data.collages(task, num_train=200, num_test=1)
    corners = train.kinds[:, [0, 2, 8, 10]].tolist()
    assert train.labels.tolist() == [answer(four) for four in corners]


def test_collage_tasks_need_more_than_one_digit():
    """No quarter alone predicts the label nearly as well as all four."""
    for task in ("largest", "sum", "distinct"):
        train, _ = data.collages(task, num_train=5000, num_test=1)
        table = torch.zeros(10, train.num_classes).index_put_(
            (train.kinds[:, 0], train.labels), torch.ones(5000), accumulate=True
        )
        assert float(table.amax(1).sum()) / 5000 < 0.65


def test_token_kinds_are_the_truth():
    """Without noise a token is its kind's pattern, and the label is the single commonest kind."""
    train, test = data.token_kinds(5, noise=0.0, num_train=200, num_test=50)
    for part in (train, test):
        assert torch.equal(data.to_patches(part.images, 2)[:, :, 0], data.PATTERNS[part.kinds])
        for kinds, label in zip(part.kinds.tolist(), part.labels.tolist(), strict=True):
            counts = sorted(((kinds.count(kind), kind) for kind in range(5)), reverse=True)
            assert counts[0][1] == label and counts[0][0] > counts[1][0]
    assert len(data.PATTERNS.unique(dim=0)) == 8


def test_noise_is_as_large_as_asked():
    """What is added to a pattern has mean 0 and the standard deviation asked for."""
    train, _ = data.token_kinds(noise=0.5, num_train=2000, num_test=1)
    rest = data.to_patches(train.images, 2)[:, :, 0] - data.PATTERNS[train.kinds]
    assert abs(float(rest.std()) - 0.5) < 0.01 and abs(float(rest.mean())) < 0.01


@pytest.mark.slow
def test_chance_is_the_share_of_the_commonest_label():
    """Chance is near the docstrings' figures."""
    chance = {name: make()[0].chance for name, make in MAKERS.items()}
    expected = {"digits": 0.1, "scripts": 0.1, "shuffled": 0.1, "largest": 0.34, "sum": 0.07, "distinct": 0.5}
    for name, value in expected.items():
        assert abs(chance[name] - value) < 0.06
    labels = torch.tensor([0, 1, 1, 2])
    assert Images(torch.zeros(4, 1, 2, 2), labels, num_classes=3, patch_size=1).chance == 0.5


def test_the_ceiling_counts_equal_images_with_other_labels():
    """Of five images, two equal ones have labels 0 and 1, and two others agree: four of five can be right."""
    images = torch.tensor([0.0, 0.0, 1.0, 1.0, 2.0])[:, None, None, None]
    part = Images(images, torch.tensor([0, 1, 2, 2, 0]), num_classes=3, patch_size=1)

    assert part.ceiling == 0.8
    assert data.digits()[0].ceiling == 1


@pytest.mark.slow
def test_letters_of_the_test_are_set_in_a_typeface_of_their_own(monkeypatch):
    """Each image, not moved, is the glyph of its label in one of the fonts that it may have, and all of them occur."""
    monkeypatch.setattr(letter, "_moved", lambda glyphs, generator: glyphs[:, None, ::4, ::4])
    known, glyphs = letter._drawn()
    fonts = [typeface for typeface, names in data.TYPEFACES.items() for _ in names]
    parts = data.letters(len(known), held_out="STIX General", num_train=400, num_test=200)
    for part, wanted in zip(parts, (set(data.TYPEFACES) - {"STIX General"}, {"STIX General"}), strict=True):
        equal = (glyphs[:, part.labels, ::4, ::4] == part.images[None, :, 0]).all(3).all(2)
        assert equal.any(0).all()
        assert {fonts[i] for i in equal.float().argmax(0).tolist()} == wanted


@pytest.mark.slow
def test_no_two_letters_look_alike():
    """In every font each letter differs from every other, those of other scripts included, by a quarter of its ink."""
    known, glyphs = letter._drawn()
    assert {letter._script(one) for one in known} == set(letter.SCRIPTS)
    assert "o" in known and "\N{GREEK SMALL LETTER OMICRON}" not in known
    for font in glyphs.flatten(2):
        apart = torch.cdist(font, font, compute_mode="donot_use_mm_for_euclid_dist")
        apart.fill_diagonal_(torch.inf)
        assert (apart >= 0.25 * font.norm(dim=1)).all()


@pytest.mark.slow
def test_kinds_of_letters_are_their_scripts():
    """All 16 tokens of a letter have the number of its script."""
    known, _ = letter._drawn()
    train, _ = data.letters(len(known), num_train=200, num_test=1)
    wanted = [letter.SCRIPTS.index(unicodedata.name(known[label]).split()[0]) for label in train.labels.tolist()]
    assert train.kinds.tolist() == [[kind] * 16 for kind in wanted]


@pytest.mark.slow
def test_letters_move_and_stay_inside():
    """The same glyph differs from image to image, and no ink touches the edge of its image for more than a trace."""
    train, _ = data.letters(2, num_train=400, num_test=1)
    edge = torch.cat([train.images[:, 0, [0, -1]].flatten(1), train.images[:, 0, :, [0, -1]].flatten(1)], 1)
    assert len(train.images.flatten(1).unique(dim=0)) == 400
    assert float(edge.sum() / train.images.sum()) < 0.01


def text_of(image, bits):
    """The text that an image of a name holds, read from its bits."""
    written, codes = image[0].flatten().bool(), image[1:].flatten(1).long()
    assert len(codes) == bits and not codes[:, ~written].any()
    numbers = [sum(int(bit) << (bits - 1 - i) for i, bit in enumerate(column)) for column in codes.T[written]]
    return "".join(map(chr, numbers)) if bits == 21 else bytes(numbers).decode(errors="ignore")


@pytest.mark.slow
@pytest.mark.parametrize("unit, tokens, bits", [("character", 25, 21), ("byte", 49, 8)])
def test_names_are_read_back_from_their_bits(unit, tokens, bits):
    """Train and test hold the names that CLDR gives in the language of the label, cut to the tokens there are."""
    names = language.territory_names()
    train, test = data.languages(5, unit=unit, seed=2)
    told = {}
    for part in (train, test):
        for image, label in zip(part.images, part.labels.tolist(), strict=True):
            told.setdefault(label, []).append(text_of(image, bits))

    def cut(name):
        return name[:tokens] if unit == "character" else name.encode()[:tokens].decode(errors="ignore")

    by_names = {code: {cut(name) for name in of.values()} for code, of in names.items()}
    codes = [[code for code, known in by_names.items() if set(texts) <= known] for _, texts in sorted(told.items())]
    assert all(codes) and codes == sorted(codes)
    assert min(map(len, told.values())) >= 140


@pytest.mark.slow
def test_territories_are_split_and_not_names():
    """No territory of the test is named in any language of the training part."""
    names = language.territory_names()
    train, test = data.languages(len(names), seed=1)
    territory = {}
    for of in names.values():
        for code, name in of.items():
            territory.setdefault(name[:25], set()).add(code)
    one = {text: codes for text, codes in territory.items() if len(codes) == 1}
    met, kept = ({text_of(image, 21) for image in part.images[::7]} for part in (train, test))
    assert not set().union(*(one.get(text, set()) for text in met)) & set().union(*(one.get(t, set()) for t in kept))
    assert len(kept) > 500


@pytest.mark.slow
def test_kinds_of_names_are_scripts():
    """Latin and Greek letters have different kinds, and signs, spaces and padding have kind 0."""
    train, _ = data.languages(len(language.territory_names()), seed=0)
    kinds = {}
    for image, row in zip(train.images[::11], train.kinds[::11].tolist(), strict=True):
        for one, kind in zip(text_of(image, 21), row, strict=False):
            kinds.setdefault(language.script_of(one), set()).add(kind)
    assert kinds[""] == {0}
    assert all(len(each) == 1 for each in kinds.values()) and len(set(map(min, kinds.values()))) == len(kinds) > 20


def test_indexing():
    """An int gives (image, int); a slice, a list, an index tensor and a bool tensor give Images with their kinds."""
    train, _ = data.token_kinds(num_train=20, num_test=5)
    image, label = train[-1]
    assert torch.equal(image, train.images[19]) and type(label) is int and label == int(train.labels[19])
    wanted = torch.tensor([2, 3])
    for index in (slice(2, 4), [2, 3], wanted, wanted.numpy(), torch.arange(20).clamp(1, 4) == torch.arange(20) * 1.0):
        part = train[index]
        assert isinstance(part, Images)
        rows = torch.arange(20)[index]
        assert torch.equal(part.images, train.images[rows]) and torch.equal(part.kinds, train.kinds[rows])
    assert len(train[torch.tensor([4])]) == 1
    assert train[torch.tensor(4)][1] == int(train.labels[4])
    assert len(list(train)) == 20
    with pytest.raises(IndexError):
        train[20]


def test_a_loader_reads_images():
    """PyTorch's own loader batches Images."""
    train, _ = data.digits()
    images, labels = next(iter(DataLoader(train, batch_size=4)))
    assert images.shape == (4, 1, 8, 8) and torch.equal(labels, train.labels[:4])


def test_repr_tells_what_is_inside():
    """The repr names size, shape, classes and tokens."""
    expected = "Images('scripts': 8,000 of 1 x 8 x 8, 10 classes, 16 tokens of 2 x 2 pixels)"
    assert repr(data.scripts()[1]) == expected


@pytest.mark.slow
def test_importing_the_module_loads_no_scikit_learn():
    """Scikit-learn is loaded when digits are first asked for."""
    code = "import sys, softmoe_edu.data, softmoe_edu.training; print('sklearn' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "False\n"


BAD = [
    (lambda: data.digits(seed=-1), "seed must be at least 0, got -1"),
    (lambda: data.scripts(0), "num_scripts must be at least 1, got 0"),
    (lambda: data.collages("mean"), "task must be one of 'largest', 'sum', 'distinct', got 'mean'"),
    (lambda: data.collages(num_test=0), "num_test must be at least 1, got 0"),
    (lambda: data.token_kinds(1), "num_kinds must be at least 2, got 1"),
    (lambda: data.token_kinds(9), "num_kinds must be at most 8, the patterns that differ, got 9"),
    (lambda: data.letters(1), "num_letters must be at least 2, got 1"),
    (
        lambda: data.letters(999),
        r"num_letters must be at most \d+, which all fonts tell apart, got 999: ask for fewer",
    ),
    (lambda: data.letters(held_out="Arial"), "held_out must be one of 'DejaVu Sans', .*, got 'Arial'"),
    (lambda: data.letters(5, num_test=0), "num_test must be at least 1, got 0"),
    (lambda: data.languages(1), "num_languages must be at least 2, got 1"),
    (
        lambda: data.languages(999),
        r"num_languages must be at most \d+, those with enough names, got 999: ask for fewer",
    ),
    (lambda: data.languages(unit="word"), "unit must be one of 'character', 'byte', got 'word'"),
    (lambda: data.token_kinds(noise=-0.1), "noise must be a number of at least 0, got -0.1"),
    (lambda: images(labels=[0, 3]), "labels must be from 0 to num_classes - 1 = 2, got 0 to 3"),
    (lambda: images(labels=[0, -1]), "labels must be from 0 to num_classes - 1 = 2, got -1 to 0"),
    (lambda: images(labels=[0]), r"labels must be int64 \(2,\), got torch.int64 \(1,\)"),
    (lambda: images(dtype=torch.uint8), r"images must be floating \(N, c, h, w\), got torch.uint8 .*images.float\(\)"),
    (
        lambda: Images(torch.zeros(2, 1, 4, 4), [0, 1], num_classes=3, patch_size=2),
        "labels must be a .*, got list: conv",
    ),
    (
        lambda: Images([[0.0]], torch.tensor([0]), num_classes=3, patch_size=2),
        "images must be a torch.Tensor, got list",
    ),
    (
        lambda: images(labels=[[1, 0], [0, 1]]),
        r"got torch.int64 \(2, 2\): one .* as labels.argmax\(1\) makes of one-hot",
    ),
    (lambda: images(patch_size=3), "patch_size must divide the image, got 3 for 4 x 4 pixels"),
    (lambda: images(kinds=torch.zeros(2, 3).long()), r"kinds must be \(images, tokens\)=\(2, 4\), got \(2, 3\)"),
]


def images(labels=(0, 1), dtype=torch.float32, patch_size=2, kinds=None):
    """Two blank images, with what the caller gets wrong."""
    pixels = torch.zeros(2, 1, 4, 4, dtype=dtype)
    return Images(pixels, torch.tensor(labels), num_classes=3, patch_size=patch_size, kinds=kinds)


@pytest.mark.bad_input
@pytest.mark.parametrize("call, sentence", BAD)
def test_bad_arguments_are_answered(call, sentence):
    """A wrong argument gets a sentence with what was expected and what came."""
    with pytest.raises((ValueError, TypeError), match=sentence):
        call()
