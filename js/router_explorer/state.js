// What a RouterExplorer knows: a batch of scores, cut to the experts and slots in use, routed, and read step by step.
// Pure functions.

import { expertsOf, loads, macsOf, normalNoise, seeded } from "../arithmetic/facts.js";
import { largestAmong } from "../arithmetic/largest.js";
import { isSparse, route } from "../arithmetic/routing.js";

/** @import { Loads, Macs } from "../arithmetic/facts.js" */
/** @import { SoftRouted, SparseRouted } from "../arithmetic/routing.js" */

/** @typedef {"score" | "normalise" | "select" | "dispatch" | "compute" | "combine"} Step */

/**
 * The controls, as the traits name them.
 *
 * @typedef {object} Settings
 * @property {string} router
 * @property {string} group
 * @property {string} gating
 * @property {string} priority
 * @property {number} top_k
 * @property {number | null} capacity_factor
 * @property {number} num_experts
 * @property {number} slots_per_expert
 * @property {number} scale
 * @property {number} noise
 * @property {number} seed
 */

/** @typedef {{ b: number, n: number, e: number, p: number, tokens: number, dim: number, hidden_dim: number }} Sizes */

/**
 * @typedef {Sizes & { logits: Float32Array, keep: ReturnType<typeof keeper>, keepRouted: ReturnType<typeof keeper> }} Batch
 */

/**
 * What goes with the routing of a group: the image whose rows are shown, and what was given.
 *
 * @typedef {object} Around
 * @property {undefined} [error]
 * @property {Settings} settings
 * @property {number} images Of the group.
 * @property {number} image
 * @property {number} rows Tokens of an image.
 * @property {number} first The image's first row in its group.
 * @property {number} s All slots.
 * @property {Float32Array} given The logits of the batch, cut to the experts and slots in use.
 * @property {Float32Array | null} drawn Their noise.
 * @property {number} givenSlots Slots of an expert in both.
 * @property {number} scored Experts that were scored; those from there on have dealt scores.
 * @property {number} dim
 * @property {number} hiddenDim
 * @property {Loads} loads
 * @property {Macs} macs
 * @property {string[][] | null} words The words of each image.
 */

/** @typedef {SoftRouted & Around} SoftExplored */

/** @typedef {SparseRouted & Around} SparseExplored */

/** @typedef {SoftExplored | SparseExplored} Explored */

/** @typedef {{ error: string }} Refused Why settings cannot be routed. */

/** @typedef {ReturnType<typeof makeMap>} RoutingMap */

/** @typedef {ReturnType<typeof servingOf>} Serving */

/** @type {Step[]} */
export const STEPS = ["score", "normalise", "select", "dispatch", "compute", "combine"];
/** @type {(keyof Settings)[]} */
export const SETTINGS = [
  "router",
  "group",
  "gating",
  "priority",
  "top_k",
  "capacity_factor",
  "num_experts",
  "slots_per_expert",
  "scale",
  "noise",
  "seed",
];
/**
 * Which controls a router listens to; the others are hidden.
 *
 * @param {string} router
 * @returns {Record<string, boolean>}
 */
export function listensTo(router) {
  const learned = !["uniform", "identity"].includes(router);
  const choice = router === "tokens choice";
  return {
    gating: choice,
    priority: choice,
    top_k: choice,
    capacity_factor: choice || router === "experts choice",
    num_experts: true,
    slots_per_expert: !isSparse(router),
    scale: learned,
    noise: learned,
    seed: learned,
  };
}

/**
 * Values that are made once for a key and kept while it is asked for again; few are kept.
 *
 * @param {number} most
 * @returns {<Value>(key: string, make: () => Value) => Value}
 */
export function keeper(most) {
  const kept = new Map();
  return (key, make) => {
    if (!kept.has(key)) {
      for (const oldest of kept.keys()) if (kept.size >= most) kept.delete(oldest);
      kept.set(key, make());
    }
    return kept.get(key);
  };
}

/**
 * A batch as it came, which remembers its noise, its cuts to other experts and slots, and how whole batches were routed.
 *
 * @param {Float32Array} logits
 * @param {Sizes} sizes
 * @returns {Batch}
 */
export const batchOf = (logits, sizes) => ({ ...sizes, logits, keep: keeper(6), keepRouted: keeper(3) });

// Noise of experts that were not scored: it comes from a stream of its own, so that the others keep theirs.
const FURTHER = 0x9e3779b9;

/**
 * @param {Batch} batch
 * @param {"logits" | "noise"} what
 * @param {Settings} settings
 * @returns {Float32Array}
 */
function cutOf(batch, what, { num_experts, slots_per_expert, seed }) {
  const { b, n, e, p } = batch;
  const drawn = (/** @type {number} */ from) => normalNoise(from, batch.logits.length);
  const whole = () => (what === "logits" ? batch.logits : batch.keep(`noise ${seed}`, () => drawn(seed)));
  if (num_experts === e && slots_per_expert === p) return whole();
  const key = [what, num_experts, slots_per_expert, what === "noise" && seed].join();
  return batch.keep(key, () => {
    const out = expertsOf(whole(), batch, num_experts, slots_per_expert);
    if (what === "logits" || num_experts <= e) return out;
    const more = drawn(seed ^ FURTHER);
    for (let row = 0; row < b * n; row++)
      for (let j = e; j < num_experts; j++)
        for (let q = 0; q < slots_per_expert; q++)
          out[(row * num_experts + j) * slots_per_expert + q] = more[(row * e + j - e) * p + q];
    return out;
  });
}

/**
 * Route the group of one image: the image alone, or the batch with its images in the order of `members`, in which the
 * image keeps its own position. Returns the routing of this one group with the image's rows from `first`, or {error}.
 *
 * @param {Batch} batch
 * @param {Settings} settings
 * @param {number} image
 * @param {number[] | null} [members]
 * @returns {Explored | Refused}
 */
export function explore(batch, settings, image, members = null) {
  const alone = settings.group !== "whole batch";
  const images = alone ? 1 : batch.b;
  const { dim, hidden_dim: hiddenDim } = batch;
  const make = () => {
    const routed = routeGroup(batch, settings, alone ? [image] : members);
    return { ...routed, loads: loads(routed), macs: macsOf(routed, { dim, hiddenDim, images }) };
  };
  try {
    // A whole batch is routed once for all of its images.
    const routed = alone || members ? make() : batch.keepRouted(JSON.stringify(settings), make);
    return {
      ...routed,
      settings,
      images,
      image,
      rows: batch.n,
      first: alone ? 0 : image * batch.n,
      s: routed.e * routed.p,
      given: cutOf(batch, "logits", settings),
      drawn: settings.noise > 0 ? cutOf(batch, "noise", settings) : null,
      givenSlots: settings.slots_per_expert,
      scored: batch.e,
      dim,
      hiddenDim,
      words: null,
    };
  } catch (error) {
    if (error instanceof RangeError) return { error: error.message };
    throw error;
  }
}

/**
 * Route these images as one group; null for all of the batch in order.
 *
 * @param {Batch} batch
 * @param {Settings} settings
 * @param {number[] | null} members
 */
function routeGroup(batch, settings, members) {
  const { num_experts: e, slots_per_expert: p } = settings;
  const wide = batch.n * e * p;
  /** @param {Float32Array} values */
  const gather = (values) => {
    if (!members) return values;
    if (members.length === 1) return values.subarray(members[0] * wide, (members[0] + 1) * wide);
    const out = new Float32Array(members.length * wide);
    members.forEach((from, at) => out.set(values.subarray(from * wide, (from + 1) * wide), at * wide));
    return out;
  };
  return route(
    gather(cutOf(batch, "logits", settings)),
    { b: 1, n: batch.n * (members?.length ?? batch.b), e, p },
    {
      router: settings.router,
      scale: settings.scale,
      noise: settings.noise > 0 ? gather(cutOf(batch, "noise", settings)) : null,
      noiseStd: settings.noise,
      topK: settings.top_k,
      gating: settings.gating,
      capacityFactor: settings.capacity_factor,
      priority: settings.priority,
    },
  );
}

/**
 * Sizes of a map: its columns are experts before tokens move in a sparse router, and slots otherwise.
 *
 * @param {Explored} it
 * @param {Step} step
 */
const ofExperts = (it, step) => it.sparse && STEPS.indexOf(step) < 3;

/**
 * Weights (n, e) that a sparse router selects, before an expert can be full.
 *
 * @param {SparseExplored} it
 */
function selected(it) {
  const out = new Float32Array(it.n * it.e);
  const { chosen, topK } = it;
  if (chosen) chosen.expert.forEach((e, i) => (out[Math.floor(i / topK) * it.e + e] = chosen.gate[i]));
  else it.token.forEach((t, at) => t >= 0 && (out[t * it.e + Math.floor(at / it.p)] = it.gate[at]));
  return out;
}

/**
 * What the map of a step shows of the whole group; null where slots hold tokens one by one.
 *
 * @param {Explored} it
 * @param {Step} step
 * @param {number} columns
 * @returns {Float32Array | null}
 */
function wholeOf(it, step, columns) {
  const short = ofExperts(it, step);
  const blank = ["uniform", "identity"].includes(it.router);
  if (blank && (step === "score" || (short && step === "normalise"))) return new Float32Array(it.n * columns);
  if (step === "score") return it.scores;
  if (!it.sparse) return step === "combine" ? it.combine : it.dispatch;
  if (short && step === "normalise" && it.gates) return it.gates;
  return short ? selected(it) : null;
}

/**
 * The map of a step: the image's rows, and the sums of all rows and columns, these over the whole group.
 *
 * @param {Explored} it
 * @param {Step} step
 * @param {number} served
 */
export function mapOf(it, step, served) {
  if (step === "dispatch" && served >= 0) return makeMap(it, step, served);
  const known = maps.get(it) ?? {};
  maps.set(it, known);
  return (known[step] ??= makeMap(it, step, served));
}

/** @type {WeakMap<Explored, Partial<Record<Step, ReturnType<typeof makeMap>>>>} Maps of the routings that are kept. */
const maps = new WeakMap();

/**
 * @param {Explored} it
 * @param {Step} step
 * @param {number} served
 */
function makeMap(it, step, served) {
  const { e, p, s, n, first, rows } = it;
  const short = ofExperts(it, step);
  const columns = short ? e : s;
  const below = new Float64Array(columns);
  const beside = new Float64Array(rows);
  const all = wholeOf(it, step, columns);
  /** @type {number[] | null} Where the weights stand that are not 0, where only few are. */
  const cells = all ? null : [];
  const values = all ? all.subarray(first * columns, (first + rows) * columns) : new Float32Array(rows * columns);
  let least = step === "score" ? Infinity : 0;
  let most = step === "score" ? -Infinity : 0;
  if (all) {
    for (let i = 0, r = 0; r < n; r++) for (let c = 0; c < columns; c++, i++) below[c] += all[i];
    for (let i = 0, r = 0; r < rows; r++)
      for (let c = 0; c < columns; c++, i++) {
        const value = values[i];
        if (value !== 0) beside[r] += value;
        if (value < least) least = value;
        if (value > most) most = value;
      }
  } else if (it.sparse) {
    const inTime = step === "dispatch" ? servingOf(it, served).taken : null;
    it.token.forEach((t, at) => {
      if (t < 0 || (inTime && at % p >= inTime[Math.floor(at / p)])) return;
      const value = step === "combine" ? it.gate[at] : 1;
      below[at] = value;
      if (t < first || t >= first + rows) return;
      values[(t - first) * s + at] = value;
      cells?.push((t - first) * s + at);
      beside[t - first] += value;
      most = Math.max(most, value);
    });
  }
  return { values, cells, columns, short, least, most, beside, below, summed: step !== "score", n };
}

/**
 * What tokens choice has done after so many choices, all of them below 0: slots taken, choices turned away, the last one.
 *
 * @param {Explored} it
 * @param {number} served
 */
export function servingOf(it, served) {
  const queue = it.arrivals?.[0];
  if (!queue) return { taken: it.loads.expert, turned: new Int32Array(it.e), upTo: 0, total: 0, last: null };
  const upTo = served < 0 ? queue.length : Math.min(served, queue.length);
  const taken = new Int32Array(it.e);
  const turned = new Int32Array(it.e);
  for (let i = 0; i < upTo; i++) (queue[i].place < it.p ? taken : turned)[queue[i].expert]++;
  const away = queue.findIndex(({ place }, i) => i >= upTo && place >= it.p) + 1; // 0: no token is turned away any more
  return { taken, turned, upTo, total: queue.length, away, last: served > 0 ? queue[upTo - 1] : null };
}

/**
 * What each sparse router selects of the image's tokens: the experts of a token, with the rank of the choice where tokens
 * choose, and -1 where experts do.
 *
 * @param {SparseExplored} it
 */
export function selectedOf(it) {
  const { chosen, topK, first, rows, p } = it;
  /** @type {{ token: number, expert: number, rank: number }[]} */
  const marks = [];
  if (chosen)
    for (let t = 0; t < rows; t++)
      for (let rank = 0; rank < topK; rank++)
        marks.push({ token: t, expert: chosen.expert[(first + t) * topK + rank], rank });
  else
    it.token.forEach((t, at) => {
      if (t >= first && t < first + rows) marks.push({ token: t - first, expert: Math.floor(at / p), rank: -1 });
    });
  return marks;
}

/**
 * A token of the image from which most is learned: one that is dropped, or lost a choice, or that most slots see.
 *
 * @param {Explored} it
 */
export function exampleOf({ loads: { dropped, token }, arrivals, p, first, rows }) {
  const lost = dropped.subarray(first, first + rows).indexOf(1);
  if (lost >= 0) return lost;
  const away = arrivals?.[0].find((each) => each.place >= p && each.token >= first && each.token < first + rows);
  return away ? away.token - first : largestAmong(token, first, rows).top - first;
}

/**
 * The bars of the experts in a step: what they are asked for, compute or give, and hatched what comes on top of it.
 *
 * @param {Explored} it
 * @param {Step} step
 * @param {Serving} serving
 * @returns {{ name: string, solid: ArrayLike<number>, hatched: ArrayLike<number>, line: number, unit: string }}
 */
export function barsOf(it, step, serving) {
  const none = new Float64Array(it.e);
  if (step === "combine") {
    const given = new Float64Array(it.e);
    byExpert(it).combine.forEach((x, at) => (given[at % it.e] += x));
    return { name: "gives", solid: given, hatched: none, line: 0, unit: "" };
  }
  const { taken, turned } = serving;
  if (step === "select") {
    const away = it.arrivals ? turned : none;
    return { name: it.arrivals ? "asked" : "takes", solid: taken, hatched: away, line: it.sparse ? it.p : 0, unit: "" };
  }
  const empty = Float64Array.from(it.loads.expert, (load) => (it.dropless || !it.sparse ? 0 : it.p - load));
  const full = it.sparse ? it.loads.expert : none.map(() => it.p);
  return { name: "work", solid: full, hatched: empty, line: 0, unit: "" };
}

/**
 * Whether this step comes after the one that drops: experts choice selects what it takes, tokens choice fills up.
 *
 * @param {Explored} it
 * @param {Step} step
 */
export const fatesKnown = (it, step) => !it.sparse || STEPS.indexOf(step) >= (it.router === "experts choice" ? 2 : 3);

/**
 * Which of the image's tokens are dropped: all their choices were turned away, as far as they were served.
 *
 * @param {Explored} it
 * @param {Step} step
 * @param {number} served
 */
export function fatesOf(it, step, served) {
  if (!fatesKnown(it, step)) return new Uint8Array(it.rows);
  const out = it.loads.dropped.slice(it.first, it.first + it.rows);
  if (!it.arrivals || step !== "dispatch" || served < 0) return out;
  const waiting = new Uint8Array(it.n);
  it.arrivals[0].slice(served).forEach(({ token }) => (waiting[token] = 1));
  return out.map((dropped, t) => Number(dropped && !waiting[it.first + t]));
}

/**
 * Where a token of the group stands with an expert of a sparse router: its slot, -1 for none, and its arrival.
 *
 * @param {SparseExplored} it
 * @param {number} token
 * @param {number} expert
 */
export function placeOf(it, token, expert) {
  const slots = it.token.subarray(expert * it.p, (expert + 1) * it.p);
  const arrival = it.arrivals?.[0].find((a) => a.token === token && a.expert === expert);
  return { slot: slots.indexOf(token), arrival };
}

/** @typedef {{ dispatch: Float64Array, combine: Float64Array }} ByExpert */

/** @type {WeakMap<Explored, ByExpert>} */
const byExperts = new WeakMap();
const VIEWS = /** @type {const} */ (["dispatch", "combine"]);

/**
 * What each expert gives and takes of the image's tokens (rows, e): sums over its slots, which have no order.
 *
 * @param {Explored} it
 */
export function byExpert(it) {
  const known = byExperts.get(it);
  if (known) return known;
  const { e, p, s, first, rows } = it;
  const out = { dispatch: new Float64Array(rows * e), combine: new Float64Array(rows * e) };
  if (it.sparse)
    it.token.forEach((t, at) => {
      if (t < first || t >= first + rows) return;
      const to = (t - first) * e + Math.floor(at / p);
      out.dispatch[to] += 1;
      out.combine[to] += it.gate[at];
    });
  else
    for (const view of VIEWS)
      for (let i = 0; i < rows * s; i++)
        out[view][Math.floor(i / s) * e + Math.floor((i % s) / p)] += it[view][first * s + i];
  byExperts.set(it, out);
  return out;
}

/**
 * How many of the image's tokens are routed differently in two routings of it, and by how much at most.
 *
 * @param {Explored} one
 * @param {Explored} other
 */
export function changesBetween(one, other) {
  const [a, b] = [byExpert(one), byExpert(other)];
  const e = Math.max(one.e, other.e);
  let tokens = 0;
  let most = 0;
  for (let t = 0; t < one.rows; t++) {
    let change = 0;
    for (const view of VIEWS)
      for (let j = 0; j < e; j++) {
        const x = j < one.e ? a[view][t * one.e + j] : 0;
        const y = j < other.e ? b[view][t * other.e + j] : 0;
        change = Math.max(change, Math.abs(x - y));
      }
    // Sums in another order differ in the last digits, which is no other routing.
    if (change > 1e-5) tokens++;
    most = Math.max(most, change);
  }
  return { tokens, most: tokens ? most : 0 };
}

/**
 * How many of the image's tokens get another answer when the batch holds the images of `members` instead, and by which
 * share at most. A sparse answer changes by its gates. A soft one is of slots, each of which is a mix of tokens: what
 * it shares of a slot changes by the part of this mix that now is of other tokens.
 *
 * @param {Explored} before
 * @param {Explored} after
 * @param {number[]} members
 */
export function answersChanged(before, after, members) {
  if (before.sparse || after.sparse || before.images === 1) return changesBetween(after, before);
  const { n, s, rows, first } = before;
  const mixed = new Float64Array(s);
  const change = new Float64Array(n);
  for (let slot = 0; slot < s; slot++) {
    change.fill(0);
    for (let t = 0; t < n; t++) {
      change[t] -= before.dispatch[t * s + slot];
      change[members[Math.floor(t / rows)] * rows + (t % rows)] += after.dispatch[t * s + slot];
    }
    for (let t = 0; t < n; t++) mixed[slot] += Math.max(change[t], 0);
  }
  let tokens = 0;
  let most = 0;
  for (let t = first; t < first + rows; t++) {
    let share = 0;
    for (let slot = 0; slot < s; slot++) share += before.combine[t * s + slot] * mixed[slot];
    if (share > 1e-5) tokens++;
    most = Math.max(most, share);
  }
  return { tokens, most: tokens ? most : 0 };
}

/**
 * Orders of a batch in which one image keeps its position: the others shuffled, or each replaced by any other one.
 *
 * @param {number} images
 * @param {number} image
 * @param {number} seed
 * @param {string} kind
 */
export function otherMates(images, image, seed, kind) {
  const next = seeded(seed);
  const others = [...Array(images).keys()].filter((i) => i !== image);
  const pick = kind === "shuffled" ? [...others] : others.map(() => others[Math.floor(next() * others.length)]);
  if (kind === "shuffled")
    for (let i = pick.length - 1; i > 0; i--) {
      const j = Math.floor(next() * (i + 1));
      [pick[i], pick[j]] = [pick[j], pick[i]];
    }
  return [...Array(images).keys()].map((i) => (i === image ? image : /** @type {number} */ (pick.shift())));
}
