// The arithmetic of routing in the browser: what capacity.py and routers/*.py do, as pure functions of flat arrays.
// Arrays are row-major in the letters of the project: b groups, n tokens of a group, e experts, p slots of an expert,
// k choices of a token. As in PyTorch, scores, gates and weights are rounded to float32, so that what ties there ties
// here.

/** @typedef {ArrayLike<number>} Values */

/** @typedef {{ b: number, n: number, e: number, p: number }} Sizes */

/**
 * How tokens choice served one choice: its expert had `place` tokens before; from place p on it was turned away.
 *
 * @typedef {{ token: number, choice: number, expert: number, place: number }} Arrival
 */

/** @typedef {{ expert: Int32Array, gate: Float32Array }} Chosen Of each choice (b n k), best first. */

/** @typedef {{ p: number, token: Int32Array, gate: Float32Array }} Filled Of each slot (b e p); token -1: empty. */

/**
 * @typedef {object} Settings
 * @property {string} [router]
 * @property {number} [scale]
 * @property {Values | null} [noise]
 * @property {number} [noiseStd]
 * @property {Values | null} [mask] 1 for real tokens (b n).
 * @property {number} [topK]
 * @property {string} [gating]
 * @property {number | null} [capacityFactor]
 * @property {string} [priority]
 * @property {number} [multipleOf]
 * @property {number | null} [slots]
 * @property {string} [rounding]
 */

/**
 * @typedef {Sizes & { router: string, mask: Values | null, sparse: false, scores: Float32Array }
 *   & { dispatch: Float32Array, combine: Float32Array } & { [Name in SparseOnly]?: undefined }} SoftRouted
 */

/** @typedef {"token" | "gate" | "gates" | "chosen" | "topK" | "score" | "dropless" | "arrivals"} SparseOnly */

/**
 * What a sparse router decided; where a router has no gates, choices or arrivals, it has none of that name.
 *
 * @typedef {Sizes & Filled & { router: string, mask: Values | null, sparse: true, scores: Float32Array }
 *   & { gates?: Float32Array, chosen?: Chosen, topK: number, score?: Float32Array | null, dropless?: boolean }
 *   & { arrivals?: Arrival[][], dispatch?: undefined, combine?: undefined }} SparseRouted
 */

/** @typedef {SoftRouted | SparseRouted} Routed */

export const ROUTERS = [
  "soft",
  "tokens choice",
  "experts choice",
  "uniform",
  "identity",
  "uniform / soft",
  "soft / uniform",
];
export const GATINGS = ["vmoe", "switch", "gshard", "top_k_then_softmax"];
export const PRIORITIES = ["position", "gate"];
/**
 * Whether a slot holds at most one token.
 *
 * @param {string} router
 */
export const isSparse = (router) => ["tokens choice", "experts choice", "identity"].includes(router);

/**
 * Python's rounding: halves go to the even number.
 *
 * @param {number} x
 */
function roundHalfToEven(x) {
  const low = Math.floor(x);
  const rest = x - low;
  return rest > 0.5 || (rest === 0.5 && low % 2 !== 0) ? low + 1 : low;
}

/**
 * Slots of each expert: tokens * topK * factor / experts, rounded, then raised to a multiple.
 *
 * @param {number} tokens
 * @param {number} experts
 * @param {{ topK?: number, factor?: number, rounding?: string, multipleOf?: number }} [options]
 */
export function capacityFor(tokens, experts, { topK = 1, factor = 1, rounding = "ceil", multipleOf = 1 } = {}) {
  const share = (tokens * topK * factor) / experts;
  const capacity = rounding === "ceil" ? Math.ceil(share) : roundHalfToEven(share);
  if (!(capacity >= 1))
    throw new RangeError(
      `capacity must be at least 1 slot per expert, got ${capacity} from ${tokens} tokens x top_k ${topK} x ` +
        `factor ${factor} / ${experts} experts: raise the capacity factor or use fewer experts`,
    );
  return multipleOf > 0 ? Math.ceil(capacity / multipleOf) * multipleOf : capacity;
}

/**
 * Scale times the logits, plus noise of a standard deviation, each step in float32.
 *
 * @param {Values} logits
 * @param {{ scale?: number, noise?: Values | null, noiseStd?: number }} [options]
 */
export function scoresInUse(logits, { scale = 1, noise = null, noiseStd = 0 } = {}) {
  const out = new Float32Array(logits.length);
  const by = Math.fround(scale);
  const std = Math.fround(noiseStd);
  for (let i = 0; i < out.length; i++) out[i] = by * logits[i];
  if (noise && noiseStd > 0) for (let i = 0; i < out.length; i++) out[i] += Math.fround(std * noise[i]);
  return out;
}

/**
 * Softmax of (outer, count, inner) over the middle axis; entries (outer, count) that are not real get 0.
 *
 * @param {Values} values
 * @param {number} outer
 * @param {number} count
 * @param {number} inner
 * @param {Values | null} [real]
 */
export function softmax(values, outer, count, inner, real = null) {
  const out = new Float32Array(values.length);
  const raised = new Float64Array(count * inner);
  const most = new Float64Array(inner);
  const total = new Float64Array(inner);
  for (let o = 0; o < outer; o++) {
    const from = o * count * inner;
    most.fill(-Infinity);
    total.fill(0);
    for (let c = 0; c < count; c++)
      if (!real || real[o * count + c])
        for (let i = 0, at = from + c * inner; i < inner; i++, at++) if (values[at] > most[i]) most[i] = values[at];
    for (let c = 0; c < count; c++) {
      if (real && !real[o * count + c]) continue;
      for (let i = 0, at = c * inner; i < inner; i++, at++)
        total[i] += raised[at] = Math.exp(Math.fround(values[from + at] - most[i]));
    }
    for (let c = 0; c < count; c++) {
      if (real && !real[o * count + c]) continue;
      for (let i = 0, at = c * inner; i < inner; i++, at++) out[from + at] = raised[at] / total[i];
    }
  }
  return out;
}

/**
 * Dispatch: softmax over tokens, for every slot. Padding gets 0.
 *
 * @param {Values} logits
 * @param {Sizes} sizes
 * @param {Values | null} [mask]
 */
export const dispatchWeights = (logits, { b, n, e, p }, mask = null) => softmax(logits, b, n, e * p, mask);

/**
 * Combine: softmax over all slots of all experts, for every token. Padding gets 0.
 *
 * @param {Values} logits
 * @param {Sizes} sizes
 * @param {Values | null} [mask]
 */
export function combineWeights(logits, { b, n, e, p }, mask = null) {
  const out = softmax(logits, b * n, e * p, 1);
  if (mask) for (let row = 0; row < b * n; row++) if (!mask[row]) out.fill(0, row * e * p, (row + 1) * e * p);
  return out;
}

/**
 * Indices of the k largest of `count` values, `step` apart: best first, equal ones by index.
 *
 * @param {Values} values
 * @param {number} start
 * @param {number} count
 * @param {number} step
 * @param {number} k
 */
export function topInOrder(values, start, count, step, k) {
  if (k > 4 * Math.log2(count + 1)) return sortedInOrder(values, start, count, step).subarray(0, k);
  const best = new Uint32Array(k);
  const taken = new Uint8Array(count);
  for (let c = 0; c < k; c++) {
    let top = -1;
    for (let i = 0; i < count; i++)
      if (!taken[i] && (top < 0 || values[start + i * step] > values[start + top * step])) top = i;
    taken[(best[c] = top)] = 1;
  }
  return best;
}

/**
 * All indices in that order. A float32's bits, read as an integer, keep its order; the index makes keys differ.
 *
 * @param {Values} values
 * @param {number} start
 * @param {number} count
 * @param {number} step
 */
function sortedInOrder(values, start, count, step) {
  const column = new Float32Array(count);
  const keys = new Float64Array(count);
  const places = 2 ** 21;
  for (let i = 0; i < count; i++) column[i] = values[start + i * step] + 0; // -0 becomes 0
  const bits = new Int32Array(column.buffer);
  for (let i = 0; i < count; i++) keys[i] = i - (bits[i] < 0 ? bits[i] ^ 0x7fffffff : bits[i]) * places;
  return Uint32Array.from(keys.sort(), (key) => key - Math.floor(key / places) * places);
}

/**
 * The experts (b n k) that each token chooses, best first, and the gates of these choices.
 *
 * @param {Float32Array} logits
 * @param {Sizes} sizes
 * @param {number} topK
 * @param {string} [gating]
 * @param {Float32Array} [gates]
 * @returns {Chosen}
 */
export function chooseExperts(logits, { b, n, e }, topK, gating = "vmoe", gates = softmax(logits, b * n, e, 1)) {
  const late = gating === "top_k_then_softmax";
  const values = late ? logits : gates;
  const expert = new Int32Array(b * n * topK);
  const chosen = new Float32Array(b * n * topK);
  for (let row = 0; row < b * n; row++) {
    expert.set(topInOrder(values, row * e, e, 1, topK), row * topK);
    for (let c = row * topK; c < (row + 1) * topK; c++) chosen[c] = values[row * e + expert[c]];
    if (gating !== "gshard") continue;
    const own = chosen.subarray(row * topK, (row + 1) * topK);
    const total = own.reduce((a, x) => a + x, 0);
    own.forEach((x, c) => (own[c] = x / total));
  }
  return { expert, gate: late ? softmax(chosen, b * n, topK, 1) : chosen };
}

/**
 * Fill the experts' slots in order: all first choices, then all second ones, until an expert is full.
 * Tokens come by position, or by falling score (equal ones by position). Capacity null makes as many slots as the
 * busiest expert needs. Returns the token in each slot (-1: empty), its gate, and for each group its arrivals in order:
 * {token, choice, expert, place}, where a place from p on was turned away.
 *
 * @param {Chosen} chosen
 * @param {{ b: number, n: number, e: number, k: number }} sizes
 * @param {number | null} capacity
 * @param {{ score?: Values | null, mask?: Values | null }} [options]
 * @returns {Filled & { arrivals: Arrival[][] }}
 */
export function assignTokens({ expert, gate }, { b, n, e, k }, capacity, { score = null, mask = null } = {}) {
  /** @type {Arrival[][]} */
  const arrivals = [];
  let busiest = 1;
  for (let g = 0; g < b; g++) {
    const asked = new Int32Array(e);
    /** @type {Arrival[]} */
    const queue = [];
    const order = score ? topInOrder(score, g * n, n, 1, n) : Uint32Array.from({ length: n }, (_, t) => t);
    for (let choice = 0; choice < k; choice++)
      for (const token of order) {
        if (mask && !mask[g * n + token]) continue;
        const to = expert[(g * n + token) * k + choice];
        queue.push({ token, choice, expert: to, place: asked[to]++ });
      }
    busiest = Math.max(busiest, ...asked);
    arrivals.push(queue);
  }
  const p = capacity ?? busiest;
  const out = { p, token: new Int32Array(b * e * p).fill(-1), gate: new Float32Array(b * e * p), arrivals };
  arrivals.forEach((queue, g) => {
    for (const { token, choice, expert: to, place } of queue) {
      if (place >= p) continue;
      out.token[(g * e + to) * p + place] = token;
      out.gate[(g * e + to) * p + place] = gate[(g * n + token) * k + choice];
    }
  });
  return out;
}

/**
 * Each expert takes the `capacity` tokens with its highest gates, best first, equal ones by position.
 *
 * @param {Float32Array} gates
 * @param {Sizes} sizes
 * @param {number} capacity
 * @param {Values | null} [mask]
 * @returns {Filled}
 */
export function assignExperts(gates, { b, n, e }, capacity, mask = null) {
  if (capacity > n)
    throw new RangeError(
      `capacity must be at most the ${n} tokens of a group in experts choice, got ${capacity}: ` +
        "lower capacity_factor or multiple_of, or merge examples into larger groups",
    );
  const p = capacity;
  const token = new Int32Array(b * e * p).fill(-1);
  const gate = new Float32Array(b * e * p);
  const scores = mask ? gates.map((x, i) => (mask[Math.floor(i / e)] ? x : -1)) : gates;
  for (let g = 0; g < b; g++)
    for (let j = 0; j < e; j++)
      topInOrder(scores, g * n * e + j, n, e, p).forEach((t, place) => {
        const value = scores[(g * n + t) * e + j];
        const at = (g * e + j) * p + place;
        if (value >= 0) [token[at], gate[at]] = [t, value];
      });
  return { p, token, gate };
}

/**
 * Token t goes to expert t mod e, slot floor(t / e); without a number there are as many slots as the tokens need.
 *
 * @param {Sizes} sizes
 * @param {number | null} [slots]
 * @param {Values | null} [mask]
 * @returns {Filled}
 */
export function assignInTurn({ b, n, e }, slots = null, mask = null) {
  const p = slots ?? Math.ceil(n / e);
  const token = new Int32Array(b * e * p).fill(-1);
  if (n > e * p)
    throw new RangeError(
      `tokens must fit ${e} experts x ${p} slots = ${e * p} slots, got ${n} tokens: ` +
        "raise slots_per_expert or leave it None",
    );
  for (let g = 0; g < b; g++)
    for (let t = 0; t < n; t++) if (!mask || mask[g * n + t]) token[(g * e + (t % e)) * p + Math.floor(t / e)] = t;
  return { p, token, gate: Float32Array.from(token, (t) => Number(t >= 0)) };
}

/**
 * The first slot's score of every expert: what a router reads that scores experts and not slots.
 *
 * @param {Values} values
 * @param {number} p
 */
export const firstSlots = (values, p) =>
  p === 1 ? values : Float32Array.from({ length: values.length / p }, (_, i) => values[i * p]);

/**
 * Which weights of a soft router come from the scores; the others are all equal.
 *
 * @param {string} router
 */
export const readsScores = (router) => ({
  dispatch: router === "soft" || router === "soft / uniform",
  combine: router === "soft" || router === "uniform / soft",
});

/**
 * @param {string} name
 * @param {string} value
 * @param {string[]} known
 */
function checkKnown(name, value, known) {
  if (!known.includes(value)) throw new RangeError(`${name} must be one of ${known.join(", ")}, got ${value}`);
}

/**
 * Route logits (b, n, e, p) as the named router would. Soft ones give dispatch and combine (b, n, e, p); sparse ones
 * read the first slot's logits and give the token and gate of each slot (b, e, p), and what led to them.
 * Noise has the shape of the logits; its standard deviation is divided by e in the sparse routers, as there.
 *
 * @param {Values} logits
 * @param {Sizes} sizes
 * @param {Settings} [settings]
 * @returns {Routed}
 */
export function route(logits, sizes, settings = {}) {
  const { router = "soft", scale = 1, noise = null, noiseStd = 0, mask = null, topK = 1 } = settings;
  const { gating = "vmoe", capacityFactor = 1, priority = "position", multipleOf = 1, slots = null } = settings;
  const { b, n, e, p } = sizes;
  checkKnown("router", router, ROUTERS);
  checkKnown("gating", gating, GATINGS);
  checkKnown("priority", priority, PRIORITIES);
  if (!isSparse(router)) {
    const scores = scoresInUse(logits, { scale, noise, noiseStd });
    const equal = new Float32Array(logits.length);
    const dispatch = dispatchWeights(readsScores(router).dispatch ? scores : equal, sizes, mask);
    const combine = combineWeights(readsScores(router).combine ? scores : equal, sizes, mask);
    return { router, sparse: false, b, n, e, p, mask, scores, dispatch, combine };
  }
  /** @type {{ router: string, sparse: true, mask: Values | null, topK: number } & Sizes} */
  const out = { router, sparse: true, b, n, e, p, mask, topK: 0 };
  const own = { noise: noise && firstSlots(noise, p), noiseStd: noiseStd / e };
  const scores = scoresInUse(firstSlots(logits, p), { scale, ...own });
  const gates = softmax(scores, b * n, e, 1);
  if (router === "identity") return { ...out, scores, ...assignInTurn(sizes, slots, mask) };
  if (router === "experts choice") {
    if (capacityFactor === null)
      throw new RangeError("experts choice needs a capacity: without one an expert would take every token");
    const rounding = settings.rounding ?? "round";
    const capacity = { factor: capacityFactor, rounding, multipleOf };
    return { ...out, scores, gates, ...assignExperts(gates, sizes, capacityFor(n, e, capacity), mask) };
  }
  if (topK > e) throw new RangeError(`top_k must be at most num_experts=${e}, got ${topK}: lower top_k`);
  if (gating === "switch" && topK !== 1)
    throw new RangeError(`gating 'switch' lets a token choose one expert, got top_k=${topK}: use gating 'vmoe'`);
  const chosen = chooseExperts(scores, sizes, topK, gating, gates);
  const rounding = settings.rounding ?? "ceil";
  const capacity = capacityFactor === null ? null : { topK, factor: capacityFactor, rounding, multipleOf };
  const score = priority === "gate" ? largestOfRows(gates, e) : null;
  const most = capacity && capacityFor(n, e, capacity);
  const dropless = capacity === null;
  const assigned = assignTokens(chosen, { b, n, e, k: topK }, most, { score, mask });
  return { ...out, scores, gates, chosen, topK, score, dropless, ...assigned };
}

/**
 * The largest value of each row of this width.
 *
 * @param {Float32Array} values
 * @param {number} width
 */
export function largestOfRows(values, width) {
  const out = new Float32Array(values.length / width).fill(-Infinity);
  values.forEach((x, i) => (out[Math.floor(i / width)] = Math.max(out[Math.floor(i / width)], x)));
  return out;
}
