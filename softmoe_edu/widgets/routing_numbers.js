// What a lens knows of one image of one routing, and its sentences. Joined between painting.js and routing_lens.js.

const four = x => x.toFixed(4);
const count = x => (Number.isInteger(x) ? String(x) : four(x));
const short = x => {
  // Sums of softmax weights miss a whole number by rounding; a small weight is not 0.
  const whole = Math.round(x);
  if (x === 0 || (whole > 0 && Math.abs(x - whole) < 1e-4)) return String(whole);
  return x >= 9.95 ? x.toFixed(0) : x >= 1 ? x.toFixed(1) : x.toFixed(2);
};
const FATES = ["", "dropped", "padding"];
const plural = (x, word) => `${count(x)} ${word}${x === 1 ? "" : "s"}`;
const sum = values => values.reduce((a, b) => a + b, 0);
// A host need not align what it received to four bytes, so bytes are copied before they become floats.
const bytes = view => view.buffer.slice(view.byteOffset, view.byteOffset + view.byteLength);
const copies = new WeakMap();
const floats = view => copies.get(view) ?? copies.set(view, new Float32Array(bytes(view))).get(view);

/** Everything about one image of one routing: its weights, their sums, the fate of its tokens. */
function look(entry, image) {
  const { tokens: n, experts, slots: p, images_per_group: images } = entry, s = experts * p, size = n * s;
  const group = Math.floor(image / images), it = { ...entry, n, p, s, group, weights: {}, rows: {}, columns: {} };
  const counts = entry.counts && new Int32Array(bytes(entry.counts));
  const first = counts ? sum([...counts.subarray(0, image)]) : image * size;
  const index = counts && new Int32Array(bytes(entry.index)).subarray(first, first + counts[image]);
  for (const view of ["dispatch", "combine"]) {
    const all = floats(entry[view]), weights = counts ? new Float32Array(size) : all.subarray(first, first + size);
    if (counts) index.forEach((at, i) => (weights[at] = all[first + i]));
    it.weights[view] = weights;
    it.rows[view] = Array.from({ length: n }, (_, t) => sum(weights.subarray(t * s, (t + 1) * s)));
    it.columns[view] = floats(entry[`${view}_sums`]).subarray(group * s, (group + 1) * s);
  }
  it.fate = new Uint8Array(bytes(entry.fate)).subarray(image * n, (image + 1) * n);
  it.groupLoad = Array.from({ length: experts }, (_, e) => sum(it.columns.dispatch.subarray(e * p, (e + 1) * p)));
  it.load = Array.from({ length: experts }, (_, e) => sum(weightOfEach(it, "dispatch", e * p, (e + 1) * p)));
  return it;
}

/** The weight of one token, and of each, in the slots from `from` up to `to`. */
const weightOf = ({ weights, s }, view, t, from, to) => sum(weights[view].subarray(t * s + from, t * s + to));
const weightOfEach = (it, view, from, to) => Array.from({ length: it.n }, (_, t) => weightOf(it, view, t, from, to));

/** First and last slot, expert-major, of what is selected; all slots if none is. */
function span({ p, s }, { expert, slot }) {
  if (expert < 0) return [0, s];
  return slot < 0 ? [expert * p, (expert + 1) * p] : [expert * p + slot, expert * p + slot + 1];
}

/** The status line: what is selected, in numbers. */
function sentence(it, { token, expert, slot }, view) {
  if (token < 0 && expert < 0) return "Point at a token, a weight, a slot or an expert; click to pin it.";
  const columns = it.grid[1], grouped = it.images_per_group > 1, names = [], facts = [];
  const [from, to] = span(it, { expert, slot }), each = weightOfEach(it, view, from, to);
  if (token >= 0)
    names.push(`token ${token}` + (columns ? ` (row ${Math.floor(token / columns)}, column ${token % columns})` : ""));
  if (expert >= 0) names.push(`expert ${expert}`);
  if (slot >= 0) names.push(`slot ${slot}`);

  if (token >= 0 && expert >= 0)
    facts.push(["dispatch", "combine"].map(v => `${v} ${four(weightOf(it, v, token, from, to))}`).join(", "));
  if (token >= 0) {
    const slots = plural(it.rows.dispatch[token], "slot"), answer = four(it.rows.combine[token]);
    const fate = it.fate[token] ? `is ${FATES[it.fate[token]]}: it ` : "";
    facts.push(`token ${token} ${fate}fills ${slots}, its combine sums to ${answer}`);
  }
  if (slot >= 0) {
    const own = grouped ? `, ${four(sum(each))} of it from this image` : "";
    facts.push(`slot's ${view} sums to ${four(it.columns[view][from])}${own}`);
  } else if (expert >= 0) {
    const whole = grouped ? ` of its group's ${count(it.groupLoad[expert])}` : "";
    const what = `receives ${count(it.load[expert])}${whole} tokens' worth in ${plural(it.p, "slot")}`;
    facts.push(token < 0 ? what : `expert ${what}`);
  }
  if (token < 0) {
    const top = each.indexOf(Math.max(...each));
    facts.push(each[top] > 0 ? `most ${view} at token ${top}: ${four(each[top])}` : `no ${view} from this image`);
  }
  return `${names.join(", ")}: ${facts.join("; ")}`;
}

/** What is true of the whole image: dropped tokens, and sums that show a wrong softmax. */
function caption(it, view) {
  const among = fate => [...it.fate.keys()].filter(t => it.fate[t] === fate);
  const some = list => (list.length ? ` (${list.slice(0, 8).join(", ")}${list.length > 8 ? ", …" : ""})` : "");
  const range = list => {
    const low = four(Math.min(...list)), high = four(Math.max(...list));
    return low === high ? low : `${low} to ${high}`;
  };
  const dropped = among(1), padding = among(2), real = it.rows[view].filter((_, t) => it.fate[t] !== 2);
  const pads = padding.length ? ` ${padding.length} padding${some(padding)}.` : "";
  const group = it.images_per_group > 1 ? ` over the ${it.images_per_group} images of the group` : "";
  return `${dropped.length} of ${real.length} tokens dropped${some(dropped)}.${pads} ` +
    `Sums of ${view}: rows ${real.length ? range(real) : "none"}, columns ${range([...it.columns[view]])}${group}.`;
}

const loadNote = it =>
  "Load: tokens' worth that each expert receives" +
  (it.images_per_group > 1 ? ", solid from this image, pale from its whole group" : "") +
  (it.hard ? `; dashed line: the capacity of ${plural(it.p, "slot")}. ` : ". ") +
  "Below: the weight of the selected token in each expert.";
