// What happens to each token and slot in one lane: who was asked, who came first, who was turned away, and the weights
// with which slots are filled and answers come back. Pure functions of the scores.

import { denseWeights, expertsOf } from "../arithmetic/facts.js";
import { dispatchWeights, combineWeights, firstSlots, readsScores, route, scoresInUse } from "../arithmetic/routing.js";

/** @import { Routed, Sizes } from "../arithmetic/routing.js" */

/**
 * @typedef {object} Settings
 * @property {number} top_k
 * @property {number} capacity_factor
 * @property {number} slots_per_expert
 * @property {number} scale
 * @property {string} priority
 */

/**
 * A decision that Python made, for the tokens of all groups; `note` says why there is none. It was made of the scores
 * times `scale`, or of none of them.
 *
 * @typedef {{ name: string, e: number, p: number, scale: number | null, note: string } & Partial<Weights>} Own
 */

/** @typedef {{ dispatch: Float32Array, combine: Float32Array }} Weights Both (n, e p). */

/**
 * A token and an expert that met: the token asked for it, or the expert took the token. `slot` is -1 where all slots
 * were taken.
 *
 * @typedef {{ token: number, choice: number, expert: number, place: number, slot: number }} Meeting
 */

/** @typedef {"tokens" | "experts" | "turns" | "soft" | "given"} Kind Who decides. */

/**
 * @typedef {object} Lane
 * @property {string} name
 * @property {Kind} kind
 * @property {boolean} sparse Whether a slot holds at most one token.
 * @property {number} n
 * @property {number} e
 * @property {number} p
 * @property {number} columns Of the scores: experts, or slots.
 * @property {Float32Array} scores (n, columns)
 * @property {Float32Array | null} gates What each row becomes when it is normalised, (n, columns).
 * @property {Float32Array | null} columnGates What each column becomes, in routers that normalise columns.
 * @property {Int32Array} holder The token in each slot, -1 for none and for mixtures.
 * @property {Float32Array} dispatch (n, slots)
 * @property {Float32Array} combine (n, slots)
 * @property {Meeting[]} meetings In the order in which they happen.
 * @property {boolean[]} dropped Of each token.
 * @property {boolean[]} empty Of each slot.
 * @property {number | null} scale That the decision was made with.
 * @property {boolean} known Whether the decision is of the present scores: a saved page has no Python to ask again.
 * @property {string} priority
 * @property {{ dispatch: boolean, combine: boolean }} reads Which weights come from the scores.
 * @property {string} note Why there is nothing to show.
 * @property {string[] | null} [words] Of the tokens, where they are words.
 */

/** @typedef {{ dropped: number, empty: number, slotSums: Span, tokenSums: Span }} Counts */

/** @typedef {[least: number, most: number]} Span */

/** @type {Record<string, Kind>} */
const KINDS = { "tokens choice": "tokens", "experts choice": "experts", identity: "turns" };

/**
 * Route one image by a router of the browser. Throws a RangeError where the settings do not fit.
 *
 * @param {string} router
 * @param {Float32Array} logits (n, e, p) of that image.
 * @param {Sizes} sizes Of these logits, with b = 1.
 * @param {Settings} settings
 * @returns {Lane}
 */
export function laneOf(router, logits, sizes, settings) {
  const { n, e } = sizes;
  const { scale, priority, top_k: topK, capacity_factor: capacityFactor } = settings;
  const p = Math.min(settings.slots_per_expert, sizes.p);
  const used = expertsOf(logits, sizes, e, p);
  const now = { b: 1, n, e, p };
  const it = route(used, now, { router, scale, topK: Math.min(topK, e), capacityFactor, priority, slots: null });
  const weights = { dispatch: denseWeights(it, "dispatch"), combine: denseWeights(it, "combine") };
  const common = {
    name: router,
    n,
    e,
    p: it.p,
    scale,
    known: true,
    priority,
    note: "",
    reads: readsScores(router),
    ...weights,
  };
  if (!it.sparse) {
    const { reads } = common;
    const scores = scoresInUse(used, { scale });
    return finished({
      ...common,
      kind: "soft",
      sparse: false,
      columns: e * p,
      scores,
      columnGates: reads.dispatch ? dispatchWeights(scores, now) : it.dispatch,
      gates: reads.combine ? combineWeights(scores, now) : it.combine,
      holder: new Int32Array(e * p).fill(-1),
      meetings: [],
    });
  }
  const scores = scoresInUse(firstSlots(used, p), { scale });
  const kind = KINDS[router];
  return finished({
    ...common,
    kind,
    sparse: true,
    columns: e,
    scores,
    gates: it.gates ?? null,
    columnGates: null,
    holder: it.token,
    meetings: meetingsOf(it),
  });
}

/**
 * @param {Routed & { sparse: true }} it
 * @returns {Meeting[]}
 */
function meetingsOf({ arrivals, token, e, p }) {
  if (arrivals)
    return arrivals[0].map(({ token: who, choice, expert, place }) => {
      return { token: who, choice, expert, place, slot: place < p ? expert * p + place : -1 };
    });
  return takenInTurn(token, e, p);
}

/**
 * What fills the slots, first slots first.
 *
 * @param {Int32Array} holder
 * @param {number} e
 * @param {number} p
 */
function takenInTurn(holder, e, p) {
  /** @type {Meeting[]} */
  const found = [];
  for (let place = 0; place < p; place++)
    for (let expert = 0; expert < e; expert++) {
      const slot = expert * p + place;
      if (holder[slot] >= 0) found.push({ token: holder[slot], choice: 0, expert, place, slot });
    }
  return found;
}

/**
 * A lane of a decision that Python made.
 *
 * @param {Own} own
 * @param {number} image
 * @param {number} n
 * @param {Float32Array} scores (n, e, p) that are shown beside it.
 * @param {Sizes} sizes Of these scores.
 * @returns {Lane}
 */
export function ownLane(own, image, n, scores, sizes) {
  const { name, e, p, scale, note } = own;
  const s = e * p;
  const part = (/** @type {Float32Array | undefined} */ all) =>
    all ? all.slice(image * n * s, (image + 1) * n * s) : new Float32Array(n * s);
  const dispatch = part(own.dispatch);
  const combine = part(own.combine);
  const holder = new Int32Array(s).fill(-1);
  let sparse = !note;
  for (let slot = 0; slot < s; slot++) {
    let count = 0;
    for (let token = 0; token < n; token++) {
      const weight = dispatch[token * s + slot];
      if (weight === 0) continue;
      count += 1;
      holder[slot] = token;
      if (weight !== 1) sparse = false;
    }
    if (count > 1) sparse = false;
  }
  if (!sparse) holder.fill(-1);
  // Scores of experts and of slots fit a lane of as many; others are not its own.
  const columns = sparse ? sizes.e : sizes.e * sizes.p;
  return finished({
    name,
    kind: "given",
    sparse,
    n,
    e,
    p,
    columns,
    scores: sparse ? firstSlots(scores, sizes.p) : scores,
    gates: null,
    columnGates: null,
    holder,
    dispatch,
    combine,
    meetings: sparse ? takenInTurn(holder, e, p) : [],
    scale,
    known: true,
    priority: "position",
    reads: { dispatch: false, combine: false },
    note,
  });
}

/**
 * @param {Omit<Lane, "dropped" | "empty" | "scores"> & { scores: ArrayLike<number> }} lane
 * @returns {Lane}
 */
function finished(lane) {
  const { n, e, p, dispatch } = lane;
  const s = e * p;
  const dropped = Array.from({ length: n }, (_, t) => dispatch.subarray(t * s, (t + 1) * s).every((x) => x === 0));
  const empty = Array.from({ length: s }, (_, slot) => {
    for (let t = 0; t < n; t++) if (dispatch[t * s + slot] !== 0) return false;
    return true;
  });
  return { ...lane, scores: Float32Array.from(lane.scores), dropped, empty };
}

/**
 * What depends on a lane alone, found once for each: pictures ask for it sixty times a second.
 *
 * @template T
 * @param {(lane: Lane) => T} find
 * @returns {(lane: Lane) => T}
 */
export function cached(find) {
  /** @type {WeakMap<Lane, { value: T }>} */
  const found = new WeakMap();
  return (lane) => {
    const kept = found.get(lane) ?? { value: find(lane) };
    found.set(lane, kept);
    return kept.value;
  };
}

/**
 * The sums that tell lanes apart: of dispatch for each slot, of combine for each token.
 *
 * @type {(lane: Lane) => Counts}
 */
export const countsOf = cached(({ n, e, p, dispatch, combine, dropped, empty }) => {
  const s = e * p;
  const slotSums = new Float64Array(s);
  const tokenSums = new Float64Array(n);
  for (let t = 0; t < n; t++)
    for (let slot = 0; slot < s; slot++) {
      slotSums[slot] += dispatch[t * s + slot];
      tokenSums[t] += combine[t * s + slot];
    }
  return {
    dropped: dropped.filter(Boolean).length,
    empty: empty.filter(Boolean).length,
    slotSums: [Math.min(...slotSums), Math.max(...slotSums)],
    tokenSums: [Math.min(...tokenSums), Math.max(...tokenSums)],
  };
});

/**
 * The tokens in an expert's slots, in the order of the slots.
 *
 * @param {Lane} lane
 * @param {number} expert
 */
export const holdersOf = ({ holder, p }, expert) =>
  [...holder.subarray(expert * p, (expert + 1) * p)].filter((token) => token >= 0);

/**
 * The slots that hold a token.
 *
 * @param {Lane} lane
 * @param {number} token
 */
export const slotsOf = ({ holder }, token) => [...holder.keys()].filter((slot) => holder[slot] === token);

/**
 * How a token missed the experts' choice: its best gate, that expert, and the least gate that this expert took.
 *
 * @param {Lane} lane
 * @param {number} token
 */
export function missOf(lane, token) {
  const gates = /** @type {Float32Array} */ (lane.gates);
  const own = gates.subarray(token * lane.e, (token + 1) * lane.e);
  const expert = own.indexOf(Math.max(...own));
  const last = holdersOf(lane, expert).at(-1) ?? token;
  return { expert, gate: own[expert], last, least: gates[last * lane.e + expert] };
}

/**
 * A slot's largest parts, or a token's: [index, weight], largest first.
 *
 * @param {ArrayLike<number>} weights
 * @param {number} most
 * @returns {[number, number][]}
 */
export const largest = (weights, most) =>
  Array.from(weights, (weight, i) => /** @type {[number, number]} */ ([i, weight]))
    .sort((a, b) => b[1] - a[1] || a[0] - b[0])
    .slice(0, most);

/**
 * The dispatch weights of all tokens in one slot.
 *
 * @param {Lane} lane
 * @param {number} slot
 */
export const columnOf = ({ n, e, p, dispatch }, slot) =>
  Float32Array.from({ length: n }, (_, t) => dispatch[t * e * p + slot]);

/**
 * Whom the story follows: the dropped token with the highest gate in the first lane that drops one, else the first.
 *
 * @param {Lane[]} lanes
 */
export function protagonistOf(lanes) {
  const lane = lanes.find(({ dropped }) => dropped.some(Boolean));
  if (!lane) return 0;
  const highest = (/** @type {number} */ token) =>
    lane.gates ? Math.max(...lane.gates.subarray(token * lane.columns, (token + 1) * lane.columns)) : 0;
  const lost = [...lane.dropped.keys()].filter((token) => lane.dropped[token]);
  return lost.reduce((best, token) => (highest(token) > highest(best) ? token : best));
}

/**
 * The slot of a soft lane whose making is shown: the one that was pointed at, or else the one that holds most of the
 * token that is followed.
 *
 * @param {Lane} lane
 * @param {number} token
 * @param {number} slot
 */
export const slotShown = (lane, token, slot) => (slot >= 0 && slot < lane.e * lane.p ? slot : slotToShow(lane, token));

/**
 * The slot that holds most of a token.
 *
 * @param {Lane} lane
 * @param {number} token
 */
export function slotToShow({ e, p, dispatch }, token) {
  const row = dispatch.subarray(token * e * p, (token + 1) * e * p);
  return row.indexOf(Math.max(...row));
}
