// js/arithmetic/capacity.js
var capacityOf = ({ tokens, top_k, num_experts }, factor) => Math.ceil(tokens * top_k * factor / num_experts);
function sharesOf(experts, skew) {
  const sizes = Array.from({ length: experts }, (_, e) => (e + 1) ** -skew);
  const whole = sizes.reduce((a, b) => a + b);
  return sizes.map((size) => size / whole);
}
function meanAnswered(n, share) {
  if (share >= 1) return Float64Array.from({ length: n + 1 }, (_, c) => c);
  const chance = new Float64Array(n + 1);
  const odds = share / (1 - share);
  const top = Math.min(n, Math.floor((n + 1) * share));
  chance[top] = 1;
  for (let c = top; c < n; c++) chance[c + 1] = chance[c] * odds * (n - c) / (c + 1);
  for (let c = top; c > 0; c--) chance[c - 1] = chance[c] * c / (odds * (n - c + 1));
  const atLeast = new Float64Array(n + 2);
  const mean = new Float64Array(n + 1);
  for (let c = n; c >= 0; c--) atLeast[c] = atLeast[c + 1] + chance[c];
  for (let c = 1; c <= n; c++) mean[c] = mean[c - 1] + atLeast[c] / atLeast[0];
  return mean;
}
function expectedDrop(tokens, shares) {
  const answered = new Float64Array(tokens + 1);
  const each = /* @__PURE__ */ new Map();
  for (const share of shares) each.set(share, (each.get(share) ?? 0) + 1);
  for (const [share, experts] of each) meanAnswered(tokens, share).forEach((x, c) => answered[c] += experts * x);
  const choices = tokens * shares.reduce((a, b) => a + b, 0);
  return (capacity) => Math.max(0, 1 - answered[Math.min(capacity, tokens)] / choices);
}
function randomOf(seed) {
  let count = Math.imul(seed + 1, 2246822507) >>> 0;
  return () => {
    count = count + 2654435769 >>> 0;
    let x = count;
    x = Math.imul(x ^ x >>> 16, 569420461);
    x = Math.imul(x ^ x >>> 15, 1935289751);
    return ((x ^ x >>> 15) >>> 0) / 2 ** 32;
  };
}
function sampleOf({ tokens, num_experts, top_k, skew, seed }, sample) {
  const random = randomOf(seed * 1009 + sample);
  const choices = new Int32Array(tokens * top_k);
  const place = new Int32Array(tokens * top_k);
  const queue = new Int32Array(num_experts);
  const below2 = [];
  sharesOf(num_experts, skew).reduce((sum, share) => (below2.push(sum + share), sum + share), 0);
  const draw = () => {
    const x = random() * below2[below2.length - 1];
    let low = 0;
    let high = num_experts - 1;
    while (low < high) {
      const middle = low + high >> 1;
      if (below2[middle] > x) high = middle;
      else low = middle + 1;
    }
    return low;
  };
  for (let t = 0; t < tokens; t++)
    for (let k = 0; k < top_k; k++) {
      const chosen = (expert2) => {
        for (let i = t * top_k; i < t * top_k + k; i++) if (choices[i] === expert2) return true;
        return false;
      };
      let expert = draw();
      while (chosen(expert)) expert = draw();
      choices[t * top_k + k] = expert;
    }
  for (let k = 0; k < top_k; k++)
    for (let t = 0; t < tokens; t++) place[t * top_k + k] = queue[choices[t * top_k + k]]++;
  return { choices, place, queue, best: bestPlaces(place, tokens, top_k) };
}
function bestPlaces(place, tokens, top_k) {
  const best = new Int32Array(tokens).fill(tokens);
  for (let i = 0; i < place.length; i++) {
    const token = Math.floor(i / top_k);
    if (place[i] < best[token]) best[token] = place[i];
  }
  return best;
}
function ratesOf({ place, best }, tokens) {
  const share = (places) => {
    const over = new Float64Array(tokens + 2);
    for (const at of places) over[at + 1] += 1;
    for (let c = 1; c <= tokens; c++) over[c] += over[c - 1];
    return over.map((below2) => 1 - below2 / places.length);
  };
  return { choices: share(place), tokens: share(best) };
}
var meanOf = (values) => values.reduce((a, b) => a + b, 0) / values.length;
var spread = (values) => ({ low: Math.min(...values), mean: meanOf(values), high: Math.max(...values) });

// js/arithmetic/largest.js
function largestAmong(values, from, count, by = 1) {
  let top = from;
  let alike2 = 0;
  for (let i = 1, at = from + by; i < count; i++, at += by)
    if (values[at] > values[top]) [top, alike2] = [at, 0];
    else if (values[at] === values[top]) alike2++;
  return { top, alike: alike2 };
}
function equals(alike2, count) {
  if (!alike2) return "";
  if (alike2 + 1 === count) return ` (all ${count.toLocaleString("en-US")} are equal)`;
  return alike2 === 1 ? " (1 other is equal)" : ` (${alike2.toLocaleString("en-US")} others are equal)`;
}

// js/shared/numbers.js
var exact = (x) => x.toLocaleString("en-US", { maximumFractionDigits: 3 });
var brief = (x) => x && Math.abs(x) < 1e-3 ? String(x.toExponential()) : exact(x);
var percent = (x) => `${(100 * x).toFixed(1)} %`;
var some = (list) => list.slice(0, 12).join(", ") + (list.length > 12 ? ` and ${exact(list.length - 12)} more` : "");
var many = (x, word) => `${exact(x)} ${word}${x === 1 ? "" : "s"}`;

// js/shared/knobs.js
var stopsOf = (knobs2, limits) => Object.fromEntries(Object.entries(knobs2).map(([name, [, make]]) => [name, make(limits[name][0], limits[name][1])]));
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
function refuse(sentence, box, below2) {
  below2.id ||= `refusal-${Math.random().toString(36).slice(2)}`;
  below2.textContent = sentence;
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

// js/shared/keys.js
var KEYS = 'data-lm-suppress-shortcuts="true"';
var ARROWS = "← ↑ → ↓";
var ACROSS = "← →";
var keyHints = (keys, touch) => `<p class="explorer-keys"><span class="explorer-typed">${Object.entries(keys).map(
  ([key, what]) => `${key.split(" ").map((each) => `<kbd>${each}</kbd>`).join("")} ${what}`
).join(" · ")}</span><span class="explorer-touched">${touch}</span></p>`;

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

// js/shared/pointing.js
function pointAt({ canvas, on, catchUp }, panels, { ready, under, beyond, show, go, take, enter, free, shifted }) {
  for (const panel2 of panels) {
    const target = canvas(panel2);
    const at = (event) => {
      const frame = target.getBoundingClientRect();
      return under(panel2, event.clientX - frame.left, event.clientY - frame.top);
    };
    const press = ({ key, shiftKey }) => {
      const next = shiftKey ? null : beyond(panel2, key);
      if (next) go(next);
      else if (key === "Enter" || key === " ") return (shiftKey && shifted ? shifted.enter() : enter(panel2)) !== false;
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
      else take(at(event), panel2);
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
var ACROSS2 = { ArrowLeft: -1, ArrowRight: 1 };
var DOWN = { ArrowUp: -1, ArrowDown: 1 };
var FAR = { Home: -Infinity, End: Infinity };
function stepsOf(key) {
  const across = ACROSS2[key] ?? 0;
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
  const sentence = document.createElement("div");
  const words = document.createElement("p");
  const keys = document.createElement("p");
  let opened = null;
  let openedAt = 0;
  sentence.className = "explorer-meaning";
  sentence.popover = "auto";
  sentence.dataset.part = "meaning";
  words.ariaLive = "polite";
  keys.className = "explorer-keys";
  keys.innerHTML = `<span class="explorer-typed">Arrow keys: other terms. Esc: close.</span>
    <span class="explorer-touched">Tap anywhere to close.</span>`;
  sentence.append(words, keys);
  root.append(sentence);
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
    sentence.showPopover();
    words.replaceChildren(title, ` ${GLOSSARY[name]}`);
    const at = button2.getBoundingClientRect();
    openedAt = at.top;
    place(at);
  }
  function place({ left, top, bottom }) {
    const { offsetWidth: w, offsetHeight: h } = sentence;
    const below2 = bottom + GAP + h <= window.innerHeight || top < h + GAP;
    sentence.style.left = `${Math.max(GAP, Math.min(left, document.documentElement.clientWidth - w - GAP))}px`;
    sentence.style.top = `${below2 ? bottom + GAP : top - GAP - h}px`;
  }
  on(sentence, "beforetoggle", ({ newState }) => {
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
    if (again) sentence.hidePopover();
    else open(button2);
  });
  on(root, "focusin", ({ target }) => {
    const button2 = termAt(target);
    if (button2) oneStop(button2);
  });
  on(root, "keydown", (event) => {
    const button2 = termAt(event.target);
    const steps2 = button2 && stepsOf(event.key);
    if (!button2 || !steps2 || event.ctrlKey || event.metaKey || event.altKey) return;
    const all = seen();
    const next = all[onward(all.indexOf(button2), steps2.across + steps2.down + steps2.far, all.length)];
    event.preventDefault();
    event.stopPropagation();
    const reads = opened !== null;
    next.focus();
    if (reads) open(next);
  });
  const scrolled = () => {
    const top = opened?.getBoundingClientRect().top ?? openedAt;
    if (Math.abs(top - openedAt) > 1) sentence.hidePopover();
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

// js/shared/markup.js
var canvases = (name, label) => `<canvas></canvas>
  <canvas data-part="${name}" tabindex="0" ${KEYS} role="application" aria-label="${label}"></canvas>`;
var knob = (name, label, about) => `<div class="explorer-knob"><span>${about ? term(about, label) : label}</span>
  <input type="range" min="0" step="1" data-part="${name}" aria-label="${label}" ${KEYS}>
  <input type="number" data-part="${name}-number" aria-label="${label}, typed" ${KEYS}>
  <p class="explorer-refusal" data-part="${name}-refusal" role="alert" hidden></p></div>`;
var button = (name, label) => `<button type="button" data-part="${name}" ${KEYS}>${label}</button>`;
var more = (controls, words = "More settings") => `<details class="explorer-more" data-part="more">
  <summary ${KEYS}>${words}</summary><div class="explorer-controls">${controls}</div></details>`;

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
var saving = null;
var density = () => saving?.pixels || window.devicePixelRatio || 1;
var spoilt = 0;
var surface = () => `${density()}${saving ? " saving" : ""} ${spoilt}`;
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
function hatch(ctx, x, y, w, h) {
  ctx.save();
  ctx.beginPath();
  ctx.rect(x, y, w, h);
  ctx.clip();
  for (const [width, colour] of [
    [3, "#000"],
    [1.2, "#fff"]
  ]) {
    ctx.beginPath();
    for (let at = -h; at < w; at += 8) {
      ctx.moveTo(x + at, y + h);
      ctx.lineTo(x + at + h, y);
    }
    Object.assign(ctx, { lineWidth: width, strokeStyle: colour });
    ctx.stroke();
  }
  ctx.restore();
}
function ring(ctx, x, y, w, h) {
  const more2 = Math.min(w, h) < 6 ? 2.5 : 0;
  for (const [width, colour] of [
    [4, "#000"],
    [2, "#fff"]
  ]) {
    Object.assign(ctx, { lineWidth: width, strokeStyle: colour });
    ctx.strokeRect(x - more2, y - more2, w + 2 * more2, h + 2 * more2);
  }
}
function write(ctx, text, x, y, colour, align = "center") {
  Object.assign(ctx, { fillStyle: colour, textAlign: align });
  ctx.fillText(String(text), x, y);
}
function writeOver(ctx, text, x, y) {
  Object.assign(ctx, { lineWidth: 3, strokeStyle: "#000", lineJoin: "round", textAlign: "center" });
  ctx.strokeText(String(text), x, y);
  write(ctx, text, x, y, "#fff");
}
var everyNth = (step, size) => [1, 2, 4, 5, 8, 10, 16, 20, 32, 50, 64, 100].find((k) => k * step >= size) ?? 200;
function rule(ctx, x, y, toX, toY) {
  ctx.beginPath();
  ctx.moveTo(x, y);
  ctx.lineTo(toX, toY);
  ctx.stroke();
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
  #add(tag, attributes, text) {
    const around = {
      opacity: this.globalAlpha === 1 ? void 0 : this.globalAlpha,
      transform: this.#turned.trim(),
      "clip-path": this.#clip && `url(#${this.#clip})`
    };
    const all = written({ ...attributes, ...around });
    this.#shapes.push(text === void 0 ? `<${tag}${all}/>` : `<${tag}${all}>${escaped(text)}</${tag}>`);
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
function collect(element, frame, alpha, items) {
  if (element.matches(LEFT_OUT) || element.checkVisibility?.({ visibilityProperty: true }) === false) return;
  const style = getComputedStyle(element);
  const rect = element.getBoundingClientRect();
  const own = alpha * Number(style.opacity);
  const at = { x: rect.left - frame.left, y: rect.top - frame.top, w: rect.width, h: rect.height, alpha: own };
  if (style.position === "absolute" && rect.width <= 1) return;
  if (element instanceof HTMLCanvasElement) {
    if (rect.width && rect.height) items.push({ ...at, kind: "canvas", canvas: element });
    return;
  }
  if (rect.width && rect.height) items.push(...boxesOf(style, at));
  if (element.localName === "mfrac") items.push(...fractionLine(element, frame, style.color, own));
  for (const child of element.childNodes) {
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
function pageOf(element) {
  for (let at = (
    /** @type {Element | null} */
    element
  ); at; at = at.parentElement) {
    const { backgroundColor } = getComputedStyle(at);
    if (!CLEAR.test(backgroundColor)) return backgroundColor;
  }
  const probe = document.createElement("i");
  probe.style.color = "canvas";
  element.append(probe);
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
        const ramp = ctx.createLinearGradient(x, 0, x + w, 0);
        for (const { colour, at } of item.ramp) ramp.addColorStop(at, colour);
        ctx.fillStyle = ramp;
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
  const rect = (more2) => `<rect${written({ ...box, ...more2 })}/>`;
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
function filesOf(view, { csv, svg = false, named, state: worded, more: more2 = [] }, state) {
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
  return [choices[0], ...svg ? [shapes] : [], ...more2, ...choices.slice(1)];
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
  const more2 = complaints.length > 1 ? `, and ${complaints.length - 1} more` : "";
  return { state, wrong: complaints.length ? `Part of the link was ignored: ${complaints[0]}${more2}.` : "" };
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
  const some2 = own.toString() !== "";
  if (text === NONE && !some2) return {};
  if (text === null && !some2) return void 0;
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
  function follow() {
    if (location.hash === followed) return;
    followed = location.hash;
    const { state, wrong } = readLink(followed, saved, link);
    view.settle();
    for (const name of names) if (state[name] !== model.get(name)) model.set(name, state[name]);
    model.save_changes();
    view.note = wrong;
    view.schedule();
  }
  function write2() {
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
  for (const name of names) model.on(`change:${name}`, () => waiting ||= window.setTimeout(write2, WAIT));
  on(window, "hashchange", follow);
  view.signal.addEventListener("abort", () => clearTimeout(waiting));
  follow();
  return () => location.href.split("#")[0] + writeLink(saved, stateNow());
}

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
  const tell = (sentence) => part("news").textContent = sentence;
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
    const steps2 = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: -1 };
    if (event.key in steps2) entries.at(steps2[event.key] % entries.length)?.focus();
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
    say(sentence) {
      const words = view.note || sentence;
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
  for (const panel2 of panels) resized.observe(panel2);
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

// js/shared/pinning.js
var PIN_STATUS = `<p class="explorer-status"><span role="status" aria-live="polite"></span>
  <span class="explorer-actions" data-part="pin" hidden>${button("previous", "Previous token")}
  ${button("next", "Next token")} ${button("free", "Unpin")}</span></p>`;
function bindPin({ on, part }, free, step) {
  on(part("previous"), "click", () => step(-1));
  on(part("next"), "click", () => step(1));
  on(part("free"), "click", free);
}
function showPin({ part, root }, pinned) {
  const line = part("pin");
  if (line.hidden === !pinned) return;
  if (!pinned && line.contains(document.activeElement))
    root.querySelector("canvas[tabindex]")?.focus();
  line.hidden = !pinned;
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

// js/capacity_explorer/panels.js
var CURVE = { left: 44, right: 12, top: 10, bottom: 36, high: 260 };
var BUFFER = { left: 50, right: 64, top: 14, bottom: 32, high: 236 };
var FACTORS = evenly(0.05, 4, 0.05);
var MEASURED = evenly(0.25, 4, 0.25);
function capacityBoxes({ sample, state, capacity }, widths) {
  const { num_experts: e, tokens: n } = state;
  const wide = widths.buffer - BUFFER.left - BUFFER.right;
  const high = BUFFER.high - BUFFER.top - BUFFER.bottom;
  const rows = Math.max(capacity, ...sample.queue);
  const most = n <= 100 && matchMedia("(pointer: coarse)").matches ? 44 : 30;
  const fitting = most === 44 ? Math.floor(widths.strip / most) : Infinity;
  const columns = Math.min(n, fitting, Math.max(8, Math.ceil(Math.sqrt(3 * n))));
  const side = Math.min(widths.strip / columns, most);
  const lines = Math.ceil(n / columns);
  const plot = { x: CURVE.left, y: CURVE.top, w: widths.curve - CURVE.left - CURVE.right };
  return {
    curve: { ...plot, h: CURVE.high - CURVE.top - CURVE.bottom },
    buffer: {
      x: BUFFER.left,
      floor: BUFFER.high - BUFFER.bottom,
      w: wide,
      dx: wide / e,
      dy: Math.min(26, high / rows)
    },
    strip: { columns, side },
    sizes: {
      curve: [widths.curve, CURVE.high],
      buffer: [widths.buffer, BUFFER.high],
      strip: [widths.strip, lines * side + 1]
    }
  };
}
var onCurve = ({ x, y, w, h }, factor, rate) => [x + w * factor / 4, y + h * (1 - rate)];
var capacityGrounds = {
  curve(ctx, { exactly, exactlyThis, points, state, boxes: { curve: box }, ink }) {
    for (let i = 0; i <= 4; i++) {
      const [x, y] = onCurve(box, i, i / 4);
      Object.assign(ctx, { lineWidth: 1, strokeStyle: ink.line });
      rule(ctx, box.x, Math.round(y) + 0.5, box.x + box.w, Math.round(y) + 0.5);
      write(ctx, `${25 * i} %`, box.x - 6, y, ink.text, "right");
      write(ctx, i, x, box.y + box.h + 12, ink.text);
    }
    write(ctx, "capacity factor", box.x + box.w / 2, box.y + box.h + 27, ink.text);
    steps(ctx, box, state, exactlyThis, ink.text, [5, 4]);
    steps(ctx, box, state, exactly, ink.text, []);
    for (const { factor, choices, tokens } of points) {
      whisker(ctx, box, factor, tokens, expertColour(0));
      if (state.top_k > 1) diamond(ctx, ...onCurve(box, factor, choices.mean), ink.text);
    }
  },
  buffer(ctx, { sample, state, capacity, boxes: { buffer: box }, ink }) {
    const { x, floor, w, dx, dy } = box;
    const every = everyNth(dx, ctx.measureText(String(state.num_experts - 1)).width + 6);
    const gap = Math.min(1, dx / 10);
    const thick = dy > 4 ? 1 : 0;
    const tokenAt = placesOf(sample, state);
    for (let e = 0; e < state.num_experts; e++) {
      const left = x + e * dx;
      const over = Math.max(0, sample.queue[e] - capacity);
      ctx.fillStyle = expertColour(e);
      for (let at = 0; at < sample.queue[e]; at++)
        ctx.fillRect(left + gap / 2, floor - (at + 1) * dy + thick, dx - gap, dy - thick);
      if (over) hatch(ctx, left + gap / 2, floor - sample.queue[e] * dy, dx - gap, over * dy);
      if (dx >= 2 + 6.2 * String(state.tokens - 1).length && dy >= 12)
        for (let at = 0; at < sample.queue[e]; at++)
          writeOver(ctx, tokenAt[e][at], left + dx / 2, floor - (at + 0.5) * dy);
      if (e % every === 0) write(ctx, e, left + dx / 2, floor + 11, ink.text);
    }
    Object.assign(ctx, { lineWidth: 1, strokeStyle: ink.text });
    for (let e = 0; e < state.num_experts && dx >= 5; e++) {
      const high = sample.queue[e] * dy;
      const [from, to] = [e * dx + gap / 2, (e + 1) * dx - gap / 2].map((edge) => Math.round(x + edge) + 0.5);
      if (high) ctx.strokeRect(from, Math.round(floor - high) + 0.5, to - from, Math.round(high));
    }
    const line = floor - capacity * dy;
    Object.assign(ctx, { lineWidth: 1.5, strokeStyle: ink.text });
    rule(ctx, x, floor + 0.5, x + w, floor + 0.5);
    ctx.setLineDash([5, 3]);
    rule(ctx, x, line, x + w, line);
    ctx.setLineDash([]);
    write(ctx, "capacity", x + w + 6, line - 6, ink.text, "left");
    write(ctx, many(capacity, "slot"), x + w + 6, line + 7, ink.text, "left");
    write(ctx, "choices", x - 6, floor - 6, ink.text, "right");
    write(ctx, "expert", x + w / 2, floor + 25, ink.text);
  },
  strip(ctx, { state, sample, capacity, boxes: { strip: box }, ink }) {
    for (let t = 0; t < state.tokens; t++) {
      const [x, y] = tokenCorner(box, t);
      const gone = sample.best[t] >= capacity;
      const middle = box.side / 2;
      if (box.side > 8) {
        Object.assign(ctx, { lineWidth: 1, strokeStyle: ink.bar });
        ctx.strokeRect(x + 0.5, y + 0.5, box.side - 1, box.side - 1);
      }
      if (gone && box.side > 8) hatch(ctx, x, y, box.side, box.side);
      else if (gone) {
        ctx.fillStyle = ink.text;
        ctx.fillRect(x, y, box.side, box.side);
      }
      if (box.side < 20) continue;
      if (gone) writeOver(ctx, t, x + middle, y + middle);
      else write(ctx, t, x + middle, y + middle, ink.text);
    }
  }
};
var capacityOverlays = {
  curve(ctx, scene, { factor }) {
    const {
      boxes: { curve: box },
      ink
    } = scene;
    const rates = ratesAt(scene, factor);
    const x = onCurve(box, factor, 0)[0];
    Object.assign(ctx, { lineWidth: 1.5, strokeStyle: ink.text });
    ctx.setLineDash([2, 3]);
    rule(ctx, x, box.y, x, box.y + box.h);
    ctx.setLineDash([]);
    for (const { rate } of rates) ring(ctx, x - 4, onCurve(box, factor, rate)[1] - 4, 8, 8);
    const words = rates.map(({ name, rate }) => `${name}${percent(rate)}`);
    const wide = Math.max(...words.map((text) => ctx.measureText(text).width));
    const right = x + 8 + wide < box.x + box.w;
    words.forEach((text, i) => {
      const left = x + (right ? 8 : -8);
      const top = box.y + 8 + 14 * i;
      const align = right ? "left" : "right";
      Object.assign(ctx, { lineWidth: 4, strokeStyle: ink.page, lineJoin: "round", textAlign: align });
      ctx.strokeText(text, left, top);
      write(ctx, text, left, top, ink.text, align);
    });
  },
  buffer(ctx, { sample, state: { top_k }, boxes: { buffer: box } }, { token }) {
    for (let k = 0; token >= 0 && k < top_k; k++) {
      const e = sample.choices[token * top_k + k];
      const at = sample.place[token * top_k + k];
      ring(ctx, box.x + e * box.dx, box.floor - (at + 1) * box.dy, box.dx, box.dy);
    }
  },
  strip(ctx, { boxes: { strip: box } }, { token }) {
    const [x, y] = tokenCorner(box, token);
    if (token >= 0) ring(ctx, x, y, box.side, box.side);
  }
};
function ratesAt({ state, exactly, exactlyThis, rates }, factor) {
  const capacity = capacityOf(state, factor);
  const uniform = { name: state.skew ? "uniform " : "", rate: exactly(capacity) };
  if (!state.skew) return [uniform];
  if (exactlyThis) return [uniform, { name: "skewed ", rate: exactlyThis(capacity) }];
  const sampled = meanOf(rates.map((rate) => rate.choices[Math.min(capacity, state.tokens)]));
  return [uniform, { name: "skewed, samples ", rate: sampled }];
}
var tokenCorner = ({ columns, side }, token) => [token % columns * side, Math.floor(token / columns) * side];
function placesOf({ choices, place, queue }, { top_k }) {
  const at = Array.from(queue, (count) => new Int32Array(count));
  choices.forEach((expert, i) => at[expert][place[i]] = Math.floor(i / top_k));
  return at;
}
function steps(ctx, box, state, rate, colour, dashes) {
  if (!rate) return;
  ctx.setLineDash(dashes);
  Object.assign(ctx, { lineWidth: 2, strokeStyle: colour });
  ctx.beginPath();
  let before = null;
  for (let i = 1; i <= 800; i++) {
    const capacity = capacityOf(state, i / 200);
    const [x, y] = onCurve(box, i / 200, rate(capacity));
    if (before !== null && before !== y) ctx.lineTo(x, before);
    ctx.lineTo(x, y);
    before = y;
  }
  ctx.stroke();
  ctx.setLineDash([]);
}
function whisker(ctx, box, factor, { low, mean, high }, colour) {
  const [[x, top], [, middle], [, end]] = [high, mean, low].map((rate) => onCurve(box, factor, rate));
  Object.assign(ctx, { lineWidth: 1.5, strokeStyle: colour, fillStyle: colour });
  rule(ctx, x, top, x, end);
  ctx.beginPath();
  ctx.arc(x, middle, 4, 0, 2 * Math.PI);
  ctx.fill();
}
function diamond(ctx, x, y, colour) {
  Object.assign(ctx, { lineWidth: 1.5, strokeStyle: colour });
  ctx.beginPath();
  for (const [dx, dy] of [
    [0, -5],
    [5, 0],
    [0, 5],
    [-5, 0]
  ])
    ctx.lineTo(x + dx, y + dy);
  ctx.closePath();
  ctx.stroke();
}

// js/capacity_explorer/capacity_explorer.js
var KNOBS = {
  num_experts: ["Experts", doubling],
  tokens: ["Tokens", doubling],
  top_k: ["Choices of a token", (least, most) => evenly(least, most, 1)],
  skew: ["Skew of the router", (least, most) => evenly(least, most, 0.1)],
  capacity_factor: ["Capacity factor", (least, most) => evenly(least, most, 0.05)],
  samples: ["Samples", (least, most) => evenly(least, most, 1)],
  sample: ["Sample shown", (least, most) => evenly(least, most, 1)],
  seed: ["Seed", (least, most) => evenly(least, 100, 1).concat(most)]
};
var PANELS = ["curve", "buffer", "strip"];
var NONE2 = { token: -1, factor: null };
var panel = (name, label) => `<div class="explorer-panel" data-panel="${name}">${canvases(name, label)}</div>`;
var ABOUT = {
  num_experts: "expert",
  tokens: "token",
  top_k: "top_k",
  skew: "skew",
  capacity_factor: "capacity factor",
  samples: "sample",
  sample: "sample",
  seed: "seed"
};
var FIRST = ["capacity_factor", "num_experts", "tokens", "skew"];
var NAMES = (
  /** @type {(keyof Chosen)[]} */
  Object.keys(KNOBS)
);
var knobs = (names) => names.map((name) => knob(name, KNOBS[name][0], ABOUT[name])).join("");
var WALK = { Enter: "pin", Esc: "unpin" };
var PAGE2 = `
<div class="explorer-panels">
  <div class="capacity-explorer-curve"><div class="explorer-title" data-part="curve-title"></div>
    ${panel("curve", "Drop rate by capacity factor: left and right arrow keys change the factor")}
    ${keyHints({ [ACROSS]: "change the capacity factor" }, "Tap the curve to change the capacity factor.")}
    <p data-part="legend"></p>
    <div class="capacity-explorer-controls"><div class="explorer-controls">${knobs(FIRST)}</div>
    ${more(knobs(NAMES.filter((name) => !FIRST.includes(name))), "Choices and samples")}</div></div>
  <div class="capacity-explorer-sample"><div class="explorer-title" data-part="sample-title"></div>
    ${panel(
  "buffer",
  "Queues of the experts: up and down arrow keys move along a queue, left and right ones from token to token, Enter pins, Escape unpins"
)}
    ${keyHints({ "↑ ↓": "along a queue", [ACROSS]: "to the next token", ...WALK }, "Tap a token to pin it.")}
    <p data-part="caption"></p>
    ${panel("strip", "Tokens: arrow keys move, Enter pins, Escape unpins")}
    ${keyHints({ [ARROWS]: "move", ...WALK }, "Tap a token to pin it.")}
    <p>Hatched: ${term("dropped", "without a slot")}. A queue starts at slot 0; what is above the dashed line, the
      ${term("capacity")}, is turned away.</p></div>
</div>${PIN_STATUS}`;
var ORDER = ["first", "second", "third", "fourth"];
function factorSentence({ state, exactly, exactlyThis, rates }, factor) {
  const capacity = capacityOf(state, factor);
  const one = state.top_k === 1;
  const what = one ? "tokens" : "choices";
  const sampled = (kind) => spread(rates.map((rate) => rate[kind][Math.min(capacity, state.tokens)]));
  const range = ({ low, mean, high }) => `${percent(mean)} (${percent(low)} to ${percent(high)})`;
  const facts = [`a uniform router loses ${percent(exactly(capacity))} of ${what} (exact)`];
  if (exactlyThis) facts.push(`this skewed one ${percent(exactlyThis(capacity))} (exact)`);
  facts.push(`${many(state.samples, "sample")} of this router lose ${range(sampled("choices"))}`);
  if (!one) facts.push(`and drop ${range(sampled("tokens"))} of tokens`);
  return `Capacity factor ${exact(factor)}, ${many(capacity, "slot")} for each expert: ${facts.join("; ")}.`;
}
function tokenSentence({ state: { top_k }, sample, capacity }, token) {
  const facts = Array.from({ length: top_k }, (_, k) => {
    const expert = sample.choices[token * top_k + k];
    const at = sample.place[token * top_k + k];
    const end = at < capacity ? `which gives it slot ${at}` : `which is full: its position in the queue is ${at}`;
    return `${ORDER[k]} choice expert ${expert}, ${end}`;
  });
  return `token ${token}: ${facts.join("; ")}. It is ${sample.best[token] < capacity ? "kept" : "dropped"}.`;
}
function render({ model, el }) {
  const named = ["num_experts", "tokens", "capacity_factor"];
  const exports = { csv: { curve: curveRows, sample: sampleRows }, svg: true, named };
  const options = { name: "explorer capacity-explorer", prefix: "explorer", page: PAGE2, draw, exports, link };
  const view = mount({ model, el }, options);
  const { part, canvas, ground, send } = view;
  const follow = bindKnobs(view, stopsOf(KNOBS, model.get("_limits")), fitted);
  let scene = null;
  let lane = -1;
  let hover = NONE2;
  let drawnFor = "";
  let samples = [];
  let samplesOf = "";
  function fitted(values) {
    const all = { ...stateNow(), token: model.get("token"), ...values };
    const rest = { ...values };
    if (all.top_k > all.num_experts) rest.top_k = all.num_experts;
    if (all.sample >= all.samples && "sample" in values) rest.samples = all.sample + 1;
    else if (all.sample >= all.samples) rest.sample = all.samples - 1;
    if (all.token >= all.tokens) rest.token = -1;
    return rest;
  }
  function link(get) {
    const limits = model.get("_limits");
    const upTo = (name, most) => (
      /** @type {Limits} */
      [limits[name][0], Math.min(limits[name][1], most), true, false]
    );
    return {
      ...limits,
      top_k: upTo("top_k", get("num_experts")),
      token: upTo("token", get("tokens") - 1),
      sample: upTo("sample", get("samples") - 1)
    };
  }
  function curveRows() {
    const { state, exactly, exactlyThis, points } = look(stateNow());
    const head = ["capacity_factor", "capacity", "uniform_expected", "skewed_expected"];
    const spreads = ["tokens", "choices"].flatMap((kind) => ["mean", "low", "high"].map((end) => `${kind}_${end}`));
    const rows = points.map(({ factor, choices, tokens }) => {
      const capacity = capacityOf(state, factor);
      const sampled = [tokens, choices].flatMap(({ mean, low, high }) => [mean, low, high]);
      return [factor, capacity, exactly(capacity), exactlyThis?.(capacity), ...sampled];
    });
    return [[...head, ...spreads], ...rows];
  }
  function sampleRows() {
    const { state, sample, capacity } = look(stateNow());
    const rows = Array.from(sample.choices, (expert, at) => {
      const place = sample.place[at];
      return [Math.floor(at / state.top_k), at % state.top_k, expert, place, place < capacity ? place : null];
    });
    return [["token", "choice", "expert", "position", "slot"], ...rows];
  }
  const stateNow = () => ({
    num_experts: model.get("num_experts"),
    tokens: model.get("tokens"),
    top_k: model.get("top_k"),
    skew: model.get("skew"),
    capacity_factor: model.get("capacity_factor"),
    samples: model.get("samples"),
    sample: model.get("sample"),
    seed: model.get("seed")
  });
  function look(state) {
    const { num_experts, tokens, top_k, skew, seed } = state;
    const key = JSON.stringify([num_experts, tokens, top_k, skew, seed]);
    if (key !== samplesOf) samples = [];
    samplesOf = key;
    while (samples.length < state.samples) {
      const sample2 = sampleOf(state, samples.length);
      samples.push({ sample: sample2, rates: ratesOf(sample2, tokens) });
    }
    const rates = samples.slice(0, state.samples).map((each) => each.rates);
    const { sample } = samples[state.sample];
    const exactly = expectedDrop(tokens, Array(num_experts).fill(top_k / num_experts));
    const exactlyThis = skew > 0 && top_k === 1 ? expectedDrop(tokens, sharesOf(num_experts, skew)) : null;
    const points = MEASURED.map((factor) => {
      const capacity = Math.min(capacityOf(state, factor), tokens);
      const over = (kind) => spread(rates.map((rate) => rate[kind][capacity]));
      return { factor, choices: over("choices"), tokens: over("tokens") };
    });
    return { state, rates, sample, exactly, exactlyThis, points, capacity: capacityOf(state, state.capacity_factor) };
  }
  function paint(state, widths) {
    if (Math.min(...Object.values(widths)) < 150) return null;
    const known = look(state);
    const now = { ...known, ink: view.ink(), boxes: capacityBoxes(known, widths) };
    describe(known);
    for (const name of PANELS) capacityGrounds[name](fit(ground(name), ...now.boxes.sizes[name]), now);
    return now;
  }
  function describe({ state, sample, capacity, exactlyThis }) {
    const lost = [...sample.best.keys()].filter((t) => sample.best[t] >= capacity);
    part("curve-title").textContent = state.top_k === 1 ? "Dropped tokens" : "Dropped tokens and lost choices";
    const sizes = `${many(state.num_experts, "expert")} of ${many(capacity, "slot")}`;
    part("sample-title").textContent = `Sample ${state.sample}: ${many(state.tokens, "token")} at ${sizes}`;
    const { top: busiest, alike: alike2 } = largestAmong(sample.queue, 0, state.num_experts);
    const empty = sample.queue.reduce((sum, count) => sum + Math.max(0, capacity - count), 0);
    part("caption").textContent = `${exact(lost.length)} of ${many(state.tokens, "token")} dropped (${percent(lost.length / state.tokens)})${lost.length ? `: ${some(lost)}` : ""}. ${many(empty, "slot")} of ${exact(capacity * state.num_experts)} empty. Most chosen: expert ${busiest}${equals(alike2, state.num_experts)}, ${many(sample.queue[busiest], "time")}.`;
    part("legend").textContent = "Line: exact expectation of the uniform router" + (state.top_k > 1 ? ", of choices without a slot" : "") + (exactlyThis ? "; dashed: of this skewed router" : "") + `. Dots: dropped tokens, mean of ${many(state.samples, "sample")} of this router, from the smallest to the largest` + (state.top_k > 1 ? "; diamonds: choices without a slot, mean." : ".");
  }
  function draw() {
    const state = stateNow();
    const [curve, buffer, strip] = PANELS.map((name) => part(name).clientWidth);
    const key = JSON.stringify([state, curve, buffer, strip, view.ink(), surface()]);
    follow();
    if (key !== drawnFor) scene = paint(state, { curve, buffer, strip });
    if (!scene) return;
    drawnFor = key;
    const pinned = model.get("token") < state.tokens ? model.get("token") : -1;
    const token = pinned >= 0 ? pinned : hover.token;
    const factor = hover.factor ?? state.capacity_factor;
    for (const name of PANELS)
      capacityOverlays[name](fit(canvas(name), ...scene.boxes.sizes[name]), scene, { token, factor });
    showPin(view, pinned >= 0);
    view.say(token >= 0 && hover.factor === null ? tokenSentence(scene, token) : factorSentence(scene, factor));
  }
  function under({ boxes, state, sample }, name, x, y) {
    if (name === "curve") {
      const at2 = 4 * (x - boxes.curve.x) / boxes.curve.w;
      return { ...NONE2, factor: FACTORS[Math.min(Math.max(Math.round(at2 / 0.05) - 1, 0), FACTORS.length - 1)] };
    }
    if (name === "strip") {
      const { columns, side } = boxes.strip;
      const column = Math.floor(x / side);
      const token = Math.floor(y / side) * columns + column;
      return { ...NONE2, token: column < columns && token < state.tokens ? token : -1 };
    }
    const { x: left, dx, dy, floor } = boxes.buffer;
    const at = Math.floor((floor - y) / dy);
    lane = Math.floor((x - left) / dx);
    return { ...NONE2, token: placesOf(sample, state)[lane]?.[at] ?? -1 };
  }
  function show(at) {
    hover = at ?? NONE2;
    if (at && (at.token >= 0 || at.factor !== null)) view.settle();
    view.schedule();
  }
  const pin = (token) => send({ token: token === model.get("token") ? -1 : token });
  function inQueue({ sample, state }, token, places) {
    const { top_k } = state;
    const own = sample.choices.slice(token * top_k, (token + 1) * top_k);
    const k = Math.max(own.indexOf(lane), 0);
    lane = own[k];
    const queue = placesOf(sample, state)[lane];
    const at = sample.place[token * top_k + k] + places;
    return queue[Math.min(Math.max(at, 0), queue.length - 1)];
  }
  function beyond(now, name, key) {
    const steps2 = stepsOf(key);
    if (!steps2) return null;
    const { across, down, far } = steps2;
    const { state, boxes } = now;
    if (name === "curve") {
      const at = FACTORS.findLastIndex((factor) => factor <= state.capacity_factor + 1e-9) + across + far - down;
      return { ...NONE2, factor: FACTORS[Math.min(Math.max(at, 0), FACTORS.length - 1)] };
    }
    const from = model.get("token") >= 0 ? model.get("token") : hover.token;
    if (name === "buffer" && down && from >= 0) return { ...NONE2, token: inQueue(now, from, -down) };
    const by = across + far + down * (name === "strip" ? boxes.strip.columns : 0);
    return { ...NONE2, token: onward(from, by, state.tokens) };
  }
  function free() {
    show(null);
    send({ token: -1 });
  }
  pointAt(view, PANELS, {
    ready: () => scene,
    under: (name, x, y) => scene ? under(scene, name, x, y) : NONE2,
    beyond: (name, key) => scene && beyond(scene, name, key),
    show,
    go(at) {
      if (at.factor !== null) send({ capacity_factor: at.factor });
      else if (model.get("token") >= 0) send({ token: at.token });
      else show(at);
    },
    take({ token, factor }) {
      if (factor !== null) send({ capacity_factor: factor });
      else pin(token);
    },
    enter(name) {
      if (name === "curve") return false;
      pin(Math.max(hover.token, model.get("token")));
    },
    free
  });
  bindPin(view, free, (by) => send({ token: onward(model.get("token"), by, stateNow().tokens) }));
  for (const name of [...Object.keys(KNOBS), "token"]) model.on(`change:${name}`, view.schedule);
  return view.end;
}
var capacity_explorer_default = { render };
export {
  KNOBS,
  capacity_explorer_default as default
};
