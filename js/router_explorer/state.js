// What a RouterExplorer knows: a batch of scores, cut to the experts and slots in use, routed, and read step by step.
// Pure functions.

import { firstOf, loads, macsOf, normalNoise, seeded } from "../arithmetic/facts.js";
import { isSparse, route } from "../arithmetic/routing.js";

export const STEPS = ["score", "normalise", "select", "dispatch", "compute", "combine"];
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
/** Which controls a router listens to; the others are greyed out. */
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

/** Values that are made once for a key and kept while it is asked for again; few are kept. */
export function keeper(most) {
  const kept = new Map();
  return (key, make) => {
    if (!kept.has(key)) {
      if (kept.size >= most) kept.delete(kept.keys().next().value);
      kept.set(key, make());
    }
    return kept.get(key);
  };
}

/** A batch as it came, which remembers its noise and its cuts to fewer experts and slots. */
export const batchOf = (logits, sizes) => ({ ...sizes, logits, keep: keeper(6) });

function cutOf(batch, what, { num_experts, slots_per_expert, seed }) {
  const whole = () =>
    what === "logits" ? batch.logits : batch.keep(`noise ${seed}`, () => normalNoise(seed, batch.logits.length));
  if (num_experts === batch.e && slots_per_expert === batch.p) return whole();
  const key = [what, num_experts, slots_per_expert, what === "noise" && seed].join();
  return batch.keep(key, () => firstOf(whole(), batch, num_experts, slots_per_expert));
}

/**
 * Route the group of one image: the image alone, or the batch with its images in the order of `members`, in which the
 * image keeps its own place. Gives the routing of this one group with the image's rows from `first`, or {error}.
 */
export function explore(batch, settings, image, members = null) {
  const alone = settings.group !== "whole batch";
  const { num_experts: e, slots_per_expert: p } = settings;
  const images = alone ? 1 : batch.b;
  const wide = batch.n * e * p;
  const gather = (values) => {
    if (alone) return values.subarray(image * wide, (image + 1) * wide);
    if (!members) return values;
    const out = new Float32Array(values.length);
    members.forEach((from, at) => out.set(values.subarray(from * wide, (from + 1) * wide), at * wide));
    return out;
  };
  try {
    const noise = settings.noise > 0 ? gather(cutOf(batch, "noise", settings)) : null;
    const it = route(
      gather(cutOf(batch, "logits", settings)),
      { b: 1, n: batch.n * images, e, p },
      {
        router: settings.router,
        scale: settings.scale,
        noise,
        noiseStd: settings.noise,
        topK: settings.top_k,
        gating: settings.gating,
        capacityFactor: settings.capacity_factor,
        priority: settings.priority,
      },
    );
    const given = cutOf(batch, "logits", settings);
    const drawn = noise && cutOf(batch, "noise", settings);
    Object.assign(it, { settings, images, image, rows: batch.n, first: alone ? 0 : image * batch.n, s: e * it.p });
    Object.assign(it, { given, drawn, givenSlots: p, dim: batch.dim, hiddenDim: batch.hidden_dim });
    it.loads = loads(it);
    it.macs = macsOf(it, { dim: batch.dim, hiddenDim: batch.hidden_dim, images });
    return it;
  } catch (error) {
    if (error instanceof RangeError) return { error: error.message };
    throw error;
  }
}

/** Sizes of a map: its columns are experts before tokens move in a sparse router, and slots otherwise. */
const ofExperts = (it, step) => it.sparse && STEPS.indexOf(step) < 3;

/** Weights (n, e) that a sparse router selects, before an expert can be full. */
function selected(it) {
  const out = new Float32Array(it.n * it.e);
  if (it.chosen) it.chosen.expert.forEach((e, i) => (out[Math.floor(i / it.topK) * it.e + e] = it.chosen.gate[i]));
  else it.token.forEach((t, at) => t >= 0 && (out[t * it.e + Math.floor(at / it.p)] = it.gate[at]));
  return out;
}

/** The map of a step: the image's rows, and the sums of all rows and columns, these over the whole group. */
export function mapOf(it, step, served) {
  const { e, p, s, n, first, rows } = it;
  const short = ofExperts(it, step);
  const columns = short ? e : s;
  const blank = ["uniform", "identity"].includes(it.router);
  const view = step === "combine" ? "combine" : "dispatch";
  const below = new Float64Array(columns);
  const beside = new Float64Array(rows);
  let all = null;
  let values = null;
  let least = step === "score" ? Infinity : 0;
  let most = step === "score" ? -Infinity : 0;
  if (blank && (step === "score" || (short && step === "normalise"))) all = new Float32Array(n * columns);
  else if (step === "score") all = it.scores;
  else if (short && step === "normalise") all = it.gates;
  else if (short) all = selected(it);
  else if (!it.sparse) all = it[view];
  if (all) {
    values = all.subarray(first * columns, (first + rows) * columns);
    for (let i = 0, r = 0; r < n; r++) for (let c = 0; c < columns; c++, i++) below[c] += all[i];
    for (let i = 0, r = 0; r < rows; r++)
      for (let c = 0; c < columns; c++, i++) {
        const value = values[i];
        if (value !== 0) beside[r] += value;
        if (value < least) least = value;
        if (value > most) most = value;
      }
  } else {
    values = new Float32Array(rows * columns);
    const inTime = step === "dispatch" ? servingOf(it, served).taken : null;
    it.token.forEach((t, at) => {
      if (t < 0 || (inTime && at % p >= inTime[Math.floor(at / p)])) return;
      const value = view === "dispatch" ? 1 : it.gate[at];
      below[at] = value;
      if (t < first || t >= first + rows) return;
      values[(t - first) * s + at] = value;
      beside[t - first] += value;
      most = Math.max(most, value);
    });
  }
  return { values, columns, short, least, most, beside, below, summed: step !== "score", n };
}

/** What tokens choice has done after so many choices, all of them below 0: places taken, turned away, the last one. */
export function servingOf(it, served) {
  const queue = it.arrivals?.[0];
  if (!queue) return { taken: it.loads.expert, turned: new Int32Array(it.e), upTo: 0, total: 0, last: null };
  const upTo = served < 0 ? queue.length : Math.min(served, queue.length);
  const taken = new Int32Array(it.e);
  const turned = new Int32Array(it.e);
  for (let i = 0; i < upTo; i++) (queue[i].place < it.p ? taken : turned)[queue[i].expert]++;
  const away = queue.findIndex(({ place }, i) => i >= upTo && place >= it.p) + 1; // 0: nobody is turned away any more
  return { taken, turned, upTo, total: queue.length, away, last: served > 0 ? queue[upTo - 1] : null };
}

/** Whether this step comes after the one that drops: experts choice selects what it takes, tokens choice fills up. */
export const fatesKnown = (it, step) => !it.sparse || STEPS.indexOf(step) >= (it.router === "experts choice" ? 2 : 3);

/** Which of the image's tokens are dropped: all their choices were turned away, as far as they were served. */
export function fatesOf(it, step, served) {
  if (!fatesKnown(it, step)) return new Uint8Array(it.rows);
  const out = it.loads.dropped.slice(it.first, it.first + it.rows);
  if (!it.arrivals || step !== "dispatch" || served < 0) return out;
  const waiting = new Uint8Array(it.n);
  it.arrivals[0].slice(served).forEach(({ token }) => (waiting[token] = 1));
  return out.map((dropped, t) => dropped && !waiting[it.first + t]);
}

/** Where a token of the group stands with an expert of a sparse router: its slot, -1 for none, and its arrival. */
export function placeOf(it, token, expert) {
  const slots = it.token.subarray(expert * it.p, (expert + 1) * it.p);
  const arrival = it.arrivals?.[0].find((a) => a.token === token && a.expert === expert);
  return { slot: slots.indexOf(token), arrival };
}

/** What each expert gives and takes of the image's tokens (rows, e): sums over its slots, which have no order. */
export function byExpert(it) {
  if (it.byExpert) return it.byExpert;
  const { e, p, s, first, rows } = it;
  const empty = () => new Float64Array(rows * e);
  const out = { dispatch: empty(), combine: empty() };
  if (it.sparse)
    it.token.forEach((t, at) => {
      if (t < first || t >= first + rows) return;
      const to = (t - first) * e + Math.floor(at / p);
      out.dispatch[to] += 1;
      out.combine[to] += it.gate[at];
    });
  else
    for (const view of ["dispatch", "combine"])
      for (let i = 0; i < rows * s; i++)
        out[view][Math.floor(i / s) * e + Math.floor((i % s) / p)] += it[view][first * s + i];
  return (it.byExpert = out);
}

/** How many of the image's tokens are routed otherwise in two routings of it, and by how much at most. */
export function changesBetween(one, other) {
  const [a, b] = [byExpert(one), byExpert(other)];
  const e = Math.max(one.e, other.e);
  let tokens = 0;
  let most = 0;
  for (let t = 0; t < one.rows; t++) {
    let change = 0;
    for (const view of ["dispatch", "combine"])
      for (let j = 0; j < e; j++) {
        const [x, y] = [
          [a, one],
          [b, other],
        ].map(([sums, it]) => (j < it.e ? sums[view][t * it.e + j] : 0));
        change = Math.max(change, Math.abs(x - y));
      }
    // Sums in another order differ in the last digits, which is no other routing.
    if (change > 1e-5) tokens++;
    most = Math.max(most, change);
  }
  return { tokens, most: tokens ? most : 0 };
}

/**
 * How many of the image's tokens get another answer when the batch's places hold the images of `members`, and by which
 * share at most. A sparse answer changes by its gates. A soft one is of slots, each of which is a mix of tokens: what
 * it shares of a slot changes by the part of this mix that now is of other tokens.
 */
export function answersChanged(before, after, members) {
  if (before.sparse || before.images === 1) return changesBetween(after, before);
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

/** Orders of a batch in which one image keeps its place: the others shuffled, or each replaced by any other one. */
export function otherMates(images, image, seed, kind) {
  const next = seeded(seed);
  const others = [...Array(images).keys()].filter((i) => i !== image);
  const pick = kind === "shuffled" ? [...others] : others.map(() => others[Math.floor(next() * others.length)]);
  if (kind === "shuffled")
    for (let i = pick.length - 1; i > 0; i--) {
      const j = Math.floor(next() * (i + 1));
      [pick[i], pick[j]] = [pick[j], pick[i]];
    }
  return [...Array(images).keys()].map((i) => (i === image ? image : pick.shift()));
}
