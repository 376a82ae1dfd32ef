"""The report on a model's routing: how even, how specialised, what would be dropped, with exact counts and intervals.

    report = routing_report(routings, domains=["code", "code", "law", "law"])
    print(report)

It takes what `record` or `capture` collected of any router, or a served model's trace, which is read once and never
held as a whole. `figures.routing_report` draws it, and `report_page.save_report` writes it as a page. Terms follow
OLMoE (Muennighoff et al., 2409.02060, section 5) and SGLang's recorder, where they say so.
"""

import math
from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import torch
from jaxtyping import Float, Int
from torch import Tensor

from softmoe_edu import metrics
from softmoe_edu.capacity import capacity_for
from softmoe_edu.capture.served import CountTrace, Trace, count_experts
from softmoe_edu.routing import Routing, SparseRouting
from softmoe_edu.seeds import generator_of
from softmoe_edu.shapes import check_at_least, check_number
from softmoe_edu.text import number, percent, plural

Source = Mapping[str, Routing] | Trace | CountTrace

LEVEL = 0.95
RESAMPLES = 999
FEWEST_GROUPS = 5
"""Groups from which on they are resampled for an interval."""
MOST_GROUPS = 4096
"""Groups whose counts are kept apart; of more, those of one domain are joined two by two."""
BLOCK = 4096
"""Tokens of a group that are looked at together."""
MOST_SAMPLED, MOST_CELLS = 8192, 2**25
"""Tokens that are drawn to ask what experts tell of a token, and their cells (tokens x layers x experts)."""
MOST_TYPES = 256
"""The most frequent tokens of the vocabulary, which that question is about."""
ROUNDING = 1e-9
"""What two sums of the same numbers may be apart."""
COLUMNS = ("tokens", "dropped", "would_drop", "lost", "choices")
"""What is counted of a group in each layer beside the loads of its experts."""


@dataclass(frozen=True)
class Estimate:
    """A number with its interval at 95 %, and the exact counts that it is the ratio of, where it is one.

    Attributes:
        value: the number; NaN where there was nothing to count.
        low: the lower end of the interval, None where there is none.
        high: the upper end.
        count: the numerator.
        of: the denominator.
    """

    value: float
    low: float | None = None
    high: float | None = None
    count: int | None = None
    of: int | None = None

    def __str__(self) -> str:
        if self.of is None:
            ends = "" if self.low is None or self.high is None else f" ({number(self.low)} to {number(self.high)})"
            return f"{number(self.value)}{ends}"
        if not self.of:
            return "none to count"
        ends = "" if self.low is None or self.high is None else f"{percent(self.low)} to {percent(self.high)}; "
        return f"{percent(self.value)} ({ends}{self.count:,} of {self.of:,})"


@dataclass(frozen=True, eq=False)
class Told:
    """What the experts of a token tell of its kind: of its domain, or of which token of the vocabulary it is.

    Attributes:
        names: the kinds.
        tokens: how many tokens of each kind were counted, (kinds,).
        table: how many of them each expert answered, (kinds, experts); sums of weights where experts are mixed.
        told: mutual information of expert and kind over the entropy of the kind, from 0 to 1.
        chance: its mean where kinds are dealt anew: what any routing seems to tell.
        chance_high: what one deal of twenty exceeds.
        p: how often a deal tells as much; the true one counts as one of all.
        deals: how many there were.
    """

    names: tuple[str, ...]
    tokens: Int[Tensor, " kinds"]
    table: Float[Tensor, "kinds e"]
    told: float
    chance: float
    chance_high: float
    p: float
    deals: int

    @property
    def shares(self) -> Float[Tensor, "kinds e"]:
        """Return the share of each kind's tokens that each expert answered (OLMoE's domain specialisation)."""
        return self.table / self.tokens.clamp(min=1)[:, None]

    def __str__(self) -> str:
        return f"{percent(self.told)} (chance {percent(self.chance)}, p = {number(self.p)})"


@dataclass(frozen=True)
class Saturation:
    """How much of its final choices a checkpoint makes already (OLMoE's router saturation).

    Attributes:
        checkpoint: its name or step.
        overlap: chosen experts that the final checkpoint chooses for the same token, of those that it chooses.
        chance: the overlap of the same loads if tokens were exchanged at random.
    """

    checkpoint: Hashable
    overlap: Estimate
    chance: float


@dataclass(frozen=True, eq=False)
class LayerReport:
    """One layer of a report.

    Attributes:
        name: the layer.
        experts: how many it has.
        tokens: real tokens that were counted; None where counts alone are known.
        load: tokens that chose each expert, (experts,); summed dispatch weights where experts are mixed.
        load_low: the lower end of the load's interval (Wilson, for tokens as independent draws), None if unknown.
        load_high: the upper end.
        balancedness: mean load over the largest, 1 for even loads (as SGLang).
        entropy: of the experts' shares of the load, over that of even ones.
        dropped: tokens that no slot took; None for a trace, since servers record none.
        would_drop: tokens that would lose all their experts at the report's capacity factor, in the order of position.
        would_lose: choices that would find no slot at that capacity, whatever the order.
        coactivation: how many tokens chose both of two experts, (experts, experts), the load on the diagonal; every
            pair counts (OLMoE's script counts neighbours in the order of gates). None where experts are mixed or
            counts alone are known, as in the two lines above.
        by_domain: what experts tell of a token's domain; None without domains.
        by_token: what they tell of the token; None without tokens.
        saturation: the earlier checkpoints, in their order.
    """

    name: str
    experts: int
    tokens: int | None
    load: Float[Tensor, " e"]
    load_low: Float[Tensor, " e"] | None
    load_high: Float[Tensor, " e"] | None
    balancedness: Estimate
    entropy: Estimate
    dropped: Estimate | None
    would_drop: Estimate | None
    would_lose: Estimate | None
    coactivation: Int[Tensor, "e e"] | None
    by_domain: Told | None
    by_token: Told | None
    saturation: tuple[Saturation, ...]


@dataclass(frozen=True, eq=False, repr=False)
class RoutingReport:
    """What a model's routing did, layer by layer; print it, draw it, save it.

    Attributes:
        origin: what was routed.
        groups: how many groups there were: examples, answers or forward passes.
        tokens: real tokens in the first layer; None where counts alone are known.
        capacity_factor: slots over choices, of which `would_drop` and `would_lose` are.
        intervals: how the intervals were made.
        sampled: tokens that were drawn for `by_token`, 0 where none were.
        layers: the layers.
    """

    origin: str
    groups: int
    tokens: int | None
    capacity_factor: float
    intervals: str
    sampled: int
    layers: tuple[LayerReport, ...]

    def rows(self) -> list[dict[str, str]]:
        """Return a table, {heading: cell} for each layer, with the columns that any layer has."""
        rows = [_row(layer, self.capacity_factor) for layer in self.layers]
        used = [heading for heading in rows[0] if any(row[heading] for row in rows)]
        return [{heading: row[heading] or "-" for heading in used} for row in rows]

    def summary(self) -> str:
        """Return what was counted, in one sentence."""
        counted = "counts alone" if self.tokens is None else plural(self.tokens, "token")
        return f"{self.origin}: {counted} in {plural(self.groups, 'group')}, {plural(len(self.layers), 'layer')}."

    def __repr__(self) -> str:
        rows = self.rows()
        wide = {heading: max(len(heading), *(len(row[heading]) for row in rows)) for heading in rows[0]}
        lines = ["  ".join(text.ljust(wide[heading]) for heading, text in row.items()).rstrip() for row in rows]
        head = "  ".join(heading.ljust(width) for heading, width in wide.items()).rstrip()
        return "\n".join((self.summary(), head, *lines, f"Intervals at 95 %: {self.intervals}."))


def _row(layer: LayerReport, factor: float) -> dict[str, str]:
    busiest = int(layer.load.argmax())
    ratio = float(layer.load.max() / layer.load.mean()) if float(layer.load.sum()) else math.nan
    last = layer.saturation[-1] if layer.saturation else None
    return {
        "layer": layer.name,
        "experts": str(layer.experts),
        "busiest, over the mean": f"{busiest}: {number(ratio)}" if ratio == ratio else "none",
        "balancedness": str(layer.balancedness),
        "entropy of load": str(layer.entropy),
        "dropped": "" if layer.dropped is None else str(layer.dropped),
        f"tokens dropped at {factor:g}": "" if layer.would_drop is None else str(layer.would_drop),
        f"choices lost at {factor:g}": "" if layer.would_lose is None else str(layer.would_lose),
        "told of the domain": "" if layer.by_domain is None else str(layer.by_domain),
        "told of the token": "" if layer.by_token is None else str(layer.by_token),
        "saturation": "" if last is None else f"{last.checkpoint}: {last.overlap} (chance {percent(last.chance)})",
    }


def routing_report(
    routings: Source,
    *,
    domains: Sequence[str] | None = None,
    tokens: Tensor | Sequence[Sequence[Hashable]] | None = None,
    names: Mapping[Any, str] | None = None,
    checkpoints: Mapping[Any, Source] | None = None,
    capacity_factor: float | int = 1.25,
    deals: int = 99,
) -> RoutingReport:
    """Report on a model's routing.

    Groups are those of the routings: examples, or what competes for slots; of a trace, answers or forward passes.
    Capacity is that of a group, `capacity_factor` times its choices over the experts. A routing that has dropped
    choices does not tell which, so that what would be dropped counts only those it kept.

    Args:
        routings: {layer: Routing} from `record` or `capture`, a Trace, or a CountTrace.
        domains: the domain of each group. Chance deals domains to whole groups, since the tokens of a text are no
            independent draws: with one group of each domain, any deal tells as much.
        tokens: which token of the vocabulary each token is, (groups, tokens): numbers or strings. A trace brings its
            own where the server sent them.
        names: what to call tokens, {number: text}; their own numbers without.
        checkpoints: earlier routings of the same tokens, {step: as routings}, against which saturation is measured.
        capacity_factor: slots over choices; over 0.
        deals: how often domains and tokens are dealt anew.

    Returns:
        The report.

    Raises:
        TypeError: routings are none of these, or a number is no number.
        ValueError: there is nothing to report on, a trace is damaged, or domains, tokens or checkpoints do not fit.
    """
    factor = check_number("capacity_factor", capacity_factor, 0)
    if not factor:
        raise ValueError("capacity_factor must be over 0, got 0: 1.25 gives a quarter more slots than choices")
    deals = check_at_least("deals", deals)
    if isinstance(routings, CountTrace):
        for name, value in (("domains", domains), ("tokens", tokens), ("checkpoints", checkpoints)):
            if value is not None:
                raise ValueError(f"{name} must be left out for a trace of counts, which holds no choices of tokens")
        return _counted(routings, factor)
    stacks = _stacks(routings, "routings")
    ids = None if tokens is None else _Ids(tokens)
    tallies = [_Tally(stack, factor) for stack in stacks]
    groups = 0
    for i, parts in enumerate(_groups(routings)):
        groups += 1
        domain = _domain(domains, i)
        given = parts.tokens if ids is None else ids.of(i, parts.length)
        for tally, part in zip(tallies, parts.layers, strict=True):
            tally.add(part, domain, given)
    if not groups:
        raise ValueError("routings must hold at least one group, got none")
    if domains is not None and len(domains) != groups:
        raise ValueError(f"domains must name each of the {plural(groups, 'group')}, got {len(domains)}")
    if domains is not None and len(set(domains)) < 2:
        raise ValueError(f"domains must be two or more, got {sorted(set(domains))}: there is nothing to tell apart")
    early = _saturations(routings, stacks, checkpoints or {})
    layers = [
        layer
        for tally, stack in zip(tallies, stacks, strict=True)
        for layer in tally.layers(early, dict(names or {}), deals)
    ]
    order = _names(routings)
    layers.sort(key=lambda layer: order.index(layer.name))
    origin = routings.origin if isinstance(routings, Trace) else "routings"
    resampled = groups >= FEWEST_GROUPS
    return RoutingReport(
        origin=origin,
        groups=groups,
        tokens=layers[0].tokens,
        capacity_factor=factor,
        intervals=_intervals(groups, resampled),
        sampled=max(tally.sampled for tally in tallies),
        layers=tuple(layers),
    )


def _intervals(groups: int, resampled: bool) -> str:
    if resampled:
        return (
            f"bias-corrected bootstrap over {groups} groups; of a single expert's load Wilson's, tokens as independent"
        )
    return f"Wilson's, tokens as independent draws, since {plural(groups, 'group')} cannot be resampled"


# What is counted: layers of one kind, in groups.


@dataclass(frozen=True)
class _Stack:
    """Layers that are counted together: as many experts, all of choices or all of mixtures."""

    names: tuple[str, ...]
    experts: int
    hard: bool
    drops: bool


@dataclass(frozen=True)
class _Part:
    """A group's routing in the layers of a stack.

    Attributes:
        load: (layers, experts).
        blocks: gives (layers, tokens, experts) float32 for some of the real tokens after others: 1 where a token chose
            an expert, or its share of the token's answer.
        dropped: (layers,) tokens without an expert, None where nobody knows.
        tokens: (layers,) real tokens.
        real: the tokens' places in the group, where some are padding.
    """

    load: Float[Tensor, "l e"]
    blocks: Callable[[], Iterator[Tensor]]
    dropped: Tensor | None
    tokens: Tensor
    real: Tensor | None = None


@dataclass(frozen=True)
class _Group:
    layers: list[_Part]
    length: int
    tokens: Tensor | None = None


def _names(source: Source) -> list[str]:
    return list(source) if isinstance(source, Mapping) else [f"layer {layer}" for layer in source.layers]


def _stacks(source: Source, what: str) -> list[_Stack]:
    """Return the layers by kind, or raise an error that says what came instead of routings."""
    if isinstance(source, Trace):
        return [_Stack(tuple(_names(source)), source.num_experts, True, False)]
    if not isinstance(source, Mapping):
        raise TypeError(
            f"{what} must be {{layer: Routing}} or a trace, got {type(source).__name__}: "
            "collect them with record(model)"
        )
    if not source:
        raise ValueError(f"{what} must hold at least one layer, got none: run the model inside record(model)")
    for name, routing in source.items():
        if not isinstance(routing, Routing):
            raise TypeError(f"{what} must be {{layer: Routing}}, got {type(routing).__name__} at {name!r}")
    sizes = {routing.sizes[:2] for routing in source.values()}
    if len(sizes) > 1:
        got = ", ".join(f"{b} x {n}" for b, n in sorted(sizes))
        raise ValueError(f"{what} must be of the same groups of tokens in every layer, got {got}: report on them apart")
    return [
        _Stack((name,), routing.sizes[2], isinstance(routing, SparseRouting), True) for name, routing in source.items()
    ]


def _groups(source: Mapping[str, Routing] | Trace) -> Iterator[_Group]:
    """Go through the groups of routings or of a trace."""
    if isinstance(source, Trace):
        for choices in source:
            part = _chosen(choices.experts, source.num_experts)
            yield _Group([part], len(choices.experts), choices.tokens)
        return
    routings = [routing.detach() for routing in source.values()]
    b, n, _, _ = routings[0].sizes
    for i in range(b):
        yield _Group([_routed(routing, i) for routing in routings], n)


def _chosen(experts: Int[Tensor, "n l k"], num_experts: int) -> _Part:
    """Return a group of a trace; a token without a recorded choice is not counted."""

    def blocks() -> Iterator[Tensor]:
        for start in range(0, len(experts), BLOCK):
            some = experts[start : start + BLOCK].movedim(1, 0).long()
            member = torch.zeros(*some.shape[:2], num_experts + 1, device="cpu")
            member.scatter_(2, torch.where(some < 0, num_experts, some), 1.0)
            yield member[..., :num_experts]

    tokens = (experts >= 0).any(-1).sum(0).double()
    return _Part(count_experts(experts, num_experts).double(), blocks, None, tokens)


def _routed(routing: Routing, group: int) -> _Part:
    """Return one group of a routing, its real tokens alone."""
    one = routing.map(lambda tensor: tensor[group : group + 1]).map(Tensor.cpu)
    _, n, e, _ = one.sizes
    real = torch.ones(n, dtype=torch.bool, device="cpu") if one.mask is None else one.mask[0]
    if isinstance(one, SparseRouting):
        token, filled = one.token[0], one.filled[0]
        member = torch.zeros(n + 1, e, device="cpu")
        member[torch.where(filled, token, n), torch.arange(e, device="cpu")[:, None].expand_as(token)] = 1.0
        member = member[:n][real]
        load = member.sum(0).double()
    else:
        answer = one.combine[0][real].float().sum(-1)
        member = answer / answer.sum(-1, keepdim=True).clamp(min=1e-30)
        load = metrics.expert_load(one)[0].double()
    dropped = metrics.dropped(one).sum().double()[None]
    tokens = real.sum().double()[None]
    places = None if bool(real.all()) else real.nonzero()[:, 0]
    return _Part(load[None], lambda: iter([member[None]]), dropped, tokens, places)


def _domain(domains: Sequence[str] | None, group: int) -> str:
    if domains is None:
        return ""
    if group >= len(domains):
        raise ValueError(f"domains must name each group, got {len(domains)}: there are more groups")
    return str(domains[group])


class _Ids:
    """Which token each token is, as numbers, with the names of these."""

    def __init__(self, tokens: Tensor | Sequence[Sequence[Hashable]]) -> None:
        if isinstance(tokens, Tensor):
            if tokens.ndim != 2 or tokens.is_floating_point():
                got = f"{tokens.dtype} {tuple(tokens.shape)}"
                raise ValueError(f"tokens must be whole numbers (groups, tokens), got {got}")
            self.rows: list[Any] = list(tokens.cpu().long())
        else:
            self.rows = [list(row) for row in tokens]

    def of(self, group: int, length: int) -> list[Hashable] | Tensor:
        if group >= len(self.rows) or len(self.rows[group]) != length:
            got = "no such group" if group >= len(self.rows) else plural(len(self.rows[group]), "token")
            raise ValueError(f"tokens must name each token of group {group}, which has {length}, got {got}")
        return cast("list[Hashable] | Tensor", self.rows[group])


# What is kept while groups go by.


class _Rows:
    """What was counted in each group, one row a group, in one tensor that grows; beyond `MOST_GROUPS` rows are joined.

    A tensor for each group would stand between others that come and go, and keep their memory from being given back.
    """

    def __init__(self, layers: int, width: int) -> None:
        self.domains: list[str] = []
        self._table = torch.zeros(64, layers, width, dtype=torch.float64, device="cpu")

    @property
    def table(self) -> Float[Tensor, "g l w"]:
        """Return the rows."""
        return self._table[: len(self.domains)]

    def add(self, domain: str, row: Float[Tensor, "l w"]) -> None:
        """Keep the counts of one group."""
        if len(self.domains) == MOST_GROUPS:
            self._join()
        if len(self.domains) == len(self._table):
            self._table = torch.cat((self._table, torch.zeros_like(self._table)))
        self._table[len(self.domains)] = row
        self.domains.append(domain)

    def _join(self) -> None:
        """Join rows of a domain two by two."""
        kept: list[str] = []
        place, open_row = [], dict[str, int]()
        for domain in self.domains:
            if domain in open_row:
                place.append(open_row.pop(domain))
            else:
                open_row[domain] = len(kept)
                place.append(len(kept))
                kept.append(domain)
        joined = torch.zeros_like(self._table).index_add_(0, torch.tensor(place, device="cpu"), self.table)
        self._table, self.domains = joined, kept


class _Sample:
    """Tokens drawn uniformly of all: those with the smallest of the random numbers that each gets."""

    def __init__(self, most: int, hard: bool) -> None:
        self.most, self.limit = most, 1.0
        self.dtype = torch.bool if hard else torch.float32
        self.generator = generator_of(0)
        self.parts: list[tuple[Tensor, Tensor, list[Any]]] = []

    def add(self, member: Float[Tensor, "l m e"], tokens: Sequence[Any] | Tensor) -> None:
        """Draw from some tokens: (layers, tokens, experts), and which each is."""
        keys = torch.rand(member.shape[1], generator=self.generator, device="cpu")
        new = (keys < self.limit).nonzero()[:, 0]
        if not len(new):
            return
        named = tokens[new].tolist() if isinstance(tokens, Tensor) else [_plain(tokens[i]) for i in new.tolist()]
        self.parts.append((keys[new], member[:, new].movedim(0, 1).to(self.dtype), named))
        if sum(len(each) for each, _, _ in self.parts) > 2 * self.most:
            self.parts = [self.drawn()]
            self.limit = float(self.parts[0][0].max())

    def drawn(self) -> tuple[Tensor, Tensor, list[Any]]:
        """Return the keys, the routing (rows, layers, experts) and the names of those that were drawn."""
        keys = torch.cat([each for each, _, _ in self.parts])
        member = torch.cat([each for _, each, _ in self.parts])
        names = [name for _, _, each in self.parts for name in each]
        kept = keys.argsort()[: self.most].sort().values
        return keys[kept], member[kept], [names[i] for i in kept.tolist()]


def _plain(value: Any) -> Any:
    return value.item() if isinstance(value, Tensor) else value


class _Tally:
    """What is counted of the layers of one stack."""

    def __init__(self, stack: _Stack, factor: float) -> None:
        self.stack, self.factor = stack, factor
        layers, e = len(stack.names), stack.experts
        self.rows = _Rows(layers, 2 * e + len(COLUMNS))
        self.pairs = torch.zeros(layers, e, e, dtype=torch.float64, device="cpu")
        self.sample = _Sample(max(min(MOST_SAMPLED, MOST_CELLS // (layers * e)), 64), stack.hard)
        self.sampled = 0

    def add(self, part: _Part, domain: str, tokens: Sequence[Any] | Tensor | None) -> None:
        """Count one group."""
        layers = len(part.load)
        limit = torch.full((layers, 1), torch.inf, device="cpu")
        answered = torch.zeros_like(part.load)
        counts = dict.fromkeys(COLUMNS, torch.zeros(layers, dtype=torch.float64, device="cpu"))
        counts["tokens"] = part.tokens
        if part.dropped is not None:
            counts["dropped"] = part.dropped
        if self.stack.hard:
            limit = _capacities(part.load, self.factor)[:, None]
            counts |= {"choices": part.load.sum(1), "lost": (part.load - limit).clamp(min=0).sum(1)}
        if tokens is not None and part.real is not None:
            tokens = [tokens[i] for i in part.real.tolist()]
        start = 0
        for member in part.blocks():
            if self.stack.hard:
                self.pairs += (member.mT @ member).double()
                counts["would_drop"] = counts["would_drop"] + _losers(member, answered, part.load, limit)
            if tokens is not None:
                self.sample.add(member, tokens[start : start + member.shape[1]])
            answered += member.sum(1).double()
            start += member.shape[1]
        self.rows.add(domain, torch.cat((part.load, answered, torch.stack(list(counts.values()), 1)), 1))

    def layers(self, early: dict[str, list[Saturation]], names: dict[Any, str], deals: int) -> list[LayerReport]:
        """Report on each layer."""
        stack, table, e = self.stack, self.rows.table, self.stack.experts
        load, single = table[..., :e], dict(zip(COLUMNS, table[..., 2 * e :].unbind(-1), strict=True))
        even = _Resampled(len(table))
        balanced = even.of(load, balancedness)
        spread = even.of(load, load_entropy)
        shares = {
            name: even.share(single[name], single[of])
            for name, of in (("dropped", "tokens"), ("would_drop", "tokens"), ("lost", "choices"))
        }
        total, tokens = load.sum(0), single["tokens"].sum(0)
        domains = self._domains(deals)
        by_token = self._tokens(names, deals)
        reports = []
        for i, name in enumerate(stack.names):
            low, high = wilson(total[i], tokens[i]) if stack.hard else (None, None)
            reports.append(
                LayerReport(
                    name=name,
                    experts=stack.experts,
                    tokens=int(tokens[i]),
                    load=total[i],
                    load_low=None if low is None else low * tokens[i],
                    load_high=None if high is None else high * tokens[i],
                    balancedness=balanced[i],
                    entropy=spread[i],
                    dropped=shares["dropped"][i] if stack.drops else None,
                    would_drop=shares["would_drop"][i] if stack.hard else None,
                    would_lose=shares["lost"][i] if stack.hard else None,
                    coactivation=self.pairs[i].round().long() if stack.hard else None,
                    by_domain=domains[i] if domains else None,
                    by_token=by_token[i] if by_token else None,
                    saturation=tuple(early.get(name, ())),
                )
            )
        return reports

    def _domains(self, deals: int) -> list[Told]:
        """Say what each layer's experts tell of the domain; chance deals domains to whole groups."""
        names = tuple(sorted(set(self.rows.domains)))
        if names == ("",):
            return []
        kinds = torch.tensor([names.index(domain) for domain in self.rows.domains], device="cpu")
        table, e = self.rows.table.movedim(0, 1), self.stack.experts
        return told_of(table[..., e : 2 * e], table[..., 2 * e + COLUMNS.index("tokens")], kinds, names, deals)

    def _tokens(self, names: dict[Any, str], deals: int) -> list[Told]:
        """Say what each layer's experts tell of the token, of the most frequent ones in the sample."""
        if not self.sample.parts:
            return []
        _, drawn, each = self.sample.drawn()
        self.sampled = len(each)
        frequent = [name for name, count in Counter(each).most_common(MOST_TYPES) if count > 1]
        if len(frequent) < 2:
            return []
        place = {name: i for i, name in enumerate(frequent)}
        rows = torch.tensor([i for i, name in enumerate(each) if name in place], device="cpu")
        kinds = torch.tensor([place[each[i]] for i in rows.tolist()], device="cpu")
        member = drawn[rows].movedim(1, 0)  # (l, rows, e)
        called = tuple(names.get(name, str(name)) for name in frequent)
        return told_of(member, (member > 0).any(-1).double(), kinds, called, deals)


def _capacities(load: Float[Tensor, "l e"], factor: float) -> Float[Tensor, " l"]:
    """Return the slots of an expert in each layer, for a group's choices."""
    e = load.shape[1]
    slots = [capacity_for(int(choices), e, factor=factor) if choices else 1 for choices in load.sum(1).tolist()]
    return torch.tensor(slots, dtype=torch.float64, device="cpu")


def _losers(
    member: Float[Tensor, "l m e"],
    so_far: Float[Tensor, "l e"],
    load: Float[Tensor, "l e"],
    limit: Float[Tensor, "l 1"],
) -> Float[Tensor, " l"]:
    """Count the tokens that chose experts and find all of them full, when slots are filled in the order of position."""
    over = load > limit
    columns = int(over.sum(1).max())
    if not columns:
        return torch.zeros(len(load), dtype=torch.float64, device="cpu")
    # Experts that fill up are few: the others turn nobody away.
    worst = (load - limit).topk(columns, dim=1).indices[:, None].expand(-1, member.shape[1], -1)
    some = member.gather(2, worst)
    taken = some.cumsum(1).add_(so_far.gather(1, worst[:, 0])[:, None].float())
    lost = ((taken > limit[..., None].float()) & (some > 0)).sum(2)
    chosen = (member > 0).sum(2)
    return ((lost == chosen) & (chosen > 0)).sum(1).double()


# What is made of the counts.


def balancedness(load: Float[Tensor, "*layers e"]) -> Float[Tensor, "*layers"]:
    """Compute the mean load over the largest: 1 for even loads, NaN without load (SGLang's, without its 1e-5)."""
    return load.mean(-1) / load.amax(-1)


def load_entropy(load: Float[Tensor, "*layers e"]) -> Float[Tensor, "*layers"]:
    """Compute the entropy of the experts' shares of the load, over that of even ones: from 0 to 1, NaN without load."""
    share = load / load.sum(-1, keepdim=True)
    return -torch.xlogy(share, share).sum(-1) / math.log(max(load.shape[-1], 2))


def wilson(count: Tensor, of: Tensor) -> tuple[Tensor, Tensor]:
    """Return Wilson's interval of a share at 95 %, for independent draws; from 0 to 1 where there was none.

    Args:
        count: how many of the draws were so.
        of: how many draws there were.
    """
    z = float(torch.special.ndtri(torch.tensor((1 + LEVEL) / 2, dtype=torch.float64, device="cpu")))
    n = of.double().clamp(min=1e-30)
    share = count.double() / n
    middle = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * (share * (1 - share) / n + (z / (2 * n)).square()).clamp(min=0).sqrt()
    nothing = of <= 0
    return (middle - half).clamp(0, 1).masked_fill(nothing, 0), (middle + half).clamp(0, 1).masked_fill(nothing, 1)


class _Resampled:
    """Estimates with intervals from groups drawn with replacement, or from Wilson's formula where groups are few."""

    def __init__(self, groups: int) -> None:
        self.weight: Tensor | None = None
        if groups >= FEWEST_GROUPS:
            drawn = torch.randint(groups, (RESAMPLES, groups), generator=generator_of(1), device="cpu")
            ones = torch.ones(RESAMPLES, groups, dtype=torch.float64, device="cpu")
            self.weight = torch.zeros_like(ones).scatter_add_(1, drawn, ones)

    def of(self, load: Float[Tensor, "g l e"], statistic: Callable[[Tensor], Tensor]) -> list[Estimate]:
        """Estimate a statistic of each layer's loads."""
        value = statistic(load.sum(0))
        if self.weight is None:
            return [Estimate(each) for each in value.tolist()]
        low, high = self._ends(value, statistic((self.weight @ load.flatten(1)).unflatten(1, load.shape[1:])))
        return [Estimate(*each) for each in zip(value.tolist(), low.tolist(), high.tolist(), strict=True)]

    def share(self, count: Float[Tensor, "g l"], of: Float[Tensor, "g l"]) -> list[Estimate]:
        """Estimate a share in each layer."""
        hits, draws = count.sum(0), of.sum(0)
        value = hits / draws
        if self.weight is None:
            low, high = wilson(hits, draws)
        else:
            low, high = self._ends(value, (self.weight @ count) / (self.weight @ of))
        return [
            Estimate(v, None if v != v else a, None if v != v else b, int(c), int(n))
            for v, a, b, c, n in zip(*(x.tolist() for x in (value, low, high, hits, draws)), strict=True)
        ]

    @staticmethod
    def _ends(value: Float[Tensor, " l"], drawn: Float[Tensor, "r l"]) -> tuple[Tensor, Tensor]:
        """Return bias-corrected percentiles (Efron 1987, without acceleration), widened to hold the value."""
        below = ((drawn < value).double().mean(0) + (drawn <= value).double().mean(0)) / 2
        bias = torch.special.ndtri(below.clamp(1 / (RESAMPLES + 1), RESAMPLES / (RESAMPLES + 1)))
        z = torch.special.ndtri(torch.tensor((1 + LEVEL) / 2, dtype=torch.float64, device="cpu"))
        ordered = drawn.nan_to_num(0).sort(0).values
        ends = []
        for sign in (-1, 1):
            place = torch.special.ndtr(2 * bias + sign * z) * (RESAMPLES - 1)
            ends.append(ordered.gather(0, place.round().long().clamp(0, RESAMPLES - 1)[None])[0])
        return torch.minimum(ends[0], value), torch.maximum(ends[1], value)


def told_of(
    weight: Float[Tensor, "l rows e"],
    tokens: Float[Tensor, "l rows"],
    kinds: Int[Tensor, " rows"],
    names: tuple[str, ...],
    deals: int,
) -> list[Told]:
    """Say for each layer what experts tell of a kind, and what they seem to tell where kinds are dealt anew.

    Args:
        weight: how much of each row (a token, or a group of them) each expert answered.
        tokens: how many tokens each row has.
        kinds: the kind of each row, from 0.
        names: of the kinds.
        deals: how often kinds are dealt to the rows.
    """
    layers, rows, e = weight.shape
    flat = weight.movedim(1, 0).reshape(rows, -1)
    flat = flat if flat.is_floating_point() else flat.float()
    generator = generator_of(2)

    def table(kind: Tensor) -> Tensor:
        summed = flat.new_zeros(len(names), layers * e).index_add(0, kind, flat)
        return summed.double().unflatten(1, (layers, e)).movedim(1, 0)

    true = table(kinds)
    # Where a layer has no load, or its tokens are of one kind, there is nothing to tell.
    told = metrics.information(true).nan_to_num(0).clamp(min=0)
    dealt = (
        torch.stack(
            [
                metrics.information(table(kinds[torch.randperm(rows, generator=generator, device="cpu")]))
                for _ in range(deals)
            ]
        )
        .nan_to_num(0)
        .clamp(min=0)
    )
    # A deal that tells as much may miss it by rounding.
    reached = (dealt >= told - ROUNDING).sum(0)
    counted = tokens.new_zeros(layers, len(names)).index_add(1, kinds, tokens)
    return [
        Told(names, counted[i].long(), true[i], float(told[i]), float(dealt[:, i].mean()),
             float(dealt[:, i].quantile(0.95)), (1 + int(reached[i])) / (1 + deals), deals)
        for i in range(layers)
    ]  # fmt: skip


def _saturations(
    final: Mapping[str, Routing] | Trace, stacks: list[_Stack], checkpoints: Mapping[Any, Source]
) -> dict[str, list[Saturation]]:
    """Compare the choices of earlier checkpoints with the final ones, layer by layer."""
    found: dict[str, list[Saturation]] = {}
    for step, early in checkpoints.items():
        what = f"checkpoints[{step!r}]"
        if isinstance(early, CountTrace):
            raise TypeError(f"{what} must hold choices of tokens, got counts alone")
        other = _stacks(early, what)
        if [(x.names, x.experts) for x in other] != [(x.names, x.experts) for x in stacks]:
            raise ValueError(f"{what} must have the same layers and experts as routings, got {_names(early)}")
        same: list[list[Tensor]] = [[] for _ in stacks]
        of: list[list[Tensor]] = [[] for _ in stacks]
        loads = [
            [torch.zeros(len(x.names), x.experts, dtype=torch.float64, device="cpu") for _ in range(2)] for x in stacks
        ]
        tokens = [torch.zeros(len(x.names), dtype=torch.float64, device="cpu") for x in stacks]
        for one, two in _pairs(_groups(early), _groups(final), what):
            for i, (first, second) in enumerate(zip(one.layers, two.layers, strict=True)):
                shared = torch.zeros(len(stacks[i].names), dtype=torch.float64, device="cpu")
                for a, b in zip(first.blocks(), second.blocks(), strict=True):
                    shared += (a * b).sum((1, 2)).double()
                same[i].append(shared)
                of[i].append(second.load.sum(1))
                loads[i][0] += first.load
                loads[i][1] += second.load
                tokens[i] += second.tokens
        for i, stack in enumerate(stacks):
            if not (stack.hard and other[i].hard):
                continue
            overlap = _Resampled(len(same[i])).share(torch.stack(same[i]), torch.stack(of[i]))
            met = (loads[i][0] * loads[i][1]).sum(1) / tokens[i] / loads[i][1].sum(1)
            for name, each, chance in zip(stack.names, overlap, met.tolist(), strict=True):
                found.setdefault(name, []).append(Saturation(step, each, chance))
    return found


def _pairs(early: Iterable[_Group], final: Iterable[_Group], what: str) -> Iterator[tuple[_Group, _Group]]:
    """Pair groups of the same tokens, or raise an error where they cannot be."""
    missing = object()
    one, two = iter(early), iter(final)
    while True:
        a, b = next(one, missing), next(two, missing)
        if a is missing and b is missing:
            return
        if not isinstance(a, _Group) or not isinstance(b, _Group):
            raise ValueError(
                f"{what} must be of the same groups as routings, got {'fewer' if a is missing else 'more'}"
            )
        tokens = [part.tokens.tolist() for part in a.layers] == [part.tokens.tolist() for part in b.layers]
        ids = a.tokens is None or b.tokens is None or torch.equal(a.tokens, b.tokens)
        if a.length != b.length or not tokens or not ids:
            raise ValueError(f"{what} must be of the same tokens as routings, got others: route the same text again")
        yield a, b


def _counted(trace: CountTrace, factor: float) -> RoutingReport:
    """Report on counts alone."""
    passes = trace.passes.double()
    if not len(passes):
        raise ValueError(f"routings must hold at least one pass, got none: {trace.origin}")
    even = _Resampled(len(passes))
    limits = torch.stack([_capacities(each, factor) for each in passes])
    lost = (passes - limits[..., None]).clamp(min=0).sum(-1)
    lose = even.share(lost, passes.sum(-1))
    balanced, spread = even.of(passes, balancedness), even.of(passes, load_entropy)
    layers = tuple(
        LayerReport(f"layer {layer}", trace.num_experts, None, passes[:, i].sum(0), None, None, balanced[i], spread[i],
                    None, None, lose[i], None, None, None, ())
        for i, layer in enumerate(trace.layers)
    )  # fmt: skip
    resampled = len(passes) >= FEWEST_GROUPS
    return RoutingReport(trace.origin, len(passes), None, factor, _intervals(len(passes), resampled), 0, layers)
