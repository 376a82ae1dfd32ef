// Why a routing turned out as it did: who holds the slots that a token asked for and by which priority, by how much an
// expert's choice missed a token, why a soft router drops none, and which softmax makes a sum 1. Pure functions of one
// group, whose tokens are numbered from 0; sentences name them by a function that is given.

import { many } from "../shared/numbers.js";

/**
 * What is read of a router by which tokens choose.
 *
 * @typedef {object} Choosing
 * @property {number} e
 * @property {number} p Slots of an expert.
 * @property {number} topK
 * @property {ArrayLike<number>} token Of each slot (e p); -1: empty.
 * @property {ArrayLike<number>} gates Softmax over experts (n e).
 * @property {ArrayLike<number>} asked The experts that each token chose (n k), best first.
 * @property {string} priority By "position" or by "gate".
 */

/**
 * What is read of a router by which experts choose.
 *
 * @typedef {object} Taking
 * @property {number} n
 * @property {number} e
 * @property {number} p
 * @property {ArrayLike<number>} token Of each slot (e p), best first; -1: empty.
 * @property {ArrayLike<number>} gates Softmax over experts (n e).
 */

/** @typedef {{ token: number, slot: number, choice: number, largest: number }} Holder */

/**
 * A choice that a full expert turned away. `largest` is the token's largest gate, by which priority "gate" serves.
 *
 * @typedef {object} Refusal
 * @property {number} token
 * @property {number} expert
 * @property {number} choice From 0.
 * @property {number} gate
 * @property {number} largest
 * @property {string} priority
 * @property {Holder[]} holders The tokens in the expert's slots, in the order in which they were served.
 */

/**
 * An expert that did not take a token: the token's rank in its column from 1, and the last token that it took.
 *
 * @typedef {object} Miss
 * @property {number} token
 * @property {number} expert
 * @property {number} gate
 * @property {number} rank
 * @property {number} of Tokens in the column.
 * @property {number} slots
 * @property {{ token: number, gate: number }} last
 * @property {number} by What the gate lacks; 0 where only the position decided.
 */

/** @typedef {(token: number) => string} Name */

const ORDINALS = ["first", "second", "third", "fourth"];
/** @param {number} choice From 0. */
export const ordinal = (choice) => ORDINALS[choice] ?? `${choice + 1}th`;
/** @param {number} x */
const four = (x) => (x !== 0 && Math.abs(x) < 1e-4 ? x.toExponential(1) : x.toFixed(4));

/**
 * Names in a row, so many at most.
 *
 * @param {string[]} names
 * @param {number} [most]
 */
export function listed(names, most = 4) {
  if (names.length > most) return `${names.slice(0, most).join(", ")} and ${names.length - most} more`;
  return names.length < 2 ? names.join("") : `${names.slice(0, -1).join(", ")} and ${names[names.length - 1]}`;
}

/**
 * @param {Choosing} it
 * @param {number} own
 */
function largestOf({ gates, e }, own) {
  let most = -Infinity;
  for (let at = own * e; at < (own + 1) * e; at++) if (gates[at] > most) most = gates[at];
  return most;
}

/**
 * @param {Choosing} it
 * @param {number} own
 * @param {number} expert
 */
function choiceOf({ asked, topK }, own, expert) {
  for (let choice = 0; choice < topK; choice++) if (asked[own * topK + choice] === expert) return choice;
  return -1;
}

/**
 * Why a choice was turned away; null where it has a slot.
 *
 * @param {Choosing} it
 * @param {number} own
 * @param {number} choice
 * @returns {Refusal | null}
 */
export function refusalOf(it, own, choice) {
  const { e, p, token, gates, asked, topK, priority } = it;
  const expert = asked[own * topK + choice];
  /** @type {Holder[]} */
  const holders = [];
  for (let slot = 0; slot < p; slot++) {
    const held = token[expert * p + slot];
    if (held === own) return null;
    if (held >= 0)
      holders.push({ token: held, slot, choice: choiceOf(it, held, expert), largest: largestOf(it, held) });
  }
  return { token: own, expert, choice, gate: gates[own * e + expert], largest: largestOf(it, own), priority, holders };
}

/**
 * All choices of a token that were turned away, in their order.
 *
 * @param {Choosing} it
 * @param {number} own
 */
export function refusalsOf(it, own) {
  /** @type {Refusal[]} */
  const found = [];
  for (let choice = 0; choice < it.topK; choice++) {
    const refusal = refusalOf(it, own, choice);
    if (refusal) found.push(refusal);
  }
  return found;
}

/**
 * Who holds the slots that a token asked for, and why they came first.
 *
 * @param {Refusal} refusal
 * @param {Name} name
 */
export function holdersTold({ token, choice, largest, priority, holders }, name) {
  const names = (/** @type {Holder[]} */ all) =>
    listed(
      all.map((each) => name(each.token)),
      6,
    );
  const slots = holders.length === 1 ? "its one slot holds" : `its ${holders.length} slots hold`;
  const [sooner, alike] = [holders.filter((each) => each.choice < choice), holders.filter((h) => h.choice === choice)];
  const what = `${ordinal(choice)} choices`;
  const order = `all ${ordinal(choice - 1)} choices are served before any ${ordinal(choice)} one`;
  const ahead = priority === "gate" ? "by gate" : "by position";
  const numbers = priority !== "gate" ? "" : ` (${listed(alike.map((h) => four(h.largest)))} against ${four(largest)})`;
  const tie = priority === "gate" && alike.some((h) => h.largest === largest) ? ", equal ones by position" : "";
  if (!alike.length) return `${slots} ${names(sooner)}: ${order}`;
  const first = `served before it ${ahead}${numbers}${tie}`;
  if (!sooner.length) return `${slots} ${names(alike)}, ${first}${wouldCome(token, largest, priority, alike, name)}`;
  const rest = `among ${what}, ${names(alike)} ${alike.length === 1 ? "was" : "were"} ${first}`;
  return `${slots} ${names(sooner)}, as ${order}; ${rest}${wouldCome(token, largest, priority, alike, name)}`;
}

/**
 * Whom the token would come before by the other priority.
 *
 * @param {number} own
 * @param {number} largest
 * @param {string} priority
 * @param {Holder[]} alike Tokens with the same choice.
 * @param {Name} name
 */
function wouldCome(own, largest, priority, alike, name) {
  if (priority === "gate") {
    const later = alike.filter((each) => each.token > own);
    return later.length ? `; by position it would come before ${listed(later.map((each) => name(each.token)))}` : "";
  }
  const [weakest] = alike.filter((each) => each.largest < largest).sort((a, b) => a.largest - b.largest);
  const numbers = weakest && `${four(largest)} against ${four(weakest.largest)}`;
  return weakest ? `; by gate it would come before ${name(weakest.token)} (${numbers})` : "";
}

/**
 * Why a token has no slot: all that it asked for, and who holds it.
 *
 * @param {Refusal[]} refusals
 * @param {Name} name
 */
export const droppedTold = (refusals, name) =>
  refusals
    .map(
      (each, i) =>
        `it asked for expert ${each.expert}${i ? ` ${ordinal(each.choice)}` : ""} (gate ${four(each.gate)}), and ` +
        holdersTold(each, name),
    )
    .join("; ");

/**
 * Why an expert that chooses did not take a token; null where it did.
 *
 * @param {Taking} it
 * @param {number} own
 * @param {number} expert
 * @returns {Miss | null}
 */
export function missOf({ n, e, p, token, gates }, own, expert) {
  let last = -1;
  for (let at = expert * p; at < (expert + 1) * p; at++) {
    if (token[at] === own) return null;
    if (token[at] >= 0) last = token[at];
  }
  const gate = gates[own * e + expert];
  let rank = 1;
  for (let t = 0; t < n; t++) {
    const other = gates[t * e + expert];
    if (other > gate || (other === gate && t < own)) rank++;
  }
  const least = last < 0 ? NaN : gates[last * e + expert];
  return { token: own, expert, gate, rank, of: n, slots: p, last: { token: last, gate: least }, by: least - gate };
}

/**
 * The expert that a token which none took missed by least.
 *
 * @param {Taking} it
 * @param {number} own
 * @returns {Miss | null} Null where an expert took it.
 */
export function nearestMiss(it, own) {
  const { e, p, token, gates } = it;
  let near = 0;
  let least = Infinity;
  for (let expert = 0; expert < e; expert++) {
    let last = -1;
    for (let at = expert * p; at < (expert + 1) * p; at++) {
      if (token[at] === own) return null;
      if (token[at] >= 0) last = token[at];
    }
    const by = gates[last * e + expert] - gates[own * e + expert];
    if (by < least) [near, least] = [expert, by];
  }
  return missOf(it, own, near);
}

/**
 * By how much a token missed an expert.
 *
 * @param {Miss} miss
 * @param {Name} name
 */
export function missTold({ gate, rank, of, slots, last, by }, name) {
  const taken = slots === 1 ? `it took one token, ${name(last.token)}` : `the last of the ${slots} that it took is`;
  const who = slots === 1 ? "" : ` ${name(last.token)}`;
  const short =
    by > 0 ? `missed by ${four(by)}` : "missed by position alone, since equal gates go to the earlier token";
  return `its gate ${four(gate)} is number ${rank} of ${of} there; ${taken}${who} with ${four(last.gate)}: ${short}`;
}

/**
 * Why a soft router never drops a token: the least that a slot holds of it.
 *
 * @param {{ s: number, dispatch: ArrayLike<number> }} it
 * @param {number} own
 */
export function leastOf({ s, dispatch }, own) {
  let slot = 0;
  for (let at = 1; at < s; at++) if (dispatch[own * s + at] < dispatch[own * s + slot]) slot = at;
  return { slot, weight: dispatch[own * s + slot] };
}

/**
 * @param {{ s: number, dispatch: ArrayLike<number> }} it
 * @param {number} own
 */
export function neverDroppedTold(it, own) {
  const { weight } = leastOf(it, own);
  const some = weight > 0 ? `at least ${four(weight)}` : "a share so small that float32 rounds some to 0";
  return `never dropped: exp(score) is above 0, so each of ${many(it.s, "slot")} holds ${some} of it`;
}

/** @typedef {"dispatch" | "combine"} Soft */

/**
 * The softmax that makes the weights of a soft router: over what it runs, and which sums it makes 1.
 *
 * @type {Record<Soft, { over: string, along: "column" | "row", code: string }>}
 */
export const SOFTMAX = {
  dispatch: { over: "tokens", along: "column", code: "logits.softmax(1)" },
  combine: { over: "all slots", along: "row", code: "logits.flatten(2).softmax(2)" },
};

/**
 * Whether a row or column of soft weights sums to 1, and which softmax makes it so.
 *
 * @param {Soft} view
 * @param {"column" | "row"} along
 * @param {number} sum
 * @param {number} [close] How far a sum may be from 1.
 */
export function sumTold(view, along, sum, close = 1e-4) {
  const { over, along: own, code } = SOFTMAX[view];
  const fits = Math.abs(sum - 1) <= close;
  const told = `this ${along} of ${view} sums to ${fits ? "1" : four(sum)}`;
  if (along === own && fits) return `${told}: ${view} is a softmax over ${over}`;
  if (along === own) return `${told}, not 1: a softmax over ${over}, ${code}, makes it 1`;
  const other = view === "dispatch" ? "combine" : "dispatch";
  return `${told}${fits ? "" : ", which is no fault"}: only a softmax over ${SOFTMAX[other].over} makes it 1, and that is ${other}`;
}
