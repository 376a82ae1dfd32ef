// js/shared/painting.js
var VIRIDIS = [
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
var RAMP = new Uint32Array(256).map((_, i) => {
  const at = i / 255 * (VIRIDIS.length - 1);
  const low = Math.min(Math.floor(at), VIRIDIS.length - 2);
  const [r, g, b] = VIRIDIS[low].map((c, k) => Math.round(c + (at - low) * (VIRIDIS[low + 1][k] - c)));
  return 255 << 24 | b << 16 | g << 8 | r;
});
var RAMP_CSS = `linear-gradient(to right, ${VIRIDIS.map((c) => `rgb(${c})`).join(", ")})`;
var EXPERT_COLOURS = ["#3f90da", "#ffa90e", "#bd1f01", "#94a4a2", "#832db6", "#a96b59", "#e76300", "#b9ac70"];
var expertColour = (e) => EXPERT_COLOURS[e % EXPERT_COLOURS.length];
var GRID = [
  [0.5, "rgba(0, 0, 0, .55)"],
  [1.5, "rgba(255, 255, 255, .45)"]
];
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
function fit(canvas, width, height) {
  const ratio = window.devicePixelRatio || 1;
  const w = Math.round(width * ratio);
  const h = Math.round(height * ratio);
  if (canvas.width !== w || canvas.height !== h) Object.assign(canvas, { width: w, height: h });
  canvas.style.height = `${height}px`;
  const ctx = canvas.getContext("2d");
  ctx.setTransform(ratio, 0, 0, ratio, 0, 0);
  ctx.clearRect(0, 0, width, height);
  ctx.font = "11px system-ui, sans-serif";
  ctx.textBaseline = "middle";
  return ctx;
}
function paintWeights(ctx, box, weights, rows, columns, most, least = 0) {
  const ratio = window.devicePixelRatio || 1;
  const h = Math.min(rows, Math.ceil(box.h * ratio));
  const w = Math.min(columns, Math.ceil(box.w * ratio));
  const largest2 = new Float32Array(h * w).fill(least);
  const range2 = most - least || 1;
  for (let r = 0; r < rows; r++) {
    const row = Math.floor(r * h / rows) * w;
    for (let c = 0; c < columns; c++) {
      const i = row + Math.floor(c * w / columns);
      const x = weights[r * columns + c];
      if (x > largest2[i]) largest2[i] = x;
    }
  }
  const pixels = new ImageData(w, h);
  const colours = new Uint32Array(pixels.data.buffer);
  for (let i = 0; i < largest2.length; i++) {
    colours[i] = RAMP[Math.min(Math.round(255 * (largest2[i] - least) / range2), 255)];
  }
  stretch(ctx, box, pixels);
}
function stretch(ctx, box, pixels) {
  const small = new OffscreenCanvas(pixels.width, pixels.height);
  small.getContext("2d").putImageData(pixels, 0, 0);
  ctx.imageSmoothingEnabled = false;
  ctx.drawImage(small, box.x, box.y, box.w, box.h);
}
function paintPicture(ctx, box, { width, height, channels, bytes: bytes2 }) {
  const pixels = new ImageData(width, height);
  for (let i = 0; i < width * height; i++) {
    for (let k = 0; k < 3; k++) pixels.data[4 * i + k] = bytes2[i * channels + (channels === 3 ? k : 0)];
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
  const more = Math.max(0, 5 - Math.min(w, h)) / 2;
  const inner = [x - more, y - more, w + 2 * more, h + 2 * more];
  for (const [width, colour] of [
    [4, "#000"],
    [2, "#fff"]
  ]) {
    Object.assign(ctx, { lineWidth: width, strokeStyle: colour });
    ctx.strokeRect(...inner);
  }
}
function write(ctx, text, x, y, colour, align = "center") {
  Object.assign(ctx, { fillStyle: colour, textAlign: align });
  ctx.fillText(text, x, y);
}
function writeOver(ctx, text, x, y) {
  Object.assign(ctx, { lineWidth: 3, strokeStyle: "#000", lineJoin: "round", textAlign: "center" });
  ctx.strokeText(text, x, y);
  write(ctx, text, x, y, "#fff");
}
function shareOfBox([x, y, dx, dy], share, worded) {
  if (worded) return [x + 3, y + dy - 8, (dx - 6) * share, 5];
  const side = 0.86 * Math.sqrt(share);
  return [x + dx * (1 - side) / 2, y + dy * (1 - side) / 2, dx * side, dy * side];
}
var everyNth = (step, size) => [1, 2, 4, 5, 8, 10, 16, 20, 32, 50, 64, 100].find((k) => k * step >= size) ?? 200;

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
    ruler = new OffscreenCanvas(1, 1).getContext("2d");
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
  const far = ([box]) => Math.abs(middle(box) - middle(from));
  const line = boxes.map((box, t) => [box, t]).filter(([box]) => box[1] === y).sort((a, b) => far(a) - far(b));
  return line.length ? line[0][1] : token;
}

// js/routing_lens/numbers.js
var four = (x) => (Math.abs(x) < 5e-5 ? 0 : x).toFixed(4);
var count = (x) => Number.isInteger(x) ? String(x) : four(x);
var short = (x) => {
  const whole = Math.round(x);
  if (x === 0 || whole > 0 && Math.abs(x - whole) < 1e-4) return String(whole);
  return x >= 9.95 ? x.toFixed(0) : x >= 1 ? x.toFixed(1) : x.toFixed(2);
};
var plural = (x, word) => `${count(x)} ${word}${x === 1 ? "" : "s"}`;
var sum = (values) => values.reduce((a, b) => a + b, 0);
var largest = (values, least) => values.reduce((most, x) => x > most && x < Infinity ? x : most, least);
var bytes = (view) => view.buffer.slice(view.byteOffset, view.byteOffset + view.byteLength);
var copies = /* @__PURE__ */ new WeakMap();
var copied = (Kind) => (view) => copies.get(view) ?? copies.set(view, new Kind(bytes(view))).get(view);
var floats = copied(Float32Array);
var ints = copied(Int32Array);
var octets = copied(Uint8Array);
function look(entry, image) {
  const { tokens, experts, slots: p, images_per_group: images } = entry;
  const s = experts * p;
  const ids = entry.ids ? ints(entry.ids) : Int32Array.from({ length: tokens }, (_, t) => t);
  const n = ids.length;
  const size = n * s;
  const group = Math.floor(image / images);
  const row = new Int32Array(tokens).fill(-1);
  const it = { ...entry, n, p, s, group, ids, row, weights: {}, rows: {}, columns: {} };
  ids.forEach((t, r) => row[t] = r);
  const counts = entry.counts && ints(entry.counts);
  const first = counts ? sum([...counts.subarray(0, image)]) : image * size;
  const index = counts && ints(entry.index).subarray(first, first + counts[image]);
  for (const view of ["dispatch", "combine"]) {
    const all = floats(entry[view]);
    const weights = counts ? new Float32Array(size) : all.subarray(first, first + size);
    if (counts) index.forEach((at, i) => weights[at] = all[first + i]);
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
  it.lost = it.choices ? [...ids].filter((t, r) => !it.fate[t] && it.rows.dispatch[r] < it.choices) : [];
  it.groupFate = octets(entry.fate).subarray(group * images * tokens, (group + 1) * images * tokens);
  it.groupLoad = Array.from({ length: experts }, (_, e) => sum(it.columns.dispatch.subarray(e * p, (e + 1) * p)));
  it.load = [...floats(entry.load).subarray(image * experts, (image + 1) * experts)];
  return it;
}
var weightOfRow = ({ weights, s }, view, r, from, to) => sum(weights[view].subarray(r * s + from, r * s + to));
var weightOf = (it, view, t, from, to) => weightOfRow(it, view, it.row[t], from, to);
var weightOfEach = (it, view, from, to) => Array.from({ length: it.n }, (_, r) => weightOfRow(it, view, r, from, to));
var weightByExpert = (it, view, t) => Array.from({ length: it.experts }, (_, e) => weightOf(it, view, t, e * it.p, (e + 1) * it.p));
function logitOf(it, { token, expert, slot }) {
  if (!it.logits || token < 0 || expert < 0 || slot < 0 && it.logits_slots > 1) return null;
  const wide = it.experts * it.logits_slots;
  const own = it.logits_slots > 1 ? slot : 0;
  return it.weights.logits[it.row[token] * wide + expert * it.logits_slots + own];
}
function span({ p, s }, { expert, slot }) {
  if (expert < 0) return [0, s];
  return slot < 0 ? [expert * p, (expert + 1) * p] : [expert * p + slot, expert * p + slot + 1];
}
var told = (view) => view === "combine" ? "combine" : "dispatch";
var columnsOfExpert = (it, view) => view === "output" ? 0 : view === "logits" ? it.logits_slots : it.p;
var nearest = ({ ids, n, tokens }, t) => ids[Math.min(Math.round(t * n / tokens), n - 1)];
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
  { sign: ">1", words: "over 1", is: (x, close) => x > 1 + close && x < Infinity },
  { sign: "NaN", words: "not a number", is: (x) => x !== x },
  { sign: "∞", words: "infinite", is: (x) => x === Infinity || x === -Infinity }
];
function wrongs(it, view) {
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

// js/routing_lens/page.js
var VIEWS = ["logits", "dispatch", "combine", "output"];
var OWN_KEYS = 'data-lm-suppress-shortcuts="true"';
var KEYS = `tabindex="0" ${OWN_KEYS}`;
var HINT = "arrow keys move, Enter pins, Shift+Enter compares, Escape frees";
var panel = (name, label) => `<div class="routing-lens-panel" data-panel="${name}"><canvas></canvas>
  <canvas data-part="${name}" ${KEYS} role="application" aria-label="${label}: ${HINT}"></canvas></div>`;
var range = (name) => `<input type="range" min="0" step="1" data-part="${name}" ${OWN_KEYS}>`;
var PAGE = `
<div class="routing-lens-controls">
  <label>Router <select data-part="router" ${OWN_KEYS}></select></label>
  <label>Layer <select data-part="layer" ${OWN_KEYS}></select></label>
  <label><span data-part="kind"></span> ${range("image_index")}<span data-part="image"></span></label>
  <fieldset><legend>Map</legend>${VIEWS.map(
  (view) => `<label><input type="radio" value="${view}"
    data-part="${view}" ${OWN_KEYS}>${view}</label>`
).join("")}</fieldset>
</div>
<div class="routing-lens-replay" data-part="replay" hidden>
  <div class="routing-lens-controls"><button type="button" data-part="play" ${OWN_KEYS}></button>
    <label>Step ${range("step")}<span data-part="step-text"></span></label></div>
  <div class="routing-lens-panel"><canvas data-part="progress" role="img"
    aria-label="Share of correct answers and of dropped tokens over training steps, both from 0 to 1"></canvas></div>
  <p data-part="progress-note"></p>
</div>
<p class="routing-lens-warning" data-part="warning" hidden></p>
<div class="routing-lens-panels">
  <div class="routing-lens-tokens"><div class="routing-lens-title" data-part="tokens-title"></div>
    ${panel("tokens", "Tokens")}
    <div class="routing-lens-ramp"><span data-part="least"></span><i></i><span data-part="most"></span></div>
    <p data-part="caption"></p></div>
  <div class="routing-lens-map"><div class="routing-lens-title" data-part="map-title"></div>
    ${panel("map", "Weights of tokens by slots")}
    ${panel("experts", "Load of the experts")}
    <p data-part="load-note"></p></div>
  <p class="routing-lens-status"><span role="status" aria-live="polite"></span>
    <span data-part="pin" aria-live="polite"></span></p>
</div>
<div class="routing-lens-compare" data-part="compare" hidden>
  <div class="routing-lens-title" data-part="compare-title"></div><div data-part="cards"></div></div>`;

// js/routing_lens/marks.js
var FEW = 40;
var TILE = 7;
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
  const small = new OffscreenCanvas(TILE, TILE);
  const pen = small.getContext("2d");
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
  return ctx.createPattern(small, "repeat");
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
      const centre = [left + (dx - TILE) / 2, top + (dy - TILE) / 2].map(Math.round);
      if (few) ground.setTransform(new DOMMatrix([1, 0, 0, 1, ...centre]));
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
function writeBoxed(ctx, text, x, y, ink, most) {
  const w = ctx.measureText(text).width + 6;
  const left = Math.min(Math.max(x - w / 2, 1), most - w - 1);
  ctx.fillStyle = ink.paper;
  ctx.fillRect(left, y - 8, w, 16);
  Object.assign(ctx, { strokeStyle: ink.text, lineWidth: 1 });
  ctx.strokeRect(left + 0.5, y - 7.5, w - 1, 15);
  write(ctx, text, left + w / 2, y, ink.text);
}
function sums(ctx, it, view, { x, y, w, h, dx, dy }, ink) {
  const rows = it.rows[view];
  const columns = it.columns[view];
  const none = /* @__PURE__ */ new Set();
  const off = { rows: view === "combine" ? it.off.rows : none, columns: view === "dispatch" ? it.off.columns : none };
  const widest = largest(rows, 1);
  const tallest = largest(columns, 1);
  const long = RIGHT - 20;
  const high = SUMS - 22;
  const right = x + w + 6;
  const floor = y + h + 7 + high;
  const one = floor - high / tallest;
  const numbers = dy >= 12;
  const part = (value, most) => Math.min(Math.max(value / most, 0), 1) || 0;
  write(ctx, "sum", right, y / 2 - 1, ink.text, "left");
  write(ctx, "sum", x - 6, floor - high / 2, ink.text, "right");
  write(ctx, "1", right, one, ink.text, "left");
  rows.forEach((value, r) => {
    const missed = off.rows.has(r);
    const middle = y + (r + 0.5) * dy;
    ctx.fillStyle = ink.bar;
    if (numbers) write(ctx, four(value) + (missed ? " ≠1" : ""), right, middle, ink.text, "left");
    else ctx.fillRect(right, y + r * dy, long * part(value, widest), Math.max(dy - 0.5, 0.5));
    if (missed && !numbers) arrow(ctx, right + long + 3, middle, 7, true);
  });
  columns.forEach((value, c) => {
    const colour = expertColour(Math.floor(c / it.p));
    bar(ctx, x + c * dx, floor, Math.max(dx - (dx > 3), 1), high * part(value, tallest), colour, ink);
  });
  ctx.fillStyle = ink.text;
  columns.forEach((value, c) => {
    const missed = off.columns.has(c);
    const middle = x + (c + 0.5) * dx;
    const sign = missed ? "≠1" : "";
    const text = dx >= 64 ? `${four(value)} ${sign}` : dx >= 16 ? sign : "";
    if (text) write(ctx, text, middle, floor + 7, ink.text);
    else if (missed) arrow(ctx, middle, floor + 2, Math.min(5, Math.max(dx, 2)), false);
  });
  Object.assign(ctx, { strokeStyle: ink.text, lineWidth: 1 });
  if (!numbers) ctx.strokeRect(right + long / widest, y, 0, h);
  ctx.strokeRect(x, one, w, 0);
}
function selectedSums(ctx, { it, view, boxes: { map, sizes }, ink }, { token, expert, slot }) {
  if (!it.rows[view]) return;
  const { x, y, h, dx, dy } = map;
  const most = sizes.map[0];
  const c = expert * it.p + slot;
  const row = it.row[token];
  const text = (name) => four(it[name][view][name === "rows" ? row : c]);
  if (token >= 0 && dy < 12) writeBoxed(ctx, text("rows"), most, y + (row + 0.5) * dy, ink, most);
  if (expert >= 0 && slot >= 0) writeBoxed(ctx, text("columns"), x + (c + 0.5) * dx, y + h + SUMS - 8, ink, most);
}

// js/routing_lens/text.js
var MOST_LABEL = 150;
var rowLabel = (it, t, most) => it.words ? `${t} ${fitted(it.words[t], most - widthOf(`${t} `))}` : t;
function labelRoom(it, width) {
  if (!it.words) return LEFT;
  const longest = Math.max(...Array.from(it.ids, (t) => widthOf(`${t} ${clip(it.words[t], 400)}`)));
  return Math.max(LEFT, Math.min(longest + 12, 0.3 * width, MOST_LABEL));
}

// js/arithmetic/largest.js
function largestAmong(values, from, count2, by = 1) {
  let top = from;
  let alike = 0;
  for (let i = 1, at = from + by; i < count2; i++, at += by)
    if (values[at] > values[top]) [top, alike] = [at, 0];
    else if (values[at] === values[top]) alike++;
  return { top, alike };
}
function equals(alike, count2) {
  if (!alike) return "";
  if (alike + 1 === count2) return ` (all ${count2.toLocaleString("en-US")} are equal)`;
  return alike === 1 ? " (1 other is equal)" : ` (${alike.toLocaleString("en-US")} others are equal)`;
}

// js/routing_lens/words.js
var FATES = ["", "dropped", "padding"];
var some = (it, tokens) => {
  const named = tokens.slice(0, 8).map((t) => numbered(it, t)).join(", ");
  return tokens.length ? ` (${named}${tokens.length > 8 ? ", …" : ""})` : "";
};
var percent = (x) => `${(100 * x).toFixed(1)} %`;
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
  const [dispatch, combine] = ["dispatch", "combine"].map((name) => weightByExpert(it, name, token));
  const each = view === "combine" ? combine : dispatch;
  const order = [...each.keys()].filter((e) => dispatch[e] !== 0 || combine[e] !== 0).sort((a, b) => each[b] - each[a]);
  if (!order.length) return "no expert";
  const more = order.length > most ? ` and ${order.length - most} more` : "";
  const named = order.slice(0, most).map((e) => `${e} (${four(dispatch[e])} / ${four(combine[e])})`);
  return `${order.length > 1 ? "experts" : "expert"} (dispatch / combine): ${named.join(", ")}${more}`;
}
function cellFact(it, at, from, to) {
  const logit = logitOf(it, at);
  const parts = logit === null ? [] : [`logit ${four(logit)}`];
  for (const view of ["dispatch", "combine"]) {
    const other = it.reference ? ` (reference ${four(weightOf(it.reference, view, at.token, from, to))})` : "";
    parts.push(`${view} ${four(weightOf(it, view, at.token, from, to))}${other}`);
  }
  return parts.join(", ");
}
var filled = (it, token) => plural(it.rows.dispatch[it.row[token]], "slot") + (it.lost.includes(token) ? ` where others fill ${it.choices}` : "");
function tokenFacts(it, { token, expert }, view) {
  const row = it.row[token];
  const slots = filled(it, token);
  const answer = four(it.rows.combine[row]);
  const fate = it.fate[token] ? `is ${FATES[it.fate[token]]}: it ` : "";
  const off = it.off.rows.has(row);
  const facts = [`${called(it, token)} ${fate}fills ${slots}, its combine sums to ${answer}${notOne(off)}`];
  if (expert < 0) facts.push(expertsOf(it, view, token));
  if (it.output) facts.push(`its answer has length ${four(it.output[token])}${droppedAnswer(it, token)}`);
  return facts;
}
var answersDropped = (it, token) => it.fate[token] === 1 && it.output[token] !== 0;
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
    const own = grouped ? `, ${four(sum(each))} of it from this image` : "";
    const off = seen === "dispatch" && it.off.columns.has(from);
    facts.push(`slot's ${seen} sums to ${four(it.columns[seen][from])}${notOne(off)}${own}`);
  } else if (expert >= 0) {
    const whole = grouped ? ` of its group's ${count(it.groupLoad[expert])}` : "";
    const all = sum(it.groupLoad);
    const share = all ? `, ${percent(it.groupLoad[expert] / all)} of all` : "";
    const what = `receives ${count(it.load[expert])}${whole} tokens' worth in ${plural(it.p, "slot")}${share}`;
    facts.push(token < 0 ? what : `expert ${what}`);
  }
  if (token < 0) facts.push(mostOf(it, each, seen));
  return facts;
}
function mostOf(it, each, seen) {
  const real = [...each.keys()].filter((r) => it.fate[it.ids[r]] !== 2);
  const heavy = real.filter((r) => each[r] !== 0);
  if (!heavy.length)
    return `no ${seen} from ${it.n < it.tokens ? "the tokens of this image that are drawn" : "this image"}`;
  const finite = real.filter((r) => Number.isFinite(each[r]));
  const values = finite.map((r) => each[r]);
  if (!finite.length) return `no finite ${seen} from this image`;
  const { top, alike } = largestAmong(values, 0, values.length);
  if (alike && alike + 1 === real.length)
    return `the same ${seen} at each of its ${real.length} tokens: ${four(values[top])}`;
  return `most ${seen} at ${called(it, it.ids[finite[top]])}${equals(alike, real.length)}: ${four(values[top])}`;
}
function sentence(it, at, view) {
  if (at.token < 0 && at.expert < 0)
    return "Point at a token, a weight, a slot or an expert; click to pin it, Shift+click to compare it.";
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
  const pads = padding.length ? ` ${padding.length} padding${some(it, padding)}.` : "";
  const real = it.tokens - padding.length;
  const drawn = it.n < it.tokens ? ` ${it.n.toLocaleString("en")} of ${it.tokens.toLocaleString("en")} tokens are drawn, evenly spaced; sums of columns and loads are of all.` : "";
  const fates = `${dropped.length} of ${real} tokens dropped${some(it, dropped)}.${pads}`;
  const lost = it.lost.length ? ` Hatched at the right: ${plural(it.lost.length, "token")} in fewer slots than the ${it.choices} of others${some(it, it.lost)}; where each makes as many choices, the rest were lost.` : "";
  return `${fates}${lost}${drawn} ${sumsOf(it, view)}${besides(it, view)}`;
}
function besides(it, view) {
  if (!it.reference || !["dispatch", "combine"].includes(view)) return "";
  const { by, at } = difference(it, view);
  if (by <= 1e-6) return ` Every weight of ${view} is the reference's.`;
  return ` Farthest from the reference's ${view}: ${four(by)} at ${whereabouts(it, view, at)}.`;
}
function rangeOf(list) {
  const finite = list.filter(Number.isFinite);
  const odd = list.length - finite.length;
  const low = four(Math.min(...finite));
  const high = four(Math.max(...finite));
  const known = !finite.length ? "none" : low === high ? low : `${low} to ${high}`;
  return odd ? `${known} and ${odd} not finite` : known;
}
function sumsOf(it, view) {
  if (view === "logits") return `Logits: ${rangeOf([...it.weights.logits])}.`;
  if (view === "output") {
    const real2 = [...it.output].filter((_, t) => it.fate[t] === 0);
    const odd = [...it.fate.keys()].filter((t) => answersDropped(it, t));
    const not = odd.length ? ` Marked ≠0: dropped tokens whose answer is not 0${some(it, odd)}.` : "";
    return `Lengths of the answers: ${rangeOf(real2)}, 0 for a dropped token.${not}`;
  }
  const real = it.rows[view].filter((_, r) => it.fate[it.ids[r]] !== 2);
  const group = it.images_per_group > 1 ? ` over the ${it.images_per_group} images of the group` : "";
  return `Sums of ${view}: rows ${rangeOf(real)}, columns ${rangeOf([...it.columns[view]])}${group}.`;
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
    const first = `${whereabouts(it, view, at[0])}: ${four(it.weights[view][at[0]])}`;
    found.push(`${sign}: ${plural(at.length, view === "logits" ? "logit" : "weight")} ${words} (${first}).`);
  }
  return found.join(" ");
}
function mapTitle(it, view) {
  if (view === "output") return `output: length of the answer to each of ${plural(it.n, "token")} (rows)`;
  const own = columnsOfExpert(it, view);
  const columns = plural(it.experts, "expert") + (own === it.p ? ` x ${plural(it.p, "slot")}` : "");
  return `${view}: ${plural(it.n, "token")} (rows) by ${columns} (columns)`;
}
var loadNote = (it) => "Load: tokens' worth that each expert receives" + (it.images_per_group > 1 ? ", solid from this image, pale from its whole group" : "") + (it.hard ? `; dashed line: the capacity of ${plural(it.p, "slot")}. ` : ". ") + "Below: the weight of the selected token in each expert.";

// js/routing_lens/panels.js
var LEFT = 46;
var RIGHT = 68;
var TOP = 20;
var SUMS = 46;
var LOAD = 58;
var ROW = 46;
var MOST_HIGH = 392;
var LEAST_HIGH = 112;
var NARROW = 704;
function tokenBox({ it, picture }, w) {
  if (it.words) {
    const words = wordBoxes(it.words, w);
    return { w, h: words.at(-1)[1] + LINE, words };
  }
  const columns = it.grid[1] ?? Math.min(it.tokens, Math.max(8, Math.ceil(Math.sqrt(it.tokens))));
  const rows = it.grid[0] ?? Math.ceil(it.tokens / columns);
  const h = picture ? w * picture.height / picture.width : rows * Math.min(w / columns, 34);
  return { w, h, columns, rows, dx: w / columns, dy: h / rows };
}
function layout({ it, view, picture }, tokensWidth, mapWidth, high) {
  const tokens = tokenBox({ it, picture }, tokensWidth);
  const columns = it.experts * columnsOfExpert(it, view);
  const left = labelRoom(it, mapWidth);
  const w = mapWidth - left - RIGHT;
  const most = Math.min(high, MOST_HIGH);
  const h = Math.max(Math.min(it.n * 14, most), LEAST_HIGH);
  return {
    tokens,
    map: { x: left, y: TOP, w, h, columns, dx: w / (columns || 1), dy: h / it.n, de: w / it.experts },
    sizes: { tokens: [tokensWidth, tokens.h], map: [mapWidth, TOP + h + SUMS], experts: [mapWidth, LOAD + ROW] }
  };
}
var corner = ({ columns, dx, dy, words }, token) => words?.[token] ?? [token % columns * dx, Math.floor(token / columns) * dy, dx, dy];
var grounds = {
  tokens(ctx, { it, view, boxes, ink, picture }) {
    const { w, h } = boxes.tokens;
    const lost = new Set(it.lost);
    if (picture) paintPicture(ctx, { x: 0, y: 0, w, h }, picture);
    it.fate.forEach((fate, t) => {
      const [x, y, dx, dy] = corner(boxes.tokens, t);
      for (const [inset, colour] of picture ? GRID : [[0.5, ink.bar]]) {
        Object.assign(ctx, { lineWidth: 1, strokeStyle: colour });
        ctx.strokeRect(x + inset, y + inset, dx - 2 * inset, dy - 2 * inset);
      }
      const clear = it.words ? 20 : 0;
      if (fate) hatch(ctx, x, y + clear, dx, dy - clear);
      else if (lost.has(t)) hatch(ctx, x + dx - Math.max(dx / 6, 4), y + clear, Math.max(dx / 6, 4), dy - clear);
      const middle = [x + dx / 2, y + (it.words ? 11 : dy / 2)];
      const number = !picture && dx >= 8 + 6 * String(it.tokens - 1).length;
      const label = it.words ? fitted(it.words[t], dx - 8) : !picture ? t : dx > 46 ? FATES[fate] : "";
      if (it.words || number && !fate) write(ctx, label, ...middle, ink.text);
      else if (number) writeBoxed(ctx, label, ...middle, ink, w);
      else if (fate) writeOver(ctx, label, ...middle);
    });
    if (view === "output") squares(ctx, boxes.tokens, it, it.output, [...it.output.keys()], "#5ec962");
  },
  map(ctx, scene) {
    const { it, view, boxes, ink } = scene;
    const { x, y, w, h, dy, de, columns } = boxes.map;
    const everyRow = everyNth(dy, 13);
    const everyExpert = everyNth(de, 8 + 7 * String(it.experts - 1).length);
    if (view === "output") lengths(ctx, scene);
    else paintWeights(ctx, boxes.map, it.weights[view], it.n, columns, it[`${view}_most`], it[`${view}_least`]);
    for (let e = 0; e < it.experts && view !== "output"; e++) {
      if (e === 0) write(ctx, "expert", x - 6, y / 2 - 1, ink.text, "right");
      ctx.fillStyle = expertColour(e);
      ctx.fillRect(x + e * de + (de > 3), y - 4, Math.max(de - 2 * (de > 3), 0.5), 3);
      if (e % everyExpert === 0) write(ctx, e, x + (e + 0.5) * de, y / 2 - 1, ink.text);
      ctx.fillStyle = "#fff";
      if (e && de > 10) ctx.fillRect(x + e * de - 0.5, y, 1, h);
    }
    it.ids.forEach((t, r) => {
      const top = y + r * dy;
      if (it.fate[t]) hatch(ctx, x, top, w, dy);
      if (it.fate[t] && dy >= 12) writeOver(ctx, FATES[it.fate[t]], x + 28, top + dy / 2);
      if (r % everyRow === 0) write(ctx, rowLabel(it, t, x - 12), x - 6, top + dy / 2, ink.text, "right");
    });
    markWrong(ctx, it.wrongs, columns, boxes.map);
    if (it.rows[view]) sums(ctx, it, view, boxes.map, ink);
  },
  experts(ctx, { it, boxes, ink }) {
    const { x, w } = boxes.map;
    const most = largest(it.groupLoad, it.hard ? it.p : 1e-9);
    const high = LOAD - 18;
    write(ctx, "load", x - 6, LOAD - high / 2, ink.text, "right");
    write(ctx, "token", x - 6, LOAD + ROW - 14, ink.text, "right");
    if (it.images_per_group > 1) bars(ctx, boxes.map, it.groupLoad, most, LOAD, high, ink, { pale: true });
    const line = it.hard ? LOAD - high * it.p / most : -Infinity;
    bars(ctx, boxes.map, it.load, most, LOAD, high, ink, { line });
    Object.assign(ctx, { strokeStyle: ink.text, lineWidth: 1 });
    for (const y of [LOAD + 0.5, LOAD + ROW - 0.5]) ctx.strokeRect(x, y, w, 0);
    if (!it.hard) return;
    ctx.setLineDash([4, 3]);
    ctx.strokeRect(x, line, w, 0);
    ctx.setLineDash([]);
    write(ctx, it.p, x + w + 6, line, ink.text, "left");
  }
};
var overlays = {
  /** What the selected slots see of the image: a square on each token, its area in proportion to the weight. */
  tokens(ctx, { it, view, boxes, ink }, at) {
    const { w } = boxes.tokens;
    if (at.expert >= 0) {
      const each = weightOfEach(it, told(view), ...span(it, at));
      const seen = squares(ctx, boxes.tokens, it, each, it.ids, expertColour(at.expert));
      const most = it.words ? seen.length : 3;
      for (const r of seen.sort((a, b) => Math.abs(each[b]) - Math.abs(each[a])).slice(0, most)) {
        const [x, y, dx, dy] = corner(boxes.tokens, it.ids[r]);
        const middle = x + dx / 2;
        if (it.words) write(ctx, short(each[r]), middle, y + 24, ink.text);
        else writeOver(ctx, short(each[r]), Math.min(Math.max(middle, 13), w - 13), y + dy / 2);
      }
    }
    if (at.token >= 0) ring(ctx, ...corner(boxes.tokens, at.token));
  },
  map(ctx, scene, at) {
    const {
      it,
      view,
      boxes: { map }
    } = scene;
    const own = columnsOfExpert(it, view);
    const one = own > 1 || it.p === 1;
    const from = at.expert * own + (one && at.slot >= 0 ? at.slot : 0);
    const wide = one && at.slot >= 0 ? 1 : own;
    const x = map.x + from * map.dx;
    const y = map.y + it.row[at.token] * map.dy;
    const w = wide * map.dx;
    const column = at.expert >= 0 && own > 0;
    if (at.token >= 0) ring(ctx, map.x, y, map.w, map.dy);
    if (column) ring(ctx, x, map.y, w, map.h);
    if (at.token >= 0 && column) {
      ctx.clearRect(x - 3, y - 3, w + 6, map.dy + 6);
      ring(ctx, x, y, w, map.dy);
    }
    selectedSums(ctx, scene, at);
  },
  experts(ctx, { it, view, boxes: { map }, ink }, at) {
    if (at.token >= 0) {
      const each = weightByExpert(it, told(view), at.token);
      bars(ctx, map, each, largest(each, 1e-9), LOAD + ROW - 1, ROW - 20, ink);
    }
    if (at.expert >= 0) ring(ctx, map.x + at.expert * map.de + 2, 2, map.de - 4, LOAD - 2);
  }
};
function squares(ctx, box, it, each, tokens, colour) {
  const most = each.reduce((m, x) => Math.abs(x) > m && Math.abs(x) < Infinity ? Math.abs(x) : m, 0);
  const seen = [...each.keys()].filter((r) => each[r] !== 0 && Math.abs(each[r]) < Infinity);
  Object.assign(ctx, { fillStyle: colour, lineWidth: 1 });
  for (const r of seen) {
    const [x, y, dx, dy] = corner(box, tokens[r]);
    const square = shareOfBox([x, y, it.words ? NARROWEST : dx, dy], Math.abs(each[r]) / most, it.words);
    ctx.globalAlpha = 0.8;
    if (each[r] > 0) ctx.fillRect(...square);
    ctx.globalAlpha = 1;
    for (const [grow, edge] of [
      [0, "#fff"],
      [0.75, "#000"]
    ]) {
      ctx.strokeStyle = edge;
      ctx.strokeRect(square[0] - grow, square[1] - grow, square[2] + 2 * grow, square[3] + 2 * grow);
    }
  }
  return seen;
}
function lengths(ctx, { it, boxes: { map }, ink }) {
  const { x, y, w, h, dy } = map;
  write(ctx, "length", x + w + 6, y / 2 - 1, ink.text, "left");
  write(ctx, `0 to ${four(it.output_most)}`, x + w / 2, y / 2 - 1, ink.text);
  it.ids.forEach((t, r) => {
    const value = it.output[t];
    const middle = y + (r + 0.5) * dy;
    const mark = answersDropped(it, t) ? " ≠0" : "";
    ctx.fillStyle = ink.bar;
    ctx.fillRect(x, y + r * dy, w * Math.min(value / (it.output_most || 1), 1) || 0, Math.max(dy - (dy > 4), 0.5));
    if (dy >= 12) write(ctx, four(value) + mark, x + w + 6, middle, ink.text, "left");
    else if (mark) arrow(ctx, x + w + 6, middle, 7, true);
  });
  Object.assign(ctx, { strokeStyle: ink.text, lineWidth: 1 });
  ctx.strokeRect(x + 0.5, y, 0, h);
}
function bar(ctx, x, floor, w, h, colour, ink, pale = false) {
  Object.assign(ctx, { fillStyle: colour, strokeStyle: ink.text, lineWidth: 1, globalAlpha: pale ? 0.4 : 1 });
  ctx.fillRect(x, floor - h, w, h);
  ctx.globalAlpha = 1;
  if (h < 1) return;
  const left = Math.round(x);
  const top = Math.round(floor - h);
  if (w > 7) return ctx.strokeRect(left + 0.5, top + 0.5, Math.round(x + w) - left - 1, Math.round(floor) - top - 1);
  ctx.fillStyle = ink.text;
  ctx.fillRect(x, top, w, 1);
}
function bars(ctx, { x, de }, values, most, floor, high, ink, { pale = false, line = -Infinity } = {}) {
  const gap = de > 8 ? 2 : 0;
  values.forEach((value, e) => {
    const h = high * (Math.min(Math.max(value / most, 0), 1) || 0);
    const top = floor - h;
    bar(ctx, x + e * de + gap, floor, Math.max(de - 2 * gap, 0.5), h, expertColour(e), ink, pale);
    const number = short(value);
    const above = Math.abs(top - 7 - line) < 7 ? line - 8 : top - 7;
    if (!pale && de >= ctx.measureText(number).width + 2) write(ctx, number, x + (e + 0.5) * de, above, ink.text);
  });
}

// js/routing_lens/pins.js
var MOST_PINS = 4;
var CARD_BARS = 44;
var SELECTION = ["token", "expert", "slot"];
var same = (a, b) => SELECTION.every((name) => a[name] === b[name]);
function toggled(pins, at) {
  const others = pins.filter((pin) => !same(pin, at));
  return others.length < pins.length ? others : [...pins, at];
}
function showCards(root, scene, pins, free) {
  const part = (name) => root.querySelector(`[data-part="${name}"]`);
  const cards = part("cards");
  part("compare").hidden = !pins.length;
  part("compare-title").textContent = `Compared: ${pins.length} of ${MOST_PINS} places (${told(scene.view)}, areas relative within each picture)`;
  const held = cards.contains(document.activeElement);
  while (cards.children.length > pins.length) cards.lastChild.remove();
  if (held && !cards.contains(document.activeElement)) (cards.lastChild?.lastElementChild ?? part("tokens")).focus();
  while (cards.children.length < pins.length) cards.append(newCard());
  pins.forEach((at, i) => {
    const card = cards.children[i];
    const label = names(scene.it, at);
    const [canvas, title, facts, button] = card.children;
    title.textContent = label;
    facts.replaceChildren(
      ...factsOf(scene.it, at, scene.view).map((fact) => {
        const line = document.createElement("li");
        line.textContent = fact;
        return line;
      })
    );
    button.setAttribute("aria-label", `Free ${label}`);
    button.onclick = () => free(at);
    canvas.setAttribute("aria-label", `What ${label} sees`);
    paintCard(canvas, scene, at);
  });
}
function newCard() {
  const card = document.createElement("div");
  card.className = "routing-lens-card";
  card.innerHTML = `<canvas role="img"></canvas><div class="routing-lens-title"></div><ul></ul>
    <button type="button" data-part="free" ${OWN_KEYS}>Free</button>`;
  return card;
}
function paintCard(canvas, { it, view, ink, picture }, at) {
  const width = canvas.clientWidth;
  if (width < 20) return;
  const tokens = tokenBox({ it, picture }, width);
  const below = at.token < 0 ? 0 : CARD_BARS;
  const scene = { it, view: told(view), ink, picture, boxes: { tokens } };
  const ctx = fit(canvas, width, tokens.h + below);
  grounds.tokens(ctx, scene);
  overlays.tokens(ctx, scene, at);
  if (at.token < 0) return;
  const each = weightByExpert(it, told(view), at.token);
  bars(ctx, { x: 0, de: width / it.experts }, each, largest(each, 1e-9), tokens.h + below - 1, below - 18, ink);
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
  const last = accuracy.filter(([at]) => at <= step).at(-1);
  const loss = dropped.find(([at]) => at === step);
  const known = last ? `accuracy ${four(last[1])} (evaluated at step ${last[0]})` : accuracy.length ? "not evaluated yet" : "accuracy not given";
  const drops = loss ? `${percent(loss[1])} of these tokens dropped in this layer` : "no drops known";
  return `Step ${step}: ${known}; ${drops}.`;
}
function paintProgress(ctx, width, lines, step, ink) {
  const x = LEFT;
  const w = width - LEFT - RIGHT;
  const y = 22;
  const h = CHART - 40;
  const steps = Object.values(lines).flat().map(([at]) => at);
  const low = Math.min(...steps);
  const high = Math.max(...steps);
  const place = ([at, share]) => [x + w * (at - low) / (high - low || 1), y + h * (1 - share)];
  Object.assign(ctx, { strokeStyle: ink.bar, lineWidth: 1 });
  ctx.strokeRect(x, y, w, h);
  for (const [text, at] of [
    ["1", y],
    ["0", y + h]
  ])
    write(ctx, text, x - 6, at, ink.text, "right");
  write(ctx, low, x, y + h + 11, ink.text);
  if (high > low) write(ctx, high, x + w, y + h + 11, ink.text);
  write(ctx, "step", x + w + 14, y + h + 11, ink.text, "left");
  const [now] = place([step, 0]);
  ctx.fillStyle = ink.text;
  ctx.fillRect(now - 1, y - 7, 2, h + 11);
  if (now > x + 40 && now < x + w - 40) write(ctx, step, now, y + h + 11, ink.text);
  let legend = x;
  for (const [name, points] of Object.entries(lines)) {
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
  const stop = () => {
    clearInterval(timer);
    timer = 0;
    label();
  };
  button.addEventListener(
    "click",
    () => {
      if (timer) return stop();
      advance(true);
      if (!still.matches) timer = setInterval(() => advance(false) || stop(), PACE);
      label();
    },
    { signal }
  );
  still.addEventListener("change", stop, { signal });
  signal.addEventListener("abort", stop);
  label();
  return stop;
}

// js/routing_lens/routing_lens.js
var PLACE = ["router", "layer", "step", "image_index", "view"];
var NOTHING = { token: -1, expert: -1, slot: -1 };
var PANELS = ["tokens", "map", "experts"];
function render({ model, el }) {
  const root = document.createElement("div");
  const stop = new AbortController();
  const { signal } = stop;
  root.className = "routing-lens";
  root.innerHTML = PAGE;
  root.querySelector(".routing-lens-ramp i").style.background = RAMP_CSS;
  el.append(root);
  showFault(model, root);
  const part = (name) => root.querySelector(`[data-part="${name}"]`);
  const status = root.querySelector("[role=status]");
  const pictures = model.get("_pictures");
  const entries = model.get("_entries");
  const labels = model.get("_labels");
  const tests = model.get("_tests");
  const steps = [...new Set(entries.map((e) => e.step))];
  const hasPicture = "data" in pictures;
  const radios = `routing-lens-${crypto.getRandomValues(new Uint32Array(1))}`;
  let scene = null;
  let hover = NOTHING;
  let frame = 0;
  let stale = true;
  let full = false;
  const send = (values) => {
    for (const [name, value] of Object.entries(values)) model.set(name, value);
    model.save_changes();
  };
  const known = ({ token, expert, slot }) => {
    const { row, experts, p } = scene.it;
    const whose = expert < experts ? expert : -1;
    return { token: row[token] >= 0 ? token : -1, expert: whose, slot: whose >= 0 && slot < p ? slot : -1 };
  };
  const there = (at) => at.token >= 0 || at.expert >= 0;
  const pinned = () => {
    const at = known(Object.fromEntries(SELECTION.map((name) => [name, model.get(name)])));
    return there(at) ? at : null;
  };
  const compared = () => model.get("pins").map(([token, expert, slot]) => known({ token, expert, slot })).filter(there);
  const selection = () => pinned() ?? known(hover);
  const schedule = (everything) => {
    stale ||= everything;
    frame ||= requestAnimationFrame(() => {
      frame = 0;
      if (stale) refresh();
      if (scene) follow();
    });
  };
  function choose() {
    const step = steps.includes(model.get("step")) ? model.get("step") : steps[0];
    const now = entries.filter((e) => e.step === step);
    const routers = [...new Set(now.map((e) => e.router))];
    const router = routers.includes(model.get("router")) ? model.get("router") : routers[0];
    const layers = now.filter((e) => e.router === router);
    const named = layers.find((e) => e.layer === model.get("layer"));
    const entry = named ?? layers[0];
    const options = { router: routers, layer: layers.map((e) => e.layer) };
    for (const [name, choices] of Object.entries(options)) {
      const select = part(name);
      select.replaceChildren(...choices.map((text) => new Option(text, text)));
      select.value = entry[name];
      select.parentElement.hidden = choices.length < 2 && choices[0] === "";
    }
    part("replay").hidden = steps.length < 2;
    Object.assign(part("step"), { max: steps.length - 1, value: steps.indexOf(step) });
    part("step").setAttribute("aria-valuetext", `step ${step}`);
    part("step-text").textContent = step;
    return entry;
  }
  function refresh() {
    const entry = choose();
    const image = model.get("image_index");
    const kind = hasPicture ? "Image" : "Group";
    const view = entry.views.includes(model.get("view")) ? model.get("view") : "dispatch";
    scene = null;
    Object.assign(part("image_index"), { max: model.get("_count") - 1, value: image });
    part("image").textContent = labels.length ? `${image}: ${labels[image]}` : image;
    part("image_index").setAttribute("aria-valuetext", part("image").textContent);
    part("kind").textContent = kind;
    for (const name of VIEWS) {
      Object.assign(part(name), { name: radios, checked: name === view });
      part(name).parentElement.hidden = !entry.views.includes(name);
    }
    part(view).closest("fieldset").hidden = Boolean(entry.note);
    for (const name of ["tokens", "map"]) root.querySelector(`.routing-lens-${name}`).hidden = Boolean(entry.note);
    const narrow = root.toggleAttribute("data-narrow", root.clientWidth < NARROW);
    if (entry.note) {
      status.textContent = entry.note;
      part("pin").textContent = "";
      for (const name of ["compare", "warning"]) part(name).hidden = true;
    }
    const [tokensWidth, mapWidth] = ["tokens", "map"].map((name) => part(name).clientWidth);
    if (entry.note || tokensWidth < 50 || mapWidth < 150) return;
    stale = false;
    const it = look(entry, image);
    const style = getComputedStyle(root);
    const beside = entries.find((e) => e.router === "reference" && e.layer === entry.layer && e.step === entry.step);
    const alike = beside && beside !== entry && !beside.note;
    const sized = alike && ["tokens", "experts", "slots"].every((name) => beside[name] === entry[name]);
    it.reference = sized ? look(beside, image) : null;
    const words = model.get("_words")[image];
    it.words = words?.length === it.tokens ? words : null;
    it.off = offSums(it);
    it.wrongs = wrongs(it, view);
    part("tokens-title").textContent = plural(it.tokens, "token");
    part("map-title").textContent = mapTitle(it, view);
    part("least").textContent = view === "output" ? "" : count(it[`${view}_least`]);
    part("least").parentElement.hidden = view === "output";
    part("most").textContent = four(it[`${view}_most`]);
    part("caption").textContent = `${kind} ${image}: ${caption(it, view)}`;
    part("warning").textContent = warning(it, view);
    part("warning").hidden = !part("warning").textContent;
    part("load-note").textContent = loadNote(it);
    const colour = (name) => style.getPropertyValue(`--routing-lens-${name}`).trim();
    const ink = Object.fromEntries(["text", "bar", "paper"].map((name) => [name, colour(name)]));
    const size = pictures.width * pictures.height * pictures.channels;
    const own = hasPicture && octets(pictures.data).subarray(image * size, (image + 1) * size);
    const picture = hasPicture && { ...pictures, bytes: own };
    scene = { it, view, ink, picture };
    scene.boxes = layout(scene, tokensWidth, mapWidth, narrow ? 0.45 * window.innerHeight : MOST_HIGH);
    for (const name of PANELS) grounds[name](fit(part(name).previousElementSibling, ...scene.boxes.sizes[name]), scene);
    if (steps.length > 1) {
      const lines = progressOf(entries, entry, tests);
      const width = part("progress").clientWidth;
      if (width > 150) paintProgress(fit(part("progress"), width, CHART), width, lines, entry.step, ink);
      part("progress-note").textContent = progressNote(lines, entry.step);
    }
    showCards(root, scene, compared(), compare);
  }
  function follow() {
    const at = selection();
    for (const name of PANELS) overlays[name](fit(part(name), ...scene.boxes.sizes[name]), scene, at);
    status.textContent = sentence(scene.it, at, scene.view);
    const more = full ? `${MOST_PINS} places are compared already: free one first.` : "";
    part("pin").textContent = [pinned() ? "Pinned: Escape frees it." : "", more].filter(Boolean).join(" ");
  }
  function hit(name, event) {
    const {
      it,
      view,
      boxes: { map, tokens }
    } = scene;
    const edge = event.currentTarget.getBoundingClientRect();
    const x = event.clientX - edge.left;
    const y = event.clientY - edge.top;
    const within = (value, most) => value >= 0 && value < most ? Math.floor(value) : -1;
    const tokenOf = (t) => t < 0 ? -1 : nearest(it, t);
    if (name === "tokens" && tokens.words) return { ...NOTHING, token: tokenOf(wordAt(tokens.words, x, y)) };
    if (name === "tokens") {
      const column = within(x / tokens.dx, tokens.columns);
      const token2 = Math.floor(y / tokens.dy) * tokens.columns + column;
      return { ...NOTHING, token: column < 0 ? -1 : tokenOf(within(token2, it.tokens)) };
    }
    const row = within((y - map.y) / map.dy, it.n);
    const token = row < 0 ? -1 : it.ids[row];
    const own = columnsOfExpert(it, view);
    const expert = within((x - map.x) / map.de, it.experts);
    if (name === "experts" || y < map.y && own) return { ...NOTHING, expert };
    if (!own) return { ...NOTHING, token };
    const slot = expert < 0 || own < it.p ? -1 : within((x - map.x) / map.dx, map.columns) % own;
    return { token, expert, slot };
  }
  const pin = (at) => send(pinned() && same(at, pinned()) ? NOTHING : at);
  function compare(at) {
    if (!there(at)) return;
    const alone = pinned();
    const pins = compared();
    const before = alone && !same(alone, at) && !pins.some((p) => same(p, alone)) ? [...pins, alone] : pins;
    const after = toggled(before, at);
    full = after.length > MOST_PINS;
    if (!full) send({ ...NOTHING, pins: after.map((p) => SELECTION.map((name) => p[name])) });
    schedule(false);
  }
  function move(name, key) {
    const across = { ArrowLeft: -1, ArrowRight: 1 }[key] ?? 0;
    const down = { ArrowUp: -1, ArrowDown: 1 }[key] ?? 0;
    const far = { Home: -Infinity, End: Infinity }[key] ?? 0;
    const go = (from, by, most) => Math.min(Math.max(from < 0 && !far ? 0 : from + by, 0), most - 1);
    if (!across && !down && !far) return null;
    const { it, view, boxes } = scene;
    const at = selection();
    const row = it.row[at.token] ?? -1;
    const own = columnsOfExpert(it, view);
    const token = (by) => it.ids[go(row, by, it.n)];
    if (name === "tokens" && boxes.tokens.words && down)
      return { ...NOTHING, token: nearest(it, wordBeyond(boxes.tokens.words, at.token, down)) };
    if (name === "tokens") return { ...NOTHING, token: token(across + down * (boxes.tokens.columns ?? 0) + far) };
    if (name === "experts") return { ...NOTHING, expert: go(at.expert, across + far, it.experts) };
    if (!own) return { ...NOTHING, token: token(across + down + far) };
    const column = at.expert < 0 ? -1 : at.expert * own + (own < it.p ? 0 : Math.max(at.slot, 0));
    const next = go(column, across + far, boxes.map.columns);
    return { token: token(down), expert: Math.floor(next / own), slot: own < it.p ? -1 : next % own };
  }
  for (const name of PANELS) {
    const canvas = part(name);
    const on2 = (type, handler) => canvas.addEventListener(type, handler, { signal });
    const show = (at) => {
      hover = at;
      full = false;
      schedule(false);
    };
    on2("pointermove", (event) => scene && show(hit(name, event)));
    on2("pointerleave", () => show(NOTHING));
    on2("blur", () => show(NOTHING));
    on2("click", (event) => scene && (event.shiftKey ? compare : pin)(hit(name, event)));
    on2("mousedown", (event) => {
      if (!event.shiftKey) return;
      event.preventDefault();
      event.stopPropagation();
    });
    on2("keydown", (event) => {
      if (!scene || event.ctrlKey || event.metaKey || event.altKey) return;
      const enter = event.key === "Enter" || event.key === " ";
      const next = event.shiftKey ? null : move(name, event.key);
      if (next && pinned()) send(next);
      else if (next) show(next);
      else if (enter) (event.shiftKey ? compare : pin)(selection());
      else if (event.key === "Escape") release();
      else return;
      event.preventDefault();
      event.stopPropagation();
    });
    const release = () => {
      send(pinned() ? NOTHING : { pins: [] });
      show(NOTHING);
    };
  }
  const on = (name, type, handler) => part(name).addEventListener(type, handler, { signal });
  on("router", "change", (event) => {
    const router = event.target.value;
    const layers = entries.filter((e) => e.router === router).map((e) => e.layer);
    send({ router, layer: layers.includes(model.get("layer")) ? model.get("layer") : layers[0] });
  });
  on("layer", "change", (event) => send({ layer: event.target.value }));
  on("image_index", "input", (event) => send({ image_index: Number(event.target.value) }));
  for (const view of VIEWS) on(view, "change", () => send({ view }));
  const halt = player(
    part("play"),
    (fromButton) => {
      const at = steps.indexOf(model.get("step"));
      const end = at === steps.length - 1;
      if (end && !fromButton) return false;
      send({ step: steps[end ? 0 : at + 1] });
      return true;
    },
    signal
  );
  on("step", "input", (event) => {
    halt();
    send({ step: steps[event.target.value] });
  });
  for (const name of [...PLACE, "pins"]) model.on(`change:${name}`, () => schedule(true));
  for (const name of SELECTION) model.on(`change:${name}`, () => schedule(false));
  const resized = new ResizeObserver(() => schedule(true));
  const themed = new MutationObserver(() => schedule(true));
  for (const name of ["tokens", "map", "progress"]) resized.observe(part(name).parentElement);
  themed.observe(document.body, { attributes: true });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => schedule(true), { signal });
  schedule(true);
  return () => {
    stop.abort();
    resized.disconnect();
    themed.disconnect();
    cancelAnimationFrame(frame);
  };
}
var routing_lens_default = { render };
export {
  routing_lens_default as default
};
