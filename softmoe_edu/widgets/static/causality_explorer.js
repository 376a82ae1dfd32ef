// js/arithmetic/causality.js
function movesOf(changes, tolerance) {
  const least = tolerance * changes.reduce((a, b) => Math.max(a, b), 0);
  return Array.from(changes, (change) => change > least);
}
function earlierOf(moves, n) {
  let moved = 0;
  for (let i = 0; i < n; i++) for (let j = i + 1; j < n; j++) moved += Number(moves[i * n + j]);
  return { moved, pairs: n * (n - 1) / 2, share: n > 1 ? moved / (n * (n - 1) / 2) : 0 };
}
var movedBy = (moves, n, token) => [...Array(n).keys()].filter((i) => moves[i * n + token]);
var depthOf = (share) => Math.sqrt(share);

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
function number(x) {
  if (x === 0 || !Number.isFinite(x)) return String(x);
  if (Math.abs(x) < 1e-3) return x.toExponential(2);
  return x.toLocaleString("en-US", Math.abs(x) < 1e3 ? { maximumSignificantDigits: 4 } : { maximumFractionDigits: 0 });
}
var percent = (x) => `${(100 * x).toFixed(1)} %`;
var some = (list) => list.slice(0, 12).join(", ") + (list.length > 12 ? ` and ${exact(list.length - 12)} more` : "");
var many = (x, word) => `${exact(x)} ${word}${x === 1 ? "" : "s"}`;

// js/shared/knobs.js
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
function pointAt({ canvas, on, catchUp }, panels, { ready, under, beyond: beyond2, show, go, take, enter, free, shifted }) {
  for (const panel of panels) {
    const target = canvas(panel);
    const at = (event) => {
      const frame = target.getBoundingClientRect();
      return under(panel, event.clientX - frame.left, event.clientY - frame.top);
    };
    const press = ({ key, shiftKey }) => {
      const next = shiftKey ? null : beyond2(panel, key);
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

// js/shared/painting.js
var RAMP = new Uint32Array(256).map((_, i) => {
  const at = i / 255 * (RAMP_STEPS.length - 1);
  const low = Math.min(Math.floor(at), RAMP_STEPS.length - 2);
  const [r, g, b] = RAMP_STEPS[low].map((c, k) => Math.round(c + (at - low) * (RAMP_STEPS[low + 1][k] - c)));
  return 255 << 24 | b << 16 | g << 8 | r;
});
var RAMP_CSS = `linear-gradient(to right, ${RAMP_STEPS.map((c) => `rgb(${c})`).join(", ")})`;
var contextOf = (canvas) => (
  /** @type {OffscreenCanvasRenderingContext2D} */
  canvas.getContext("2d")
);
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
function stretch(ctx, box, pixels) {
  const small = new OffscreenCanvas(pixels.width, pixels.height);
  contextOf(small).putImageData(pixels, 0, 0);
  ctx.imageSmoothingEnabled = false;
  ctx.drawImage(small, box.x, box.y, box.w, box.h);
}
function ring(ctx, x, y, w, h) {
  const more = Math.min(w, h) < 6 ? 2.5 : 0;
  for (const [width, colour] of [
    [4, "#000"],
    [2, "#fff"]
  ]) {
    Object.assign(ctx, { lineWidth: width, strokeStyle: colour });
    ctx.strokeRect(x - more, y - more, w + 2 * more, h + 2 * more);
  }
}
function write(ctx, text, x, y, colour, align = "center") {
  Object.assign(ctx, { fillStyle: colour, textAlign: align });
  ctx.fillText(String(text), x, y);
}
var everyNth = (step, size) => [1, 2, 4, 5, 8, 10, 16, 20, 32, 50, 64, 100].find((k) => k * step >= size) ?? 200;

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
  const number2 = /^-?\d+(\.\d+)?(e[-+]?\d+)?$/i.test(text) ? Number(text) : void 0;
  const value = bounded(allowed) ? text === NONE ? null : number2 : allowed.find((each) => String(each) === text);
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
  const well = (row) => row.length === each.length && row.every((number2, i) => read(number2, each[i]) !== void 0);
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
function widely(least, most, power, bases) {
  const stops = /* @__PURE__ */ new Set([least, most]);
  for (let k = Math.floor(Math.log(least) / Math.log(power)) - 1; power ** k <= most; k++)
    for (const base of bases) {
      const at = Number((base * power ** k).toPrecision(12));
      if (at > least && at < most && (Number.isInteger(at) || least < 1)) stops.add(at);
    }
  return [...stops].sort((a, b) => a - b);
}
var decades = (least, most) => widely(least, most, 10, [1, 2, 5]);

// js/causality_explorer/causality_explorer.js
var NOTHING = { token: -1, output: -1 };
var ROOM = { left: 42, right: 18, top: 34, bottom: 6 };
var WIDTHS = { least: 195, leastOfMany: 230, many: 17, gap: 22, most: 380, mostInRows: 250 };
var SHARES = [0, 0.01, 0.1, 0.25, 0.5, 1];
var toneOf = (depth) => Math.round(85 + 170 * depth);
var PAGE2 = `
<div class="explorer-panels" data-part="maps"></div>
${keyHints({ [ACROSS]: "another token", "↑ ↓": "another output", Enter: "pin", Esc: "unpin" }, "Tap a cell to pin it.")}
<div class="causality-explorer-scale">
<div class="causality-explorer-ramp"><span>Change of the output, as a share of the layer's largest change</span>
  <div><i data-part="ramp"></i>${SHARES.map(
  (share) => `<b style="left: ${100 * depthOf(share)}%">${100 * share} %</b>`
).join("")}</div></div>
<div class="explorer-controls">${knob("tolerance", "Tolerance", "tolerance")}</div></div>
<p>${term("causal", "Causal")} layers have no colour above the stairs. Rows: outputs. Columns: the token that changes.
  Coloured: the output moves, by more than the tolerance; the colour
  follows the square root of the change. Above the stairs: outputs before the changed token; marks beside a
  matrix: outputs that move with the marked token, ◀ earlier ones, ◁ others.</p>${PIN_STATUS}`;
function layerWords({ name, changes, moves, most }, n, { token, output }) {
  if (token < 0 && output < 0) return "";
  if (token >= 0 && output >= 0) {
    const change = changes[output * n + token];
    const what = moves[output * n + token] ? "moves by" : "stays:";
    return `${name}: ${what} ${number(change)} (${most ? percent(change / most) : "0.0 %"} of the largest)`;
  }
  if (token < 0) {
    const by = [...Array(n).keys()].filter((j) => moves[output * n + j]);
    const later = by.filter((j) => j > output).length;
    return `${name}: moved by ${by.length ? `${some(by)}, ${later} of them later` : "none"}`;
  }
  const moved = movedBy(moves, n, token);
  const earlier = moved.filter((i) => i < token).length;
  return `${name}: ${moved.length} of ${many(n, "output")} move${moved.length ? ` (${some(moved)})` : ""}, ${earlier} of ${token} earlier`;
}
function sentenceOf(layers, n, at) {
  const { token, output } = at;
  if (token < 0 && output < 0) {
    const shares = layers.map(({ name, earlier }) => `${name} ${percent(earlier.share)}`).join(", ");
    return `Point at a matrix; click to pin. Earlier outputs that move: ${shares}.`;
  }
  const what = [token >= 0 ? `token ${token} changes` : "", output >= 0 ? `output ${output}` : ""];
  return `${what.filter(Boolean).join(", ")}: ${layers.map((layer) => layerWords(layer, n, at)).join("; ")}.`;
}
function paintMatrix(ctx, { changes, moves, most }, n, box, ink) {
  ctx.fillStyle = ink.shade;
  ctx.fillRect(box.x, box.y, box.side, box.side);
  const pixels = new ImageData(n, n);
  const colours = new Uint32Array(pixels.data.buffer);
  changes.forEach((change, at) => colours[at] = moves[at] ? RAMP[toneOf(depthOf(change / most))] : 0);
  stretch(ctx, { x: box.x, y: box.y, w: box.side, h: box.side }, pixels);
  const cell = box.side / n;
  const every = everyNth(cell, ctx.measureText(String(n - 1)).width + 6);
  ctx.fillStyle = ink.page;
  for (let i = 1; i < n && cell >= 10; i++) {
    ctx.fillRect(box.x + Math.round(i * cell), box.y, 1, box.side);
    ctx.fillRect(box.x, box.y + Math.round(i * cell), box.side, 1);
  }
  Object.assign(ctx, { lineWidth: 1, strokeStyle: ink.line });
  ctx.strokeRect(box.x - 0.5, box.y - 0.5, box.side + 1, box.side + 1);
  ctx.beginPath();
  ctx.moveTo(box.x, box.y);
  if (cell < 4) ctx.lineTo(box.x + cell, box.y), ctx.lineTo(box.x + box.side, box.y + box.side - cell);
  for (let i = 0; i < n && cell >= 4; i++) {
    ctx.lineTo(box.x + (i + 1) * cell, box.y + i * cell);
    ctx.lineTo(box.x + (i + 1) * cell, box.y + (i + 1) * cell);
  }
  const thick = cell < 10 ? 1 : 2;
  for (
    const [strokeStyle, lineWidth] of
    /** @type {[string, number][]} */
    [
      [ink.page, thick + 2],
      [ink.text, thick]
    ]
  ) {
    Object.assign(ctx, { strokeStyle, lineWidth });
    ctx.stroke();
  }
  for (let i = 0; i < n; i += every) {
    write(ctx, i, box.x + (i + 0.5) * cell, box.y - 8, ink.text);
    write(ctx, i, box.x - 5, box.y + (i + 0.5) * cell, ink.text, "right");
  }
  write(ctx, "token that changes", box.x + box.side / 2, box.y - 24, ink.text);
  write(ctx, "output", box.x - 5, box.y - 16, ink.text, "right");
}
function markMatrix(ctx, { moves }, n, box, { token, output }, ink) {
  const cell = box.side / n;
  if (token >= 0) ring(ctx, box.x + token * cell, box.y, cell, box.side);
  if (output >= 0) ring(ctx, box.x, box.y + output * cell, box.side, cell);
  if (token < 0) return;
  const half = Math.min(5, Math.max(2, cell / 2));
  for (const i of movedBy(moves, n, token)) {
    const x = box.x + box.side + 5;
    const y = box.y + (i + 0.5) * cell;
    Object.assign(ctx, { fillStyle: ink.text, strokeStyle: ink.text, lineWidth: 1.2 });
    ctx.beginPath();
    ctx.moveTo(x, y);
    ctx.lineTo(x + 2 * half, y - half);
    ctx.lineTo(x + 2 * half, y + half);
    ctx.closePath();
    ctx.stroke();
    if (i < token) ctx.fill();
  }
}
var same = (a, b) => a.token === b.token && a.output === b.output;
function beyond(at, key, n) {
  const across = ACROSS3[key] ?? 0;
  const down = DOWN2[key] ?? 0;
  const move = (from, by) => by ? onward(from, by, n) : from;
  return across || down ? { token: move(at.token, across), output: move(at.output, down) } : null;
}
var ACROSS3 = { ArrowLeft: -1, ArrowRight: 1, Home: -Infinity, End: Infinity };
var DOWN2 = { ArrowUp: -1, ArrowDown: 1, PageUp: -Infinity, PageDown: Infinity };
function columnsFor(count, n, room) {
  const least = n < WIDTHS.many ? WIDTHS.least : WIDTHS.leastOfMany;
  const fitting = Math.max(1, Math.floor((room + WIDTHS.gap) / (least + WIDTHS.gap)));
  const rows = Math.ceil(count / fitting);
  const columns = Math.ceil(count / rows);
  return `repeat(${columns}, minmax(0, ${rows > 1 && columns > 1 ? WIDTHS.mostInRows : WIDTHS.most}px))`;
}
function panelOf({ name }, i) {
  const panel = document.createElement("div");
  panel.className = "causality-explorer-map";
  panel.innerHTML = `<div class="explorer-title"></div>
    <div class="explorer-panel">${canvases(nameOf(i), "")}</div><p data-part="caption-${i}"></p>`;
  const label = `${name}, tokens by outputs: arrow keys move, Enter pins, Escape unpins`;
  panel.querySelector("canvas + canvas")?.setAttribute("aria-label", label);
  panel.children[0].textContent = name;
  return panel;
}
var nameOf = (i) => `map-${i}`;
function render({ model, el }) {
  const exports = { csv: rowsNow };
  const options = { name: "explorer causality-explorer", prefix: "explorer", page: PAGE2, draw, exports, link };
  const view = mount({ model, el }, options);
  const { part, canvas, ground, send } = view;
  const n = model.get("_count");
  const [least, most] = model.get("_limits").tolerance;
  const follow = bindKnobs(view, { tolerance: decades(least, most) });
  const layers = model.get("_layers").map(({ name, changes }) => ({ name, changes: floats(changes) }));
  const names = layers.map((_, i) => nameOf(i));
  const tones = [0, 0.25, 0.5, 0.75, 1].map((depth) => `rgb(${new Uint8Array(RAMP.buffer, 4 * toneOf(depth), 3)})`);
  let hover = NOTHING;
  let drawnFor = "";
  let judged = [];
  let boxes = [];
  function link() {
    const places = (
      /** @type {Limits} */
      [-1, model.get("_count") - 1, true, false]
    );
    return { tolerance: model.get("_limits").tolerance, token: places, output: places };
  }
  function rowsNow() {
    const rows = judged.flatMap(
      ({ name, changes, moves }) => Array.from(changes, (change, at) => [name, Math.floor(at / n), at % n, change, moves[at]])
    );
    return [["layer", "output", "token", "change", "moves"], ...rows];
  }
  const known = ({ token, output }) => ({
    token: token < n ? token : -1,
    output: output < n ? output : -1
  });
  const pinned = () => {
    const at = known({ token: model.get("token"), output: model.get("output") });
    return at.token < 0 && at.output < 0 ? null : at;
  };
  part("maps").append(...layers.map(panelOf));
  function paint(tolerance, widths, ink) {
    judged = layers.map((layer) => {
      const moves = movesOf(layer.changes, tolerance);
      return { ...layer, moves, most: layer.changes.reduce((a, b) => Math.max(a, b), 0), earlier: earlierOf(moves, n) };
    });
    boxes = widths.map((width) => {
      const side = width - ROOM.left - ROOM.right;
      return { x: ROOM.left, y: ROOM.top, side, size: [width, ROOM.top + side + ROOM.bottom] };
    });
    judged.forEach((layer, i) => {
      const { moved, pairs, share } = layer.earlier;
      part(`caption-${i}`).textContent = `Earlier outputs that move: ${exact(moved)} of ${many(pairs, "pair")} (${percent(share)}). Largest change: ${number(layer.most)}.`;
      paintMatrix(fit(ground(names[i]), ...boxes[i].size), layer, n, boxes[i], ink);
    });
    const still = `${100 * depthOf(tolerance)}%`;
    part("ramp").style.background = `linear-gradient(to right, var(--explorer-shade) ${still}, transparent ${still}),
      linear-gradient(to right, ${tones})`;
  }
  function draw() {
    const tolerance = model.get("tolerance");
    part("maps").style.gridTemplateColumns = columnsFor(names.length, n, part("maps").clientWidth);
    const widths = names.map((name) => part(name).clientWidth);
    const ink = view.ink();
    const key = JSON.stringify([tolerance, widths, ink, surface()]);
    follow();
    if (Math.min(...widths) < 80) return;
    if (key !== drawnFor) paint(tolerance, widths, ink);
    drawnFor = key;
    const at = pinned() ?? hover;
    judged.forEach((layer, i) => markMatrix(fit(canvas(names[i]), ...boxes[i].size), layer, n, boxes[i], at, ink));
    showPin(view, pinned() !== null);
    view.say(sentenceOf(judged, n, at));
  }
  function show(at) {
    hover = at ?? NOTHING;
    if (!same(hover, NOTHING)) view.settle();
    view.schedule();
  }
  function pin(at) {
    const now = pinned();
    send(now && same(at, now) ? NOTHING : at);
  }
  function free() {
    show(null);
    send(NOTHING);
  }
  pointAt(view, names, {
    ready: () => boxes.length,
    // On the numbers beside a matrix, only its column or row.
    under(name, left, top) {
      const { x, y, side } = boxes[names.indexOf(name)];
      const within = (value) => value >= 0 && value < side ? Math.floor(n * value / side) : -1;
      return { token: within(left - x), output: within(top - y) };
    },
    beyond: (_, key) => beyond(pinned() ?? hover, key, n),
    show,
    go: (at) => pinned() ? send(at) : show(at),
    take: pin,
    enter: () => pin(pinned() ?? hover),
    free
  });
  bindPin(view, free, (by) => send({ token: onward(model.get("token"), by, n) }));
  for (const name of ["tolerance", "token", "output"]) model.on(`change:${name}`, view.schedule);
  return view.end;
}
var causality_explorer_default = { render };
export {
  causality_explorer_default as default
};
