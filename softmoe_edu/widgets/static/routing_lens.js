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
function paintWeights(ctx, box, weights, rows, columns, most, least = 0, root = false) {
  const ratio = density();
  const h = Math.min(rows, Math.ceil(box.h * ratio));
  const w = Math.min(columns, Math.ceil(box.w * ratio));
  const largest = new Float32Array(h * w).fill(least);
  const range2 = most - least || 1;
  for (let r = 0; r < rows; r++) {
    const row = Math.floor(r * h / rows) * w;
    for (let c = 0; c < columns; c++) {
      const i = row + Math.floor(c * w / columns);
      const x = weights[r * columns + c];
      if (x > largest[i]) largest[i] = x;
    }
  }
  const pixels = new ImageData(w, h);
  const colours = new Uint32Array(pixels.data.buffer);
  for (let i = 0; i < largest.length; i++) {
    const share = (largest[i] - least) / range2;
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
  const tile2 = new OffscreenCanvas(TILE * ratio, TILE * ratio);
  const pen = contextOf(tile2);
  pen.scale(ratio, ratio);
  pen.fillStyle = hue;
  pen.fillRect(0, 0, TILE, TILE);
  const over = pattern >= PATTERNS.length;
  Object.assign(pen, { strokeStyle: LIGHT_ON.includes(hue) === over ? "#000" : "#fff", lineWidth: 1.5 });
  for (const [x, y, toX, toY] of PATTERNS[over ? pattern - PATTERNS.length + 1 : pattern]) {
    pen.beginPath();
    pen.moveTo(x, y);
    pen.lineTo(toX, toY);
    pen.stroke();
  }
  return tile2;
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
  let [row, column] = [Math.max(own, 0), from];
  let most = -Infinity;
  const [first, last2] = own < 0 ? [0, sheet.rows] : [own, own + 1];
  for (let r = first; r < last2; r++)
    for (let c = from; c < to; c++) {
      const value = sheet.values[r * sheet.columns + c];
      if (value > most) [row, column, most] = [r, c, value];
    }
  return { row, column };
}
function windowOf(sheet, { row, column }, before) {
  const { columns, rows } = cellsOf(sheet);
  const within2 = (x, from2, count2) => x >= from2 && x < from2 + count2;
  if (before && within2(row, before.row, rows) && within2(column, before.column, columns)) return before;
  const from = (x, count2, all) => Math.min(Math.max(x - Math.floor(count2 / 2), 0), all - count2);
  return { row: from(row, rows, sheet.rows), column: from(column, columns, sheet.columns), rows, columns };
}
function placeWithin(sheet, window2, x, y) {
  const { dx, dy } = cellsOf(sheet);
  const { own, slotted } = sheet;
  const clamp = (at, count2) => Math.min(Math.max(Math.floor(at), 0), count2 - 1);
  const column = window2.column + clamp((x - LEFT) / dx, window2.columns);
  const row = window2.row + clamp((y - TOP) / dy, window2.rows);
  return {
    token: y < TOP ? -1 : sheet.tokenOf(row),
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
      write(ctx, brief(value), LEFT + (c + 0.5) * dx, y + dy / 2, shade > 150 ? "#000" : "#fff");
    }
  }
  ringSelected(ctx, sheet, window2, at, dx, dy);
}
function brief(x) {
  if (!Number.isFinite(x)) return Number.isNaN(x) ? "NaN" : x > 0 ? "∞" : "-∞";
  if (x === 0) return "0";
  if (x > 0 && x < 5e-4) return "<.001";
  if (x > 0 && x < 0.9995) return x.toFixed(3).slice(1);
  const fixed = x.toFixed(Math.abs(x) >= 99.95 ? 0 : Math.abs(x) >= 9.995 ? 1 : 2);
  return Number.isInteger(x) ? String(x) : fixed;
}
function ringSelected(ctx, sheet, window2, at, dx, dy) {
  const under = columnsUnder(sheet, at);
  const row = at.token < 0 ? -1 : sheet.rowOf(at.token) - window2.row;
  const from = Math.max(under.from - window2.column, 0);
  const to = Math.min(under.to - window2.column, window2.columns);
  const rowed = row >= 0 && row < window2.rows;
  const [top, high] = rowed ? [TOP + row * dy, dy] : [TOP, window2.rows * dy];
  if (at.expert >= 0 && to > from && (rowed || at.token < 0))
    ring(ctx, LEFT + from * dx, top, (to - from) * dx - 1, high - 1);
  else if (rowed && at.expert < 0) ring(ctx, LEFT, top, window2.columns * dx - 1, high - 1);
}
function outlineWindow(ctx, { x, y, dx, dy }, { row, column, rows, columns }, ink) {
  for (
    const [width, colour] of
    /** @type {[number, string][]} */
    [
      [3, ink.text],
      [1, ink.paper || ink.page]
    ]
  ) {
    Object.assign(ctx, { lineWidth: width, strokeStyle: colour });
    ctx.strokeRect(x + column * dx - 4, y + row * dy - 4, columns * dx + 8, rows * dy + 8);
  }
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
var keyHints = (keys, touch) => `<p class="explorer-keys"><span class="explorer-typed">${Object.entries(keys).map(
  ([key, what]) => `${key.split(" ").map((each) => `<kbd>${each}</kbd>`).join("")} ${what}`
).join(" · ")}</span><span class="explorer-touched">${touch}</span></p>`;

// js/shared/pointing.js
function pointAt({ canvas, on, catchUp }, panels, { ready, under, beyond, show, go, take, enter, free, shifted }) {
  for (const panel2 of panels) {
    const target = canvas(panel2);
    const at = (event) => {
      const frame2 = target.getBoundingClientRect();
      return under(panel2, event.clientX - frame2.left, event.clientY - frame2.top);
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
function onward(from, by, count2) {
  const next = from < 0 && Number.isFinite(by) ? 0 : from + by;
  return Math.min(Math.max(next, 0), count2 - 1);
}

// js/shared/terms.js
var GAP = 6;
function term(name, words = name) {
  if (!(name in GLOSSARY)) throw new RangeError(`${name} is not in the glossary: add it to softmoe_edu/glossary.py`);
  return `<button type="button" class="explorer-term" data-term="${name}" aria-expanded="false" tabindex="-1"
    ${KEYS}>${words}</button>`;
}
function explainTerms(root, on, signal) {
  const sentence3 = document.createElement("div");
  const words = document.createElement("p");
  const keys = document.createElement("p");
  let opened = null;
  let openedAt = 0;
  sentence3.className = "explorer-meaning";
  sentence3.popover = "auto";
  sentence3.dataset.part = "meaning";
  words.ariaLive = "polite";
  keys.className = "explorer-keys";
  keys.innerHTML = `<span class="explorer-typed">Arrow keys: other terms. Esc: close.</span>
    <span class="explorer-touched">Tap anywhere to close.</span>`;
  sentence3.append(words, keys);
  root.append(sentence3);
  const buttons = () => (
    /** @type {HTMLElement[]} */
    [...root.querySelectorAll("[data-term]")]
  );
  const seen = () => buttons().filter((each) => each.checkVisibility());
  function oneStop(next) {
    for (const each of buttons()) each.tabIndex = each === next ? 0 : -1;
  }
  function open(button) {
    const name = button.dataset.term ?? "";
    const title = document.createElement("b");
    title.textContent = name;
    opened?.setAttribute("aria-expanded", "false");
    opened = button;
    button.setAttribute("aria-expanded", "true");
    sentence3.showPopover();
    words.replaceChildren(title, ` ${GLOSSARY[name]}`);
    const at = button.getBoundingClientRect();
    openedAt = at.top;
    place(at);
  }
  function place({ left, top, bottom }) {
    const { offsetWidth: w, offsetHeight: h } = sentence3;
    const below2 = bottom + GAP + h <= window.innerHeight || top < h + GAP;
    sentence3.style.left = `${Math.max(GAP, Math.min(left, document.documentElement.clientWidth - w - GAP))}px`;
    sentence3.style.top = `${below2 ? bottom + GAP : top - GAP - h}px`;
  }
  on(sentence3, "beforetoggle", ({ newState }) => {
    if (newState === "open") return;
    opened?.setAttribute("aria-expanded", "false");
    opened = null;
  });
  let wasOpened = false;
  on(root, "pointerdown", ({ target }) => wasOpened = opened !== null && opened === termAt(target));
  on(root, "click", (event) => {
    const button = termAt(event.target);
    const again = event.detail ? wasOpened : button === opened;
    if (!button) return;
    event.preventDefault();
    oneStop(button);
    if (again) sentence3.hidePopover();
    else open(button);
  });
  on(root, "focusin", ({ target }) => {
    const button = termAt(target);
    if (button) oneStop(button);
  });
  on(root, "keydown", (event) => {
    const button = termAt(event.target);
    const steps = button && stepsOf(event.key);
    if (!button || !steps || event.ctrlKey || event.metaKey || event.altKey) return;
    const all = seen();
    const next = all[onward(all.indexOf(button), steps.across + steps.down + steps.far, all.length)];
    event.preventDefault();
    event.stopPropagation();
    const reads = opened !== null;
    next.focus();
    if (reads) open(next);
  });
  const scrolled = () => {
    const top = opened?.getBoundingClientRect().top ?? openedAt;
    if (Math.abs(top - openedAt) > 1) sentence3.hidePopover();
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
  const frame2 = root.getBoundingClientRect();
  const items = [];
  collect(root, frame2, 1, items);
  const style = getComputedStyle(root);
  const family = style.fontFamily;
  const left = Math.min(...items.map(({ x }) => x), frame2.width);
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
function collect(element, frame2, alpha, items) {
  if (element.matches(LEFT_OUT) || element.checkVisibility?.({ visibilityProperty: true }) === false) return;
  const style = getComputedStyle(element);
  const rect = element.getBoundingClientRect();
  const own = alpha * Number(style.opacity);
  const at = { x: rect.left - frame2.left, y: rect.top - frame2.top, w: rect.width, h: rect.height, alpha: own };
  if (style.position === "absolute" && rect.width <= 1) return;
  if (element instanceof HTMLCanvasElement) {
    if (rect.width && rect.height) items.push({ ...at, kind: "canvas", canvas: element });
    return;
  }
  if (rect.width && rect.height) items.push(...boxesOf(style, at));
  if (element.localName === "mfrac") items.push(...fractionLine(element, frame2, style.color, own));
  for (const child of element.childNodes) {
    if (child instanceof Element) collect(child, frame2, own, items);
    else if (child instanceof Text) items.push(...linesOf(child, frame2, style, own));
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
  const lengths2 = [...layer.matchAll(/(-?[\d.]+)px/g)].map((each) => Number(each[1]));
  if (layer.startsWith("repeating-linear-gradient")) {
    const angle = Number(/\(([-\d.]+)deg/.exec(layer)?.[1] ?? 180);
    const thick = lengths2.find((each) => each > 0) ?? 1;
    return {
      kind: "stripes",
      stripes: { colour: colours[0], thick, period: Math.max(...lengths2), turned: angle - 90 }
    };
  }
  if (layer.startsWith("radial-gradient") && lengths2.length)
    return { kind: "dots", colour: colours[0], radius: lengths2[0], period: parseFloat(size) || 4 };
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
function fractionLine(fraction, frame2, fill, alpha) {
  const [over, under] = [...fraction.children].map((each) => each.getBoundingClientRect());
  if (!over || !under) return [];
  const { left, width } = fraction.getBoundingClientRect();
  return [
    { kind: "box", x: left - frame2.left, y: (over.bottom + under.top) / 2 - frame2.top, w: width, h: 1, fill, alpha }
  ];
}
function linesOf(text, frame2, style, alpha) {
  const lines = [];
  const range2 = document.createRange();
  for (const { 0: word, index } of text.data.matchAll(/\S+/g)) {
    range2.setStart(text, index);
    range2.setEnd(text, index + word.length);
    const rect = range2.getClientRects()[0];
    if (!rect?.width) continue;
    const [x, y] = [rect.left - frame2.left, rect.top - frame2.top];
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
function filesOf(view, { csv, svg = false, named: named2, state: worded, more = [] }, state) {
  const { root } = view;
  const name = root.classList[root.classList.length - 1];
  const title = `${name[0].toUpperCase()}${name.slice(1).replaceAll("-", " ")}`;
  const words = () => worded?.() ?? inWords(state());
  const facts = () => Object.entries(state()).filter(([trait]) => named2?.includes(trait) ?? true);
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
  const some3 = own.toString() !== "";
  if (text === NONE && !some3) return {};
  if (text === null && !some3) return void 0;
  const names2 = Object.keys(beside((each) => shown[each]));
  const base = Object.fromEntries(names2.map((each) => [each, shown[each]]));
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
  const names2 = Object.keys(link((name) => model.get(name)));
  const stateNow = () => Object.fromEntries(names2.map((name) => [name, model.get(name)]));
  const saved = stateNow();
  let followed = "";
  let waiting = 0;
  function follow() {
    if (location.hash === followed) return;
    followed = location.hash;
    const { state, wrong } = readLink(followed, saved, link);
    view.settle();
    for (const name of names2) if (state[name] !== model.get(name)) model.set(name, state[name]);
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
  for (const name of names2) model.on(`change:${name}`, () => waiting ||= window.setTimeout(write2, WAIT));
  on(window, "hashchange", follow);
  view.signal.addEventListener("abort", () => clearTimeout(waiting));
  follow();
  return () => location.href.split("#")[0] + writeLink(saved, stateNow());
}

// js/shared/markup.js
var canvases = (name, label) => `<canvas></canvas>
  <canvas data-part="${name}" tabindex="0" ${KEYS} role="application" aria-label="${label}"></canvas>`;

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
  const { root, model, on, part: part2, button } = view;
  const tools = root.querySelector(".widget-tools") ?? document.createElement("div");
  tools.className = "widget-tools";
  tools.innerHTML = PAGE;
  if (!tools.parentElement) root.append(tools);
  const tell = (sentence3) => part2("news").textContent = sentence3;
  const { undo, redo } = bindUndo(view, tell, (history2) => {
    button("undo").disabled = !history2.undoable;
    button("redo").disabled = !history2.redoable;
    tell("");
  });
  const keepFocus = (pressed, other) => {
    if (button(pressed).disabled) button(button(other).disabled ? "save" : other).focus();
  };
  on(part2("undo"), "click", () => (undo(), keepFocus("undo", "redo")));
  on(part2("redo"), "click", () => (redo(), keepFocus("redo", "undo")));
  const names2 = () => Object.keys(link?.((name) => model.get(name)) ?? {});
  const state = () => Object.fromEntries(names2().map((name) => [name, model.get(name)]));
  const choices = filesOf(view, exports, state);
  if (link && model.ownsPage) {
    const address = bindLink(view, link, exports.moving ?? (() => false));
    choices.push({ label: "Copy link", take: () => copy(address()) });
  }
  bindMenu(view, choices, tell);
  return bindCopies(view);
}
function bindMenu({ root, on, part: part2, button }, choices, tell) {
  const menu = part2("save-menu");
  const opener = button("save");
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
  const close2 = (back) => {
    if (menu.hidden) return;
    menu.hidden = true;
    opener.ariaExpanded = "false";
    if (back) opener.focus();
  };
  on(opener, "click", () => menu.hidden ? open(0) : close2(true));
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
    else if (event.key === "Escape") close2(true);
    else if (event.key === "Tab") return close2(true);
    else return;
    event.preventDefault();
    event.stopPropagation();
  });
  entries.forEach(
    (entry, i) => on(entry, "click", async () => {
      close2(true);
      try {
        tell(String(await choices[i].take()));
      } catch (error) {
        tell(`This could not be saved: ${error instanceof Error ? error.message : error}`);
      }
    })
  );
  on(document, "pointerdown", ({ target }) => {
    if (!(target instanceof Node) || !(menu.parentElement ?? menu).contains(target)) close2(false);
  });
  on(menu, "focusout", (event) => {
    if (event.relatedTarget instanceof Node && !(menu.parentElement ?? menu).contains(event.relatedTarget))
      close2(false);
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
  let frame2 = 0;
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
    frame2 = 0;
    stale = false;
    if (all) keepTermsReached();
    draw(all);
    drawn();
  };
  let drawn = () => {
  };
  const schedule = () => {
    frame2 ||= requestAnimationFrame(drawNow);
  };
  const catchUp = () => {
    if (!frame2) return;
    cancelAnimationFrame(frame2);
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
      cancelAnimationFrame(frame2);
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
    say(sentence3) {
      const words = view.note || sentence3;
      if (status.textContent !== words) status.textContent = words;
    },
    end() {
      stop2.abort();
      resized.disconnect();
      themed.disconnect();
      cancelAnimationFrame(frame2);
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
  let low = 0;
  let high = seen.length;
  while (high - low > 1) {
    const middle = low + high >> 1;
    if (widthOf(`${seen.slice(0, middle).join("")}…`) <= most) low = middle;
    else high = middle;
  }
  return `${seen.slice(0, low).join("")}…`;
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
  const [nearest3] = line.filter((box) => box.y === y).sort((a, b) => a.far - b.far);
  return nearest3 ? nearest3.t : token;
}

// js/shared/plan.js
var PANELS = (
  /** @type {const} */
  ["tokens", "map", "experts"]
);
function tokenBox(w, { count: count2, words, grid, picture }) {
  const lines = words && wordBoxes(words, w);
  const columns = grid[1] ?? Math.min(count2, Math.max(8, Math.ceil(Math.sqrt(count2))));
  const rows = grid[0] ?? Math.ceil(count2 / columns);
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
  const row = floorWithin((y - map.y) / map.dy, plan.rows);
  const token = row < 0 || expert < 0 && !plan.labelled ? -1 : plan.tokenOf(row);
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

// js/routing_lens/numbers.js
var four = (x) => (Math.abs(x) < 5e-5 ? 0 : x).toFixed(4);
var weight = (x) => x !== 0 && Math.abs(x) < 1e-4 ? x.toExponential(1) : x.toFixed(4);
var count = (x) => Number.isInteger(x) ? String(x) : four(x);
var short2 = (x) => {
  const whole = Math.round(x);
  if (x === 0 || whole > 0 && Math.abs(x - whole) < 1e-4) return String(whole);
  return x >= 9.95 ? x.toFixed(0) : x >= 1 ? x.toFixed(1) : x.toFixed(2);
};
var plural = (x, word) => `${count(x)} ${word}${x === 1 ? "" : "s"}`;
function sum(values) {
  let whole = 0;
  for (let i = 0; i < values.length; i++) whole += values[i];
  return whole;
}
function look(entry, image) {
  const { tokens, experts, slots: p, images_per_group: images } = entry;
  const s = experts * p;
  const ids = entry.ids ? ints(entry.ids) : Int32Array.from({ length: tokens }, (_, t) => t);
  const n = ids.length;
  const size = n * s;
  const group = Math.floor(image / images);
  const wide = images * tokens * experts;
  const row = new Int32Array(tokens).fill(-1);
  ids.forEach((t, r) => row[t] = r);
  const counts = entry.counts && ints(entry.counts);
  const first = counts ? sum([...counts.subarray(0, image)]) : image * size;
  const index = counts && entry.index && ints(entry.index).subarray(first, first + counts[image]);
  const weightsOf = (view) => {
    const all = floats(entry[view]);
    if (!index) return all.subarray(first, first + size);
    const weights2 = new Float32Array(size);
    index.forEach((at, i) => weights2[at] = all[first + i]);
    return weights2;
  };
  const sumsOfRows = (view) => Array.from({ length: n }, (_, r) => sum(weights[view].subarray(r * s, (r + 1) * s)));
  const sumsOfColumns = (view) => floats(entry[`${view}_sums`]).subarray(group * s, (group + 1) * s);
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
    sampled: entry.capacity !== void 0,
    groupLoad: entry.group_load ? [...floats(entry.group_load).subarray(group * experts, (group + 1) * experts)] : Array.from({ length: experts }, (_, e) => sum(columns.dispatch.subarray(e * p, (e + 1) * p))),
    load: [...floats(entry.load).subarray(image * experts, (image + 1) * experts)],
    words: null,
    reference: null,
    off: { rows: /* @__PURE__ */ new Set(), columns: /* @__PURE__ */ new Set() },
    wrongs: []
  };
}
var condensed = (it) => Boolean(it.sampled && it.words);
var placeOf = (it, token) => condensed(it) ? it.row[token] ?? -1 : token;
function extremesOf(it, view) {
  if (view === "output") return { least: 0, most: it.output_most };
  return { least: it[`${view}_least`], most: it[`${view}_most`] };
}
var weightOfRow = ({ weights, s }, view, r, from, to) => sum(weights[view].subarray(r * s + from, r * s + to));
var weightOf = (it, view, t, from, to) => weightOfRow(it, view, it.row[t], from, to);
var weightOfEach = (it, view, from, to) => Array.from({ length: it.n }, (_, r) => weightOfRow(it, view, r, from, to));
var weightByExpert = (it, view, t) => Array.from({ length: it.experts }, (_, e) => weightOf(it, view, t, e * it.p, (e + 1) * it.p));
function logitOf(it, { token, expert, slot }) {
  if (!it.weights.logits || token < 0 || expert < 0 || slot < 0 && it.logits_slots > 1) return null;
  const wide = it.experts * it.logits_slots;
  const own = it.logits_slots > 1 ? slot : 0;
  return it.weights.logits[it.row[token] * wide + expert * it.logits_slots + own];
}
function span({ p, s }, { expert, slot }) {
  if (expert < 0) return [0, s];
  return slot < 0 ? [expert * p, (expert + 1) * p] : [expert * p + slot, expert * p + slot + 1];
}
var knowsGates = (it) => it.views.includes("combine");
var told = (view) => view === "combine" ? "combine" : "dispatch";
var columnsOfExpert = (it, view) => view === "output" ? 0 : view === "logits" ? it.logits_slots : it.p;
var nearest2 = ({ ids, n, tokens }, t) => ids[Math.min(Math.round(t * n / tokens), n - 1)];
var missesOne = (it, x) => !(Math.abs(x - 1) <= it.close);
function offSums(it) {
  const off = { rows: /* @__PURE__ */ new Set(), columns: /* @__PURE__ */ new Set() };
  const wrong = (x) => missesOne(it, it.hard && x >= 0 ? Math.max(x, 1) : x);
  it.rows.combine.forEach((x, r) => it.fate[it.ids[r]] !== 2 && wrong(x) && off.rows.add(r));
  if (it.hard || it.groupFate.every((fate) => fate === 2)) return off;
  it.columns.dispatch.forEach((x, c) => missesOne(it, x) && off.columns.add(c));
  return off;
}
var WRONGS = [
  { sign: "<0", words: "negative", is: (x) => x < 0 && x > -Infinity },
  { sign: ">1", words: "over 1", is: (x, close2) => x > 1 + close2 && x < Infinity },
  { sign: "NaN", words: "not a number", is: (x) => x !== x },
  { sign: "∞", words: "infinite", is: (x) => x === Infinity || x === -Infinity }
];
function wrongs(it, view) {
  const values = it.weights[view] ?? [];
  const columns = it.experts * columnsOfExpert(it, view);
  const found = WRONGS.slice(view === "logits" ? 2 : 0).map((kind) => ({ ...kind, at: (
    /** @type {number[]} */
    []
  ) }));
  for (let i = 0; i < values.length; i++) {
    const x = values[i];
    if (x >= 0 && x <= 1) continue;
    const kind = found.find((k) => k.is(x, it.close));
    if (kind && it.fate[it.ids[Math.floor(i / columns)]] !== 2) kind.at.push(i);
  }
  return found.filter((kind) => kind.at.length);
}
function difference(it, view) {
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

// js/routing_lens/folds.js
function shared(values) {
  let [low, high] = [Infinity, -Infinity];
  for (let i = 0; i < values.length; i++) {
    if (!Number.isFinite(values[i])) return "";
    low = Math.min(low, values[i]);
    high = Math.max(high, values[i]);
  }
  return values.length > 1 && four(low) === four(high) ? String(Number(four(low))) : "";
}
function foldsOf(it, view) {
  const load = it.images_per_group === 1 ? shared(it.load) : "";
  const told2 = { rows: "", columns: "", load: load && `Every expert's load is ${load}.` };
  if (view !== "dispatch" && view !== "combine") return told2;
  const real = it.rows[view].filter((_, r) => it.fate[it.ids[r]] !== 2);
  const rows = view === "combine" && it.off.rows.size ? "" : shared(real);
  const columns = view === "dispatch" && it.off.columns.size ? "" : shared(it.columns[view]);
  if (rows) told2.rows = `Every token's ${view} sums to ${rows}.`;
  if (columns) told2.columns = `Every slot's ${view} sums to ${columns}.`;
  return told2;
}
function isRoot(it, view, shading) {
  if (view !== "dispatch" && view !== "combine") return false;
  const even = 1 / (view === "dispatch" ? it.tokens * it.images_per_group : it.s);
  return isRootScale(extremesOf(it, view), even, !it.hard, shading);
}

// js/arithmetic/routing.js
function topInOrder(values, start, count2, step, k) {
  if (k > 4 * Math.log2(count2 + 1)) return sortedInOrder(values, start, count2, step).subarray(0, k);
  const best = new Uint32Array(k);
  const taken = new Uint8Array(count2);
  for (let c = 0; c < k; c++) {
    let top = -1;
    for (let i = 0; i < count2; i++)
      if (!taken[i] && (top < 0 || values[start + i * step] > values[start + top * step])) top = i;
    taken[best[c] = top] = 1;
  }
  return best;
}
function sortedInOrder(values, start, count2, step) {
  const column = new Float32Array(count2);
  const keys = new Float64Array(count2);
  const places = 2 ** 21;
  for (let i = 0; i < count2; i++) column[i] = values[start + i * step] + 0;
  const bits = new Int32Array(column.buffer);
  for (let i = 0; i < count2; i++) keys[i] = i - (bits[i] < 0 ? bits[i] ^ 2147483647 : bits[i]) * places;
  return Uint32Array.from(keys.sort(), (key) => key - Math.floor(key / places) * places);
}

// js/shared/numbers.js
var exact = (x) => x.toLocaleString("en-US", { maximumFractionDigits: 3 });
var percent = (x) => `${(100 * x).toFixed(1)} %`;
var some = (list) => list.slice(0, 12).join(", ") + (list.length > 12 ? ` and ${exact(list.length - 12)} more` : "");

// js/arithmetic/why.js
var ORDINALS = ["first", "second", "third", "fourth"];
var ordinal = (choice) => ORDINALS[choice] ?? `${choice + 1}th`;
var four2 = (x) => x !== 0 && Math.abs(x) < 1e-4 ? x.toExponential(1) : x.toFixed(4);
function listed(names2, most = 4) {
  if (names2.length > most) return `${names2.slice(0, most).join(", ")} and ${names2.length - most} more`;
  return names2.length < 2 ? names2.join("") : `${names2.slice(0, -1).join(", ")} and ${names2[names2.length - 1]}`;
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
  const names2 = (all) => listed(
    all.map((each) => name(each.token)),
    6
  );
  const slots = holders.length === 1 ? "its one slot holds" : `its ${holders.length} slots hold`;
  const [sooner, alike2] = [holders.filter((each) => each.choice < choice), holders.filter((h) => h.choice === choice)];
  const what = `${ordinal(choice)} choices`;
  const order = `all ${ordinal(choice - 1)} choices are served before any ${ordinal(choice)} one`;
  const ahead = priority === "gate" ? "by gate" : "by position";
  const numbers = priority !== "gate" ? "" : ` (${listed(alike2.map((h) => four2(h.largest)))} against ${four2(largest)})`;
  const tie = priority === "gate" && alike2.some((h) => h.largest === largest) ? ", equal ones by position" : "";
  if (!alike2.length) return `${slots} ${names2(sooner)}: ${order}`;
  const first = `served before it ${ahead}${numbers}${tie}`;
  if (!sooner.length) return `${slots} ${names2(alike2)}, ${first}${wouldCome(token, largest, priority, alike2, name)}`;
  const rest = `among ${what}, ${names2(alike2)} ${alike2.length === 1 ? "was" : "were"} ${first}`;
  return `${slots} ${names2(sooner)}, as ${order}; ${rest}${wouldCome(token, largest, priority, alike2, name)}`;
}
function wouldCome(own, largest, priority, alike2, name) {
  if (priority === "gate") {
    const later = alike2.filter((each) => each.token > own);
    return later.length ? `; by position it would come before ${listed(later.map((each) => name(each.token)))}` : "";
  }
  const [weakest] = alike2.filter((each) => each.largest < largest).sort((a, b) => a.largest - b.largest);
  const numbers = weakest && `${four2(largest)} against ${four2(weakest.largest)}`;
  return weakest ? `; by gate it would come before ${name(weakest.token)} (${numbers})` : "";
}
var droppedTold = (refusals, name) => refusals.map(
  (each, i) => `it asked for expert ${each.expert}${i ? ` ${ordinal(each.choice)}` : ""} (gate ${four2(each.gate)}), and ` + holdersTold(each, name)
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
  const short3 = by > 0 ? `missed by ${four2(by)}` : "missed by position alone, since equal gates go to the earlier token";
  return `its gate ${four2(gate)} is number ${rank} of ${of} there; ${taken}${who} with ${four2(last2.gate)}: ${short3}`;
}
var SOFTMAX = {
  dispatch: { over: "tokens", along: "column", code: "logits.softmax(1)" },
  combine: { over: "all slots", along: "row", code: "logits.flatten(2).softmax(2)" }
};

// js/routing_lens/why.js
function choosing(it) {
  const { chooser, holders, gates, experts: e, p, asks = 1 } = it;
  if (chooser !== "tokens" && chooser !== "either" || !holders || !gates) return null;
  return { e, p, topK: asks, token: holders, gates, asked: askedIn(gates, e, asks), priority: priorityOf(it) };
}
var priorityOf = ({ priority }) => priority === "gate" ? "gate" : "position";
var known = /* @__PURE__ */ new WeakMap();
function askedIn(gates, e, k) {
  const groups = known.get(gates.buffer) ?? /* @__PURE__ */ new Map();
  known.set(gates.buffer, groups);
  const before = groups.get(gates.byteOffset);
  if (before) return before;
  const asked = new Int32Array(gates.length / e * k);
  for (let t = 0; t * e < gates.length; t++) asked.set(topInOrder(gates, t * e, e, 1, k), t * k);
  groups.set(gates.byteOffset, asked);
  return asked;
}
function taking({ chooser, holders, gates, experts: e, p, tokens, images_per_group: images }) {
  if (chooser !== "experts" || !holders || !gates) return null;
  return { n: tokens * images, e, p, token: holders, gates };
}
var inGroup = (it, token) => it.image % it.images_per_group * it.tokens + token;
var namer = (it) => (each) => {
  const token = each % it.tokens;
  const image = it.group * it.images_per_group + Math.floor(each / it.tokens);
  if (image !== it.image) return `${it.what} ${image}'s token ${token}`;
  return `token ${token}${it.words ? ` ${JSON.stringify(it.words[token])}` : ""}`;
};
function gatesOf(it, token) {
  if (!it.gates || it.row[token] < 0) return null;
  const own = inGroup(it, token);
  return it.gates.subarray(own * it.experts, (own + 1) * it.experts);
}
function askedBy(it, token) {
  const chosen = choosing(it);
  return chosen && [...topInOrder(chosen.gates, inGroup(it, token) * it.experts, it.experts, 1, chosen.topK)];
}
var sentence = (text) => `${text[0].toUpperCase()}${text.slice(1)}.`;
function holdersFor(it, { token, expert }) {
  const chosen = choosing(it);
  if (!chosen || token < 0 || it.fate[token] === 2) return [];
  const first = inGroup(it, 0);
  return refusalsOf(chosen, inGroup(it, token)).filter((refusal) => expert < 0 || refusal.expert === expert).flatMap(
    (refusal) => refusal.holders.map((held) => (
      /** @type {const} */
      [held.token - first, refusal.expert, held.slot]
    ))
  ).filter(([held]) => held >= 0 && held < it.tokens).map(([held, e, slot]) => [held, e, slot]);
}
var NO_GATES = "The Routing does not carry gates, so it cannot say what this token asked for.";
var ODD = "No rule that the lens knows makes these slots of the Routing's gates, so it cannot say why.";
function why(it, { token, expert, slot }) {
  if (token < 0 || it.row[token] < 0 || it.fate[token] === 2) return "";
  const dropped = it.fate[token] === 1;
  const own = inGroup(it, token);
  const experts = taking(it);
  if (experts) {
    const miss = expert >= 0 ? missOf(experts, own, expert) : dropped ? nearestMiss(experts, own) : null;
    if (!miss || miss.last.token < 0) return "";
    const begin = expert < 0 ? `no expert chose it; it came nearest to expert ${miss.expert}` : `expert ${expert} did not choose it`;
    return sentence(`${begin}: ${missTold(miss, namer(it))}`);
  }
  const chosen = choosing(it);
  if (chosen) {
    const reason = whyOfTokens(it, chosen, own, expert, slot);
    return reason && it.chooser === "either" ? `${reason} Experts that choose would fill the same slots.` : reason;
  }
  if (!dropped && !it.lost.includes(token)) return "";
  if (it.holders) return it.gates ? ODD : NO_GATES;
  if (it.hard) return "These are weights without choices, so they cannot say what this token asked for.";
  return "Every weight in its row of dispatch is 0, where a softmax gives each token some weight.";
}
function whyOfTokens(it, chosen, own, expert, slot) {
  const name = namer(it);
  if (expert < 0) {
    const refusals = refusalsOf(chosen, own);
    return refusals.length ? sentence(droppedTold(refusals, name)) : "";
  }
  const { topK, gates, e } = chosen;
  const choice = topInOrder(gates, own * e, e, 1, topK).indexOf(expert);
  const gate = four(gates[own * e + expert]);
  if (choice < 0) {
    const rank = [...topInOrder(gates, own * e, e, 1, e)].indexOf(expert);
    const most = rank === e - 1 ? "smallest" : `${ordinal(rank)} largest`;
    return `It did not ask for expert ${expert}: its gate there (${gate}) is its ${most}, and a token asks for ${plural(topK, "expert")}.`;
  }
  const refusal = refusalOf(chosen, own, choice);
  if (refusal) return sentence(droppedTold([refusal], name));
  if (slot >= 0 && it.holders?.[expert * it.p + slot] !== own) return "";
  return `It asked for expert ${expert}: its gate there (${gate}) is its ${choice ? `${ordinal(choice)} largest` : "largest"}.`;
}
var TAKEN = [
  { words: "these are the logits themselves, without a softmax", is: areLogits },
  {
    words: "each token's weights sum to 1, as after a softmax over all slots",
    is: (it, view) => ones(it, it.rows[view])
  },
  {
    words: "each slot's weights sum to 1, as after a softmax over tokens",
    is: (it, view) => it.images_per_group === 1 && ones(it, it.columns[view], false)
  },
  { words: "each token's weights sum to 1 over the experts alone", is: (it, view) => onesAmong(it, view, "experts") },
  {
    words: "each token's weights sum to 1 over the slots of each expert",
    is: (it, view) => onesAmong(it, view, "slots")
  },
  {
    words: "all weights together sum to 1, as after a softmax over tokens and slots at once",
    is: (it, view) => close(
      it,
      it.rows[view].reduce((a, x) => a + x, 0)
    )
  }
];
var close = (it, x) => Math.abs(x - 1) <= it.close;
var ones = (it, sums2, ofTokens = true) => Array.from(sums2).every((x, r) => ofTokens && it.fate[it.ids[r]] === 2 || close(it, x));
function areLogits(it, view) {
  const { logits } = it.weights;
  return it.logits_slots === it.p && !!logits && it.weights[view].every((x, i) => x === logits[i]);
}
function onesAmong({ weights, experts, p, n, s, fate, ids, close: most }, view, among) {
  const [outer, inner] = among === "experts" ? [p, experts] : [experts, p];
  const [from, by] = among === "experts" ? [1, p] : [p, 1];
  if (outer === 1) return false;
  for (let r = 0; r < n; r++) {
    if (fate[ids[r]] === 2) continue;
    for (let o = 0; o < outer; o++) {
      let sum2 = 0;
      for (let i = 0; i < inner; i++) sum2 += weights[view][r * s + o * from + i * by];
      if (!(Math.abs(sum2 - 1) <= most)) return false;
    }
  }
  return true;
}
function remedy(it) {
  if (it.hard) return "";
  const missing = (
    /** @type {Weights[]} */
    ["dispatch", "combine"].filter(
      (view) => (view === "dispatch" ? it.off.columns : it.off.rows).size
    )
  );
  return missing.map((view) => {
    const { over, along, code } = SOFTMAX[view];
    const taken = TAKEN.find(({ is }) => is(it, view));
    const now = taken ? ` Here ${taken.words}.` : "";
    return `A softmax over ${over}, ${code}, makes each ${along} of ${view} sum to 1.${now}`;
  }).join(" ");
}

// js/routing_lens/magnifier.js
function sheetOf({ it, view, ink, root, reach, boxes }) {
  const own = columnsOfExpert(it, view);
  return {
    values: it.weights[view] ?? new Float32Array(),
    rows: it.n,
    columns: boxes.map.columns,
    own,
    slotted: own === it.p,
    ...extremesOf(it, view),
    root,
    reach,
    lines: 7,
    ink,
    tokenOf: (row) => it.ids[row],
    rowOf: (token) => it.row[token] ?? -1,
    nameOf: (row) => it.ids[row]
  };
}
function centreOf(it, sheet, at) {
  const [asked] = at.expert < 0 && it.fate[at.token] === 1 ? askedBy(it, at.token) ?? [] : [];
  if (asked === void 0) return heaviest(sheet, at);
  return { row: it.row[at.token], column: asked * sheet.own + Math.floor(sheet.own / 2) };
}

// js/routing_lens/moves.js
function expertsOfToken(it, token) {
  const each = weightByExpert(it, it.hard ? "dispatch" : "combine", token);
  if (it.hard) return [...each.keys()].filter((e) => each[e] > 0);
  return it.fate[token] ? [] : [each.indexOf(Math.max(...each))];
}
function movesBetween(before, now) {
  const found = [];
  for (const token of now.ids) {
    if (before.row[token] < 0 || now.fate[token] === 2) continue;
    const [old, current] = [expertsOfToken(before, token), expertsOfToken(now, token)];
    const left = old.filter((e) => !current.includes(e));
    const joined = current.filter((e) => !old.includes(e));
    if (left.length || joined.length) found.push({ token, left, joined });
  }
  return found;
}
var named = (experts) => experts.length ? `${experts.length > 1 ? "experts" : "expert"} ${experts.join(", ")}` : "dropped";
var signOf = ({ left, joined }) => `${left.join(",") || "–"}→${joined.join(",") || "–"}`;
function movesNote(it, moves, since) {
  const how = it.hard ? "" : ", by the expert that each hears most";
  return `Since step ${since}, ${moves.length} of ${plural(it.n, "token")} of this ${it.what} moved${how}.`;
}
function movesByExperts(moves) {
  const kinds = /* @__PURE__ */ new Map();
  for (const { token, left, joined } of moves) {
    const kind = `From ${named(left)} to ${named(joined)}`;
    kinds.set(kind, [...kinds.get(kind) ?? [], token]);
  }
  return [...kinds].sort((a, b) => b[1].length - a[1].length).map(([kind, tokens]) => `${kind}: ${tokens.length === 1 ? "token" : "tokens"} ${some(tokens)}`);
}

// js/arithmetic/largest.js
function largestAmong(values, from, count2, by = 1) {
  let top = from;
  let alike2 = 0;
  for (let i = 1, at = from + by; i < count2; i++, at += by)
    if (values[at] > values[top]) [top, alike2] = [at, 0];
    else if (values[at] === values[top]) alike2++;
  return { top, alike: alike2 };
}
function equals(alike2, count2) {
  if (!alike2) return "";
  if (alike2 + 1 === count2) return ` (all ${count2.toLocaleString("en-US")} are equal)`;
  return alike2 === 1 ? " (1 other is equal)" : ` (${alike2.toLocaleString("en-US")} others are equal)`;
}
function largestFinite(values, least) {
  let most = least;
  for (let i = 0; i < values.length; i++) if (values[i] > most && values[i] < Infinity) most = values[i];
  return most;
}

// js/routing_lens/opening.js
function openingOf(it) {
  const [column] = it.off.columns;
  if (column !== void 0) {
    const at = { token: -1, expert: Math.floor(column / it.p), slot: column % it.p };
    return { at, what: "a slot whose sum misses 1" };
  }
  const token = (t, what) => ({ at: { ...NOTHING, token: t }, what });
  const [row] = it.off.rows;
  if (row !== void 0) return token(it.ids[row], "a token whose sum misses 1");
  const dropped = it.ids.find((t) => it.fate[t] === 1);
  if (dropped !== void 0) return token(dropped, "a dropped token");
  if (it.lost.length) return token(it.lost[0], "a token that lost a choice");
  const real = it.ids.filter((t) => it.fate[t] === 0);
  const sums2 = Array.from(real, (t) => it.rows.dispatch[it.row[t]]);
  const { top, alike: alike2 } = largestAmong(sums2, 0, sums2.length);
  if (!real.length || !Number.isFinite(sums2[top])) return { at: NOTHING, what: "" };
  return token(
    real[top],
    alike2 ? "one of the tokens" : it.hard ? "the token in most slots" : "the token with most attention"
  );
}

// js/routing_lens/page.js
var VIEWS = ["logits", "dispatch", "combine", "output"];
var TERMS = ["token", "slot", "expert", "logit", "dispatch", "combine", "load", "capacity", "gate", "dropped"];
var OF_CHOICES = ["capacity", "gate", "dropped"];
var HINT = "arrow keys move, Enter pins, Shift+Enter compares, Escape unpins";
var panel = (name, label) => `<div class="routing-lens-panel" data-panel="${name}">
  ${canvases(name, `${label}: ${HINT}`)}</div>`;
var range = (name) => `<input type="range" min="0" step="1" data-part="${name}" ${KEYS}>`;
var radios = (names2, label) => names2.map((name) => `<label><input type="radio" value="${name}" data-part="${name}" ${KEYS}>${label(name)}</label>`).join("");
var push = (name, label) => `<button type="button" data-part="${name}" ${KEYS}>${label}</button>`;
var PAGE2 = `
<div class="routing-lens-controls">
  <label>Router <select data-part="router" ${KEYS}></select></label>
  <label>Layer <select data-part="layer" ${KEYS}></select></label>
  <span data-part="only"></span>
  <label><span data-part="kind"></span> ${range("image_index")}<span data-part="image"></span></label>
  <fieldset><legend>Map</legend>${radios(VIEWS, (view) => view)}</fieldset>
  <span class="routing-lens-replay" data-part="replay" hidden>${push("play", "")}
    <label>Step ${range("step")}<span data-part="step-text"></span></label>
    <label>Moved since <select data-part="since" ${KEYS}></select></label></span>
  <details data-part="more"><summary ${KEYS}>More</summary>
    ${shadings}</details>
</div>
<p class="routing-lens-warning" data-part="warning" hidden></p>
<p class="routing-lens-remedy" data-part="remedy" hidden></p>
<div class="routing-lens-panels">
  <div class="routing-lens-tokens"><div class="routing-lens-title" data-part="tokens-title"></div>
    ${panel("tokens", "Tokens")}
    <div class="routing-lens-ramp"><span data-part="least"></span><span class="routing-lens-scale"><i></i><span
      data-part="middle"></span></span><span data-part="most"></span></div>
    <p data-part="shading"></p>
    <p data-part="caption"></p>
    <div data-part="magnified" hidden><div class="routing-lens-title">Magnifier</div>
      ${panel("magnifier", "Magnified weights")}</div></div>
  <div class="routing-lens-map"><div class="routing-lens-title" data-part="map-title"></div>
    ${panel("map", "Weights of tokens by slots")}
    ${panel("experts", "Load of the experts")}
    <p data-part="load-note"></p></div>
  <div class="routing-lens-status"><span role="status" aria-live="polite"></span>
    <span data-part="why" aria-live="polite"></span>
    <span data-part="pin" aria-live="polite"></span></div>
</div>
<div class="routing-lens-actions">${push("hold", "Pin")}${push("beside", "Compare")}${push("clear", "Clear comparison")}
  ${keyHints({ [ARROWS]: "move", Enter: "pin", "Shift Enter": "compare", Esc: "free" }, "Tap what you want to pin.")}</div>
<p class="routing-lens-terms">Words: ${TERMS.map((name) => `<span>${term(name)}</span>`).join(" ")}</p>
<div class="routing-lens-chart" data-part="chart" hidden>
  <p data-part="moves"></p>
  <details data-part="moved"><summary ${KEYS}>Who moved where</summary><ul data-part="moves-list"></ul></details>
  <div class="routing-lens-panel"><canvas data-part="progress" role="img"
    aria-label="Share of correct answers and of dropped tokens over training steps, both from 0 to 1"></canvas></div>
  <p data-part="progress-note"></p>
</div>
<div class="routing-lens-compare" data-part="compare" hidden>
  <div class="routing-lens-title" data-part="compare-title"></div><div data-part="cards"></div></div>`;

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
var outline = (ctx, corner, picture, ink) => outlineAll(ctx, [corner], picture, ink);
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
var narrowed = ([x, y, , h]) => [x, y, NARROWEST, h];
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
function ringPlaces(ctx, { x, y, w, h, dx, dy }, { row, columns, cells }) {
  if (row >= 0) ring(ctx, x, y + row * dy, w, dy);
  if (columns) ring(ctx, x + columns.from * dx, y, columns.count * dx, h);
  for (const cell of cells) {
    const left = x + cell.columns.from * dx;
    const top = y + cell.row * dy;
    const wide = cell.columns.count * dx;
    ctx.clearRect(left - 3, top - 3, wide + 6, dy + 6);
    ring(ctx, left, top, wide, dy);
  }
}
var ringExpert = (ctx, { x, de }, expert, high) => ring(ctx, x + expert * de + 2, 2, de - 4, high);

// js/routing_lens/bars.js
function bar(ctx, x, floor, w, h, colour, ink, pale = false) {
  Object.assign(ctx, { fillStyle: colour, strokeStyle: ink.text, lineWidth: 1, globalAlpha: pale ? 0.4 : 1 });
  ctx.fillRect(x, floor - h, w, h);
  ctx.globalAlpha = 1;
  if (h < 1) return;
  const left = Math.round(x);
  const top = Math.round(floor - h);
  if (w > 7) {
    ctx.strokeRect(left + 0.5, top + 0.5, Math.round(x + w) - left - 1, Math.round(floor) - top - 1);
    return;
  }
  ctx.fillStyle = ink.text;
  ctx.fillRect(x, top, w, 1);
}
function bars(ctx, { x, de }, values, most, floor, high, ink, options = {}) {
  const { pale = () => false, line = -Infinity, numbers = false } = options;
  const gap = de > 8 ? 2 : 0;
  Array.from(values).forEach((value, e) => {
    const h = high * part(value, most);
    const top = floor - h;
    bar(ctx, x + e * de + gap, floor, Math.max(de - 2 * gap, 0.5), h, expertFill(ctx, e), ink, pale(e));
    const number = short2(value);
    const above = Math.abs(top - 7 - line) < 7 ? line - 8 : top - 7;
    if ((numbers || !pale(e)) && de >= ctx.measureText(number).width + 2)
      write(ctx, number, x + (e + 0.5) * de, above, ink.text);
  });
}
function writeBoxed(ctx, text, x, y, ink, most) {
  const w = ctx.measureText(String(text)).width + 6;
  const left = Math.min(Math.max(x - w / 2, 1), most - w - 1);
  ctx.fillStyle = ink.paper;
  ctx.fillRect(left, y - 8, w, 16);
  Object.assign(ctx, { strokeStyle: ink.text, lineWidth: 1 });
  ctx.strokeRect(left + 0.5, y - 7.5, w - 1, 15);
  write(ctx, text, left + w / 2, y, ink.text);
}

// js/routing_lens/sizes.js
var LEFT2 = 46;
var MOST_LABEL = 150;
var TOP2 = 20;
var RIGHT = 68;
var RIGHT_FOLDED = 30;
var SUMS = 46;
var SUMS_FOLDED = 8;
var LOAD = 58;
var LOAD_FOLDED = 4;
var ROW = 46;
var MOST_HIGH = 392;
var NARROW = 704;
var rowLabel = (it, t, most) => it.words ? `${t} ${fitted(it.words[t], most - widthOf(`${t} `))}` : String(t);
function labelRoom({ ids, words }, width) {
  if (!words) return LEFT2;
  const longest = Math.max(...Array.from(ids, (t) => widthOf(`${t} ${clip(words[t], 400)}`)));
  return Math.max(LEFT2, Math.min(longest + 12, 0.3 * width, MOST_LABEL));
}
function tokensIn(it, picture, width) {
  const few = condensed(it);
  const words = it.words && few ? Array.from(it.ids, (t) => (
    /** @type {string[]} */
    it.words[t]
  )) : it.words;
  return tokenBox(width, { count: few ? it.n : it.tokens, words, grid: it.grid, picture });
}
var loadRoom = (folds) => folds.load ? LOAD_FOLDED : LOAD;
function layout({ it, view, picture, folds }, tokensWidth, mapWidth, mostHigh) {
  const tokens = tokensIn(it, picture, tokensWidth);
  const columns = it.experts * columnsOfExpert(it, view);
  const logits = view === "logits";
  const fated = logits && it.fate.some((fate) => fate > 0);
  const right = folds.rows || logits && !fated ? RIGHT_FOLDED : RIGHT;
  const below2 = folds.columns || logits || view === "output" ? SUMS_FOLDED : SUMS;
  const margins = { left: labelRoom(it, mapWidth), right, top: TOP2 };
  const map = mapBox(mapWidth, Math.min(mostHigh, MOST_HIGH), { rows: it.n, columns, experts: it.experts }, margins);
  return {
    tokens,
    map,
    sizes: {
      tokens: [tokensWidth, tokens.h],
      map: [mapWidth, TOP2 + map.h + below2],
      experts: [mapWidth, loadRoom(folds) + ROW]
    }
  };
}

// js/routing_lens/marks.js
var FEW = 40;
var TILE2 = 7;
var STROKES = {
  "<0": [[0, 3.5, 7, 3.5]],
  ">1": [
    [3.5, 0, 3.5, 7],
    [0, 3.5, 7, 3.5]
  ],
  NaN: [
    [0, 0, 7, 7],
    [7, 0, 0, 7]
  ],
  "∞": [[2, 3.5, 5, 3.5]]
};
function tile(ctx, sign) {
  const small = new OffscreenCanvas(TILE2, TILE2);
  const pen = contextOf(small);
  for (const [width, colour] of [
    [2.6, "#000"],
    [1, "#fff"]
  ]) {
    Object.assign(pen, { lineWidth: width, strokeStyle: colour });
    for (const [a, b, c, d] of STROKES[sign]) {
      pen.beginPath();
      pen.moveTo(a, b);
      pen.lineTo(c, d);
      pen.stroke();
    }
  }
  return (
    /** @type {CanvasPattern} */
    ctx.createPattern(small, "repeat")
  );
}
function markWrong(ctx, found, columns, { x, y, dx, dy }) {
  for (const { sign, at } of found) {
    const room = dx >= 26 && dy >= 12;
    const few = at.length <= FEW;
    const ground = tile(ctx, sign);
    ctx.fillStyle = ground;
    for (let i = 0, run; i < at.length; i += run) {
      const column = at[i] % columns;
      const left = x + column * dx;
      const top = y + Math.floor(at[i] / columns) * dy;
      for (run = 1; !room && at[i + run] === at[i] + run && column + run < columns; ) run++;
      if (room) writeOver(ctx, sign, left + dx / 2, top + dy / 2);
      if (room) continue;
      const [centreX, centreY] = [left + (dx - TILE2) / 2, top + (dy - TILE2) / 2].map(Math.round);
      if (few) ground.setTransform(new DOMMatrix([1, 0, 0, 1, centreX, centreY]));
      ctx.fillRect(left, top, Math.max(run * dx, 1), Math.max(dy, 1));
      if (few) ring(ctx, left, top, run * dx, dy);
    }
  }
}
function arrow(ctx, x, y, size, left) {
  ctx.beginPath();
  ctx.moveTo(x, y);
  for (const side of [-1, 1]) ctx.lineTo(x + (left ? size : side * size / 2), y + (left ? side * size / 2 : size));
  ctx.fill();
}
var NONE2 = /* @__PURE__ */ new Set();
function sums(ctx, it, view, map, folds, ink) {
  const { x, y, dx, dy } = map;
  const rows = folds.rows ? [] : it.rows[view];
  const columns = folds.columns ? [] : it.columns[view];
  const off = { rows: view === "combine" ? it.off.rows : NONE2, columns: view === "dispatch" ? it.off.columns : NONE2 };
  const long = RIGHT - 20;
  const textOf = (r) => (it.hard ? count : four)(rows[r]) + (off.rows.has(r) ? " ≠1" : "");
  const paintColumn = (c, left, base, w, high) => bar(ctx, left, base, w, high, expertFill(ctx, Math.floor(c / it.p)), ink);
  const { right, floor, numbers } = paintSums(
    ctx,
    map,
    { rows, columns, long, high: SUMS - 22, textOf, paintColumn },
    ink
  );
  ctx.fillStyle = ink.text;
  if (!numbers) for (const r of off.rows) arrow(ctx, right + long + 3, y + (r + 0.5) * dy, 7, true);
  Array.from(columns).forEach((value, c) => {
    const missed = off.columns.has(c);
    const middle = x + (c + 0.5) * dx;
    const sign = missed ? "≠1" : "";
    const text = dx >= 64 ? `${four(value)} ${sign}` : dx >= 16 ? sign : "";
    if (text) write(ctx, text, middle, floor + 7, ink.text);
    else if (missed) arrow(ctx, middle, floor + 2, Math.min(5, Math.max(dx, 2)), false);
  });
}
function selectedSums(ctx, { it, view, folds, boxes: { map, sizes }, ink }, { token, expert, slot }) {
  const rows = it.rows[view];
  const columns = it.columns[view];
  if (!rows || !columns) return;
  const { x, y, h, dx, dy } = map;
  const most = sizes.map[0];
  const number = it.hard ? count : four;
  const c = expert * it.p + slot;
  const row = it.row[token];
  if (token >= 0 && dy < 12 && !folds.rows) writeBoxed(ctx, number(rows[row]), most, y + (row + 0.5) * dy, ink, most);
  if (expert >= 0 && slot >= 0 && dx < 64 && !folds.columns)
    writeBoxed(ctx, number(columns[c]), x + (c + 0.5) * dx, y + h + SUMS - 8, ink, most);
}

// js/routing_lens/words.js
var FATES = ["", "dropped", "padding"];
var some2 = (it, tokens) => {
  const named2 = tokens.slice(0, 8).map((t) => numbered(it, t)).join(", ");
  return tokens.length ? ` (${named2}${tokens.length > 8 ? ", …" : ""})` : "";
};
var notOne = (off) => off ? ", not 1" : "";
var MOST_TOLD = 60;
var cut = (word) => word.length > MOST_TOLD ? `${word.slice(0, MOST_TOLD - 1)}…` : word;
var numbered = (it, t) => it.words ? `${t} ${JSON.stringify(cut(it.words[t]))}` : t;
var called = (it, t) => `token ${numbered(it, t)}`;
function names(it, { token, expert, slot }) {
  const columns = it.grid[1];
  const found = [];
  if (token >= 0)
    found.push(called(it, token) + (columns ? ` (row ${Math.floor(token / columns)}, column ${token % columns})` : ""));
  if (expert >= 0) found.push(`expert ${expert}`);
  if (slot >= 0) found.push(`slot ${slot}`);
  return found.join(", ");
}
function expertsOf(it, view, token, most = 3) {
  const dispatch = weightByExpert(it, "dispatch", token);
  const combine = weightByExpert(it, "combine", token);
  const each = view === "combine" ? combine : dispatch;
  const order = [...each.keys()].filter((e) => dispatch[e] !== 0 || combine[e] !== 0).sort((a, b) => each[b] - each[a]);
  if (!order.length) return "no expert";
  const more = order.length > most ? ` and ${order.length - most} more` : "";
  const what = order.length > 1 ? "experts" : "expert";
  if (!knowsGates(it)) return `${what}: ${order.slice(0, most).join(", ")}${more}`;
  const named2 = order.slice(0, most).map((e) => `${e} (${weight(dispatch[e])} / ${weight(combine[e])})`);
  return `${what} (dispatch / combine): ${named2.join(", ")}${more}`;
}
function cellFact(it, at, from, to) {
  const logit = logitOf(it, at);
  const parts = logit === null ? [] : [`logit ${four(logit)}`];
  for (
    const view of
    /** @type {Weights[]} */
    knowsGates(it) ? ["dispatch", "combine"] : ["dispatch"]
  ) {
    const other = it.reference ? ` (reference ${weight(weightOf(it.reference, view, at.token, from, to))})` : "";
    parts.push(`${view} ${weight(weightOf(it, view, at.token, from, to))}${other}`);
  }
  return parts.join(", ");
}
var filled = (it, token) => plural(it.rows.dispatch[it.row[token]], "slot") + (it.lost.includes(token) ? ` where others fill ${it.choices}` : "");
function tokenFacts(it, { token, expert }, view) {
  const row = it.row[token];
  const slots = filled(it, token);
  const answer = knowsGates(it) ? `its combine sums to ${four(it.rows.combine[row])}` : "its gates were not recorded";
  const fate = it.fate[token] ? `is ${FATES[it.fate[token]]}: it ` : "";
  const off = it.off.rows.has(row);
  const facts = [`${called(it, token)} ${fate}fills ${slots}, ${answer}${notOne(off)}`];
  if (expert < 0) facts.push(expertsOf(it, view, token));
  if (it.output) facts.push(`its answer has length ${four(it.output[token])}${droppedAnswer(it, token)}`);
  return facts;
}
var answersDropped = (it, token) => it.fate[token] === 1 && it.output !== null && it.output[token] !== 0;
function droppedAnswer(it, token) {
  if (it.fate[token] !== 1) return "";
  return answersDropped(it, token) ? ", not the 0 of a dropped token" : ", as that of every dropped token";
}
function factsOf(it, at, view) {
  const { token, expert, slot } = at;
  const seen = told(view);
  const grouped = it.images_per_group > 1;
  const facts = [];
  const [from, to] = span(it, at);
  const each = weightOfEach(it, seen, from, to);
  if (token >= 0 && expert >= 0) facts.push(cellFact(it, at, from, to));
  if (token >= 0) facts.push(...tokenFacts(it, at, view));
  if (slot >= 0) {
    const own = grouped ? `, ${four(sum(each))} of it from this ${it.what}` : "";
    const off = seen === "dispatch" && it.off.columns.has(from);
    facts.push(`slot's ${seen} sums to ${four(it.columns[seen][from])}${notOne(off)}${own}`);
  } else if (expert >= 0) {
    const whole = grouped ? ` of its group's ${count(it.groupLoad[expert])}` : "";
    const all = sum(it.groupLoad);
    const share = all ? `, ${percent(it.groupLoad[expert] / all)} of all` : "";
    const what = `dispatch sums to ${count(it.load[expert])}${whole} in ${plural(it.capacity, "slot")}${share}`;
    facts.push(token < 0 ? `its ${what}` : `expert's ${what}`);
  }
  if (token < 0) facts.push(mostOf(it, each, seen));
  return facts;
}
function mostOf(it, each, seen) {
  const real = [...each.keys()].filter((r) => it.fate[it.ids[r]] !== 2);
  const heavy = real.filter((r) => each[r] !== 0);
  if (!heavy.length)
    return `no ${seen} from ${it.n < it.tokens ? `the tokens of this ${it.what} that are drawn` : `this ${it.what}`}`;
  const finite = real.filter((r) => Number.isFinite(each[r]));
  const values = finite.map((r) => each[r]);
  if (!finite.length) return `no finite ${seen} from this ${it.what}`;
  const { top, alike: alike2 } = largestAmong(values, 0, values.length);
  if (alike2 && alike2 + 1 === real.length)
    return `the same ${seen} at each of its ${real.length} tokens: ${weight(values[top])}`;
  return `largest ${seen} at ${called(it, it.ids[finite[top]])}${equals(alike2, real.length)}: ${weight(values[top])}`;
}
function sentence2(it, at, view) {
  if (at.token < 0 && at.expert < 0) return "Point at a token, a weight, a slot or an expert; click to pin it.";
  return `${names(it, at)}: ${factsOf(it, at, view).join("; ")}`;
}
function whereabouts(it, view, at) {
  const own = columnsOfExpert(it, view);
  const columns = it.experts * own;
  const c = at % columns;
  const slot = own > 1 || it.p === 1 ? `, slot ${c % own}` : "";
  return `${called(it, it.ids[Math.floor(at / columns)])}, expert ${Math.floor(c / own)}${slot}`;
}
function caption(it, view) {
  const among = (fate) => [...it.fate.keys()].filter((t) => it.fate[t] === fate);
  const dropped = among(1);
  const padding = among(2);
  const pads = padding.length ? ` ${padding.length} padding${some2(it, padding)}.` : "";
  const real = it.tokens - padding.length;
  const drawn = it.n < it.tokens ? ` ${it.n.toLocaleString("en")} of ${it.tokens.toLocaleString("en")} tokens are drawn, evenly spaced` + (it.sampled ? ", in the slots that they fill; loads are of all." : "; sums of columns and loads are of all.") : "";
  const fates = `${dropped.length} of ${real} tokens dropped${some2(it, dropped)}.${pads}`;
  const those = `Hatched at the right: ${plural(it.lost.length, "token")}`;
  const guessed = `in fewer slots than the ${it.choices} of others${some2(it, it.lost)}; where each makes as many choices, the rest were lost.`;
  const sure = `that lost a choice${some2(it, it.lost)}.`;
  const lost = it.lost.length ? ` ${those} ${it.chooser ? sure : guessed}` : "";
  return `${fates}${lost}${drawn} ${sumsOf(it, view)}${besides(it, view)}`;
}
function besides(it, view) {
  if (!it.reference || view !== "dispatch" && view !== "combine") return "";
  const { by, at } = difference(it, view);
  if (by <= 1e-6) return ` Every weight of ${view} equals the reference's.`;
  return ` Farthest from the reference's ${view}: ${four(by)} at ${whereabouts(it, view, at)}.`;
}
function rangeOf(list, number = four) {
  let low = Infinity;
  let high = -Infinity;
  let odd = 0;
  for (let i = 0; i < list.length; i++) {
    const x = list[i];
    if (!Number.isFinite(x)) odd++;
    else {
      low = Math.min(low, x);
      high = Math.max(high, x);
    }
  }
  const range2 = number(low) === number(high) ? number(low) : `${number(low)} to ${number(high)}`;
  const known2 = odd === list.length ? "none" : range2;
  return odd ? `${known2} and ${odd} not finite` : known2;
}
function sumsOf(it, view) {
  if (view === "logits") return `Logits: ${rangeOf(it.weights.logits ?? [])}.`;
  if (view === "output") {
    const real2 = [...it.output ?? []].filter((_, t) => it.fate[t] === 0);
    const odd = [...it.fate.keys()].filter((t) => answersDropped(it, t));
    const not = odd.length ? ` Marked ≠0: dropped tokens whose answer is not 0${some2(it, odd)}.` : "";
    return `Lengths of the answers: ${rangeOf(real2)}, 0 for a dropped token.${not}`;
  }
  const real = it.rows[view].filter((_, r) => it.fate[it.ids[r]] !== 2);
  const group = it.images_per_group > 1 ? ` over the ${it.images_per_group} ${it.what}s of the group` : "";
  const folds = foldsOf(it, view);
  const number = it.hard ? count : four;
  const rows = folds.rows ? "" : ` rows ${rangeOf(real, number)}`;
  const columns = folds.columns ? "" : ` columns ${rangeOf(it.columns[view], number)}${group}`;
  const differing = [rows, columns].filter(Boolean).join(",");
  const sums2 = differing && `Sums of ${view}:${differing}.`;
  return [folds.rows, folds.columns, sums2].filter(Boolean).join(" ");
}
function warning(it, view) {
  const found = [];
  const { rows, columns } = it.off;
  if (columns.size) {
    const [c] = columns;
    const first = `expert ${Math.floor(c / it.p)}, slot ${c % it.p}: ${four(it.columns.dispatch[c])}`;
    found.push(`≠1: ${columns.size} of ${it.s} columns of dispatch do not sum to 1 (${first}).`);
  }
  if (rows.size) {
    const [r] = rows;
    const first = `${called(it, it.ids[r])}: ${four(it.rows.combine[r])}`;
    const miss = it.hard ? "sum to more than 1" : "do not sum to 1";
    found.push(`≠1: ${rows.size} of ${it.n} rows of combine ${miss} (${first}).`);
  }
  for (const name of it.unmixed)
    found.push(`0/1: every weight of ${name} is 0 or 1: a choice, where a softmax of these logits mixes.`);
  for (const { sign, words, at } of it.wrongs) {
    const first = `${whereabouts(it, view, at[0])}: ${four(it.weights[view]?.[at[0]] ?? NaN)}`;
    found.push(`${sign}: ${plural(at.length, view === "logits" ? "logit" : "weight")} ${words} (${first}).`);
  }
  return found.join(" ");
}
var tokensTold = (it) => it.n < it.tokens ? `${count(it.n)} of ${it.tokens.toLocaleString("en")} tokens` : plural(it.n, "token");
function mapTitle(it, view) {
  if (view === "output") return `output: length of the answer to each of ${tokensTold(it)} (rows)`;
  const own = columnsOfExpert(it, view);
  const columns = plural(it.experts, "expert") + (own === it.p ? ` x ${plural(it.p, "slot")}` : "");
  return `${view}: ${tokensTold(it)} (rows) by ${columns} (columns)`;
}
function loadNote(it, folds, { token }) {
  const groups = it.images_per_group > 1 ? `, solid from this ${it.what}, pale from its whole group` : "";
  const line = it.hard ? `; dashed line: the capacity of ${plural(it.capacity, "slot")}` : "";
  const load = folds.load || `Load: dispatch weights summed for each expert${groups}${line}.`;
  if (token < 0) return `${load} Select a token to see its ${it.gates ? "gates" : "weight in each expert"} below.`;
  const gates = "the gates of the selected token, solid where the expert has it";
  return `${load} Below: ${it.gates ? gates : "the weight of the selected token in each expert"}.`;
}

// js/routing_lens/panels.js
var OUTPUT = "#5ec962";
function paintTokens(ctx, { it, view, boxes, ink, picture, moves }) {
  const lost = new Set(it.lost);
  paintWhole(ctx, boxes.tokens, picture);
  it.fate.forEach((fate, t) => {
    const place = placeOf(it, t);
    if (place < 0) return;
    const [x, y, dx, dy] = cornerOf(boxes.tokens, place);
    outline(ctx, [x, y, dx, dy], picture, ink);
    const clear = it.words ? 20 : 0;
    if (fate) hatch(ctx, x, y + clear, dx, dy - clear);
    else if (lost.has(t)) hatch(ctx, x + dx - Math.max(dx / 6, 4), y + clear, Math.max(dx / 6, 4), dy - clear);
    const across = x + dx / 2;
    const middle = y + (it.words ? 11 : dy / 2);
    const number = !picture && dx >= 8 + 6 * String(it.tokens - 1).length;
    const label = it.words ? fitted(it.words[t], dx - 8) : !picture ? t : dx > 46 ? FATES[fate] : "";
    if (it.words || number && !fate) write(ctx, label, across, middle, ink.text);
    else if (number) writeBoxed(ctx, label, across, middle, ink, boxes.tokens.w);
    else if (fate) writeOver(ctx, label, across, middle);
    if (picture && it.hard) badges(ctx, it, t, [x, y, dx, dy], ink);
    const moved = moves.get(t);
    if (moved) paintMove(ctx, moved, [x, y, dx, dy], ink, boxes.tokens.w);
  });
  if (view === "output" && it.output) shares(ctx, boxes.tokens, it, it.output, [...it.output.keys()], OUTPUT);
}
var grounds = {
  tokens: paintTokens,
  map(ctx, scene) {
    const { it, view, boxes, ink } = scene;
    const { x, y, w, dy, columns } = boxes.map;
    const { least, most } = extremesOf(it, view);
    const weights = it.weights[view];
    if (view === "output") lengths(ctx, scene);
    else if (weights) paintWeights(ctx, boxes.map, weights, it.n, columns, most, least, scene.root);
    if (view !== "output") paintExperts(ctx, boxes.map, it.experts, ink);
    it.ids.forEach((t, r) => {
      const top = y + r * dy;
      if (!it.fate[t]) return;
      const beside = view === "logits";
      hatch(ctx, beside ? x + w + 4 : x, top, beside ? 8 : w, dy);
      if (dy < 12) return;
      if (beside) write(ctx, FATES[it.fate[t]], x + w + 16, top + dy / 2, ink.text, "left");
      else writeOver(ctx, FATES[it.fate[t]], x + 28, top + dy / 2);
    });
    paintRowNames(ctx, boxes.map, it.n, (r) => rowLabel(it, it.ids[r], x - 12), ink);
    markWrong(ctx, it.wrongs, columns, boxes.map);
    if (view === "dispatch" || view === "combine") sums(ctx, it, view, boxes.map, scene.folds, ink);
  },
  experts(ctx, { it, folds, boxes, ink }) {
    const { x, w } = boxes.map;
    const floor = loadRoom(folds);
    if (folds.load) return;
    const most = largestFinite(it.groupLoad, it.hard ? it.capacity : 1e-9);
    const high = floor - 18;
    write(ctx, "load", x - 6, floor - high / 2, ink.text, "right");
    if (it.images_per_group > 1) bars(ctx, boxes.map, it.groupLoad, most, floor, high, ink, { pale: () => true });
    const line = it.hard ? floor - high * it.capacity / most : -Infinity;
    bars(ctx, boxes.map, it.load, most, floor, high, ink, { line });
    Object.assign(ctx, { strokeStyle: ink.text, lineWidth: 1 });
    ctx.strokeRect(x, floor + 0.5, w, 0);
    if (!it.hard) return;
    dashedRule(ctx, x, line, w);
    write(ctx, it.capacity, x + w + 6, line, ink.text, "left");
  }
};
function badges(ctx, it, token, [x, y, dx, dy], ink) {
  if (it.row[token] < 0 || dx < 24) return;
  let [left, top] = [x + 4, y + 4];
  for (const e of expertsOfToken(it, token)) {
    const w = 6 + 7 * String(e).length;
    if (left > x + 4 && left + w + 6 > x + dx) [left, top] = [x + 4, top + 16];
    if (top + 14 > y + dy) return;
    ctx.fillStyle = expertFill(ctx, e);
    ctx.fillRect(left, top, 6, 14);
    ctx.fillStyle = ink.paper;
    ctx.fillRect(left + 6, top, w, 14);
    Object.assign(ctx, { strokeStyle: ink.text, lineWidth: 1 });
    ctx.strokeRect(left + 0.5, top + 0.5, w + 5, 13);
    write(ctx, e, left + 6 + w / 2, top + 7, ink.text);
    left += w + 8;
  }
}
function paintMove(ctx, sign, [x, y, dx, dy], ink, most) {
  if (dx >= ctx.measureText(sign).width + 6 && dy >= 34)
    return writeBoxed(ctx, sign, x + dx / 2, y + dy - 10, ink, most);
  const side = Math.min(9, dx / 2, dy / 2);
  Object.assign(ctx, { fillStyle: ink.paper, strokeStyle: ink.text, lineWidth: 1 });
  ctx.beginPath();
  ctx.moveTo(x + dx, y + dy - side);
  ctx.lineTo(x + dx, y + dy);
  ctx.lineTo(x + dx - side, y + dy);
  ctx.closePath();
  ctx.fill();
  ctx.stroke();
}
function markTokens(ctx, { it, view, boxes: { tokens }, ink }, at) {
  if (at.expert >= 0) {
    const each = weightOfEach(it, told(view), ...span(it, at));
    const seen = shares(ctx, tokens, it, each, it.ids, expertFill(ctx, at.expert));
    const most = it.words ? seen.length : 3;
    for (const r of seen.sort((a, b) => Math.abs(each[b]) - Math.abs(each[a])).slice(0, most)) {
      const [x, y, dx, dy] = cornerOf(tokens, placeOf(it, it.ids[r]));
      const middle = x + dx / 2;
      if (it.words) write(ctx, short2(each[r]), middle, y + 24, ink.text);
      else writeOver(ctx, short2(each[r]), Math.min(Math.max(middle, 13), tokens.w - 13), y + dy / 2);
    }
  }
  for (const [held] of holdersFor(it, at)) frame(ctx, cornerOf(tokens, placeOf(it, held)), ink);
  if (at.token >= 0) ring(ctx, ...cornerOf(tokens, placeOf(it, at.token)));
}
function frame(ctx, [x, y, dx, dy], ink) {
  for (
    const [width, colour, dash] of
    /** @type {[number, string, number[]][]} */
    [
      [4, ink.paper, []],
      [2, ink.text, [4, 3]]
    ]
  ) {
    Object.assign(ctx, { lineWidth: width, strokeStyle: colour });
    ctx.setLineDash(dash);
    ctx.strokeRect(x + 1.5, y + 1.5, dx - 3, dy - 3);
  }
  ctx.setLineDash([]);
}
var overlays = {
  tokens: markTokens,
  map(ctx, scene, at) {
    const { it, view, boxes } = scene;
    const own = columnsOfExpert(it, view);
    const one = (own > 1 || it.p === 1) && at.slot >= 0;
    const selected = { from: at.expert * own + (one ? at.slot : 0), count: one ? 1 : own };
    const columns = at.expert >= 0 && own > 0 ? selected : null;
    const row = at.token >= 0 ? it.row[at.token] : -1;
    ringPlaces(ctx, boxes.map, { row, columns, cells: columns && row >= 0 ? [{ row, columns }] : [] });
    for (const [held, e, slot] of holdersFor(it, at)) {
      const { x, y, dx, dy } = boxes.map;
      const column = e * own + (own === it.p ? slot : 0);
      if (own && it.row[held] >= 0) ring(ctx, x + column * dx, y + it.row[held] * dy, dx, dy);
    }
    if (scene.window) outlineWindow(ctx, boxes.map, scene.window, scene.ink);
    selectedSums(ctx, scene, at);
  },
  experts(ctx, { it, view, folds, boxes: { map }, ink }, at) {
    const top = loadRoom(folds);
    if (at.token >= 0) {
      const gates = gatesOf(it, at.token);
      const own = weightByExpert(it, told(view), at.token);
      const each = gates ?? own;
      write(ctx, gates ? "gate" : "token", map.x - 6, top + ROW - 14, ink.text, "right");
      const pale = gates ? (e) => own[e] === 0 : void 0;
      bars(ctx, map, each, largestFinite(each, 1e-9), top + ROW - 1, ROW - 20, ink, { pale, numbers: true });
      Object.assign(ctx, { strokeStyle: ink.text, lineWidth: 1 });
      ctx.strokeRect(map.x, top + ROW - 0.5, map.w, 0);
    }
    if (at.expert >= 0) ringExpert(ctx, map, at.expert, (folds.load ? ROW + top : top) - 6);
  }
};
function shares(ctx, box, it, each, tokens, colour) {
  const most = largestFinite(Array.from(each, Math.abs), 0);
  const seen = [...each.keys()].filter((r) => each[r] !== 0 && Math.abs(each[r]) < Infinity);
  for (const r of seen) {
    const place = placeOf(it, tokens[r]);
    if (place < 0) continue;
    const corner = cornerOf(box, place);
    const worded = Boolean(it.words);
    paintShare(ctx, worded ? narrowed(corner) : corner, each[r] / most, { colour, alpha: 0.8, worded });
  }
  return seen;
}
function lengths(ctx, { it, boxes: { map }, ink }) {
  const { x, y, w, h, dy } = map;
  const { most } = extremesOf(it, "output");
  write(ctx, "length", x + w + 6, y / 2 - 1, ink.text, "left");
  write(ctx, `0 to ${four(most)}`, x + w / 2, y / 2 - 1, ink.text);
  it.ids.forEach((t, r) => {
    const value = it.output?.[t] ?? 0;
    const middle = y + (r + 0.5) * dy;
    const mark = answersDropped(it, t) ? " ≠0" : "";
    ctx.fillStyle = ink.bar;
    ctx.fillRect(x, y + r * dy, w * Math.min(value / (most || 1), 1) || 0, Math.max(dy - (dy > 4 ? 1 : 0), 0.5));
    if (dy >= 12) write(ctx, four(value) + mark, x + w + 6, middle, ink.text, "left");
    else if (mark) arrow(ctx, x + w + 6, middle, 7, true);
  });
  Object.assign(ctx, { strokeStyle: ink.text, lineWidth: 1 });
  ctx.strokeRect(x + 0.5, y, 0, h);
}

// js/routing_lens/pins.js
var MOST_PINS = 4;
var CARD_BARS = 44;
function toggled(pins, at) {
  const others = pins.filter((pin) => !same(pin, at));
  return others.length < pins.length ? others : [...pins, at];
}
function showCards({ part: part2 }, scene, pins, free) {
  const cards = part2("cards");
  part2("compare").hidden = !pins.length;
  part2("compare-title").textContent = `Compared: ${pins.length} of ${MOST_PINS} selections (${told(scene.view)}, areas relative within each picture)`;
  const held = cards.contains(document.activeElement);
  while (cards.children.length > pins.length) cards.lastElementChild?.remove();
  if (held && !cards.contains(document.activeElement)) {
    const before = (
      /** @type {HTMLElement | null | undefined} */
      cards.lastElementChild?.lastElementChild
    );
    (before ?? part2("tokens")).focus();
  }
  while (cards.children.length < pins.length) cards.append(newCard());
  pins.forEach((at, i) => {
    const label = names(scene.it, at);
    const { canvas, title, facts, button } = partsOf(cards.children[i]);
    title.textContent = label;
    facts.replaceChildren(
      ...[...factsOf(scene.it, at, scene.view), why(scene.it, at)].filter(Boolean).map((fact) => {
        const line = document.createElement("li");
        line.textContent = fact;
        return line;
      })
    );
    button.setAttribute("aria-label", `Remove ${label}`);
    button.onclick = () => free(at);
    canvas.setAttribute("aria-label", `What ${label} sees`);
    paintCard(canvas, scene, at);
  });
}
function newCard() {
  const card = document.createElement("div");
  card.className = "routing-lens-card";
  card.innerHTML = `<canvas role="img"></canvas><div class="routing-lens-title"></div><ul></ul>
    <button type="button" data-part="free" ${KEYS}>Remove</button>`;
  return card;
}
function partsOf(card) {
  const [canvas, title, facts, button] = card.children;
  return {
    canvas: (
      /** @type {HTMLCanvasElement} */
      canvas
    ),
    title,
    facts,
    button: (
      /** @type {HTMLButtonElement} */
      button
    )
  };
}
function paintCard(canvas, { it, view, ink, picture }, at) {
  const width = canvas.clientWidth;
  if (width < 20) return;
  const tokens = tokensIn(it, picture, width);
  const below2 = at.token < 0 ? 0 : CARD_BARS;
  const scene = { it, view: told(view), ink, picture, moves: /* @__PURE__ */ new Map(), boxes: { tokens } };
  const ctx = fit(canvas, width, tokens.h + below2);
  paintTokens(ctx, scene);
  markTokens(ctx, scene, at);
  if (at.token < 0) return;
  const own = weightByExpert(it, told(view), at.token);
  const gates = gatesOf(it, at.token);
  const pale = gates ? (e) => own[e] === 0 : void 0;
  const each = gates ?? own;
  const map = { x: 0, de: width / it.experts };
  bars(ctx, map, each, largestFinite(each, 1e-9), tokens.h + below2 - 1, below2 - 18, ink, { pale, numbers: true });
}

// js/routing_lens/replay.js
var PACE = 700;
var CHART = 84;
var LINES = { accuracy: { colour: "#3f90da", dash: [] }, dropped: { colour: "#e76300", dash: [5, 3] } };
var progressOf = (entries, { router, layer }, tests) => ({
  accuracy: tests[router] ?? [],
  dropped: entries.filter((e) => e.router === router && e.layer === layer && !e.note).map((e) => [e.step, e.dropped])
});
function progressNote({ accuracy, dropped }, step) {
  const last2 = accuracy.filter(([at]) => at <= step).at(-1);
  const loss = dropped.find(([at]) => at === step);
  const known2 = last2 ? `accuracy ${four(last2[1])} (evaluated at step ${last2[0]})` : accuracy.length ? "not evaluated yet" : "accuracy not given";
  const drops = loss ? `${percent(loss[1])} of these tokens dropped in this layer` : "no drops known";
  return `Step ${step}: ${known2}; ${drops}.`;
}
function paintProgress(ctx, width, lines, step, ink) {
  const x = LEFT2;
  const w = width - LEFT2 - RIGHT;
  const y = 22;
  const h = CHART - 40;
  const steps = Object.values(lines).flat().map(([at]) => at);
  const low = Math.min(...steps);
  const high = Math.max(...steps);
  const place = ([at, share]) => [x + w * (at - low) / (high - low || 1), y + h * (1 - share)];
  Object.assign(ctx, { strokeStyle: ink.bar, lineWidth: 1 });
  ctx.strokeRect(x, y, w, h);
  write(ctx, "1", x - 6, y, ink.text, "right");
  write(ctx, "0", x - 6, y + h, ink.text, "right");
  write(ctx, low, x, y + h + 11, ink.text);
  if (high > low) write(ctx, high, x + w, y + h + 11, ink.text);
  write(ctx, "step", x + w + 14, y + h + 11, ink.text, "left");
  const [now] = place([step, 0]);
  ctx.fillStyle = ink.text;
  ctx.fillRect(now - 1, y - 7, 2, h + 11);
  if (now > x + 40 && now < x + w - 40) write(ctx, step, now, y + h + 11, ink.text);
  let legend = x;
  for (
    const name of
    /** @type {(keyof Lines)[]} */
    Object.keys(LINES)
  ) {
    const points = lines[name];
    if (!points.length) continue;
    const { colour, dash } = LINES[name];
    Object.assign(ctx, { strokeStyle: colour, lineWidth: 2 });
    ctx.setLineDash(dash);
    ctx.beginPath();
    for (const point of points) ctx.lineTo(...place(point));
    ctx.stroke();
    ctx.setLineDash([]);
    for (const point of points) dot(ctx, name, ...place(point));
    dot(ctx, name, legend + 4, 8);
    write(ctx, name, legend + 13, 8, ink.text, "left");
    legend += 30 + ctx.measureText(name).width;
  }
}
function dot(ctx, name, x, y) {
  ctx.fillStyle = LINES[name].colour;
  ctx.beginPath();
  if (name === "accuracy") ctx.arc(x, y, 3.5, 0, 7);
  else ctx.rect(x - 3, y - 3, 6, 6);
  ctx.fill();
}
function player(button, advance, signal) {
  const still = matchMedia("(prefers-reduced-motion: reduce)");
  let timer = 0;
  const label = () => button.textContent = still.matches ? "Next step" : timer ? "Pause" : "Play";
  const stop2 = () => {
    clearInterval(timer);
    timer = 0;
    label();
  };
  button.addEventListener(
    "click",
    () => {
      if (timer) return stop2();
      advance(true);
      if (!still.matches) timer = setInterval(() => advance(false) || stop2(), PACE);
      label();
    },
    { signal }
  );
  still.addEventListener("change", stop2, { signal });
  signal.addEventListener("abort", stop2);
  label();
  return stop2;
}

// js/routing_lens/routing_lens.js
var SHOWN = (
  /** @type {const} */
  ["router", "layer", "step", "image_index", "view", "shading", "pins"]
);
function render({ model, el }) {
  const observed = ["tokens", "map", "progress"];
  const exports = { csv: rowsNow, named: ["router", "layer", "view", "step", "image_index"] };
  const options = { name: "routing-lens", prefix: "routing-lens", page: PAGE2, draw, exports, link, observed };
  const mounted = mount({ model, el }, options);
  const { root, part: part2, canvas, ground, input, select, button, on, schedule, refresh } = mounted;
  const pictures = model.get("_pictures");
  const entries = model.get("_entries");
  const labels = model.get("_labels");
  const tests = model.get("_tests");
  const steps = [...new Set(entries.map((e) => e.step))];
  const radios2 = `routing-lens-${crypto.getRandomValues(new Uint32Array(1))}`;
  const panels = (
    /** @type {const} */
    [...PANELS, "magnifier"]
  );
  let scene = null;
  let hover = NOTHING;
  let full = false;
  let untouched = true;
  let opening = openingOfNothing;
  let since = null;
  let pointed = null;
  const ramp = (
    /** @type {HTMLElement} */
    root.querySelector(".routing-lens-ramp i")
  );
  ramp.style.background = RAMP_CSS;
  const known2 = (at, { row, experts, p }) => within(at, { hasToken: (t) => row[t] >= 0, experts, slots: p });
  const pinned = (it) => {
    const at = known2(pinnedIn(model), it);
    return there(at) ? at : null;
  };
  const compared = (it) => model.get("pins").map(([token, expert, slot]) => known2({ token, expert, slot }, it)).filter(there);
  const led = (it) => pinned(it) ?? known2(hover, it);
  const selection = (it) => {
    const at = led(it);
    return there(at) || !untouched || compared(it).length ? at : opening.at;
  };
  function link(get) {
    const all = model.get("_entries");
    const now = all.filter((e) => e.step === get("step"));
    const layers = now.filter((e) => e.router === get("router"));
    const entry = layers.find((e) => e.layer === get("layer")) ?? layers[0] ?? all[0];
    const upTo = (most) => (
      /** @type {Limits} */
      [-1, most, true, false]
    );
    return {
      step: [...new Set(all.map((e) => e.step))],
      router: [...new Set(now.map((e) => e.router))],
      layer: layers.map((e) => e.layer),
      image_index: [0, model.get("_count") - 1, true, false],
      view: entry.views ?? [get("view")],
      shading: [...SHADINGS],
      token: upTo(entry.tokens - 1),
      expert: upTo(entry.experts - 1),
      slot: upTo(get("expert") < 0 ? -1 : entry.slots - 1),
      pins: { each: [entry.tokens, entry.experts, entry.slots].map((most) => upTo(most - 1)), most: MOST_PINS }
    };
  }
  function rowsNow() {
    if (!scene) return [["token"]];
    const { it, view } = scene;
    if (view === "output") return [["token", view], ...Array.from(it.output ?? [], (value, t) => [t, value])];
    const each = columnsOfExpert(it, view);
    const wide = it.experts * each;
    const rows = Array.from(it.weights[view] ?? [], (value, at) => {
      const column = at % wide;
      return [it.ids[Math.floor(at / wide)], Math.floor(column / each), each === it.p ? column % each : null, value];
    });
    return [["token", "expert", "slot", view], ...rows];
  }
  function choose() {
    const step = steps.includes(model.get("step")) ? model.get("step") : steps[0];
    const now = entries.filter((e) => e.step === step);
    const routers = [...new Set(now.map((e) => e.router))];
    const router = routers.includes(model.get("router")) ? model.get("router") : routers[0];
    const layers = now.filter((e) => e.router === router);
    const entry = layers.find((e) => e.layer === model.get("layer")) ?? layers[0];
    offer("router", routers, entry.router);
    offer(
      "layer",
      layers.map((e) => e.layer),
      entry.layer
    );
    for (const name of ["replay", "chart"]) part2(name).hidden = steps.length < 2;
    const only = [
      router && routers.length < 2 && `Router ${router}`,
      entry.layer && layers.length < 2 && `Layer ${entry.layer}`
    ];
    part2("only").textContent = only.filter(Boolean).join(", ");
    part2("only").hidden = !part2("only").textContent;
    Object.assign(input("step"), { max: steps.length - 1, value: steps.indexOf(step) });
    part2("step").setAttribute("aria-valuetext", `step ${step}`);
    part2("step-text").textContent = String(step);
    return entry;
  }
  function offer(name, choices, chosen) {
    select(name).replaceChildren(...choices.map((text) => new Option(text, text)));
    select(name).value = chosen;
    const label = (
      /** @type {HTMLElement} */
      part2(name).parentElement
    );
    label.hidden = choices.length < 2;
  }
  function showControls(entry, image, view) {
    Object.assign(input("image_index"), { max: model.get("_count") - 1, value: image });
    part2("image").textContent = labels.length ? `${image}: ${labels[image]}` : String(image);
    part2("image_index").setAttribute("aria-valuetext", part2("image").textContent ?? "");
    part2("kind").textContent = kind(what(image));
    part2("image_index").parentElement.hidden = model.get("_count") < 2;
    for (const name of SHADINGS)
      Object.assign(input(name), { name: `${radios2}-shading`, checked: name === model.get("shading") });
    part2("more").hidden = Boolean(entry.note) || view !== "dispatch" && view !== "combine";
    for (const name of VIEWS) {
      Object.assign(input(name), { name: radios2, checked: name === view });
      const label = (
        /** @type {HTMLElement} */
        part2(name).parentElement
      );
      label.hidden = !entry.views.includes(name);
    }
    const map = (
      /** @type {HTMLElement} */
      part2(view).closest("fieldset")
    );
    map.hidden = Boolean(entry.note);
    for (const name of ["tokens", "map"]) {
      const panel2 = (
        /** @type {HTMLElement} */
        root.querySelector(`.routing-lens-${name}`)
      );
      panel2.hidden = Boolean(entry.note);
    }
  }
  const what = (image) => "data" in pictures ? "image" : model.get("_words")[image] ? "text" : "group";
  const kind = (name) => name[0].toUpperCase() + name.slice(1);
  function seen(entry, image, view) {
    const beside = entries.find((e) => e.router === "reference" && e.layer === entry.layer && e.step === entry.step);
    const alike2 = beside && beside !== entry && !beside.note;
    const sizes = (
      /** @type {const} */
      ["tokens", "experts", "slots"]
    );
    const it = look(entry, image);
    const words = model.get("_words")[image];
    if (alike2 && sizes.every((name) => beside[name] === entry[name])) it.reference = look(beside, image);
    it.words = words?.length === it.tokens ? words : null;
    it.what = what(image);
    it.off = offSums(it);
    it.wrongs = wrongs(it, view);
    return it;
  }
  function pictureOf2(image) {
    if (!("data" in pictures)) return null;
    const size = pictures.width * pictures.height * pictures.channels;
    return { ...pictures, bytes: octets(pictures.data).subarray(image * size, (image + 1) * size) };
  }
  function paint() {
    const entry = choose();
    const image = model.get("image_index");
    const view = entry.views.includes(model.get("view")) ? model.get("view") : "dispatch";
    scene = null;
    showControls(entry, image, view);
    for (const name of ["hold", "beside", "clear"]) button(name).hidden = Boolean(entry.note);
    const narrow = root.toggleAttribute("data-narrow", root.clientWidth < NARROW);
    if (entry.note) {
      mounted.say(entry.note);
      part2("pin").textContent = "";
      for (const name of ["compare", "warning", "remedy", "magnified"]) part2(name).hidden = true;
      part2("why").textContent = "";
    }
    const [tokensWidth, mapWidth] = ["tokens", "map"].map((name) => part2(name).clientWidth);
    if (entry.note || tokensWidth < 50 || mapWidth < 150) return false;
    const it = seen(entry, image, view);
    describe(it, image, view);
    const ink = mounted.ink();
    const picture = pictureOf2(image);
    const mostHigh = narrow ? 0.45 * window.innerHeight : MOST_HIGH;
    const folds = foldsOf(it, view);
    const boxes = layout({ it, view, picture, folds }, tokensWidth, mapWidth, mostHigh);
    const moves = showMoves(entry, it);
    const curved = isRoot(it, view, model.get("shading"));
    const reach = narrow ? mapWidth : tokensWidth;
    const now = { it, view, ink, picture, folds, root: curved, moves, window: null, reach, boxes };
    scene = now;
    opening = openingOf(it);
    showScale(now);
    for (const name of PANELS) grounds[name](fit(ground(name), ...boxes.sizes[name]), now);
    const { x, y, w, h } = boxes.map;
    part2("map").dataset.plot = [x, y, w, h].join(" ");
    part2("magnified").hidden = view === "output" || !isSmall(boxes.map);
    const column = (
      /** @type {HTMLElement} */
      root.querySelector(`.routing-lens-${narrow ? "map" : "tokens"}`)
    );
    if (part2("magnified").parentElement !== column) column.append(part2("magnified"));
    if (steps.length > 1) {
      const lines = progressOf(entries, entry, tests);
      const width = part2("progress").clientWidth;
      if (width > 150) paintProgress(fit(canvas("progress"), width, CHART), width, lines, entry.step, ink);
      part2("progress-note").textContent = progressNote(lines, entry.step);
    }
    showCards(mounted, scene, compared(it), compare);
    return true;
  }
  function showMoves(entry, it) {
    if (steps.length < 2) return /* @__PURE__ */ new Map();
    const at = steps.indexOf(entry.step);
    const before = since !== null && steps.includes(since) ? since : steps[Math.max(at - 1, 0)];
    const choices = [
      new Option("the step before", ""),
      ...steps.map((step) => new Option(`step ${step}`, String(step)))
    ];
    if (select("since").options.length !== choices.length) select("since").replaceChildren(...choices);
    const old = entries.find((e) => e.step === before && e.router === entry.router && e.layer === entry.layer);
    const fits2 = old && !old.note && old.step !== entry.step && old.experts === entry.experts && old.tokens === it.tokens;
    const moves = fits2 ? movesBetween(look(old, it.image), it) : [];
    part2("moves").textContent = fits2 ? movesNote(it, moves, before) : "";
    part2("moved").hidden = !moves.length;
    const lines = movesByExperts(moves).map(
      (text) => Object.assign(document.createElement("li"), { textContent: text })
    );
    part2("moves-list").replaceChildren(...lines);
    return new Map(moves.map((move) => [move.token, signOf(move)]));
  }
  function showScale({ it, view, root: curved }) {
    part2("middle").textContent = curved ? four(middleOf(extremesOf(it, view))) : "";
    part2("shading").textContent = curved ? ON_ROOT : "";
  }
  function describe(it, image, view) {
    const { least, most } = extremesOf(it, view);
    const scale = (
      /** @type {HTMLElement} */
      part2("least").parentElement
    );
    part2("tokens-title").textContent = condensed(it) ? tokensTold(it) : plural(it.tokens, "token");
    part2("map-title").textContent = mapTitle(it, view);
    part2("least").textContent = view === "output" ? "" : count(least);
    scale.hidden = view === "output";
    part2("most").textContent = it.hard ? count(most) : four(most);
    part2("caption").textContent = `${kind(it.what)} ${image}: ${caption(it, view)}`;
    part2("warning").textContent = warning(it, view);
    part2("warning").hidden = !part2("warning").textContent;
    for (const name of OF_CHOICES)
      root.querySelector(`[data-term="${name}"]`).hidden = !it.hard;
    part2("remedy").textContent = remedy(it);
    part2("remedy").hidden = !part2("remedy").textContent;
  }
  let painted = false;
  function draw(stale) {
    if (stale || !painted) painted = paint();
    if (scene) follow(scene);
  }
  function follow(now) {
    const at = selection(now.it);
    magnify(now, at);
    for (const name of PANELS) overlays[name](fit(canvas(name), ...now.boxes.sizes[name]), now, at);
    mounted.say(sentence2(now.it, at, now.view));
    const note = loadNote(now.it, now.folds, at);
    if (part2("load-note").textContent !== note) part2("load-note").textContent = note;
    const reason = why(now.it, at);
    if (part2("why").textContent !== reason) part2("why").textContent = reason;
    const first = there(at) && !there(led(now.it)) ? `Shown first: ${opening.what}. Point at anything else.` : "";
    part2("pin").toggleAttribute("data-first", Boolean(first));
    const more = full ? `${MOST_PINS} selections are compared already: remove one first.` : "";
    part2("pin").textContent = [pinned(now.it) ? "Pinned: press Escape to unpin." : first, more].filter(Boolean).join(" ");
    button("hold").textContent = pinned(now.it) ? "Unpin" : "Pin";
    for (const name of ["hold", "beside"]) button(name).disabled = !there(at);
    const pins = compared(now.it);
    button("beside").textContent = pins.some((each) => same(each, at)) ? "Stop comparing" : "Compare";
    button("clear").hidden = !pins.length;
  }
  function magnify(now, at) {
    if (part2("magnified").hidden) return;
    const sheet = sheetOf(now);
    const [width, height] = sizeOf(sheet);
    now.window = windowOf(sheet, centreOf(now.it, sheet, at), pointed === "magnifier" ? now.window : null);
    paintMagnifier(fit(ground("magnifier"), width, height), sheet, now.window, at);
    canvas("magnifier").style.height = `${height}px`;
  }
  const planOf = ({ it, view, boxes }) => ({
    boxes,
    rows: it.n,
    experts: it.experts,
    own: columnsOfExpert(it, view),
    slotted: columnsOfExpert(it, view) === it.p,
    labelled: true,
    tokenOf: (row) => it.ids[row],
    rowOf: (token) => it.row[token] ?? -1,
    drawnAt: (place) => {
      if (condensed(it)) return it.ids[place] ?? -1;
      return place < 0 || place >= it.tokens ? -1 : nearest2(it, place);
    },
    placeOf: (token) => placeOf(it, token)
  });
  function pin(at) {
    const now = scene && pinned(scene.it);
    mounted.send(now && same(at, now) ? NOTHING : at);
  }
  function compare(at) {
    if (!scene || !there(at)) return;
    const alone = pinned(scene.it);
    const pins = compared(scene.it);
    const before = alone && !same(alone, at) && !pins.some((each) => same(each, alone)) ? [...pins, alone] : pins;
    const after = toggled(before, at);
    full = after.length > MOST_PINS;
    if (!full) mounted.send({ ...NOTHING, pins: after.map(({ token, expert, slot }) => [token, expert, slot]) });
    schedule();
  }
  function show(at) {
    if (at) untouched = false;
    hover = at ?? NOTHING;
    full = false;
    schedule();
  }
  const selected = () => scene ? selection(scene.it) : NOTHING;
  pointAt(mounted, panels, {
    ready: () => scene,
    under(panel2, x, y) {
      pointed = panel2;
      if (!scene) return NOTHING;
      if (panel2 !== "magnifier") return placeUnder(planOf(scene), panel2, x, y);
      return scene.window ? placeWithin(sheetOf(scene), scene.window, x, y) : NOTHING;
    },
    beyond(panel2, key) {
      pointed = panel2;
      const whose = panel2 === "magnifier" ? "map" : panel2;
      return scene && placeBeyond(planOf(scene), whose, key, led(scene.it));
    },
    show,
    go: (at) => scene && pinned(scene.it) ? mounted.send(at) : show(at),
    take: pin,
    enter: () => pin(selected()),
    free() {
      untouched = false;
      mounted.send(scene && pinned(scene.it) ? NOTHING : { pins: [] });
      show(null);
    },
    shifted: { take: compare, enter: () => compare(selected()) }
  });
  on(part2("hold"), "click", () => pin(selected()));
  on(part2("beside"), "click", () => compare(selected()));
  on(part2("clear"), "click", () => mounted.send({ pins: [] }));
  for (const name of SHADINGS) on(part2(name), "change", () => mounted.send({ shading: name }));
  on(part2("since"), "change", () => {
    since = select("since").value === "" ? null : Number(select("since").value);
    refresh();
  });
  on(part2("router"), "change", () => {
    const router = select("router").value;
    const layers = entries.filter((e) => e.router === router).map((e) => e.layer);
    mounted.send({ router, layer: layers.includes(model.get("layer")) ? model.get("layer") : layers[0] });
  });
  on(part2("layer"), "change", () => mounted.send({ layer: select("layer").value }));
  on(part2("image_index"), "input", () => mounted.send({ image_index: Number(input("image_index").value) }));
  for (const view of VIEWS) on(part2(view), "change", () => mounted.send({ view }));
  const halt = player(
    button("play"),
    (fromButton) => {
      const at = steps.indexOf(model.get("step"));
      const end = at === steps.length - 1;
      if (end && !fromButton) return false;
      mounted.send({ step: steps[end ? 0 : at + 1] });
      return true;
    },
    mounted.signal
  );
  on(part2("step"), "input", () => {
    halt();
    mounted.send({ step: steps[Number(input("step").value)] });
  });
  for (const name of SHOWN) model.on(`change:${name}`, refresh);
  for (const name of SELECTION) model.on(`change:${name}`, schedule);
  return mounted.end;
}
var openingOfNothing = { at: NOTHING, what: "" };
var routing_lens_default = { render };
export {
  routing_lens_default as default
};
