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
var percent = (x) => `${(100 * x).toFixed(1)} %`;
var some = (list2) => list2.slice(0, 12).join(", ") + (list2.length > 12 ? ` and ${exact(list2.length - 12)} more` : "");
var many = (x, word) => `${exact(x)} ${word}${x === 1 ? "" : "s"}`;

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

// js/shared/keys.js
var KEYS = 'data-lm-suppress-shortcuts="true"';
var ARROWS = "← ↑ → ↓";
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

// js/shared/markup.js
var STATUS = `<p class="explorer-status"><span role="status" aria-live="polite"></span>
  <span data-part="pin"></span></p>`;
var canvases = (name, label) => `<canvas></canvas>
  <canvas data-part="${name}" tabindex="0" ${KEYS} role="application" aria-label="${label}"></canvas>`;
var knob = (name, label, about) => `<div class="explorer-knob"><span>${about ? term(about, label) : label}</span>
  <input type="range" min="0" step="1" data-part="${name}" aria-label="${label}" ${KEYS}>
  <input type="number" data-part="${name}-number" aria-label="${label}, typed" ${KEYS}>
  <p class="explorer-refusal" data-part="${name}-refusal" role="alert" hidden></p></div>`;
var list = (name, label, about) => `<div class="explorer-list"><span>${about ? term(about, label) : label}</span>
  <select data-part="${name}" aria-label="${label}" ${KEYS}></select></div>`;
var button = (name, label) => `<button type="button" data-part="${name}" ${KEYS}>${label}</button>`;
function fillList(select, names, value) {
  if (!select.options.length) select.replaceChildren(...names.map((text) => new Option(text, text)));
  select.value = value;
}

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
  const low2 = Math.min(Math.floor(at), RAMP_STEPS.length - 2);
  const [r, g, b] = RAMP_STEPS[low2].map((c, k) => Math.round(c + (at - low2) * (RAMP_STEPS[low2 + 1][k] - c)));
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
function paintWeights(ctx, box, weights, rows, columns, most, least = 0, root = false) {
  const ratio = density();
  const h = Math.min(rows, Math.ceil(box.h * ratio));
  const w = Math.min(columns, Math.ceil(box.w * ratio));
  const largest = new Float32Array(h * w).fill(least);
  const range = most - least || 1;
  for (let r = 0; r < rows; r++) {
    const row2 = Math.floor(r * h / rows) * w;
    for (let c = 0; c < columns; c++) {
      const i = row2 + Math.floor(c * w / columns);
      const x = weights[r * columns + c];
      if (x > largest[i]) largest[i] = x;
    }
  }
  const pixels = new ImageData(w, h);
  const colours = new Uint32Array(pixels.data.buffer);
  for (let i = 0; i < largest.length; i++) {
    const share = (largest[i] - least) / range;
    colours[i] = RAMP[Math.min(Math.round(255 * (root ? Math.sqrt(share) : share)), 255)];
  }
  stretch(ctx, box, pixels);
}
function stretch(ctx, box, pixels) {
  const small = new OffscreenCanvas(pixels.width, pixels.height);
  contextOf(small).putImageData(pixels, 0, 0);
  ctx.imageSmoothingEnabled = false;
  ctx.drawImage(small, box.x, box.y, box.w, box.h);
}
function paintPicture(ctx, box, { width, height, channels, bytes }) {
  const pixels = new ImageData(width, height);
  for (let i = 0; i < width * height; i++) {
    for (let k = 0; k < 3; k++) pixels.data[4 * i + k] = bytes[i * channels + (channels === 3 ? k : 0)];
    pixels.data[4 * i + 3] = 255;
  }
  stretch(ctx, box, pixels);
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
function writeOver(ctx, text, x, y) {
  Object.assign(ctx, { lineWidth: 3, strokeStyle: "#000", lineJoin: "round", textAlign: "center" });
  ctx.strokeText(String(text), x, y);
  write(ctx, text, x, y, "#fff");
}
function shareOfBox([x, y, dx, dy], share, worded) {
  if (worded) return [x + 3, y + dy - 8, (dx - 6) * share, 5];
  const side = 0.86 * Math.sqrt(share);
  return [x + dx * (1 - side) / 2, y + dy * (1 - side) / 2, dx * side, dy * side];
}
var everyNth = (step, size) => [1, 2, 4, 5, 8, 10, 16, 20, 32, 50, 64, 100].find((k) => k * step >= size) ?? 200;
function rule(ctx, x, y, toX, toY) {
  ctx.beginPath();
  ctx.moveTo(x, y);
  ctx.lineTo(toX, toY);
  ctx.stroke();
}
function dashedRule(ctx, x, y, w) {
  ctx.setLineDash([4, 3]);
  rule(ctx, x, y, x + w, y);
  ctx.setLineDash([]);
}

// js/shared/experts.js
var HUES = 8;
var TILE = 6;
var PATTERNS = [
  [],
  [
    [-1, 7, 7, -1],
    [-1, 1, 1, -1],
    [5, 7, 7, 5]
  ],
  [[0, 3, 6, 3]],
  [[3, 0, 3, 6]],
  [
    [-1, -1, 7, 7],
    [-1, 5, 1, 7],
    [5, -1, 7, 1]
  ],
  [
    [3, 0, 3, 6],
    [0, 3, 6, 3]
  ],
  [[2, 3, 4, 3]],
  [
    [-1, 7, 7, -1],
    [-1, -1, 7, 7]
  ]
];
var LIGHT_ON = ["#bd1f01", "#832db6", "#a96b59"];
var LOOKS = 2 * PATTERNS.length - 1;
var APART = HUES * LOOKS;
var patterns = /* @__PURE__ */ new Map();
function tileOf(hue, pattern, ratio) {
  const tile = new OffscreenCanvas(TILE * ratio, TILE * ratio);
  const pen = contextOf(tile);
  pen.scale(ratio, ratio);
  pen.fillStyle = hue;
  pen.fillRect(0, 0, TILE, TILE);
  const over2 = pattern >= PATTERNS.length;
  Object.assign(pen, { strokeStyle: LIGHT_ON.includes(hue) === over2 ? "#000" : "#fff", lineWidth: 1.5 });
  for (const [x, y, toX, toY] of PATTERNS[over2 ? pattern - PATTERNS.length + 1 : pattern]) {
    pen.beginPath();
    pen.moveTo(x, y);
    pen.lineTo(toX, toY);
    pen.stroke();
  }
  return tile;
}
function expertFill(ctx, e) {
  const hue = expertColour(e);
  const pattern = Math.floor(e / HUES) % LOOKS;
  if (!pattern) return hue;
  const ratio = Math.ceil(density());
  const key = `${hue} ${pattern} ${ratio}`;
  const before = patterns.get(key);
  if (before) return before;
  const fill = ctx.createPattern(tileOf(hue, pattern, ratio), "repeat");
  if (!fill) return hue;
  fill.setTransform(new DOMMatrix([1 / ratio, 0, 0, 1 / ratio, 0, 0]));
  patterns.set(key, fill);
  return fill;
}

// js/shared/magnifier.js
var SMALL = { w: 12, h: 8 };
var LEFT = 30;
var TOP = 30;
var isSmall = ({ dx, dy }) => dx < SMALL.w || dy < SMALL.h;
var touched = () => matchMedia("(pointer: coarse)").matches;
function cellsOf({ rows, columns, reach, lines }) {
  const [w, h] = touched() ? [44, 44] : [34, 20];
  const across = Math.min(Math.max(Math.floor((reach - LEFT) / w), 1), columns);
  return { columns: across, rows: Math.min(lines, rows), dx: Math.min((reach - LEFT) / across, 2 * w), dy: h };
}
function sizeOf(sheet) {
  const { rows, dy } = cellsOf(sheet);
  return [sheet.reach, TOP + rows * dy];
}
function columnsUnder({ own, columns }, { expert, slot }) {
  if (expert < 0) return { from: 0, to: columns };
  const one = own > 1 && slot >= 0;
  const from = expert * own + (one ? slot : 0);
  return { from, to: from + (one ? 1 : own) };
}
function heaviest(sheet, at) {
  const { from, to } = columnsUnder(sheet, at);
  const own = at.token < 0 ? -1 : sheet.rowOf(at.token);
  let [row2, column] = [Math.max(own, 0), from];
  let most = -Infinity;
  const [first, last2] = own < 0 ? [0, sheet.rows] : [own, own + 1];
  for (let r = first; r < last2; r++)
    for (let c = from; c < to; c++) {
      const value = sheet.values[r * sheet.columns + c];
      if (value > most) [row2, column, most] = [r, c, value];
    }
  return { row: row2, column };
}
function windowOf(sheet, { row: row2, column }, before) {
  const { columns, rows } = cellsOf(sheet);
  const within2 = (x, from2, count) => x >= from2 && x < from2 + count;
  if (before && within2(row2, before.row, rows) && within2(column, before.column, columns)) return before;
  const from = (x, count, all) => Math.min(Math.max(x - Math.floor(count / 2), 0), all - count);
  return { row: from(row2, rows, sheet.rows), column: from(column, columns, sheet.columns), rows, columns };
}
function placeWithin(sheet, window2, x, y) {
  const { dx, dy } = cellsOf(sheet);
  const { own, slotted } = sheet;
  const clamp = (at, count) => Math.min(Math.max(Math.floor(at), 0), count - 1);
  const column = window2.column + clamp((x - LEFT) / dx, window2.columns);
  const row2 = window2.row + clamp((y - TOP) / dy, window2.rows);
  return {
    token: y < TOP ? -1 : sheet.tokenOf(row2),
    expert: x < LEFT ? -1 : Math.floor(column / own),
    slot: x < LEFT || !slotted ? -1 : column % own
  };
}
function paintMagnifier(ctx, sheet, window2, at) {
  const { values, own, least, most, root, ink } = sheet;
  const { dx, dy } = cellsOf(sheet);
  for (let c = 0; c < window2.columns; c++) {
    const column = window2.column + c;
    const x = LEFT + c * dx;
    const expert = Math.floor(column / own);
    ctx.fillStyle = expertFill(ctx, expert);
    ctx.fillRect(x, TOP - 4, dx - 1, 3);
    if (column % own === 0 || c === 0) write(ctx, `e${expert}`, x + dx / 2, 7, ink.text);
    if (own > 1) write(ctx, column % own, x + dx / 2, 19, ink.text);
  }
  if (own > 1) write(ctx, "slot", LEFT - 5, 19, ink.text, "right");
  for (let r = 0; r < window2.rows; r++) {
    const y = TOP + r * dy;
    write(ctx, sheet.nameOf(window2.row + r), LEFT - 5, y + dy / 2, ink.text, "right");
    for (let c = 0; c < window2.columns; c++) {
      const value = values[(window2.row + r) * sheet.columns + window2.column + c];
      const share = (value - least) / (most - least || 1);
      const shade = Math.min(Math.max(Math.round(255 * (root ? Math.sqrt(share) : share)), 0), 255) || 0;
      ctx.fillStyle = `#${(RAMP[shade] & 16777215).toString(16).padStart(6, "0").replace(/(..)(..)(..)/, "$3$2$1")}`;
      ctx.fillRect(LEFT + c * dx, y, dx - 1, dy - 1);
      write(ctx, brief2(value), LEFT + (c + 0.5) * dx, y + dy / 2, shade > 150 ? "#000" : "#fff");
    }
  }
  ringSelected(ctx, sheet, window2, at, dx, dy);
}
function brief2(x) {
  if (!Number.isFinite(x)) return Number.isNaN(x) ? "NaN" : x > 0 ? "∞" : "-∞";
  if (x === 0) return "0";
  if (x > 0 && x < 5e-4) return "<.001";
  if (x > 0 && x < 0.9995) return x.toFixed(3).slice(1);
  const fixed = x.toFixed(Math.abs(x) >= 99.95 ? 0 : Math.abs(x) >= 9.995 ? 1 : 2);
  return Number.isInteger(x) ? String(x) : fixed;
}
function ringSelected(ctx, sheet, window2, at, dx, dy) {
  const under = columnsUnder(sheet, at);
  const row2 = at.token < 0 ? -1 : sheet.rowOf(at.token) - window2.row;
  const from = Math.max(under.from - window2.column, 0);
  const to = Math.min(under.to - window2.column, window2.columns);
  const rowed = row2 >= 0 && row2 < window2.rows;
  const [top, high] = rowed ? [TOP + row2 * dy, dy] : [TOP, window2.rows * dy];
  if (at.expert >= 0 && to > from && (rowed || at.token < 0))
    ring(ctx, LEFT + from * dx, top, (to - from) * dx - 1, high - 1);
  else if (rowed && at.expert < 0) ring(ctx, LEFT, top, window2.columns * dx - 1, high - 1);
}
function outlineWindow(ctx, { x, y, dx, dy }, { row: row2, column, rows, columns }, ink) {
  for (
    const [width, colour] of
    /** @type {[number, string][]} */
    [
      [3, ink.text],
      [1, ink.paper || ink.page]
    ]
  ) {
    Object.assign(ctx, { lineWidth: width, strokeStyle: colour });
    ctx.strokeRect(x + column * dx - 4, y + row2 * dy - 4, columns * dx + 8, rows * dy + 8);
  }
}

// js/shared/csv.js
function field(value) {
  const text = String(value ?? "");
  return /[",\r\n]/.test(text) || text !== text.trim() ? `"${text.replaceAll('"', '""')}"` : text;
}
var csvOf = (rows) => rows.map((row2) => `${row2.map(field).join(",")}\r
`).join("");

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
  const [over2, under] = [...fraction.children].map((each) => each.getBoundingClientRect());
  if (!over2 || !under) return [];
  const { left, width } = fraction.getBoundingClientRect();
  return [
    { kind: "box", x: left - frame.left, y: (over2.bottom + under.top) / 2 - frame.top, w: width, h: 1, fill, alpha }
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
  for (let row2 = period / 2; row2 < h + radius; row2 += period)
    for (let column = period / 2; column < w + radius; column += period) {
      ctx.beginPath();
      ctx.arc(x + column, y + row2, radius, 0, 2 * Math.PI);
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
  const found = [...new Set(text.split("_"))].map((row2) => row2.split("."));
  const well = (row2) => row2.length === each.length && row2.every((number2, i) => read(number2, each[i]) !== void 0);
  return found.length <= most && found.every(well) ? found.map((row2) => row2.map(Number)) : void 0;
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
  if (Array.isArray(value)) return [[name, value.map((row2) => row2.join(".")).join("_") || NONE]];
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
  const { root, model, on, part: part2, button: button2 } = view;
  const tools = root.querySelector(".widget-tools") ?? document.createElement("div");
  tools.className = "widget-tools";
  tools.innerHTML = PAGE;
  if (!tools.parentElement) root.append(tools);
  const tell = (sentence2) => part2("news").textContent = sentence2;
  const { undo, redo } = bindUndo(view, tell, (history2) => {
    button2("undo").disabled = !history2.undoable;
    button2("redo").disabled = !history2.redoable;
    tell("");
  });
  const keepFocus = (pressed, other) => {
    if (button2(pressed).disabled) button2(button2(other).disabled ? "save" : other).focus();
  };
  on(part2("undo"), "click", () => (undo(), keepFocus("undo", "redo")));
  on(part2("redo"), "click", () => (redo(), keepFocus("redo", "undo")));
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
function bindMenu({ root, on, part: part2, button: button2 }, choices, tell) {
  const menu = part2("save-menu");
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
  const part2 = (which) => (
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
    part: part2,
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
      part2(which)
    ),
    ground: (which) => (
      /** @type {HTMLCanvasElement} */
      part2(which).previousElementSibling
    ),
    input: (which) => (
      /** @type {HTMLInputElement} */
      part2(which)
    ),
    select: (which) => (
      /** @type {HTMLSelectElement} */
      part2(which)
    ),
    button: (which) => (
      /** @type {HTMLButtonElement} */
      part2(which)
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
    part2(which).parentElement
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

// js/shared/selection.js
var NOTHING = Object.freeze({ token: -1, expert: -1, slot: -1 });
var SELECTION = (
  /** @type {(keyof Place)[]} */
  Object.keys(NOTHING)
);
var same = (a, b) => SELECTION.every((name) => a[name] === b[name]);
var there = (at) => at.token >= 0 || at.expert >= 0;
var pinnedIn = (model) => ({
  token: model.get("token"),
  expert: model.get("expert"),
  slot: model.get("slot")
});
function within({ token, expert, slot }, { hasToken, experts, slots }) {
  const whose = expert < experts ? expert : -1;
  return { token: hasToken(token) ? token : -1, expert: whose, slot: whose >= 0 && slot < slots ? slot : -1 };
}

// js/shared/words.js
var LINE = 40;
var NARROWEST = 34;
var ruler = null;
var clip = (word, most) => {
  const seen = word.trim() ? word : `"${word}"`;
  return seen.length > most ? `${seen.slice(0, most - 1)}…` : seen;
};
function widthOf(text) {
  if (!ruler) {
    ruler = contextOf(new OffscreenCanvas(1, 1));
    ruler.font = "11px system-ui, sans-serif";
  }
  return ruler.measureText(text).width;
}
function fitted(word, most) {
  const seen = [...clip(word, 400)];
  if (widthOf(seen.join("")) <= most) return seen.join("");
  let low2 = 0;
  let high = seen.length;
  while (high - low2 > 1) {
    const middle = low2 + high >> 1;
    if (widthOf(`${seen.slice(0, middle).join("")}…`) <= most) low2 = middle;
    else high = middle;
  }
  return `${seen.slice(0, low2).join("")}…`;
}
function wordBoxes(words, width) {
  let x = 0;
  let y = 0;
  return words.map((word) => {
    const w = Math.min(Math.max(Math.ceil(widthOf(clip(word, 400))) + 12, NARROWEST), width);
    if (x && x + w > width) [x, y] = [0, y + LINE];
    x += w;
    return [x - w, y, w, LINE];
  });
}
var wordAt = (boxes, x, y) => boxes.findIndex(([left, top, w, h]) => x >= left && x < left + w && y >= top && y < top + h);
function wordBeyond(boxes, token, down) {
  if (token < 0) return 0;
  const middle = ([left, , w]) => left + w / 2;
  const from = boxes[token];
  const y = from[1] + down * LINE;
  const line = boxes.map((box, t) => ({ t, y: box[1], far: Math.abs(middle(box) - middle(from)) }));
  const [nearest2] = line.filter((box) => box.y === y).sort((a, b) => a.far - b.far);
  return nearest2 ? nearest2.t : token;
}

// js/shared/plan.js
var PANELS = (
  /** @type {const} */
  ["tokens", "map", "experts"]
);
function tokenBox(w, { count, words, grid, picture }) {
  const lines = words && wordBoxes(words, w);
  const columns = grid[1] ?? Math.min(count, Math.max(8, Math.ceil(Math.sqrt(count))));
  const rows = grid[0] ?? Math.ceil(count / columns);
  const drawn = picture ? w * picture.height / picture.width : rows * Math.min(w / columns, 34);
  const h = lines ? lines[lines.length - 1][1] + LINE : drawn;
  return { w, h, words: lines, columns, rows, dx: w / columns, dy: h / rows };
}
var cornerOf = ({ columns, dx, dy, words }, place) => words?.[place] ?? [place % columns * dx, Math.floor(place / columns) * dy, dx, dy];
function mapBox(width, mostHigh, { rows, columns, experts }, { left, right, top }) {
  const w = width - left - right;
  const h = Math.max(Math.min(rows * 14, mostHigh), 112);
  return { x: left, y: top, w, h, columns, dx: w / (columns || 1), dy: h / rows, de: w / experts };
}
var floorWithin = (value, most) => value >= 0 && value < most ? Math.floor(value) : -1;
function placeUnder(plan, panel2, x, y) {
  const { map, tokens } = plan.boxes;
  if (panel2 === "tokens") {
    if (tokens.words) return { ...NOTHING, token: plan.drawnAt(wordAt(tokens.words, x, y)) };
    const column = floorWithin(x / tokens.dx, tokens.columns);
    const place = Math.floor(y / tokens.dy) * tokens.columns + column;
    return { ...NOTHING, token: column < 0 ? -1 : plan.drawnAt(place) };
  }
  const expert = floorWithin((x - map.x) / map.de, plan.experts);
  if (panel2 === "experts" || y < map.y && plan.own) return { ...NOTHING, expert };
  const row2 = floorWithin((y - map.y) / map.dy, plan.rows);
  const token = row2 < 0 || expert < 0 && !plan.labelled ? -1 : plan.tokenOf(row2);
  if (!plan.own) return { ...NOTHING, token };
  const slot = expert < 0 || !plan.slotted ? -1 : floorWithin((x - map.x) / map.dx, map.columns) % plan.own;
  return { token, expert, slot };
}
function placeBeyond(plan, panel2, key, at) {
  const steps = stepsOf(key);
  if (!steps) return null;
  const { across, down, far } = steps;
  const { tokens, map } = plan.boxes;
  const { own, slotted } = plan;
  const token = (by) => plan.tokenOf(onward(plan.rowOf(at.token), by, plan.rows));
  if (panel2 === "tokens" && tokens.words && down)
    return { ...NOTHING, token: plan.drawnAt(wordBeyond(tokens.words, plan.placeOf?.(at.token) ?? at.token, down)) };
  if (panel2 === "tokens") return { ...NOTHING, token: token(across + down * tokens.columns + far) };
  if (panel2 === "experts") return { ...NOTHING, expert: onward(at.expert, across + far, plan.experts) };
  if (!own) return { ...NOTHING, token: token(across + down + far) };
  const column = at.expert < 0 ? -1 : at.expert * own + (slotted ? Math.max(at.slot, 0) : 0);
  const next = onward(column, across + far, map.columns);
  return { token: token(down), expert: Math.floor(next / own), slot: slotted ? next % own : -1 };
}

// js/shared/shading.js
var SHADINGS = (
  /** @type {const} */
  ["auto", "linear", "root"]
);
var ON_ROOT = "Colours on a root scale, so that small weights show.";
var SMALL2 = 10;
function isRootScale({ least, most }, even, mixed, shading) {
  if (least < 0 || shading === "linear" || !(most > 0)) return false;
  return shading === "root" || mixed && most > SMALL2 * even;
}
var middleOf = ({ least, most }) => least + (most - least) / 4;
var shadings = `<fieldset data-part="shadings"><legend>Colours of the map</legend>${SHADINGS.map(
  (shading) => `<label><input type="radio" value="${shading}" data-part="${shading}" ${KEYS}>${shading === "auto" ? "as fits" : `${shading} scale`}</label>`
).join("")}</fieldset>`;

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
  const low2 = Math.floor(x);
  const rest = x - low2;
  return rest > 0.5 || rest === 0.5 && low2 % 2 !== 0 ? low2 + 1 : low2;
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
  const raised2 = new Float64Array(count * inner);
  const most = new Float64Array(inner);
  const total2 = new Float64Array(inner);
  for (let o = 0; o < outer; o++) {
    const from = o * count * inner;
    most.fill(-Infinity);
    total2.fill(0);
    for (let c = 0; c < count; c++)
      if (!real || real[o * count + c]) {
        for (let i = 0, at = from + c * inner; i < inner; i++, at++) if (values[at] > most[i]) most[i] = values[at];
      }
    for (let c = 0; c < count; c++) {
      if (real && !real[o * count + c]) continue;
      for (let i = 0, at = c * inner; i < inner; i++, at++)
        total2[i] += raised2[at] = Math.exp(Math.fround(values[from + at] - most[i]));
    }
    for (let c = 0; c < count; c++) {
      if (real && !real[o * count + c]) continue;
      for (let i = 0, at = c * inner; i < inner; i++, at++) out[from + at] = raised2[at] / total2[i];
    }
  }
  return out;
}
var dispatchWeights = (logits, { b, n, e, p }, mask = null) => softmax(logits, b, n, e * p, mask);
function combineWeights(logits, { b, n, e, p }, mask = null) {
  const out = softmax(logits, b * n, e * p, 1);
  if (mask) {
    for (let row2 = 0; row2 < b * n; row2++) if (!mask[row2]) out.fill(0, row2 * e * p, (row2 + 1) * e * p);
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
  for (let row2 = 0; row2 < b * n; row2++) {
    expert.set(topInOrder(values, row2 * e, e, 1, topK), row2 * topK);
    for (let c = row2 * topK; c < (row2 + 1) * topK; c++) chosen[c] = values[row2 * e + expert[c]];
    if (gating !== "gshard") continue;
    const own = chosen.subarray(row2 * topK, (row2 + 1) * topK);
    const total2 = own.reduce((a, x) => a + x, 0);
    own.forEach((x, c) => own[c] = x / total2);
  }
  return { expert, gate: late ? softmax(chosen, b * n, topK, 1) : chosen };
}
function assignTokens({ expert, gate }, { b, n, e, k }, capacity, { score: score2 = null, mask = null } = {}) {
  const arrivals = [];
  let busiest = 1;
  for (let g = 0; g < b; g++) {
    const asked = new Int32Array(e);
    const queue = [];
    const order = score2 ? topInOrder(score2, g * n, n, 1, n) : Uint32Array.from({ length: n }, (_, t) => t);
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
  const score2 = priority === "gate" ? largestOfRows(gates, e) : null;
  const most = capacity && capacityFor(n, e, capacity);
  const dropless = capacity === null;
  const assigned = assignTokens(chosen, { b, n, e, k: topK }, most, { score: score2, mask });
  return { ...out, scores, gates, chosen, topK, score: score2, dropless, ...assigned };
}
function largestOfRows(values, width) {
  const out = new Float32Array(values.length / width).fill(-Infinity);
  values.forEach((x, i) => out[Math.floor(i / width)] = Math.max(out[Math.floor(i / width)], x));
  return out;
}

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
function normalNoise(seed, length) {
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
function seeded(seed) {
  let state = seed >>> 0;
  return () => {
    state = state + 1831565813 >>> 0;
    let x = Math.imul(state ^ state >>> 15, 1 | state);
    x = x + Math.imul(x ^ x >>> 7, 61 | x) ^ x;
    return ((x ^ x >>> 14) >>> 0) / 2 ** 32;
  };
}
function loads(routing) {
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
    for (let row2 = 0, at = 0; row2 < b * n; row2++)
      for (let c = 0, to = Math.floor(row2 / n) * s; c < s; c++, at++, to++) {
        slot[to] += routing.dispatch[at];
        token[row2] += routing.dispatch[at];
      }
  const expert = new Float64Array(b * e);
  const dropped = new Uint8Array(b * n);
  slot.forEach((x, at) => expert[Math.floor(at / p)] += x);
  let real = 0;
  let lost = 0;
  let imbalance = 0;
  let busy = 0;
  for (let row2 = 0; row2 < b * n; row2++) {
    if (mask && !mask[row2]) continue;
    real++;
    lost += dropped[row2] = Number(token[row2] === 0);
  }
  for (let g = 0; g < b; g++) {
    const own = expert.subarray(g * e, (g + 1) * e);
    const total2 = own.reduce((a, x) => a + x, 0);
    if (total2 > 0) busy++;
    if (total2 > 0) imbalance += Math.max(...own) * e / total2;
  }
  const whole = { droppedFraction: lost / Math.max(real, 1), mostOverMean: imbalance / (busy || 1) };
  return { slot, expert, token, dropped, ...whole };
}
function macsOf({ router, sparse, n, e, p, dropless, token }, { dim, hiddenDim, images = 1 }) {
  const scored = { "tokens choice": e, "experts choice": e, uniform: 0, identity: 0 }[router] ?? e * p;
  const filled = dropless ? token.filter((t) => t >= 0).length : e * p;
  const tokens = n / images;
  const slots = filled / images;
  const moved = sparse ? 0 : tokens * e * p * dim;
  const parts = { logits: tokens * dim * scored, dispatch: moved, combine: moved };
  return { ...parts, routing: parts.logits + 2 * moved, experts: 2 * slots * dim * hiddenDim };
}

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
function largestFinite(values, least) {
  let most = least;
  for (let i = 0; i < values.length; i++) if (values[i] > most && values[i] < Infinity) most = values[i];
  return most;
}

// js/router_explorer/state.js
var STEPS = ["score", "normalise", "select", "dispatch", "compute", "combine"];
var SETTINGS = [
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
  "seed"
];
function listensTo(router) {
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
    seed: learned
  };
}
function keeper(most) {
  const kept = /* @__PURE__ */ new Map();
  return (key, make) => {
    if (!kept.has(key)) {
      for (const oldest of kept.keys()) if (kept.size >= most) kept.delete(oldest);
      kept.set(key, make());
    }
    return kept.get(key);
  };
}
var batchOf = (logits, sizes) => ({ ...sizes, logits, keep: keeper(6), keepRouted: keeper(3) });
var FURTHER = 2654435769;
function cutOf(batch, what, { num_experts, slots_per_expert, seed }) {
  const { b, n, e, p } = batch;
  const drawn = (from) => normalNoise(from, batch.logits.length);
  const whole = () => what === "logits" ? batch.logits : batch.keep(`noise ${seed}`, () => drawn(seed));
  if (num_experts === e && slots_per_expert === p) return whole();
  const key = [what, num_experts, slots_per_expert, what === "noise" && seed].join();
  return batch.keep(key, () => {
    const out = expertsOf(whole(), batch, num_experts, slots_per_expert);
    if (what === "logits" || num_experts <= e) return out;
    const more = drawn(seed ^ FURTHER);
    for (let row2 = 0; row2 < b * n; row2++)
      for (let j = e; j < num_experts; j++)
        for (let q = 0; q < slots_per_expert; q++)
          out[(row2 * num_experts + j) * slots_per_expert + q] = more[(row2 * e + j - e) * p + q];
    return out;
  });
}
function explore(batch, settings, image, members = null) {
  const alone = settings.group !== "whole batch";
  const images = alone ? 1 : batch.b;
  const { dim, hidden_dim: hiddenDim } = batch;
  const make = () => {
    const routed = routeGroup(batch, settings, alone ? [image] : members);
    return { ...routed, loads: loads(routed), macs: macsOf(routed, { dim, hiddenDim, images }) };
  };
  try {
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
      words: null
    };
  } catch (error) {
    if (error instanceof RangeError) return { error: error.message };
    throw error;
  }
}
function routeGroup(batch, settings, members) {
  const { num_experts: e, slots_per_expert: p } = settings;
  const wide = batch.n * e * p;
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
      priority: settings.priority
    }
  );
}
var ofExperts = (it, step) => it.sparse && STEPS.indexOf(step) < 3;
function selected(it) {
  const out = new Float32Array(it.n * it.e);
  const { chosen, topK } = it;
  if (chosen) chosen.expert.forEach((e, i) => out[Math.floor(i / topK) * it.e + e] = chosen.gate[i]);
  else it.token.forEach((t, at) => t >= 0 && (out[t * it.e + Math.floor(at / it.p)] = it.gate[at]));
  return out;
}
function wholeOf(it, step, columns) {
  const short3 = ofExperts(it, step);
  const blank = ["uniform", "identity"].includes(it.router);
  if (blank && (step === "score" || short3 && step === "normalise")) return new Float32Array(it.n * columns);
  if (step === "score") return it.scores;
  if (!it.sparse) return step === "combine" ? it.combine : it.dispatch;
  if (short3 && step === "normalise" && it.gates) return it.gates;
  return short3 ? selected(it) : null;
}
function mapOf(it, step, served) {
  if (step === "dispatch" && served >= 0) return makeMap(it, step, served);
  const known = maps.get(it) ?? {};
  maps.set(it, known);
  return known[step] ??= makeMap(it, step, served);
}
var maps = /* @__PURE__ */ new WeakMap();
function makeMap(it, step, served) {
  const { e, p, s, n, first, rows } = it;
  const short3 = ofExperts(it, step);
  const columns = short3 ? e : s;
  const below2 = new Float64Array(columns);
  const beside = new Float64Array(rows);
  const all = wholeOf(it, step, columns);
  const cells = all ? null : [];
  const values = all ? all.subarray(first * columns, (first + rows) * columns) : new Float32Array(rows * columns);
  let least = step === "score" ? Infinity : 0;
  let most = step === "score" ? -Infinity : 0;
  if (all) {
    for (let i = 0, r = 0; r < n; r++) for (let c = 0; c < columns; c++, i++) below2[c] += all[i];
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
      if (t < 0 || inTime && at % p >= inTime[Math.floor(at / p)]) return;
      const value = step === "combine" ? it.gate[at] : 1;
      below2[at] = value;
      if (t < first || t >= first + rows) return;
      values[(t - first) * s + at] = value;
      cells?.push((t - first) * s + at);
      beside[t - first] += value;
      most = Math.max(most, value);
    });
  }
  return { values, cells, columns, short: short3, least, most, beside, below: below2, summed: step !== "score", n };
}
function servingOf(it, served) {
  const queue = it.arrivals?.[0];
  if (!queue) return { taken: it.loads.expert, turned: new Int32Array(it.e), upTo: 0, total: 0, last: null };
  const upTo = served < 0 ? queue.length : Math.min(served, queue.length);
  const taken = new Int32Array(it.e);
  const turned = new Int32Array(it.e);
  for (let i = 0; i < upTo; i++) (queue[i].place < it.p ? taken : turned)[queue[i].expert]++;
  const away = queue.findIndex(({ place }, i) => i >= upTo && place >= it.p) + 1;
  return { taken, turned, upTo, total: queue.length, away, last: served > 0 ? queue[upTo - 1] : null };
}
function selectedOf(it) {
  const { chosen, topK, first, rows, p } = it;
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
function exampleOf({ loads: { dropped, token }, arrivals, p, first, rows }) {
  const lost = dropped.subarray(first, first + rows).indexOf(1);
  if (lost >= 0) return lost;
  const away = arrivals?.[0].find((each) => each.place >= p && each.token >= first && each.token < first + rows);
  return away ? away.token - first : largestAmong(token, first, rows).top - first;
}
function barsOf(it, step, serving) {
  const none = new Float64Array(it.e);
  if (step === "combine") {
    const given = new Float64Array(it.e);
    byExpert(it).combine.forEach((x, at) => given[at % it.e] += x);
    return { name: "gives", solid: given, hatched: none, line: 0, unit: "" };
  }
  const { taken, turned } = serving;
  if (step === "select") {
    const away = it.arrivals ? turned : none;
    return { name: it.arrivals ? "asked" : "takes", solid: taken, hatched: away, line: it.sparse ? it.p : 0, unit: "" };
  }
  const empty = Float64Array.from(it.loads.expert, (load) => it.dropless || !it.sparse ? 0 : it.p - load);
  const full = it.sparse ? it.loads.expert : none.map(() => it.p);
  return { name: "work", solid: full, hatched: empty, line: 0, unit: "" };
}
var fatesKnown = (it, step) => !it.sparse || STEPS.indexOf(step) >= (it.router === "experts choice" ? 2 : 3);
function fatesOf(it, step, served) {
  if (!fatesKnown(it, step)) return new Uint8Array(it.rows);
  const out = it.loads.dropped.slice(it.first, it.first + it.rows);
  if (!it.arrivals || step !== "dispatch" || served < 0) return out;
  const waiting = new Uint8Array(it.n);
  it.arrivals[0].slice(served).forEach(({ token }) => waiting[token] = 1);
  return out.map((dropped, t) => Number(dropped && !waiting[it.first + t]));
}
function placeOf(it, token, expert) {
  const slots = it.token.subarray(expert * it.p, (expert + 1) * it.p);
  const arrival = it.arrivals?.[0].find((a) => a.token === token && a.expert === expert);
  return { slot: slots.indexOf(token), arrival };
}
var byExperts = /* @__PURE__ */ new WeakMap();
var VIEWS = (
  /** @type {const} */
  ["dispatch", "combine"]
);
function byExpert(it) {
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
        out[view][Math.floor(i / s) * e + Math.floor(i % s / p)] += it[view][first * s + i];
  byExperts.set(it, out);
  return out;
}
function changesBetween(one, other) {
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
    if (change > 1e-5) tokens++;
    most = Math.max(most, change);
  }
  return { tokens, most: tokens ? most : 0 };
}
function answersChanged(before, after, members) {
  if (before.sparse || after.sparse || before.images === 1) return changesBetween(after, before);
  const { n, s, rows, first } = before;
  const mixed = new Float64Array(s);
  const change = new Float64Array(n);
  for (let slot = 0; slot < s; slot++) {
    change.fill(0);
    for (let t = 0; t < n; t++) {
      change[t] -= before.dispatch[t * s + slot];
      change[members[Math.floor(t / rows)] * rows + t % rows] += after.dispatch[t * s + slot];
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
function otherMates(images, image, seed, kind) {
  const next = seeded(seed);
  const others = [...Array(images).keys()].filter((i) => i !== image);
  const pick = kind === "shuffled" ? [...others] : others.map(() => others[Math.floor(next() * others.length)]);
  if (kind === "shuffled")
    for (let i = pick.length - 1; i > 0; i--) {
      const j = Math.floor(next() * (i + 1));
      [pick[i], pick[j]] = [pick[j], pick[i]];
    }
  return [...Array(images).keys()].map((i) => i === image ? image : (
    /** @type {number} */
    pick.shift()
  ));
}

// js/arithmetic/why.js
var ORDINALS = ["first", "second", "third", "fourth"];
var ordinal = (choice) => ORDINALS[choice] ?? `${choice + 1}th`;
var four = (x) => x !== 0 && Math.abs(x) < 1e-4 ? x.toExponential(1) : x.toFixed(4);
function listed(names, most = 4) {
  if (names.length > most) return `${names.slice(0, most).join(", ")} and ${names.length - most} more`;
  return names.length < 2 ? names.join("") : `${names.slice(0, -1).join(", ")} and ${names[names.length - 1]}`;
}
function largestOf({ gates, e }, own) {
  let most = -Infinity;
  for (let at = own * e; at < (own + 1) * e; at++) if (gates[at] > most) most = gates[at];
  return most;
}
function choiceOf({ asked, topK }, own, expert) {
  for (let choice = 0; choice < topK; choice++) if (asked[own * topK + choice] === expert) return choice;
  return -1;
}
function refusalOf(it, own, choice) {
  const { e, p, token, gates, asked, topK, priority } = it;
  const expert = asked[own * topK + choice];
  const holders = [];
  for (let slot = 0; slot < p; slot++) {
    const held = token[expert * p + slot];
    if (held === own) return null;
    if (held >= 0)
      holders.push({ token: held, slot, choice: choiceOf(it, held, expert), largest: largestOf(it, held) });
  }
  return { token: own, expert, choice, gate: gates[own * e + expert], largest: largestOf(it, own), priority, holders };
}
function refusalsOf(it, own) {
  const found = [];
  for (let choice = 0; choice < it.topK; choice++) {
    const refusal = refusalOf(it, own, choice);
    if (refusal) found.push(refusal);
  }
  return found;
}
function holdersTold({ token, choice, largest, priority, holders }, name) {
  const names = (all) => listed(
    all.map((each) => name(each.token)),
    6
  );
  const slots = holders.length === 1 ? "its one slot holds" : `its ${holders.length} slots hold`;
  const [sooner, alike2] = [holders.filter((each) => each.choice < choice), holders.filter((h) => h.choice === choice)];
  const what = `${ordinal(choice)} choices`;
  const order = `all ${ordinal(choice - 1)} choices are served before any ${ordinal(choice)} one`;
  const ahead = priority === "gate" ? "by gate" : "by position";
  const numbers = priority !== "gate" ? "" : ` (${listed(alike2.map((h) => four(h.largest)))} against ${four(largest)})`;
  const tie = priority === "gate" && alike2.some((h) => h.largest === largest) ? ", equal ones by position" : "";
  if (!alike2.length) return `${slots} ${names(sooner)}: ${order}`;
  const first = `served before it ${ahead}${numbers}${tie}`;
  if (!sooner.length) return `${slots} ${names(alike2)}, ${first}${wouldCome(token, largest, priority, alike2, name)}`;
  const rest = `among ${what}, ${names(alike2)} ${alike2.length === 1 ? "was" : "were"} ${first}`;
  return `${slots} ${names(sooner)}, as ${order}; ${rest}${wouldCome(token, largest, priority, alike2, name)}`;
}
function wouldCome(own, largest, priority, alike2, name) {
  if (priority === "gate") {
    const later = alike2.filter((each) => each.token > own);
    return later.length ? `; by position it would come before ${listed(later.map((each) => name(each.token)))}` : "";
  }
  const [weakest] = alike2.filter((each) => each.largest < largest).sort((a, b) => a.largest - b.largest);
  const numbers = weakest && `${four(largest)} against ${four(weakest.largest)}`;
  return weakest ? `; by gate it would come before ${name(weakest.token)} (${numbers})` : "";
}
var droppedTold = (refusals, name) => refusals.map(
  (each, i) => `it asked for expert ${each.expert}${i ? ` ${ordinal(each.choice)}` : ""} (gate ${four(each.gate)}), and ` + holdersTold(each, name)
).join("; ");
function missOf({ n, e, p, token, gates }, own, expert) {
  let last2 = -1;
  for (let at = expert * p; at < (expert + 1) * p; at++) {
    if (token[at] === own) return null;
    if (token[at] >= 0) last2 = token[at];
  }
  const gate = gates[own * e + expert];
  let rank = 1;
  for (let t = 0; t < n; t++) {
    const other = gates[t * e + expert];
    if (other > gate || other === gate && t < own) rank++;
  }
  const least = last2 < 0 ? NaN : gates[last2 * e + expert];
  return { token: own, expert, gate, rank, of: n, slots: p, last: { token: last2, gate: least }, by: least - gate };
}
function nearestMiss(it, own) {
  const { e, p, token, gates } = it;
  let near = 0;
  let least = Infinity;
  for (let expert = 0; expert < e; expert++) {
    let last2 = -1;
    for (let at = expert * p; at < (expert + 1) * p; at++) {
      if (token[at] === own) return null;
      if (token[at] >= 0) last2 = token[at];
    }
    const by = gates[last2 * e + expert] - gates[own * e + expert];
    if (by < least) [near, least] = [expert, by];
  }
  return missOf(it, own, near);
}
function missTold({ gate, rank, of, slots, last: last2, by }, name) {
  const taken = slots === 1 ? `it took one token, ${name(last2.token)}` : `the last of the ${slots} that it took is`;
  const who = slots === 1 ? "" : ` ${name(last2.token)}`;
  const short3 = by > 0 ? `missed by ${four(by)}` : "missed by position alone, since equal gates go to the earlier token";
  return `its gate ${four(gate)} is number ${rank} of ${of} there; ${taken}${who} with ${four(last2.gate)}: ${short3}`;
}
function leastOf({ s, dispatch }, own) {
  let slot = 0;
  for (let at = 1; at < s; at++) if (dispatch[own * s + at] < dispatch[own * s + slot]) slot = at;
  return { slot, weight: dispatch[own * s + slot] };
}
function neverDroppedTold(it, own) {
  const { weight } = leastOf(it, own);
  const some2 = weight > 0 ? `at least ${four(weight)}` : "a share so small that float32 rounds some to 0";
  return `never dropped: exp(score) is above 0, so each of ${many(it.s, "slot")} holds ${some2} of it`;
}

// js/router_explorer/places.js
var BLIND = { uniform: ["score"], identity: ["score", "normalise"] };
var settled = (it, step) => it.sparse && STEPS.indexOf(step) >= 2;
function choicesOf(it, own, step, served) {
  const queue = it.arrivals?.[0] ?? [];
  const upTo = step !== "dispatch" || served < 0 ? queue.length : served;
  return queue.slice(0, upTo).filter(({ token }) => token === own);
}
function slotsOf(it, own, step, served) {
  const { taken } = servingOf(it, step === "dispatch" ? served : -1);
  const found = [];
  it.token.forEach((token, at) => {
    const expert = Math.floor(at / it.p);
    const slot = at % it.p;
    if (token === own && slot < taken[expert]) found.push({ expert, slot });
  });
  return found;
}
function placeAt(it, step, { values, columns, short: short3 }, { token, expert, slot }, served) {
  const each = short3 ? 1 : it.p;
  const exact2 = expert >= 0 && slot >= 0 && !short3;
  const cellAt = (column) => ({ expert: Math.floor(column / each), slot: short3 ? -1 : column % each });
  if (token < 0) {
    if (!exact2) return { token: null, cells: [], alike: 0 };
    const column = expert * each + slot;
    const cells = [{ expert, slot }];
    if (it.sparse) {
      const held = it.token[column];
      const inTime = held >= 0 && slotsOf(it, held, step, served).some((cell2) => cell2.expert === expert);
      return { token: inTime ? held - it.first : null, cells, alike: 0 };
    }
    const { top: top2, alike: alike3 } = largestAmong(values, column, it.rows, columns);
    return { token: Math.floor(top2 / columns), cells, alike: alike3 };
  }
  if (exact2) return { token, cells: [{ expert, slot }], alike: 0 };
  const own = it.first + token;
  if (it.sparse && settled(it, step)) {
    const slots = short3 ? [] : slotsOf(it, own, step, served).filter((at) => expert < 0 || at.expert === expert);
    if (expert >= 0) return { token, cells: slots.length ? slots : [{ expert, slot: -1 }], alike: 0 };
    const all = Array.from({ length: it.e }, (_, other) => ({ expert: other, slot: -1 }));
    if (short3) return { token, cells: all.filter((cell2) => selects(it, own, cell2.expert)), alike: 0 };
    const turned = step === "dispatch" ? choicesOf(it, own, step, served).filter(({ place }) => place >= it.p) : [];
    return { token, cells: [...slots, ...turned.map((choice) => all[choice.expert])], alike: 0 };
  }
  if (expert < 0 && BLIND[it.router]?.includes(step)) return { token, cells: [], alike: 0 };
  const from = token * columns + Math.max(expert, 0) * each;
  const { top, alike: alike2 } = largestAmong(values, from, expert < 0 ? columns : each);
  return { token, cells: [cellAt(top - token * columns)], alike: alike2 };
}
function selects(it, own, expert) {
  if (it.chosen) return it.chosen.expert.subarray(own * it.topK, (own + 1) * it.topK).includes(expert);
  return it.token.subarray(expert * it.p, (expert + 1) * it.p).includes(own);
}

// js/router_explorer/sums.js
var four2 = (x) => x !== 0 && Math.abs(x) < 1e-4 ? x.toExponential(1) : x.toFixed(4);
var large = (x) => x < 1e6 ? exact(x) : x < 1e9 ? `${(x / 1e6).toFixed(2)} M` : `${(x / 1e9).toFixed(2)} G`;
var nounOf = (it) => it.words ? "text" : "image";
var homeOf = (it, token, ids) => {
  const t = token % it.rows;
  return [it.images === 1 ? it.image : Math.floor(token / it.rows), ids.length ? ids[t] : t];
};
function numberOf(it, token, ids) {
  const [image, number2] = homeOf(it, token, ids);
  return `${it.images === 1 ? "" : `${nounOf(it)} ${image}'s `}token ${number2}`;
}
function tokenName(it, token, ids) {
  const [image, number2] = homeOf(it, token, ids);
  const text = it.words?.[image];
  return `${numberOf(it, token, ids)}${text ? ` ${JSON.stringify(text[number2])}` : ""}`;
}
var namer = (it, ids) => (token) => tokenName(it, token, ids);
function choosing({ e, p, topK, token, gates, chosen, router, settings }) {
  if (!chosen || !gates) throw new Error(`no token chooses in ${router}`);
  return { e, p, topK, token, gates, asked: chosen.expert, priority: settings.priority };
}
function taking({ n, e, p, token, gates, router }) {
  if (!gates) throw new Error(`no expert chooses in ${router}`);
  return { n, e, p, token, gates };
}
function whyDropped(it, own, ids) {
  const name = namer(it, ids);
  if (it.chosen) return sentence(droppedTold(refusalsOf(choosing(it), own), name));
  const miss = nearestMiss(taking(it), own);
  return miss ? `It came nearest at expert ${miss.expert}: ${missTold(miss, name)}` : "";
}
var sentence = (words) => words.charAt(0).toUpperCase() + words.slice(1);
function scoreSum(it, { token, expert, slot }) {
  if (it.router === "uniform") return "no score is read: every token counts alike";
  if (it.router === "identity") return "no score is read: a token's position alone decides";
  const inner = it.sparse ? 0 : slot;
  const at = ((it.image * it.rows + token) * it.e + expert) * it.givenSlots + inner;
  const { scale, noise } = it.settings;
  const std = it.sparse ? noise / it.e : noise;
  const drawn = it.drawn ? ` + ${it.sparse ? `${exact(noise)} / ${it.e}` : exact(noise)} x ${four2(it.drawn[at])}` : "";
  const score2 = Math.fround(Math.fround(scale * it.given[at]) + (it.drawn ? Math.fround(std * it.drawn[at]) : 0));
  const formula = `score = scale x logit${it.drawn ? " + noise" : ""}`;
  return `${formula} = ${exact(scale)} x ${four2(it.given[at])}${drawn} = ${four2(score2)}`;
}
function softmaxSum(name, scores, own, over2) {
  const most = scores.reduce((a, x) => Math.max(a, x));
  const part2 = Math.exp(own - most);
  const whole = scores.reduce((a, x) => a + Math.exp(x - most), 0);
  const formula = `${name} = exp(${four2(own)} - ${four2(most)}) / sum over ${over2}`;
  return `${formula} = ${four2(part2)} / ${four2(whole)} = ${four2(part2 / whole)}`;
}
function softSum(it, step, { token, expert, slot, column, value }, ids) {
  const { n, s, p, first, scores } = it;
  const at = (first + token) * s + column;
  const reads = readsScores(it.router);
  const here = `slot ${slot} of expert ${expert}`;
  if (step === "score") return scoreSum(it, { token, expert, slot });
  if (step === "normalise") {
    const down = Float32Array.from({ length: n }, (_, t) => scores[t * s + column]);
    const along = scores.subarray((first + token) * s, (first + token + 1) * s);
    const even = (name, count, what) => `${name} = 1 / ${many(count, what)} = ${four2(1 / count)}`;
    const dispatch = reads.dispatch ? softmaxSum("dispatch", down, scores[at], many(n, "token")) : even("dispatch", n, "token");
    const combine = reads.combine ? softmaxSum("combine", along, scores[at], many(s, "slot")) : even("combine", s, "slot");
    return `${dispatch}; ${combine}`;
  }
  if (step === "select")
    return `all ${many(n, "token")} stay in ${here}, all ${many(s, "slot")} for this token. It is ` + neverDroppedTold(it, first + token);
  if (step === "dispatch") {
    const { top, alike: alike2 } = largestAmong(it.dispatch, column, n, s);
    const most = Math.floor(top / s);
    const all = `the most is ${tokenName(it, most, ids)} with ${percent(it.dispatch[top])}${equals(alike2, n)}`;
    return `${here} = sum over ${many(n, "token")} of dispatch x token: this token is ${percent(value)} of it, ` + (alike2 + 1 === n ? "as is every token" : all);
  }
  if (step === "compute") return computeSum(it, expert, `${many(p, "slot")}, each a mix`);
  return `answer = sum over ${many(s, "slot")} of combine x answer of the slot: this slot is ${percent(value)} of it`;
}
var computeSum = (it, expert, what, slots = it.p) => {
  const group = it.images > 1 ? ` for the ${it.images} ${nounOf(it)}s of the group` : "";
  return `expert ${expert} computes ${what}: 2 x ${slots} x ${it.dim} x ${it.hiddenDim} = ${large(2 * slots * it.dim * it.hiddenDim)} MACs${group}`;
};
function roomSum({ e, p, n, router, dropless, settings: { top_k, capacity_factor: factor } }) {
  if (dropless || factor === null) return `no capacity: as many slots as the busiest expert needs = ${p}`;
  const choices = router === "experts choice" ? "" : `${top_k} x `;
  const round2 = choices ? "ceil" : "round";
  return `capacity = ${round2}(${n} tokens x ${choices}${exact(factor)} / ${e} experts) = ${p}`;
}
function dealtSum({ e }, step, own) {
  if (step === "normalise") return "there is no score to normalise";
  if (step === "select") return `expert = ${own} mod ${e} = ${own % e}`;
  return `slot = floor(${own} / ${e}) = ${Math.floor(own / e)} of expert ${own % e}`;
}
function rankSum(it, own, expert, ids) {
  const { e, n, p, gates } = it;
  const miss = missOf(taking(it), own, expert);
  if (miss) return `expert ${expert} does not take this token: ${missTold(miss, namer(it, ids))}`;
  const column = Array.from({ length: n }, (_, t) => gates?.[t * e + expert] ?? NaN);
  const rank = column.filter((x, t) => x > column[own] || x === column[own] && t < own).length + 1;
  return `gate ${four2(column[own])} is number ${rank} of ${n} in the column of expert ${expert}, which takes ${p}: taken`;
}
function tokenSum(it, step, own, cells, served, ids) {
  const few = cells.slice(0, 4);
  const rest = cells.length - few.length;
  const each = (tell) => few.map(tell).join("; ") + (rest ? `; and ${many(rest, "expert")} more` : "");
  if (step === "score") return scoreSum(it, NOTHING);
  if (it.router === "identity" && STEPS.indexOf(step) < 4) return dealtSum(it, step, own);
  if (step === "combine") return combineSum(it, own, ids);
  if (step === "compute" && !cells.length)
    return `no expert took this token: none computes it. ${whyDropped(it, own, ids)}`;
  if (step === "compute") return each(({ expert }) => expertSum(it, expert));
  if (step === "select" && it.chosen)
    return choiceSum(
      it,
      own,
      few.map(({ expert }) => expert),
      rest
    );
  if (step === "select" && cells.length) return each(({ expert }) => rankSum(it, own, expert, ids));
  if (step === "select") return `no expert takes this token. ${whyDropped(it, own, ids)}`;
  if (!it.arrivals) {
    const slots = few.map(({ expert, slot }) => `slot ${slot} of expert ${expert}`).join(", ");
    if (!slots) return `${roomSum(it)}; no expert took this token. ${whyDropped(it, own, ids)}`;
    return `${roomSum(it)}; it is in ${slots}${rest ? ` and ${rest} more` : ""}`;
  }
  const asked = choicesOf(it, own, step, served);
  const waiting = it.topK - asked.length;
  const told = asked.slice(0, 4).map((choice) => arrivalSum(it, choice, ids));
  if (asked.length > 4) told.push(`and ${many(asked.length - 4, "choice")} more`);
  if (waiting) told.push(`${asked.length ? many(waiting, "choice") : "this token"} not served yet`);
  return [roomSum(it), ...told].join("; ");
}
function expertSum(it, expert) {
  const filled = it.loads.expert[expert];
  if (it.dropless) return computeSum(it, expert, `its ${many(filled, "token")} and no empty slot`, filled);
  return computeSum(it, expert, `${filled} full and ${many(it.p - filled, "empty slot")}`);
}
function emptySum(it, step, expert, served) {
  const { upTo, total: total2 } = servingOf(it, step === "dispatch" ? served : -1);
  const cost = step !== "compute" ? "" : it.dropless ? ", and is not computed" : ", and is computed like a full one";
  return `no token is in this slot${upTo < total2 ? " yet" : ""}${cost}`;
}
function sparseSum(it, step, { token, expert }, served, ids) {
  const { e, first, router } = it;
  const own = first + token;
  const { slot, arrival } = placeOf(it, own, expert);
  if (step === "score") return scoreSum(it, { token, expert, slot: 0 });
  if (router === "identity" && STEPS.indexOf(step) < 4) return dealtSum(it, step, own);
  if (step === "normalise") {
    const scores = it.scores.subarray(own * e, (own + 1) * e);
    return softmaxSum("gate", scores, scores[expert], many(e, "expert"));
  }
  if (step === "compute") return expertSum(it, expert);
  if (step === "combine") return combineSum(it, own, ids);
  if (router === "experts choice") {
    if (step === "dispatch" && slot >= 0) return `${roomSum(it)}; it is in slot ${slot} of expert ${expert}`;
    const told = rankSum(it, own, expert, ids);
    return step === "dispatch" ? `${roomSum(it)}; ${told}` : told;
  }
  if (step === "select") return choiceSum(it, own, [expert]);
  if (!arrival) return `${roomSum(it)}; this token does not ask expert ${expert}: it asks ${askedTold(it, own)}`;
  const yet = served < 0 || (it.arrivals?.[0].indexOf(arrival) ?? -1) < served;
  return `${roomSum(it)}; ${yet ? arrivalSum(it, arrival, ids) : `this token has not asked expert ${expert} yet`}`;
}
var HOW = { gshard: "divided by the sum of the chosen", top_k_then_softmax: "by softmax over the chosen" };
function choiceSum(it, own, experts, more = 0) {
  const { top_k, gating } = it.settings;
  const { chosen, gates: every } = it;
  if (!chosen || !every) throw new Error(`no token chooses in ${it.router}`);
  const gates = every.subarray(own * it.e, (own + 1) * it.e);
  const best = topInOrder(gates, 0, it.e, 1, Math.min(it.e, top_k + 1));
  const choices = Array.from(chosen.expert.subarray(own * top_k, (own + 1) * top_k));
  const how = HOW[gating];
  const told = experts.map((expert) => [choices.indexOf(expert), expert]).sort(([a], [b]) => a - b).map(([rank, expert]) => {
    if (rank < 0) return `expert ${expert} is not chosen`;
    const gate = how ? `, its gate ${how} is ${four2(chosen.gate[own * top_k + rank])}` : "";
    return `expert ${expert} is the ${ordinal(rank)} choice${gate}`;
  });
  const all = some(Array.from(best, (j) => `expert ${j} ${four2(gates[j])}`));
  return `gates, best first: ${all}; top_k = ${top_k}: ${told.join("; ")}${more ? `; and ${more} more` : ""}`;
}
function askedTold({ chosen, topK }, own) {
  const asked = Array.from(chosen?.expert.subarray(own * topK, (own + 1) * topK) ?? []);
  return listed(asked.map((expert) => `expert ${expert}`));
}
function arrivalSum(it, { token, choice, expert, place }, ids) {
  const asks = `expert ${expert} is its ${ordinal(choice)} choice`;
  if (place < it.p) return `${asks}, ${place} of ${many(it.p, "slot")} taken before: it gets slot ${place}`;
  const next = choice + 1 < it.topK ? "its next choice comes later" : "there is no further choice";
  const refusal = refusalOf(choosing(it), token, choice);
  const why = refusal ? holdersTold(refusal, namer(it, ids)) : "";
  return `${asks} (gate ${four2(refusal?.gate ?? NaN)}), and it is TURNED AWAY: ${why}; ${next}`;
}
function combineSum(it, own, ids) {
  const parts = [];
  it.token.forEach((t, at) => t === own && parts.push({ expert: Math.floor(at / it.p), gate: it.gate[at] }));
  if (!parts.length)
    return "no expert took this token: its answer is exactly 0, and only the residual carries it on. " + whyDropped(it, own, ids);
  const whole = parts.reduce((a, { gate }) => a + gate, 0);
  const each = parts.map(({ expert, gate }) => `${four2(gate)} x answer of expert ${expert}`);
  const shown = each.length > 4 ? [...each.slice(0, 4), "…"] : each;
  return `answer = ${shown.join(" + ")}; its gates sum to ${four2(whole)}`;
}
function expertLine(it, step, expert, served, ids) {
  const { e, p, s, n } = it;
  const load = it.loads.expert[expert];
  const whole = it.loads.expert.reduce((a, x) => a + x, 0);
  const of = it.images > 1 ? `the batch's ${n} tokens` : many(n, "token");
  const share = `${percent(whole ? load / whole : 0)} of all that experts receive (even: ${percent(1 / e)})`;
  const work = step === "compute" ? `; ${computeSum(it, expert, "them", it.dropless ? load : p)}` : "";
  if (!it.sparse) {
    const own = byExpert(it).dispatch;
    const weights = Array.from({ length: it.rows }, (_, t) => own[t * e + expert]);
    const { top, alike: alike2 } = largestAmong(weights, 0, it.rows);
    const most = tokenName(it, it.first + top, ids);
    const whose = it.rows > 1 && alike2 + 1 === it.rows ? `the same weight at each of its ${it.rows} tokens` : `the largest weight at ${most}${equals(alike2, it.rows)}`;
    return `expert ${expert}: its ${many(p, "slot")} of ${s} ${p === 1 ? "mixes" : "mix"} ${of}, with weights that sum to ${four2(load)}, ${share}; from this ${nounOf(it)} ${whose}: ${four2(weights[top])}${work}.`;
  }
  const { taken, turned, upTo, total: total2 } = servingOf(it, step === "dispatch" ? served : -1);
  const inTime = (at) => step !== "dispatch" || at < taken[expert];
  const held = Array.from(it.token.subarray(expert * p, (expert + 1) * p)).filter((t, at) => t >= 0 && inTime(at));
  const names = held.length ? ` (${some(held.map((t) => tokenName(it, t, ids)))})` : "";
  const away = turned[expert] ? `, turned ${turned[expert]} away` : "";
  const so = upTo < total2 ? " so far" : "";
  return `expert ${expert}: took ${held.length} of ${of} into ${many(p, "slot")}${so}${names}${away}${so ? "" : `; ${share}`}${work}.`;
}
function lineOf(it, step, map, at, { served, ids, grid }) {
  if (at.token < 0 && at.expert < 0) {
    const { last: last2, upTo, total: all } = servingOf(it, served);
    const which = last2 && `Choice ${upTo} of ${all}: ${tokenName(it, last2.token, ids)}`;
    if (step === "dispatch" && last2 && it.sparse) return `${which}; ${arrivalSum(it, last2, ids)}.`;
    return "Point at the map, a token or an expert to see the arithmetic of this step; click to pin.";
  }
  const { token, cells, alike: alike2 } = placeAt(it, step, map, at, served);
  const cell2 = cells.at(0);
  const named = cell2 ? `expert ${cell2.expert}${cell2.slot < 0 ? "" : `, slot ${cell2.slot}`}` : "";
  if (token === null && !cell2) return expertLine(it, step, at.expert, served, ids);
  if (token === null) return `${named}: ${emptySum(it, step, at.expert, served)}.`;
  const own = it.first + token;
  const t = own % it.rows;
  const number2 = ids.length ? ids[t] : t;
  const where = grid.length ? ` (row ${Math.floor(number2 / grid[1])}, column ${number2 % grid[1]})` : "";
  const name = `${tokenName(it, own, ids)}${where}`;
  if (it.sparse && at.expert < 0 && (!cell2 || settled(it, step)))
    return `${name}: ${tokenSum(it, step, own, cells, served, ids)}.`;
  if (!cell2) return `${name}: ${scoreSum(it, NOTHING)}.`;
  const column = map.short ? cell2.expert : cell2.expert * it.p + cell2.slot;
  const place = { token, ...cell2, column, value: map.values[token * map.columns + column] };
  const among = at.token < 0 ? it.rows : at.expert < 0 ? map.columns : it.p;
  const told = it.sparse ? sparseSum(it, step, place, served, ids) : softSum(it, step, place, ids);
  return `${name}, ${named}${equals(alike2, among)}: ${told}.`;
}
function figuresOf(it) {
  const own = it.loads.dropped.subarray(it.first, it.first + it.rows).reduce((a, x) => a + x, 0);
  const all = it.loads.droppedFraction;
  const rest = it.images > 1 ? [["Dropped in the whole batch", all, percent(all)]] : [];
  return [
    [`Dropped tokens of this ${nounOf(it)}`, own / it.rows, `${own} of ${it.rows} (${percent(own / it.rows)})`],
    ...rest,
    ["Load: busiest expert over the mean", it.loads.mostOverMean, it.loads.mostOverMean.toFixed(2)],
    [`MACs of the experts, per ${nounOf(it)}`, it.macs.experts, large(it.macs.experts)],
    [`MACs of the routing, per ${nounOf(it)}`, it.macs.routing, large(it.macs.routing)]
  ];
}
function sumsTold(it, step) {
  if (step === "score" || step === "compute" || step === "select" && !it.sparse) return "";
  if (!it.sparse) return softSums(it, step);
  if (it.router === "identity" && step !== "combine") return step === "normalise" ? "" : WHOLE;
  if (step === "normalise")
    return "Each row sums to 1: the softmax is over experts. Columns are free, since no softmax is over tokens.";
  if (step === "dispatch" || it.router === "identity") return WHOLE;
  if (it.router === "experts choice")
    return "Sums need not be 1: an expert takes gates as they are, and a token may be taken by several experts or by none.";
  const { gating } = it.settings;
  const kept = step === "combine" ? " A choice that was turned away is missing from its row." : "";
  if (gating === "gshard") return `Each row of chosen gates sums to 1: they were divided by their sum.${kept}`;
  if (gating === "top_k_then_softmax")
    return `Each row of chosen gates sums to 1: the softmax was over them alone.${kept}`;
  return `Rows sum to less than 1: the softmax was over all experts, and the gates that were not chosen are gone. A softmax over the chosen ones alone would make them 1 (gating top_k_then_softmax).${kept}`;
}
var WHOLE = "Sums count whole tokens and slots: no softmax is involved.";
function softSums({ router, n, s }, step) {
  const reads = readsScores(router);
  const down = reads.dispatch ? "the softmax is over tokens" : `every weight is 1/${exact(n)}`;
  const along = reads.combine ? "the softmax is over slots" : `every weight is 1/${exact(s)}`;
  if (step === "normalise")
    return `Left, each column sums to 1: ${down}. Right, each row sums to 1: ${along}. The other sums are free.`;
  if (step === "combine")
    return `Each row sums to 1: ${along}. Columns are free; a softmax over tokens would make them 1, and that is dispatch.`;
  return `Each column sums to 1: ${down}. Rows are free; a softmax over slots would make them 1, and that is combine.`;
}
var furtherTold = (experts, scored) => `Expert${experts === scored + 1 ? ` ${scored} was` : `s ${scored} to ${experts - 1} were`} not scored, and nobody trained ${experts === scored + 1 ? "it" : "them"}: expert ${scored} reads the scores of expert 0${experts > scored + 1 ? ", and so on" : ""}, dealt anew to the tokens of each image. Mean and spread are those of real scores.`;

// js/router_explorer/compare.js
var cell = (text) => {
  const element = document.createElement("td");
  element.textContent = text;
  return element;
};
var heading2 = (text) => {
  const element = document.createElement("th");
  element.textContent = text;
  element.scope = "row";
  return element;
};
function differenceOf(now, was) {
  const words = SETTINGS.filter((name) => now[name] !== was[name]).map((name) => `${name} ${was[name] ?? "none"}`);
  return words.length ? words.join(", ") : "the same settings";
}
function changeOf(name, value, was) {
  if (value === was) return "=";
  if (name.startsWith("Dropped")) return `${value > was ? "+" : ""}${(100 * (value - was)).toFixed(1)} points`;
  return was ? `× ${(value / was).toFixed(2)}` : "from none";
}
function fillFigures(body, it, before) {
  const old = before && before.error === void 0 ? figuresOf(before) : [];
  const rows = figuresOf(it).map(([name, value, text]) => {
    const was = old.find((each) => each[0] === name);
    return before ? [name, text, was ? was[2] : "none", was ? changeOf(name, value, was[1]) : ""] : [name, text];
  });
  if (before && before.error === void 0) {
    const { tokens, most } = changesBetween(it, before);
    const told = tokens ? `${tokens} of ${it.rows}, by up to ${four2(most)}` : "none";
    rows.push([`Tokens of this ${nounOf(it)} routed differently`, "", "", told]);
  }
  const key = rows.map(([name, ...cells]) => `${name} ${cells.length}`).join();
  if (body.dataset.rows !== key) {
    body.replaceChildren(...rows.map(([name, ...cells]) => lineOf2(name, cells.length)));
    body.dataset.rows = key;
  }
  rows.forEach(
    ([, ...cells], i) => cells.forEach((text, c) => {
      const shown = body.children[i].children[c + 1];
      if (shown.textContent !== text) shown.textContent = text;
    })
  );
}
var TERMS = (
  /** @type {const} */
  { MACs: "MACs", Load: "load", Dropped: "dropped" }
);
function lineOf2(name, cells) {
  const line = document.createElement("tr");
  const head = heading2(name);
  for (const [word, about] of Object.entries(TERMS))
    if (name.startsWith(word)) head.innerHTML = name.replace(word, term(about, word));
  line.append(head, ...Array.from({ length: cells }, () => cell("")));
  return line;
}
var besideRouter = (one, other) => SETTINGS.every((name) => name === "router" || one[name] === other[name]);
function answers(of, router, settings) {
  const reads = listensTo(router);
  const still = ({ noise }) => noise === 0;
  return SETTINGS.every(
    (name) => of[name] === settings[name] || name === "router" || reads[name] === false || name === "seed" && still(of) && still(settings)
  );
}
function missingTold(outputs, settings, alone) {
  if (!("routers" in outputs)) return "";
  const missing = ROUTERS.filter((router) => !answers(outputs.of, router, settings));
  if (!missing.length) return "";
  const whose = missing.length === ROUTERS.length ? "the routers" : missing.join(", ");
  if (!alone) return `How far ${whose} move the model's output: waiting for Python.`;
  return `How far ${whose} move the model's output takes Python to compute, which a saved page has not. It was saved with numbers for: ${differenceOf({ ...settings, router: outputs.of.router }, outputs.of)}.`;
}
function movedBy(outputs, router, settings, image) {
  if (!("routers" in outputs)) return "";
  if (!answers(outputs.of, router, settings)) return "";
  const found = outputs.routers[router];
  if (found.error !== void 0) return `; model's output: ${found.error}`;
  const { change, classes } = found;
  const [was, now] = [outputs.own, classes].map((all) => all[image]);
  const answer = was === void 0 ? "" : was === now ? `, still class ${now}` : `, class ${now} instead of ${was}`;
  return `; model's output: ${change[image] < 1e-5 ? "unchanged" : `moved by ${percent(change[image])}`}${answer}`;
}
function fillGallery(holder, batch, settings, image, outputs, choose) {
  const all = ROUTERS.map((router) => explore(batch, { ...settings, router }, image));
  const soft = all.flatMap(
    (it) => it.error !== void 0 || it.sparse ? [] : [largestOfRows(it.dispatch, it.dispatch.length)[0]]
  );
  ROUTERS.forEach((router, i) => {
    const it = all[i];
    const card = holder.children[i] ?? newCard(holder, router, choose);
    const [button2, drawing, text] = card.children;
    const canvas = (
      /** @type {HTMLCanvasElement} */
      drawing
    );
    button2.setAttribute("aria-pressed", String(router === settings.router));
    canvas.hidden = it.error !== void 0;
    if (it.error !== void 0) {
      text.textContent = it.error;
      return;
    }
    const width = canvas.clientWidth;
    const map = mapOf(it, "compute", -1);
    const ctx = fit(canvas, width, 96);
    const fates = fatesOf(it, "compute", -1);
    const dy = 96 / it.rows;
    const box = { x: 0, y: 0, w: width, h: 96 };
    const most = it.sparse ? 1 : Math.max(...soft);
    paintWeights(ctx, box, map.values, it.rows, map.columns, most);
    ctx.fillStyle = "rgba(255, 255, 255, .6)";
    fates.forEach((dropped2, t) => dropped2 && ctx.fillRect(0, t * dy, width, dy));
    const [dropped, ...rest] = figuresOf(it);
    const load = it.loads.mostOverMean.toFixed(2);
    const [experts, routing] = rest.slice(-2).map(([, , told]) => told);
    text.textContent = `dropped ${percent(dropped[1])}; load ${load}; MACs: experts ${experts}, routing ${routing}` + movedBy(outputs, router, settings, image);
    const slots = `${many(it.e, "expert")} x ${many(it.p, "slot")}`;
    const shown = `Dispatch of ${router}: ${many(it.rows, "token")} by ${slots}`;
    canvas.setAttribute("aria-label", `${shown}, ${text.textContent}`);
  });
}
function newCard(holder, router, choose) {
  const card = document.createElement("div");
  card.innerHTML = `<button type="button" data-choose="${router}" ${KEYS}>${router}</button>
    <canvas role="img"></canvas><p></p>`;
  card.children[0].addEventListener("click", () => choose(router));
  holder.append(card);
  return card;
}
function shareOf({ loads: { token }, first, rows }) {
  const whole = token.reduce((a, x) => a + x, 0);
  return token.subarray(first, first + rows).reduce((a, x) => a + x, 0) / (whole || 1);
}
function fillMates(body, batch, settings, image, members) {
  const rows = ROUTERS.map((router) => {
    const line = document.createElement("tr");
    const head = heading2(router);
    line.append(head);
    for (const group of ["one image", "whole batch"]) {
      const own = { ...settings, router, group };
      const before = explore(batch, own, image);
      const after = explore(batch, own, image, members);
      if (before.error !== void 0 || after.error !== void 0) {
        line.append(cell(before.error ?? after.error ?? ""));
        continue;
      }
      const { tokens, most } = answersChanged(before, after, members);
      const answer = cell("");
      answer.dataset.changed = String(tokens);
      const others = 1 - shareOf(after);
      const mixed = `${percent(others)} of its slots' mix comes from other images`;
      const by = after.sparse ? `gates by up to ${four2(most)}` : `up to ${percent(most)} of it comes from other tokens`;
      const change = tokens ? `the answer of ${tokens} of ${after.rows} tokens changes, ${by}` : "no answer changes";
      answer.textContent = !after.sparse && others > 1e-6 ? `${change}; ${mixed}` : change;
      line.append(answer);
    }
    return line;
  });
  body.replaceChildren(...rows);
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

// js/router_explorer/page.js
var LISTS = {
  router: ROUTERS,
  group: ["one image", "whole batch"],
  priority: PRIORITIES,
  gating: GATINGS
};
var counts = (least, most) => most - least < 32 ? evenly(least, most, 1) : doubling(least, most);
var KNOBS = {
  image_index: ["Image", counts],
  num_experts: ["Experts", counts],
  slots_per_expert: ["Slots per expert", counts],
  capacity_factor: ["Capacity factor", () => [0.25, 0.5, 0.75, 1, 1.25, 1.5, 2, 3, 4, null]],
  top_k: ["Choices", counts],
  scale: ["Scale", () => [0, 0.1, 0.2, 0.5, 1, 2, 3, 5, 8, 12, 20, 50]],
  noise: ["Noise", () => [0, 0.1, 0.2, 0.5, 1, 2, 3, 5, 10]],
  seed: ["Noise seed", () => evenly(0, 20, 1)]
};
var number = (name, about) => knob(name, KNOBS[name][0], about);
var panel = (name, label) => `<div class="explorer-panel" data-panel="${name}">${canvases(name, label)}</div>`;
var MOVES = "arrow keys move, Enter pins, Escape unpins";
var FIRST = `${number("image_index")}${number("num_experts", "expert")}${number("scale", "scale")}
  ${number("slots_per_expert", "slot")}${number("capacity_factor", "capacity factor")}${number("top_k", "top_k")}
  ${list("priority", "Served first", "priority")}`;
var PAGE2 = `
<div class="router-explorer-top">${list("router", "Router")}
<fieldset class="router-explorer-steps"><legend>Step</legend>${STEPS.map(
  (step, i) => `<label><input type="radio"
  value="${step}" data-part="${step}" ${KEYS}><span>${i + 1} ${step}</span></label>`
).join("")}</fieldset></div>
<details class="router-explorer-controls" data-part="controls"><summary ${KEYS}>Controls</summary>
<div class="explorer-controls">${FIRST}
<details class="router-explorer-more" data-part="more"><summary ${KEYS}>More</summary><div class="explorer-controls">
  ${list("group", "Tokens compete in", "group")}${list("gating", "Gating", "gating")}
  ${number("noise", "noise")}${number("seed", "seed")}${shadings}</div></details></div></details>
<p data-part="sampled" hidden></p>
<p data-part="further" hidden></p>
<div class="router-explorer-card explorer-actions" data-part="card"><p data-part="words"></p>
  <div data-part="equation"></div><code data-part="code"></code>
  <span class="router-explorer-formula">${button("formula", "Equation and code")}</span></div>
<div class="router-explorer-serve explorer-actions" data-part="serving" role="group"
  aria-label="Serve the choices one by one">
  ${button("none", "Serve none")}${button("previous", "Previous")}${button("next", "Next choice")}
  ${button("away", "Next turned away")}${button("play", "Play")}${button("all", "Serve all")}
  <input type="range" min="0" step="1" data-part="served" aria-label="Choices served" ${KEYS}>
  <span data-part="count"></span></div>
<div class="explorer-panels" data-part="panels">
  <div class="router-explorer-tokens"><div class="router-explorer-image" data-part="seen">
    <div class="explorer-title" data-part="tokens-title"></div>
    ${panel("tokens", `Tokens of the image: ${MOVES}`)}
    <p data-part="caption"></p></div>
    <div class="router-explorer-told" data-part="told" role="group" aria-label="What is selected" ${KEYS}>${STATUS}
    <div class="explorer-actions">${button("free", "Unpin")}</div>
    ${keyHints({ [ARROWS]: "move", Enter: "pin", Esc: "unpin" }, "Tap to pin, tap again to unpin.")}</div>
    <div class="router-explorer-magnified" data-part="magnified" hidden>
      <div class="explorer-title" data-part="magnified-title"></div>
      ${panel("magnifier", `Magnified weights: ${MOVES}`)}</div></div>
  <div class="router-explorer-map" data-part="drawn"><div class="router-explorer-ramp">
    <span class="explorer-title" data-part="map-title"></span>
    <span class="router-explorer-scale" data-part="ramp"><span data-part="least"></span><span><i></i><span
      data-part="middle"></span></span><span data-part="most"></span></span>
  </div>
    ${panel("map", `Tokens by experts or slots: ${MOVES}`)}<p data-part="sums-note"></p>
    <p data-part="shading" hidden></p>
    ${panel("experts", `Load of the experts: ${MOVES}`)}
    <p data-part="load-note"></p></div>
</div>
<div class="router-explorer-figures" data-part="numbers"><table><thead><tr><td></td>
  <th scope="col" data-part="now">now</th>
  <th scope="col" data-part="was">before</th><th scope="col" data-part="change">change</th></tr></thead>
  <tbody data-part="figures"></tbody></table>
  <div class="explorer-actions">${button("keep", "Pin as before")}${button("forget", "Forget the pin")}
  <p data-part="pinned"></p></div></div>
<details data-part="side"><summary ${KEYS}>Side by side: this example through every router</summary>
  <p>Dispatch, tokens down and slots across, with the settings above; dropped tokens are pale rows. Soft weights share
  one scale. A button selects its router.</p>
  <p data-part="missing" aria-live="polite" hidden></p>
  <div class="router-explorer-gallery" data-part="gallery" data-picture="yes"></div></details>
<details data-part="batch"><summary ${KEYS}>Batch mates: does this example's answer depend on the others?</summary>
  <p>Where the whole batch competes, other images take slots, or mix into them. Where each image competes alone, they
  cannot.</p><div class="explorer-actions">${button("shuffle", "Shuffle the other images")}
  ${button("swap", "Swap in other images")}</div><p data-part="mates" aria-live="polite"></p>
  <table data-part="mates-table" hidden><thead><tr><th scope="col">router</th><th scope="col">one image competes</th>
  <th scope="col">the whole batch competes</th></tr></thead><tbody data-part="mates-rows"></tbody></table></details>`;

// js/shared/maps.js
var ON_PICTURE = [
  [0.5, "rgba(0, 0, 0, .55)"],
  [1.5, "rgba(255, 255, 255, .45)"]
];
var EDGES = [
  [0, "#fff"],
  [0.75, "#000"]
];
function paintWhole(ctx, { w, h }, picture) {
  if (picture) paintPicture(ctx, { x: 0, y: 0, w, h }, picture);
}
function outlineAll(ctx, corners, picture, ink) {
  for (const [inset, colour] of picture ? ON_PICTURE : [
    /** @type {[number, string]} */
    [0.5, ink.bar]
  ]) {
    Object.assign(ctx, { lineWidth: 1, strokeStyle: colour });
    ctx.beginPath();
    for (const [x, y, dx, dy] of corners) ctx.rect(x + inset, y + inset, dx - 2 * inset, dy - 2 * inset);
    ctx.stroke();
  }
}
function paintShare(ctx, corner, share, { colour, alpha, worded }) {
  const [x, y, w, h] = shareOfBox(corner, Math.abs(share), worded);
  Object.assign(ctx, { fillStyle: colour, lineWidth: 1, globalAlpha: alpha });
  if (share > 0) ctx.fillRect(x, y, w, h);
  ctx.globalAlpha = 1;
  for (const [grow, edge] of EDGES) {
    ctx.strokeStyle = edge;
    ctx.strokeRect(x - grow, y - grow, w + 2 * grow, h + 2 * grow);
  }
}
function paintExperts(ctx, { x, y, h, de }, experts, ink) {
  const every = everyNth(de, 8 + 7 * String(experts - 1).length);
  const gap = de > 3 ? 1 : 0;
  write(ctx, "expert", x - 6, y / 2 - 1, ink.text, "right");
  for (let e = 0; e < experts; e++) {
    ctx.fillStyle = expertFill(ctx, e);
    ctx.fillRect(x + e * de + gap, y - 4, Math.max(de - 2 * gap, 0.5), 3);
    if (e % every === 0) write(ctx, e, x + (e + 0.5) * de, y / 2 - 1, ink.text);
    ctx.fillStyle = "#fff";
    if (e && de > 10) ctx.fillRect(x + e * de - 0.5, y, 1, h);
  }
}
function paintRowNames(ctx, { x, y, dy }, rows, nameOf, ink) {
  const every = everyNth(dy, 13);
  for (let r = 0; r < rows; r += every) write(ctx, nameOf(r), x - 6, y + (r + 0.5) * dy, ink.text, "right");
}
function paintSums(ctx, { x, y, w, h, dx, dy }, { rows, columns, long, high, together = 1, textOf, paintColumn }, ink) {
  const widest = largestFinite(rows, 1);
  const tallest = largestFinite(columns, 1);
  const right = x + w + 6;
  const floor = y + h + 7 + high;
  const one = floor - high / tallest;
  const numbers = dy >= 12;
  if (rows.length) write(ctx, "sum", right, y / 2 - 1, ink.text, "left");
  if (columns.length) write(ctx, "sum", x - 6, floor - high / 2, ink.text, "right");
  if (columns.length) write(ctx, "1", right, one, ink.text, "left");
  for (let r = 0; r < rows.length; r++) {
    ctx.fillStyle = ink.bar;
    if (numbers) write(ctx, textOf(r), right, y + (r + 0.5) * dy, ink.text, "left");
    else ctx.fillRect(right, y + r * dy, long * part(rows[r], widest), Math.max(dy - 0.5, 0.5));
  }
  for (let c = 0; c < columns.length; c += together) {
    let value = columns[c];
    for (let i = c + 1; i < c + together && i < columns.length; i++) if (columns[i] > value) value = columns[i];
    paintColumn(c, x + c * dx, floor, Math.max(dx - (dx > 3 ? 1 : 0), 1), high * part(value, tallest));
  }
  Object.assign(ctx, { strokeStyle: ink.text, lineWidth: 1 });
  if (!numbers && rows.length) ctx.strokeRect(right + long / widest, y, 0, h);
  if (columns.length) ctx.strokeRect(x, one, w, 0);
  return { right, floor, numbers };
}
var part = (value, most) => Math.min(Math.max(value / most, 0), 1) || 0;
function ringPlaces(ctx, { x, y, w, h, dx, dy }, { row: row2, columns, cells }) {
  if (row2 >= 0) ring(ctx, x, y + row2 * dy, w, dy);
  if (columns) ring(ctx, x + columns.from * dx, y, columns.count * dx, h);
  for (const cell2 of cells) {
    const left = x + cell2.columns.from * dx;
    const top = y + cell2.row * dy;
    const wide = cell2.columns.count * dx;
    ctx.clearRect(left - 3, top - 3, wide + 6, dy + 6);
    ring(ctx, left, top, wide, dy);
  }
}
var ringExpert = (ctx, { x, de }, expert, high) => ring(ctx, x + expert * de + 2, 2, de - 4, high);

// js/router_explorer/hatching.js
var TILE2 = 8;
var patterns2 = /* @__PURE__ */ new Map();
function patternOf2(target, ratio) {
  const known = patterns2.get(ratio);
  if (known) return known;
  const side = Math.round(TILE2 * ratio);
  const made = new OffscreenCanvas(side, side);
  const ctx = contextOf(made);
  ctx.scale(side / TILE2, side / TILE2);
  for (
    const [width, colour] of
    /** @type {[number, string][]} */
    [
      [3, "#000"],
      [1.2, "#fff"]
    ]
  ) {
    Object.assign(ctx, { lineWidth: width, strokeStyle: colour });
    ctx.beginPath();
    for (const at of [-TILE2, 0, TILE2]) {
      ctx.moveTo(at - 1, TILE2 + 1);
      ctx.lineTo(at + TILE2 + 1, -1);
    }
    ctx.stroke();
  }
  const pattern = target.createPattern(made, "repeat");
  if (!pattern) return null;
  pattern.setTransform(new DOMMatrix().scale(TILE2 / side));
  patterns2.set(ratio, pattern);
  return pattern;
}
function hatchAll(ctx, boxes) {
  if (!boxes.length) return;
  const pattern = patternOf2(ctx, density());
  if (!pattern) return;
  ctx.fillStyle = pattern;
  for (const box of boxes) ctx.fillRect(...box);
}

// js/router_explorer/racks.js
function racksIn({ x, y, w, h }, e, p, stacked) {
  const de = w / e;
  const inner = Math.max(de - (de > 12 ? 4 : de > 4 ? 1 : 0), 1);
  let columns = 1;
  if (!stacked) {
    const sideOf = (count) => Math.min(inner / count, h / Math.ceil(p / count));
    for (let count = 2; count <= p; count++) if (sideOf(count) > sideOf(columns)) columns = count;
  }
  const dx = inner / columns;
  const dy = Math.min(h / Math.ceil(p / columns), stacked ? 160 : dx);
  return { x, y, w, h: dy * Math.ceil(p / columns), e, p, de, columns, dx, dy };
}
var slotBox = ({ x, y, de, dx, dy, columns }, expert, slot) => [
  x + expert * de + (de - dx * columns) / 2 + slot % columns * dx,
  y + Math.floor(slot / columns) * dy,
  dx,
  dy
];
function slotUnder({ x: left, y: top, e, p, de, dx, dy, columns }, x, y) {
  const expert = Math.floor((x - left) / de);
  if (expert < 0 || expert >= e) return NOTHING;
  const column = Math.floor((x - left - expert * de - (de - dx * columns) / 2) / dx);
  const slot = Math.floor((y - top) / dy) * columns + column;
  const hit = y >= top && column >= 0 && column < columns && slot < p;
  return { ...NOTHING, expert, slot: hit ? slot : -1 };
}
function slotBeyond({ e, p }, key, at) {
  const steps = stepsOf(key);
  if (!steps) return null;
  const { across, down, far } = steps;
  const none = at.expert < 0;
  return {
    ...NOTHING,
    expert: none ? 0 : onward(at.expert, across + far, e),
    slot: none ? 0 : onward(at.slot, down, p)
  };
}
function paintRacks(ctx, racks, { it, atlas, ink, filled, labelOf: labelOf2, worked }) {
  const { e, p, dx, dy } = racks;
  const empty = [];
  const edge = dx > 5 && dy > 5 ? 1 : 0;
  ctx.imageSmoothingEnabled = false;
  for (let expert = 0; expert < e; expert++)
    for (let slot = 0; slot < p; slot++) {
      const [x, y, w, h] = slotBox(racks, expert, slot);
      const at = expert * p + slot;
      const box = (
        /** @type {Corner} */
        [x + edge, y + edge, w - 2 * edge, h - 2 * edge]
      );
      if (!filled(expert, slot)) {
        empty.push(box);
        continue;
      }
      ctx.fillStyle = w > 4 ? expertFill(ctx, expert) : expertColour(expert);
      ctx.fillRect(...box);
      const rim = worked ? Math.min(4, w / 6) : Math.min(2, w / 10);
      const inner = (
        /** @type {Corner} */
        [box[0] + rim, box[1] + rim, box[2] - 2 * rim, box[3] - 2 * rim]
      );
      if (inner[2] < 5 || inner[3] < 3) continue;
      if (atlas) paintPatch(ctx, inner, atlas, at);
      else if (!it.sparse) paintMix(ctx, inner, it, at, ink);
      const name = it.sparse ? labelOf2(it.token[at], inner[2] - 4) : "";
      if (name !== "" && w >= 24 && h >= 14) writeOver(ctx, name, x + w / 2, y + h / 2);
    }
  paintEmpty(ctx, empty, ink, worked && !it.dropless);
}
function paintPatch(ctx, [x, y, w, h], { side, canvas }, slot) {
  const least = Math.min(w, h);
  ctx.drawImage(canvas, slot * side, 0, side, side, x + (w - least) / 2, y + (h - least) / 2, least, least);
}
function paintMix(ctx, [x, y, w, h], { n, s, dispatch }, slot, ink) {
  ctx.fillStyle = ink.page;
  ctx.fillRect(x, y, w, h);
  let most = 0;
  for (let t = 0; t < n; t++) most = Math.max(most, dispatch[t * s + slot]);
  ctx.fillStyle = ink.bar;
  const wide = w / n;
  for (let t = 0; t < n; t++) {
    const high = h * dispatch[t * s + slot] / (most || 1);
    ctx.fillRect(x + t * wide, y + h - high, Math.max(wide - (wide > 3 ? 1 : 0), 0.5), high);
  }
}
function paintEmpty(ctx, boxes, ink, paid) {
  if (paid) hatchAll(ctx, boxes);
  Object.assign(ctx, { strokeStyle: ink.bar, lineWidth: 1 });
  ctx.setLineDash(paid ? [] : [3, 2]);
  ctx.beginPath();
  for (const [x, y, w, h] of boxes) if (w > 5 && h > 5) ctx.rect(x + 0.5, y + 0.5, w - 1, h - 1);
  ctx.stroke();
  ctx.setLineDash([]);
  if (!paid) {
    for (const [x, y, w, h] of boxes) if (w >= 40 && h >= 14) write(ctx, "empty", x + w / 2, y + h / 2, ink.text);
  }
  if (paid) {
    for (const [x, y, w, h] of boxes)
      if (h >= 14) {
        if (w >= 84) writeOver(ctx, "paid for nothing", x + w / 2, y + h / 2);
        else if (w >= 34) writeOver(ctx, "empty", x + w / 2, y + h / 2);
      }
  }
}

// js/router_explorer/panels.js
var LEFT2 = 46;
var RIGHT = 52;
var TOP2 = 20;
var SUMS = 34;
var LOAD = 98;
var BETWEEN = 92;
var short2 = (x) => Math.abs(x - Math.round(x)) < 1e-4 ? String(Math.round(x)) : x.toFixed(x >= 9.95 ? 0 : x >= 0.995 ? 1 : 2);
function layout({ it, map, twin, grid, picture, ids, step }, tokensWidth, mapWidth, mostHigh) {
  const text = it.words?.[it.image] ?? null;
  const words = text && ids.length ? ids.map((t) => text[t]) : text;
  const tokens = tokenBox(tokensWidth, { count: it.rows, words, grid, picture });
  const shape = { rows: it.rows, columns: map.columns, experts: it.e };
  const whole = mapBox(mapWidth, mostHigh, shape, { left: LEFT2, right: RIGHT, top: TOP2 });
  const half = (whole.w - BETWEEN) / 2;
  const box = twin ? { ...whole, w: half, dx: half / map.columns, de: half / it.e } : whole;
  const worked = step === "compute";
  const racks = worked ? racksIn({ ...whole, h: whole.h + SUMS - 8 }, it.e, it.p, true) : step === "dispatch" ? racksIn({ x: whole.x, y: 18, w: whole.w, h: LOAD - 20 }, it.e, it.p, false) : null;
  const high = TOP2 + box.h + SUMS;
  const below2 = showsExperts(it, step) ? LOAD + 6 : 0;
  return {
    tokens,
    map: box,
    twin: twin && { ...box, x: box.x + half + BETWEEN },
    racks,
    sizes: { tokens: [tokensWidth, tokens.h], map: [mapWidth, high], experts: [mapWidth, below2] }
  };
}
var showsExperts = (it, step) => STEPS.indexOf(step) >= (it.sparse ? 2 : 3);
function patchOf({ boxes: { tokens }, ids }, token) {
  const sampled = !tokens.words && ids.length && tokens.columns * tokens.rows > ids.length;
  return cornerOf(tokens, sampled ? ids[token] : token);
}
function labelOf({ it, ids }, token, most) {
  const number2 = ids.length ? ids[token] : token;
  return it.words ? fitted(it.words[it.image][number2], most) : number2;
}
var slotLabel = (known) => (token, most) => {
  const { it, ids } = known;
  const [own, image] = [token % it.rows, it.images === 1 ? it.image : Math.floor(token / it.rows)];
  const number2 = ids.length ? ids[own] : own;
  if (it.words) return fitted(it.words[image][number2], most);
  return image === it.image ? number2 : most > 40 ? `${image}: ${number2}` : "";
};
function expertsWith(it, step, serving) {
  const out = Array.from({ length: it.rows }, () => (
    /** @type {number[]} */
    []
  ));
  if (step === "select" && it.chosen)
    for (let t = 0; t < it.rows; t++)
      out[t] = [...it.chosen.expert.subarray((it.first + t) * it.topK, (it.first + t + 1) * it.topK)];
  else
    it.token.forEach((t, at) => {
      const expert = Math.floor(at / it.p);
      const inTime = step !== "dispatch" || at % it.p < serving.taken[expert];
      if (t >= it.first && t < it.first + it.rows && inTime) out[t - it.first].push(expert);
    });
  return out;
}
var grounds = {
  tokens(ctx, scene) {
    const { it, boxes, ink, picture, fates, step, serving } = scene;
    paintWhole(ctx, boxes.tokens, picture);
    const at = STEPS.indexOf(step);
    const chips = it.sparse && at >= 2 && at < 5 ? expertsWith(it, step, serving) : null;
    const [corners, crossed] = [[], []];
    for (let t = 0; t < it.rows; t++) {
      const corner = patchOf(scene, t);
      corners.push(corner);
      if (fates[t]) crossed.push(corner);
    }
    outlineAll(ctx, corners, picture, ink);
    if (step === "combine") paintAnswers(ctx, scene);
    hatchAll(ctx, crossed);
    for (let t = 0; t < it.rows; t++) {
      const [x, y, dx, dy] = patchOf(scene, t);
      const [across, middle, top] = [x + dx / 2, y + dy / 2, y + 13];
      const label = it.words ? labelOf(scene, t, dx - 4) : picture ? "" : labelOf(scene, t, dx);
      if (it.words) write(ctx, label, across, top, ink.text);
      else if (!picture && dx > 18) write(ctx, label, across, middle, ink.text);
      (chips?.[t] ?? []).slice(0, 3).forEach((expert, i) => {
        const side = Math.min(13, dx / 3);
        const down = it.words ? dy - 22 : 1;
        ctx.fillStyle = expertFill(ctx, expert);
        ctx.fillRect(x + 1 + i * side, y + down, side, side);
        if (dx >= 30) writeOver(ctx, expert, x + 1 + (i + 0.5) * side, y + down + side / 2);
      });
      if (fates[t] && it.words) writeOver(ctx, label, across, top);
      else if (fates[t] && dx > 60) writeOver(ctx, step === "combine" ? "unchanged" : "dropped", across, middle);
    }
  },
  map(ctx, scene) {
    const { it, map, boxes, ink, step } = scene;
    if (step === "compute" && boxes.racks) return paintWork(ctx, scene, boxes.racks);
    paintExperts(ctx, boxes.map, it.e, ink);
    paintRowNames(ctx, boxes.map, it.rows, (t) => labelOf(scene, t, LEFT2 - 8), ink);
    if (scene.twin && boxes.twin) {
      const most = Math.max(map.most, scene.twin.most);
      paintHeat(ctx, boxes.map, { ...map, most }, scene.root);
      paintHeat(ctx, boxes.twin, { ...scene.twin, most }, scene.root);
      paintExperts(ctx, boxes.twin, it.e, ink);
      sumUp(ctx, scene, boxes.twin, scene.twin);
    } else if (step === "select") paintSelection(ctx, scene);
    else if (showsBars(it, step, boxes.map)) paintGates(ctx, boxes.map, scene);
    else paintHeat(ctx, boxes.map, map, scene.root);
    crossOut(ctx, scene);
    const none = nothingTold(it, step);
    if (step === "select" && none) tellBelow(ctx, boxes.map, none, ink);
    else if (map.summed) sumUp(ctx, scene, boxes.map, map);
    if (step !== "select" && none) tellOver(ctx, boxes.map, none);
  },
  experts(ctx, scene) {
    const { it, boxes, ink, serving, step } = scene;
    if (!showsExperts(it, step)) return;
    const { x, w, de } = boxes.map;
    if (step === "dispatch" && boxes.racks) {
      const full = (e, slot) => it.sparse ? slot < serving.taken[e] && it.token[e * it.p + slot] >= 0 : true;
      paintRacks(ctx, boxes.racks, { ...scene, filled: full, labelOf: slotLabel(scene), worked: false });
      write(ctx, "slots", x - 6, 18 + boxes.racks.h / 2, ink.text, "right");
      for (let e = 0; e < it.e; e++) {
        const away = serving.turned[e];
        const [brief3, long] = [`+${away}`, `${serving.taken[e]} of ${it.p}${away ? ` +${away} turned away` : ""}`];
        if (!it.sparse) continue;
        const told = ctx.measureText(long).width < de - 4 ? long : away ? brief3 : "";
        if (ctx.measureText(told).width < de) write(ctx, told, x + (e + 0.5) * de, 8, ink.text);
      }
      return;
    }
    paintBars(ctx, scene, barsOf(it, step, serving), { x, w, de });
  }
};
function showsBars(it, step, { dx, dy }) {
  const weights = step === "combine" || step === "normalise" && it.router !== "identity";
  return it.sparse && weights && dx >= 14 && dy >= 7;
}
function paintHeat(ctx, box, { values, columns, cells, least, most }, root) {
  if (!cells) return paintWeights(ctx, box, values, values.length / columns, columns, most, least, root);
  const { x, y, w, h, dx, dy } = box;
  ctx.fillStyle = rampColour(0);
  ctx.fillRect(x, y, w, h);
  const [wide, high] = [Math.max(dx, MARK), Math.max(dy, MARK)];
  for (const at of cells) {
    const [row2, column] = [Math.floor(at / columns), at % columns];
    const share = values[at] / (most || 1);
    ctx.fillStyle = rampColour(root ? Math.sqrt(share) : share);
    ctx.fillRect(x + (column + 0.5) * dx - wide / 2, y + (row2 + 0.5) * dy - high / 2, wide, high);
  }
}
var MARK = 3;
function rampColour(share) {
  const pixel = RAMP[Math.min(Math.round(255 * share), 255)];
  return `rgb(${pixel & 255} ${pixel >> 8 & 255} ${pixel >> 16 & 255})`;
}
function paintGates(ctx, { x, y, w, h, dx, dy, de }, { it, map, ink }) {
  ctx.fillStyle = ink.shade;
  ctx.fillRect(x, y, w, h);
  const gap = dy > 10 ? 1 : 0.5;
  const { columns, values } = map;
  const each = columns / it.e;
  for (let t = 0; t < it.rows; t++)
    for (let c = 0; c < columns; c++) {
      const value = values[t * columns + c];
      if (!value && each > 1) continue;
      const [left, top] = [x + c * dx, y + t * dy];
      ctx.fillStyle = expertFill(ctx, Math.floor(c / each));
      ctx.fillRect(left + 1, top + gap, Math.max((dx - 2) * Math.min(value, 1), 0.5), dy - 2 * gap);
      if (dx < 54 || dy < 12) continue;
      const [number2, across, middle] = [value.toFixed(2), left + dx - 4, top + dy / 2];
      if (value < 0.55) write(ctx, number2, across, middle, ink.text, "right");
      else writeOver(ctx, number2, across - 11, middle);
    }
  ctx.fillStyle = ink.line;
  for (let e = 1; e < it.e; e++) ctx.fillRect(x + e * de - 0.5, y, 1, h);
}
var selectable = (it) => it.sparse ? it.gates?.subarray(it.first * it.e, (it.first + it.rows) * it.e) ?? null : null;
function paintSelection(ctx, { it, map, root, boxes: { map: box } }) {
  const gates = selectable(it) ?? map.values;
  let most = 0;
  for (const gate of gates) if (gate > most) most = gate;
  paintWeights(ctx, box, gates, it.rows, map.columns, most, 0, root);
  if (!it.sparse) return;
  const { x, y, w, h, dx, dy } = box;
  ctx.fillStyle = "rgba(0, 0, 0, .62)";
  ctx.fillRect(x, y, w, h);
  const marks = selectedOf(it);
  const thick = dx > 8 && dy > 8 ? 2 : 0;
  ctx.fillStyle = "#fff";
  for (const { token, expert } of marks)
    ctx.fillRect(x + expert * dx, y + token * dy, Math.max(dx, 1), Math.max(dy, 1));
  for (const { token, expert, rank } of marks) {
    ctx.fillStyle = thick ? expertFill(ctx, expert) : expertColour(expert);
    if (thick || dx > 3 && dy > 2) {
      const edge = thick || 0.5;
      ctx.fillRect(x + expert * dx + edge, y + token * dy + edge, dx - 2 * edge, dy - 2 * edge);
    }
    const word = rank < 0 ? "✓" : String(rank + 1);
    if (dx >= 14 && dy >= 11) writeOver(ctx, word, x + (expert + 0.5) * dx, y + (token + 0.5) * dy);
  }
}
function crossOut(ctx, { it, boxes, fates, step }) {
  const { x, y, w, dy } = boxes.map;
  const crossed = [];
  for (let t = 0, run = 0; STEPS.indexOf(step) >= 3 && t <= it.rows; t++) {
    if (fates[t]) run++;
    else if (run) {
      crossed.push([x, y + (t - run) * dy, w, run * dy]);
      run = 0;
    }
  }
  hatchAll(ctx, crossed);
}
function sumUp(ctx, { it, ink }, box, map) {
  const each = map.columns / it.e;
  const sums = {
    rows: map.beside,
    columns: map.below,
    long: RIGHT - 10,
    high: SUMS - 10,
    // Columns that share a pixel are drawn as the tallest of them.
    together: Math.max(1, Math.floor(1 / box.dx)),
    textOf: (t) => short2(map.beside[t]),
    /** @type {(c: number, left: number, floor: number, wide: number, high: number) => void} */
    paintColumn(c, left, floor, wide, high) {
      ctx.fillStyle = wide > 4 ? expertFill(ctx, Math.floor(c / each)) : expertColour(Math.floor(c / each));
      ctx.fillRect(left, floor - high, wide, high);
    }
  };
  paintSums(ctx, box, sums, ink);
}
function nothingTold(it, step) {
  if (step === "select" && !it.sparse) return "nothing is selected: every weight stays";
  if (step === "score" && ["uniform", "identity"].includes(it.router)) return "no score is read";
  return step === "normalise" && it.router === "identity" ? "nothing to normalise" : "";
}
function tellBelow(ctx, { x, y, w, h }, words, ink) {
  ctx.save();
  ctx.font = `600 ${w < 300 ? 12 : 16}px system-ui, sans-serif`;
  write(ctx, words, x + w / 2, y + h + SUMS / 2, ink.text);
  ctx.restore();
}
function tellOver(ctx, { x, y, w, h }, words) {
  ctx.save();
  ctx.font = `600 ${w < 300 ? 12 : 16}px system-ui, sans-serif`;
  ctx.fillStyle = "rgba(0, 0, 0, .6)";
  ctx.fillRect(x, y + h / 2 - 17, w, 34);
  writeOver(ctx, words, x + w / 2, y + h / 2);
  ctx.restore();
}
function paintWork(ctx, scene, racks) {
  const { it, ink } = scene;
  paintExperts(ctx, { ...scene.boxes.map, h: 0 }, it.e, ink);
  const every = Math.ceil(13 / racks.dy);
  for (let slot = 0; slot < it.p; slot += every)
    write(ctx, slot, racks.x - 6, slotBox(racks, 0, slot)[1] + racks.dy / 2, ink.text, "right");
  write(ctx, "slot", 2, racks.y + 6, ink.text, "left");
  const filled = (e, slot) => !it.sparse || it.token[e * it.p + slot] >= 0;
  paintRacks(ctx, racks, { ...scene, filled, labelOf: slotLabel(scene), worked: true });
}
function paintAnswers(ctx, scene) {
  const { it } = scene;
  const { combine } = byExpert(it);
  let most = 0;
  for (let t = 0; t < it.rows; t++) {
    let sum = 0;
    for (let e = 0; e < it.e; e++) sum += combine[t * it.e + e];
    most = Math.max(most, sum);
  }
  most ||= 1;
  const ratio = density();
  const [, , across] = patchOf(scene, 0);
  const long = Math.max(1, Math.ceil((across - 2) * ratio));
  const pixels = new ImageData(long, it.rows);
  const colours = new Uint32Array(pixels.data.buffer).fill(255 << 24);
  for (let t = 0; t < it.rows; t++) {
    let sum = 0;
    for (let e = 0; e < it.e; e++) {
      const weight = combine[t * it.e + e];
      if (!weight) continue;
      const from = Math.round(long * sum / most);
      sum += weight;
      colours.fill(pixelOf(expertColour(e)), t * long + from, t * long + Math.round(long * sum / most));
    }
  }
  const strips = new OffscreenCanvas(long, it.rows);
  contextOf(strips).putImageData(pixels, 0, 0);
  ctx.imageSmoothingEnabled = false;
  for (let t = 0; t < it.rows; t++) {
    const [x, y, dx, dy] = patchOf(scene, t);
    const high = it.words ? 6 : Math.max(Math.min(dy / 4, 14), 2);
    const top = y + dy - high - 1;
    ctx.drawImage(strips, 0, t, long, 1, x + 1, top, dx - 2, high);
    if (high < 11) continue;
    ctx.fillStyle = "#000";
    ctx.fillRect(x + 1, top - 1, dx - 2, 1);
    for (let e = 0, left = x + 1; e < it.e; e++) {
      const wide = (dx - 2) * combine[t * it.e + e] / most;
      if (wide >= 16) writeOver(ctx, e, left + wide / 2, top + high / 2);
      left += wide;
    }
  }
}
function pixelOf(colour) {
  const rgb = parseInt(colour.slice(1), 16);
  return 255 << 24 | (rgb & 255) << 16 | rgb & 65280 | rgb >> 16;
}
function paintBars(ctx, { it, ink }, { name, solid, hatched, line, unit }, { x, w, de }) {
  const gap = de > 8 ? 2 : 0;
  const floor = LOAD;
  const high = LOAD - 44;
  let most = line;
  for (let e = 0; e < it.e; e++) most = Math.max(most, solid[e] + hatched[e]);
  most ||= 1;
  const ruled = floor - high * line / most;
  write(ctx, name, x - 6, floor - high / 2, ink.text, "right");
  const crossed = [];
  const told = [];
  Object.assign(ctx, { strokeStyle: ink.bar, lineWidth: 1 });
  for (let e = 0; e < it.e; e++) {
    const left = x + e * de + gap;
    const wide = Math.max(de - 2 * gap, 0.5);
    const top = floor - high * solid[e] / most;
    ctx.fillStyle = wide > 3 ? expertFill(ctx, e) : expertColour(e);
    ctx.fillRect(left, top, wide, floor - top);
    if (wide > 6) ctx.strokeRect(left + 0.5, top + 0.5, wide - 1, floor - top - 1);
    const more = high * hatched[e] / most;
    if (hatched[e]) crossed.push([left, top - more, wide, more]);
    const number2 = hatched[e] ? `${short2(solid[e])} +${short2(hatched[e])}` : short2(solid[e]);
    const above = top - more - 7;
    const meets = line && Math.abs(above - ruled) < 7;
    if (de >= (hatched[e] ? 40 : 26)) told.push([number2, x + (e + 0.5) * de, meets ? ruled - 8 : above]);
  }
  hatchAll(ctx, crossed);
  for (const [number2, across, down] of told) write(ctx, number2, across, down, ink.text);
  Object.assign(ctx, { strokeStyle: ink.text, lineWidth: 1 });
  ctx.strokeRect(x, floor + 0.5, w, 0);
  if (!line) return;
  dashedRule(ctx, x, ruled, w);
  write(ctx, `${line}${unit}`, x + w + 6, ruled, ink.text, "left");
}
var overlays = {
  /** What the selected expert or slot sees: a square on each token, its area in proportion to the weight. */
  tokens(ctx, scene, at) {
    const { it, map } = scene;
    const { token, expert } = at;
    if (expert >= 0) {
      const each = weightsUnder(it, map, at);
      const least = Math.min(0, ...each);
      const most = Math.max(...each) - least;
      const look = { colour: expertFill(ctx, expert), alpha: 0.75, worded: Boolean(it.words) };
      each.forEach((value, t) => {
        if (value <= 0) return;
        const [x, y, dx, dy] = patchOf(scene, t);
        paintShare(ctx, [x, y, dx, dy], (value - least) / (most || 1), look);
        if (!it.words && !scene.picture && dx > 18) writeOver(ctx, labelOf(scene, t, dx), x + dx / 2, y + dy / 2);
      });
    }
    if (token >= 0) ring(ctx, ...patchOf(scene, token));
  },
  /** The selected row and column, and those cells of them that the status line explains. */
  map(ctx, { it, map, step, boxes: { map: box, twin, racks } }, { token, expert, slot }, explained) {
    if (step === "compute" && racks) {
      const { cells: cells2 } = explained;
      if (expert >= 0 && slot < 0) ringExpert(ctx, box, expert, TOP2 + racks.h + 4);
      for (const cell2 of cells2) if (cell2.slot >= 0) ring(ctx, ...slotBox(racks, cell2.expert, cell2.slot));
      return;
    }
    const own = map.short ? 1 : it.p;
    const spanOf = ({ expert: e, slot: p }) => map.short || p < 0 || p >= it.p ? { from: e * own, count: own } : { from: e * own + p, count: 1 };
    const { token: row2, cells } = explained;
    const here = row2 !== null && row2 >= 0 && row2 < it.rows;
    const marked = {
      row: token,
      columns: expert >= 0 ? spanOf({ expert, slot }) : null,
      cells: here ? cells.map((cell2) => ({ row: row2, columns: spanOf(cell2) })) : []
    };
    for (const each of twin ? [box, twin] : [box]) ringPlaces(ctx, each, marked);
  },
  experts(ctx, { it, step, boxes: { map, racks } }, { expert }, { cells }) {
    if (!showsExperts(it, step)) return;
    const shown = racks && step === "dispatch" ? racks : null;
    if (expert >= 0) ringExpert(ctx, map, expert, LOAD);
    if (shown) {
      for (const cell2 of cells) if (cell2.slot >= 0) ring(ctx, ...slotBox(shown, cell2.expert, cell2.slot));
    }
  }
};
function weightsUnder(it, { values, columns, short: few }, { expert, slot }) {
  const one = !few && slot >= 0 && slot < it.p;
  const from = few ? expert : expert * it.p + (one ? slot : 0);
  const to = few || one ? from + 1 : from + it.p;
  return Array.from(
    { length: it.rows },
    (_, t) => values.subarray(t * columns + from, t * columns + to).reduce((a, x) => a + x, 0)
  );
}
function markLast(ctx, panel2, scene) {
  const { it, ids } = scene;
  const { map } = scene.boxes;
  const { last: last2 } = scene.serving;
  if (!last2) return;
  const own = last2.token - it.first;
  const mine = own >= 0 && own < it.rows;
  const away = last2.place >= it.p;
  if (panel2 === "tokens" && mine) ring(ctx, ...patchOf(scene, own));
  const left = map.x + last2.expert * map.de;
  const top = map.y + own * map.dy;
  if (panel2 === "map" && mine) ring(ctx, left + (away ? 0 : last2.place * map.dx), top, away ? map.de : map.dx, map.dy);
  if (panel2 !== "experts") return;
  ringExpert(ctx, map, last2.expert, LOAD);
  if (!away) return;
  const words = `${numberOf(it, last2.token, ids)} turned away`;
  const half = ctx.measureText(words).width / 2 + 2;
  const middle = Math.min(Math.max(map.x + (last2.expert + 0.5) * map.de, map.x + half), map.x + map.w - half);
  writeOver(ctx, words, middle, 8);
}

// js/router_explorer/patches.js
var MOST2 = 8;
var CHANNELS = 3;
function smallPatches({ width, height, channels, bytes }, [rows, columns], ids, count, side) {
  const [w, h] = [width / columns, height / rows];
  const out = new Float32Array(count * side * side * CHANNELS);
  for (let t = 0, to = 0; t < count; t++) {
    const place = ids.length ? ids[t] : t;
    const [left, top] = [place % columns * w, Math.floor(place / columns) * h];
    for (let y = 0; y < side; y++)
      for (let x = 0; x < side; x++)
        for (let c = 0; c < CHANNELS; c++, to++)
          out[to] = meanOf(left + x * w / side, top + y * h / side, w / side, h / side, c);
  }
  return out;
  function meanOf(left, top, wide, high, channel) {
    let sum = 0;
    let pixels = 0;
    for (let y = Math.floor(top); y < Math.max(top + high - 1e-6, Math.floor(top) + 1); y++)
      for (let x = Math.floor(left); x < Math.max(left + wide - 1e-6, Math.floor(left) + 1); x++, pixels++)
        sum += bytes[(y * width + x) * channels + (channels === 3 ? channel : 0)];
    return sum / pixels;
  }
}
function slotPictures(pictureOf2, grid, ids) {
  const patches = /* @__PURE__ */ new Map();
  const atlases = /* @__PURE__ */ new WeakMap();
  const first = pictureOf2(0);
  const side = first ? Math.max(1, Math.min(MOST2, Math.floor(first.width / grid[1]), Math.floor(first.height / grid[0]))) : 0;
  const size = side * side * CHANNELS;
  function patchesOf(image, count) {
    const known = patches.get(image);
    if (known) return known;
    const picture = pictureOf2(image);
    const made = picture ? smallPatches(picture, grid, ids, count, side) : new Float32Array(0);
    patches.set(image, made);
    return made;
  }
  return function atlasOf(it) {
    if (!first) return null;
    const known = atlases.get(it.loads);
    if (known) return known;
    const { s, n, rows, images, image } = it;
    const all = Array.from({ length: images }, (_, i) => patchesOf(images === 1 ? image : i, rows));
    const mixed = new Float32Array(s * size);
    if (it.sparse)
      it.token.forEach((t, slot) => {
        if (t < 0) return;
        const from = t % rows * size;
        mixed.set(all[Math.floor(t / rows)].subarray(from, from + size), slot * size);
      });
    else
      for (let t = 0; t < n; t++) {
        const own = all[Math.floor(t / rows)].subarray(t % rows * size, (t % rows + 1) * size);
        for (let slot = 0, to = 0; slot < s; slot++) {
          const weight = it.dispatch[t * s + slot];
          for (let i = 0; i < size; i++, to++) mixed[to] += weight * own[i];
        }
      }
    const pixels = new ImageData(s * side, side);
    for (let slot = 0; slot < s; slot++)
      for (let i = 0; i < side * side; i++) {
        const to = 4 * (Math.floor(i / side) * s * side + slot * side + i % side);
        for (let c = 0; c < CHANNELS; c++) pixels.data[to + c] = mixed[slot * size + i * CHANNELS + c];
        pixels.data[to + 3] = 255;
      }
    const canvas = new OffscreenCanvas(s * side, side);
    contextOf(canvas).putImageData(pixels, 0, 0);
    const atlas = { side, canvas };
    atlases.set(it.loads, atlas);
    return atlas;
  };
}

// js/router_explorer/serving.js
var JUMPS = {
  none: () => 0,
  all: ({ total: total2 }) => total2,
  previous: ({ upTo }) => Math.max(upTo - 1, 0),
  next: ({ upTo, total: total2 }) => Math.min(upTo + 1, total2),
  away: ({ away, upTo }) => away || upTo
};
function bindServing(view, status, progress, follow) {
  const { part: part2, input, on } = view;
  let timer = 0;
  const serve = (served) => view.send({ served, ...follow(served) });
  function stop2() {
    clearInterval(timer);
    timer = 0;
    status.setAttribute("aria-live", "polite");
  }
  function play() {
    const now = progress();
    if (timer || !now) {
      stop2();
      view.schedule();
      return;
    }
    if (matchMedia("(prefers-reduced-motion: reduce)").matches) {
      serve(now.total);
      const all = `all ${many(now.total, "choice")} were served at once`;
      view.note = `Motion is reduced: ${all}. "Next choice" serves them one by one.`;
      return;
    }
    serve(now.upTo === now.total ? 0 : now.upTo);
    status.setAttribute("aria-live", "off");
    timer = setInterval(advance, Math.min(Math.max(12e3 / now.total, 60), 700));
  }
  function advance() {
    const now = progress();
    if (now) serve(Math.min(now.upTo + 1, now.total));
    if (!now || now.upTo + 1 >= now.total) stop2();
  }
  function show(now) {
    part2("serving").hidden = !now;
    if (!now) return stop2();
    const { upTo, total: total2, away } = now;
    part2("away").setAttribute("aria-disabled", String(!away));
    Object.assign(input("served"), { max: total2, value: upTo });
    part2("served").setAttribute("aria-valuetext", `${upTo} of ${total2}`);
    part2("count").textContent = `${upTo} of ${many(total2, "choice")} served`;
    part2("play").textContent = timer ? "Pause" : "Play";
    for (const name of ["none", "previous"]) part2(name).setAttribute("aria-disabled", String(upTo === 0));
    for (const name of ["next", "all"]) part2(name).setAttribute("aria-disabled", String(upTo === total2));
  }
  for (const [name, jump] of Object.entries(JUMPS))
    on(part2(name), "click", () => {
      stop2();
      const now = progress();
      if (now) serve(jump(now));
    });
  on(part2("served"), "input", () => {
    stop2();
    serve(Number(input("served").value));
  });
  on(part2("play"), "click", play);
  return { show, stop: stop2 };
}

// js/router_explorer/small.js
function isRoot({ it, step, map, twin }, shading, box) {
  if (step === "score" || step === "compute" || showsBars(it, step, box)) return false;
  const gates = map.short ? selectable(it) : null;
  const even = map.short ? it.e : step === "combine" ? it.s : it.n;
  const extremes = gates && step === "select" ? { least: 0, most: largestFinite(gates, 0) } : map;
  const mixed = !it.sparse || gates !== null;
  return isRootScale(extremes, 1 / even, mixed, shading) || twin !== null && isRootScale(twin, 1 / it.s, true, shading);
}
var isMagnified = ({ step, boxes }) => step !== "compute" && isSmall(boxes.map);
function sheetOf({ it, step, map, twin, ids, ink, root, reach, boxes }, side) {
  const shown = side === "twin" && twin ? twin : map;
  const gates = step === "select" ? selectable(it) : null;
  return {
    values: gates ?? shown.values,
    rows: it.rows,
    columns: map.columns,
    own: map.short ? 1 : it.p,
    slotted: !map.short,
    least: shown.least,
    most: gates ? largestFinite(gates, 0) : Math.max(map.most, twin?.most ?? -Infinity),
    root,
    reach,
    // Below the image and the words there is less room than below the map.
    lines: reach < boxes.sizes.map[0] ? 5 : 7,
    ink,
    tokenOf: (row2) => row2,
    rowOf: (token) => token,
    nameOf: (row2) => ids[row2] ?? row2
  };
}
function centreOf({ it, serving: { last: last2 } }, sheet, at, explained) {
  const rowed = (row2) => row2 !== null && row2 >= 0 && row2 < it.rows;
  const column = (expert, slot) => expert * sheet.own + (sheet.slotted ? Math.min(slot < 0 ? Math.floor(it.p / 2) : slot, it.p - 1) : 0);
  const [cell2] = explained?.cells ?? [];
  if (cell2 && explained && (cell2.slot >= 0 || at.expert < 0) && rowed(explained.token))
    return { row: (
      /** @type {number} */
      explained.token
    ), column: column(cell2.expert, cell2.slot) };
  if (!explained && last2 && rowed(last2.token - it.first))
    return { row: last2.token - it.first, column: column(last2.expert, last2.place) };
  return heaviest(sheet, at);
}

// js/router_explorer/words.js
var mi = (x) => `<mi>${x}</mi>`;
var mn = (x) => `<mn>${x}</mn>`;
var mo = (x) => `<mo>${x}</mo>`;
var mt = (x) => `<mtext>${x}</mtext>`;
var low = (x, ...below2) => `<msub>${x}<mrow>${below2.join(mo(","))}</mrow></msub>`;
var over = (a, b) => `<mfrac><mrow>${a}</mrow><mrow>${b}</mrow></mfrac>`;
var total = (index, inner) => `<munder>${mo("∑")}${index}</munder>${inner}`;
var row = (...parts) => `<mrow>${parts.join("")}</mrow>`;
var is = (a, ...b) => row(a, mo("="), ...b);
var call = (f, ...of) => row(f, mo("("), ...of, mo(")"));
var [T, S, E] = ["t", "s", "e"].map(mi);
var TOKEN = low(mi("x"), T);
var SLOT = low(mi("slot"), S);
var score = (...at) => low(mi("score"), ...at);
var raised = (...at) => call(mi("exp"), score(...at));
var DISPATCH = low(mi("D"), T, S);
var COMBINE = low(mi("C"), T, S);
var GATE = low(mi("g"), T, E);
var ANSWER = low(mi("answer"), S);
var EXPERT = call(low(mi("f"), E), TOKEN);
var OUTPUT = low(mi("y"), T);
var TO_SLOTS = [is(SLOT, total(T, row(DISPATCH, TOKEN))), "slots = routing.to_slots(x)"];
var ONE_TOKEN = [is(SLOT, TOKEN), "slots = routing.to_slots(x)"];
var COMPUTE = [is(ANSWER, call(low(mi("f"), E), SLOT)), "answers = experts(slots)"];
var TO_TOKENS = "y = routing.to_tokens(answers)";
var NO_SCORES = [is(score(T, S), mn(0)), "logits = x.new_zeros(b, n, e, p)"];
var IDLE = [mt("nothing to compute"), "# nothing to do"];
var EXPERT_SCORES = [is(score(T, E), mi("scale"), mo("·"), TOKEN, mo("·"), low(mi("w"), E)), "logits = x @ w_gate"];
var GATES = [is(GATE, over(raised(T, E), total(mi("e′"), raised(T, mi("e′"))))), "gates = logits.softmax(-1)"];
var TAKEN = [is(OUTPUT, total(mt("e that took t"), row(GATE, EXPERT))), TO_TOKENS];
var ROUNDED_UP = is(
  mi("capacity"),
  row(mo("⌈"), over(row(mi("n"), mo("·"), mi("k"), mo("·"), mi("factor")), mi("e")), mo("⌉"))
);
var GAP3 = '<mspace width="0.3em"></mspace>';
var MOST_ASKED = is(mi("slots"), `<munder>${mo("max")}${mi("e")}</munder>${GAP3}`, low(mi("asked"), E));
var EMPTY_COSTS = "Every expert computes all its slots. An empty slot costs as much as a full one.";
var overTokens = is(DISPATCH, over(raised(T, S), total(mi("t′"), raised(mi("t′"), S))));
var overSlots = is(COMBINE, over(raised(T, S), total(mi("s′"), raised(T, mi("s′")))));
var [evenTokens, evenSlots] = [
  [DISPATCH, "n"],
  [COMBINE, "s"]
].map(([x, n]) => is(x, over(mn(1), mi(n))));
var both = (a, b) => row(a, '<mspace width="1.5em"></mspace>', b);
function cardOf(settings, step) {
  const { router, top_k, gating, priority, capacity_factor } = settings;
  if (router === "tokens choice") return tokensChoiceCards(top_k, gating, priority, capacity_factor === null)[step];
  return { "experts choice": EXPERTS_CHOICE, identity: IDENTITY }[router]?.[step] ?? softCards(router)[step];
}
function softCards(router) {
  const [first, second] = { uniform: ["uniform", "uniform"], soft: ["soft", "soft"] }[router] ?? router.split(" / ");
  const learned = router !== "uniform";
  const normalised = {
    soft: "The same scores are read twice. Left: down each column, over tokens, they become dispatch. Right: along each row, over all slots, they become combine.",
    uniform: "Equal scores make equal weights: 1/n for every token of a slot, 1/s for every slot of a token.",
    "uniform / soft": "Dispatch does not read the scores: every token of a slot counts 1/n. Combine is the softmax of each row, over slots.",
    "soft / uniform": "Dispatch is the softmax of each column, over tokens. Combine does not read the scores: every slot counts 1/s."
  };
  const weights = both(first === "soft" ? overTokens : evenTokens, second === "soft" ? overSlots : evenSlots);
  const cosine = is(score(T, S), mi("scale"), mo("·"), call(mi("cos"), TOKEN, mo(","), low(mi("φ"), S)));
  return {
    score: learned ? ["Every token is compared with every slot: one score each.", cosine, "logits = router.score(x)"] : ["Nothing is compared: every token counts alike for every slot.", ...NO_SCORES],
    normalise: [normalised[router], weights, "dispatch = dispatch_weights(logits); combine = combine_weights(logits)"],
    select: [
      "Nothing happens here, and that is the point: every weight stays, no token is dropped, no expert is full.",
      ...IDLE
    ],
    dispatch: ["Every slot is filled with a mix of all tokens, by the weights of its column.", ...TO_SLOTS],
    compute: [
      "Every expert computes its slots. The cost depends on how many slots there are, not on the tokens.",
      ...COMPUTE
    ],
    combine: [
      "Every token is answered with a mix of all slots, by the weights of its row.",
      is(OUTPUT, total(S, row(COMBINE, ANSWER))),
      TO_TOKENS
    ]
  };
}
function tokensChoiceCards(top_k, gating, priority, dropless) {
  const late = gating === "top_k_then_softmax";
  const chosen = top_k === 1 ? "expert" : `${top_k} experts`;
  const scaled = {
    gshard: " Its gates are then divided by their sum.",
    top_k_then_softmax: " The softmax is taken now, over the chosen scores alone."
  }[gating] ?? "";
  const order = priority === "gate" ? "the token with the largest gate first" : "the first token first";
  const later = top_k > 1 ? ", all first choices before all second ones" : "";
  return {
    score: ["Every token is compared with every expert: one score each.", ...EXPERT_SCORES],
    normalise: [
      late ? "This gating normalises after the selection. Drawn is the softmax over all experts, which only orders tokens." : "The softmax over experts makes gates: each row sums to 1.",
      ...GATES
    ],
    select: [
      `Every token chooses the ${chosen} with its highest scores, equal ones by number.${scaled}`,
      is(call(mi("choices"), T), call(low(mi("top"), mi("k")), score(T))),
      "experts, gates = choose_experts(logits, top_k, gating)"
    ],
    dispatch: [
      `Choices are served one by one, ${order}${later}. ` + (dropless ? "No expert is ever full: there are as many slots as the busiest one needs." : "A full expert turns the next one away."),
      dropless ? MOST_ASKED : ROUNDED_UP,
      `token, gate = assign_tokens(experts, gates, num_experts, ${dropless ? "capacity=None" : "capacity"})`
    ],
    compute: dropless ? [
      "Every expert computes the tokens that it was sent and nothing else: no slot is empty.",
      is(ANSWER, call(low(mi("f"), E), SLOT)),
      "answers = experts.rows(rows, count)"
    ] : [EMPTY_COSTS, ...COMPUTE],
    combine: [
      "Every token gets the answers of the experts that took it, each times its gate. A dropped token gets exactly 0: only the residual connection carries it on.",
      ...TAKEN
    ]
  };
}
var EXPERTS_CHOICE = {
  score: ["Every token is compared with every expert: one score each.", ...EXPERT_SCORES],
  normalise: ["The softmax over experts makes gates: each row sums to 1.", ...GATES],
  select: [
    "Every expert takes the tokens with the highest gates of its column, as many as it has slots; equal ones by position.",
    is(call(mi("tokens"), E), call(low(mi("top"), mi("capacity")), low(mi("g"), E))),
    "token, gate = assign_experts(gates, capacity)"
  ],
  dispatch: [
    "Every slot holds one whole token. A token can be with several experts, or with none: then it is dropped.",
    ...ONE_TOKEN
  ],
  compute: ["Every expert computes its slots, and all are full: no expert waits, none turns a token away.", ...COMPUTE],
  combine: [
    "Every token gets the answers of the experts that took it, each times its gate. A token that no expert took gets exactly 0.",
    ...TAKEN
  ]
};
var IDENTITY = {
  score: ["Identity looks at no token: there is nothing to score.", ...IDLE],
  normalise: ["Without scores there is nothing to normalise.", ...IDLE],
  select: [
    "Tokens are dealt in turn: token t goes to expert t mod e, whatever it holds.",
    is(call(mi("expert"), T), T, mt("&nbsp;mod&nbsp;"), mi("e")),
    "token = torch.arange(e * p).view(p, e).mT"
  ],
  dispatch: ["Every slot holds one whole token; nothing is mixed, nothing dropped.", ...ONE_TOKEN],
  compute: [EMPTY_COSTS, ...COMPUTE],
  combine: ["Every token gets the answer of its own slot alone, with weight 1.", is(OUTPUT, EXPERT), TO_TOKENS]
};
function marksTold(it, step) {
  const at = STEPS.indexOf(step);
  if (step === "combine") return " Lower edges: how much of its answer comes from each expert.";
  if (!it.sparse || at < 2) return "";
  if (step === "select" && it.chosen) return " Corners: the experts that the token asks.";
  return " Corners: the experts that took the token.";
}
function loadTold(it, step) {
  const of = it.images > 1 ? ` of the ${it.images} ${nounOf(it)}s of the batch` : "";
  const slots = many(it.p, "slot");
  const line = it.dropless ? `what the busiest one asks for, ${slots}` : `its capacity of ${slots}`;
  if (step === "select" && it.chosen)
    return `Choices${of} that each expert is asked by; dashed line: ${line}; hatched: more than fit.`;
  if (step === "select") return `Tokens${of} that each expert takes; dashed line: ${line}.`;
  if (step === "combine") return `Combine weights of this ${nounOf(it)}'s tokens, summed for each expert.`;
  if (step === "compute") return workTold(it, of);
  if (!it.sparse) return `Each slot is a mix of all tokens${of}, by the weights of its column.`;
  return `What each slot holds, of the tokens${of}; ${it.dropless ? `slots: ${line}` : `capacity: ${slots}`}.`;
}
function workTold(it, of) {
  const each = 2 * it.dim * it.hiddenDim;
  const one = `A slot costs 2 x ${it.dim} x ${it.hiddenDim} = ${large(each)} MACs`;
  if (!it.sparse) return `Slots${of} that each expert computes, all of them full. ${one}.`;
  if (it.dropless) return `Slots${of} that each expert computes: only those that hold a token. ${one}.`;
  const empty = it.s - it.loads.expert.reduce((a, x) => a + x, 0);
  const wasted = empty ? `${empty} of ${it.s} are empty: ${large(empty * each)} MACs are paid for nothing` : "none is empty";
  return `Slots${of} that each expert computes; hatched: empty ones. ${one}; ${wasted}.`;
}

// js/router_explorer/router_explorer.js
function render({ model, el }) {
  const exports = { csv: rowsNow, named: ["router", "step", "image_index"] };
  const options = { name: "explorer router-explorer", prefix: "explorer", page: PAGE2, draw, exports, link };
  const view = mount({ model, el }, options);
  const { part: part2, canvas, ground, input, select, button: button2, root, send, on } = view;
  const sizes = model.get("_sizes");
  const ids = model.get("_ids");
  const grid = model.get("_grid");
  const labels = model.get("_labels");
  const texts = model.get("_words");
  const pictures = model.get("_pictures");
  const limits = model.get("_limits");
  const focus = model.get("_focus");
  const inFocus = (name) => !focus.length || focus.includes(name);
  const batch = batchOf(floats(model.get("_logits")), sizes);
  const follow = bindKnobs(view, stopsOf(KNOBS, limits), fitChoices);
  const radios = `router-explorer-${crypto.getRandomValues(new Uint32Array(1))}`;
  const keepNow = keeper(2);
  const keepPinned = keeper(1);
  const atlasOf = slotPictures(pictureOf2, grid, ids);
  let scene = null;
  let painted = "";
  let marked = "";
  let lookOfTokens = "";
  let hover = NOTHING;
  let shows = true;
  let paper = null;
  let controlled = "";
  let slow = 0;
  let mates = null;
  let compared = "";
  let pointed = null;
  let half = "map";
  const holder = (name) => (
    /** @type {HTMLElement} */
    part2(name).parentElement
  );
  const status = (
    /** @type {HTMLElement} */
    root.querySelector("[role=status]")
  );
  const ramp = (
    /** @type {HTMLElement} */
    root.querySelector(".router-explorer-ramp i")
  );
  ramp.style.background = RAMP_CSS;
  if (focus.length) {
    root.classList.add("router-explorer-focused");
    for (const name of focus) if (part2("more").contains(part2(name))) part2("more").before(holder(name));
  }
  for (const step of STEPS) input(step).name = radios;
  for (const shading of SHADINGS) input(shading).name = `${radios}-shading`;
  if (texts.length) {
    holder("image_index").children[0].textContent = input("image_index").ariaLabel = "Text";
    input("image_index-number").ariaLabel = "Text, typed";
  }
  if (ids.length) {
    part2("sampled").hidden = false;
    part2("sampled").textContent = `${exact(sizes.tokens)} tokens of an image are more than can be drawn: ${exact(sizes.n)} of each, evenly spaced, are routed and drawn; capacities, loads and MACs are of these.`;
  }
  const serving = bindServing(
    view,
    status,
    () => scene && servingOf(scene.it, model.get("served")),
    /** @type {(served: number) => Record<string, number>} */
    (served) => {
      const last2 = scene && scene.it.images > 1 && scene.it.arrivals?.[0][served - 1];
      return scene && last2 ? { image_index: Math.floor(last2.token / scene.it.rows) } : {};
    }
  );
  function traitsOf(get) {
    const all = model.get("_limits");
    const upTo = (name, most) => (
      /** @type {Limits} */
      [all[name][0], Math.min(all[name][1], most), true, false]
    );
    return {
      ...LISTS,
      step: STEPS,
      num_experts: all.num_experts,
      ...all,
      top_k: upTo("top_k", get("num_experts")),
      expert: upTo("expert", get("num_experts") - 1),
      slot: upTo("slot", get("expert") < 0 ? -1 : Infinity)
    };
  }
  function link(get) {
    return { ...traitsOf(get), shading: [...SHADINGS], pinned: { beside: settingsOf } };
  }
  function settingsOf(get) {
    const all = traitsOf(get);
    return Object.fromEntries(SETTINGS.map((name) => [name, all[name]]));
  }
  function rowsNow() {
    const head = ["token", "expert", "slot", model.get("step")];
    if (!scene) return [head];
    const { it, map } = scene;
    const own = map.short ? 1 : it.p;
    const rows = Array.from(map.values, (value, at) => {
      const [row2, column] = [Math.floor(at / map.columns), at % map.columns];
      return [ids[row2] ?? row2, Math.floor(column / own), map.short ? null : column % own, value];
    });
    return [head, ...rows];
  }
  const settingsNow = () => (
    /** @type {Settings} */
    Object.fromEntries(SETTINGS.map((name) => [name, model.get(name)]))
  );
  const routed = (keep, settings, image) => keep(JSON.stringify([settings, image]), () => {
    const it = explore(batch, settings, image);
    return it.error === void 0 && texts.length ? { ...it, words: texts } : it;
  });
  const known = (at, { rows, e, p }) => within(at, { hasToken: (t) => t < rows, experts: e, slots: p });
  const pinned = (it) => {
    const at = known(pinnedIn(model), it);
    return there(at) ? at : null;
  };
  const example = (it) => {
    const waits = model.get("step") === "dispatch" && it.arrivals && model.get("served") >= 0;
    return shows && !waits && !there(known(hover, it)) ? { ...NOTHING, token: exampleOf(it) } : null;
  };
  const selection = (it) => pinned(it) ?? example(it) ?? known(hover, it);
  function fitChoices(values) {
    const { top_k = model.get("top_k"), num_experts = model.get("num_experts") } = values;
    if (top_k <= num_experts) return values;
    return "top_k" in values ? { top_k, num_experts: top_k } : { num_experts, top_k: num_experts };
  }
  function showControls(settings) {
    const step = model.get("step");
    follow();
    const key = JSON.stringify([settings, step, model.get("shading")]);
    if (key === controlled) return;
    controlled = key;
    const listens = listensTo(settings.router);
    for (
      const name of
      /** @type {List[]} */
      Object.keys(LISTS)
    ) {
      fillList(select(name), LISTS[name], settings[name]);
      holder(name).hidden = listens[name] === false || !inFocus(name);
    }
    for (const [name, [least, most]] of Object.entries(limits))
      if (KNOBS[name]) holder(name).hidden = listens[name] === false || least === most || !inFocus(name);
    for (const each of STEPS) input(each).checked = each === step;
    for (const each of SHADINGS) input(each).checked = each === model.get("shading");
    const [words, equation, code] = cardOf(settings, step);
    part2("words").textContent = words;
    if (part2("equation").dataset.of !== equation) {
      part2("equation").innerHTML = `<math display="block">${equation}</math>`;
      part2("equation").dataset.of = equation;
    }
    part2("code").textContent = code;
    part2("further").textContent = furtherTold(settings.num_experts, sizes.e);
    part2("further").hidden = settings.num_experts <= sizes.e;
  }
  function readPage() {
    const wide = root.clientWidth > 700;
    const controls = (
      /** @type {HTMLDetailsElement} */
      part2("controls")
    );
    if (wide || paper?.wide !== false) controls.open = wide;
    if (wide) part2("told").removeAttribute("tabindex");
    else part2("told").tabIndex = 0;
    const [tokensWidth, mapWidth] = ["tokens", "map"].map((name) => part2(name).clientWidth);
    return { ink: view.ink(), tokensWidth, mapWidth, wide };
  }
  function draw(stale) {
    const settings = settingsNow();
    const image = model.get("image_index");
    const step = model.get("step");
    const kept = model.get("pinned");
    const it = routed(keepNow, settings, image);
    const served = step === "dispatch" ? model.get("served") : -1;
    showControls(settings);
    const failed = it.error !== void 0;
    if (failed !== part2("drawn").hidden)
      for (const name of ["seen", "drawn", "numbers", "side", "batch"]) part2(name).hidden = failed;
    if (it.error !== void 0) {
      scene = null;
      paper = null;
      painted = marked = lookOfTokens = part2("pin").textContent = "";
      part2("serving").hidden = part2("magnified").hidden = button2("free").hidden = true;
      return view.say(`These settings cannot be routed: ${it.error}.`);
    }
    serving.show(step === "dispatch" && it.arrivals ? servingOf(it, served) : null);
    if (stale || !paper) paper = readPage();
    const { tokensWidth, mapWidth } = paper;
    if (tokensWidth < 50 || mapWidth < 150) {
      paper = null;
      return;
    }
    const key = JSON.stringify([settings, image, step, served, kept, model.get("shading"), paper, surface()]);
    const now = key === painted && scene ? scene : paint(lookAt(it, step, served), kept, tokensWidth, mapWidth);
    scene = now;
    painted = key;
    const at = selection(it);
    const held = pinned(it);
    const mine = key + JSON.stringify([at, held, shows, half]);
    if (mine === marked && !view.note) return;
    marked = view.note ? "" : mine;
    mark(now);
    view.say(lineOf(it, step, now.map, at, { served, ids, grid }));
    const shown = !held && example(it);
    write2("pin", held ? "Pinned." : shown ? "An example: point at anything else." : "");
    button2("free").hidden = !held && !shown;
    button2("free").textContent = held ? "Unpin" : "Hide the example";
  }
  function mark(now) {
    const { it, step, map, served } = now;
    const at = selection(it);
    const explained = there(at) ? placeAt(it, step, map, at, served) : null;
    for (const name of PANELS) {
      if (name === "experts" && !showsExperts(it, step)) continue;
      const ctx = fit(canvas(name), ...now.boxes.sizes[name]);
      if (name === "map") magnify(now, at, explained);
      if (explained) overlays[name](ctx, now, at, explained);
      else markLast(ctx, name, now);
      const box = half === "twin" && now.boxes.twin ? now.boxes.twin : now.boxes.map;
      if (name === "map" && now.window) outlineWindow(ctx, box, now.window, now.ink);
    }
  }
  function magnify(now, at, explained) {
    if (!isMagnified(now)) {
      now.window = null;
      return;
    }
    const sheet = sheetOf(now, half);
    const [width, height] = sizeOf(sheet);
    const before = pointed === "magnifier" ? now.window : null;
    now.window = windowOf(sheet, centreOf(now, sheet, at, explained), before);
    paintMagnifier(fit(ground("magnifier"), width, height), sheet, now.window, at);
    canvas("magnifier").style.height = `${height}px`;
    write2("magnified-title", now.twin ? `Magnifier: ${half === "twin" ? "combine" : "dispatch"}` : "Magnifier");
  }
  const lookAt = (it, step, served) => ({
    it,
    step,
    served,
    ink: paper?.ink ?? view.ink(),
    grid,
    ids,
    picture: pictureOf2(it.image),
    map: mapOf(it, step, served),
    twin: !it.sparse && step === "normalise" ? mapOf(it, "combine", -1) : null,
    root: false,
    serving: servingOf(it, served),
    fates: fatesOf(it, step, served),
    atlas: step === "dispatch" || step === "compute" ? atlasOf(it) : null
  });
  function pictureOf2(image) {
    if (!("data" in pictures)) return null;
    const size = pictures.width * pictures.height * pictures.channels;
    return { ...pictures, bytes: octets(pictures.data).subarray(image * size, (image + 1) * size) };
  }
  function paint(looked, kept, tokensWidth, mapWidth) {
    const { it, step } = looked;
    const mostHigh = paper?.wide ? 364 : Math.min(0.45 * window.innerHeight, 364);
    const boxes = layout(looked, tokensWidth, mapWidth, mostHigh);
    const curved = isRoot(looked, model.get("shading"), boxes.map);
    const reach = paper?.wide ? tokensWidth : mapWidth;
    const now = { ...looked, boxes, root: curved, reach, window: scene?.step === step ? scene.window : null };
    part2("magnified").hidden = !isMagnified(now);
    const column = paper?.wide ? part2("seen").parentElement : part2("drawn");
    if (part2("magnified").parentElement !== column) column?.append(part2("magnified"));
    const bare = !showsExperts(it, step);
    for (const element of [part2("experts").parentElement, part2("load-note")])
      if (element && element.hidden !== bare) element.hidden = bare;
    const marks = tokensLook(now);
    for (const name of PANELS) {
      if (bare && name === "experts" || name === "tokens" && marks === lookOfTokens) continue;
      grounds[name](fit(ground(name), ...now.boxes.sizes[name]), now);
    }
    lookOfTokens = marks;
    describe(now);
    const was = "router" in kept ? (
      /** @type {Settings} */
      kept
    ) : null;
    const before = was && routed(keepPinned, was, it.image);
    for (const name of ["was", "change", "forget"]) part2(name).hidden = !was;
    const trouble = before?.error ? ` ${before.error}.` : "";
    part2("pinned").textContent = was ? `Before: ${differenceOf(it.settings, was)}.${trouble}` : "";
    fillFigures(part2("figures"), it, before);
    clearTimeout(slow);
    slow = setTimeout(compare, 60);
    return now;
  }
  function tokensLook({ it, step, served, fates }) {
    const marks = step === "normalise" ? "score" : step === "compute" ? "dispatch" : step;
    const lost = fates.reduce((all, lose, t) => lose ? `${all} ${t}` : all, "");
    return JSON.stringify([it.settings, it.image, marks, served, lost, paper, surface()]);
  }
  function describe({ it, step, map, twin, fates, boxes, root: curved }) {
    const lost = fates.reduce((a, x) => a + x, 0);
    const across = map.short ? many(it.e, "expert") : `${many(it.e, "expert")} x ${many(it.p, "slot")}`;
    const tokensBy = `${many(it.rows, "token")} (rows) by ${across} (columns)`;
    const titles = {
      score: `score: ${tokensBy}`,
      normalise: it.sparse ? `gates: ${tokensBy}` : `dispatch (left) and combine (right): ${tokensBy}`,
      select: it.sparse ? `selected, bright among all gates: ${tokensBy}` : `dispatch: ${tokensBy}`,
      dispatch: `dispatch: ${tokensBy}`,
      compute: `what the experts compute: ${many(it.p, "slot")} (rows) of ${many(it.e, "expert")} (columns)`,
      combine: `combine: ${tokensBy}`
    };
    const label = labels.length ? `: ${labels[it.image]}` : "";
    write2("tokens-title", `${"data" in pictures ? "Image" : `Tokens of ${nounOf(it)}`} ${it.image}${label}`);
    write2("map-title", titles[step]);
    part2("ramp").hidden = step === "compute" || step === "select" && it.sparse || showsBars(it, step, boxes.map);
    write2("least", four2(map.least));
    const most = Math.max(map.most, twin?.most ?? -Infinity);
    write2("most", four2(most));
    write2("middle", curved ? four2(middleOf({ least: map.least, most })) : "");
    write2("shading", curved ? ON_ROOT : "");
    part2("shading").hidden = !curved;
    const later = it.router === "identity" ? "No token is dropped: each has a slot." : `No token has been dropped yet: that happens in step ${it.router === "experts choice" ? 3 : 4}.`;
    const faint = `${lost} of ${many(it.rows, "token")} weigh 0 in every slot, rounded to float32 (hatched).`;
    const gone = `${lost} of ${many(it.rows, "token")} dropped${lost ? " (hatched)" : ""}.`;
    write2("caption", (!fatesKnown(it, step) ? later : !it.sparse && lost ? faint : gone) + marksTold(it, step));
    write2("sums-note", sumsTold(it, step));
    part2("sums-note").hidden = !part2("sums-note").textContent;
    const { upTo, total: total2 } = servingOf(it, step === "dispatch" ? model.get("served") : -1);
    write2("now", upTo < total2 ? "when all are served" : "now");
    write2("load-note", loadTold(it, step));
  }
  function write2(name, words) {
    if (part2(name).textContent !== words) part2(name).textContent = words;
  }
  function compare() {
    const settings = settingsNow();
    const image = model.get("image_index");
    const [side, beside] = ["side", "batch"].map((name) => (
      /** @type {HTMLDetailsElement} */
      part2(name).open
    ));
    const outputs = model.get("_outputs");
    const width = part2("gallery").clientWidth;
    const key = JSON.stringify([settings, image, side, beside, mates, view.ink(), width, outputs]);
    if (key === compared || !scene) return;
    compared = key;
    if (side) {
      fillGallery(part2("gallery"), batch, settings, image, outputs, (router) => send({ router }));
      write2("missing", missingTold(outputs, settings, model.ownsPage ?? false));
      part2("missing").hidden = !part2("missing").textContent;
      askOutputs(settings, outputs);
    }
    if (beside) showMates(settings, image);
  }
  function askOutputs(settings, outputs) {
    const wanted = "of" in outputs && !model.ownsPage && !besideRouter(outputs.of, settings);
    if (!wanted || besideRouter(model.get("_asked"), settings)) return;
    model.set("_asked", settings);
    model.save_changes();
  }
  function showMates(settings, image) {
    button2("shuffle").disabled = button2("swap").disabled = batch.b < 2;
    part2("mates-table").hidden = !mates;
    if (batch.b < 2) part2("mates").textContent = "This batch has one image, which has no mates.";
    else if (!mates) part2("mates").textContent = `The batch has ${batch.b} images; image ${image} keeps its position.`;
    if (batch.b < 2 || !mates) return;
    const members = otherMates(batch.b, image, mates.seed, mates.kind);
    const order = members.length > 24 ? `${members.slice(0, 24).join(", ")}, …` : members.join(", ");
    part2("mates").textContent = `The batch now holds images ${order} (${mates.kind}, seed ${mates.seed}); before, 0 to ${batch.b - 1} in order. Image ${image} is the same, at the same position.`;
    fillMates(part2("mates-rows"), batch, settings, image, members);
  }
  const planOf = ({ it, map, boxes }) => {
    const { tokens } = boxes;
    const sampled = !tokens.words && tokens.columns * tokens.rows > it.rows && ids.length > 0;
    return {
      boxes,
      rows: it.rows,
      experts: it.e,
      own: map.short ? 1 : it.p,
      slotted: !map.short,
      labelled: false,
      tokenOf: (row2) => row2,
      rowOf: (token) => token,
      drawnAt: (place) => sampled ? ids.indexOf(place) : place < it.rows ? place : -1
    };
  };
  function placeIn(now, panel2, x, y) {
    const { racks, twin, map } = now.boxes;
    pointed = panel2;
    if (panel2 === "magnifier") return now.window ? placeWithin(sheetOf(now, half), now.window, x, y) : NOTHING;
    if (panel2 === "map") half = twin && x >= twin.x ? "twin" : "map";
    if (racks && panel2 === (now.step === "compute" ? "map" : "experts")) return slotUnder(racks, x, y);
    return placeUnder(planOf(now), panel2, twin && panel2 === "map" && x >= twin.x ? x - twin.x + map.x : x, y);
  }
  function placeAfter(now, panel2, key) {
    pointed = panel2;
    const at = pinned(now.it) ?? known(hover, now.it);
    if (now.boxes.racks && now.step === "compute" && panel2 === "map") return slotBeyond(now.boxes.racks, key, at);
    return placeBeyond(planOf(now), panel2 === "magnifier" ? "map" : panel2, key, at);
  }
  function pin(at) {
    const now = scene && pinned(scene.it);
    shows = false;
    send(now && same(at, now) ? NOTHING : at);
  }
  function free() {
    shows = false;
    show(null);
    send(NOTHING);
  }
  function show(at) {
    hover = at ?? NOTHING;
    view.settle();
    view.schedule();
  }
  pointAt(
    view,
    /** @type {const} */
    [...PANELS, "magnifier"],
    {
      ready: () => scene,
      under: (panel2, x, y) => scene ? placeIn(scene, panel2, x, y) : NOTHING,
      beyond: (panel2, key) => scene && placeAfter(scene, panel2, key),
      show,
      go: (at) => scene && pinned(scene.it) ? send(at) : show(at),
      take: pin,
      enter: () => pin(scene ? selection(scene.it) : NOTHING),
      free
    }
  );
  button2("formula").ariaExpanded = "false";
  on(part2("formula"), "click", () => {
    button2("formula").ariaExpanded = String(part2("card").toggleAttribute("data-open"));
  });
  on(part2("free"), "click", () => {
    free();
    canvas("map").focus();
  });
  for (const name of Object.keys(LISTS)) on(part2(name), "change", () => send({ [name]: select(name).value }));
  for (const step of STEPS) on(part2(step), "change", () => send({ step }));
  for (const shading of SHADINGS) on(part2(shading), "change", () => send({ shading }));
  on(part2("keep"), "click", () => send({ pinned: settingsNow() }));
  on(part2("forget"), "click", () => {
    send({ pinned: {} });
    part2("keep").focus();
  });
  for (const name of ["side", "batch"]) on(part2(name), "toggle", compare);
  for (const [name, kind] of Object.entries({ shuffle: "shuffled", swap: "swapped" }))
    on(part2(name), "click", () => {
      mates = { kind, seed: (mates?.seed ?? 0) + 1 };
      compare();
    });
  for (const name of [...SETTINGS, "image_index", "step", "served", "shading", "pinned", ...SELECTION])
    model.on(`change:${name}`, view.schedule);
  model.on("change:_outputs", compare);
  return () => {
    serving.stop();
    clearTimeout(slow);
    view.end();
  };
}
var router_explorer_default = { render };
export {
  router_explorer_default as default
};
