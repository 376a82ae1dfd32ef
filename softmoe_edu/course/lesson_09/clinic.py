"""The patients of lesson 09: reports of a beautiful map of experts and topics, with one or two faults in the study."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from softmoe_edu.course.lesson_09.topics import chance, expert_shares, topic_map, topic_table
from softmoe_edu.routers import SoftRouter
from softmoe_edu.teaching.clinic.case import Clinic
from softmoe_edu.teaching.draw import Draw

IMAGES, TOKENS, DIM, KINDS, EXPERTS, SCALE = 160, 12, 16, 4, 8, 6.0
PICKED = 40
NAMES = ("animals", "plants", "vehicles", "buildings")


class Study:
    """What a report on specialists rests on: tokens of images, the router that read them, a table and a p-value.

    Attributes:
        tokens: (images, tokens, d), what the layer reads.
        kinds: (images,), each image's kind, from 0; the router is not told of it.
        router: the SoftRouter whose routing the report is about.
        at_start: the same router before its training.
        shown: the numbers of the images in the report's table.
        table: (kinds, e), as the report prints it: mean share of each expert in the answers to each kind.
        p: the report's p-value, for experts that tell as much of kinds by chance.
    """

    def __init__(self, tokens: Tensor, kinds: Tensor, at_start: SoftRouter, router: SoftRouter):
        self.tokens, self.kinds, self.at_start, self.router = tokens, kinds, at_start, router
        self.shown = torch.arange(len(kinds), device="cpu")
        self.table, self.p = self.topics(), self.p_value()

    def shares(self) -> Tensor:
        """Return how much of each token's answer comes from each expert, (images, tokens, e)."""
        with torch.no_grad():
            return expert_shares(self.router(self.tokens))

    def topics(self, images: Tensor | None = None, kinds: Tensor | None = None) -> Tensor:
        """Compute the table (kinds, e) anew, of all images unless some are named, with the kinds that are given."""
        chosen = torch.arange(len(self.kinds), device="cpu") if images is None else images
        kinds = self.kinds if kinds is None else kinds
        return topic_table(self.shares().mean(1)[chosen], kinds[chosen])

    def p_value(self, shuffle: str = "images", images: Tensor | None = None) -> float:
        """Compute the p-value anew, of all images unless some are named.

        Kinds are dealt to whole "images" or to single "tokens".
        """
        shares, kinds = (each if images is None else each[images] for each in (self.shares(), self.kinds))
        if shuffle == "images":
            return chance(shares.mean(1), kinds)
        if shuffle == "tokens":
            return chance(shares.flatten(0, 1), kinds.repeat_interleave(TOKENS))
        raise ValueError(f'shuffle must be "images" or "tokens", got {shuffle!r}')

    def picture(self) -> np.ndarray:
        """Draw the report's table as it was published."""
        return topic_map({f"as published (p = {self.p:.2f})": self.table}, NAMES, "Experts have become specialists")

    def __repr__(self) -> str:
        n, m, _ = self.tokens.shape
        return f"a study of {n} images of {m} tokens, {KINDS} kinds, {EXPERTS} experts of one slot"


STRETCHED, PICKED_BEST, BY_TOKENS, UNTRAINED, WRITTEN = (
    "stretched",
    "picked-images",
    "tokens-shuffled",
    "untrained",
    "kind-is-written",
)
CASES = (
    (UNTRAINED,),
    (STRETCHED,),
    (PICKED_BEST,),
    (BY_TOKENS,),
    (WRITTEN,),
    (UNTRAINED, STRETCHED),
    (STRETCHED, BY_TOKENS),
    (PICKED_BEST, STRETCHED),
    (UNTRAINED, WRITTEN),
)


def build(ids: Sequence[str], draw: Draw) -> Study:
    """Build a study with these faults and no other."""
    draw = draw.sub(dtype=torch.float32)
    kinds = torch.arange(IMAGES, device="cpu") % KINDS
    # Tokens of one image resemble each other, whatever its kind.
    tokens = draw.normal(IMAGES, TOKENS, DIM) + 1.5 * draw.normal(IMAGES, 1, DIM)
    if UNTRAINED in ids:
        tokens = tokens + 2.0 * draw.normal(KINDS, DIM)[kinds][:, None]
    if WRITTEN in ids:
        tokens[..., -1] = 3.0 * (kinds[:, None] - 1.5)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(int(draw.integers(0, 2**31, 1)))
        at_start, router = (SoftRouter(DIM, EXPERTS, scale_init=SCALE) for _ in range(2))
    if UNTRAINED in ids:
        router.load_state_dict(at_start.state_dict())
    study = Study(tokens, kinds, at_start.eval(), router.eval())
    if PICKED_BEST in ids:
        study.shown = best_fitting(study)
        study.table = study.topics(study.shown)
    study.p = study.p_value("tokens" if BY_TOKENS in ids else "images", study.shown)
    if STRETCHED in ids:
        low, high = study.table.amin(0), study.table.amax(0)
        study.table = (study.table - low) / (high - low)
    return study


def best_fitting(study: Study) -> Tensor:
    """Choose the images in which the experts named for their kind answer most, as many of each kind."""
    shares, table = study.shares().mean(1), study.topics()
    ahead = table / table.mean(0) - 1
    fit = (shares @ ahead.mT).gather(1, study.kinds[:, None])[:, 0]
    each = [(study.kinds == kind).nonzero()[:, 0] for kind in range(KINDS)]
    best = [of[fit[of].argsort(descending=True)[: PICKED // KINDS]] for of in each]
    return torch.cat(best).sort().values


def make(draw: Draw) -> tuple[Study, Sequence[str]]:
    """Choose a case and build it."""
    # With this key the first patient is an untrained network and nothing else.
    ids = CASES[int(draw.sub("which report").integers(0, len(CASES), 1))]
    return build(ids, draw), ids


CLINIC = Clinic(
    lesson="09",
    complaint="A report shows a map of experts and topics: each topic has its experts, and the report says that "
    "training has made them specialists, with a p-value. patient.layer is the whole study behind it.",
    make=make,
    suspects={
        UNTRAINED: "the router is as it was before training",
        STRETCHED: "each column of the table is stretched from 0 to 1, whatever its shares are",
        PICKED_BEST: "the table shows the images that fit it best, and leaves out the others",
        BY_TOKENS: "the p-value deals kinds to single tokens, although the tokens of an image belong together",
        WRITTEN: "the kind is written in the tokens, one number for each kind",
        "by-position": "an expert goes with a position: it answers the same token of every image",
        "one-expert": "one expert answers nearly everything",
        "other-kinds": "the table is of other kinds than those of the images",
    },
    findings={
        UNTRAINED: "study.router.phi is study.at_start.phi: nothing was learned. The map is real, and any random "
        "router draws one like it, because images of a kind are alike.",
        STRETCHED: "the rows of study.table do not sum to 1. In study.topics(study.shown), experts have nearly the "
        "same share in all kinds.",
        PICKED_BEST: "len(study.shown) is 40 of 160 images; study.topics() of all of them is nearly even.",
        BY_TOKENS: 'study.p is study.p_value("tokens", study.shown), and not the one for images, which is far larger. '
        "Twelve tokens of one image are not twelve observations.",
        WRITTEN: "study.tokens[..., -1] has the same number in all tokens of a kind. Whatever reads tokens can tell "
        "kinds apart, so the map says nothing of topics.",
    },
    instruments={
        "(study.router.phi - study.at_start.phi).abs().max()": "how far training moved the router",
        "study.table.sum(1)": "the sums of the table's rows, which should be shares",
        "len(study.shown), len(study.tokens)": "how many images the table shows, and how many there are",
        "study.topics(study.shown)": "the shares of the shown images, computed anew",
        "study.topics()": "the shares of all images",
        "study.topics(kinds=study.kinds[made_up])": "the shares for kinds that were dealt at random",
        'study.p, study.p_value("images", study.shown), study.p_value("tokens", study.shown)': "the report's p-value, "
        "and that of the shown images with kinds dealt to images, and to tokens",
        'study.p_value("images")': "the same of all images, with kinds dealt to images",
        "study.tokens.mean(1)[study.kinds == 0].std(0)": "how much each number of the tokens differs within a kind",
        "study.shares().mean(0).std(0)": "how much an expert's share differs between positions",
        "study.shares().mean((0, 1))": "each expert's share of all answers",
    },
)
