// What follows from a routing made by routing.js: dense weights, load, drops, cost; and what goes into one: groups,
// noise. Pure functions.

/** @import { Routed, Sizes } from "./routing.js" */

/** @typedef {ReturnType<typeof loads>} Loads */

/** @typedef {ReturnType<typeof macsOf>} Macs */

/**
 * Merge that many consecutive images into one group: the same flat logits, read as fewer and longer groups.
 *
 * @param {Sizes} sizes
 * @param {number} images
 * @returns {Sizes}
 */
export function grouped({ b, n, e, p }, images) {
  if (b % images)
    throw new RangeError(
      `batch must be a multiple of examples_per_group=${images}, got ${b} examples: ` +
        "change the batch size or examples_per_group",
    );
  return { b: b / images, n: n * images, e, p };
}

/**
 * Values (b, n, e, p) of so many experts and of the first slots of each. Experts from e on were not scored: expert e + j
 * reads what expert j reads, dealt anew to the tokens of each image, so that mean and spread are those of real scores
 * and no two experts prefer the same tokens. There are at most 2 e.
 *
 * @param {Float32Array} values
 * @param {Sizes} sizes
 * @param {number} experts
 * @param {number} slots
 */
export function expertsOf(values, { b, n, e, p }, experts, slots) {
  if (experts === e && slots === p) return values;
  const out = new Float32Array(b * n * experts * slots);
  for (let j = 0; j < experts; j++)
    for (let image = 0; image < b; image++) {
      const dealt = j < e ? null : dealtOf(image, j, n);
      for (let t = 0; t < n; t++) {
        const from = ((image * n + (dealt ? dealt[t] : t)) * e + (j % e)) * p;
        const to = ((image * n + t) * experts + j) * slots;
        for (let q = 0; q < slots; q++) out[to + q] = values[from + q];
      }
    }
  return out;
}

/**
 * The tokens of an image in the order in which an expert that was not scored reads them (`dealt` in scores.py).
 *
 * @param {number} image
 * @param {number} expert
 * @param {number} n
 */
export function dealtOf(image, expert, n) {
  const next = seeded(image * 65536 + expert);
  const order = Uint32Array.from({ length: n }, (_, t) => t);
  for (let i = n - 1; i > 0; i--) {
    const j = Math.floor(next() * (i + 1));
    [order[i], order[j]] = [order[j], order[i]];
  }
  return order;
}

/**
 * Standard normal numbers from a seed, the same in every browser: mulberry32 (Tommy Ettinger's 32-bit generator in the
 * form of bryc) gives uniform numbers, of which the Box-Muller transform makes two normal ones at a time.
 * They are not those that PyTorch draws from the same seed.
 *
 * @param {number} seed
 * @param {number} length
 */
export function normalNoise(seed, length) {
  const uniform = seeded(seed);
  const out = new Float32Array(length);
  for (let i = 0; i < length; i += 2) {
    const radius = Math.sqrt(-2 * Math.log(1 - uniform()));
    const angle = 2 * Math.PI * uniform();
    out[i] = radius * Math.cos(angle);
    if (i + 1 < length) out[i + 1] = radius * Math.sin(angle);
  }
  return out;
}

/**
 * A function that gives uniform numbers from 0 up to 1 (mulberry32).
 *
 * @param {number} seed
 */
export function seeded(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let x = Math.imul(state ^ (state >>> 15), 1 | state);
    x = (x + Math.imul(x ^ (x >>> 7), 61 | x)) ^ x;
    return ((x ^ (x >>> 14)) >>> 0) / 2 ** 32;
  };
}

/**
 * Weights (b, n, e, p) of a routing, "dispatch" or "combine": built here for a sparse one.
 *
 * @param {Routed} routing
 * @param {"dispatch" | "combine"} view
 */
export function denseWeights(routing, view) {
  if (!routing.sparse) return routing[view];
  const { b, n, e, p, token, gate } = routing;
  const out = new Float32Array(b * n * e * p);
  const s = e * p;
  for (let at = 0; at < token.length; at++) {
    const g = Math.floor(at / s);
    if (token[at] >= 0) out[(g * n + token[at]) * s + (at % s)] = view === "dispatch" ? 1 : gate[at];
  }
  return out;
}

/**
 * Load of the experts (b, e) and slots (b, e, p), dispatch summed over tokens; of the tokens (b, n), dispatch summed
 * over slots; which real tokens no slot received; and over all groups: the fraction of real tokens dropped, and the
 * busiest expert's load over the mean load, averaged over groups that received anything.
 *
 * @param {Routed} routing
 */
export function loads(routing) {
  const { b, n, e, p, mask } = routing;
  const s = e * p;
  const slot = new Float64Array(b * s);
  const token = new Float64Array(b * n);
  if (routing.sparse)
    routing.token.forEach((t, at) => {
      if (t < 0) return;
      slot[at] = 1;
      token[Math.floor(at / s) * n + t] += 1;
    });
  else
    for (let row = 0, at = 0; row < b * n; row++)
      for (let c = 0, to = Math.floor(row / n) * s; c < s; c++, at++, to++) {
        slot[to] += routing.dispatch[at];
        token[row] += routing.dispatch[at];
      }
  const expert = new Float64Array(b * e);
  const dropped = new Uint8Array(b * n);
  slot.forEach((x, at) => (expert[Math.floor(at / p)] += x));
  let real = 0;
  let lost = 0;
  let imbalance = 0;
  let busy = 0;
  for (let row = 0; row < b * n; row++) {
    if (mask && !mask[row]) continue;
    real++;
    lost += dropped[row] = Number(token[row] === 0);
  }
  for (let g = 0; g < b; g++) {
    const own = expert.subarray(g * e, (g + 1) * e);
    const total = own.reduce((a, x) => a + x, 0);
    if (total > 0) busy++;
    if (total > 0) imbalance += (Math.max(...own) * e) / total;
  }
  const whole = { droppedFraction: lost / Math.max(real, 1), mostOverMean: imbalance / (busy || 1) };
  return { slot, expert, token, dropped, ...whole };
}

/**
 * MACs of one image's layer with p slots per expert, as cost.moe_cost counts them: logits, dispatch and combine are
 * together the routing. Tokens of sparse routers move by index, which multiplies nothing; empty slots cost like full
 * ones, but where nothing is dropped: there the `filled` ones alone are computed.
 *
 * @param {Routed} routing
 * @param {{ dim: number, hiddenDim: number, images?: number }} layer
 */
export function macsOf({ router, sparse, n, e, p, dropless, token }, { dim, hiddenDim, images = 1 }) {
  const scored = { "tokens choice": e, "experts choice": e, uniform: 0, identity: 0 }[router] ?? e * p;
  const filled = dropless ? token.filter((t) => t >= 0).length : e * p;
  const tokens = n / images;
  const slots = filled / images;
  const moved = sparse ? 0 : tokens * e * p * dim;
  const parts = { logits: tokens * dim * scored, dispatch: moved, combine: moved };
  return { ...parts, routing: parts.logits + 2 * moved, experts: 2 * slots * dim * hiddenDim };
}
