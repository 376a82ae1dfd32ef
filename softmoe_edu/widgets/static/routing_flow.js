// js/arithmetic/facts.js
function expertsOf(values, { b, n, e, p }, experts, slots) {
  if (experts === e && slots === p) return values;
  const out = new Float32Array(b * n * experts * slots);
  for (let j = 0; j < experts; j++)
    for (let image = 0; image < b; image++) {
      const dealt = j < e ? null : dealtOf(image, j, n);
      for (let t = 0; t < n; t++) {
        const from = ((image * n + (dealt ? dealt[t] : t)) * e + j % e) * p;
        const to = ((image * n + t) * experts + j) * slots;
        for (let q = 0; q < slots; q++) out[to + q] = values[from + q];
      }
    }
  return out;
}
function dealtOf(image, expert, n) {
  const next = seeded(image * 65536 + expert);
  const order = Uint32Array.from({ length: n }, (_, t) => t);
  for (let i = n - 1; i > 0; i--) {
    const j = Math.floor(next() * (i + 1));
    [order[i], order[j]] = [order[j], order[i]];
  }
  return order;
}
function seeded(seed) {
  let state = seed >>> 0;
  return () => {
    state = state + 1831565813 >>> 0;
    let x = Math.imul(state ^ state >>> 15, 1 | state);
    x = x + Math.imul(x ^ x >>> 7, 61 | x) ^ x;
    return ((x ^ x >>> 14) >>> 0) / 2 ** 32;
  };
}
function denseWeights(routing, view) {
  if (!routing.sparse) return routing[view];
  const { b, n, e, p, token, gate } = routing;
  const out = new Float32Array(b * n * e * p);
  const s = e * p;
  for (let at = 0; at < token.length; at++) {
    const g = Math.floor(at / s);
    if (token[at] >= 0) out[(g * n + token[at]) * s + at % s] = view === "dispatch" ? 1 : gate[at];
  }
  return out;
}

// js/arithmetic/routing.js
var ROUTERS = [
  "soft",
  "tokens choice",
  "experts choice",
  "uniform",
  "identity",
  "uniform / soft",
  "soft / uniform"
];
var GATINGS = ["vmoe", "switch", "gshard", "top_k_then_softmax"];
var PRIORITIES = ["position", "gate"];
var isSparse = (router) => ["tokens choice", "experts choice", "identity"].includes(router);
function roundHalfToEven(x) {
  const low = Math.floor(x);
  const rest = x - low;
  return rest > 0.5 || rest === 0.5 && low % 2 !== 0 ? low + 1 : low;
}
function capacityFor(tokens, experts, { topK = 1, factor = 1, rounding = "ceil", multipleOf = 1 } = {}) {
  const share = tokens * topK * factor / experts;
  const capacity = rounding === "ceil" ? Math.ceil(share) : roundHalfToEven(share);
  if (!(capacity >= 1))
    throw new RangeError(
      `capacity must be at least 1 slot per expert, got ${capacity} from ${tokens} tokens x top_k ${topK} x factor ${factor} / ${experts} experts: raise the capacity factor or use fewer experts`
    );
  return multipleOf > 0 ? Math.ceil(capacity / multipleOf) * multipleOf : capacity;
}
function scoresInUse(logits, { scale = 1, noise = null, noiseStd = 0 } = {}) {
  const out = new Float32Array(logits.length);
  const by = Math.fround(scale);
  const std = Math.fround(noiseStd);
  for (let i = 0; i < out.length; i++) out[i] = by * logits[i];
  if (noise && noiseStd > 0) for (let i = 0; i < out.length; i++) out[i] += Math.fround(std * noise[i]);
  return out;
}
function softmax(values, outer, count, inner, real = null) {
  const out = new Float32Array(values.length);
  const raised = new Float64Array(count * inner);
  const most = new Float64Array(inner);
  const total = new Float64Array(inner);
  for (let o = 0; o < outer; o++) {
    const from = o * count * inner;
    most.fill(-Infinity);
    total.fill(0);
    for (let c = 0; c < count; c++)
      if (!real || real[o * count + c]) {
        for (let i = 0, at = from + c * inner; i < inner; i++, at++) if (values[at] > most[i]) most[i] = values[at];
      }
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
var dispatchWeights = (logits, { b, n, e, p }, mask = null) => softmax(logits, b, n, e * p, mask);
function combineWeights(logits, { b, n, e, p }, mask = null) {
  const out = softmax(logits, b * n, e * p, 1);
  if (mask) {
    for (let row = 0; row < b * n; row++) if (!mask[row]) out.fill(0, row * e * p, (row + 1) * e * p);
  }
  return out;
}
function topInOrder(values, start, count, step, k) {
  if (k > 4 * Math.log2(count + 1)) return sortedInOrder(values, start, count, step).subarray(0, k);
  const best = new Uint32Array(k);
  const taken = new Uint8Array(count);
  for (let c = 0; c < k; c++) {
    let top = -1;
    for (let i = 0; i < count; i++)
      if (!taken[i] && (top < 0 || values[start + i * step] > values[start + top * step])) top = i;
    taken[best[c] = top] = 1;
  }
  return best;
}
function sortedInOrder(values, start, count, step) {
  const column = new Float32Array(count);
  const keys = new Float64Array(count);
  const places = 2 ** 21;
  for (let i = 0; i < count; i++) column[i] = values[start + i * step] + 0;
  const bits = new Int32Array(column.buffer);
  for (let i = 0; i < count; i++) keys[i] = i - (bits[i] < 0 ? bits[i] ^ 2147483647 : bits[i]) * places;
  return Uint32Array.from(keys.sort(), (key) => key - Math.floor(key / places) * places);
}
function chooseExperts(logits, { b, n, e }, topK, gating = "vmoe", gates = softmax(logits, b * n, e, 1)) {
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
    own.forEach((x, c) => own[c] = x / total);
  }
  return { expert, gate: late ? softmax(chosen, b * n, topK, 1) : chosen };
}
function assignTokens({ expert, gate }, { b, n, e, k }, capacity, { score = null, mask = null } = {}) {
  const arrivals = [];
  let busiest = 1;
  for (let g = 0; g < b; g++) {
    const asked = new Int32Array(e);
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
function assignExperts(gates, { b, n, e }, capacity, mask = null) {
  if (capacity > n)
    throw new RangeError(
      `capacity must be at most the ${n} tokens of a group in experts choice, got ${capacity}: lower capacity_factor or multiple_of, or merge examples into larger groups`
    );
  const p = capacity;
  const token = new Int32Array(b * e * p).fill(-1);
  const gate = new Float32Array(b * e * p);
  const scores = mask ? gates.map((x, i) => mask[Math.floor(i / e)] ? x : -1) : gates;
  for (let g = 0; g < b; g++)
    for (let j = 0; j < e; j++)
      topInOrder(scores, g * n * e + j, n, e, p).forEach((t, place) => {
        const value = scores[(g * n + t) * e + j];
        const at = (g * e + j) * p + place;
        if (value >= 0) [token[at], gate[at]] = [t, value];
      });
  return { p, token, gate };
}
function assignInTurn({ b, n, e }, slots = null, mask = null) {
  const p = slots ?? Math.ceil(n / e);
  const token = new Int32Array(b * e * p).fill(-1);
  if (n > e * p)
    throw new RangeError(
      `tokens must fit ${e} experts x ${p} slots = ${e * p} slots, got ${n} tokens: raise slots_per_expert or leave it None`
    );
  for (let g = 0; g < b; g++)
    for (let t = 0; t < n; t++) if (!mask || mask[g * n + t]) token[(g * e + t % e) * p + Math.floor(t / e)] = t;
  return { p, token, gate: Float32Array.from(token, (t) => Number(t >= 0)) };
}
var firstSlots = (values, p) => p === 1 ? values : Float32Array.from({ length: values.length / p }, (_, i) => values[i * p]);
var readsScores = (router) => ({
  dispatch: router === "soft" || router === "soft / uniform",
  combine: router === "soft" || router === "uniform / soft"
});
function checkKnown(name, value, known) {
  if (!known.includes(value)) throw new RangeError(`${name} must be one of ${known.join(", ")}, got ${value}`);
}
function route(logits, sizes, settings = {}) {
  const { router = "soft", scale = 1, noise = null, noiseStd = 0, mask = null, topK = 1 } = settings;
  const { gating = "vmoe", capacityFactor = 1, priority = "position", multipleOf = 1, slots = null } = settings;
  const { b, n, e, p } = sizes;
  checkKnown("router", router, ROUTERS);
  checkKnown("gating", gating, GATINGS);
  checkKnown("priority", priority, PRIORITIES);
  if (!isSparse(router)) {
    const scores2 = scoresInUse(logits, { scale, noise, noiseStd });
    const equal = new Float32Array(logits.length);
    const dispatch = dispatchWeights(readsScores(router).dispatch ? scores2 : equal, sizes, mask);
    const combine = combineWeights(readsScores(router).combine ? scores2 : equal, sizes, mask);
    return { router, sparse: false, b, n, e, p, mask, scores: scores2, dispatch, combine };
  }
  const out = { router, sparse: true, b, n, e, p, mask, topK: 0 };
  const own = { noise: noise && firstSlots(noise, p), noiseStd: noiseStd / e };
  const scores = scoresInUse(firstSlots(logits, p), { scale, ...own });
  const gates = softmax(scores, b * n, e, 1);
  if (router === "identity") return { ...out, scores, ...assignInTurn(sizes, slots, mask) };
  if (router === "experts choice") {
    if (capacityFactor === null)
      throw new RangeError("experts choice needs a capacity: without one an expert would take every token");
    const rounding2 = settings.rounding ?? "round";
    const capacity2 = { factor: capacityFactor, rounding: rounding2, multipleOf };
    return { ...out, scores, gates, ...assignExperts(gates, sizes, capacityFor(n, e, capacity2), mask) };
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
function largestOfRows(values, width) {
  const out = new Float32Array(values.length / width).fill(-Infinity);
  values.forEach((x, i) => out[Math.floor(i / width)] = Math.max(out[Math.floor(i / width)], x));
  return out;
}

// js/shared/bytes.js
var copyOf = (view) => (
  /** @type {ArrayBuffer} */
  view.buffer.slice(view.byteOffset, view.byteOffset + view.byteLength)
);
function numbersOf(Kind) {
  const copies = /* @__PURE__ */ new WeakMap();
  return (view) => {
    const numbers = copies.get(view) ?? new Kind(copyOf(view));
    copies.set(view, numbers);
    return numbers;
  };
}
var floats = numbersOf(
  /** @type {new (bytes: ArrayBuffer) => Float32Array} */
  Float32Array
);
var ints = numbersOf(
  /** @type {new (bytes: ArrayBuffer) => Int32Array} */
  Int32Array
);
var octets = numbersOf(
  /** @type {new (bytes: ArrayBuffer) => Uint8Array} */
  Uint8Array
);

// js/shared/numbers.js
var exact = (x) => x.toLocaleString("en-US", { maximumFractionDigits: 3 });
var brief = (x) => x && Math.abs(x) < 1e-3 ? String(x.toExponential()) : exact(x);

// js/shared/knobs.js
var stopsOf = (knobs, limits) => Object.fromEntries(Object.entries(knobs).map(([name, [, make]]) => [name, make(limits[name][0], limits[name][1])]));
function bindKnobs(view, stopsByName, also = (values) => values) {
  const { model, input, on, send } = view;
  const limits = model.get("_limits");
  const shown = {};
  for (const [name, stops] of Object.entries(stopsByName)) {
    const slider = input(name);
    const box = input(`${name}-number`);
    const [least, most, whole, none] = limits[name];
    slider.max = String(stops.length - 1);
    Object.assign(box, { min: least, max: most, step: whole ? 1 : "any", placeholder: none ? "none" : "" });
    on(slider, "input", () => send(also({ [name]: stops[Number(slider.value)] })));
    on(box, "change", () => {
      if (none && box.value === "" && !box.validity.badInput) return send(also({ [name]: null }));
      const value = box.value.trim() === "" ? NaN : Number(box.value);
      const fits2 = value >= least && value <= most && (!whole || Number.isInteger(value));
      if (fits2) return send(also({ [name]: value }));
      const kind = whole ? "a whole number" : "a number";
      const label = slider.getAttribute("aria-label");
      if (view.refused?.name !== name) view.settle();
      view.refused = { name, restore: () => delete shown[name] };
      refuse(
        `${label} must be ${kind} from ${brief(least)} to ${brief(most)}, got ${box.value || "nothing"}.`,
        box,
        view.part(`${name}-refusal`)
      );
      view.schedule();
    });
  }
  return () => {
    for (const [name, stops] of Object.entries(stopsByName)) {
      const value = model.get(name);
      const slider = input(name);
      const box = input(`${name}-number`);
      if (shown[name] === value) continue;
      const far = stops.map((stop2) => stop2 === null || value === null ? Infinity : Math.abs(stop2 - value));
      slider.value = String(value === null ? stops.indexOf(null) : far.indexOf(Math.min(...far)));
      slider.setAttribute("aria-valuetext", value === null ? "none" : brief(value));
      box.value = value && value < 1e-3 ? value.toExponential() : String(value ?? "");
      accept(box, view.part(`${name}-refusal`));
      shown[name] = value;
    }
  };
}
function refuse(sentence2, box, below2) {
  below2.id ||= `refusal-${Math.random().toString(36).slice(2)}`;
  below2.textContent = sentence2;
  below2.hidden = false;
  box.setAttribute("aria-invalid", "true");
  box.setAttribute("aria-describedby", below2.id);
}
function accept(box, below2) {
  below2.textContent = "";
  below2.hidden = true;
  box.setAttribute("aria-invalid", "false");
  box.removeAttribute("aria-describedby");
}

// js/shared/glossary.js
var GLOSSARY = {
  token: "One of the pieces a model reads, as a vector: a patch of an image, or a part of a word.",
  expert: "One of several small networks (MLPs) of a layer. Each learns weights of its own.",
  slot: "One input row of an expert. An expert computes once for each of its slots, full or empty.",
  router: "Decides which tokens go to which slots, and how slots answer tokens.",
  group: "The tokens that compete for the same slots: one image by default, or a whole batch.",
  logit: "The score that a router gives a token for an expert or a slot, before any softmax. It can be any number.",
  cosine: "How far two vectors point the same way, from -1 to 1: their product over both lengths.",
  padding: "Tokens that mean nothing. They fill up short examples, so that all of a batch are equally long.",
  mask: "Says which tokens are real, and which are padding: True for a real one.",
  score: "What a router thinks of a token and an expert or a slot, before any softmax. Also called a logit.",
  softmax: "Turns scores into positive weights that sum to 1; the larger a score, the larger its weight.",
  gate: "A score after the softmax: how much a token wants an expert, and how much that expert's answer counts.",
  gating: "How gates are made from scores. vmoe: softmax over all experts, then the best are kept. switch: the same with one choice. gshard: the kept gates are divided by their sum. top_k_then_softmax: the best scores are kept, then the softmax is over those alone.",
  dispatch: "How tokens fill slots. A slot's input is the sum of the tokens, times their dispatch weights.",
  combine: "How slots answer tokens. A token's output is the sum of the slots' outputs, times its combine weights.",
  capacity: "The number of slots of one expert: the most tokens that a sparse router can send it.",
  "capacity factor": "All slots, divided by all choices that tokens make. At 1 there are just enough slots, if every expert is chosen equally often.",
  top_k: "How many experts a token may choose. In tokens choice, a token goes to the top_k experts with its largest gates.",
  dropped: "A token that no slot took. The layer passes it on unchanged, through the residual connection.",
  "empty slot": "A slot that no token took. Its expert computes it all the same: paid for nothing.",
  residual: "What goes around a layer and is added to its output: each token as it came in. A dropped token has nothing else.",
  load: "The work of an expert: the dispatch weights of its slots, summed. For a sparse router, the number of tokens it got.",
  priority: "Who is served first where too many tokens want one expert. position: in the order of the tokens. gate: those with the largest gate first.",
  scale: "Multiplies all scores before the softmax. A large scale makes the softmax choose; at 0 all weights are equal.",
  noise: "Random numbers that are added to the scores, as some routers do while they train.",
  seed: "Where random numbers start. The same seed gives the same numbers again.",
  skew: "How unevenly a router chooses. At 0 all experts are equally likely; the larger it is, the more tokens want the first experts.",
  sample: "One random draw of all tokens' choices. Several show how much luck is in a number.",
  "uniform router": "A router that chooses each expert equally often, and at random.",
  soft: "Soft MoE: nothing is chosen. Every slot is a weighted average of all tokens, and every token a weighted average of all slots' outputs.",
  "tokens choice": "A sparse router in which each token chooses its experts. An expert that is full turns the next token away.",
  "experts choice": "A sparse router in which each expert chooses as many tokens as it has slots. A token may be chosen by several experts, or by none.",
  "dense MLP": "The layer without experts: one MLP that every token passes through.",
  parameters: "The numbers that a layer learns. All of them are kept in memory.",
  "active parameters": "The parameters that one token passes through; the mean where tokens differ.",
  MACs: "Multiplications with their additions: the unit of computing. One MAC is two floating-point operations.",
  bytes: "What is moved in memory: the parameters once, and all that matrix products read and write.",
  "least time": "The least that a device needs at its best rates. A part takes the longer of computing and moving.",
  batch: "The examples that are computed together.",
  width: "How many numbers stand for one token.",
  "hidden width": "How many numbers an expert computes for a slot, between its two matrix products.",
  devices: "Equal processors that share the work evenly. What they would send each other is left out.",
  "expert parallelism": "Each device keeps some of the experts. Slots travel to the device of their expert, and answers travel back.",
  "all-to-all": "A call in which every device gives a piece of its data to each device and gets a piece from each.",
  "TFLOP/s": "How fast a device computes: 10¹² floating-point operations in a second.",
  "GB/s": "How fast a device moves numbers between memory and processor: 10⁹ bytes in a second.",
  causal: "No output depends on a later token. A model that writes text word by word needs this.",
  leak: "An output that changes with a later token. A causal layer has none.",
  coverage: "How many experts took each token. In experts choice it varies: some tokens have several, some none.",
  tolerance: "The largest change of an output that counts as none; computers round.",
  "auxiliary loss": "A loss that is added to that of the task, with a small weight, to keep a router in order.",
  "mean gate": "An expert's gates, averaged over the tokens of a group, whether they choose it or not.",
  "balance loss": "The number of experts, times the sum over experts of the share of choices that go to one and its mean gate, multiplied. 1 where both are even, and in some uneven cases too.",
  importance: "Of an expert: its gates, or in Soft MoE its combine weights, summed over the tokens of a group. Of a token: its dispatch weights, summed over all slots.",
  "permutation equivariant": "Said of a layer that follows the order of its tokens: in another order they get the same answers, in that order.",
  FLOPs: "Floating-point operations. A multiplication with its addition, one MAC, is two of them.",
  jump: "A change of an answer that stays as large as it is, however small the change of the input.",
  autoregressive: "A model that predicts each token from those before it, and so writes one after the other.",
  prefix: "The tokens of a text from its first one up to a certain one.",
  "router z-loss": "A training loss that keeps scores small, so that the softmax stays precise.",
  "bootstrap interval": "How far a mean over seeds might be off: seeds are drawn from these again and again, the same one more than once, and 95 % of the means of such draws lie between its ends.",
  "sign test": "How often chance alone would make differences as one-sided as these, if higher and lower were equally likely. It counts signs and ignores sizes.",
  "paired seeds": "Two models are run with the same seeds. Runs of one seed are a pair, and share the order of their batches; what is compared is the difference in each pair.",
  "p-value": "How often chance alone would give a result at least as one-sided as this one. Small means hard to explain by chance.",
  "Holm's method": "Corrects several p-values at once: the smallest is multiplied by their number, the next by one less, and so on. Whoever looks often enough finds something by chance.",
  "Pareto front": "The models that no other one beats: none costs no more, is no worse, and is better in one of the two.",
  budget: "The hidden width of the dense model whose cost all others have to match.",
  spike: "A sudden jump of the loss in training, far above that of the batches before.",
  tuning: "Trying a few values of a setting, such as the learning rate, on a part of the training data, so that each model is compared at its best one.",
  step: "One update of the weights in training.",
  ablation: "An experiment that takes one part of a method away, trains again, and sees what is lost.",
  identity: "A router without scores: token t goes alone to expert t mod e, and gets its answer back.",
  "permutation test": "How often labels that are dealt anew, at random, fit as well as the true ones do.",
  "10-shot accuracy": "Accuracy when the trained network is kept as it is, and classes are learned from ten images of each.",
  MoE: "Mixture of experts: a layer with several experts, and a router that decides which of them see a token."
};

// js/shared/keys.js
var KEYS = 'data-lm-suppress-shortcuts="true"';

// js/shared/pointing.js
function pointAt({ canvas, on, catchUp }, panels, { ready, under, beyond, show, go, take, enter, free, shifted }) {
  for (const panel of panels) {
    const target = canvas(panel);
    const at = (event) => {
      const frame = target.getBoundingClientRect();
      return under(panel, event.clientX - frame.left, event.clientY - frame.top);
    };
    const press = ({ key, shiftKey }) => {
      const next = shiftKey ? null : beyond(panel, key);
      if (next) go(next);
      else if (key === "Enter" || key === " ") return (shiftKey && shifted ? shifted.enter() : enter(panel)) !== false;
      else if (key === "Escape") free();
      else return false;
      return true;
    };
    on(target, "pointermove", (event) => ready() && show(at(event)));
    on(target, "pointerleave", () => show(null));
    on(target, "blur", () => show(null));
    on(target, "click", (event) => {
      catchUp();
      if (!ready()) return;
      if (event.shiftKey && shifted) shifted.take(at(event));
      else take(at(event), panel);
    });
    on(target, "mousedown", (event) => {
      if (event.shiftKey && shifted) stop(event);
    });
    on(target, "keydown", (event) => {
      catchUp();
      const held = event.ctrlKey || event.metaKey || event.altKey || event.shiftKey && !shifted;
      if (ready() && !held && press(event)) stop(event);
    });
  }
}
function stop(event) {
  event.preventDefault();
  event.stopPropagation();
}
var ACROSS = { ArrowLeft: -1, ArrowRight: 1 };
var DOWN = { ArrowUp: -1, ArrowDown: 1 };
var FAR = { Home: -Infinity, End: Infinity };
function stepsOf(key) {
  const across = ACROSS[key] ?? 0;
  const down = DOWN[key] ?? 0;
  const far = FAR[key] ?? 0;
  return across || down || far ? { across, down, far } : null;
}
function onward(from, by, count) {
  const next = from < 0 && Number.isFinite(by) ? 0 : from + by;
  return Math.min(Math.max(next, 0), count - 1);
}

// js/shared/terms.js
var GAP = 6;
function term(name, words = name) {
  if (!(name in GLOSSARY)) throw new RangeError(`${name} is not in the glossary: add it to softmoe_edu/glossary.py`);
  return `<button type="button" class="explorer-term" data-term="${name}" aria-expanded="false" tabindex="-1"
    ${KEYS}>${words}</button>`;
}
function explainTerms(root, on, signal) {
  const sentence2 = document.createElement("div");
  const words = document.createElement("p");
  const keys = document.createElement("p");
  let opened = null;
  let openedAt = 0;
  sentence2.className = "explorer-meaning";
  sentence2.popover = "auto";
  sentence2.dataset.part = "meaning";
  words.ariaLive = "polite";
  keys.className = "explorer-keys";
  keys.innerHTML = `<span class="explorer-typed">Arrow keys: other terms. Esc: close.</span>
    <span class="explorer-touched">Tap anywhere to close.</span>`;
  sentence2.append(words, keys);
  root.append(sentence2);
  const buttons = () => (
    /** @type {HTMLElement[]} */
    [...root.querySelectorAll("[data-term]")]
  );
  const seen = () => buttons().filter((each) => each.checkVisibility());
  function oneStop(next) {
    for (const each of buttons()) each.tabIndex = each === next ? 0 : -1;
  }
  function open(button2) {
    const name = button2.dataset.term ?? "";
    const title = document.createElement("b");
    title.textContent = name;
    opened?.setAttribute("aria-expanded", "false");
    opened = button2;
    button2.setAttribute("aria-expanded", "true");
    sentence2.showPopover();
    words.replaceChildren(title, ` ${GLOSSARY[name]}`);
    const at = button2.getBoundingClientRect();
    openedAt = at.top;
    place(at);
  }
  function place({ left, top, bottom }) {
    const { offsetWidth: w, offsetHeight: h } = sentence2;
    const below2 = bottom + GAP + h <= window.innerHeight || top < h + GAP;
    sentence2.style.left = `${Math.max(GAP, Math.min(left, document.documentElement.clientWidth - w - GAP))}px`;
    sentence2.style.top = `${below2 ? bottom + GAP : top - GAP - h}px`;
  }
  on(sentence2, "beforetoggle", ({ newState }) => {
    if (newState === "open") return;
    opened?.setAttribute("aria-expanded", "false");
    opened = null;
  });
  let wasOpened = false;
  on(root, "pointerdown", ({ target }) => wasOpened = opened !== null && opened === termAt(target));
  on(root, "click", (event) => {
    const button2 = termAt(event.target);
    const again = event.detail ? wasOpened : button2 === opened;
    if (!button2) return;
    event.preventDefault();
    oneStop(button2);
    if (again) sentence2.hidePopover();
    else open(button2);
  });
  on(root, "focusin", ({ target }) => {
    const button2 = termAt(target);
    if (button2) oneStop(button2);
  });
  on(root, "keydown", (event) => {
    const button2 = termAt(event.target);
    const steps = button2 && stepsOf(event.key);
    if (!button2 || !steps || event.ctrlKey || event.metaKey || event.altKey) return;
    const all = seen();
    const next = all[onward(all.indexOf(button2), steps.across + steps.down + steps.far, all.length)];
    event.preventDefault();
    event.stopPropagation();
    const reads = opened !== null;
    next.focus();
    if (reads) open(next);
  });
  const scrolled = () => {
    const top = opened?.getBoundingClientRect().top ?? openedAt;
    if (Math.abs(top - openedAt) > 1) sentence2.hidePopover();
  };
  document.addEventListener("scroll", scrolled, { capture: true, passive: true, signal });
  return () => {
    const all = seen();
    if (!all.some((each) => each.tabIndex === 0)) oneStop(all[0]);
  };
}
var termAt = (target) => (
  /** @type {HTMLElement | null} */
  /** @type {HTMLElement} */
  target.closest("[data-term]")
);

// js/shared/csv.js
function field(value) {
  const text = String(value ?? "");
  return /[",\r\n]/.test(text) || text !== text.trim() ? `"${text.replaceAll('"', '""')}"` : text;
}
var csvOf = (rows) => rows.map((row) => `${row.map(field).join(",")}\r
`).join("");

// js/shared/palette.js
var RAMP_STEPS = [
  [68, 1, 84],
  [71, 45, 123],
  [59, 82, 139],
  [44, 114, 142],
  [33, 145, 140],
  [40, 174, 128],
  [94, 201, 98],
  [173, 220, 48],
  [253, 231, 37]
];
var EXPERTS = ["#3f90da", "#ffa90e", "#bd1f01", "#94a4a2", "#832db6", "#a96b59", "#e76300", "#b9ac70"];

// js/shared/painting.js
var RAMP = new Uint32Array(256).map((_, i) => {
  const at = i / 255 * (RAMP_STEPS.length - 1);
  const low = Math.min(Math.floor(at), RAMP_STEPS.length - 2);
  const [r, g, b] = RAMP_STEPS[low].map((c, k) => Math.round(c + (at - low) * (RAMP_STEPS[low + 1][k] - c)));
  return 255 << 24 | b << 16 | g << 8 | r;
});
var RAMP_CSS = `linear-gradient(to right, ${RAMP_STEPS.map((c) => `rgb(${c})`).join(", ")})`;
var expertColour = (e) => EXPERTS[e % EXPERTS.length];
var contextOf = (canvas) => (
  /** @type {OffscreenCanvasRenderingContext2D} */
  canvas.getContext("2d")
);
var saving = null;
var density = () => saving?.pixels || window.devicePixelRatio || 1;
var spoilt = 0;
var spoil = () => spoilt++;
function paintFor(pixels, recorder, paint) {
  saving = { pixels, recorder };
  try {
    paint();
  } finally {
    saving = null;
  }
}
function fit(canvas, width, height) {
  if (saving?.recorder) return saving.recorder(canvas, width, height);
  const ratio = density();
  const w = Math.round(width * ratio);
  const h = Math.round(height * ratio);
  if (canvas.width !== w || canvas.height !== h) Object.assign(canvas, { width: w, height: h });
  canvas.style.height = `${height}px`;
  const ctx = (
    /** @type {CanvasRenderingContext2D} */
    canvas.getContext("2d")
  );
  ctx.setTransform(ratio, 0, 0, ratio, 0, 0);
  ctx.clearRect(0, 0, width, height);
  ctx.lineJoin = "miter";
  ctx.font = "11px system-ui, sans-serif";
  ctx.textBaseline = "middle";
  return ctx;
}

// js/shared/shapes.js
var ENTITIES = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };
var escaped = (text) => String(text).replace(/[\0-\x08\x0b\x0c\x0e-\x1f]/g, "").replace(/[&<>"]/g, (each) => ENTITIES[each]);
var round = (x) => String(Number(x.toFixed(2)));
var written = (attributes) => Object.entries(attributes).filter(([, value]) => value !== void 0 && value !== "").map(([name, value]) => ` ${name}="${typeof value === "number" ? round(value) : escaped(value)}"`).join("");
var ANCHORS = { center: "middle", right: "end", end: "end" };
var SHIFTS = { middle: "0.35em", top: "0.8em", hanging: "0.8em", bottom: "-0.2em" };
var BRUSHES = (
  /** @type {const} */
  [
    "fillStyle",
    "strokeStyle",
    "lineWidth",
    "lineJoin",
    "lineCap",
    "font",
    "textAlign",
    "textBaseline",
    "globalAlpha"
  ]
);
var last = 0;
var newId = () => `shape-${++last}`;
var Shapes = class {
  fillStyle = "#000";
  strokeStyle = "#000";
  lineWidth = 1;
  /** @type {CanvasLineJoin} */
  lineJoin = "miter";
  /** @type {CanvasLineCap} */
  lineCap = "butt";
  font = "11px system-ui, sans-serif";
  /** @type {CanvasTextAlign} */
  textAlign = "left";
  /** @type {CanvasTextBaseline} */
  textBaseline = "middle";
  globalAlpha = 1;
  imageSmoothingEnabled = false;
  /** @type {string[]} */
  #shapes = [];
  #path = "";
  /** @type {number[]} */
  #dashes = [];
  #clip = "";
  #turned = "";
  /** @type {Record<string, any>[]} */
  #kept = [];
  /** @param {HTMLCanvasElement} canvas One that measures text alike. */
  constructor(canvas, width = 0, height = 0) {
    this.canvas = canvas;
    this.width = width;
    this.height = height;
  }
  get markup() {
    return this.#shapes.join("");
  }
  save() {
    const brush = Object.fromEntries(BRUSHES.map((name) => [name, this[name]]));
    this.#kept.push({ brush, dashes: this.#dashes, clip: this.#clip, turned: this.#turned });
  }
  restore() {
    const kept = this.#kept.pop();
    if (!kept) return;
    Object.assign(this, kept.brush);
    [this.#dashes, this.#clip, this.#turned] = [kept.dashes, kept.clip, kept.turned];
  }
  /** @type {(x: number, y: number) => void} */
  translate(x, y) {
    this.#turned += `translate(${round(x)} ${round(y)}) `;
  }
  /** @type {(x: number, y: number) => void} */
  scale(x, y) {
    this.#turned += `scale(${x} ${y}) `;
  }
  /** @param {number} angle */
  rotate(angle) {
    this.#turned += `rotate(${round(180 * angle / Math.PI)}) `;
  }
  beginPath() {
    this.#path = "";
  }
  closePath() {
    this.#path += "Z";
  }
  /** @type {(x: number, y: number) => void} */
  moveTo(x, y) {
    this.#path += `M${round(x)} ${round(y)}`;
  }
  /** @type {(x: number, y: number) => void} */
  lineTo(x, y) {
    this.#path += `${this.#path ? "L" : "M"}${round(x)} ${round(y)}`;
  }
  /** @type {(ax: number, ay: number, bx: number, by: number, x: number, y: number) => void} */
  bezierCurveTo(...numbers) {
    this.#path += `C${numbers.map(round).join(" ")}`;
  }
  /** @type {(ax: number, ay: number, x: number, y: number) => void} */
  quadraticCurveTo(...numbers) {
    this.#path += `Q${numbers.map(round).join(" ")}`;
  }
  /** @type {(x: number, y: number, w: number, h: number) => void} */
  rect(x, y, w, h) {
    this.#path += `M${round(x)} ${round(y)}h${round(w)}v${round(h)}h${round(-w)}Z`;
  }
  /** @type {(x: number, y: number, w: number, h: number, radius?: number) => void} */
  roundRect(x, y, w, h, radius = 0) {
    const r = Math.min(Number(radius), w / 2, h / 2);
    const turn = (dx, dy) => `a${round(r)} ${round(r)} 0 0 1 ${dx} ${dy}`;
    this.#path += `M${round(x + r)} ${round(y)}h${round(w - 2 * r)}${turn(r, r)}v${round(h - 2 * r)}${turn(-r, r)}h${round(2 * r - w)}${turn(-r, -r)}v${round(2 * r - h)}${turn(r, -r)}Z`;
  }
  /** @type {(x: number, y: number, r: number, from: number, to: number, back?: boolean) => void} */
  arc(x, y, r, from, to, back = false) {
    const whole = Math.abs(to - from) >= 2 * Math.PI - 1e-9;
    const end = whole ? from + Math.PI : to;
    const at = (angle) => `${round(x + r * Math.cos(angle))} ${round(y + r * Math.sin(angle))}`;
    const far = !whole && ((back ? from - to : to - from) % (2 * Math.PI) + 2 * Math.PI) % (2 * Math.PI) > Math.PI;
    const flags = `${round(r)} ${round(r)} 0 ${far ? 1 : 0} ${back ? 0 : 1}`;
    this.#path += `${this.#path ? "L" : "M"}${at(from)}A${flags} ${at(end)}`;
    if (whole) this.#path += `A${flags} ${at(from)}Z`;
  }
  fill() {
    this.#add("path", { d: this.#path, fill: this.fillStyle });
  }
  stroke() {
    this.#add("path", { d: this.#path, fill: "none", ...this.#line() });
  }
  clip() {
    this.#clip = newId();
    this.#shapes.push(`<clipPath id="${this.#clip}"><path${written({ d: this.#path })}/></clipPath>`);
  }
  /** @type {(x: number, y: number, w: number, h: number) => void} */
  fillRect(x, y, w, h) {
    this.#add("rect", { ...boxOf(x, y, w, h), fill: this.fillStyle });
  }
  /** @type {(x: number, y: number, w: number, h: number) => void} */
  strokeRect(x, y, w, h) {
    this.#add("rect", { ...boxOf(x, y, w, h), fill: "none", ...this.#line() });
  }
  /** @type {(x: number, y: number, w: number, h: number) => void} */
  clearRect(x, y, w, h) {
    if (x <= 0 && y <= 0 && w >= this.width && h >= this.height) this.#shapes = [];
  }
  /** @type {(text: string, x: number, y: number) => void} */
  fillText(text, x, y) {
    this.#add("text", { ...this.#letters(x, y), fill: this.fillStyle }, text);
  }
  /** @type {(text: string, x: number, y: number) => void} */
  strokeText(text, x, y) {
    this.#add("text", { ...this.#letters(x, y), fill: "none", ...this.#line() }, text);
  }
  /** @param {string} text */
  measureText(text) {
    const ctx = (
      /** @type {Context} */
      this.canvas.getContext("2d")
    );
    ctx.save();
    ctx.font = this.font;
    const size = ctx.measureText(text);
    ctx.restore();
    return size;
  }
  /** @param {number[]} dashes */
  setLineDash(dashes) {
    this.#dashes = [...dashes];
  }
  getLineDash() {
    return [...this.#dashes];
  }
  /**
   * Pixels stay pixels.
   *
   * @param {HTMLCanvasElement | OffscreenCanvas} picture
   * @param {number} x
   * @param {number} y
   * @param {number} [w]
   * @param {number} [h]
   */
  drawImage(picture, x, y, w = picture.width, h = picture.height) {
    this.#add("image", { ...boxOf(x, y, w, h), ...imageOf(picture) });
  }
  /** @returns {Record<string, string | number | undefined>} */
  #line() {
    return {
      stroke: this.strokeStyle,
      "stroke-width": this.lineWidth,
      "stroke-linejoin": this.lineJoin === "miter" ? void 0 : this.lineJoin,
      "stroke-linecap": this.lineCap === "butt" ? void 0 : this.lineCap,
      "stroke-dasharray": this.#dashes.join(" ")
    };
  }
  /** @type {(x: number, y: number) => Record<string, string | number | undefined>} */
  #letters(x, y) {
    return { x, y, dy: SHIFTS[this.textBaseline], style: `font: ${this.font}`, "text-anchor": ANCHORS[this.textAlign] };
  }
  /**
   * @param {string} tag
   * @param {Record<string, string | number | undefined>} attributes
   * @param {string} [text]
   */
  #add(tag2, attributes, text) {
    const around = {
      opacity: this.globalAlpha === 1 ? void 0 : this.globalAlpha,
      transform: this.#turned.trim(),
      "clip-path": this.#clip && `url(#${this.#clip})`
    };
    const all = written({ ...attributes, ...around });
    this.#shapes.push(text === void 0 ? `<${tag2}${all}/>` : `<${tag2}${all}>${escaped(text)}</${tag2}>`);
  }
};
var boxOf = (x, y, w, h) => ({
  x: Math.min(x, x + w),
  y: Math.min(y, y + h),
  width: Math.abs(w),
  height: Math.abs(h)
});
function imageOf(picture) {
  const canvas = document.createElement("canvas");
  Object.assign(canvas, { width: picture.width, height: picture.height });
  canvas.getContext("2d")?.drawImage(picture, 0, 0);
  return { href: canvas.toDataURL(), preserveAspectRatio: "none", style: "image-rendering: pixelated" };
}

// js/shared/picture.js
var LEFT_OUT = 'input, select, textarea, fieldset, button:not(:has(> i), .explorer-term, [data-picture="yes"] button), details:not([open]), details:has(> .explorer-controls), .explorer-controls, .explorer-knob, .explorer-list, .routing-lens-controls, .explorer-keys, .explorer-meaning, .explorer-status:has([role=status]:empty), .widget-tools, .widget-asleep, [data-picture="no"]';
var MARGIN = 16;
var GAP2 = 14;
var CLEAR = /^(transparent|rgba\(.*, 0\))$/;
var COLOUR = /(?:rgba?|hsla?|color|lab|lch|oklab|oklch)\([^()]*\)/g;
function drawnIn(root, title, words) {
  const frame = root.getBoundingClientRect();
  const items = [];
  collect(root, frame, 1, items);
  const style = getComputedStyle(root);
  const family = style.fontFamily;
  const left = Math.min(...items.map(({ x }) => x), frame.width);
  const width = Math.max(...items.map(({ x, w }) => x + w), left + 1) - left;
  const head = heading(title, words, Math.max(width, 320), family, style.color);
  const high = below(head);
  const closed = closeGaps(items);
  for (const item of closed) item.x += MARGIN - left;
  for (const item of closed) item.y += high + GAP2;
  for (const item of closed) if (item.kind === "text") item.base += high + GAP2;
  const all = [...head, ...closed];
  return {
    width: Math.ceil(Math.max(...all.map(({ x, w }) => x + w)) + MARGIN),
    height: Math.ceil(below(all) + MARGIN),
    page: pageOf(root),
    items: all
  };
}
var below = (items) => Math.max(0, ...items.map(({ y, h }) => y + h));
function collect(element2, frame, alpha, items) {
  if (element2.matches(LEFT_OUT) || element2.checkVisibility?.({ visibilityProperty: true }) === false) return;
  const style = getComputedStyle(element2);
  const rect = element2.getBoundingClientRect();
  const own = alpha * Number(style.opacity);
  const at = { x: rect.left - frame.left, y: rect.top - frame.top, w: rect.width, h: rect.height, alpha: own };
  if (style.position === "absolute" && rect.width <= 1) return;
  if (element2 instanceof HTMLCanvasElement) {
    if (rect.width && rect.height) items.push({ ...at, kind: "canvas", canvas: element2 });
    return;
  }
  if (rect.width && rect.height) items.push(...boxesOf(style, at));
  if (element2.localName === "mfrac") items.push(...fractionLine(element2, frame, style.color, own));
  for (const child of element2.childNodes) {
    if (child instanceof Element) collect(child, frame, own, items);
    else if (child instanceof Text) items.push(...linesOf(child, frame, style, own));
  }
}
function boxesOf(style, at) {
  const boxes = [];
  if (!CLEAR.test(style.backgroundColor)) boxes.push({ ...at, kind: "box", fill: style.backgroundColor });
  for (const layer of layersOf(style.backgroundImage).reverse()) {
    const pattern = patternOf(layer, style.backgroundSize);
    if (pattern) boxes.push({ ...at, ...pattern });
  }
  const [edge] = style.boxShadow.match(COLOUR) ?? [];
  if (edge && style.boxShadow.includes("inset")) boxes.push({ ...at, kind: "frame", colour: edge });
  const { x, y, w, h } = at;
  for (
    const [side, box] of
    /** @type {["Top" | "Right" | "Bottom" | "Left", (wide: number) => Partial<Placed>][]} */
    [
      ["Top", (wide) => ({ h: wide })],
      ["Right", (wide) => ({ x: x + w - wide, w: wide })],
      ["Bottom", (wide) => ({ y: y + h - wide, h: wide })],
      ["Left", (wide) => ({ w: wide })]
    ]
  ) {
    const wide = parseFloat(style[`border${side}Width`]);
    const fill = style[`border${side}Color`];
    if (wide && !CLEAR.test(fill)) boxes.push({ ...at, ...box(wide), kind: "box", fill });
  }
  return boxes;
}
var layersOf = (image) => image === "none" ? [] : image.split(/,\s*(?=(?:repeating-)?(?:linear|radial)-gradient)/);
function patternOf(layer, size) {
  const colours = [...layer.matchAll(COLOUR)].map((each) => each[0]);
  const lengths = [...layer.matchAll(/(-?[\d.]+)px/g)].map((each) => Number(each[1]));
  if (layer.startsWith("repeating-linear-gradient")) {
    const angle = Number(/\(([-\d.]+)deg/.exec(layer)?.[1] ?? 180);
    const thick = lengths.find((each) => each > 0) ?? 1;
    return {
      kind: "stripes",
      stripes: { colour: colours[0], thick, period: Math.max(...lengths), turned: angle - 90 }
    };
  }
  if (layer.startsWith("radial-gradient") && lengths.length)
    return { kind: "dots", colour: colours[0], radius: lengths[0], period: parseFloat(size) || 4 };
  if (!/^linear-gradient\((to right|90deg)/.test(layer) || !colours.length) return null;
  const stops = [...layer.matchAll(new RegExp(`(${COLOUR.source})\\s*([\\d.]+)?(?=[%,)])`, "g"))];
  const given = stops.map(([, colour, at]) => ({ colour, at: at === void 0 ? -1 : Number(at) / 100 }));
  const even = given.every(({ at }) => at < 0);
  const ends = given.map(({ colour, at }, i) => {
    if (even) return { colour, at: i / Math.max(given.length - 1, 1) };
    return { colour, at: at >= 0 ? at : i ? 1 : 0 };
  });
  return { kind: "ramp", ramp: ends };
}
function fractionLine(fraction, frame, fill, alpha) {
  const [over, under] = [...fraction.children].map((each) => each.getBoundingClientRect());
  if (!over || !under) return [];
  const { left, width } = fraction.getBoundingClientRect();
  return [
    { kind: "box", x: left - frame.left, y: (over.bottom + under.top) / 2 - frame.top, w: width, h: 1, fill, alpha }
  ];
}
function linesOf(text, frame, style, alpha) {
  const lines = [];
  const range = document.createRange();
  for (const { 0: word, index } of text.data.matchAll(/\S+/g)) {
    range.setStart(text, index);
    range.setEnd(text, index + word.length);
    const rect = range.getClientRects()[0];
    if (!rect?.width) continue;
    const [x, y] = [rect.left - frame.left, rect.top - frame.top];
    const line = lines.at(-1);
    if (line && Math.abs(line.y - y) < 2 && x >= line.x + line.w) {
      line.text += ` ${word}`;
      line.w = x + rect.width - line.x;
    } else lines.push({ x, y, w: rect.width, h: rect.height, text: word, alpha });
  }
  const font = fontOf(style);
  return lines.map((line) => ({ ...line, kind: "text", font, colour: style.color, base: baseOf(font, line) }));
}
var fontOf = ({ fontStyle, fontWeight, fontSize, fontFamily }) => `${fontStyle} ${fontWeight} ${fontSize} ${fontFamily}`;
var measuring = () => (
  /** @type {Context} */
  document.createElement("canvas").getContext("2d")
);
function baseOf(font, { y, h }) {
  const ctx = measuring();
  ctx.font = font;
  const { fontBoundingBoxAscent: up, fontBoundingBoxDescent: down } = ctx.measureText("x");
  return y + (h - up - down) / 2 + up;
}
function heading(title, words, width, family, colour) {
  const ctx = measuring();
  const items = [];
  let y = MARGIN;
  const put = (text, font2, h) => {
    ctx.font = font2;
    const w = ctx.measureText(text).width;
    items.push({ kind: "text", x: MARGIN, y, w, h, alpha: 1, text, font: font2, colour, base: y + 0.78 * h });
    y += h;
  };
  put(title, `normal 600 16px ${family}`, 22);
  const font = `normal 400 12px ${family}`;
  let line = "";
  for (const word of words.split(" ").filter(Boolean)) {
    ctx.font = font;
    const longer = line ? `${line} ${word}` : word;
    if (line && ctx.measureText(longer).width > width) {
      put(line, font, 17);
      line = word;
    } else line = longer;
  }
  if (line) put(line, font, 17);
  return items;
}
function closeGaps(items) {
  const spans = items.map(({ y, h }) => [y, y + h]).sort((a, b) => a[0] - b[0]);
  const moves = [];
  let end = -GAP2;
  let by = 0;
  for (const [from, to] of spans) {
    if (from > end + GAP2) by += from - end - GAP2;
    if (moves.at(-1)?.[1] !== by) moves.push([from, by]);
    end = Math.max(end, to);
  }
  const up = (y) => moves.findLast(([from]) => from <= y)?.[1] ?? 0;
  return items.map((item) => {
    const move = up(item.y);
    const moved = { ...item, y: item.y - move };
    return moved.kind === "text" ? { ...moved, base: moved.base - move } : moved;
  });
}
function pageOf(element2) {
  for (let at = (
    /** @type {Element | null} */
    element2
  ); at; at = at.parentElement) {
    const { backgroundColor } = getComputedStyle(at);
    if (!CLEAR.test(backgroundColor)) return backgroundColor;
  }
  const probe = document.createElement("i");
  probe.style.color = "canvas";
  element2.append(probe);
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color;
}
function toCanvas({ width, height, page, items }, ratio) {
  const canvas = document.createElement("canvas");
  Object.assign(canvas, { width: width * ratio, height: height * ratio });
  const ctx = (
    /** @type {Context} */
    canvas.getContext("2d")
  );
  ctx.scale(ratio, ratio);
  ctx.fillStyle = page;
  ctx.fillRect(0, 0, width, height);
  for (const item of items) {
    const { x, y, w, h } = item;
    ctx.save();
    ctx.globalAlpha = item.alpha;
    if (item.kind === "text") {
      Object.assign(ctx, { font: item.font, fillStyle: item.colour });
      ctx.fillText(item.text, x, item.base);
    } else if (item.kind === "canvas") ctx.drawImage(item.canvas, ...onPixels(item, item.canvas, ratio));
    else if (item.kind === "frame") {
      Object.assign(ctx, { strokeStyle: item.colour, lineWidth: 1 });
      ctx.strokeRect(x + 0.5, y + 0.5, Math.max(w - 1, 0), Math.max(h - 1, 0));
    } else {
      ctx.beginPath();
      ctx.rect(x, y, w, h);
      if (item.kind === "box") ctx.fillStyle = item.fill;
      else if (item.kind === "ramp") {
        const ramp2 = ctx.createLinearGradient(x, 0, x + w, 0);
        for (const { colour, at } of item.ramp) ramp2.addColorStop(at, colour);
        ctx.fillStyle = ramp2;
      }
      if (item.kind === "box" || item.kind === "ramp") ctx.fill();
      else {
        ctx.clip();
        if (item.kind === "stripes") paintStripes(ctx, item, item.stripes);
        else paintDots(ctx, item, item);
      }
    }
    ctx.restore();
  }
  return canvas;
}
function onPixels({ x, y, w, h }, canvas, ratio) {
  const size = (wide, has) => Math.abs(wide * ratio - has) < 2 ? has / ratio : wide;
  return [Math.round(x * ratio) / ratio, Math.round(y * ratio) / ratio, size(w, canvas.width), size(h, canvas.height)];
}
function paintStripes(ctx, { x, y, w, h }, { colour, thick, period, turned }) {
  const far = Math.hypot(w, h);
  ctx.translate(x, y);
  ctx.rotate(Math.PI * turned / 180);
  ctx.fillStyle = colour;
  for (let at = -Math.ceil(far / period) * period; at < far; at += period) ctx.fillRect(at, -far, thick, 2 * far);
}
function paintDots(ctx, { x, y, w, h }, { colour, radius, period }) {
  ctx.fillStyle = colour;
  for (let row = period / 2; row < h + radius; row += period)
    for (let column = period / 2; column < w + radius; column += period) {
      ctx.beginPath();
      ctx.arc(x + column, y + row, radius, 0, 2 * Math.PI);
      ctx.fill();
    }
}
function toSvg({ width, height, page, items }, recorded, title) {
  const body = items.map((item) => shapeOf(item, recorded)).join("\n");
  const size = { width, height, viewBox: `0 0 ${width} ${height}` };
  return `<svg xmlns="http://www.w3.org/2000/svg"${written({ ...size, role: "img" })}>
<title>${escaped(title)}</title>
<rect${written({ width, height, fill: page })}/>
${body}
</svg>
`;
}
function shapeOf(item, recorded) {
  const opacity = item.alpha === 1 ? void 0 : item.alpha;
  const box = { x: item.x, y: item.y, width: item.w, height: item.h, opacity };
  const rect = (more) => `<rect${written({ ...box, ...more })}/>`;
  if (item.kind === "box") return rect({ fill: item.fill });
  if (item.kind === "frame") {
    const inner = {
      x: item.x + 0.5,
      y: item.y + 0.5,
      width: Math.max(item.w - 1, 0.01),
      height: Math.max(item.h - 1, 0.01)
    };
    return rect({ ...inner, fill: "none", stroke: item.colour });
  }
  if (item.kind === "text") {
    const { x, base: y, font, colour: fill } = item;
    return `<text${written({ x, y, fill, opacity, style: `font: ${font}` })}>${escaped(item.text)}</text>`;
  }
  if (item.kind === "canvas") {
    const shapes = recorded.get(item.canvas);
    if (!shapes) return `<image${written({ ...box, ...imageOf(item.canvas) })}/>`;
    return `<g transform="translate(${round(item.x)} ${round(item.y)})">${shapes.markup}</g>`;
  }
  const id = newId();
  return definitionOf(item, id) + rect({ fill: `url(#${id})` });
}
function definitionOf(item, id) {
  if (item.kind === "ramp") {
    const stops = item.ramp.map(({ colour, at }) => `<stop${written({ offset: at, "stop-color": colour })}/>`);
    return `<linearGradient id="${id}">${stops.join("")}</linearGradient>`;
  }
  const period = item.kind === "dots" ? item.period : item.stripes.period;
  const size = { id, width: period, height: period, patternUnits: "userSpaceOnUse" };
  const inside = item.kind === "dots" ? `<circle${written({ cx: period / 2, cy: period / 2, r: item.radius, fill: item.colour })}/>` : `<rect${written({ width: item.stripes.thick, height: period, fill: item.stripes.colour })}/>`;
  const turned = item.kind === "dots" ? void 0 : `rotate(${round(item.stripes.turned)})`;
  return `<pattern${written({ ...size, patternTransform: turned })}>${inside}</pattern>`;
}

// js/shared/exporting.js
var RATIO = 2;
function filesOf(view, { csv, svg = false, named, state: worded, more = [] }, state) {
  const { root } = view;
  const name = root.classList[root.classList.length - 1];
  const title = `${name[0].toUpperCase()}${name.slice(1).replaceAll("-", " ")}`;
  const words = () => worded?.() ?? inWords(state());
  const facts = () => Object.entries(state()).filter(([trait]) => named?.includes(trait) ?? true);
  const file = (kind) => `${fileNameOf(name, Object.fromEntries(facts()))}.${kind}`;
  const choices = [
    {
      label: "Picture (PNG)",
      async take() {
        const canvas = pictureOf(view, title, words());
        return download(
          /** @type {Blob} */
          await blobOf(canvas),
          file("png")
        );
      }
    },
    ...Object.entries(typeof csv === "function" ? { "": csv } : csv).map(([what, rows]) => ({
      label: `Numbers${what && ` of the ${what}`} (CSV)`,
      take: () => download(new Blob([csvOf(rows())], { type: "text/csv" }), file(`${what && `${what}.`}csv`))
    }))
  ];
  const shapes = {
    label: "Shapes (SVG)",
    take: () => download(new Blob([shapesOf(view, title, words())], { type: "image/svg+xml" }), file("svg"))
  };
  return [choices[0], ...svg ? [shapes] : [], ...more, ...choices.slice(1)];
}
var blobOf = (canvas) => new Promise((done) => canvas.toBlob(done));
function pictureOf(view, title, words) {
  let canvas = null;
  paintFor(RATIO, null, () => {
    view.drawNow();
    canvas = toCanvas(drawnIn(view.root, title, words), RATIO);
  });
  view.drawNow();
  return (
    /** @type {HTMLCanvasElement} */
    /** @type {unknown} */
    canvas
  );
}
function shapesOf(view, title, words) {
  const recorded = /* @__PURE__ */ new Map();
  let text = "";
  const recorder = (canvas, width, height) => {
    const shapes = new Shapes(canvas, width, height);
    recorded.set(canvas, shapes);
    return (
      /** @type {Context} */
      /** @type {unknown} */
      shapes
    );
  };
  paintFor(RATIO, recorder, () => {
    view.drawNow();
    text = toSvg(drawnIn(view.root, title, words), recorded, `${title}: ${words}`);
  });
  view.drawNow();
  return text;
}
var inWords = (state) => Object.entries(state).filter(([, value]) => value !== -1 && value !== "" && (typeof value !== "object" || value === null)).map(([name, value]) => `${name.replaceAll("_", " ")} ${value ?? "none"}`).join(", ");
function fileNameOf(widget, state) {
  const facts = Object.entries(state).filter(([, value]) => value !== -1 && value !== "" && typeof value !== "object").map(([name2, value]) => typeof value === "string" ? value : `${name2}-${value}`);
  const safe = [widget, ...facts].map((each) => each.replaceAll(/[^\p{L}\p{N}.]+/gu, "-").replaceAll(/^-|-$/g, ""));
  let name = safe[0];
  for (const each of safe.slice(1)) if (name.length + each.length < 90) name += `-${each}`;
  return name;
}
function download(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 6e4);
  return `Saved as ${name}.`;
}
async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    return "Link copied.";
  } catch {
    return `Copy this link: ${text}`;
  }
}
function bindCopies({ root, on, schedule }) {
  let asked = false;
  const merge = () => {
    if (!asked) return;
    for (const layer of root.querySelectorAll("canvas + canvas")) {
      const ctx = (
        /** @type {Context} */
        /** @type {HTMLCanvasElement} */
        layer.getContext("2d")
      );
      const { width, height } = ctx.canvas;
      ctx.save();
      ctx.setTransform(1, 0, 0, 1, 0, 0);
      ctx.globalCompositeOperation = "destination-over";
      if (width && height)
        ctx.drawImage(
          /** @type {HTMLCanvasElement} */
          layer.previousElementSibling,
          0,
          0,
          width,
          height
        );
      ctx.fillStyle = pageOf(root);
      ctx.fillRect(0, 0, width, height);
      ctx.restore();
    }
  };
  on(root, "contextmenu", () => {
    asked = true;
    merge();
  });
  for (const type of ["pointermove", "pointerdown", "keydown"])
    on(root, type, () => {
      if (!asked) return;
      asked = false;
      spoil();
      schedule();
    });
  return merge;
}

// js/shared/links.js
var WAIT = 250;
var NONE = "none";
var SAME = "same";
var bounded = (allowed) => typeof allowed[2] === "boolean";
var single = (allowed) => Array.isArray(allowed);
function fits(value, allowed) {
  if (!bounded(allowed)) return allowed.some((each) => each === value);
  const [least, most, whole, none] = allowed;
  if (value === null) return none;
  return typeof value === "number" && value >= least && value <= most && (!whole || Number.isInteger(value));
}
function read(text, allowed) {
  const number = /^-?\d+(\.\d+)?(e[-+]?\d+)?$/i.test(text) ? Number(text) : void 0;
  const value = bounded(allowed) ? text === NONE ? null : number : allowed.find((each) => String(each) === text);
  return fits(value, allowed) ? value : void 0;
}
function inWords2(allowed) {
  if (bounded(allowed)) return `${allowed[2] ? "a whole number" : "a number"} from ${allowed[0]} to ${allowed[1]}`;
  return allowed.length > 12 ? "one of those that the widget lists" : `one of ${allowed.join(", ")}`;
}
function nearest(value, allowed) {
  if (!single(allowed) || fits(value, allowed)) return value;
  return bounded(allowed) ? Math.min(Math.max(Number(value), allowed[0]), allowed[1]) : allowed[0];
}
function readRows(text, { each, most }) {
  if (text === NONE) return [];
  const found = [...new Set(text.split("_"))].map((row) => row.split("."));
  const well = (row) => row.length === each.length && row.every((number, i) => read(number, each[i]) !== void 0);
  return found.length <= most && found.every(well) ? found.map((row) => row.map(Number)) : void 0;
}
function readLink(fragment, saved, link) {
  const given = new URLSearchParams(fragment.replace(/^#/, ""));
  const { state, complaints } = readState(given, saved, link);
  for (const name of new Set(given.keys())) complaints.push(`there is no ${short(name)} to set`);
  const more = complaints.length > 1 ? `, and ${complaints.length - 1} more` : "";
  return { state, wrong: complaints.length ? `Part of the link was ignored: ${complaints[0]}${more}.` : "" };
}
function readState(given, saved, link, prefix = "") {
  const state = { ...saved };
  const complaints = [];
  for (const name of Object.keys(saved)) {
    const key = prefix + name;
    const text = given.get(key);
    const allowed = link((each) => state[each])[name];
    let value;
    if (!single(allowed) && "beside" in allowed) value = readBeside(given, name, state, allowed, complaints);
    else if (text !== null) {
      value = single(allowed) ? read(text, allowed) : readRows(text, allowed);
      const what = single(allowed) ? inWords2(allowed) : `at most ${allowed.most} selections that the widget has`;
      if (value === void 0) complaints.push(`${key} must be ${what}, got ${short(text)}`);
    }
    state[name] = value === void 0 ? nearest(state[name], allowed) : value;
    given.delete(key);
  }
  return { state, complaints };
}
function readBeside(given, name, shown, { beside }, complaints) {
  const own = new URLSearchParams([...given].filter(([key]) => key.startsWith(`${name}.`)));
  for (const key of new Set(own.keys())) given.delete(key);
  const text = given.get(name);
  const some = own.toString() !== "";
  if (text === NONE && !some) return {};
  if (text === null && !some) return void 0;
  const names = Object.keys(beside((each) => shown[each]));
  const base = Object.fromEntries(names.map((each) => [each, shown[each]]));
  const found = readState(own, base, beside, `${name}.`);
  for (const key of new Set(own.keys())) found.complaints.push(`there is no ${short(key)} to set`);
  if (text !== null && text !== SAME)
    found.complaints.unshift(`${name} must be one of ${NONE}, ${SAME}, got ${short(text)}`);
  complaints.push(...found.complaints);
  return found.complaints.length ? void 0 : found.state;
}
var short = (text) => (text.length > 24 ? `${text.slice(0, 24)}…` : text) || "nothing";
function written2(name, value, to) {
  if (Array.isArray(value)) return [[name, value.map((row) => row.join(".")).join("_") || NONE]];
  if (typeof value !== "object" || value === null) return [[name, String(value ?? NONE)]];
  if (!Object.keys(value).length) return [[name, NONE]];
  const other = Object.entries(value).filter(([each, held]) => held !== to[each]);
  if (!other.length) return [[name, SAME]];
  return other.flatMap(([each, held]) => written2(`${name}.${each}`, held, to));
}
function writeLink(from, to) {
  const text = new URLSearchParams();
  for (const [name, value] of Object.entries(to)) {
    const now = written2(name, value, to);
    if (String(now) !== String(written2(name, from[name], to))) for (const [key, each] of now) text.append(key, each);
  }
  return String(text) && `#${text}`;
}
function bindLink(view, link, moving) {
  const { model, on } = view;
  const names = Object.keys(link((name) => model.get(name)));
  const stateNow = () => Object.fromEntries(names.map((name) => [name, model.get(name)]));
  const saved = stateNow();
  let followed = "";
  let waiting = 0;
  function follow2() {
    if (location.hash === followed) return;
    followed = location.hash;
    const { state, wrong } = readLink(followed, saved, link);
    view.settle();
    for (const name of names) if (state[name] !== model.get(name)) model.set(name, state[name]);
    model.save_changes();
    view.note = wrong;
    view.schedule();
  }
  function write() {
    waiting = 0;
    if (moving()) return;
    const fragment = writeLink(saved, stateNow());
    if (fragment === writeLink(saved, readLink(location.hash, saved, link).state)) return;
    try {
      history.replaceState(history.state, "", fragment || location.pathname + location.search);
    } catch {
    }
    followed = location.hash;
  }
  for (const name of names) model.on(`change:${name}`, () => waiting ||= window.setTimeout(write, WAIT));
  on(window, "hashchange", follow2);
  view.signal.addEventListener("abort", () => clearTimeout(waiting));
  follow2();
  return () => location.href.split("#")[0] + writeLink(saved, stateNow());
}

// js/shared/markup.js
var STATUS = `<p class="explorer-status"><span role="status" aria-live="polite"></span>
  <span data-part="pin"></span></p>`;
var knob = (name, label, about) => `<div class="explorer-knob"><span>${about ? term(about, label) : label}</span>
  <input type="range" min="0" step="1" data-part="${name}" aria-label="${label}" ${KEYS}>
  <input type="number" data-part="${name}-number" aria-label="${label}, typed" ${KEYS}>
  <p class="explorer-refusal" data-part="${name}-refusal" role="alert" hidden></p></div>`;

// js/shared/undo.js
var alike = (a, b) => JSON.stringify(a) === JSON.stringify(b);
var MOST = 100;
var History = class {
  /** @type {Change[]} */
  #done = [];
  /** @type {Change[]} */
  #undone = [];
  /**
   * Remember a change. One of the same gesture that turns the same trait first goes on with the one before.
   *
   * @param {Values} before
   * @param {Values} after
   * @param {number} gesture
   */
  add(before, after, gesture) {
    const [turned] = Object.keys(after);
    const last2 = this.#done.at(-1);
    if (last2 && last2.gesture === gesture && Object.keys(last2.after)[0] === turned) {
      last2.before = { ...before, ...last2.before };
      last2.after = { ...last2.after, ...after };
      if (Object.keys(last2.after).every((name) => alike(last2.before[name], last2.after[name]))) this.#done.pop();
    } else if (Object.keys(after).some((name) => !alike(before[name], after[name]))) {
      this.#done.push({ before, after, gesture });
      if (this.#done.length > MOST) this.#done.shift();
    } else return;
    this.#undone = [];
  }
  /**
   * What to set to take back the last change. Traits that have another value since then, which Python gave them, keep
   * it; a change of which nothing is left is passed over.
   *
   * @param {(name: string) => unknown} now
   */
  undo(now) {
    return this.#move(this.#done, this.#undone, "after", "before", now);
  }
  /** @param {(name: string) => unknown} now */
  redo(now) {
    return this.#move(this.#undone, this.#done, "before", "after", now);
  }
  get undoable() {
    return this.#done.length > 0;
  }
  get redoable() {
    return this.#undone.length > 0;
  }
  /**
   * @param {Change[]} from
   * @param {Change[]} to
   * @param {"before" | "after"} has
   * @param {"before" | "after"} gets
   * @param {(name: string) => unknown} now
   * @returns {Values | null}
   */
  #move(from, to, has, gets, now) {
    for (let change = from.pop(); change; change = from.pop()) {
      const { [has]: held, [gets]: given } = change;
      const own = Object.keys(held).filter((name) => alike(now(name), held[name]));
      if (!own.length) continue;
      to.push({ ...change, gesture: -1 });
      return Object.fromEntries(own.map((name) => [name, given[name]]));
    }
    return null;
  }
};
function bindUndo(view, tell, changed) {
  const { model, root, on } = view;
  const history2 = new History();
  const { send } = view;
  let gesture = 0;
  let typing = null;
  view.send = (values) => {
    const before = Object.fromEntries(Object.keys(values).map((name) => [name, model.get(name)]));
    send(values);
    history2.add(
      before,
      /** @type {Values} */
      values,
      gesture
    );
    changed(history2);
  };
  function step(back) {
    const values = back ? history2.undo((name) => model.get(name)) : history2.redo((name) => model.get(name));
    if (values) send(values);
    changed(history2);
    const first = values && Object.keys(values)[0];
    if (first) tell(`${back ? "Undone" : "Done again"}: ${inWords3(first, values[first])}.`);
  }
  on(root, "pointerdown", () => gesture++);
  on(root, "change", () => {
    gesture++;
    typing = null;
  });
  on(root, "input", ({ target }) => typing = target);
  on(root, "keydown", (event) => {
    if (!event.repeat) gesture++;
    const key = event.key.toLowerCase();
    if (!(event.ctrlKey || event.metaKey) || event.altKey || key !== "z" && key !== "y") return;
    const { target } = event;
    const box = target instanceof HTMLInputElement && target.type !== "range" && target.type !== "radio";
    if (box && typing === target) return;
    event.preventDefault();
    event.stopPropagation();
    step(key === "z" && !event.shiftKey);
  });
  return { undo: () => step(true), redo: () => step(false) };
}
function inWords3(name, value) {
  const words = name.replaceAll("_", " ");
  if (value === null || value === "" || value === -1) return `${words} is none`;
  return typeof value === "object" ? words : `${words} is ${value}`;
}

// js/shared/tools.js
var PAGE = `<span data-part="news" aria-live="polite"></span>
  <button type="button" data-part="undo" title="Undo (Ctrl+Z)" ${KEYS} disabled>Undo</button>
  <button type="button" data-part="redo" title="Redo (Ctrl+Shift+Z)" ${KEYS} disabled>Redo</button>
  <span class="widget-tools-menu"><button type="button" data-part="save" aria-haspopup="menu" aria-expanded="false"
    ${KEYS}>Save <span aria-hidden="true">▾</span></button>
  <div role="menu" aria-label="Save" data-part="save-menu" hidden></div></span>`;
function addTools(view, { exports, link }) {
  const { root, model, on, part, button: button2 } = view;
  const tools = root.querySelector(".widget-tools") ?? document.createElement("div");
  tools.className = "widget-tools";
  tools.innerHTML = PAGE;
  if (!tools.parentElement) root.append(tools);
  const tell = (sentence2) => part("news").textContent = sentence2;
  const { undo, redo } = bindUndo(view, tell, (history2) => {
    button2("undo").disabled = !history2.undoable;
    button2("redo").disabled = !history2.redoable;
    tell("");
  });
  const keepFocus = (pressed, other) => {
    if (button2(pressed).disabled) button2(button2(other).disabled ? "save" : other).focus();
  };
  on(part("undo"), "click", () => (undo(), keepFocus("undo", "redo")));
  on(part("redo"), "click", () => (redo(), keepFocus("redo", "undo")));
  const names = () => Object.keys(link?.((name) => model.get(name)) ?? {});
  const state = () => Object.fromEntries(names().map((name) => [name, model.get(name)]));
  const choices = filesOf(view, exports, state);
  if (link && model.ownsPage) {
    const address = bindLink(view, link, exports.moving ?? (() => false));
    choices.push({ label: "Copy link", take: () => copy(address()) });
  }
  bindMenu(view, choices, tell);
  return bindCopies(view);
}
function bindMenu({ root, on, part, button: button2 }, choices, tell) {
  const menu = part("save-menu");
  const opener = button2("save");
  const entries = choices.map(({ label }) => {
    const entry = document.createElement("button");
    Object.assign(entry, { type: "button", role: "menuitem", tabIndex: -1, textContent: label });
    entry.dataset.lmSuppressShortcuts = "true";
    return entry;
  });
  menu.append(...entries);
  const open = (at) => {
    menu.hidden = false;
    opener.ariaExpanded = "true";
    const room = opener.getBoundingClientRect().top - root.getBoundingClientRect().top;
    menu.toggleAttribute("data-below", room < menu.offsetHeight);
    entries.at(at)?.focus();
  };
  const close = (back) => {
    if (menu.hidden) return;
    menu.hidden = true;
    opener.ariaExpanded = "false";
    if (back) opener.focus();
  };
  on(opener, "click", () => menu.hidden ? open(0) : close(true));
  on(opener, "keydown", (event) => {
    if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
    event.preventDefault();
    event.stopPropagation();
    open(event.key === "ArrowDown" ? 0 : -1);
  });
  on(menu, "keydown", (event) => {
    const at = entries.indexOf(
      /** @type {HTMLButtonElement} */
      document.activeElement
    );
    const steps = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: -1 };
    if (event.key in steps) entries.at(steps[event.key] % entries.length)?.focus();
    else if (event.key === "Escape") close(true);
    else if (event.key === "Tab") return close(true);
    else return;
    event.preventDefault();
    event.stopPropagation();
  });
  entries.forEach(
    (entry, i) => on(entry, "click", async () => {
      close(true);
      try {
        tell(String(await choices[i].take()));
      } catch (error) {
        tell(`This could not be saved: ${error instanceof Error ? error.message : error}`);
      }
    })
  );
  on(document, "pointerdown", ({ target }) => {
    if (!(target instanceof Node) || !(menu.parentElement ?? menu).contains(target)) close(false);
  });
  on(menu, "focusout", (event) => {
    if (event.relatedTarget instanceof Node && !(menu.parentElement ?? menu).contains(event.relatedTarget))
      close(false);
  });
}

// js/shared/mount.js
var INKS = (
  /** @type {const} */
  ["text", "line", "bar", "page", "shade", "paper"]
);
function mount({ model, el }, { name, prefix, page, draw, exports, link, observed }) {
  const root = document.createElement("div");
  const stop2 = new AbortController();
  const { signal } = stop2;
  root.className = name;
  root.innerHTML = page;
  el.append(root);
  showFault(model, root);
  showNeed(model, root);
  let frame = 0;
  let stale = false;
  const part = (which) => (
    /** @type {HTMLElement} */
    root.querySelector(`[data-part="${which}"]`)
  );
  const status = (
    /** @type {HTMLElement} */
    root.querySelector("[role=status]")
  );
  const drawNow = () => {
    const all = stale;
    frame = 0;
    stale = false;
    if (all) keepTermsReached();
    draw(all);
    drawn();
  };
  let drawn = () => {
  };
  const schedule = () => {
    frame ||= requestAnimationFrame(drawNow);
  };
  const catchUp = () => {
    if (!frame) return;
    cancelAnimationFrame(frame);
    drawNow();
  };
  const refresh = () => {
    stale = true;
    schedule();
  };
  const on = (target, type, handler) => target.addEventListener(
    type,
    /** @type {(event: Event) => void} */
    handler,
    { signal }
  );
  const keepTermsReached = explainTerms(root, on, signal);
  const view = {
    root,
    signal,
    model,
    part,
    schedule,
    refresh,
    catchUp,
    drawNow() {
      stale = true;
      cancelAnimationFrame(frame);
      drawNow();
    },
    on,
    canvas: (which) => (
      /** @type {HTMLCanvasElement} */
      part(which)
    ),
    ground: (which) => (
      /** @type {HTMLCanvasElement} */
      part(which).previousElementSibling
    ),
    input: (which) => (
      /** @type {HTMLInputElement} */
      part(which)
    ),
    select: (which) => (
      /** @type {HTMLSelectElement} */
      part(which)
    ),
    button: (which) => (
      /** @type {HTMLButtonElement} */
      part(which)
    ),
    note: "",
    refused: null,
    settle() {
      view.note = "";
      view.refused?.restore();
      view.refused = null;
    },
    send(values) {
      view.settle();
      for (
        const trait of
        /** @type {(keyof T)[]} */
        Object.keys(values)
      )
        model.set(
          trait,
          /** @type {T[keyof T]} */
          values[trait]
        );
      model.save_changes();
      schedule();
    },
    ink() {
      const style = getComputedStyle(root);
      const colour = (each) => style.getPropertyValue(`--${prefix}-${each}`).trim();
      return (
        /** @type {Ink} */
        Object.fromEntries(INKS.map((each) => [each, colour(each)]))
      );
    },
    say(sentence2) {
      const words = view.note || sentence2;
      if (status.textContent !== words) status.textContent = words;
    },
    end() {
      stop2.abort();
      resized.disconnect();
      themed.disconnect();
      cancelAnimationFrame(frame);
    }
  };
  on(root, "keydown", (event) => {
    const plain = !(event.ctrlKey || event.metaKey || event.altKey || event.shiftKey);
    if (plain && (event.key === "Enter" || event.key === " ")) event.stopPropagation();
  });
  const resized = new ResizeObserver(refresh);
  const themed = new MutationObserver(refresh);
  const panels = observed?.map((which) => (
    /** @type {Element} */
    part(which).parentElement
  )) ?? [root];
  for (const panel of panels) resized.observe(panel);
  themed.observe(document.body, { attributes: true });
  on(matchMedia("(prefers-color-scheme: dark)"), "change", refresh);
  on(matchMedia("(forced-colors: active)"), "change", refresh);
  if (exports) drawn = addTools(view, link ? { exports, link } : { exports });
  refresh();
  return view;
}
function showFault(model, root) {
  const alert = document.createElement("p");
  alert.setAttribute("role", "alert");
  alert.dataset.part = "fault";
  alert.style.fontWeight = "600";
  root.append(alert);
  const tell = () => {
    alert.textContent = model.get("_fault") ?? "";
    alert.hidden = !alert.textContent;
  };
  model.on("change:_fault", tell);
  tell();
}
function showNeed(model, root) {
  const need = model.get("_needs");
  if (!need) return;
  const words = document.createElement("p");
  words.className = "widget-asleep";
  words.textContent = `The kernel is gone, and this widget needs it because ${need}: run the cell again.`;
  root.append(words);
}

// js/routing_flow/flow.js
var KINDS = { "tokens choice": "tokens", "experts choice": "experts", identity: "turns" };
function laneOf(router, logits, sizes, settings) {
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
    ...weights
  };
  if (!it.sparse) {
    const { reads } = common;
    const scores2 = scoresInUse(used, { scale });
    return finished({
      ...common,
      kind: "soft",
      sparse: false,
      columns: e * p,
      scores: scores2,
      columnGates: reads.dispatch ? dispatchWeights(scores2, now) : it.dispatch,
      gates: reads.combine ? combineWeights(scores2, now) : it.combine,
      holder: new Int32Array(e * p).fill(-1),
      meetings: []
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
    meetings: meetingsOf(it)
  });
}
function meetingsOf({ arrivals, token, e, p }) {
  if (arrivals)
    return arrivals[0].map(({ token: who, choice, expert, place }) => {
      return { token: who, choice, expert, place, slot: place < p ? expert * p + place : -1 };
    });
  return takenInTurn(token, e, p);
}
function takenInTurn(holder, e, p) {
  const found = [];
  for (let place = 0; place < p; place++)
    for (let expert = 0; expert < e; expert++) {
      const slot = expert * p + place;
      if (holder[slot] >= 0) found.push({ token: holder[slot], choice: 0, expert, place, slot });
    }
  return found;
}
function ownLane(own, image, n, scores, sizes) {
  const { name, e, p, scale, note } = own;
  const s = e * p;
  const part = (all) => all ? all.slice(image * n * s, (image + 1) * n * s) : new Float32Array(n * s);
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
    note
  });
}
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
function cached(find) {
  const found = /* @__PURE__ */ new WeakMap();
  return (lane) => {
    const kept = found.get(lane) ?? { value: find(lane) };
    found.set(lane, kept);
    return kept.value;
  };
}
var countsOf = cached(({ n, e, p, dispatch, combine, dropped, empty }) => {
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
    tokenSums: [Math.min(...tokenSums), Math.max(...tokenSums)]
  };
});
var holdersOf = ({ holder, p }, expert) => [...holder.subarray(expert * p, (expert + 1) * p)].filter((token) => token >= 0);
var slotsOf = ({ holder }, token) => [...holder.keys()].filter((slot) => holder[slot] === token);
function missOf(lane, token) {
  const gates = (
    /** @type {Float32Array} */
    lane.gates
  );
  const own = gates.subarray(token * lane.e, (token + 1) * lane.e);
  const expert = own.indexOf(Math.max(...own));
  const last2 = holdersOf(lane, expert).at(-1) ?? token;
  return { expert, gate: own[expert], last: last2, least: gates[last2 * lane.e + expert] };
}
var largest = (weights, most) => Array.from(weights, (weight, i) => (
  /** @type {[number, number]} */
  [i, weight]
)).sort((a, b) => b[1] - a[1] || a[0] - b[0]).slice(0, most);
var columnOf = ({ n, e, p, dispatch }, slot) => Float32Array.from({ length: n }, (_, t) => dispatch[t * e * p + slot]);
function protagonistOf(lanes) {
  const lane = lanes.find(({ dropped }) => dropped.some(Boolean));
  if (!lane) return 0;
  const highest = (token) => lane.gates ? Math.max(...lane.gates.subarray(token * lane.columns, (token + 1) * lane.columns)) : 0;
  const lost = [...lane.dropped.keys()].filter((token) => lane.dropped[token]);
  return lost.reduce((best, token) => highest(token) > highest(best) ? token : best);
}
var slotShown = (lane, token, slot) => slot >= 0 && slot < lane.e * lane.p ? slot : slotToShow(lane, token);
function slotToShow({ e, p, dispatch }, token) {
  const row = dispatch.subarray(token * e * p, (token + 1) * e * p);
  return row.indexOf(Math.max(...row));
}

// js/routing_flow/timeline.js
var LOOP = 12;
var BEGINS = [
  ["score", 0],
  ["normalise", 1.4],
  ["select", 3.8],
  ["dispatch", 5.5],
  ["compute", 8.5],
  ["combine", 10.2]
];
var CHAPTERS = BEGINS.map(([name, from], i) => ({ name, from, to: BEGINS[i + 1]?.[1] ?? LOOP }));
var chapterAt = (t) => CHAPTERS.findLastIndex(({ from }) => t >= from);
var stillOf = (chapter) => chapter === 1 ? 2.4 : Number((CHAPTERS[chapter].to - 0.1).toFixed(2));
function passed(t, name) {
  const { from, to } = CHAPTERS[CHAPTERS.findIndex((each) => each.name === name)];
  return between(t, from, to);
}
var SHARE = 0.6;
function turnOf(lane, count) {
  if (count < 2) return [0, 1];
  const from = lane / (count - 1) * (1 - SHARE);
  return [from, from + SHARE];
}
var dispatched = (t, turn) => between(passed(t, "dispatch"), ...turn);
var between = (x, from, to) => Math.min(Math.max((x - from) / (to - from), 0), 1);
var ease = (x) => x < 0.5 ? 4 * x ** 3 : 1 - (2 - 2 * x) ** 3 / 2;
function inTurn(x, i, count, share) {
  const from = count > 1 ? i / (count - 1) * (1 - share) : 0;
  return ease(between(x, from, from + share));
}
var mix = (a, b, x) => a + (b - a) * x;
var midway = (a, b, x) => ({
  x: mix(a.x, b.x, x),
  y: mix(a.y, b.y, x),
  w: mix(a.w, b.w, x),
  h: mix(a.h, b.h, x)
});

// js/routing_flow/brushes.js
var FONT = "system-ui, sans-serif";
var fontOf2 = (size, bold) => `${bold ? "600 " : ""}${size}px ${FONT}`;
function say(pen, text, x, y, { size, colour, bold = false, align = "left" }) {
  pen.font = fontOf2(size, bold);
  pen.textAlign = align;
  pen.textBaseline = "middle";
  pen.fillStyle = colour;
  pen.fillText(text, x, y);
}
var ruler = null;
var LENGTHS = /* @__PURE__ */ new Map();
function lengthOf(text, size, bold = false) {
  if (typeof OffscreenCanvas === "undefined") return text.length * size * (bold ? 0.68 : 0.62);
  const font = fontOf2(size, bold);
  const key = font + text;
  let length = LENGTHS.get(key);
  if (length === void 0) {
    ruler ??= contextOf(new OffscreenCanvas(1, 1));
    ruler.font = font;
    length = ruler.measureText(text).width;
    if (LENGTHS.size > 5e3) LENGTHS.clear();
    LENGTHS.set(key, length);
  }
  return length;
}
function wrapped(text, size, width, bold = false) {
  const lines = [];
  let line = "";
  for (const word of text.split(" ")) {
    const longer = line ? `${line} ${word}` : word;
    if (lengthOf(longer, size, bold) <= width) {
      line = longer;
      continue;
    }
    if (line) lines.push(line);
    line = word;
    while (line.length > 1 && lengthOf(line, size, bold) > width) {
      let most = line.length - 1;
      while (most > 1 && lengthOf(line.slice(0, most), size, bold) > width) most -= 1;
      lines.push(line.slice(0, most));
      line = line.slice(most);
    }
  }
  return [...lines, line];
}
var CUT = /* @__PURE__ */ new Map();
function cut(word, size, width) {
  const key = `${size} ${Math.floor(width)} ${word}`;
  let kept = CUT.get(key);
  if (kept === void 0) {
    const signs = [...word];
    let most = signs.length;
    const shown = () => most < signs.length ? `${signs.slice(0, most).join("")}…` : word;
    while (most > 1 && lengthOf(shown(), size) > width) most -= 1;
    kept = shown();
    if (CUT.size > 5e3) CUT.clear();
    CUT.set(key, kept);
  }
  return kept;
}
function along(a, b, u) {
  const middle = (a.x + b.x) / 2;
  const v = 1 - u;
  const x = v ** 3 * a.x + 3 * v * u * middle + u ** 3 * b.x;
  const rise = 3 * v * u ** 2 + u ** 3;
  return { x, y: mix(a.y, b.y, rise) };
}
function thread(pen, a, b, part = 1) {
  if (part <= 0) return;
  const middle = (a.x + b.x) / 2;
  pen.beginPath();
  pen.moveTo(a.x, a.y);
  if (part >= 1) pen.bezierCurveTo(middle, a.y, middle, b.y, b.x, b.y);
  else {
    const end = along(a, b, part);
    const first = mix(a.x, middle, part);
    const second = { x: mix(first, middle, part), y: mix(a.y, mix(a.y, b.y, part), part) };
    pen.bezierCurveTo(first, a.y, second.x, second.y, end.x, end.y);
  }
  pen.stroke();
}
function ringed(pen, { x, y, w, h }) {
  for (
    const [width, colour] of
    /** @type {const} */
    [
      [4.5, "#000"],
      [2, "#fff"]
    ]
  ) {
    pen.lineWidth = width;
    pen.strokeStyle = colour;
    pen.strokeRect(x - 0.5, y - 0.5, w + 1, h + 1);
  }
}
function tag(pen, { words }, token, { x, y, w, h }) {
  if (w < 15 || h < (words ? 10 : 15)) return;
  let letters = Math.min(w, h) < 22 ? 8 : 9;
  let label = String(token);
  if (words) {
    letters = Math.min(Math.floor(h) - 2, 11);
    while (letters > 8 && lengthOf(words[token], letters) > w - 3) letters -= 1;
    label = cut(words[token], letters, w - 3);
  }
  const high = Math.min(letters + (letters > 8 || words ? 2 : 0), h);
  const wide = Math.min(lengthOf(label, letters) + 3, w);
  pen.fillStyle = "rgba(0, 0, 0, 0.72)";
  pen.fillRect(x, y, wide, high);
  say(pen, label, x + wide / 2, y + high / 2 + 0.5, { size: letters, colour: "#fff", align: "center" });
}
function hollow(pen, { x, y, w, h }, colour) {
  pen.strokeStyle = colour;
  pen.lineWidth = 1;
  pen.setLineDash([3, 2]);
  pen.strokeRect(x + 0.5, y + 0.5, w - 1, h - 1);
  pen.setLineDash([]);
}
function crossed(pen, { x, y, w, h }, colour) {
  const arm = Math.min(w, h) * 0.25;
  const [across, down] = [x + w / 2, y + h / 2];
  pen.strokeStyle = colour;
  pen.lineWidth = 2;
  pen.beginPath();
  pen.moveTo(across - arm, down - arm);
  pen.lineTo(across + arm, down + arm);
  pen.moveTo(across + arm, down - arm);
  pen.lineTo(across - arm, down + arm);
  pen.stroke();
}

// js/routing_flow/words.js
var TITLES = {
  "tokens choice": "Tokens choice",
  "experts choice": "Experts choice",
  soft: "Soft MoE",
  uniform: "Uniform",
  identity: "Identity",
  "uniform / soft": "Uniform / soft",
  "soft / uniform": "Soft / uniform"
};
var titleOf = (name) => TITLES[name] ?? name;
var two = (x) => x.toFixed(2);
var percent = (x) => `${Math.round(100 * x)} %`;
var many = (count, word) => `${count} ${word}${count === 1 ? "" : "s"}`;
var spanned = ([least, most]) => two(least) === two(most) ? two(least) : `${two(least)}–${two(most)}`;
var listed = (list) => list.length > 1 ? `${list.slice(0, -1).join(", ")} and ${list[list.length - 1]}` : String(list[0] ?? "none");
var called = ({ words }, token) => `token ${token}${words ? ` (${words[token]})` : ""}`;
var numbered = ({ words }, tokens) => listed(tokens.map((token) => words ? `${token} (${words[token]})` : token));
var digitsApart = (a, b) => two(a) === two(b) ? 4 : 2;
function countsInWords(lane) {
  const counts2 = countsOf(lane);
  return `${counts2.dropped} dropped, ${counts2.empty} of ${many(lane.e * lane.p, "slot")} empty, dispatch sums to ${spanned(counts2.slotSums)} for each slot, combine to ${spanned(counts2.tokenSums)} for each token`;
}
function softmaxes({ dispatch, combine }) {
  if (dispatch && combine) return "the same scores are read twice: one softmax makes dispatch, another combine";
  if (dispatch) return "a softmax makes dispatch; combine weights are all equal";
  return combine ? "a softmax makes combine; dispatch weights are all equal" : "all weights are equal";
}
function headline(lane, chapter) {
  const { kind, n, note, reads } = lane;
  if (note) return note;
  if (!lane.known) return `as Python decided it at scale ${lane.scale} with ${many(lane.p, "slot")} per expert`;
  const blind = kind === "turns" || kind === "soft" && !reads.dispatch && !reads.combine;
  const counts2 = countsOf(lane);
  const scored = kind === "soft" || kind === "given" ? "slot" : "expert";
  const lines = {
    score: blind ? "no scores are read" : `every token is scored against every ${scored}`,
    normalise: kind === "soft" ? softmaxes(reads) : kind === "turns" || kind === "given" ? "its weights are not made from these scores" : "each row becomes a bar that sums to 1",
    select: {
      tokens: `each token asks for its best ${lane.meetings.length > n ? "experts" : "expert"}`,
      experts: `each expert reaches for its best ${lane.p} tokens`,
      turns: "tokens take turns",
      soft: "nothing is selected: every slot takes part of every token",
      given: lane.sparse ? "whole tokens go to slots" : "every weight is kept"
    }[kind],
    dispatch: lane.sparse ? `tokens travel whole; ${many(counts2.dropped, "token")} ${counts2.dropped === 1 ? "finds" : "find"} no slot` : `each slot becomes a weighted average of all ${n} patches`,
    compute: counts2.empty ? `every slot is computed, ${counts2.empty} of them empty: paid for nothing` : "every slot is computed, none is empty",
    combine: lane.sparse ? counts2.dropped ? "answers return, times their gate; what was dropped arrives unchanged" : "answers return, times their gate" : "each token gets a weighted average of all answers"
  };
  return lines[chapter];
}
function whyBefore({ meetings, priority, gates, columns, holder, p }, token) {
  const refused = meetings.filter((meeting) => meeting.token === token && meeting.slot < 0);
  if (refused.some(({ choice }) => choice > 0)) return "which were served before";
  if (priority !== "gate" || !gates) return "which came first";
  const highest = (who) => Math.max(...gates.subarray(who * columns, (who + 1) * columns));
  const [{ expert }] = refused;
  const higher = holder.subarray(expert * p, (expert + 1) * p).every((who) => highest(who) > highest(token));
  return higher ? "whose gates are higher" : "which were served before";
}
function fateOf(lane, token) {
  const { kind, p, dropped, meetings, note } = lane;
  if (note) return note;
  if (!lane.sparse) {
    const row = lane.dispatch.subarray(token * lane.e * p, (token + 1) * lane.e * p);
    const [[slot, share]] = largest(row, 1);
    if (dropped[token]) return `no slot takes any of ${called(lane, token)}: it is dropped`;
    return `${called(lane, token)} is a part of every slot, most in slot ${slot % p} of expert ${Math.floor(slot / p)} (${percent(share)} of it): it cannot be dropped`;
  }
  const slots = slotsOf(lane, token);
  const own = meetings.filter((meeting) => meeting.token === token);
  if (kind === "tokens") {
    const refused = own.filter(({ slot }) => slot < 0).map(({ expert }) => {
      const full = `its ${many(p, "slot")} already hold${p === 1 ? "s" : ""} ${numbered(lane, holdersOf(lane, expert))}`;
      return `expert ${expert}, but ${full}`;
    });
    const got = slots.map((slot) => `slot ${slot % p} of expert ${Math.floor(slot / p)}`);
    if (dropped[token])
      return `${called(lane, token)} asks ${refused.join(", and ")}, ${whyBefore(lane, token)}: it is dropped`;
    return `${called(lane, token)} gets ${listed(got)}${refused.length ? `; it also asked ${refused.join(", and ")}` : ""}`;
  }
  if (!slots.length) {
    if (kind !== "experts" || !lane.gates) return `no slot takes ${called(lane, token)}: it is dropped`;
    const { expert, gate, last: last2, least } = missOf(lane, token);
    const begins = `no expert takes ${called(lane, token)}: its gate of`;
    const taken = `of ${called(lane, last2)}, the last one taken: it is dropped`;
    if (gate === least) return `${begins} ${two(gate)} for expert ${expert} is no higher than that ${taken}`;
    const digits = digitsApart(gate, least);
    return `${begins} ${gate.toFixed(digits)} for expert ${expert} is below the ${least.toFixed(digits)} ${taken}`;
  }
  const takers = slots.map((slot) => `expert ${Math.floor(slot / p)}`);
  const verb = kind === "experts" ? takers.length > 1 ? "take" : "takes" : takers.length > 1 ? "have" : "has";
  return `${listed(takers)} ${verb} ${called(lane, token)}`;
}
function contentOf(lane, slot, most = 3) {
  const parts = largest(columnOf(lane, slot), most).filter(([, weight]) => weight > 0);
  const rest = lane.n - parts.length;
  const shown = parts.map(([token, weight]) => `${percent(weight)} ${called(lane, token)}`).join(" + ");
  const name = `slot ${slot % lane.p} of expert ${Math.floor(slot / lane.p)}`;
  if (!parts.length) return `${name} is empty`;
  return `${name} = ${shown}${rest > 0 ? ` + ${rest} more` : ""}`;
}
function footnote(lane, chapter, token, slot = slotToShow(lane, token)) {
  if (lane.note) return "";
  const { kind, p, gates, columns, meetings } = lane;
  if (chapter === "score" || chapter === "normalise") {
    const values = chapter === "score" || !gates ? lane.scores : gates;
    const [[column, value]] = largest(values.subarray(token * columns, (token + 1) * columns), 1);
    const target = columns > lane.e ? `slot ${column % p} of expert ${Math.floor(column / p)}` : `expert ${column}`;
    if (kind === "turns" || kind === "given" && chapter === "normalise") return "";
    return chapter === "score" ? `${called(lane, token)} scores best with ${target}: ${two(value)}` : `${called(lane, token)}: ${two(value)} of its bar is ${target}`;
  }
  if (chapter === "select") {
    if (!lane.sparse) return "";
    const own = [...new Set(meetings.filter((m) => m.token === token).map(({ expert }) => `expert ${expert}`))];
    if (kind === "tokens") return `${called(lane, token)} asks ${listed(own)}`;
    return own.length ? `${listed(own)}: ${called(lane, token)} is among the chosen` : `no expert reaches for ${called(lane, token)}`;
  }
  if (chapter === "dispatch" || chapter === "compute") return lane.sparse ? fateOf(lane, token) : contentOf(lane, slot);
  if (lane.dropped[token]) return `${called(lane, token)} arrives unchanged: only its residual is left`;
  const row = lane.combine.subarray(token * lane.e * p, (token + 1) * lane.e * p);
  const parts = largest(row, lane.sparse ? 4 : 2).filter(([, weight]) => weight > 0);
  const shown = parts.map(([from, weight]) => `${two(weight)} × expert ${Math.floor(from / p)}`).join(" + ");
  const rest = row.filter((weight) => weight > 0).length - parts.length;
  return `${called(lane, token)} + ${shown}${rest > 0 ? ` + ${rest} more` : ""}`;
}
var CHAPTER_WORDS = {
  score: "Scores: how well does each token fit?",
  normalise: "Normalise: scores become weights that sum to 1",
  select: "Select: who goes where?",
  dispatch: "Dispatch: tokens fill slots, whole or mixed",
  compute: "Compute: experts work on their slots",
  combine: "Combine: answers return to their tokens"
};
function sentence(lane, chapter, token) {
  const more = footnote(lane, chapter, token);
  const text = `${titleOf(lane.name)}: ${headline(lane, chapter)}${more ? `; ${more}` : ""}.`;
  return text.replace(/\.\.$/, ".");
}

// js/routing_flow/captions.js
var TITLES2 = {
  score: "How well tokens fit",
  normalise: "Scores become weights",
  select: "Who goes where?",
  dispatch: "Tokens fill slots, whole or mixed",
  compute: "Experts work on slots",
  combine: "Answers return to tokens"
};
function readings({ dispatch, combine }) {
  if (dispatch && combine) return "the same scores, read twice";
  if (dispatch) return "read once; answers weigh alike";
  return combine ? "read once; tokens weigh alike" : "all weights are equal";
}
function heading2(lane, chapter) {
  const { kind, note, reads, p } = lane;
  if (note) return note;
  if (!lane.known) return `as Python decided it at scale ${lane.scale} with ${p} slot${p === 1 ? "" : "s"} per expert`;
  const blind = kind === "turns" || kind === "soft" && !reads.dispatch && !reads.combine;
  const { empty } = countsOf(lane);
  switch (chapter) {
    case "score":
      return blind ? "no scores are read" : `one score per ${lane.columns > lane.e || kind === "soft" ? "slot" : "expert"}`;
    case "normalise":
      if (kind === "soft") return readings(reads);
      return kind === "turns" || kind === "given" ? "weights come from elsewhere" : "each row sums to 1";
    case "select":
      return {
        tokens: `tokens ask their best ${lane.meetings.length > lane.n ? "experts" : "expert"}`,
        experts: `each expert picks ${p} token${p === 1 ? "" : "s"}`,
        turns: "tokens take turns",
        soft: "nothing is selected",
        given: lane.sparse ? "whole tokens are chosen" : "nothing is selected"
      }[kind];
    case "dispatch":
      return lane.sparse ? "whole tokens travel to slots" : `each slot averages all ${lane.n} tokens`;
    case "compute":
      return empty ? `${empty} slot${empty === 1 ? "" : "s"} computed for nothing` : "no slot is empty";
    case "combine":
      return lane.sparse ? "answers return, times their weight" : "each token averages all answers";
  }
}
function few({ words }, tokens) {
  const most = tokens.length > 6 ? 4 : 6;
  const names = tokens.slice(0, most).map((token) => words ? words[token] : String(token));
  return names.join(", ") + (tokens.length > most ? ` and ${tokens.length - most} more` : "");
}
var expertsIn = (experts) => `expert${experts.length > 1 ? "s" : ""} ${listed(experts)}`;
function fate(lane, token) {
  const { kind, p, dropped, meetings, sparse } = lane;
  const who = called(lane, token);
  if (!sparse) return dropped[token] ? `no slot takes ${who}: it is dropped` : "";
  const slots = slotsOf(lane, token);
  const full = meetings.filter((meeting) => meeting.token === token && meeting.slot < 0).map(({ expert: expert2 }) => expert2);
  if (kind === "tokens") {
    if (dropped[token])
      return full.length === 1 ? `${few(lane, holdersOf(lane, full[0]))} fill expert ${full[0]} first: ${who} is dropped` : `${expertsIn(full)} are full: ${who} is dropped`;
    const got = slots.map((slot) => `slot ${slot % p} of expert ${Math.floor(slot / p)}`);
    return `${who} gets ${listed(got)}${full.length ? `; ${expertsIn(full)} ${full.length > 1 ? "are" : "is"} full` : ""}`;
  }
  const takers = slots.map((slot) => Math.floor(slot / p));
  if (takers.length) return `${expertsIn(takers)} ${takers.length > 1 ? "take" : "takes"} ${who}`;
  if (kind !== "experts" || !lane.gates) return `no slot takes ${who}: it is dropped`;
  const { expert, gate, least } = missOf(lane, token);
  const digits = digitsApart(gate, least);
  return gate === least ? `expert ${expert} is full: ${who} is dropped` : `${who} is dropped: its ${gate.toFixed(digits)} is below ${least.toFixed(digits)}`;
}
function caption(lane, chapter, token) {
  if (lane.note) return "";
  const { kind, p, gates, columns, meetings } = lane;
  const who = called(lane, token);
  if (chapter === "score" || chapter === "normalise") {
    if (kind === "turns" || kind === "given" && chapter === "normalise") return "";
    const values = chapter === "score" || !gates ? lane.scores : gates;
    const [[column]] = largest(values.subarray(token * columns, (token + 1) * columns), 1);
    const target = columns > lane.e ? `slot ${column % p} of expert ${Math.floor(column / p)}` : `expert ${column}`;
    return `${who} fits ${target} best`;
  }
  if (chapter === "select") {
    if (!lane.sparse) return "every slot takes every token";
    const own = [...new Set(meetings.filter((m) => m.token === token).map(({ expert }) => expert))];
    if (kind === "tokens") return `${who} asks ${expertsIn(own)}`;
    if (!own.length) return `no expert picks ${who}`;
    return `${expertsIn(own)} ${own.length > 1 ? "pick" : "picks"} ${who}`;
  }
  if (chapter === "dispatch" || chapter === "compute") return fate(lane, token);
  if (lane.dropped[token]) return `${who} comes back unchanged`;
  if (!lane.sparse) return `${who} + all answers, weighted`;
  const row = lane.combine.subarray(token * lane.e * p, (token + 1) * lane.e * p);
  const parts = largest(row, 4).filter(([, weight]) => weight > 0);
  const shown = parts.map(([from, weight]) => `${weight.toFixed(2)} × expert ${Math.floor(from / p)}`).join(" + ");
  const rest = row.filter((weight) => weight > 0).length - parts.length;
  return `${who} + ${shown}${rest > 0 ? ` + ${rest} more` : ""}`;
}
function recipeOf(lane, slot) {
  const parts = largest(columnOf(lane, slot), 3).filter(([, weight]) => weight > 0);
  return { name: `slot ${slot % lane.p} of expert ${Math.floor(slot / lane.p)}`, parts, rest: lane.n - parts.length };
}
var longestOf = cached((lane) => {
  const all = /* @__PURE__ */ new Set();
  for (
    const chapter of
    /** @type {Chapter[]} */
    ["score", "normalise", "select", "dispatch", "combine"]
  )
    for (let token = 0; token < lane.n; token++) all.add(caption(lane, chapter, token));
  return [...all].sort((a, b) => b.length - a.length).slice(0, 6);
});
var COUNTED = ["dropped", "empty slots", "each slot takes", "each token gets back"];
var totalsOf = cached((lane) => {
  const { dropped, empty, slotSums, tokenSums } = countsOf(lane);
  return [String(dropped), String(empty), spanned(slotSums), spanned(tokenSums)];
});
var UNKNOWN = "—";
function tallyAt(lane, t, turn, falls) {
  const totals = totalsOf(lane);
  const now = dispatched(t, turn);
  const computed = passed(t, "compute");
  const lost = lane.dropped.filter((is, token) => is && now >= falls(token)).length;
  const idle = lane.empty.filter((is, slot) => is && computed * lane.p >= slot % lane.p + 0.5).length;
  return [
    now > 0 ? String(lost) : UNKNOWN,
    computed > 0 ? String(idle) : UNKNOWN,
    now >= 1 ? totals[2] : UNKNOWN,
    passed(t, "combine") >= 0.6 ? totals[3] : UNKNOWN
  ];
}

// js/routing_flow/places.js
var EDGE = 4;
var GAP3 = 14;
var counted = (name, value) => `${name} ${value}`;
function flowed(lengths, width) {
  let [x, line, longest] = [0, 0, 0];
  const at = lengths.map((length) => {
    if (x && x + length > width) [x, line] = [0, line + 1];
    const from = x;
    x += length + GAP3;
    longest = Math.max(longest, x - GAP3);
    return { x: from, line };
  });
  return { at, lines: line + 1, longest };
}
function placesOf(lanes, width, font) {
  const room = width - 2 * EDGE;
  const small = font - 1;
  const step = font + 4;
  const titles = lanes.map(({ name }) => wrapped(titleOf(name), font + 1, room, true));
  const titleLong = Math.max(...titles.flat().map((line) => lengthOf(line, font + 1, true)));
  const headings = lanes.map((lane) => CHAPTERS.map(({ name }) => heading2(lane, name)));
  const headingLong = Math.max(...headings.flat().map((text) => lengthOf(text, font)));
  const widths = COUNTED.map(
    (name, i) => Math.max(...lanes.map((lane) => lengthOf(counted(name, totalsOf(lane)[i]), small)))
  );
  const one = flowed(widths, Infinity);
  const beside = titleLong + GAP3 + headingLong + 2 * GAP3 + one.longest <= room;
  const right = !beside && titleLong + 2 * GAP3 + one.longest <= room;
  const counts2 = beside || right ? one : flowed(widths, room);
  const countsX = beside || right ? width - EDGE - one.longest : EDGE;
  return lanes.map((lane, i) => {
    const first = 9;
    const titleEnd = first + (titles[i].length - 1) * step;
    const x = beside ? EDGE + titleLong + GAP3 : EDGE;
    const own = beside ? room - titleLong - GAP3 - 2 * GAP3 - one.longest : room;
    const y = beside ? first : titleEnd + step;
    const lines = Math.max(...headings[i].map((text) => wrapped(text, font, own).length));
    const headingEnd = y + (lines - 1) * step;
    const countsY = beside || right ? first : headingEnd + step;
    const end = Math.max(titleEnd, headingEnd, lane.note ? 0 : countsY + (counts2.lines - 1) * step);
    const caption2 = { x: EDGE, width: room, size: font, step: font + 3, tile: font + 9 };
    const captions = longestOf(lane).map((text) => wrapped(text, font, room, true).length * caption2.step);
    const recipe = lane.sparse || lane.note ? 0 : Math.max(...recipesOf(lane).map((each) => recipeAt(each, caption2).lines)) * (caption2.tile + 3);
    return {
      above: Math.ceil(end + step / 2 + 4),
      below: Math.max(...captions, recipe) + 10,
      title: titles[i],
      heading: { x, y, width: own, size: font, step },
      tally: counts2.at.map((at) => ({ x: countsX + at.x, y: countsY + at.line * step })),
      small,
      caption: caption2
    };
  });
}
function piecesOf(lane, slot) {
  const { name, parts, rest } = recipeOf(lane, slot);
  const pieces = [
    { text: "", token: -1, slot },
    { text: `${name} ${parts.length ? "=" : "is empty"}`, token: -1, slot: -1 }
  ];
  parts.forEach(([token, weight], i) => {
    const more = i < parts.length - 1 || rest > 0;
    pieces.push({ text: "", token, slot: -1 });
    const word = lane.words ? `${lane.words[token]} ` : "";
    pieces.push({ text: `${word}${Math.round(100 * weight)} %${more ? " +" : ""}`, token: -1, slot: -1 });
  });
  if (parts.length && rest > 0) pieces.push({ text: `${rest} more`, token: -1, slot: -1 });
  return pieces;
}
function recipeAt(pieces, { x: left, width, size, tile }) {
  let [x, line] = [0, 0];
  const at = pieces.map(({ text }, i) => {
    const long = text ? lengthOf(text, size, true) : tile;
    const next = text || !pieces[i + 1] ? 0 : 6 + lengthOf(pieces[i + 1].text, size, true);
    if (x && x + long + next > width) [x, line] = [0, line + 1];
    const from = left + x;
    x += long + 6;
    return { x: from, line, long };
  });
  return { at, lines: line + 1 };
}
var recipesOf = cached((lane) => Array.from({ length: lane.e * lane.p }, (_, slot) => piecesOf(lane, slot)));

// js/routing_flow/layout.js
var SQUARE = 2;
var NUMBERED = 15;
var WORDED = { w: 34, h: 13 };
var RAIL = 26;
function layoutOf(lanes, grid, width, { head = width < 600 ? 62 : 76, lean = false } = {}) {
  const n = Math.max(...lanes.map((lane) => lane.n));
  const worded = lanes.some(({ words }) => words);
  const compact = width < 600;
  const tiny = width < 520;
  const font = compact ? 11 : 13;
  const [from, to, rackX, rackWide] = tiny ? [0.215, 0.4, 0.475, 0.225] : compact ? [0.18, 0.36, 0.44, 0.135] : [0.15, 0.315, 0.43, 0.14];
  const least = lean ? 116 : compact ? 168 : 152;
  const wanted = Math.max(
    ...lanes.map(({ e, p }) => e * rackHigh(p, width * rackWide, worded)),
    worded ? 13 * n : 7 * n
  );
  const high = Math.min(Math.max(least, wanted), worded ? 420 : compact ? 560 : 340);
  const [rows, columns] = worded ? listOf(n, high) : grid.length ? grid : squareOf(n);
  const share = tiny ? 0.2 : compact ? 0.15 : 0.125;
  const edge = compact ? 2 : 6;
  const patch = worded ? { w: Math.floor(width * share / columns), h: Math.floor(Math.min(high / rows, 22)) } : squared(Math.floor(Math.min(width * share / columns, high / rows)));
  const places = placesOf(lanes, width, font);
  let y = head;
  const boxes = lanes.map((lane, i) => {
    const words = places[i];
    const begins = y;
    const top = y + words.above;
    const middle = top + (high - patch.h * rows) / 2;
    const rowHigh = high / lane.n;
    const cellsX = from * width + Math.min(rowHigh, 14) + 4;
    const sumWide = compact ? 0 : 34;
    const { e, p } = lane;
    const band = high / e;
    const rack = rackOf(p, width * rackWide, band, worded);
    const x = width * rackX;
    const expertX = x + rack.across * (rack.w + SQUARE) + width * 8e-3;
    const wide = width * (compact ? 0.065 : 0.075);
    y = top + high + RAIL + words.below;
    return {
      y: begins,
      top,
      high,
      rail: top + high + RAIL / 2,
      end: y,
      patches: { x: edge, y: middle, ...patch },
      results: { x: width - edge - patch.w * columns, y: middle, ...patch },
      scores: {
        x: from * width,
        rowHigh,
        cellsX,
        cellsWide: to * width - cellsX - sumWide,
        end: to * width,
        top,
        tall: high
      },
      rack: { x, band, ...rack },
      expert: { x: expertX, wide },
      outputs: tiny ? x : expertX + wide + width * 0.01,
      p,
      words
    };
  });
  return { width, height: y, head, font, compact, tiny, columns, lanes: boxes };
}
var squared = (side) => ({ w: side, h: side });
function listOf(n, high) {
  const columns = Math.ceil(13 * n / high);
  return [Math.ceil(n / columns), columns];
}
function rackHigh(p, wide, worded) {
  const { w, h } = worded ? WORDED : squared(NUMBERED);
  const across = Math.max(Math.floor(wide / (w + SQUARE)), 1);
  return Math.ceil(p / across) * (h + SQUARE) + 4;
}
function rackOf(p, wide, band, worded) {
  let best = { w: 0, h: 0, across: p, tall: 0, worth: -1 };
  for (let rows = 1; rows <= p; rows++) {
    const across2 = Math.ceil(p / rows);
    const room = { w: wide / across2 - SQUARE, h: (band - 4) / rows - SQUARE };
    const side = Math.max(Math.min(room.w, room.h, 34), 3);
    const { w: w2, h: h2 } = worded ? { w: Math.max(Math.min(room.w, 90), 3), h: Math.max(Math.min(room.h, 22), 3) } : squared(side);
    const worth = worded ? Math.min(w2 / WORDED.w, h2 / WORDED.h) : side;
    if (worth > best.worth) best = { w: w2, h: h2, across: across2, tall: rows * (h2 + SQUARE) - SQUARE, worth };
  }
  const { w, h, across, tall } = best;
  return { w, h, across, tall };
}
function squareOf(n) {
  const columns = Math.ceil(Math.sqrt(n));
  return [Math.ceil(n / columns), columns];
}
var inField = ({ columns }, { x, y, w, h }, token) => ({
  x: x + token % columns * w,
  y: y + Math.floor(token / columns) * h,
  w: w - 1,
  h: h - 1
});
var patchAt = (layout, { patches }, token) => inField(layout, patches, token);
var resultAt = (layout, { results }, token) => inField(layout, results, token);
var rowAt = ({ scores: { x, top, rowHigh } }, token) => ({ x, y: top + (token + 0.5) * rowHigh });
function inRack({ top, p, rack: { w, h, across, tall, band } }, slot, from) {
  const place = slot % p;
  const y = top + Math.floor(slot / p) * band + (band - tall) / 2;
  return { x: from + place % across * (w + SQUARE), y: y + Math.floor(place / across) * (h + SQUARE), w, h };
}
function rackAt(box, expert) {
  const { x, y } = inRack(box, expert * box.p, box.rack.x);
  const { w, across, tall } = box.rack;
  return { x, y, w: across * (w + SQUARE) - SQUARE, h: tall };
}
var slotAt = (box, slot) => inRack(box, slot, box.rack.x);
var outputAt = (box, slot) => inRack(box, slot, box.outputs);
function expertAt({ top, rack: { tall, band }, expert: { x, wide } }, expert) {
  const high = Math.min(band - 4, tall + 8);
  return { x, y: top + expert * band + (band - high) / 2, w: wide, h: high };
}
function slotUnder(layout, lanes, x, y) {
  for (const [lane, box] of layout.lanes.entries())
    for (let slot = 0; slot < lanes[lane].e * lanes[lane].p; slot++) {
      const at = slotAt(box, slot);
      if (x >= at.x && x < at.x + at.w && y >= at.y && y < at.y + at.h) return { lane, slot };
    }
  return null;
}
function tokenUnder(layout, n, x, y) {
  for (const { patches, results, scores } of layout.lanes) {
    for (const area of [patches, results]) {
      const column = Math.floor((x - area.x) / area.w);
      const token = Math.floor((y - area.y) / area.h) * layout.columns + column;
      if (column >= 0 && column < layout.columns && y >= area.y && token < n) return token;
    }
    const row = Math.floor((y - scores.top) / scores.rowHigh);
    if (x >= scores.x && x < scores.end && y >= scores.top && row < n) return row;
  }
  return -1;
}

// js/routing_flow/tiles.js
var SIDE = 4;
function tilesOf(picture, grid, n) {
  if (!picture)
    return Array.from({ length: n }, (_, t) => {
      const colour = RAMP[Math.round(255 * (t + 0.5) / n)];
      return { side: 1, cells: Float32Array.of(colour & 255, colour >> 8 & 255, colour >> 16 & 255) };
    });
  const [rows, columns] = grid;
  return Array.from({ length: n }, (_, t) => patchOf(picture, t, rows, columns));
}
function patchOf({ width, height, channels, bytes }, token, rows, columns) {
  const [wide, high] = [width / columns, height / rows];
  const [left, top] = [token % columns * wide, Math.floor(token / columns) * high];
  const side = Math.min(SIDE, Math.max(wide, high));
  const cells = new Float32Array(side * side * 3);
  for (let y = 0; y < side; y++)
    for (let x = 0; x < side; x++) {
      const from = [left + Math.floor(x * wide / side), top + Math.floor(y * high / side)];
      const to = [left + Math.ceil((x + 1) * wide / side), top + Math.ceil((y + 1) * high / side)];
      const count = (to[0] - from[0]) * (to[1] - from[1]);
      for (let row = from[1]; row < to[1]; row++)
        for (let column = from[0]; column < to[0]; column++)
          for (let k = 0; k < 3; k++) {
            const value = bytes[(row * width + column) * channels + (channels === 3 ? k : 0)];
            cells[(y * side + x) * 3 + k] += value / count;
          }
    }
  return { side, cells };
}
function mixed(tiles, weights) {
  const cells = new Float32Array(tiles[0].cells.length);
  tiles.forEach((tile, t) => tile.cells.forEach((value, i) => cells[i] += weights[t] * value));
  return { side: tiles[0].side, cells };
}
var tinted = ({ side, cells }, colour, share) => ({
  side,
  cells: cells.map((value, i) => value + (colour[i % 3] - value) * share)
});
var rgbOf = (hex) => [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16));
function paintTile(pen, tile, { x, y, w, h }) {
  if (pen.drawImage) {
    pen.imageSmoothingEnabled = false;
    pen.drawImage(tile.bitmap ??= bitmapOf(tile), x, y, w, h);
    return;
  }
  const [across, down] = [w / tile.side, h / tile.side];
  for (let i = 0; i < tile.side * tile.side; i++) {
    const [r, g, b] = tile.cells.subarray(3 * i, 3 * i + 3).map(Math.round);
    pen.fillStyle = `rgb(${r}, ${g}, ${b})`;
    pen.fillRect(x + i % tile.side * across, y + Math.floor(i / tile.side) * down, across, down);
  }
}
function bitmapOf({ side, cells }) {
  const pixels = new ImageData(side, side);
  for (let i = 0; i < side * side; i++) {
    for (let k = 0; k < 3; k++) pixels.data[4 * i + k] = Math.round(cells[3 * i + k]);
    pixels.data[4 * i + 3] = 255;
  }
  const canvas = new OffscreenCanvas(side, side);
  contextOf(canvas).putImageData(pixels, 0, 0);
  return canvas;
}

// js/routing_flow/made.js
function madeOf(lane, tiles) {
  const { n, e, p, combine } = lane;
  const s = e * p;
  const colours = Array.from({ length: e }, (_, expert) => rgbOf(expertColour(expert)));
  const slots = Array.from({ length: s }, (_, slot) => {
    const whole = lane.holder[slot];
    return whole >= 0 ? tiles[whole] : mixed(tiles, columnOf(lane, slot));
  });
  const outputs = slots.map((slot, i) => tinted(slot, colours[Math.floor(i / p)], 0.45));
  const results = Array.from({ length: n }, (_, t) => {
    const shares = combine.subarray(t * s, (t + 1) * s).map((weight) => Math.max(weight, 0));
    const sum = shares.reduce((a, x) => a + x, 0);
    const light = [0, 1, 2].map(
      (k) => shares.reduce((a, share, slot) => a + share / sum * colours[Math.floor(slot / p)][k], 0)
    );
    return sum ? tinted(tiles[t], light, 0.3) : tiles[t];
  });
  return { slots, outputs, results };
}

// js/shared/stops.js
function evenly(least, most, step) {
  return Array.from({ length: Math.round((most - least) / step) + 1 }, (_, i) => Number((least + i * step).toFixed(9)));
}
function widely(least, most, power, bases) {
  const stops = /* @__PURE__ */ new Set([least, most]);
  for (let k = Math.floor(Math.log(least) / Math.log(power)) - 1; power ** k <= most; k++)
    for (const base of bases) {
      const at = Number((base * power ** k).toPrecision(12));
      if (at > least && at < most && (Number.isInteger(at) || least < 1)) stops.add(at);
    }
  return [...stops].sort((a, b) => a - b);
}
var doubling = (least, most) => widely(least, most, 2, [1, 1.5]);

// js/routing_flow/page.js
var counts = (least, most) => most - least < 32 ? evenly(least, most, 1) : doubling(least, most);
var KNOBS = {
  capacity_factor: ["Capacity factor", () => [0.25, 0.5, 0.75, 1, 1.25, 1.5, 1.75, 2]],
  scale: ["Scale (1 / temperature)", () => [0, 0.1, 0.2, 0.35, 0.5, 0.75, 1, 1.5, 2, 3, 5, 8, 12, 20]],
  slots_per_expert: ["Slots per expert", counts],
  top_k: ["Choices (top_k)", counts],
  image_index: ["Image", counts]
};
var LEGEND = `<p class="routing-flow-legend" data-part="legend">In the words of the field:
  the weight of a token for an expert is its ${term("gate")}; what each slot takes is the sum of its ${term("dispatch")} weights; what each
  token gets back is the sum of its ${term("combine")} weights; what comes back unchanged was ${term("dropped")} and has only its
  ${term("residual")}. More: ${["token", "slot", "expert", "score", "softmax", "empty slot"].map((name) => term(name)).join(" ")}</p>`;
var TERMS = { capacity_factor: "capacity factor", scale: "scale", slots_per_expert: "capacity", top_k: "top_k" };
var button = (name, label, more = "") => `<button type="button" data-part="${name}" ${KEYS} ${more}>${label}</button>`;
var PAGE2 = `
<div class="routing-flow-player explorer-actions">
  ${button("play", "Play")}
  <input type="range" min="0" max="${LOOP}" step="0.05" data-part="t" aria-label="Time, in six chapters: the arrow keys
    go from chapter to chapter" ${KEYS}>
  <span data-part="clock"></span>
  <span class="routing-flow-token" role="group" aria-label="The token that is followed">${button("before", "‹", 'aria-label="Token before"')}
  <span data-part="who"></span>${button("after", "›", 'aria-label="Next token"')}</span>
</div>
<div class="routing-flow-tabs" role="tablist" aria-label="Router" data-part="tabs" hidden></div>
<div class="routing-flow-stage"><canvas data-part="stage" tabindex="0" ${KEYS} role="application"></canvas></div>
${STATUS}
${LEGEND}
<div class="explorer-controls routing-flow-knobs">
  ${Object.keys(KNOBS).map((name) => `<div data-part="${name}-knob">${knob(name, KNOBS[name][0], TERMS[name])}</div>`).join("")}
  <label data-part="priority-knob">Served first <select data-part="priority" ${KEYS}>${PRIORITIES.map(
  (each) => `<option>${each}</option>`
).join("")}</select></label>
</div>
<div class="routing-flow-share explorer-actions">
  ${button("webm", "Film of one loop (WebM)")}<span data-part="shared" aria-live="polite"></span>
</div>
<details data-part="told"><summary ${KEYS}>The same story as text</summary><ol data-part="story"></ol></details>
<p data-part="hint">Point at a patch to light its path. Arrow keys: left and right go from chapter to chapter, up and
down from token to token; Enter keeps a token, Escape lets it go.</p>`;

// js/routing_flow/playing.js
var LONGEST = 100;
var lessMotion = () => matchMedia("(prefers-reduced-motion: reduce)");
function bindClock(view, stage, moved) {
  let frame = 0;
  let last2 = 0;
  let seen = true;
  const less = lessMotion();
  function tick(now) {
    const since = last2 ? Math.min(now - last2, LONGEST) : 0;
    last2 = now;
    frame = requestAnimationFrame(tick);
    moved((view.model.get("t") + since / 1e3) % LOOP);
  }
  function follow2() {
    const runs = view.model.get("playing") && seen && !less.matches && !view.signal.aborted;
    if (runs && !frame) {
      last2 = 0;
      frame = requestAnimationFrame(tick);
    } else if (!runs) {
      cancelAnimationFrame(frame);
      frame = 0;
    }
  }
  const sight = new IntersectionObserver(([{ isIntersecting }]) => {
    seen = isIntersecting;
    follow2();
  });
  sight.observe(stage);
  view.on(less, "change", () => {
    follow2();
    view.refresh();
  });
  view.model.on("change:playing", follow2);
  follow2();
  return {
    runs: () => frame !== 0,
    stop() {
      sight.disconnect();
      cancelAnimationFrame(frame);
    }
  };
}

// js/routing_flow/film.js
var FRAMES_PER_SECOND = 25;
var FORMATS = ["video/webm;codecs=vp9", "video/webm;codecs=vp8", "video/webm"];
function formatOf() {
  if (typeof MediaRecorder === "undefined" || !("captureStream" in HTMLCanvasElement.prototype)) return null;
  return FORMATS.find((format) => MediaRecorder.isTypeSupported(format)) ?? null;
}
async function filmOf(canvas, draw, { format, signal, tell, seconds = LOOP }) {
  const stream = canvas.captureStream(0);
  const [track] = (
    /** @type {CanvasCaptureMediaStreamTrack[]} */
    stream.getVideoTracks()
  );
  const recorder = new MediaRecorder(stream, { mimeType: format, videoBitsPerSecond: 4e6 });
  const chunks = [];
  recorder.addEventListener("dataavailable", ({ data }) => chunks.push(data));
  const ended = new Promise((resolve) => recorder.addEventListener("stop", resolve, { once: true }));
  recorder.start();
  const frames = Math.round(seconds * FRAMES_PER_SECOND);
  const start = performance.now();
  for (let i = 0; i < frames && !signal.aborted; i++) {
    draw(i * LOOP / frames);
    track.requestFrame();
    tell((i + 1) / frames);
    await pause(start + 1e3 * (i + 1) / FRAMES_PER_SECOND - performance.now());
  }
  recorder.stop();
  await ended;
  track.stop();
  return signal.aborted ? null : new Blob(chunks, { type: "video/webm" });
}
var pause = (milliseconds) => new Promise((done) => setTimeout(done, Math.max(milliseconds, 0)));

// js/routing_flow/pen.js
var short2 = (x) => String(Math.round(x * 100) / 100);
var escaped2 = (text) => text.replace(/[&<>"]/g, (sign) => `&#${sign.charCodeAt(0)};`);
var ANCHORS2 = { left: "start", start: "start", center: "middle", right: "end", end: "end" };
var BASELINES = { middle: "central", top: "hanging", hanging: "hanging", alphabetic: "auto", bottom: "auto" };
var SvgPen = class {
  /** @type {string[]} */
  #elements = [];
  #path = "";
  /** @type {number[]} */
  #dash = [];
  #origin = { x: 0, y: 0 };
  /** @type {object[]} */
  #kept = [];
  globalAlpha = 1;
  /** @type {string | CanvasGradient | CanvasPattern} */
  fillStyle = "#000";
  /** @type {string | CanvasGradient | CanvasPattern} */
  strokeStyle = "#000";
  lineWidth = 1;
  /** @type {CanvasLineCap} */
  lineCap = "butt";
  /** @type {CanvasLineJoin} */
  lineJoin = "miter";
  font = "11px system-ui, sans-serif";
  /** @type {CanvasTextAlign} */
  textAlign = "left";
  /** @type {CanvasTextBaseline} */
  textBaseline = "middle";
  save() {
    const { globalAlpha, fillStyle, strokeStyle, lineWidth, lineCap, lineJoin, font, textAlign, textBaseline } = this;
    const own = { globalAlpha, fillStyle, strokeStyle, lineWidth, lineCap, lineJoin, font, textAlign, textBaseline };
    this.#kept.push({ own, origin: this.#origin, dash: this.#dash });
  }
  restore() {
    const kept = (
      /** @type {any} */
      this.#kept.pop()
    );
    if (!kept) return;
    Object.assign(this, kept.own);
    this.#origin = kept.origin;
    this.#dash = kept.dash;
  }
  /** @type {(x: number, y: number) => void} */
  translate(x, y) {
    this.#origin = { x: this.#origin.x + x, y: this.#origin.y + y };
  }
  beginPath() {
    this.#path = "";
  }
  /** @type {(...numbers: number[]) => string} */
  #at(...numbers) {
    return numbers.map((x, i) => short2(x + (i % 2 ? this.#origin.y : this.#origin.x))).join(" ");
  }
  /** @type {(x: number, y: number) => void} */
  moveTo(x, y) {
    this.#path += `M${this.#at(x, y)}`;
  }
  /** @type {(x: number, y: number) => void} */
  lineTo(x, y) {
    this.#path += `L${this.#at(x, y)}`;
  }
  /** @type {(a: number, b: number, c: number, d: number, x: number, y: number) => void} */
  bezierCurveTo(a, b, c, d, x, y) {
    this.#path += `C${this.#at(a, b, c, d, x, y)}`;
  }
  closePath() {
    this.#path += "Z";
  }
  /** @type {(x: number, y: number, w: number, h: number) => void} */
  rect(x, y, w, h) {
    this.#path += `M${this.#at(x, y)}h${short2(w)}v${short2(h)}h${short2(-w)}Z`;
  }
  /** @type {(x: number, y: number, radius: number, from: number, to: number) => void} A full circle, whatever the angles. */
  arc(x, y, radius) {
    const r = short2(radius);
    this.#path += `M${this.#at(x - radius, y)}a${r} ${r} 0 1 0 ${short2(2 * radius)} 0a${r} ${r} 0 1 0 ${short2(-2 * radius)} 0Z`;
  }
  /** @type {(lengths: Iterable<number>) => void} */
  setLineDash(lengths) {
    this.#dash = [...lengths];
  }
  #alpha() {
    return this.globalAlpha < 1 ? ` opacity="${short2(this.globalAlpha)}"` : "";
  }
  #stroked() {
    const dash = this.#dash.length ? ` stroke-dasharray="${this.#dash.join(" ")}"` : "";
    const cap = this.lineCap === "butt" ? "" : ` stroke-linecap="${this.lineCap}"`;
    return `fill="none" stroke="${escaped2(String(this.strokeStyle))}" stroke-width="${short2(this.lineWidth)}"${dash}${cap}`;
  }
  fill() {
    this.#elements.push(`<path d="${this.#path}" fill="${escaped2(String(this.fillStyle))}"${this.#alpha()}/>`);
  }
  stroke() {
    this.#elements.push(`<path d="${this.#path}" ${this.#stroked()}${this.#alpha()}/>`);
  }
  /** @type {(x: number, y: number, w: number, h: number) => string} */
  #box(x, y, w, h) {
    const [left, top] = [Math.min(x, x + w) + this.#origin.x, Math.min(y, y + h) + this.#origin.y];
    return `x="${short2(left)}" y="${short2(top)}" width="${short2(Math.abs(w))}" height="${short2(Math.abs(h))}"`;
  }
  /** @type {(x: number, y: number, w: number, h: number) => void} */
  fillRect(x, y, w, h) {
    const fill = escaped2(String(this.fillStyle));
    this.#elements.push(`<rect ${this.#box(x, y, w, h)} fill="${fill}"${this.#alpha()}/>`);
  }
  /** @type {(x: number, y: number, w: number, h: number) => void} */
  strokeRect(x, y, w, h) {
    this.#elements.push(`<rect ${this.#box(x, y, w, h)} ${this.#stroked()}${this.#alpha()}/>`);
  }
  /** @type {(text: string, x: number, y: number) => void} */
  fillText(text, x, y) {
    const [, weight = "", size = "11"] = /(\bbold|\b[67]00)?\s*([\d.]+)px/.exec(this.font) ?? [];
    const anchor = ANCHORS2[this.textAlign];
    const baseline = BASELINES[
      /** @type {keyof typeof BASELINES} */
      this.textBaseline
    ];
    this.#elements.push(
      `<text x="${short2(x + this.#origin.x)}" y="${short2(y + this.#origin.y)}" font-size="${size}"${weight ? ' font-weight="600"' : ""} text-anchor="${anchor}" dominant-baseline="${baseline}" fill="${escaped2(String(this.fillStyle))}"${this.#alpha()}>${escaped2(text)}</text>`
    );
  }
  /**
   * The picture, with what it shows in words.
   *
   * @param {number} width
   * @param {number} height
   * @param {string} title
   */
  picture(width, height, title) {
    return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${short2(width)} ${short2(height)}" width="${short2(width)}" height="${short2(height)}" role="img" font-family="system-ui, sans-serif" shape-rendering="geometricPrecision"><title>${escaped2(title)}</title>
${this.#elements.join("\n")}
</svg>
`;
  }
};

// js/routing_flow/travel.js
var rowEnd = (box, token) => ({ x: box.scores.cellsX + box.scores.cellsWide + 2, y: rowAt(box, token).y });
var rackEnd = (box, expert) => ({ x: box.rack.x - 4, y: box.top + (expert + 0.5) * box.rack.band });
var slotMiddle = (box, slot) => {
  const { x, y, w, h } = slotAt(box, slot);
  return { x: x + w / 2, y: y + h / 2 };
};
function paintThreads(pen, { scene, lane, box, turn }, t) {
  const now = passed(t, "select");
  const later = dispatched(t, turn);
  if (now <= 0 || lane.note) return;
  if (!lane.sparse) {
    if (passed(t, "dispatch") > 0 || lane.kind !== "soft") return;
    const x = (box.scores.cellsX + box.scores.cellsWide + box.rack.x) / 2;
    const how = { size: 13, colour: scene.ink.text, bold: true, align: (
      /** @type {const} */
      "center"
    ) };
    if (lengthOf("selected", how.size, true) + 8 > 2 * (box.rack.x - x)) return;
    pen.globalAlpha = ease(between(now, 0.1, 0.4));
    ["nothing", "is", "selected"].forEach((word, i) => say(pen, word, x, box.top + box.high / 2 + (i - 1) * 17, how));
    pen.globalAlpha = 1;
    return;
  }
  const count = lane.meetings.length;
  lane.meetings.forEach((meeting, i) => {
    const part = inTurn(between(now, 0.1, 0.95), i, count, 0.5);
    const [from, to] = [rowEnd(box, meeting.token), rackEnd(box, meeting.expert)];
    const own = meeting.token === scene.token;
    pen.strokeStyle = expertColour(meeting.expert);
    pen.lineWidth = own ? 3.5 : 1.5;
    pen.globalAlpha = (own ? 1 : 0.75) * (1 - 0.75 * between(later, 0.05, 0.9));
    if (lane.kind === "experts") thread(pen, to, from, part);
    else thread(pen, from, to, part);
  });
  pen.globalAlpha = 1;
}
var flightOf = (lane, i) => {
  const count = lane.meetings.length;
  return [0.02 + (count > 1 ? i / (count - 1) : 0) * 0.3, 0.16];
};
var FALL = 0.14;
function fallOf(lane, token) {
  const last2 = lane.meetings.findLastIndex((meeting) => meeting.token === token && meeting.slot < 0);
  return last2 < 0 ? 0.7 : flightOf(lane, last2)[0] + flightOf(lane, last2)[1];
}
function railAt({ dropped }, box, token) {
  const before = dropped.slice(0, token).filter(Boolean).length;
  const size = railTile(box);
  return { x: box.rack.x - 46 - before * railStep(dropped, box), y: box.rail - size / 2, w: size, h: size };
}
function railStep(dropped, box) {
  const count = dropped.filter(Boolean).length;
  return Math.min(railTile(box) + 5, (box.rack.x - 46) / Math.max(count - 1, 1));
}
var railTile = (box) => Math.max(Math.min(box.patches.h * 0.7, 20), 15);
function paintDispatch(pen, part, t) {
  const { scene, lane, box, turn } = part;
  for (let slot = 0; slot < lane.e * lane.p; slot++) hollow(pen, slotAt(box, slot), scene.ink.line);
  const now = dispatched(t, turn);
  if (now <= 0 || lane.note) return;
  if (!lane.sparse) return paintMixing(pen, part, now);
  lane.meetings.forEach((meeting, i) => {
    const [from, long] = flightOf(lane, i);
    const way = between(now, from, from + long);
    if (meeting.slot >= 0) return flyTo(pen, part, meeting, way, slotAt(box, meeting.slot), true);
    const edge = rackEnd(box, meeting.expert);
    flyTo(pen, part, meeting, way, { x: edge.x - 22, y: edge.y - 10, w: 20, h: 20 });
  });
  if (passed(t, "dispatch") < 1) paintFalls(pen, part, now);
  const full = fullFor(part, t);
  if (full >= 0) ringed(pen, outset(rackAt(box, full), 1));
}
function fullFor({ scene: { token }, lane, turn }, t) {
  if (lane.kind !== "tokens" || lane.note || !lane.dropped[token]) return -1;
  if (dispatched(t, turn) < fallOf(lane, token)) return -1;
  return lane.meetings.findLast((meeting) => meeting.token === token)?.expert ?? -1;
}
var outset = ({ x, y, w, h }, by) => ({ x: x - by, y: y - by, w: w + 2 * by, h: h + 2 * by });
function flyTo(pen, { scene, box }, { token }, way, to, stays = false) {
  if (way <= 0 || way >= 1 && !stays) return;
  const mini = Math.min(box.scores.rowHigh - 1, 14);
  const moved = ease(way);
  const end = { x: to.x + to.w / 2, y: to.y + to.h / 2 };
  const { x, y } = along({ x: box.scores.x + mini / 2, y: rowAt(box, token).y }, end, moved);
  const [w, h] = [mix(mini, to.w, moved), mix(mini, to.h, moved)];
  const area = { x: x - w / 2, y: y - h / 2, w, h };
  paintTile(pen, scene.tiles[token], area);
  if (token === scene.token) ringed(pen, area);
  if (moved > 0.5) tag(pen, scene, token, area);
}
function paintFalls(pen, part, now) {
  const { lane, box } = part;
  lane.dropped.forEach((is, token) => {
    const starts = fallOf(lane, token);
    if (!is || now < starts) return;
    const last2 = lane.meetings.findLast((meeting) => meeting.token === token);
    const from = last2 ? rackEnd(box, last2.expert) : rowEnd(box, token);
    const way = between(now, starts, starts + FALL);
    const to = railAt(lane, box, token);
    const start = { x: from.x - (last2 ? 22 : 0), y: from.y - to.h / 2 };
    const x = mix(start.x, to.x, Math.sqrt(way));
    const y = mix(start.y, to.y, way ** 2) - 26 * 4 * way * (1 - way) * 0.35;
    lying(pen, part, token, { ...to, x, y });
  });
}
function lying(pen, { scene, lane, box }, token, area) {
  paintTile(pen, scene.tiles[token], area);
  if (token === scene.token) ringed(pen, area);
  else hollow(pen, outset(area, 1), scene.ink.text);
  if (railTile(box) < railStep(lane.dropped, box)) tag(pen, scene, token, area);
}
function paintMixing(pen, { scene, lane, box, made }, now) {
  const { n, e, p, dispatch, empty } = lane;
  const s = e * p;
  const shown = slotShown(lane, scene.token, scene.slot);
  const first = ease(between(now, 0.03, 0.38));
  const rest = between(now, 0.5, 0.95);
  const most = dispatch.reduce((a, x) => Math.max(a, Math.abs(x)), 1e-9);
  const others = ease(between(rest, 0, 0.5));
  if (others > 0) {
    pen.globalAlpha = 0.42;
    for (let slot = 0; slot < s; slot++) {
      pen.strokeStyle = expertColour(Math.floor(slot / p));
      for (let token = 0; token < n; token++) {
        const width = 6 * dispatch[token * s + slot] / most;
        if (width < 0.7) continue;
        pen.lineWidth = width * others;
        thread(pen, rowEnd(box, token), { x: box.rack.x - 3, y: slotMiddle(box, slot).y }, 1);
      }
    }
  }
  const column = columnOf(lane, shown);
  const target = slotMiddle(box, shown);
  pen.globalAlpha = mix(0.95, 0.75, others);
  pen.strokeStyle = expertColour(Math.floor(shown / p));
  for (let token = 0; token < n; token++) {
    const width = 26 * column[token];
    if (width < 0.25) continue;
    pen.lineWidth = Math.max(width, 0.6);
    thread(pen, rowEnd(box, token), { x: slotAt(box, shown).x, y: target.y }, ease(between(first, 0, 0.8)));
  }
  pen.globalAlpha = 1;
  for (let slot = 0; slot < s; slot++) {
    const come = slot === shown ? between(first, 0.6, 1) : inTurn(rest, slot, s, 0.5);
    if (come <= 0 || empty[slot]) continue;
    pen.globalAlpha = come;
    paintTile(pen, made.slots[slot], slotAt(box, slot));
  }
  pen.globalAlpha = 1;
  if (first > 0.5) ringed(pen, slotAt(box, shown));
}
function revealed({ scene: { token }, lane, turn }, t) {
  const now = dispatched(t, turn);
  if (!lane.sparse) return now > 0;
  if (lane.dropped[token]) return now >= fallOf(lane, token);
  const own = lane.meetings.findLastIndex((meeting) => meeting.token === token);
  return own >= 0 && now >= flightOf(lane, own)[0] + flightOf(lane, own)[1];
}

// js/routing_flow/answers.js
function paintExperts(pen, part, t) {
  const { scene, lane, box, made } = part;
  const { ink } = scene;
  const now = passed(t, "compute");
  const { e, p, empty } = lane;
  const turn = now > 0 && now < 1 ? Math.floor(now * p) : -1;
  const within = now * p - turn;
  for (let slot = 0; slot < (lane.note ? 0 : e * p); slot++) {
    const place = slot % p;
    const done = ease(between(now * p, place, place + 1));
    if (done <= 0) continue;
    const [from, to] = [slotAt(box, slot), outputAt(box, slot)];
    if (empty[slot]) {
      hollow(pen, to, ink.bar);
      if (done > 0.5) crossed(pen, to, ink.bar);
      continue;
    }
    pen.globalAlpha = from.x === to.x ? done : 1;
    paintTile(pen, made.outputs[slot], midway(from, to, done));
    pen.globalAlpha = 1;
    if (from.x === to.x && lane.holder[slot] >= 0) tag(pen, scene, lane.holder[slot], to);
  }
  for (let expert = 0; expert < e; expert++) {
    const colour = expertColour(expert);
    const idle = turn >= 0 && empty[expert * p + turn];
    const pulse = turn >= 0 ? Math.sin(Math.PI * within) : 0;
    const { x, y, w, h } = outset(expertAt(box, expert), Math.min(3, box.rack.band / 8) * pulse);
    pen.fillStyle = ink.page;
    pen.fillRect(x, y, w, h);
    pen.globalAlpha = turn < 0 ? 0.15 : mix(0.15, idle ? 0.3 : 0.8, pulse);
    pen.fillStyle = idle ? ink.bar : colour;
    pen.fillRect(x, y, w, h);
    pen.globalAlpha = 1;
    pen.strokeStyle = idle ? ink.bar : colour;
    pen.lineWidth = 2;
    if (idle) pen.setLineDash([4, 3]);
    pen.strokeRect(x, y, w, h);
    pen.setLineDash([]);
  }
  for (const slot of now > 0 && !lane.note ? slotsOf(lane, scene.token) : [])
    if (now * p >= slot % p + 1) ringed(pen, outputAt(box, slot));
  const full = fullFor(part, t);
  for (let expert = 0; expert < e; expert++) {
    const idle = turn >= 0 && empty[expert * p + turn];
    nameExpert(pen, part, expert, idle ? "for nothing" : expert === full ? "full" : "");
  }
}
function nameExpert(pen, { scene: { ink }, box }, expert, more = "") {
  const { x, y, w, h } = expertAt(box, expert);
  const long = lengthOf(`expert ${expert}`, 9, true) <= w - 4;
  const name = long ? `expert ${expert}` : `E${expert}`;
  const sizeOf = (text, high) => [12, 11, 10, 9, 8, 7].find((size) => size <= high && lengthOf(text, size, true) <= w - 3) ?? 0;
  const two2 = more ? sizeOf(more, h / 2 - 3) : 0;
  const lines = two2 ? [name, more] : [name];
  lines.forEach((text, i) => {
    const size = i ? two2 : sizeOf(text, two2 ? h / 2 - 3 : h - 1);
    const middle = y + h / 2 + (i - (lines.length - 1) / 2) * (h / 2);
    if (size) say(pen, text, x + w / 2, middle, { size, colour: ink.text, bold: true, align: "center" });
  });
}
var railEnds = ({ scene: { layout }, box }) => ({
  from: box.patches.x + layout.columns * box.patches.w / 2,
  to: box.results.x + layout.columns * box.results.w / 2
});
function paintRail(pen, part) {
  const { scene, lane, box } = part;
  const { ink, layout } = scene;
  const rows = Math.ceil(lane.n / layout.columns);
  const { from, to } = railEnds(part);
  const foot = box.patches.y + rows * box.patches.h + 2;
  pen.strokeStyle = ink.line;
  pen.lineWidth = 2;
  pen.beginPath();
  pen.moveTo(from, foot);
  pen.lineTo(from, box.rail);
  pen.lineTo(to, box.rail);
  pen.lineTo(to, foot + 5);
  pen.stroke();
  pen.beginPath();
  pen.moveTo(to - 4, foot + 7);
  pen.lineTo(to, foot + 1);
  pen.lineTo(to + 4, foot + 7);
  pen.stroke();
}
function paintTravellers(pen, part, t) {
  const { scene, lane, box } = part;
  const { layout } = scene;
  if (lane.note) return;
  const { from, to } = railEnds(part);
  const computed = passed(t, "compute");
  const combined = passed(t, "combine");
  const journey = 0.6 * computed + 0.4 * between(combined, 0, 0.4);
  if (computed <= 0) return;
  const size = railTile(box);
  const small = Math.min(size * 0.45, 8);
  if (combined < 0.4) {
    pen.globalAlpha = 0.75;
    for (let token = 0; token < lane.n; token++) {
      if (lane.dropped[token]) continue;
      const x = mix(from, to - lane.n * (small + 1), journey) + token * (small + 1);
      if (x > from) paintTile(pen, scene.tiles[token], { x, y: box.rail - small / 2, w: small, h: small });
    }
    pen.globalAlpha = 1;
  }
  lane.dropped.forEach((is, token) => {
    if (!is) return;
    const at = railAt(lane, box, token);
    const end = resultAt(layout, box, token);
    const slide = ease(between(combined, 0.4, 0.52));
    const rise = ease(between(combined, 0.5, 0.65));
    const along2 = ease(between(journey, 0, 1));
    const behind = railAt(lane, box, lane.dropped.indexOf(true)).x - at.x;
    const there = { ...at, x: mix(mix(at.x, to - size / 2 - behind, along2), end.x, slide) };
    lying(pen, part, token, midway(there, end, rise));
  });
}
function paintCombine(pen, { scene, lane, box, made }, t) {
  const { layout } = scene;
  const now = passed(t, "combine");
  const { n, e, p, combine } = lane;
  const s = e * p;
  const cell = box.results;
  for (let token = 0; token < n; token++) hollow(pen, resultAt(layout, box, token), scene.ink.line);
  if (now <= 0 || lane.note) return;
  const most = combine.reduce((a, x) => Math.max(a, Math.abs(x)), 1e-9);
  const wide = 7;
  const reach = ease(between(now, 0.02, 0.45));
  for (let slot = 0; slot < s; slot++) {
    const { x, y, w, h } = outputAt(box, slot);
    const from = { x: Math.max(x + w, box.expert.x + box.expert.wide), y: y + h / 2 };
    pen.strokeStyle = expertColour(Math.floor(slot / p));
    for (let token = 0; token < n; token++) {
      const width = wide * Math.abs(combine[token * s + slot]) / most;
      if (width < (lane.sparse ? 0.1 : 0.7)) continue;
      const own = token === scene.token;
      const at = resultAt(layout, box, token);
      pen.globalAlpha = (own ? 0.95 : lane.sparse ? 0.6 : 0.32) * (1 - 0.35 * between(now, 0.8, 1));
      pen.lineWidth = Math.max(width, 0.5);
      thread(pen, from, { x: at.x + 2, y: at.y + cell.h / 2 }, reach);
    }
  }
  const arrive = ease(between(now, 0.3, 0.6));
  for (let token = 0; token < n; token++) {
    if (lane.dropped[token]) continue;
    const area = resultAt(layout, box, token);
    const { x, y, w, h } = area;
    pen.globalAlpha = arrive;
    paintTile(pen, made.results[token], area);
    if (scene.words) tag(pen, scene, token, area);
    const row = combine.subarray(token * s, (token + 1) * s);
    let left = x;
    const high = Math.max(h * 0.14, 2);
    for (let slot = 0; slot < s; slot++) {
      const width = Math.max(Math.min(row[slot], 1), 0) * w;
      if (width < 0.2) continue;
      pen.fillStyle = expertColour(Math.floor(slot / p));
      pen.fillRect(left, y + h - high, Math.min(width, x + w - left), high);
      left += width;
    }
  }
  pen.globalAlpha = 1;
}
function paintPatches(pen, { scene, lane, box }) {
  const { layout, tiles } = scene;
  for (let token = 0; token < lane.n; token++) {
    const area = patchAt(layout, box, token);
    paintTile(pen, tiles[token], area);
    tag(pen, scene, token, area);
  }
}

// js/routing_flow/scores.js
var COLOURS = Array.from(RAMP, (c) => `rgb(${c & 255}, ${c >> 8 & 255}, ${c >> 16 & 255})`);
var ramp = (share) => COLOURS[Math.round(255 * Math.min(Math.max(share, 0), 1))];
var SHAPES = /* @__PURE__ */ new WeakMap();
function shapesOf2(lane) {
  const kept = SHAPES.get(lane);
  if (kept) return kept;
  const { n, columns, scores, gates, columnGates } = lane;
  const least = Math.min(...scores);
  const before = new Float32Array(scores.length);
  const above = new Float32Array(scores.length);
  let [most, highest] = [1e-9, 1e-9];
  for (let t = 0; t < n; t++)
    for (let c = 0; c < columns; c++) {
      const i = t * columns + c;
      if (c && gates) before[i] = before[i - 1] + gates[i - 1];
      if (t && columnGates) above[i] = above[i - columns] + columnGates[i - columns];
      most = Math.max(most, gates?.[i] ?? 0);
      highest = Math.max(highest, columnGates?.[i] ?? 0);
    }
  const made = { least, range: Math.max(...scores) - least || 1, before, above, most, highest };
  SHAPES.set(lane, made);
  return made;
}
function paintScores(pen, { scene, lane, box }, t) {
  const { ink, layout, tiles, token: followed } = scene;
  const { x, cellsX, cellsWide, rowHigh, top, tall } = box.scores;
  const { n, columns, scores, gates, columnGates } = lane;
  const scored = passed(t, "score");
  const normal = passed(t, "normalise");
  const mini = Math.min(rowHigh - 1, 14);
  const size = layout.font - 3;
  for (let token = 0; token < n; token++) {
    const come = inTurn(between(scored, 0, 0.4), token, n, 0.5);
    if (come <= 0) continue;
    const from = patchAt(layout, box, token);
    const to = { x, y: rowAt(box, token).y - mini / 2, w: mini, h: mini };
    paintTile(pen, tiles[token], midway(from, to, come));
  }
  if (lane.kind === "turns" || lane.note) return;
  const { least, range, before, above, most, highest } = shapesOf2(lane);
  const wide = cellsWide / columns;
  const both = columnGates !== null;
  const down = both ? ease(between(normal, 0.02, 0.18)) : 0;
  const across = gates ? ease(both ? between(normal, 0.54, 0.7) : between(normal, 0.02, 0.25)) : 0;
  const picked = lane.sparse && gates ? passed(t, "select") : 0;
  const faint = mix(1, 0.3, ease(between(picked, 0, 0.3)));
  for (let token = 0; token < n; token++) {
    const shown = inTurn(between(scored, 0.3, 0.95), token, n, 0.35);
    if (shown <= 0) continue;
    const row = top + token * rowHigh;
    for (let c = 0; c < columns; c++) {
      const i = token * columns + c;
      let [left, up, w, h] = [cellsX + c * wide, row, wide, rowHigh];
      let colour2 = ramp((scores[i] - least) / range);
      if (down > 0 && columnGates) {
        up = mix(up, top + tall * above[i], down);
        h = mix(h, tall * columnGates[i], down);
        if (down > 0.5) colour2 = ramp(columnGates[i] / highest);
      }
      if (across > 0 && gates) {
        left = mix(left, cellsX + cellsWide * before[i], across);
        w = mix(w, cellsWide * gates[i], across);
        up = mix(up, row, across);
        h = mix(h, rowHigh, across);
        if (across > 0.5) colour2 = both ? ramp(gates[i] / most) : expertColour(c);
      }
      const chosen = faint < 1 && lane.meetings.some((m) => m.token === token && m.expert === c);
      pen.globalAlpha = shown * (faint < 1 && !chosen ? faint : 1);
      pen.fillStyle = colour2;
      const gap = wide > 4 ? 0.5 : 0.25;
      pen.fillRect(left, up + 0.5, Math.max(w - gap, 0.4), Math.max(h - 0.75, 0.4));
    }
  }
  pen.globalAlpha = 1;
  if (down < 0.5 || across > 0.5) follow(pen, box, followed, ink.text);
  if (layout.compact) return;
  const colour = ink.text;
  const beside = cellsX + cellsWide + 4;
  if (both && down > 0.9 && across < 0.1)
    ["each", "column", "1.00"].forEach(
      (word, i) => say(pen, word, beside, top + tall / 2 + (i - 1) * (size + 3), { size, colour, bold: i > 1 })
    );
  if (across > 0.9 && rowHigh >= 7 && passed(t, "select") <= 0) {
    const every = rowHigh < 9 ? 2 : 1;
    for (let token = 0; token < n; token += every)
      say(pen, "1.00", beside, rowAt(box, token).y, { size: Math.min(size, rowHigh), colour });
  }
}
function follow(pen, box, token, colour) {
  const { x, cellsX, cellsWide, rowHigh, top } = box.scores;
  pen.strokeStyle = colour;
  pen.lineWidth = 2;
  pen.strokeRect(x - 2, top + token * rowHigh - 0.5, cellsX + cellsWide - x + 4, rowHigh + 0.5);
}

// js/routing_flow/stage.js
function paintStage(pen, scene, t, { still = false } = {}) {
  const { layout, ink } = scene;
  pen.fillStyle = ink.page;
  pen.fillRect(0, 0, layout.width, layout.height);
  if (still) paintTitle(pen, scene, chapterAt(t));
  else paintHead(pen, scene, t);
  scene.lanes.forEach((lane, i) => {
    const part = { scene, lane, box: layout.lanes[i], made: scene.made[i], turn: turnOf(i, scene.lanes.length) };
    paintPatches(pen, part);
    paintRail(pen, part);
    paintThreads(pen, part, t);
    paintScores(pen, part, t);
    paintDispatch(pen, part, t);
    paintExperts(pen, part, t);
    paintCombine(pen, part, t);
    paintTravellers(pen, part, t);
    paintFollowed(pen, part, t);
    if (scene.lit && scene.slot < 0) paintPath(pen, part, t);
    paintWords(pen, part, t, i);
  });
}
var fitting = (text, size, width) => Math.min(size, Math.floor(size * width / lengthOf(text, size, true)));
function paintTitle(pen, { layout, ink }, chapter) {
  const text = `${chapter + 1} ${TITLES2[CHAPTERS[chapter].name]}`;
  const size = fitting(text, layout.font + 2, layout.width - 10);
  say(pen, text, 4, layout.head / 2, { size, colour: ink.text, bold: true });
}
function paintHead(pen, { layout, lanes, ink, words: worded, token }, t) {
  const now = chapterAt(t);
  const wide = layout.width - 4;
  const end = CHAPTERS[CHAPTERS.length - 1].to;
  CHAPTERS.forEach(({ name, from, to }, i) => {
    const x = 2 + wide * from / end;
    const long = wide * (to - from) / end - 3;
    const done = Math.min(Math.max((t - from) / (to - from), 0), 1);
    pen.fillStyle = ink.shade;
    pen.fillRect(x, 22, long, 5);
    pen.fillStyle = ink.text;
    pen.fillRect(x, 22, long * done, 5);
    const colour = i === now ? ink.text : ink.bar;
    const size2 = layout.compact ? 10 : layout.font;
    const words = `${i + 1} ${name}`;
    say(pen, lengthOf(words, size2, true) > long ? String(i + 1) : words, x, 11, { size: size2, colour, bold: i === now });
  });
  const title = TITLES2[CHAPTERS[now].name];
  const follow2 = `following ${called(lanes[0], token)}`;
  const right = layout.compact ? 0 : lengthOf(follow2, layout.font);
  const size = fitting(title, layout.font + (layout.compact ? 1 : 4), wide - right - 24);
  say(pen, title, 2, 45, { size, colour: ink.text, bold: true });
  if (layout.compact) return;
  say(pen, follow2, layout.width - 6, 45, { size: layout.font, colour: ink.text, align: "right" });
  paintColumns(pen, layout, ink, worded ? "tokens" : "patches");
}
function paintColumns(pen, { lanes: [box], columns, head, width }, ink, tokens) {
  const wide = columns * box.patches.w;
  const rack = box.rack.across * (box.rack.w + 2);
  const all = [
    [tokens, box.patches.x + wide / 2],
    ["scores", box.scores.cellsX + box.scores.cellsWide / 2],
    ["slots", box.rack.x + rack / 2],
    ["experts", box.expert.x + box.expert.wide / 2],
    ["answers", box.outputs + rack / 2],
    [tokens, box.results.x + wide / 2]
  ];
  let free = 0;
  const names = all.flatMap(([name, middle]) => {
    const half = lengthOf(name, 11) / 2;
    const x = Math.min(Math.max(middle, half + 2), width - half - 2);
    if (x - half < free) return [];
    free = x + half + 8;
    return [{ name, x, half }];
  });
  for (const { name, x } of names) say(pen, name, x, head - 9, { size: 11, colour: ink.bar, align: "center" });
  pen.strokeStyle = ink.line;
  pen.lineWidth = 1;
  names.slice(1).forEach(({ x, half }, i) => {
    const from = names[i].x + names[i].half + 8;
    const to = x - half - 8;
    if (to - from < 12) return;
    pen.beginPath();
    pen.moveTo(from, head - 9);
    pen.lineTo(to, head - 9);
    pen.moveTo(to - 4, head - 12);
    pen.lineTo(to, head - 9);
    pen.lineTo(to - 4, head - 6);
    pen.stroke();
  });
}
function paintWords(pen, part, t, i) {
  const { scene, lane, box, turn } = part;
  const { ink, layout, token } = scene;
  const { words } = box;
  const chapter = CHAPTERS[chapterAt(t)].name;
  const colour = ink.text;
  if (i) {
    pen.strokeStyle = ink.shade;
    pen.lineWidth = 1;
    pen.beginPath();
    pen.moveTo(0, box.y - 3.5);
    pen.lineTo(layout.width, box.y - 3.5);
    pen.stroke();
  }
  const { x, y, width, size, step } = words.heading;
  words.title.forEach((text, k) => say(pen, text, 4, box.y + 9 + k * step, { size: size + 1, colour, bold: true }));
  wrapped(heading2(lane, chapter), size, width).forEach(
    (text, k) => say(pen, text, x, box.y + y + k * step, { size, colour })
  );
  if (lane.note) return;
  tallyAt(lane, t, turn, (each) => fallOf(lane, each)).forEach((value, k) => {
    const at = words.tally[k];
    say(pen, counted(COUNTED[k], value), at.x, box.y + at.y, { size: words.small, colour: ink.bar });
  });
  paintCaption(pen, part, t, chapter, token);
}
function paintCaption(pen, part, t, chapter, token) {
  const { scene, lane, box, made } = part;
  const { size, step, tile, width, x } = box.words.caption;
  const asked = scene.slot >= 0 && !lane.sparse;
  const told = chapter !== "dispatch" || revealed(part, t) ? chapter : "select";
  const bold = chapter === "dispatch" || chapter === "compute";
  const first = box.rail + RAIL / 2 + step / 2;
  const colour = scene.ink.text;
  const text = caption(lane, told, token);
  if (!asked && (text || lane.sparse || told !== "dispatch" && told !== "compute")) {
    wrapped(text, size, width, bold).forEach((line, k) => say(pen, line, x, first + k * step, { size, colour, bold }));
    return;
  }
  const pieces = piecesOf(lane, slotShown(lane, token, scene.slot));
  recipeAt(pieces, box.words.caption).at.forEach(({ x: left, line }, k) => {
    const { text: words, token: own, slot } = pieces[k];
    const middle = first + line * (tile + 3) + 1;
    const area = { x: left, y: middle - tile / 2, w: tile, h: tile };
    if (words) return say(pen, words, left, middle, { size, colour, bold: true });
    paintTile(pen, slot >= 0 ? made.slots[slot] : scene.tiles[own], area);
    if (slot >= 0) ringed(pen, area);
    else if (!scene.words) tag(pen, scene, own, area);
  });
}
function paintFollowed(pen, { scene, lane, box }, t) {
  const { layout, token } = scene;
  if (token >= lane.n) return;
  ringed(pen, patchAt(layout, box, token));
  if (t >= CHAPTERS[5].from) ringed(pen, resultAt(layout, box, token));
}
function paintPath(pen, part, t) {
  const { scene, lane, box, made } = part;
  const { layout, ink, token } = scene;
  if (lane.note || token >= lane.n) return;
  pen.globalAlpha = 0.7;
  pen.fillStyle = ink.page;
  pen.fillRect(box.scores.end - 40, box.top - 2, box.results.x - box.scores.end + 36, box.high + 2);
  pen.globalAlpha = 1;
  const { e, p, dispatch, combine } = lane;
  const s = e * p;
  const from = patchAt(layout, box, token);
  const to = resultAt(layout, box, token);
  const start = { x: from.x + from.w, y: from.y + from.h / 2 };
  const row = rowAt(box, token);
  const end = { x: box.scores.cellsX + box.scores.cellsWide, y: row.y };
  const stroke = (width, colour, draw) => {
    for (
      const [w, c] of
      /** @type {[number, string][]} */
      [
        [width + 3, ink.page],
        [width, colour]
      ]
    ) {
      pen.lineWidth = w;
      pen.strokeStyle = c;
      draw();
    }
  };
  stroke(2.5, ink.text, () => thread(pen, start, row));
  if (lane.dropped[token]) {
    const asked = lane.meetings.findLast((meeting) => meeting.token === token);
    const rail = { x: railAt(lane, box, token).x, y: box.rail };
    pen.setLineDash([6, 4]);
    stroke(2.5, ink.text, () => {
      if (asked) {
        const full = { x: box.rack.x - 4, y: box.top + (asked.expert + 0.5) * box.rack.band };
        thread(pen, end, full);
        thread(pen, full, rail);
      } else thread(pen, end, rail);
      pen.beginPath();
      pen.moveTo(rail.x, rail.y);
      pen.lineTo(to.x + to.w / 2, rail.y);
      pen.lineTo(to.x + to.w / 2, to.y + to.h);
      pen.stroke();
    });
    pen.setLineDash([]);
    if (asked && lane.kind === "tokens") {
      for (let slot = asked.expert * p; slot < (asked.expert + 1) * p; slot++) {
        paintTile(pen, made.slots[slot], slotAt(box, slot));
        if (lane.holder[slot] >= 0) tag(pen, scene, lane.holder[slot], slotAt(box, slot));
      }
      ringed(pen, outset(rackAt(box, asked.expert), 1));
      litExpert(pen, part, asked.expert, "full");
    }
    return;
  }
  const shown = slotShown(lane, token, scene.slot);
  if (!lane.sparse && t >= CHAPTERS[3].from) {
    paintTile(pen, made.slots[shown], slotAt(box, shown));
    ringed(pen, slotAt(box, shown));
  }
  for (let slot = 0; slot < s; slot++) {
    const [into, out] = [dispatch[token * s + slot], combine[token * s + slot]];
    const colour = expertColour(Math.floor(slot / p));
    const middle = slotMiddle(box, slot);
    const answer = outputAt(box, slot);
    const enters = lane.sparse ? into ? 3 : 0 : 14 * into;
    const leaves = lane.sparse ? out ? 1 + 4 * out : 0 : 14 * out;
    if (enters > 0.3) stroke(enters, colour, () => thread(pen, end, { x: slotAt(box, slot).x, y: middle.y }));
    if (leaves > 0.3)
      stroke(
        leaves,
        colour,
        () => thread(pen, { x: answer.x + answer.w, y: answer.y + answer.h / 2 }, { x: to.x, y: to.y + to.h / 2 })
      );
    if (lane.sparse && into) {
      paintTile(pen, made.slots[slot], slotAt(box, slot));
      tag(pen, scene, token, slotAt(box, slot));
      ringed(pen, slotAt(box, slot));
      litExpert(pen, part, Math.floor(slot / p));
      paintTile(pen, made.outputs[slot], answer);
      ringed(pen, answer);
    }
  }
}
function litExpert(pen, part, expert, more) {
  const { scene, box } = part;
  const { x, y, w, h } = expertAt(box, expert);
  pen.fillStyle = scene.ink.page;
  pen.fillRect(x, y, w, h);
  pen.strokeStyle = expertColour(expert);
  pen.lineWidth = 4;
  pen.strokeRect(x, y, w, h);
  nameExpert(pen, part, expert, more);
}

// js/routing_flow/stills.js
var GAP4 = 14;
function stillsOf(scene, grid, width) {
  const columns = width >= 900 ? 2 : 1;
  const each = (width - GAP4 * (columns - 1)) / columns;
  const layout = layoutOf(scene.lanes, grid, each, { head: 34, lean: columns > 1 });
  const step = layout.height + GAP4;
  const corners = CHAPTERS.map((_, i) => ({ x: i % columns * (each + GAP4), y: Math.floor(i / columns) * step }));
  return { scene: { ...scene, layout }, corners, height: step * Math.ceil(CHAPTERS.length / columns) - GAP4 };
}
function paintStills(pen, { scene, corners }) {
  corners.forEach(({ x, y }, chapter) => {
    pen.save();
    pen.translate(x, y);
    paintStage(pen, scene, stillOf(chapter), { still: true });
    pen.restore();
  });
}
function panelPoint({ scene: { layout }, corners }, x, y) {
  const own = corners.find((at) => x >= at.x && x < at.x + layout.width && y >= at.y && y < at.y + layout.height);
  return own ? { x: x - own.x, y: y - own.y } : null;
}

// js/routing_flow/sharing.js
var WIDTH = 1080;
function saveShapes(stills) {
  const six = stills(WIDTH);
  if (!six) throw new Error("nothing is shown");
  const pen = new SvgPen();
  paintStills(pen, six);
  const names = six.scene.lanes.map(({ name }) => titleOf(name)).join(", ");
  const svg = pen.picture(
    WIDTH,
    six.height,
    `Routing in six pictures: ${names}, following ${called(six.scene.lanes[0], six.scene.token)}`
  );
  return download(new Blob([svg], { type: "image/svg+xml" }), "routing-flow.svg");
}
function rowsOf(lanes) {
  const rows = [["router", "token", ...lanes[0]?.words ? ["word"] : [], "expert", "slot", "dispatch", "combine"]];
  for (const { name, n, p, dispatch, combine, note, words } of lanes) {
    const slots = dispatch.length / n;
    for (let t = 0; t < n && !note; t++) {
      const from = rows.length;
      const own = words ? [name, t, words[t]] : [name, t];
      for (let s = 0; s < slots; s++) {
        const at = t * slots + s;
        if (dispatch[at] || combine[at]) rows.push([...own, Math.floor(s / p), s % p, dispatch[at], combine[at]]);
      }
      if (rows.length === from) rows.push([...own, null, null, 0, 0]);
    }
  }
  return rows;
}
function bindFilm({ part, button: button2, on, root, signal }, scene) {
  const tell = (words) => part("shared").textContent = words;
  const label = button2("webm").textContent;
  const format = formatOf();
  let filming = null;
  async function film(own, kind, stop2) {
    const screen = document.createElement("canvas");
    const [width, height] = [own.layout.width, own.layout.height].map((size) => 2 * Math.ceil(size / 2));
    Object.assign(screen, { width, height });
    const pen = (
      /** @type {CanvasRenderingContext2D} */
      screen.getContext("2d")
    );
    const seconds = Number(root.dataset.filmSeconds) || LOOP;
    tell(`Filming takes ${seconds} s: the recorder goes by the clock.`);
    return filmOf(screen, (t) => paintStage(pen, own, t), {
      format: kind,
      signal: AbortSignal.any([stop2.signal, signal]),
      seconds,
      tell: (share) => button2("webm").textContent = `Stop filming (${Math.round(100 * share)} %)`
    });
  }
  button2("webm").disabled = !format;
  if (!format) tell("This browser cannot record films (it has no MediaRecorder for WebM).");
  on(part("webm"), "click", async () => {
    if (filming) return filming.abort();
    const own = scene();
    if (!own || !format) return;
    filming = new AbortController();
    const blob = await film({ ...own }, format, filming);
    filming = null;
    button2("webm").textContent = label;
    tell(blob ? download(blob, "routing-flow.webm") : "Filming was stopped.");
  });
}

// js/routing_flow/story.js
function fillStory(list, lanes, token) {
  const chapters = CHAPTERS.map(({ name }) => {
    const lines = lanes.map((lane) => element("li", sentence(lane, name, token)));
    return element("li", element("strong", CHAPTER_WORDS[name]), element("ul", ...lines));
  });
  const ends = lanes.filter(({ note }) => !note).map((lane) => element("li", `${titleOf(lane.name)}: ${countsInWords(lane)}.`));
  list.replaceChildren(...chapters, element("li", element("strong", "In the end"), element("ul", ...ends)));
}
function element(name, ...content) {
  const made = document.createElement(name);
  made.append(...content);
  return made;
}

// js/routing_flow/tabs.js
function bindTabs({ part, model, on, send, catchUp }, lanes) {
  const list = part("tabs");
  const tabs = lanes.map((lane) => {
    const tab = document.createElement("button");
    Object.assign(tab, { type: "button", textContent: titleOf(lane) });
    tab.setAttribute("role", "tab");
    tab.setAttribute("data-lm-suppress-shortcuts", "true");
    on(tab, "click", () => send({ lane }));
    return tab;
  });
  list.append(...tabs);
  on(list, "keydown", (event) => {
    const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!by) return;
    event.preventDefault();
    event.stopPropagation();
    const next = (lanes.indexOf(model.get("lane")) + by + lanes.length) % lanes.length;
    send({ lane: lanes[next] });
    catchUp();
    tabs[next].focus();
  });
  return (wanted) => {
    list.hidden = !wanted || lanes.length < 2;
    tabs.forEach((tab, i) => {
      const chosen = lanes[i] === model.get("lane");
      tab.setAttribute("aria-selected", String(chosen));
      tab.tabIndex = chosen ? 0 : -1;
    });
  };
}

// js/routing_flow/routing_flow.js
var SETTINGS = (
  /** @type {const} */
  ["top_k", "capacity_factor", "slots_per_expert", "scale", "priority"]
);
var NARROW = 720;
function render({ model, el }) {
  const exports = {
    csv: () => rowsOf(lanes),
    named: ["t", "token"],
    moving: () => model.get("playing"),
    more: [{ label: "Six pictures (SVG)", take: () => saveShapes(six) }]
  };
  const options = { name: "explorer routing-flow", prefix: "explorer", page: PAGE2, draw, observed: ["stage"] };
  const view = mount({ model, el }, { ...options, exports, link });
  const { part, canvas, input, select, button: button2, root, send, on } = view;
  const sizes = model.get("_sizes");
  const { n } = sizes;
  const grid = model.get("_grid").length ? model.get("_grid") : squareOf(n);
  const limits = model.get("_limits");
  const all = floats(model.get("_logits"));
  const status = (
    /** @type {HTMLElement} */
    root.querySelector("[role=status]")
  );
  const stage = canvas("stage");
  const less = lessMotion();
  const follow2 = bindKnobs(view, stopsOf(KNOBS, limits));
  const showTabs = bindTabs(view, model.get("_lanes"));
  let scene = null;
  let prepared = "";
  let lanes = [];
  let made = [];
  let tiles = [];
  let trouble = "";
  let hover = -1;
  let hoverSlot = -1;
  let wide = true;
  let told = "";
  let toldOf = -1;
  let pictured = -1;
  let stills = null;
  for (const name of Object.keys(KNOBS)) part(`${name}-knob`).hidden = limits[name][0] === limits[name][1];
  const has = (...names) => names.some((name) => model.get("_lanes").includes(name));
  part("capacity_factor-knob").hidden = !has("tokens choice", "experts choice");
  part("top_k-knob").hidden = part("top_k-knob").hidden || !has("tokens choice");
  part("priority-knob").hidden = !has("tokens choice");
  const focus = model.get("_focus");
  for (const name of focus.length ? [...Object.keys(KNOBS), "priority"] : [])
    if (!focus.includes(name)) part(`${name}-knob`).hidden = true;
  const settingsNow = () => (
    /** @type {Settings} */
    Object.fromEntries(SETTINGS.map((name) => [name, model.get(name)]))
  );
  function link() {
    const { n: tokens } = model.get("_sizes");
    return {
      ...model.get("_limits"),
      t: [0, LOOP, false, false],
      token: [-1, tokens - 1, true, false],
      priority: PRIORITIES,
      lane: model.get("_lanes")
    };
  }
  const six = (width) => lanes.length ? stillsOf(sceneOf(width, lanes), grid, width) : null;
  const wordsNow = () => model.get("_words")[model.get("image_index")] ?? null;
  function prepare() {
    const settings = settingsNow();
    const image = model.get("image_index");
    const own = model.get("_own");
    const key = JSON.stringify([settings, image, own.map(({ name, scale, p: p2, note }) => [name, scale, p2, note])]);
    if (key === prepared) return;
    prepared = key;
    const { e, p } = sizes;
    const logits = all.subarray(image * n * e * p, (image + 1) * n * e * p);
    const one = { b: 1, n, e, p };
    try {
      lanes = model.get("_lanes").map((name) => {
        const mine = own.find((each) => each.name === name);
        if (!mine) return laneOf(name, logits, one, settings);
        const [dispatch, combine] = [mine.dispatch, mine.combine].map((each) => each && floats(each));
        const slots = Math.min(settings.slots_per_expert, p);
        const scores = expertsOf(logits, one, e, slots).map((x) => x * settings.scale);
        const lane = ownLane({ ...mine, dispatch, combine }, image, n, scores, { ...one, p: slots });
        const known = mine.scale === null || mine.scale === settings.scale && mine.p === slots;
        return { ...lane, known };
      });
      lanes.forEach((lane) => lane.words = wordsNow());
      trouble = "";
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      lanes = [];
      trouble = `These settings cannot be routed: ${error.message}.`;
    }
    if (image !== pictured) tiles = tilesOf(pictureOf2(image), grid, n);
    pictured = image;
    made = lanes.map((lane) => madeOf(lane, tiles));
    told = "";
    toldOf = -1;
  }
  function pictureOf2(image) {
    const pictures = model.get("_pictures");
    if (!("data" in pictures)) return null;
    const size = pictures.width * pictures.height * pictures.channels;
    return { ...pictures, bytes: octets(pictures.data).subarray(image * size, (image + 1) * size) };
  }
  const pinned = () => model.get("token");
  const followed = () => hover >= 0 ? hover : pinned() >= 0 ? pinned() : protagonistOf(lanes);
  const visible = () => {
    if (wide) return lanes;
    return lanes.filter(({ name }) => name === model.get("lane")).slice(0, 1);
  };
  function sceneOf(width, shown) {
    return {
      lanes: shown,
      layout: layoutOf(shown, grid, width),
      tiles,
      made: shown.map((lane) => made[lanes.indexOf(lane)]),
      ink: view.ink(),
      words: wordsNow(),
      token: followed(),
      slot: hoverSlot,
      lit: hover >= 0 || pinned() >= 0
    };
  }
  function draw(stale) {
    const width = stage.parentElement?.clientWidth ?? 0;
    wide = width >= NARROW - 20;
    prepare();
    const t = model.get("t");
    showControls(t);
    tellStory(t);
    if (width < 60) return;
    if (!lanes.length) {
      fit(stage, width, 40);
      scene = null;
      return;
    }
    const shown = visible();
    if (stale || !scene || scene.layout.width !== width || scene.lanes.length !== shown.length || scene.lanes[0] !== shown[0])
      scene = sceneOf(width, shown);
    scene.token = followed();
    scene.slot = hoverSlot;
    scene.lit = hover >= 0 || pinned() >= 0;
    if (less.matches) {
      stills = stillsOf(scene, grid, width);
      paintStills(fit(stage, width, stills.height), stills);
    } else {
      stills = null;
      paintStage(fit(stage, width, scene.layout.height), scene, t);
    }
  }
  function showControls(t) {
    follow2();
    const still = less.matches;
    const plays = model.get("playing") && !still;
    for (const name2 of ["play", "t", "clock"]) part(name2).hidden = still;
    const label = plays ? "Pause" : "Play";
    if (button2("play").textContent !== label) button2("play").textContent = label;
    input("t").value = String(t);
    const chapter = chapterAt(t);
    const { name } = CHAPTERS[chapter];
    input("t").setAttribute("aria-valuetext", `${t.toFixed(1)} seconds, chapter ${chapter + 1} of 6: ${name}`);
    part("clock").textContent = `${t.toFixed(1)} s`;
    part("who").textContent = lanes.length ? called(lanes[0], followed()) : "token none";
    select("priority").value = model.get("priority");
    showTabs(!wide);
  }
  function tellStory(t) {
    if (trouble) return view.say(trouble);
    const token = followed();
    const chapter = chapterAt(t);
    const plays = model.get("playing") && !less.matches;
    status.setAttribute("aria-live", plays ? "off" : "polite");
    const key = `${chapter} ${token} ${hoverSlot} ${plays} ${view.note}`;
    if (key === told) return;
    told = key;
    const fates = lanes.map((lane) => {
      const words = hoverSlot >= 0 && !lane.sparse ? contentOf(lane, hoverSlot, 5) : fateOf(lane, token);
      return `${titleOf(lane.name)}: ${words}.`;
    }).join(" ");
    const who = called(lanes[0], token);
    const heading3 = less.matches ? who.replace("t", "T") : `${chapter + 1} ${CHAPTERS[chapter].name}, ${who}`;
    view.say(`${heading3}. ${fates}`);
    stage.setAttribute(
      "aria-label",
      `${lanes.length} routers side by side, ${less.matches ? "in six still pictures" : CHAPTER_WORDS[CHAPTERS[chapter].name]}; following ${who}. Left and right go by chapter, up and down by token. The story stands below as text.`
    );
    if (toldOf !== token) fillStory(part("story"), lanes, token);
    toldOf = token;
  }
  const clock = bindClock(view, stage, (t) => {
    model.set("t", t);
    view.catchUp();
  });
  const seek = (t) => send({ t: Math.min(Math.max(t, 0), LOOP), playing: false });
  function stepChapter(by) {
    const t = model.get("t");
    const now = chapterAt(t);
    const next = Math.min(Math.max(now + by, 0), CHAPTERS.length - 1);
    seek(by > 0 && t < stillOf(now) - 0.01 && now === 0 && t === 0 ? stillOf(0) : stillOf(next));
  }
  const stepToken = (by) => send({ token: (followed() + by + n) % n });
  on(part("play"), "click", () => send({ playing: !model.get("playing") }));
  on(part("t"), "input", () => seek(Number(input("t").value)));
  on(part("t"), "keydown", (event) => {
    const moves = {
      ArrowRight: () => stepChapter(1),
      ArrowUp: () => stepChapter(1),
      ArrowLeft: () => stepChapter(-1),
      ArrowDown: () => stepChapter(-1),
      Home: () => seek(stillOf(0)),
      End: () => seek(stillOf(CHAPTERS.length - 1))
    };
    if (!moves[event.key] || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    event.stopPropagation();
    moves[event.key]();
  });
  on(part("before"), "click", () => stepToken(-1));
  on(part("after"), "click", () => stepToken(1));
  on(select("priority"), "change", () => send({ priority: select("priority").value }));
  function lookUnder(x, y) {
    if (!scene) return {};
    if (!stills) return within(scene, x, y);
    const at = panelPoint(stills, x, y);
    return at ? within(stills.scene, at.x, at.y) : {};
  }
  function within({ layout, lanes: shown }, x, y) {
    const under = slotUnder(layout, shown, x, y);
    if (!under) return { token: tokenUnder(layout, n, x, y) };
    const lane = shown[under.lane];
    return lane.sparse ? { token: lane.holder[under.slot] } : { slot: under.slot };
  }
  const KEYS_OF = {
    ArrowUp: { token: -1 },
    ArrowDown: { token: 1 },
    ArrowRight: { chapters: 1 },
    ArrowLeft: { chapters: -1 }
  };
  pointAt(
    view,
    /** @type {const} */
    ["stage"],
    {
      ready: () => scene !== null,
      under: (_, x, y) => lookUnder(x, y),
      beyond: (_, key) => KEYS_OF[key] ?? null,
      show(at) {
        const token = at?.token ?? -1;
        const slot = at?.slot ?? -1;
        if (token === hover && slot === hoverSlot) return;
        [hover, hoverSlot] = [token, slot];
        view.settle();
        view.schedule();
      },
      go: ({ token, chapters }) => chapters ? stepChapter(chapters) : stepToken(token ?? 0),
      take({ token = -1, slot = -1 }) {
        hoverSlot = slot;
        if (slot < 0) send({ token: token === pinned() ? -1 : token });
        else view.schedule();
      },
      enter: () => send({ token: followed() }),
      free() {
        hover = hoverSlot = -1;
        send({ token: -1 });
      }
    }
  );
  bindFilm(view, () => scene);
  const hold = () => location.hash && model.get("playing") && send({ playing: false });
  if (model.ownsPage) {
    on(window, "hashchange", hold);
    hold();
  }
  for (const name of [...SETTINGS, "t", "playing", "token", "lane", "image_index", "_own"])
    model.on(`change:${name}`, name === "t" || name === "playing" || name === "token" ? view.schedule : view.refresh);
  return () => {
    clock.stop();
    view.end();
  };
}
var routing_flow_default = { render };
export {
  routing_flow_default as default
};
