// What a lens knows of one image of one routing.

export const four = (x) => (Math.abs(x) < 5e-5 ? 0 : x).toFixed(4);
export const count = (x) => (Number.isInteger(x) ? String(x) : four(x));
export const short = (x) => {
  // Sums of softmax weights miss a whole number by rounding; a small weight is not 0.
  const whole = Math.round(x);
  if (x === 0 || (whole > 0 && Math.abs(x - whole) < 1e-4)) return String(whole);
  return x >= 9.95 ? x.toFixed(0) : x >= 1 ? x.toFixed(1) : x.toFixed(2);
};
export const plural = (x, word) => `${count(x)} ${word}${x === 1 ? "" : "s"}`;
export const sum = (values) => values.reduce((a, b) => a + b, 0);
/** The largest finite value, or at least `least`. */
export const largest = (values, least) => values.reduce((most, x) => (x > most && x < Infinity ? x : most), least);
// A host need not align what it received to four bytes, so bytes are copied before they become numbers.
const bytes = (view) => view.buffer.slice(view.byteOffset, view.byteOffset + view.byteLength);
const copies = new WeakMap();
const copied = (Kind) => (view) => copies.get(view) ?? copies.set(view, new Kind(bytes(view))).get(view);
export const floats = copied(Float32Array);
export const ints = copied(Int32Array);
export const octets = copied(Uint8Array);

/** Everything about one image of one routing: its weights, their sums, the fate of its tokens. */
export function look(entry, image) {
  const { tokens, experts, slots: p, images_per_group: images } = entry;
  const s = experts * p;
  const ids = entry.ids ? ints(entry.ids) : Int32Array.from({ length: tokens }, (_, t) => t);
  const n = ids.length;
  const size = n * s;
  const group = Math.floor(image / images);
  const row = new Int32Array(tokens).fill(-1);
  const it = { ...entry, n, p, s, group, ids, row, weights: {}, rows: {}, columns: {} };
  ids.forEach((t, r) => (row[t] = r));
  const counts = entry.counts && ints(entry.counts);
  const first = counts ? sum([...counts.subarray(0, image)]) : image * size;
  const index = counts && ints(entry.index).subarray(first, first + counts[image]);
  for (const view of ["dispatch", "combine"]) {
    const all = floats(entry[view]);
    const weights = counts ? new Float32Array(size) : all.subarray(first, first + size);
    if (counts) index.forEach((at, i) => (weights[at] = all[first + i]));
    it.weights[view] = weights;
    it.rows[view] = Array.from({ length: n }, (_, r) => sum(weights.subarray(r * s, (r + 1) * s)));
    it.columns[view] = floats(entry[`${view}_sums`]).subarray(group * s, (group + 1) * s);
  }
  if (entry.logits) {
    const wide = n * experts * entry.logits_slots;
    it.weights.logits = floats(entry.logits).subarray(image * wide, (image + 1) * wide);
  }
  if (entry.output) it.output = floats(entry.output).subarray(image * tokens, (image + 1) * tokens);
  it.fate = octets(entry.fate).subarray(image * tokens, (image + 1) * tokens);
  // Tokens that are not dropped and yet lost some of their choices; mixtures have none to lose.
  it.lost = it.choices ? [...ids].filter((t, r) => !it.fate[t] && it.rows.dispatch[r] < it.choices) : [];
  it.groupFate = octets(entry.fate).subarray(group * images * tokens, (group + 1) * images * tokens);
  it.groupLoad = Array.from({ length: experts }, (_, e) => sum(it.columns.dispatch.subarray(e * p, (e + 1) * p)));
  it.load = [...floats(entry.load).subarray(image * experts, (image + 1) * experts)];
  return it;
}

/** The weight of one token, and of each that is drawn, in the slots from `from` up to `to`. */
const weightOfRow = ({ weights, s }, view, r, from, to) => sum(weights[view].subarray(r * s + from, r * s + to));
export const weightOf = (it, view, t, from, to) => weightOfRow(it, view, it.row[t], from, to);
export const weightOfEach = (it, view, from, to) =>
  Array.from({ length: it.n }, (_, r) => weightOfRow(it, view, r, from, to));
export const weightByExpert = (it, view, t) =>
  Array.from({ length: it.experts }, (_, e) => weightOf(it, view, t, e * it.p, (e + 1) * it.p));

/** The logit of a token for what is selected, where there is one. */
export function logitOf(it, { token, expert, slot }) {
  if (!it.logits || token < 0 || expert < 0 || (slot < 0 && it.logits_slots > 1)) return null;
  const wide = it.experts * it.logits_slots;
  const own = it.logits_slots > 1 ? slot : 0;
  return it.weights.logits[it.row[token] * wide + expert * it.logits_slots + own];
}

/** First and last slot, expert-major, of what is selected; all slots if none is. */
export function span({ p, s }, { expert, slot }) {
  if (expert < 0) return [0, s];
  return slot < 0 ? [expert * p, (expert + 1) * p] : [expert * p + slot, expert * p + slot + 1];
}

// What of the weights an overlay and the sentences tell where the map shows logits or outputs.
export const told = (view) => (view === "combine" ? "combine" : "dispatch");
/** How many columns of the map belong to an expert. */
export const columnsOfExpert = (it, view) => (view === "output" ? 0 : view === "logits" ? it.logits_slots : it.p);
/** The drawn token nearest to a token. */
export const nearest = ({ ids, n, tokens }, t) => ids[Math.min(Math.round((t * n) / tokens), n - 1)];

const missesOne = (it, x) => !(Math.abs(x - 1) <= it.close);
/**
 * The rows and columns whose sum should be 1 and is not: each token's combine, each slot's dispatch. Where slots hold
 * one whole token or none, gates may sum to less than 1, not to more.
 */
export function offSums(it) {
  const off = { rows: new Set(), columns: new Set() };
  const wrong = (x) => missesOne(it, it.hard && x >= 0 ? Math.max(x, 1) : x);
  it.rows.combine.forEach((x, r) => it.fate[it.ids[r]] !== 2 && wrong(x) && off.rows.add(r));
  if (it.hard || it.groupFate.every((fate) => fate === 2)) return off;
  it.columns.dispatch.forEach((x, c) => missesOne(it, x) && off.columns.add(c));
  return off;
}

const WRONGS = [
  { sign: "<0", words: "negative", is: (x) => x < 0 && x > -Infinity },
  { sign: ">1", words: "over 1", is: (x, close) => x > 1 + close && x < Infinity },
  { sign: "NaN", words: "not a number", is: (x) => x !== x },
  { sign: "∞", words: "infinite", is: (x) => x === Infinity || x === -Infinity },
];
/** Weights that no softmax gives, by kind: where they stand in the map. Of logits only those that are not finite. */
export function wrongs(it, view) {
  const values = it.weights[view];
  const columns = it.experts * columnsOfExpert(it, view);
  const found = WRONGS.slice(view === "logits" ? 2 : 0).map((kind) => ({ ...kind, at: [] }));
  for (let i = 0; values && i < values.length; i++) {
    const x = values[i];
    if (x >= 0 && x <= 1) continue;
    const kind = found.find((k) => k.is(x, it.close));
    if (kind && it.fate[it.ids[Math.floor(i / columns)]] !== 2) kind.at.push(i);
  }
  return found.filter((kind) => kind.at.length);
}

/** The largest difference from the reference of the same image, and where it stands. */
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
