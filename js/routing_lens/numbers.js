// What a lens knows of one image of one routing.

import { floats, ints, octets } from "../shared/bytes.js";

/** @import { Place } from "../shared/selection.js" */

/** @typedef {"logits" | "dispatch" | "combine" | "output"} View What the map shows. */

/** @typedef {"dispatch" | "combine"} Weights */

/**
 * One routing as Python packs it (`softmoe_edu.widgets.packing.Entry`): sizes as numbers, arrays as bytes.
 *
 * @typedef {object} Entry
 * @property {string} router
 * @property {string} layer
 * @property {number} step
 * @property {number} tokens Of an image.
 * @property {number} experts
 * @property {number} slots Of an expert.
 * @property {number} images_per_group
 * @property {number[]} grid
 * @property {string} note Why there is nothing to draw; then all that follows is missing.
 * @property {View[]} views
 * @property {boolean} hard Whether slots hold whole tokens.
 * @property {string[]} unmixed Weights that are choices where a softmax mixes.
 * @property {number} close How far a sum may be from 1.
 * @property {number} dropped Share of the tokens.
 * @property {number} choices Slots that a token fills which lost none of its choices; 0 where that is not known.
 * @property {"tokens" | "experts" | "either" | ""} [chooser] Who chose, "" where no known rule gives this routing.
 * @property {number} [asks] Experts that each token asked for.
 * @property {"position" | "gate" | "either" | ""} [priority] What decided which token came first.
 * @property {DataView} [holders] The token of the group in each slot, -1 for none.
 * @property {DataView} [gates] Of each token of a group and expert.
 * @property {DataView} [ids] The tokens that are drawn, where not all are.
 * @property {number} [capacity] Slots of an expert, where `slots` are only those that the drawn tokens fill.
 * @property {DataView} [group_load] Of each group's tokens on each expert, where slots are missing that would tell it.
 * @property {DataView} fate
 * @property {DataView} load
 * @property {DataView} dispatch
 * @property {DataView} dispatch_sums
 * @property {number} dispatch_least
 * @property {number} dispatch_most
 * @property {DataView} combine
 * @property {DataView} combine_sums
 * @property {number} combine_least
 * @property {number} combine_most
 * @property {DataView} [counts] How many weights of each image are sent, where most are 0.
 * @property {DataView} [index] Where those stand in the image's map.
 * @property {DataView} [logits]
 * @property {number} logits_slots
 * @property {number} logits_least
 * @property {number} logits_most
 * @property {DataView} [output]
 * @property {number} output_most
 */

/** @typedef {{ sign: string, words: string, at: number[] }} Wrong Weights of one kind that no softmax produces. */

/**
 * Everything about one image of one routing: its weights, their sums, the fate of its tokens.
 *
 * @typedef {Omit<Entry, "ids" | "fate" | "load" | "output" | "holders" | "gates" | "capacity" | "group_load"> & Seen} Look
 */

/**
 * @typedef {object} Seen
 * @property {number} n Tokens that are drawn.
 * @property {number} p Slots of an expert.
 * @property {number} s All slots.
 * @property {number} group
 * @property {Int32Array} ids The drawn tokens, one for each row of the map.
 * @property {Int32Array} row The row of each token, -1 for none.
 * @property {Partial<Record<View, Float32Array>> & Record<Weights, Float32Array>} weights
 * @property {Partial<Record<View, number[]>> & Record<Weights, number[]>} rows Sums.
 * @property {Partial<Record<View, Float32Array>> & Record<Weights, Float32Array>} columns Sums.
 * @property {Float32Array | null} output
 * @property {number} image
 * @property {"image" | "text" | "group"} what What an image is called.
 * @property {Int32Array | null} holders The token of the group in each slot, -1 for none, where slots hold whole tokens.
 * @property {Float32Array | null} gates Of each token of the group and expert.
 * @property {Uint8Array} fate Of each token: 0 routed, 1 dropped, 2 padding.
 * @property {Uint8Array} groupFate
 * @property {number[]} lost Tokens in fewer slots than they chose.
 * @property {number[]} load
 * @property {number[]} groupLoad
 * @property {number} capacity Slots of an expert, drawn or not.
 * @property {boolean} sampled Whether only slots that the drawn tokens fill are there.
 * @property {string[] | null} words
 * @property {Look | null} reference The same image through the reference.
 * @property {{ rows: Set<number>, columns: Set<number> }} off Rows and columns whose sum should be 1 and is not.
 * @property {Wrong[]} wrongs
 */

/** @param {number} x */
export const four = (x) => (Math.abs(x) < 5e-5 ? 0 : x).toFixed(4);
/**
 * A weight, which may be small and is then not 0.
 *
 * @param {number} x
 */
export const weight = (x) => (x !== 0 && Math.abs(x) < 1e-4 ? x.toExponential(1) : x.toFixed(4));
/** @param {number} x */
export const count = (x) => (Number.isInteger(x) ? String(x) : four(x));
/** @param {number} x */
export const short = (x) => {
  // Sums of softmax weights miss a whole number by rounding; a small weight is not 0.
  const whole = Math.round(x);
  if (x === 0 || (whole > 0 && Math.abs(x - whole) < 1e-4)) return String(whole);
  return x >= 9.95 ? x.toFixed(0) : x >= 1 ? x.toFixed(1) : x.toFixed(2);
};
/**
 * @param {number} x
 * @param {string} word
 */
export const plural = (x, word) => `${count(x)} ${word}${x === 1 ? "" : "s"}`;
/** @param {ArrayLike<number>} values */
export function sum(values) {
  let whole = 0;
  for (let i = 0; i < values.length; i++) whole += values[i];
  return whole;
}
/**
 * Look at one image of one routing; what is compared, called by words or marked is filled in by who knows of it.
 *
 * @param {Entry} entry
 * @param {number} image
 * @returns {Look}
 */
export function look(entry, image) {
  const { tokens, experts, slots: p, images_per_group: images } = entry;
  const s = experts * p;
  const ids = entry.ids ? ints(entry.ids) : Int32Array.from({ length: tokens }, (_, t) => t);
  const n = ids.length;
  const size = n * s;
  const group = Math.floor(image / images);
  const wide = images * tokens * experts;
  const row = new Int32Array(tokens).fill(-1);
  ids.forEach((t, r) => (row[t] = r));
  const counts = entry.counts && ints(entry.counts);
  const first = counts ? sum([...counts.subarray(0, image)]) : image * size;
  const index = counts && entry.index && ints(entry.index).subarray(first, first + counts[image]);

  const weightsOf = (/** @type {Weights} */ view) => {
    const all = floats(entry[view]);
    if (!index) return all.subarray(first, first + size);
    const weights = new Float32Array(size);
    index.forEach((at, i) => (weights[at] = all[first + i]));
    return weights;
  };
  const sumsOfRows = (/** @type {Weights} */ view) =>
    Array.from({ length: n }, (_, r) => sum(weights[view].subarray(r * s, (r + 1) * s)));
  const sumsOfColumns = (/** @type {Weights} */ view) =>
    floats(entry[`${view}_sums`]).subarray(group * s, (group + 1) * s);
  /** @type {Look["weights"]} */
  const weights = { dispatch: weightsOf("dispatch"), combine: weightsOf("combine") };
  const rows = { dispatch: sumsOfRows("dispatch"), combine: sumsOfRows("combine") };
  const columns = { dispatch: sumsOfColumns("dispatch"), combine: sumsOfColumns("combine") };
  if (entry.logits) {
    const own = n * experts * entry.logits_slots;
    weights.logits = floats(entry.logits).subarray(image * own, (image + 1) * own);
  }
  const fate = octets(entry.fate).subarray(image * tokens, (image + 1) * tokens);
  return {
    ...entry,
    n,
    p,
    s,
    group,
    ids,
    row,
    weights,
    rows,
    columns,
    fate,
    groupFate: octets(entry.fate).subarray(group * images * tokens, (group + 1) * images * tokens),
    output: entry.output ? floats(entry.output).subarray(image * tokens, (image + 1) * tokens) : null,
    image,
    what: "image",
    holders: entry.holders ? ints(entry.holders).subarray(group * s, (group + 1) * s) : null,
    gates: entry.gates ? floats(entry.gates).subarray(group * wide, (group + 1) * wide) : null,
    // Tokens that are not dropped and yet lost some of their choices; mixtures have none to lose.
    lost: entry.choices ? [...ids].filter((t, r) => !fate[t] && rows.dispatch[r] < entry.choices) : [],
    capacity: entry.capacity ?? p,
    sampled: entry.capacity !== undefined,
    groupLoad: entry.group_load
      ? [...floats(entry.group_load).subarray(group * experts, (group + 1) * experts)]
      : Array.from({ length: experts }, (_, e) => sum(columns.dispatch.subarray(e * p, (e + 1) * p))),
    load: [...floats(entry.load).subarray(image * experts, (image + 1) * experts)],
    words: null,
    reference: null,
    off: { rows: new Set(), columns: new Set() },
    wrongs: [],
  };
}

/**
 * Whether the panel of tokens shows the drawn words alone: thousands of words would be a page of their own.
 *
 * @param {Look} it
 */
export const condensed = (it) => Boolean(it.sampled && it.words);

/**
 * Where a token stands among the words or patches of its panel; -1 where it does not.
 *
 * @param {Look} it
 * @param {number} token
 */
export const placeOf = (it, token) => (condensed(it) ? (it.row[token] ?? -1) : token);

/**
 * The least and the most that the map of a view shows.
 *
 * @param {Look} it
 * @param {View} view
 */
export function extremesOf(it, view) {
  if (view === "output") return { least: 0, most: it.output_most };
  return { least: it[`${view}_least`], most: it[`${view}_most`] };
}

/**
 * The weight of a row in the slots from `from` up to `to`.
 *
 * @param {Look} it
 * @param {Weights} view
 * @param {number} r
 * @param {number} from
 * @param {number} to
 */
const weightOfRow = ({ weights, s }, view, r, from, to) => sum(weights[view].subarray(r * s + from, r * s + to));
/**
 * @param {Look} it
 * @param {Weights} view
 * @param {number} t
 * @param {number} from
 * @param {number} to
 */
export const weightOf = (it, view, t, from, to) => weightOfRow(it, view, it.row[t], from, to);
/**
 * @param {Look} it
 * @param {Weights} view
 * @param {number} from
 * @param {number} to
 */
export const weightOfEach = (it, view, from, to) =>
  Array.from({ length: it.n }, (_, r) => weightOfRow(it, view, r, from, to));
/**
 * @param {Look} it
 * @param {Weights} view
 * @param {number} t
 */
export const weightByExpert = (it, view, t) =>
  Array.from({ length: it.experts }, (_, e) => weightOf(it, view, t, e * it.p, (e + 1) * it.p));

/**
 * The logit of a token for what is selected, where there is one.
 *
 * @param {Look} it
 * @param {Place} at
 */
export function logitOf(it, { token, expert, slot }) {
  if (!it.weights.logits || token < 0 || expert < 0 || (slot < 0 && it.logits_slots > 1)) return null;
  const wide = it.experts * it.logits_slots;
  const own = it.logits_slots > 1 ? slot : 0;
  return it.weights.logits[it.row[token] * wide + expert * it.logits_slots + own];
}

/**
 * First and last slot, expert-major, of what is selected; all slots if none is.
 *
 * @param {Look} it
 * @param {Place} at
 * @returns {[from: number, to: number]}
 */
export function span({ p, s }, { expert, slot }) {
  if (expert < 0) return [0, s];
  return slot < 0 ? [expert * p, (expert + 1) * p] : [expert * p + slot, expert * p + slot + 1];
}

/**
 * Whether the gates are known; of a server's trace, which holds choices alone, combine is 0 and is not shown.
 *
 * @param {Look} it
 */
export const knowsGates = (it) => it.views.includes("combine");

// What of the weights an overlay and the sentences tell where the map shows logits or outputs.
/**
 * @param {View} view
 * @returns {Weights}
 */
export const told = (view) => (view === "combine" ? "combine" : "dispatch");
/**
 * How many columns of the map belong to an expert.
 *
 * @param {Look} it
 * @param {View} view
 */
export const columnsOfExpert = (it, view) => (view === "output" ? 0 : view === "logits" ? it.logits_slots : it.p);
/**
 * The drawn token nearest to a token.
 *
 * @param {Look} it
 * @param {number} t
 */
export const nearest = ({ ids, n, tokens }, t) => ids[Math.min(Math.round((t * n) / tokens), n - 1)];

/**
 * @param {Look} it
 * @param {number} x
 */
const missesOne = (it, x) => !(Math.abs(x - 1) <= it.close);
/**
 * The rows and columns whose sum should be 1 and is not: each token's combine, each slot's dispatch. Where slots hold
 * one whole token or none, gates may sum to less than 1, not to more.
 *
 * @param {Look} it
 */
export function offSums(it) {
  /** @type {Look["off"]} */
  const off = { rows: new Set(), columns: new Set() };
  const wrong = (/** @type {number} */ x) => missesOne(it, it.hard && x >= 0 ? Math.max(x, 1) : x);
  it.rows.combine.forEach((x, r) => it.fate[it.ids[r]] !== 2 && wrong(x) && off.rows.add(r));
  if (it.hard || it.groupFate.every((fate) => fate === 2)) return off;
  it.columns.dispatch.forEach((x, c) => missesOne(it, x) && off.columns.add(c));
  return off;
}

/** @type {{ sign: string, words: string, is: (x: number, close: number) => boolean }[]} */
const WRONGS = [
  { sign: "<0", words: "negative", is: (x) => x < 0 && x > -Infinity },
  { sign: ">1", words: "over 1", is: (x, close) => x > 1 + close && x < Infinity },
  { sign: "NaN", words: "not a number", is: (x) => x !== x },
  { sign: "∞", words: "infinite", is: (x) => x === Infinity || x === -Infinity },
];
/**
 * Weights that no softmax produces, by kind: where they stand in the map. Of logits only those that are not finite.
 *
 * @param {Look} it
 * @param {View} view
 * @returns {Wrong[]}
 */
export function wrongs(it, view) {
  const values = it.weights[view] ?? [];
  const columns = it.experts * columnsOfExpert(it, view);
  const found = WRONGS.slice(view === "logits" ? 2 : 0).map((kind) => ({ ...kind, at: /** @type {number[]} */ ([]) }));
  for (let i = 0; i < values.length; i++) {
    const x = values[i];
    if (x >= 0 && x <= 1) continue;
    const kind = found.find((k) => k.is(x, it.close));
    if (kind && it.fate[it.ids[Math.floor(i / columns)]] !== 2) kind.at.push(i);
  }
  return found.filter((kind) => kind.at.length);
}

/**
 * The largest difference from the reference of the same image, and where it stands.
 *
 * @param {Look} it
 * @param {Weights} view
 */
export function difference(it, view) {
  const worst = { by: 0, at: -1 };
  const a = it.weights[view];
  const b = it.reference?.weights[view];
  for (let i = 0; b && i < a.length; i++) {
    const by = Math.abs(a[i] - b[i]);
    if (!(by <= worst.by)) Object.assign(worst, { by, at: i });
    if (by !== by) break;
  }
  return worst;
}
