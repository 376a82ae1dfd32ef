"""Mistakes in identity routing: each deals tokens out, runs, and is not what the paper's ablation does."""

import torch

from softmoe_edu.teaching.exercise import mistake, mistakes_in

ROUND_ROBIN = "Appendix A: tokens are dealt to experts in turn (round robin), token t to expert t mod e"
NO_MIXING = "Appendix A: identity mixes nothing; each token is in one slot, with weight 1"


def dealt(tokens, experts, slots):
    """Return the dispatch as it should be."""
    t = torch.arange(tokens)
    weights = torch.zeros(tokens, experts, slots)
    weights[t, t % experts, t // experts] = 1
    return weights


def put(tokens, experts, slots, expert, slot):
    """Put token t into these experts and slots, where such a slot exists."""
    weights = torch.zeros(tokens, experts, slots)
    t = torch.arange(tokens)
    there = slot < slots
    weights[t[there], expert[there], slot[there]] = 1
    return weights


@mistake(
    "M10",
    does="fills all slots of expert 0 before it begins with expert 1, as the rows of an identity matrix do",
    belief="Slot number i is the i-th slot of the layer, so token i goes there.",
    refuted=ROUND_ROBIN,
    seen="torch.eye(tokens, experts * slots).view(tokens, experts, slots)",
)
def expert_after_expert(tokens, experts, slots):
    """Token t in expert t // p."""
    t = torch.arange(tokens)
    weights = put(tokens, experts, slots, t // slots, t % slots)
    return weights, weights.clone()


@mistake(
    "M41",
    does="gives each expert a run of neighbouring tokens of the same length",
    belief="An expert gets a part of the image.",
    refuted=ROUND_ROBIN,
    seen="torch.chunk over the tokens",
)
def runs_of_neighbours(tokens, experts, slots):
    """Token t in expert t * e // n."""
    t = torch.arange(tokens)
    expert = t * experts // tokens
    slot = (expert[:, None] == expert).tril(-1).sum(1)
    weights = put(tokens, experts, slots, expert, slot)
    return weights, weights.clone()


@mistake(
    does="puts the tokens of every round into slot 0 of their experts, where they add up",
    belief="An expert has one input, to which its tokens are added.",
    refuted=NO_MIXING,
    seen="an index of the expert and none of the slot",
)
def all_in_slot_0(tokens, experts, slots):
    """The slot forgotten."""
    t = torch.arange(tokens)
    weights = put(tokens, experts, slots, t % experts, 0 * t)
    return weights, weights.clone()


@mistake(
    does="takes the slot as t mod p, so that two tokens meet in one slot while others stay empty",
    belief="Both numbers of a place are remainders.",
    refuted="a round is over when every expert has a token: the slot is t // e, the number of whole rounds",
    seen="t % experts, t % slots",
)
def slot_by_remainder(tokens, experts, slots):
    """Slot t mod p."""
    t = torch.arange(tokens)
    weights = put(tokens, experts, slots, t % experts, t % slots)
    return weights, weights.clone()


@mistake(
    does="serves the first e tokens and drops the others",
    belief="Identity means token i to expert i, and there are no more experts.",
    refuted="Appendix A: with more tokens than experts the dealing goes on, round after round",
    seen="torch.eye(tokens, experts)",
)
def one_round(tokens, experts, slots):
    """Only the first round."""
    weights = dealt(tokens, experts, slots)
    weights[experts:] = 0
    return weights, weights.clone()


@mistake(
    does="counts experts from 1: token t goes to expert t + 1, and the last of a round to expert 0",
    belief="The first token goes to expert 1.",
    refuted="experts are counted from 0, as the tokens are",
    seen="(t + 1) % experts",
)
def counted_from_one(tokens, experts, slots):
    """Experts rolled by one."""
    weights = dealt(tokens, experts, slots).roll(1, 1)
    return weights, weights.clone()


@mistake(
    does="starts with the last expert",
    belief="The order of dealing does not matter.",
    refuted="an expert's weights are learned for the positions that it gets: the dealing has to be the one that is "
    "specified",
    seen="flip, or -t % experts",
)
def last_expert_first(tokens, experts, slots):
    """Experts in reverse."""
    weights = dealt(tokens, experts, slots).flip(1)
    return weights, weights.clone()


@mistake(
    "M41",
    does="returns a uniform combine: every token gets the mean of all slots",
    belief="Only dispatch is by position; the answers are averaged.",
    refuted="Appendix A: identity leaves out the mixing on both sides, so combine is equal to dispatch",
    seen="a combine taken over from the uniform row",
)
def uniform_combine(tokens, experts, slots):
    """Combine 1 / (e p)."""
    weights = dealt(tokens, experts, slots)
    return weights, torch.full_like(weights, 1 / (experts * slots))


@mistake(
    does="divides each expert's weights by the number of its tokens",
    belief="An expert gets the average of its tokens.",
    refuted=NO_MIXING,
    seen="normalising dispatch so that an expert's weights sum to 1",
)
def average_of_its_tokens(tokens, experts, slots):
    """Dispatch over tokens per expert."""
    weights = dealt(tokens, experts, slots)
    return weights / weights.sum((0, 2), keepdim=True).clamp(min=1), weights.clone()


@mistake(
    does="takes softmaxes of the 0s and 1s, so that every token is in every slot a little",
    belief="Weights always come out of a softmax.",
    refuted=NO_MIXING,
    seen="identity scores handed to the Soft MoE weights",
)
def softmax_of_identity(tokens, experts, slots):
    """Soft weights of identity scores."""
    weights = dealt(tokens, experts, slots)
    return weights.softmax(0), weights.flatten(1).softmax(1).view_as(weights)


@mistake(
    "M41",
    does="lets every expert compute every token: all weights are 1",
    belief="Identity routing does nothing, so every token goes everywhere.",
    refuted="Appendix A: identity gives each token one expert, by position",
    seen="torch.ones",
)
def everyone_everywhere(tokens, experts, slots):
    """Ones."""
    weights = torch.ones(tokens, experts, slots)
    return weights, weights.clone()


@mistake(
    does="fills the empty slots with token 0",
    belief="Every slot has to hold some token.",
    refuted="an empty slot holds nothing: token 0 would be computed, and answered, more than once",
    seen="indices clamped at 0",
)
def empty_slots_get_token_0(tokens, experts, slots):
    """Token 0 wherever nobody is."""
    weights = dealt(tokens, experts, slots)
    weights[0] += 1 - weights.sum(0)
    return weights, weights.clone()


@mistake(
    does="divides a token's combine weight by the number of experts",
    belief="Combine averages over experts.",
    refuted="one expert answers a token: its answer comes back whole, with weight 1",
    seen="habit from averages",
)
def shared_answers(tokens, experts, slots):
    """Combine over e."""
    weights = dealt(tokens, experts, slots)
    return weights, weights / experts


@mistake(
    does="returns whole numbers, which no token can be multiplied by without a conversion",
    belief="0 and 1 are whole numbers.",
    refuted="weights multiply tokens: they are floating point, as the tokens are",
    seen="torch.nn.functional.one_hot",
)
def whole_numbers(tokens, experts, slots):
    """int64."""
    weights = dealt(tokens, experts, slots).long()
    return weights, weights.clone()


MISTAKES = mistakes_in(globals())
