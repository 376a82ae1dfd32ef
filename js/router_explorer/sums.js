// The arithmetic of a selection in each of the six steps, with its numbers, and the numbers of the whole routing.

import { equals, largestAmong } from "../arithmetic/largest.js";
import { readsScores, topInOrder } from "../arithmetic/routing.js";
import {
  droppedTold,
  holdersTold,
  listed,
  missOf,
  missTold,
  nearestMiss,
  neverDroppedTold,
  ordinal,
  refusalOf,
  refusalsOf,
} from "../arithmetic/why.js";
import { exact, many, percent, some } from "../shared/numbers.js";
import { NOTHING } from "../shared/selection.js";
import { choicesOf, placeAt, settled } from "./places.js";
import { STEPS, byExpert, placeOf, servingOf } from "./state.js";

/** @import { Arrival } from "../arithmetic/routing.js" */
/** @import { Place } from "../shared/selection.js" */
/** @import { Cell } from "./places.js" */
/** @import { Explored, RoutingMap, SoftExplored, SparseExplored, Step } from "./state.js" */

/** @typedef {Place & { column: number, value: number }} Pointed A cell of the map with its weight. */

/** @typedef {{ served: number, ids: number[], grid: number[] }} Shown */

/** @typedef {[name: string, value: number, text: string]} Figure */

/** @param {number} x */
export const four = (x) => (x !== 0 && Math.abs(x) < 1e-4 ? x.toExponential(1) : x.toFixed(4));
/** @param {number} x */
export const large = (x) => (x < 1e6 ? exact(x) : x < 1e9 ? `${(x / 1e6).toFixed(2)} M` : `${(x / 1e9).toFixed(2)} G`);

/**
 * What the batch holds: images, or texts where tokens are words.
 *
 * @param {Explored} it
 */
export const nounOf = (it) => (it.words ? "text" : "image");

/**
 * The image of a token of the group, and its number there.
 *
 * @param {Explored} it
 * @param {number} token
 * @param {number[]} ids
 */
const homeOf = (it, token, ids) => {
  const t = token % it.rows;
  return [it.images === 1 ? it.image : Math.floor(token / it.rows), ids.length ? ids[t] : t];
};

/**
 * A token of the group by its number in its image, which is named where the group holds several.
 *
 * @param {Explored} it
 * @param {number} token
 * @param {number[]} ids
 */
export function numberOf(it, token, ids) {
  const [image, number] = homeOf(it, token, ids);
  return `${it.images === 1 ? "" : `${nounOf(it)} ${image}'s `}token ${number}`;
}

/**
 * A token of the group by its number and its word.
 *
 * @param {Explored} it
 * @param {number} token
 * @param {number[]} ids
 */
function tokenName(it, token, ids) {
  const [image, number] = homeOf(it, token, ids);
  const text = it.words?.[image];
  return `${numberOf(it, token, ids)}${text ? ` ${JSON.stringify(text[number])}` : ""}`;
}

/**
 * What names the tokens of the group in a sentence.
 *
 * @param {Explored} it
 * @param {number[]} ids
 * @returns {(token: number) => string}
 */
const namer = (it, ids) => (token) => tokenName(it, token, ids);

/**
 * A routing in which tokens choose, as its reasons are read.
 *
 * @param {SparseExplored} it
 */
function choosing({ e, p, topK, token, gates, chosen, router, settings }) {
  if (!chosen || !gates) throw new Error(`no token chooses in ${router}`);
  return { e, p, topK, token, gates, asked: chosen.expert, priority: settings.priority };
}

/**
 * A routing in which experts choose, as its reasons are read.
 *
 * @param {SparseExplored} it
 */
function taking({ n, e, p, token, gates, router }) {
  if (!gates) throw new Error(`no expert chooses in ${router}`);
  return { n, e, p, token, gates };
}

/**
 * Why no expert took a token.
 *
 * @param {SparseExplored} it
 * @param {number} own
 * @param {number[]} ids
 */
function whyDropped(it, own, ids) {
  const name = namer(it, ids);
  if (it.chosen) return sentence(droppedTold(refusalsOf(choosing(it), own), name));
  const miss = nearestMiss(taking(it), own);
  return miss ? `It came nearest at expert ${miss.expert}: ${missTold(miss, name)}` : "";
}

/** @param {string} words */
const sentence = (words) => words.charAt(0).toUpperCase() + words.slice(1);

/**
 * Score of a cell: the logit that came, times scale, plus noise.
 *
 * @param {Explored} it
 * @param {{ token: number, expert: number, slot: number }} at
 */
function scoreSum(it, { token, expert, slot }) {
  if (it.router === "uniform") return "no score is read: every token counts alike";
  if (it.router === "identity") return "no score is read: a token's position alone decides";
  const inner = it.sparse ? 0 : slot;
  const at = ((it.image * it.rows + token) * it.e + expert) * it.givenSlots + inner;
  const { scale, noise } = it.settings;
  const std = it.sparse ? noise / it.e : noise;
  const drawn = it.drawn ? ` + ${it.sparse ? `${exact(noise)} / ${it.e}` : exact(noise)} x ${four(it.drawn[at])}` : "";
  const score = Math.fround(Math.fround(scale * it.given[at]) + (it.drawn ? Math.fround(std * it.drawn[at]) : 0));
  const formula = `score = scale x logit${it.drawn ? " + noise" : ""}`;
  return `${formula} = ${exact(scale)} x ${four(it.given[at])}${drawn} = ${four(score)}`;
}

/**
 * exp(x - largest) over the sum of it: a softmax written out.
 *
 * @param {string} name
 * @param {Float32Array} scores
 * @param {number} own
 * @param {string} over
 */
function softmaxSum(name, scores, own, over) {
  const most = scores.reduce((a, x) => Math.max(a, x));
  const part = Math.exp(own - most);
  const whole = scores.reduce((a, x) => a + Math.exp(x - most), 0);
  const formula = `${name} = exp(${four(own)} - ${four(most)}) / sum over ${over}`;
  return `${formula} = ${four(part)} / ${four(whole)} = ${four(part / whole)}`;
}

/**
 * @param {SoftExplored} it
 * @param {Step} step
 * @param {Pointed} at
 * @param {number[]} ids
 */
function softSum(it, step, { token, expert, slot, column, value }, ids) {
  const { n, s, p, first, scores } = it;
  const at = (first + token) * s + column;
  const reads = readsScores(it.router);
  const here = `slot ${slot} of expert ${expert}`;
  if (step === "score") return scoreSum(it, { token, expert, slot });
  if (step === "normalise") {
    const down = Float32Array.from({ length: n }, (_, t) => scores[t * s + column]);
    const along = scores.subarray((first + token) * s, (first + token + 1) * s);
    /**
     * @param {string} name
     * @param {number} count
     * @param {string} what
     */
    const even = (name, count, what) => `${name} = 1 / ${many(count, what)} = ${four(1 / count)}`;
    const dispatch = reads.dispatch
      ? softmaxSum("dispatch", down, scores[at], many(n, "token"))
      : even("dispatch", n, "token");
    const combine = reads.combine
      ? softmaxSum("combine", along, scores[at], many(s, "slot"))
      : even("combine", s, "slot");
    return `${dispatch}; ${combine}`;
  }
  if (step === "select")
    return (
      `all ${many(n, "token")} stay in ${here}, all ${many(s, "slot")} for this token. It is ` +
      neverDroppedTold(it, first + token)
    );
  if (step === "dispatch") {
    const { top, alike } = largestAmong(it.dispatch, column, n, s);
    const most = Math.floor(top / s);
    const all = `the most is ${tokenName(it, most, ids)} with ${percent(it.dispatch[top])}${equals(alike, n)}`;
    return (
      `${here} = sum over ${many(n, "token")} of dispatch x token: this token is ${percent(value)} of it, ` +
      (alike + 1 === n ? "as is every token" : all)
    );
  }
  if (step === "compute") return computeSum(it, expert, `${many(p, "slot")}, each a mix`);
  return `answer = sum over ${many(s, "slot")} of combine x answer of the slot: this slot is ${percent(value)} of it`;
}

/**
 * @param {Explored} it
 * @param {number} expert
 * @param {string} what
 * @param {number} [slots]
 */
const computeSum = (it, expert, what, slots = it.p) => {
  const group = it.images > 1 ? ` for the ${it.images} ${nounOf(it)}s of the group` : "";
  return (
    `expert ${expert} computes ${what}: 2 x ${slots} x ${it.dim} x ${it.hiddenDim} = ` +
    `${large(2 * slots * it.dim * it.hiddenDim)} MACs${group}`
  );
};

/**
 * How many slots an expert has, and why.
 *
 * @param {Explored} it
 */
function roomSum({ e, p, n, router, dropless, settings: { top_k, capacity_factor: factor } }) {
  if (dropless || factor === null) return `no capacity: as many slots as the busiest expert needs = ${p}`;
  const choices = router === "experts choice" ? "" : `${top_k} x `;
  const round = choices ? "ceil" : "round";
  return `capacity = ${round}(${n} tokens x ${choices}${exact(factor)} / ${e} experts) = ${p}`;
}

/**
 * What expert and slot the identity router deals a token to.
 *
 * @param {SparseExplored} it
 * @param {Step} step
 * @param {number} own
 */
function dealtSum({ e }, step, own) {
  if (step === "normalise") return "there is no score to normalise";
  if (step === "select") return `expert = ${own} mod ${e} = ${own % e}`;
  return `slot = floor(${own} / ${e}) = ${Math.floor(own / e)} of expert ${own % e}`;
}

/**
 * Where a token stands in the column of an expert that chooses, and by how much it missed one that did not take it.
 *
 * @param {SparseExplored} it
 * @param {number} own
 * @param {number} expert
 * @param {number[]} ids
 */
function rankSum(it, own, expert, ids) {
  const { e, n, p, gates } = it;
  const miss = missOf(taking(it), own, expert);
  if (miss) return `expert ${expert} does not take this token: ${missTold(miss, namer(it, ids))}`;
  const column = Array.from({ length: n }, (_, t) => gates?.[t * e + expert] ?? NaN);
  const rank = column.filter((x, t) => x > column[own] || (x === column[own] && t < own)).length + 1;
  return `gate ${four(column[own])} is number ${rank} of ${n} in the column of expert ${expert}, which takes ${p}: taken`;
}

/**
 * A token as a whole, where no expert is pointed at: what became of it with every expert that it has to do with.
 *
 * @param {SparseExplored} it
 * @param {Step} step
 * @param {number} own
 * @param {Cell[]} cells
 * @param {number} served
 * @param {number[]} ids
 */
function tokenSum(it, step, own, cells, served, ids) {
  const few = cells.slice(0, 4);
  const rest = cells.length - few.length;
  /** @param {(cell: Cell) => string} tell */
  const each = (tell) => few.map(tell).join("; ") + (rest ? `; and ${many(rest, "expert")} more` : "");
  if (step === "score") return scoreSum(it, NOTHING);
  if (it.router === "identity" && STEPS.indexOf(step) < 4) return dealtSum(it, step, own);
  if (step === "combine") return combineSum(it, own, ids);
  if (step === "compute" && !cells.length)
    return `no expert took this token: none computes it. ${whyDropped(it, own, ids)}`;
  if (step === "compute") return each(({ expert }) => expertSum(it, expert));
  if (step === "select" && it.chosen)
    return choiceSum(
      it,
      own,
      few.map(({ expert }) => expert),
      rest,
    );
  if (step === "select" && cells.length) return each(({ expert }) => rankSum(it, own, expert, ids));
  if (step === "select") return `no expert takes this token. ${whyDropped(it, own, ids)}`;
  if (!it.arrivals) {
    const slots = few.map(({ expert, slot }) => `slot ${slot} of expert ${expert}`).join(", ");
    if (!slots) return `${roomSum(it)}; no expert took this token. ${whyDropped(it, own, ids)}`;
    return `${roomSum(it)}; it is in ${slots}${rest ? ` and ${rest} more` : ""}`;
  }
  const asked = choicesOf(it, own, step, served);
  const waiting = it.topK - asked.length;
  const told = asked.slice(0, 4).map((choice) => arrivalSum(it, choice, ids));
  if (asked.length > 4) told.push(`and ${many(asked.length - 4, "choice")} more`);
  if (waiting) told.push(`${asked.length ? many(waiting, "choice") : "this token"} not served yet`);
  return [roomSum(it), ...told].join("; ");
}

/**
 * What an expert of a sparse router computes.
 *
 * @param {SparseExplored} it
 * @param {number} expert
 */
function expertSum(it, expert) {
  const filled = it.loads.expert[expert];
  if (it.dropless) return computeSum(it, expert, `its ${many(filled, "token")} and no empty slot`, filled);
  return computeSum(it, expert, `${filled} full and ${many(it.p - filled, "empty slot")}`);
}

/**
 * A slot that holds no token.
 *
 * @param {Explored} it
 * @param {Step} step
 * @param {number} expert
 * @param {number} served
 */
function emptySum(it, step, expert, served) {
  const { upTo, total } = servingOf(it, step === "dispatch" ? served : -1);
  const cost = step !== "compute" ? "" : it.dropless ? ", and is not computed" : ", and is computed like a full one";
  return `no token is in this slot${upTo < total ? " yet" : ""}${cost}`;
}

/**
 * @param {SparseExplored} it
 * @param {Step} step
 * @param {Pointed} at
 * @param {number} served
 * @param {number[]} ids
 */
function sparseSum(it, step, { token, expert }, served, ids) {
  const { e, first, router } = it;
  const own = first + token;
  const { slot, arrival } = placeOf(it, own, expert);
  if (step === "score") return scoreSum(it, { token, expert, slot: 0 });
  if (router === "identity" && STEPS.indexOf(step) < 4) return dealtSum(it, step, own);
  if (step === "normalise") {
    const scores = it.scores.subarray(own * e, (own + 1) * e);
    return softmaxSum("gate", scores, scores[expert], many(e, "expert"));
  }
  if (step === "compute") return expertSum(it, expert);
  if (step === "combine") return combineSum(it, own, ids);
  if (router === "experts choice") {
    if (step === "dispatch" && slot >= 0) return `${roomSum(it)}; it is in slot ${slot} of expert ${expert}`;
    const told = rankSum(it, own, expert, ids);
    return step === "dispatch" ? `${roomSum(it)}; ${told}` : told;
  }
  if (step === "select") return choiceSum(it, own, [expert]);
  if (!arrival) return `${roomSum(it)}; this token does not ask expert ${expert}: it asks ${askedTold(it, own)}`;
  const yet = served < 0 || (it.arrivals?.[0].indexOf(arrival) ?? -1) < served;
  return `${roomSum(it)}; ${yet ? arrivalSum(it, arrival, ids) : `this token has not asked expert ${expert} yet`}`;
}

/** @type {Record<string, string>} */
const HOW = { gshard: "divided by the sum of the chosen", top_k_then_softmax: "by softmax over the chosen" };

/**
 * Whether a token chooses these experts, and the gates that the choices have; `more` are chosen and not listed.
 *
 * @param {SparseExplored} it
 * @param {number} own
 * @param {number[]} experts
 * @param {number} [more]
 */
function choiceSum(it, own, experts, more = 0) {
  const { top_k, gating } = it.settings;
  const { chosen, gates: every } = it;
  if (!chosen || !every) throw new Error(`no token chooses in ${it.router}`);
  const gates = every.subarray(own * it.e, (own + 1) * it.e);
  const best = topInOrder(gates, 0, it.e, 1, Math.min(it.e, top_k + 1));
  const choices = Array.from(chosen.expert.subarray(own * top_k, (own + 1) * top_k));
  const how = HOW[gating];
  const told = experts
    .map((expert) => [choices.indexOf(expert), expert])
    .sort(([a], [b]) => a - b)
    .map(([rank, expert]) => {
      if (rank < 0) return `expert ${expert} is not chosen`;
      const gate = how ? `, its gate ${how} is ${four(chosen.gate[own * top_k + rank])}` : "";
      return `expert ${expert} is the ${ordinal(rank)} choice${gate}`;
    });
  const all = some(Array.from(best, (j) => `expert ${j} ${four(gates[j])}`));
  return `gates, best first: ${all}; top_k = ${top_k}: ${told.join("; ")}${more ? `; and ${more} more` : ""}`;
}

/**
 * The experts that a token asks.
 *
 * @param {SparseExplored} it
 * @param {number} own
 */
function askedTold({ chosen, topK }, own) {
  const asked = Array.from(chosen?.expert.subarray(own * topK, (own + 1) * topK) ?? []);
  return listed(asked.map((expert) => `expert ${expert}`));
}

/**
 * What became of one choice, and where it was turned away, why.
 *
 * @param {SparseExplored} it
 * @param {Arrival} arrival
 * @param {number[]} ids
 */
function arrivalSum(it, { token, choice, expert, place }, ids) {
  const asks = `expert ${expert} is its ${ordinal(choice)} choice`;
  if (place < it.p) return `${asks}, ${place} of ${many(it.p, "slot")} taken before: it gets slot ${place}`;
  const next = choice + 1 < it.topK ? "its next choice comes later" : "there is no further choice";
  const refusal = refusalOf(choosing(it), token, choice);
  const why = refusal ? holdersTold(refusal, namer(it, ids)) : "";
  return `${asks} (gate ${four(refusal?.gate ?? NaN)}), and it is TURNED AWAY: ${why}; ${next}`;
}

/**
 * @param {SparseExplored} it
 * @param {number} own
 * @param {number[]} ids
 */
function combineSum(it, own, ids) {
  /** @type {{ expert: number, gate: number }[]} */
  const parts = [];
  it.token.forEach((t, at) => t === own && parts.push({ expert: Math.floor(at / it.p), gate: it.gate[at] }));
  if (!parts.length)
    return (
      "no expert took this token: its answer is exactly 0, and only the residual carries it on. " +
      whyDropped(it, own, ids)
    );
  const whole = parts.reduce((a, { gate }) => a + gate, 0);
  const each = parts.map(({ expert, gate }) => `${four(gate)} x answer of expert ${expert}`);
  const shown = each.length > 4 ? [...each.slice(0, 4), "…"] : each;
  return `answer = ${shown.join(" + ")}; its gates sum to ${four(whole)}`;
}

/**
 * An expert as a whole: its tokens, its slots and its share of the load.
 *
 * @param {Explored} it
 * @param {Step} step
 * @param {number} expert
 * @param {number} served
 * @param {number[]} ids
 */
function expertLine(it, step, expert, served, ids) {
  const { e, p, s, n } = it;
  const load = it.loads.expert[expert];
  const whole = it.loads.expert.reduce((a, x) => a + x, 0);
  const of = it.images > 1 ? `the batch's ${n} tokens` : many(n, "token");
  const share = `${percent(whole ? load / whole : 0)} of all that experts receive (even: ${percent(1 / e)})`;
  const work = step === "compute" ? `; ${computeSum(it, expert, "them", it.dropless ? load : p)}` : "";
  if (!it.sparse) {
    const own = byExpert(it).dispatch;
    const weights = Array.from({ length: it.rows }, (_, t) => own[t * e + expert]);
    const { top, alike } = largestAmong(weights, 0, it.rows);
    const most = tokenName(it, it.first + top, ids);
    const whose =
      it.rows > 1 && alike + 1 === it.rows
        ? `the same weight at each of its ${it.rows} tokens`
        : `the largest weight at ${most}${equals(alike, it.rows)}`;
    return (
      `expert ${expert}: its ${many(p, "slot")} of ${s} ${p === 1 ? "mixes" : "mix"} ${of}, ` +
      `with weights that sum to ${four(load)}, ${share}; ` +
      `from this ${nounOf(it)} ${whose}: ${four(weights[top])}${work}.`
    );
  }
  const { taken, turned, upTo, total } = servingOf(it, step === "dispatch" ? served : -1);
  /** @param {number} at */
  const inTime = (at) => step !== "dispatch" || at < taken[expert];
  const held = Array.from(it.token.subarray(expert * p, (expert + 1) * p)).filter((t, at) => t >= 0 && inTime(at));
  const names = held.length ? ` (${some(held.map((t) => tokenName(it, t, ids)))})` : "";
  const away = turned[expert] ? `, turned ${turned[expert]} away` : "";
  const so = upTo < total ? " so far" : "";
  return (
    `expert ${expert}: took ${held.length} of ${of} into ${many(p, "slot")}${so}${names}${away}` +
    `${so ? "" : `; ${share}`}${work}.`
  );
}

/**
 * The status line: the pointed cell's arithmetic, or what the last choice served came to, or what to do.
 *
 * @param {Explored} it
 * @param {Step} step
 * @param {RoutingMap} map
 * @param {Place} at
 * @param {Shown} shown
 */
export function lineOf(it, step, map, at, { served, ids, grid }) {
  if (at.token < 0 && at.expert < 0) {
    const { last, upTo, total: all } = servingOf(it, served);
    const which = last && `Choice ${upTo} of ${all}: ${tokenName(it, last.token, ids)}`;
    if (step === "dispatch" && last && it.sparse) return `${which}; ${arrivalSum(it, last, ids)}.`;
    return "Point at the map, a token or an expert to see the arithmetic of this step; click to pin.";
  }
  const { token, cells, alike } = placeAt(it, step, map, at, served);
  const cell = cells.at(0);
  const named = cell ? `expert ${cell.expert}${cell.slot < 0 ? "" : `, slot ${cell.slot}`}` : "";
  if (token === null && !cell) return expertLine(it, step, at.expert, served, ids);
  if (token === null) return `${named}: ${emptySum(it, step, at.expert, served)}.`;
  const own = it.first + token;
  const t = own % it.rows;
  const number = ids.length ? ids[t] : t;
  const where = grid.length ? ` (row ${Math.floor(number / grid[1])}, column ${number % grid[1]})` : "";
  const name = `${tokenName(it, own, ids)}${where}`;
  if (it.sparse && at.expert < 0 && (!cell || settled(it, step)))
    return `${name}: ${tokenSum(it, step, own, cells, served, ids)}.`;
  if (!cell) return `${name}: ${scoreSum(it, NOTHING)}.`;
  const column = map.short ? cell.expert : cell.expert * it.p + cell.slot;
  const place = { token, ...cell, column, value: map.values[token * map.columns + column] };
  const among = at.token < 0 ? it.rows : at.expert < 0 ? map.columns : it.p;
  const told = it.sparse ? sparseSum(it, step, place, served, ids) : softSum(it, step, place, ids);
  return `${name}, ${named}${equals(alike, among)}: ${told}.`;
}

/**
 * The numbers of a routing: [name, value, text] in the order of the table; shares first, then what has a ratio.
 *
 * @param {Explored} it
 * @returns {Figure[]}
 */
export function figuresOf(it) {
  const own = it.loads.dropped.subarray(it.first, it.first + it.rows).reduce((a, x) => a + x, 0);
  const all = it.loads.droppedFraction;
  /** @type {Figure[]} */
  const rest = it.images > 1 ? [["Dropped in the whole batch", all, percent(all)]] : [];
  return [
    [`Dropped tokens of this ${nounOf(it)}`, own / it.rows, `${own} of ${it.rows} (${percent(own / it.rows)})`],
    ...rest,
    ["Load: busiest expert over the mean", it.loads.mostOverMean, it.loads.mostOverMean.toFixed(2)],
    [`MACs of the experts, per ${nounOf(it)}`, it.macs.experts, large(it.macs.experts)],
    [`MACs of the routing, per ${nounOf(it)}`, it.macs.routing, large(it.macs.routing)],
  ];
}

/**
 * Which sums of a step's map are 1, by which softmax, and what would make the others 1.
 *
 * @param {Explored} it
 * @param {Step} step
 */
export function sumsTold(it, step) {
  if (step === "score" || step === "compute" || (step === "select" && !it.sparse)) return "";
  if (!it.sparse) return softSums(it, step);
  if (it.router === "identity" && step !== "combine") return step === "normalise" ? "" : WHOLE;
  if (step === "normalise")
    return "Each row sums to 1: the softmax is over experts. Columns are free, since no softmax is over tokens.";
  if (step === "dispatch" || it.router === "identity") return WHOLE;
  if (it.router === "experts choice")
    return "Sums need not be 1: an expert takes gates as they are, and a token may be taken by several experts or by none.";
  const { gating } = it.settings;
  const kept = step === "combine" ? " A choice that was turned away is missing from its row." : "";
  if (gating === "gshard") return `Each row of chosen gates sums to 1: they were divided by their sum.${kept}`;
  if (gating === "top_k_then_softmax")
    return `Each row of chosen gates sums to 1: the softmax was over them alone.${kept}`;
  return (
    "Rows sum to less than 1: the softmax was over all experts, and the gates that were not chosen are gone. A softmax over " +
    `the chosen ones alone would make them 1 (gating top_k_then_softmax).${kept}`
  );
}

const WHOLE = "Sums count whole tokens and slots: no softmax is involved.";

/**
 * @param {SoftExplored} it
 * @param {Step} step
 */
function softSums({ router, n, s }, step) {
  const reads = readsScores(router);
  const down = reads.dispatch ? "the softmax is over tokens" : `every weight is 1/${exact(n)}`;
  const along = reads.combine ? "the softmax is over slots" : `every weight is 1/${exact(s)}`;
  if (step === "normalise")
    return `Left, each column sums to 1: ${down}. Right, each row sums to 1: ${along}. The other sums are free.`;
  if (step === "combine")
    return `Each row sums to 1: ${along}. Columns are free; a softmax over tokens would make them 1, and that is dispatch.`;
  return `Each column sums to 1: ${down}. Rows are free; a softmax over slots would make them 1, and that is combine.`;
}

/**
 * What experts are that were not scored.
 *
 * @param {number} experts In use.
 * @param {number} scored
 */
export const furtherTold = (experts, scored) =>
  `Expert${experts === scored + 1 ? ` ${scored} was` : `s ${scored} to ${experts - 1} were`} not scored, and nobody trained ` +
  `${experts === scored + 1 ? "it" : "them"}: expert ${scored} reads the scores of expert 0${experts > scored + 1 ? ", and so on" : ""}, ` +
  "dealt anew to the tokens of each image. Mean and spread are those of real scores.";
