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
var ON_DARK = { "#bd1f01": "#ec5b43", "#832db6": "#b678e0", "#a96b59": "#c58a79" };

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
function write(ctx, text, x, y, colour, align = "center") {
  Object.assign(ctx, { fillStyle: colour, textAlign: align });
  ctx.fillText(String(text), x, y);
}
function rule(ctx, x, y, toX, toY) {
  ctx.beginPath();
  ctx.moveTo(x, y);
  ctx.lineTo(toX, toY);
  ctx.stroke();
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
var ARROWS = "← ↑ → ↓";
var ACROSS = "← →";
var keyHints = (keys, touch) => `<p class="explorer-keys"><span class="explorer-typed">${Object.entries(keys).map(
  ([key, what]) => `${key.split(" ").map((each) => `<kbd>${each}</kbd>`).join("")} ${what}`
).join(" · ")}</span><span class="explorer-touched">${touch}</span></p>`;

// js/shared/pointing.js
function pointAt({ canvas, on, catchUp }, panels, { ready, under: under2, beyond, show, go, take, enter, free, shifted }) {
  for (const panel of panels) {
    const target = canvas(panel);
    const at = (event) => {
      const frame = target.getBoundingClientRect();
      return under2(panel, event.clientX - frame.left, event.clientY - frame.top);
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
    place2(at);
  }
  function place2({ left, top, bottom }) {
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

// js/shared/csv.js
function field(value) {
  const text = String(value ?? "");
  return /[",\r\n]/.test(text) || text !== text.trim() ? `"${text.replaceAll('"', '""')}"` : text;
}
var csvOf = (rows) => rows.map((row) => `${row.map(field).join(",")}\r
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
  const ends2 = given.map(({ colour, at }, i) => {
    if (even) return { colour, at: i / Math.max(given.length - 1, 1) };
    return { colour, at: at >= 0 ? at : i ? 1 : 0 };
  });
  return { kind: "ramp", ramp: ends2 };
}
function fractionLine(fraction, frame, fill, alpha) {
  const [over, under2] = [...fraction.children].map((each) => each.getBoundingClientRect());
  if (!over || !under2) return [];
  const { left, width } = fraction.getBoundingClientRect();
  return [
    { kind: "box", x: left - frame.left, y: (over.bottom + under2.top) / 2 - frame.top, w: width, h: 1, fill, alpha }
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

// js/shared/markup.js
var canvases = (name, label) => `<canvas></canvas>
  <canvas data-part="${name}" tabindex="0" ${KEYS} role="application" aria-label="${label}"></canvas>`;
var list = (name, label, about) => `<div class="explorer-list"><span>${about ? term(about, label) : label}</span>
  <select data-part="${name}" aria-label="${label}" ${KEYS}></select></div>`;
var button = (name, label) => `<button type="button" data-part="${name}" ${KEYS}>${label}</button>`;

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
function showPin({ part, root }, pinned) {
  const line = part("pin");
  if (line.hidden === !pinned) return;
  if (!pinned && line.contains(document.activeElement))
    root.querySelector("canvas[tabindex]")?.focus();
  line.hidden = !pinned;
}

// js/shared/words.js
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
  let low = 0;
  let high = seen.length;
  while (high - low > 1) {
    const middle = low + high >> 1;
    if (widthOf(`${seen.slice(0, middle).join("")}…`) <= most) low = middle;
    else high = middle;
  }
  return `${seen.slice(0, low).join("")}…`;
}

// js/run_browser/axis.js
var WIDE = 30;
var short2 = (x) => {
  const size = Math.abs(x);
  if (size && (size < 1e-4 || size >= 1e15)) return x.toExponential(1).replace(".0", "");
  return x.toLocaleString("en-US", { maximumSignificantDigits: 4, notation: size >= 1e5 ? "compact" : "standard" });
};
function roundBetween(low, high, most) {
  const rough = (high - low) / Math.max(most, 1);
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((each) => each * power).find((each) => each >= rough * (1 - 1e-9)) ?? rough;
  const first = Math.ceil(low / step - 1e-9);
  const last2 = Math.floor(high / step + 1e-9);
  return Array.from({ length: last2 - first + 1 }, (_, i) => Number(((first + i) * step).toPrecision(12)));
}
function powersBetween(low, high, most) {
  const base = Math.log10(high / low) < 2 ? 2 : 10;
  const first = Math.ceil(Math.log(low) / Math.log(base) - 1e-9);
  const last2 = Math.floor(Math.log(high) / Math.log(base) + 1e-9);
  const every = Math.max(1, Math.ceil((last2 - first + 1) / most));
  return Array.from(
    { length: Math.max(0, Math.floor((last2 - first) / every) + 1) },
    (_, i) => base ** (first + i * every)
  );
}
function axisOf(values, most, { fixed, log: may = true, edge = 0.06 } = {}) {
  const finite = values.filter(Number.isFinite);
  let low = Math.min(...finite);
  let high = Math.max(...finite);
  if (!finite.length) [low, high] = [0, 1];
  const log = may && low > 0 && high / low >= WIDE;
  if (log) {
    const room2 = (high / low) ** edge;
    const [from2, to2] = [low / room2, high * room2];
    return { from: from2, to: to2, log, ticks: fixed ?? powersBetween(from2, to2, most) };
  }
  if (low === high) [low, high] = low ? [low - Math.abs(low) / 10, high + Math.abs(high) / 10] : [-1, 1];
  const room = (high - low) * edge;
  const [from, to] = [low >= 0 && low < room ? 0 : low - room, high + room];
  return { from, to, log, ticks: fixed ?? roundBetween(from, to, most) };
}
var along = ({ from, to, log }, value) => log ? Math.log(value / from) / Math.log(to / from) : (value - from) / (to - from);
function apart(axis, length, wide) {
  const kept = [];
  const { ticks } = axis;
  for (const tick of [ticks[0], ticks[ticks.length - 1], ...ticks.slice(1, -1)]) {
    if (tick === void 0 || kept.some((each) => each.tick === tick)) continue;
    const at = length * along(axis, tick);
    const half = wide(tick) / 2;
    if (kept.every((each) => Math.abs(each.at - at) >= each.half + half)) kept.push({ tick, at, half });
  }
  return kept.map(({ tick }) => tick).sort((a, b) => a - b);
}

// js/run_browser/looks.js
var corners = (sides, turn, dent = 1) => Array.from({ length: sides }, (_, i) => {
  const angle = turn + 2 * Math.PI * i / sides;
  const far = i % 2 ? dent : 1;
  return [far * Math.cos(angle), far * Math.sin(angle)];
});
var UP = -Math.PI / 2;
var MARKS = [
  [],
  corners(4, Math.PI / 4),
  corners(3, UP),
  corners(4, 0),
  corners(3, -UP),
  corners(8, UP, 0.4),
  corners(6, 0)
];
var STAR = corners(10, UP, 0.45);
var dark = (page) => {
  const probe = contextOf(new OffscreenCanvas(1, 1));
  probe.fillStyle = page;
  probe.fillRect(0, 0, 1, 1);
  const [red, green, blue] = probe.getImageData(0, 0, 1, 1).data;
  return red + green + blue < 384;
};
var known = /* @__PURE__ */ new Map();
function hueOf({ look, own }, ink) {
  if (own) return ink.text;
  const hue = expertColour(look);
  if (!known.has(ink.page)) known.set(ink.page, dark(ink.page));
  return known.get(ink.page) && ON_DARK[hue] || hue;
}
function mark(ctx, line, x, y, r, ink) {
  const shape = line.own ? STAR : MARKS[line.look % MARKS.length];
  ctx.beginPath();
  if (!shape.length) ctx.arc(x, y, r, 0, 2 * Math.PI);
  for (const [dx, dy] of shape) ctx.lineTo(x + dx * r * 1.2, y + dy * r * 1.2);
  ctx.closePath();
  Object.assign(ctx, { fillStyle: hueOf(line, ink), strokeStyle: line.own ? ink.page : ink.text, lineWidth: 1 });
  ctx.fill();
  ctx.stroke();
}
function trace(ctx, line, places, width, ink) {
  ctx.beginPath();
  for (const [x, y] of places) ctx.lineTo(x, y);
  if (line.own) ctx.setLineDash([6, 4]);
  for (
    const [wide, strokeStyle] of
    /** @type {[number, string][]} */
    [
      [width + 1.2, ink.text],
      [width, hueOf(line, ink)]
    ]
  ) {
    Object.assign(ctx, { lineWidth: wide, strokeStyle, lineJoin: "round" });
    ctx.stroke();
  }
  ctx.setLineDash([]);
}

// js/run_browser/chart.js
var NOTHING = Object.freeze({ model: "", seed: -1, point: -1 });
var HIGH = 330;
var LETTERS = 13;
var ROWS = 3;
var NARROW = 40;
var FAINT = 0.18;
var REACH = 26;
function drawingOf(scene, width, ink) {
  const points = scene.lines.flatMap((line) => line.points);
  const ys = points.flatMap(({ mean, low = mean, high = mean, singles }) => [
    mean,
    low,
    high,
    ...singles.map((s) => s.y)
  ]);
  const large = Math.max(...points.map(({ mean }) => mean)) > 1;
  const spread = points.map(({ mean }) => mean);
  const log = large && !scene.curves && axisOf(spread, 6).log && Math.min(...ys) > 0;
  const y = axisOf(ys, 6, { edge: 0.07, log });
  const left = 12 + Math.max(...y.ticks.map((tick) => widthOf(short2(tick))), 16);
  const box = {
    x: left,
    y: 12,
    w: width - left - 14,
    h: HIGH - 12 - (scene.named ? 12 + LETTERS * rowsOf(scene, width - left - 14) : 40)
  };
  const xs = points.flatMap((point) => [point.x, ...point.singles.map((s) => s.x)]);
  const fixed = points.every((point) => point.label || !point.singles.length) ? points.map((point) => point.x) : void 0;
  const x = scene.named ? { from: -0.5, to: scene.lines.length - 0.5, log: false, ticks: [] } : axisOf(xs, Math.max(2, Math.floor(box.w / 90)), {
    fixed: fixed && scene.across ? ascending(fixed) : void 0,
    log: !scene.curves
  });
  const drawing = { scene, box, size: (
    /** @type {[number, number]} */
    [width, HIGH]
  ), x, y, spots: [], ink };
  return { ...drawing, spots: spotsOf(drawing) };
}
function rowsOf({ lines }, width) {
  const room = width / lines.length;
  return room < NARROW ? 0 : Math.max(1, ...lines.map(({ name }) => broken(name, room - 6, ROWS).length));
}
var ascending = (values) => [...new Set(values.filter(Number.isFinite))].sort((a, b) => a - b);
var placed = ({ box, x: across, y: up }, x, y) => [
  box.x + box.w * along(across, x),
  box.y + box.h * (1 - along(up, y))
];
var meanAt = (drawing, { x, mean, singles }) => placed(drawing, drawing.scene.named && singles.length > 1 ? x + 0.2 : x, mean);
function singlesAt(drawing, { x, singles }) {
  const { scene, box, x: across } = drawing;
  const wide = scene.named ? Math.min(0.44, 90 / (box.w * along(across, across.from + 1))) : 0;
  return singles.map((single2, i) => {
    const shift = singles.length > 1 ? wide * ((i + 0.5) / singles.length - 0.5) - 0.14 : 0;
    return placed(drawing, scene.named ? x + shift : single2.x, single2.y);
  });
}
function spotsOf(drawing) {
  return drawing.scene.lines.flatMap(
    (line) => line.points.flatMap((point, i) => {
      if (line.level) return [];
      const [px, py] = meanAt(drawing, point);
      const place2 = { model: line.name, point: i };
      const singles = singlesAt(drawing, point).map(([x, y], k) => ({
        ...place2,
        seed: point.singles[k].seed,
        px: x,
        py: y
      }));
      return [{ ...place2, seed: -1, px, py }, ...singles];
    })
  );
}
function under({ spots }, x, y) {
  let nearest2 = REACH;
  let found = NOTHING;
  for (const { px, py, model, seed, point } of spots) {
    const far = Math.hypot(px - x, py - y);
    if (far < nearest2) [nearest2, found] = [far, { model, seed, point }];
  }
  return found;
}
function broken(name, most, lines) {
  const words = name.split(/(?<=[ _])/);
  const found = [];
  for (const word of words) {
    const last2 = found.length - 1;
    if (last2 >= 0 && (widthOf(found[last2] + word) <= most || found.length === lines)) found[last2] += word;
    else found.push(word);
  }
  return found.map((each) => fitted(each.trim(), most));
}
function paintAxes(ctx, { scene, box, x, y, size, ink }) {
  ctx.lineWidth = 1;
  for (const tick of y.ticks) {
    const at = Math.round(box.y + box.h * (1 - along(y, tick))) + 0.5;
    ctx.strokeStyle = ink.line;
    ctx.globalAlpha = 0.6;
    rule(ctx, box.x, at, box.x + box.w, at);
    ctx.globalAlpha = 1;
    write(ctx, short2(tick), box.x - 6, at, ink.text, "right");
  }
  const floor = box.y + box.h;
  ctx.strokeStyle = ink.bar;
  rule(ctx, box.x, floor + 0.5, box.x + box.w, floor + 0.5);
  if (scene.named) {
    const room = box.w / scene.lines.length;
    scene.lines.forEach((line, i) => {
      if (room < NARROW) return;
      broken(line.name, room - 6, ROWS).forEach(
        (words, k) => write(ctx, words, box.x + room * (i + 0.5), floor + 12 + k * LETTERS, ink.text)
      );
    });
    return;
  }
  for (const tick of apart(x, box.w, (each) => widthOf(short2(each)) + 12)) {
    const at = Math.round(box.x + box.w * along(x, tick)) + 0.5;
    ctx.strokeStyle = ink.bar;
    rule(ctx, at, floor, at, floor + 4);
    write(ctx, short2(tick), at, floor + 13, ink.text);
  }
  write(ctx, `${scene.across}${x.log ? " (each step multiplies)" : ""}`, box.x + box.w / 2, size[1] - 9, ink.text);
}
function paintLines(ctx, drawing, lit) {
  const { scene, ink } = drawing;
  const chosen = scene.lines.filter((line) => line.name === lit.model);
  const others = scene.lines.filter((line) => !chosen.includes(line));
  ctx.globalAlpha = 1;
  for (const line of others) paintLine(ctx, drawing, line, chosen.length ? 0.3 : 1);
  for (const line of chosen) paintLine(ctx, drawing, line, 1);
  ctx.globalAlpha = 1;
  if (lit.seed >= 0) for (const line of chosen.length ? chosen : others) paintSeed(ctx, drawing, line, lit);
  for (const line of chosen) {
    const point = line.points[lit.point] ?? (scene.named ? line.points[0] : void 0);
    if (!point || line.level) continue;
    const single2 = point.singles.findIndex((each) => each.seed === lit.seed);
    const [x, y] = single2 >= 0 ? singlesAt(drawing, point)[single2] : meanAt(drawing, point);
    circle(ctx, x, y, single2 >= 0 ? 7 : 10, ink);
    told(ctx, drawing, short2(single2 >= 0 ? point.singles[single2].y : point.mean), x, y - 18);
  }
}
function paintLine(ctx, drawing, line, strength) {
  const { scene, box, ink } = drawing;
  const { points } = line;
  if (line.level) {
    const [, y] = placed(drawing, 0, points[0].mean);
    ctx.globalAlpha = strength;
    trace(ctx, line, [[box.x, y], [box.x + box.w, y]], 2, ink);
    mark(ctx, line, box.x + box.w - 10, y, 6, ink);
    return;
  }
  const means = points.map((point) => meanAt(drawing, point));
  ctx.globalAlpha = FAINT * 2 * strength;
  if (scene.curves) paintBand(ctx, drawing, line, strength);
  else
    for (const point of points) for (const [x, y] of singlesAt(drawing, point)) dot(ctx, x, y, hueOf(line, ink), ink);
  ctx.globalAlpha = strength;
  if (!scene.named && means.length > 1) trace(ctx, line, means, 2, ink);
  if (!scene.curves) points.forEach((point, i) => paintWhisker(ctx, drawing, line, point, means[i][0]));
  const every = scene.curves ? Math.max(1, Math.floor(means.length / 4)) : 1;
  means.forEach(([x, y], i) => {
    if ((means.length - 1 - i) % every === 0) mark(ctx, line, x, y, scene.curves ? 4.5 : 5.5, ink);
  });
  if (!scene.named || strength < 1) return;
  const room = 0.3 * box.w / scene.lines.length;
  points.forEach((point, i) => {
    const words = rounded(point.mean);
    if (widthOf(words) + 10 <= room) told(ctx, drawing, words, means[i][0] + 10, means[i][1], "left");
  });
}
var rounded = (mean) => short2(Number(mean.toPrecision(3)));
function paintBand(ctx, drawing, line, strength) {
  const { ink } = drawing;
  const hue = hueOf(line, ink);
  const seeds = line.points[0]?.singles.map((each) => each.seed) ?? [];
  Object.assign(ctx, { strokeStyle: hue, lineWidth: 1, globalAlpha: 0.3 * strength });
  for (const seed of seeds) {
    ctx.beginPath();
    for (const [x, y] of seedPath(drawing, line, seed)) ctx.lineTo(x, y);
    ctx.stroke();
  }
  const held = line.points.filter((point) => point.low !== void 0);
  if (!held.length) return;
  ctx.beginPath();
  for (const { x, high = 0 } of held) ctx.lineTo(...placed(drawing, x, high));
  for (const { x, low = 0 } of held.reverse()) ctx.lineTo(...placed(drawing, x, low));
  ctx.closePath();
  Object.assign(ctx, { fillStyle: hue, globalAlpha: 0.28 * strength });
  ctx.fill();
}
var seedPath = (drawing, line, seed) => line.points.flatMap((point) => {
  const single2 = point.singles.find((each) => each.seed === seed);
  return single2 ? [placed(drawing, single2.x, single2.y)] : [];
});
function paintWhisker(ctx, drawing, line, { low, high, mean }, x) {
  if (low === void 0 || high === void 0 || low === high) return;
  const { ink } = drawing;
  const [top, end] = [high, low].map((each) => placed(drawing, 0, each)[1]);
  if (!Number.isFinite(mean)) return;
  for (
    const [lineWidth, strokeStyle] of
    /** @type {[number, string][]} */
    [
      [3.2, ink.text],
      [2, hueOf(line, ink)]
    ]
  ) {
    Object.assign(ctx, { lineWidth, strokeStyle });
    const out = lineWidth / 2;
    rule(ctx, x, top - out, x, end + out);
    rule(ctx, x - 5 - out, top, x + 5 + out, top);
    rule(ctx, x - 5 - out, end, x + 5 + out, end);
  }
}
function paintSeed(ctx, drawing, line, { seed, point }) {
  const { scene, ink } = drawing;
  if (line.level) return;
  if (scene.curves) trace(ctx, { ...line, own: false }, seedPath(drawing, line, seed), 2, ink);
  line.points.forEach((each, i) => {
    const single2 = each.singles.findIndex((one) => one.seed === seed);
    if (single2 < 0 || scene.curves && point >= 0 && i !== point) return;
    if (scene.curves && point < 0 && i < line.points.length - 1) return;
    const [x, y] = singlesAt(drawing, each)[single2];
    mark(ctx, line, x, y, 5, ink);
    circle(ctx, x, y, 7, ink);
  });
}
function dot(ctx, x, y, hue, ink) {
  ctx.beginPath();
  ctx.arc(x, y, 3.2, 0, 2 * Math.PI);
  Object.assign(ctx, { fillStyle: hue, strokeStyle: ink.text, lineWidth: 1 });
  ctx.fill();
  ctx.stroke();
}
function circle(ctx, x, y, r, ink) {
  for (
    const [lineWidth, strokeStyle] of
    /** @type {[number, string][]} */
    [
      [4, ink.page],
      [2, ink.text]
    ]
  ) {
    ctx.beginPath();
    ctx.arc(x, y, r, 0, 2 * Math.PI);
    Object.assign(ctx, { lineWidth, strokeStyle });
    ctx.stroke();
  }
}
function told(ctx, { box, ink }, words, x, y, align = "center") {
  const half = ctx.measureText(words).width / 2;
  const at = align === "center" ? Math.min(Math.max(x, box.x + half), box.x + box.w - half) : x;
  const top = Math.max(y, box.y - 4);
  Object.assign(ctx, { lineWidth: 4, strokeStyle: ink.page, lineJoin: "round", textAlign: align });
  ctx.strokeText(words, at, top);
  write(ctx, words, at, top, ink.text, align);
}

// js/run_browser/page.js
var WALK = { Enter: "pin", Esc: "unpin" };
var LISTS = (
  /** @type {const} */
  {
    figure: ["Figure", void 0],
    x: ["Over", void 0],
    lines: ["One line per", void 0],
    where: ["Where", void 0],
    runs: ["Runs", "tuning"],
    first: ["Compare", void 0],
    second: ["with", void 0]
  }
);
var STATUS = `<p class="explorer-status"><span role="status" aria-live="polite"></span>
  <span class="explorer-actions" data-part="pin" hidden>${button("previous", "Previous seed")}
  ${button("next", "Next seed")} ${button("free", "Unpin")}</span></p>`;
var lists = (names) => `<div class="explorer-controls">${names.map((name) => list(name, LISTS[name][0], LISTS[name][1])).join("")}</div>`;
var PAGE2 = `
<div class="run-browser-whole">
  <section class="run-browser-claims" aria-label="Claims">
    <div class="explorer-title">Claims</div>
    <div role="radiogroup" aria-label="Claims with their verdicts: arrow keys choose" data-part="claims"></div>
  </section>
  <section class="run-browser-views" aria-label="Runs">
    <div class="explorer-title" data-part="title"></div>
    <div class="run-browser-models" role="group" aria-label="Models: press one to mark it" data-part="models"></div>
    <div class="explorer-panel" data-panel="chart">${canvases("chart", "Runs: arrow keys move, Enter pins, Escape unpins")}</div>
    ${keyHints({ [ARROWS]: "move", ...WALK }, "Tap a mark or a name to pin it.")}
    ${STATUS}
    ${lists(["figure", "where", "x", "lines", "runs"])}
    <p data-part="caption"></p>
    <div class="run-browser-pairs" data-part="compared">
      <div class="explorer-title" data-part="pairs-title"></div>
      <div class="explorer-panel" data-panel="pairs">${canvases(
  "pairs",
  "Differences by seed: left and right arrow keys move, Enter pins, Escape unpins"
)}</div>
      ${keyHints({ [ACROSS]: "from seed to seed", ...WALK }, "Tap a seed to pin it.")}
      <p data-part="pairs-words"></p>
      ${lists(["first", "second"])}
      <p>${term("sign test", "What a sign test is")}, and ${term("bootstrap interval", "what an interval is")}.</p>
    </div>
    <p data-part="uncompared"></p>
  </section>
  <section class="run-browser-found" aria-label="What was found">
    <div class="explorer-title"><span data-part="verdict"></span></div>
    <p data-part="reason"></p>
    <p data-part="source"></p>
  </section>
</div>
<details data-part="table"><summary ${KEYS}>All numbers</summary>
<div class="run-browser-table" tabindex="0" role="region" aria-label="All numbers"><table>
<thead><tr><th scope="col">model</th><th scope="col" data-part="across"></th><th scope="col">mean</th>
<th scope="col">interval at 95 %</th><th scope="col">runs</th></tr></thead><tbody data-part="rows"></tbody></table></div></details>`;

// js/run_browser/pairs.js
var HIGH2 = 190;
function differencesOf(comparison, lines, width, ink) {
  const y = axisOf([0, ...comparison.pairs.map((each) => each.difference)], 4, { log: false, edge: 0.12 });
  const left = 12 + Math.max(...y.ticks.map((tick) => widthOf(signed(tick))), 16);
  const right = widthOf(meanTold(comparison)) + 16;
  const box = { x: left, y: 10, w: width - left - right, h: HIGH2 - 10 - 36 };
  return { comparison, lines, box, size: [width, HIGH2], y, ink };
}
var meanTold = ({ mean }) => `mean ${signed(mean)}`;
var signed = (x) => x > 0 ? `+${short2(x)}` : x < 0 ? `−${short2(-x)}` : "0";
var placed2 = ({ comparison, box, y }, i, value) => [
  box.x + box.w * (i + 0.5) / comparison.pairs.length,
  box.y + box.h * (1 - along(y, value))
];
function pairAt({ comparison, box }, x) {
  const at = Math.floor((x - box.x) / box.w * comparison.pairs.length);
  return at >= 0 && at < comparison.pairs.length ? at : -1;
}
function paintGround(ctx, drawing, seeds) {
  const { box, y, size, ink, comparison } = drawing;
  for (const tick of y.ticks) {
    const at = Math.round(box.y + box.h * (1 - along(y, tick))) + 0.5;
    Object.assign(ctx, {
      lineWidth: tick ? 1 : 1.5,
      strokeStyle: tick ? ink.line : ink.text,
      globalAlpha: tick ? 0.6 : 1
    });
    rule(ctx, box.x, at, box.x + box.w, at);
    ctx.globalAlpha = 1;
    write(ctx, signed(tick), box.x - 6, at, ink.text, "right");
  }
  const room = box.w / comparison.pairs.length;
  const wide = Math.max(...comparison.pairs.map(({ seed }) => widthOf(String(seed)))) + 6;
  const every = Math.ceil(wide / room);
  comparison.pairs.forEach(({ seed }, i) => {
    if (i % every === 0) write(ctx, seed, placed2(drawing, i, 0)[0], box.y + box.h + 12, ink.text);
  });
  write(ctx, seeds, box.x + box.w / 2, size[1] - 8, ink.text);
}
function paintPairs(ctx, drawing, lit) {
  const { box, ink, comparison, lines } = drawing;
  comparison.pairs.forEach(({ seed, difference }, i) => {
    const [x2, y2] = placed2(drawing, i, difference);
    const [, zero] = placed2(drawing, i, 0);
    const line = lines[difference < 0 ? 1 : 0];
    const hue = line && difference ? hueOf(line, ink) : ink.bar;
    ctx.globalAlpha = lit >= 0 && lit !== seed ? 0.35 : 1;
    Object.assign(ctx, { lineWidth: 2, strokeStyle: ink.bar });
    rule(ctx, x2, zero, x2, y2);
    const turn = Math.sign(difference);
    ctx.beginPath();
    if (turn)
      for (const [dx, dy] of [[-6, 4], [6, 4], [0, -7]]) ctx.lineTo(x2 + dx, y2 + turn * dy);
    else ctx.arc(x2, y2, 4, 0, 2 * Math.PI);
    ctx.closePath();
    Object.assign(ctx, { fillStyle: hue, strokeStyle: ink.text, lineWidth: 1 });
    ctx.fill();
    ctx.stroke();
  });
  ctx.globalAlpha = 1;
  const [, middle] = placed2(drawing, 0, comparison.mean);
  Object.assign(ctx, { lineWidth: 1.5, strokeStyle: ink.text });
  ctx.setLineDash([5, 4]);
  rule(ctx, box.x, middle, box.x + box.w, middle);
  ctx.setLineDash([]);
  write(ctx, meanTold(comparison), box.x + box.w + 6, middle, ink.text, "left");
  const at = comparison.pairs.findIndex(({ seed }) => seed === lit);
  if (at < 0) return;
  const [x, y] = placed2(drawing, at, comparison.pairs[at].difference);
  circle(ctx, x, y, 9, ink);
  told(ctx, drawing, signed(comparison.pairs[at].difference), x, y - 17);
}

// js/arithmetic/paired.js
var pairsOf = (first, second) => [...first].filter(([seed]) => second.has(seed)).map(([seed, value]) => {
  const other = second.get(seed) ?? NaN;
  return { seed, first: value, second: other, difference: value - other };
}).sort((a, b) => a.seed - b.seed);
var signsOf = (differences) => ({
  up: differences.filter((each) => each > 0).length,
  down: differences.filter((each) => each < 0).length,
  even: differences.filter((each) => each === 0).length
});
function signTest(differences) {
  const { up, down } = signsOf(differences);
  const n = up + down;
  let chance = 0.5 ** n;
  let sum = 0;
  for (let k = 0; k <= Math.min(up, down); k++) {
    sum += chance;
    chance *= (n - k) / (k + 1);
  }
  return Math.min(1, 2 * sum);
}
var meanOf = (values) => values.reduce((sum, each) => sum + each, 0) / values.length;

// js/run_browser/shelf.js
var CHOSEN = (
  /** @type {const} */
  ["runs", "figure", "lines", "x", "where", "model", "first", "second"]
);
var OVER = ["took", "macs"];
var ALL = "all runs";
var EVERYTHING = { where: [""], of: [] };
var kindOf = (record, { runs }) => record.kinds[runs] ?? Object.values(record.kinds)[0];
var figureOf = (kind, name) => kind.figures.find((each) => each.name === name);
function plotOf(kind, { lines, x }) {
  const plots = kind.plots[lines] ?? {};
  return plots[x] ?? plots[""] ?? EVERYTHING;
}
var leading = (first, names) => names.includes(first) ? [first, ...names.filter((each) => each !== first)] : names;
function choicesOf(record, own, chosen, name) {
  if (name === "runs") return Object.keys(record.kinds);
  const kind = kindOf(record, chosen);
  const names = kind.figures.map((each) => each.name);
  if (name === "figure") return leading(kind.first.figure, names);
  const long = Boolean(figureOf(kind, chosen.figure)?.length);
  if (name === "lines") {
    const able = Object.keys(kind.plots).filter((each) => !long || "" in kind.plots[each]);
    return leading(kind.first.lines, able);
  }
  const plots = kind.plots[chosen.lines] ?? {};
  if (name === "x") {
    const flat = names.filter((each) => !figureOf(kind, each)?.length && each !== chosen.figure);
    if (long) return ["", ...OVER.filter((each) => flat.includes(each))];
    return leading(kind.first.x, [...Object.keys(plots), ...flat]);
  }
  if (name === "where") return plotOf(kind, chosen).where;
  const told2 = (setting) => kind.settings.find((each) => each.name === setting)?.values ?? [];
  if (name !== "model") return ["", ...told2(chosen.lines || chosen.x)];
  return ["", ...chosen.lines ? told2(chosen.lines) : [ALL], ..."name" in own ? [own.name] : []];
}
function opening(record, runs) {
  const nothing = { claim: record.claim, runs, where: "", model: "", first: "", second: "" };
  return { ...nothing, ...kindOf(record, nothing).first };
}
function settled(record, own, chosen) {
  const now = { ...chosen };
  for (const name of CHOSEN) {
    const choices = choicesOf(record, own, now, name);
    if (!choices.includes(now[name])) now[name] = choices[0];
  }
  return now;
}

// js/run_browser/scene.js
var OWN_LOOK = -1;
function bySeed(kind, figure, cell) {
  const runs = kind.runs[figure]?.[cell];
  if (runs === void 0 || runs === null) return [];
  return Array.isArray(runs) ? runs : kind.seeds_of[cell].map(() => runs);
}
function meanFigure(kind, figure, cell) {
  const mean = (
    /** @type {Mean | null | undefined} */
    kind.means[figure]?.[cell]
  );
  return mean?.[0] ?? NaN;
}
function sceneOf(record, own, chosen) {
  const kind = kindOf(record, chosen);
  const figure = figureOf(kind, chosen.figure) ?? kind.figures[0];
  const plot = plotOf(kind, chosen);
  const here = plot.where.indexOf(chosen.where);
  const cells = [...kind.cells.keys()].filter((cell) => (plot.of[cell] ?? 0) === here);
  const at = kind.settings.findIndex((each) => each.name === chosen.lines);
  const names = at < 0 ? [ALL] : kind.settings[at].values;
  const curves = figure.length > 0;
  const named = !curves && chosen.x === "";
  const lines = names.flatMap((name, look) => {
    const these = cells.filter((cell) => at < 0 || kind.cells[cell][at] === look);
    const points = curves ? these.flatMap((cell) => pointsAlong(kind, figure, cell, chosen.x)) : these.flatMap((cell) => pointAt2(kind, figure, cell, chosen.x));
    points.sort((a, b) => a.x - b.x);
    return points.length ? [{ name, look, own: false, level: false, points }] : [];
  });
  if (named) lines.forEach((line, i) => place(line, i));
  const setting = !curves && kind.settings.some((each) => each.name === chosen.x);
  const scene = { kind, figure, lines, named, curves, setting, across: acrossOf(kind, figure, chosen.x), missing: "" };
  return "name" in own ? withOwn(scene, own, chosen.x) : scene;
}
function place({ points }, x) {
  for (const point of points) {
    point.x = x;
    for (const single2 of point.singles) single2.x = x;
  }
}
function acrossOf(kind, figure, x) {
  if (figure.length && x === "took") return "seconds of the run so far";
  if (figure.length && x === "macs") return "MACs so far, for one example a step";
  if (figure.length) return figure.steps ? "step" : `position in ${figure.label}`;
  if (!x) return "";
  return (kind.settings.find((each) => each.name === x) ?? figureOf(kind, x))?.label ?? x;
}
function pointAt2(kind, figure, cell, across) {
  const mean = (
    /** @type {Mean | null} */
    kind.means[figure.name][cell]
  );
  const setting = kind.settings.findIndex((each) => each.name === across && each.numbers);
  const value = setting < 0 ? 0 : kind.cells[cell][setting];
  const fixed = setting < 0 ? 0 : kind.settings[setting].numbers?.[value] ?? NaN;
  const x = across && setting < 0 ? meanFigure(kind, across, cell) : fixed;
  if (!mean || !Number.isFinite(x)) return [];
  const own = across && setting < 0 ? bySeed(kind, across, cell) : [];
  const singles = bySeed(kind, figure.name, cell).flatMap(
    (y, i) => y === null ? [] : [{ seed: kind.seeds_of[cell][i], x: own[i] ?? x, y }]
  );
  return [{ x, label: setting < 0 ? "" : kind.settings[setting].values[value], ...ends(mean), singles }];
}
function pointsAlong(kind, figure, cell, across) {
  const means = (
    /** @type {Mean[] | null} */
    kind.means[figure.name][cell]
  );
  const steps = figure.steps ? kind.steps[cell] : null;
  const last2 = across === "took" ? meanFigure(kind, "took", cell) : across === "macs" ? meanFigure(kind, "macs", cell) * (steps ?? NaN) : steps ?? figure.length;
  if (!means || !Number.isFinite(last2)) return [];
  const runs = (
    /** @type {(number[] | null)[]} */
    bySeed(kind, figure.name, cell)
  );
  return means.map((mean, i) => {
    const x = last2 * (i + 1) / means.length;
    const singles = runs.flatMap((run, k) => run ? [{ seed: kind.seeds_of[cell][k], x, y: run[i] }] : []);
    return { x, label: "", ...ends(mean), singles };
  });
}
var ends = ([mean, low, high]) => low === void 0 ? { mean } : { mean, low, high };
function withOwn(scene, own, x) {
  const { figure } = scene;
  const line = { name: own.name, look: OWN_LOOK, own: true, level: false };
  const added = (points, level = false) => ({ ...scene, lines: [...scene.lines, { ...line, level, points }] });
  const told2 = { label: "", singles: [] };
  const curve = own.curves[figure.name];
  if (figure.length) {
    if (!curve) return { ...scene, missing: `${own.name} has no ${figure.label}` };
    const total = x === "" ? null : own.values[x];
    if (total === void 0) return { ...scene, missing: `${own.name} has no ${scene.across}` };
    const last2 = own.steps.at(-1) ?? 1;
    const scale = total === null ? 1 : (x === "macs" ? total * last2 : total) / last2;
    const xs = figure.steps ? own.steps.map((step) => step * scale) : curve.map((_, i) => i + 1);
    return added(curve.flatMap((mean2, i) => mean2 === null ? [] : [{ ...told2, x: xs[i], mean: mean2 }]));
  }
  if (x === "steps" && curve)
    return added(curve.flatMap((mean2, i) => mean2 === null ? [] : [{ ...told2, x: own.steps[i], mean: mean2 }]));
  const mean = own.values[figure.name];
  if (mean === void 0) return { ...scene, missing: `${own.name} has no ${figure.label}` };
  if (scene.named) return added([{ ...told2, x: scene.lines.length, mean }]);
  return x in own.values ? added([{ ...told2, x: own.values[x], mean }]) : added([{ ...told2, x: NaN, mean }], true);
}
function contestantsOf({ lines, curves }) {
  const measured = lines.filter((line) => !line.own);
  if (measured[0]?.name !== ALL) return measured;
  return curves ? [] : measured[0].points.map((point) => ({ name: point.label, points: [point] }));
}
function pointsAlike({ lines, setting }, two, lit) {
  if (!setting || two.every(({ points }) => points.length === 1))
    return two.map(({ points }) => points[lit.point] ?? points.at(-1));
  const [longest] = lines.filter((line) => !line.own).sort((a, b) => b.points.length - a.points.length);
  const pointed = (lines.find(({ name }) => name === lit.model) ?? longest).points[lit.point]?.x;
  const [first, second] = two.map(({ points }) => new Map(points.map((point) => [point.x, point])));
  const x = pointed ?? [...first.keys()].filter((each) => second.has(each)).at(-1) ?? NaN;
  return [first.get(x), second.get(x)];
}
function comparisonOf(scene, { first, second }, lit) {
  if (!scene.kind.seeds) return null;
  const all = contestantsOf(scene);
  const one = all.find(({ name }) => name === first) ?? all.at(-1);
  const rest = all.filter((each) => each !== one);
  const other = rest.find(({ name }) => name === second) ?? rest[0];
  if (!one || !other) return null;
  const [here, there2] = pointsAlike(scene, [one, other], lit);
  const seeded = (point) => new Map(point?.singles.map(({ seed, y }) => [seed, y]));
  const pairs = pairsOf(seeded(here), seeded(there2));
  const x = scene.setting && all[0] === scene.lines[0] || scene.curves && here?.x === there2?.x ? here?.x : void 0;
  const mean = meanOf(pairs.map((each) => each.difference));
  return pairs.length ? { one: one.name, other: other.name, pairs, mean, x } : null;
}

// js/shared/numbers.js
var exact = (x) => x.toLocaleString("en-US", { maximumFractionDigits: 3 });
function number(x) {
  if (x === 0 || !Number.isFinite(x)) return String(x);
  if (Math.abs(x) < 1e-3) return x.toExponential(2);
  return x.toLocaleString("en-US", Math.abs(x) < 1e3 ? { maximumSignificantDigits: 4 } : { maximumFractionDigits: 0 });
}
var many = (x, word) => `${exact(x)} ${word}${x === 1 ? "" : "s"}`;

// js/run_browser/words.js
var SIGNS = {
  reproduced: "✓",
  "direction only": "↗",
  "not at this scale": "≈",
  "contradicted at this scale": "✗",
  "not testable here": "–"
};
var MOST2 = 6;
var signOf = (verdict) => SIGNS[verdict] ?? "…";
var meanInWords = ({ mean, low, high }) => low === void 0 || high === void 0 || low === high ? number(mean) : `${number(mean)} (${number(low)} to ${number(high)})`;
var xInWords = (scene, point) => scene.named || !Number.isFinite(point.x) ? "" : `${scene.across} ${point.label || short2(point.x)}`;
var titleOf = ({ figure }, where) => [figure.label, where].filter(Boolean).join(" · ");
function sentenceOf(scene, lit) {
  const line = scene.lines.find(({ name }) => name === lit.model);
  const { label } = scene.figure;
  if (line) {
    const point = line.points[lit.point] ?? line.points[line.points.length - 1];
    const seeds = point.singles.length;
    const at = xInWords(scene, point);
    const told3 = `${line.name}${at && `, ${at}`}`;
    const mean = seeds > 1 ? `mean of ${many(seeds, "seed")} ${meanInWords(point)}` : meanInWords(point);
    const single2 = point.singles.find((each) => each.seed === lit.seed);
    if (single2) return `${told3}, ${scene.kind.seeds} ${lit.seed}: ${label} ${number(single2.y)}; ${mean}.`;
    return `${told3}: ${label} ${mean}.`;
  }
  if (lit.seed >= 0) {
    const found = scene.lines.flatMap(({ name, points }) => {
      const point = points[lit.point] ?? points[points.length - 1];
      const single2 = point.singles.find(({ seed }) => seed === lit.seed);
      return single2 ? [`${name} ${number(single2.y)}`] : [];
    });
    if (found.length) return `${scene.kind.seeds} ${lit.seed}: ${label} ${found.join(", ")}.`;
  }
  if (!scene.lines.length) return "No run is drawn here: choose another figure or axis.";
  const told2 = scene.lines.slice(0, MOST2);
  const last2 = ({ points }) => points[points.length - 1];
  const ends2 = new Set(told2.filter((each) => !each.own).map((each) => xInWords(scene, last2(each))));
  const shared = ends2.size === 1 ? [...ends2][0] : "";
  const means = told2.map((each) => {
    const at = xInWords(scene, last2(each));
    return `${each.name} ${meanInWords(last2(each))}${at && at !== shared ? ` at ${at}` : ""}`;
  });
  const more = scene.lines.length > MOST2 ? `; and ${many(scene.lines.length - MOST2, "more line")}` : "";
  return `${label}${shared && ` at ${shared}`}: ${means.join("; ")}${more}.`;
}
function captionOf(record, scene, runs, own) {
  const points = scene.lines.filter((line) => !line.own).flatMap((line) => line.points);
  const most = Math.max(0, ...points.map((point) => point.singles.length));
  const held = points.some(({ low }) => low !== void 0);
  const { seeds, same: same2 } = scene.kind;
  const facts = [];
  if (seeds && scene.curves) {
    const band = held ? ", with its bootstrap interval at 95 % as a band" : "";
    facts.push(`Thick lines: the mean over ${most ? many(most, seeds) : `each ${seeds}`}${band}.`);
    if (most > 1) facts.push(`Thin ones: each ${seeds}.`);
  } else if (seeds) {
    const bar = held ? ", with its bootstrap interval at 95 %" : "";
    facts.push(`Large marks: the mean over ${most ? many(most, seeds) : `each ${seeds}`}${bar}.`);
    if (most > 1) facts.push(`Small dots: each ${seeds}.`);
  }
  if (seeds && points.length && !held) facts.push("Too few for an interval.");
  if (runs === "tuning")
    facts.push("These runs chose a setting on a part of the training data: no verdict rests on them.");
  if (same2.length) facts.push(`All runs: ${same2.map(([name, value]) => `${name} ${value}`).join(", ")}.`);
  if (record.left_out) facts.push(record.left_out);
  if (scene.missing) facts.push(`Not drawn: ${scene.missing}.`);
  else if ("name" in own) facts.push(`The star is ${own.name}.`);
  return facts.join(" ");
}
function pairsTitle(scene, { one, other, x }) {
  const at = x === void 0 ? "" : `, ${scene.across} ${short2(x)}`;
  return `${scene.figure.label}: ${whose(scene, one)} minus ${other}${at}`;
}
var whose = ({ lines, across }, name) => lines.some((line) => line.name === name) ? name : `${across} ${name}`;
function pairsSentence(scene, { one, pairs, mean }) {
  const differences = pairs.map((each) => each.difference);
  const { up, down, even } = signsOf(differences);
  const { seeds } = scene.kind;
  const counts = [`higher in ${exact(up)}`, `lower in ${exact(down)}`, ...even ? [`equal in ${exact(even)}`] : []];
  const told2 = up + down ? `Sign test: p = ${number(signTest(differences))}` : "No difference, so no sign test";
  return `${whose(scene, one)} is ${counts.join(", ")} of ${many(pairs.length, seeds)}, by ${signed(mean)} on average. ${told2}, for this comparison alone: a verdict corrects for all that its claim makes.`;
}

// js/run_browser/rows.js
var columnOf = (scene) => scene.across || "x";
var runsRows = (scene) => [
  ["model", ...scene.named ? [] : [columnOf(scene)], scene.kind.seeds || "run", scene.figure.name],
  ...scene.lines.flatMap(
    ({ name, points }) => points.flatMap(
      (point) => point.singles.map(({ seed, x, y }) => [name, ...scene.named ? [] : [point.label ? point.x : x], seed, y])
    )
  )
];
var meansRows = (scene) => [
  ["model", ...scene.named ? [] : [columnOf(scene)], `${scene.figure.name} mean`, "low", "high", "runs"],
  ...scene.lines.flatMap(
    ({ name, points, own }) => points.map(({ x, mean, low, high, singles }) => [
      name,
      ...scene.named ? [] : [Number.isFinite(x) ? x : null],
      mean,
      low,
      high,
      own ? 1 : singles.length
    ])
  )
];
var pairsRows = (comparison) => [
  ["seed", comparison?.one ?? "first", comparison?.other ?? "second", "difference"],
  ...(comparison?.pairs ?? []).map(({ seed, first, second, difference }) => [seed, first, second, difference])
];
var tableRows = (scene) => scene.lines.flatMap(
  ({ name, points }) => (scene.curves ? points.slice(-1) : points).map(({ x, label, mean, low, high, singles }) => [
    name,
    scene.named || !Number.isFinite(x) ? "" : label || short2(x),
    number(mean),
    low === void 0 || high === void 0 ? "" : `${number(low)} to ${number(high)}`,
    singles.length ? String(singles.length) : ""
  ])
);

// js/run_browser/run_browser.js
var PANELS = ["chart", "pairs"];
var LISTED = (
  /** @type {Listed[]} */
  Object.keys(LISTS)
);
var NARROWEST = 200;
var SWATCH = 16;
var same = (a, b) => a.model === b.model && a.seed === b.seed && a.point === b.point;
var there = (at) => at.model !== "" || at.seed >= 0;
function render({ model, el }) {
  const shelf = model.get("_shelf");
  const own = model.get("_own");
  const recordOf = (claim) => shelf.find((each) => each.claim === claim) ?? shelf[0];
  const chosenIn = (get) => (
    /** @type {Chosen} */
    {
      claim: recordOf(get("claim")).claim,
      ...Object.fromEntries(CHOSEN.map((name) => [name, get(name)]))
    }
  );
  const exports = {
    csv: {
      runs: () => runsRows(lookNow().scene),
      means: () => meansRows(lookNow().scene),
      pairs: () => pairsRows(comparisonOf(lookNow().scene, chosenNow(), pinned()))
    },
    svg: true,
    named: ["claim", "figure", "where"]
  };
  const view = mount(
    { model, el },
    { name: "explorer run-browser", prefix: "explorer", page: PAGE2, draw, exports, link }
  );
  const { part, canvas, ground, select, button: button2, send, on, root } = view;
  let hover = NOTHING;
  let drawnFor = "";
  let chart = null;
  let differences = null;
  let modelsFor = "";
  let scrolledFor = "";
  const chosenNow = () => {
    const raw = chosenIn((name) => model.get(
      /** @type {keyof Traits} */
      name
    ));
    return settled(recordOf(raw.claim), own, raw);
  };
  const pinned = () => ({ model: chosenNow().model, seed: model.get("seed"), point: model.get("point") });
  function lookNow() {
    const chosen = chosenNow();
    const record = recordOf(chosen.claim);
    return { chosen, record, scene: sceneOf(record, own, chosen) };
  }
  function link(get) {
    const given = chosenIn(get);
    const record = recordOf(given.claim);
    const chosen = { ...given };
    const allowed = { claim: shelf.map((each) => each.claim) };
    for (const name of CHOSEN) {
      allowed[name] = choicesOf(record, own, chosen, name);
      if (!allowed[name].includes(chosen[name])) chosen[name] = String(allowed[name][0]);
    }
    const seeds = kindOf(record, chosen).seeds_of.flat();
    allowed.seed = [-1, ...new Set(seeds)];
    const points = Math.max(...kindOf(record, chosen).figures.map((each) => each.length), shelf.length, 64);
    allowed.point = [-1, points, true, false];
    return allowed;
  }
  function choose(values) {
    const before = chosenNow();
    const record = recordOf(values.claim ?? before.claim);
    const anew = "claim" in values || "runs" in values;
    const next = settled(record, own, anew ? opening(record, values.runs ?? "") : { ...before, ...values });
    const changed = CHOSEN.filter((name) => next[name] !== before[name]).map((name) => [name, next[name]]);
    hover = NOTHING;
    send({ ...values, ...Object.fromEntries(changed), point: -1, ..."claim" in values && { seed: -1 } });
  }
  for (const { claim, title, verdict } of shelf) {
    const entry = document.createElement("button");
    Object.assign(entry, { type: "button", role: "radio" });
    entry.dataset.claim = claim;
    entry.dataset.lmSuppressShortcuts = "true";
    const sign = document.createElement("b");
    const words = document.createElement("span");
    const found = document.createElement("small");
    [sign.textContent, sign.ariaHidden, words.textContent, found.textContent] = [
      signOf(verdict),
      "true",
      title,
      verdict
    ];
    words.append(found);
    entry.append(sign, words);
    part("claims").append(entry);
  }
  const entries = (
    /** @type {HTMLButtonElement[]} */
    [...part("claims").children]
  );
  function showClaim(claim) {
    for (const entry of entries) {
      const shown = entry.dataset.claim === claim;
      entry.ariaChecked = String(shown);
      entry.tabIndex = shown ? 0 : -1;
      if (shown) inSight(claim, entry);
    }
  }
  function inSight(claim, entry) {
    const key = `${claim} ${part("claims").clientHeight} ${part("claims").scrollHeight}`;
    if (key !== scrolledFor) keepInSight(part("claims"), entry);
    scrolledFor = key;
  }
  function showLists(scene, chosen) {
    const record = recordOf(chosen.claim);
    const compared = contestantsOf(scene).map(({ name }) => name);
    const comparison = comparisonOf(scene, chosen, pinned());
    for (const name of LISTED) {
      const pair = name === "first" || name === "second";
      const names = pair ? compared : choicesOf(record, own, chosen, name);
      const value = name === "first" ? comparison?.one : name === "second" ? comparison?.other : chosen[name];
      const labels = names.map((each) => labelOf(scene, chosen, name, each));
      const box = select(name);
      const key = JSON.stringify([names, labels]);
      if (box.dataset.filled !== key) {
        box.replaceChildren(...names.map((each, i) => new Option(labels[i], each)));
        box.dataset.filled = key;
      }
      box.value = value ?? "";
      box.closest(".explorer-list").hidden = names.length < 2 || pair && !comparison;
    }
  }
  function showModels(scene) {
    const names = scene.lines.map(({ name, look }) => [name, look]);
    const key = JSON.stringify(names);
    if (key !== modelsFor) {
      modelsFor = key;
      part("models").replaceChildren(
        ...scene.lines.map(({ name }) => {
          const chip = document.createElement("button");
          chip.type = "button";
          chip.dataset.model = name;
          chip.dataset.lmSuppressShortcuts = "true";
          const swatch = document.createElement("i");
          swatch.append(document.createElement("canvas"));
          chip.append(swatch, name);
          return chip;
        })
      );
    }
    part("models").hidden = scene.lines.length < 2;
    const ink = view.ink();
    for (const line of scene.lines) {
      const swatch = (
        /** @type {HTMLCanvasElement} */
        chipOf(line.name)?.querySelector("canvas")
      );
      mark(fit(swatch, SWATCH, SWATCH), line, SWATCH / 2, SWATCH / 2, 5.5, ink);
    }
  }
  const chips = () => (
    /** @type {HTMLElement[]} */
    [...part("models").children]
  );
  const chipOf = (name) => chips().find((each) => each.dataset.model === name);
  function showTable(scene) {
    part("across").textContent = scene.across;
    part("rows").replaceChildren(
      ...tableRows(scene).map(([name, ...cells]) => {
        const row = document.createElement("tr");
        row.dataset.model = name;
        const head = document.createElement("th");
        head.scope = "row";
        head.textContent = name;
        row.append(head);
        for (const each of cells) row.append(Object.assign(document.createElement("td"), { textContent: each }));
        return row;
      })
    );
  }
  function draw() {
    root.classList.toggle("narrow", root.clientWidth < 700);
    const widths = PANELS.map((name) => part(name).clientWidth);
    const { chosen, record, scene } = lookNow();
    const fresh = JSON.stringify([chosen, part("chart").clientWidth, view.ink(), surface()]);
    showClaim(chosen.claim);
    if (fresh !== drawnFor) {
      showModels(scene);
      showTable(scene);
      part("title").textContent = titleOf(scene, chosen.where);
      part("caption").textContent = captionOf(record, scene, chosen.runs, own);
      part("verdict").textContent = `${signOf(record.verdict)} ${record.verdict}`;
      part("reason").replaceChildren(...withCode(record.reason));
      part("source").replaceChildren(...withCode(`${record.source}. Again: \`softmoe-edu evidence ${record.claim}\``));
      chart = widths[0] < NARROWEST ? null : drawingOf(scene, widths[0], view.ink());
      if (chart) paintAxes(fit(ground("chart"), ...chart.size), chart);
    }
    showLists(scene, chosen);
    drawnFor = fresh;
    const lit = there(hover) ? hover : pinned();
    if (chart) paintLines(fit(canvas("chart"), ...chart.size), chart, lit);
    drawPairs(scene, chosen, lit);
    for (const chip of chips()) {
      chip.setAttribute("aria-pressed", String(chip.dataset.model === pinned().model));
      chip.classList.toggle("lit", chip.dataset.model === lit.model);
    }
    for (const row of part("rows").children)
      row.classList.toggle(
        "lit",
        /** @type {HTMLElement} */
        row.dataset.model === lit.model
      );
    const some = there(pinned());
    button2("previous").hidden = button2("next").hidden = !scene.kind.seeds;
    showPin(view, some);
    view.say(sentenceOf(scene, lit));
  }
  function drawPairs(scene, chosen, lit) {
    const comparison = comparisonOf(scene, chosen, lit);
    part("compared").hidden = !comparison;
    part("uncompared").textContent = comparison ? "" : uncompared(scene);
    differences = null;
    const width = part("pairs").clientWidth;
    if (!comparison || width < NARROWEST) return;
    const lines = [comparison.one, comparison.other].map((name) => scene.lines.find((line) => line.name === name));
    differences = differencesOf(comparison, lines, width, view.ink());
    part("pairs-title").textContent = pairsTitle(scene, comparison);
    part("pairs-words").textContent = pairsSentence(scene, comparison);
    paintGround(fit(ground("pairs"), ...differences.size), differences, scene.kind.seeds);
    paintPairs(fit(canvas("pairs"), ...differences.size), differences, lit.seed);
  }
  function show(at) {
    hover = at ?? NOTHING;
    if (at && there(at)) view.settle();
    view.schedule();
  }
  const pin = (at) => send(same(at, pinned()) ? { ...NOTHING } : { ...at });
  function onChart({ scene }, from, { across, down, far }) {
    const lines = scene.lines.filter((line2) => !line2.level);
    const at = lines.findIndex(({ name }) => name === from.model);
    const [line, along2] = scene.named ? [across + far, 0] : [down, across + far];
    const next = lines[at < 0 && !line ? 0 : onward(at, line, lines.length)];
    const last2 = next.points.length;
    if (scene.named) {
      const seeds = [-1, ...next.points[0].singles.map(({ seed: seed2 }) => seed2)];
      const seed = seeds[at < 0 ? 0 : onward(Math.max(0, seeds.indexOf(from.seed)), down, seeds.length)];
      return { model: next.name, seed, point: 0 };
    }
    const point = from.point < 0 && at < 0 ? 0 : onward(Math.min(from.point, last2 - 1), along2, last2);
    return { model: next.name, seed: from.seed, point };
  }
  function beyond(panel, key) {
    const steps = stepsOf(key);
    const from = there(pinned()) ? pinned() : hover;
    if (!steps || !chart || !chart.scene.lines.some((line) => !line.level)) return null;
    if (panel === "chart") return onChart(chart, from, steps);
    const seeds = differences?.comparison.pairs.map(({ seed }) => seed) ?? [];
    const by = steps.across + steps.far;
    return by && seeds.length ? { ...from, seed: seeds[onward(seeds.indexOf(from.seed), by, seeds.length)] } : null;
  }
  function free() {
    show(null);
    send({ ...NOTHING });
  }
  function stepSeed(by) {
    const at = pinned();
    const seeds = [...new Set(chart?.scene.lines.flatMap(({ points }) => points[0].singles.map(({ seed }) => seed)))];
    seeds.sort((a, b) => a - b);
    if (seeds.length) send({ ...at, seed: seeds[onward(seeds.indexOf(at.seed), by, seeds.length)] });
  }
  pointAt(view, PANELS, {
    ready: () => chart,
    under(panel, x, y) {
      if (panel === "chart") return chart ? under(chart, x, y) : NOTHING;
      const pair = differences ? pairAt(differences, x) : -1;
      const seed = pair < 0 ? -1 : differences?.comparison.pairs[pair].seed ?? -1;
      return { ...NOTHING, seed, point: pinned().point };
    },
    beyond,
    show,
    go: (at) => there(pinned()) ? send({ ...at }) : show(at),
    take: (at) => there(at) ? pin(at) : free(),
    enter() {
      if (!there(hover) && !there(pinned())) return false;
      pin(there(hover) ? hover : pinned());
    },
    free
  });
  on(part("previous"), "click", () => stepSeed(-1));
  on(part("next"), "click", () => stepSeed(1));
  on(part("free"), "click", free);
  for (const name of LISTED) on(part(name), "change", () => choose({ [name]: select(name).value }));
  on(part("claims"), "click", ({ target }) => {
    const entry = (
      /** @type {HTMLElement} */
      target.closest("[data-claim]")
    );
    if (entry instanceof HTMLElement) choose({ claim: entry.dataset.claim });
  });
  on(part("claims"), "keydown", (event) => {
    const steps = stepsOf(event.key);
    if (!steps || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    event.stopPropagation();
    const from = shelf.findIndex((each) => each.claim === chosenNow().claim);
    const next = shelf[onward(from, steps.across + steps.down + steps.far, shelf.length)];
    choose({ claim: next.claim });
    view.catchUp();
    entries.find((entry) => entry.dataset.claim === next.claim)?.focus();
  });
  const named = (target) => (
    /** @type {HTMLElement | null} */
    /** @type {HTMLElement} */
    target.closest("[data-model]")?.dataset.model ?? ""
  );
  const whole = (name) => name ? { ...pinned(), model: name } : null;
  for (const name of ["models", "rows"]) {
    on(part(name), "pointerover", ({ target }) => show(whole(named(target))));
    on(part(name), "pointerleave", () => show(null));
  }
  on(part("models"), "focusin", ({ target }) => show(whole(named(target))));
  on(part("models"), "focusout", () => show(null));
  on(part("models"), "click", ({ target }) => named(target) && pin({ ...pinned(), model: marked(named(target)) }));
  on(part("models"), "keydown", (event) => event.key === "Escape" && free());
  const marked = (name) => pinned().model === name ? "" : name;
  for (const name of [...CHOSEN, "claim", "seed", "point"]) model.on(`change:${name}`, view.schedule);
  return view.end;
}
function keepInSight(list2, entry) {
  const top = entry.offsetTop;
  const least = top + entry.offsetHeight - list2.clientHeight;
  list2.scrollTop = Math.min(Math.max(list2.scrollTop, least), top);
}
var withCode = (sentence) => sentence.split("`").map((text, i) => {
  const element = document.createElement(i % 2 ? "code" : "span");
  element.textContent = text;
  return element;
});
function labelOf(scene, chosen, name, value) {
  const { kind } = scene;
  const setting = kind.settings.find((each) => each.name === value)?.label;
  if (name === "figure") return figureOf(kind, value)?.label ?? value;
  if (name === "lines") return setting ?? "one line for all";
  if (name === "runs") return value === "tuning" ? "tuning, which chose a setting" : "counted";
  if (name !== "x") return value;
  if (value === "") return scene.figure.length ? scene.figure.steps ? "step" : "position" : "side by side";
  return setting ?? figureOf(kind, value)?.label ?? value;
}
function uncompared(scene) {
  if (!scene.kind.seeds) return "No pairs: these figures are exact, so that there are no seeds to compare.";
  const left = scene.lines.some((line) => !line.own && line.points.some((point) => point.singles.length));
  return left ? "No pairs: it takes two models that were run with the same seeds." : "No pairs without single runs.";
}
var run_browser_default = { render };
export {
  run_browser_default as default
};
