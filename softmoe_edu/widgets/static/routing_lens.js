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

// js/shared/mount.js
var INKS = (
  /** @type {const} */
  ["text", "line", "bar", "page", "shade", "paper"]
);
function mount({ model, el }, { name, prefix, page, draw, observed }) {
  const root = document.createElement("div");
  const stop2 = new AbortController();
  const { signal } = stop2;
  root.className = name;
  root.innerHTML = page;
  el.append(root);
  showFault(model, root);
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
    draw(all);
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
  const view = {
    root,
    signal,
    model,
    part: part2,
    schedule,
    refresh,
    catchUp,
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
var contextOf = (canvas) => (
  /** @type {OffscreenCanvasRenderingContext2D} */
  canvas.getContext("2d")
);
function fit(canvas, width, height) {
  const ratio = window.devicePixelRatio || 1;
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
  ctx.font = "11px system-ui, sans-serif";
  ctx.textBaseline = "middle";
  return ctx;
}
function paintWeights(ctx, box, weights, rows, columns, most, least = 0) {
  const ratio = window.devicePixelRatio || 1;
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
    colours[i] = RAMP[Math.min(Math.round(255 * (largest[i] - least) / range2), 255)];
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
  const more = Math.max(0, 5 - Math.min(w, h)) / 2;
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
function onward(from, by, count2) {
  const next = from < 0 && Number.isFinite(by) ? 0 : from + by;
  return Math.min(Math.max(next, 0), count2 - 1);
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
  const [nearest2] = line.filter((box) => box.y === y).sort((a, b) => a.far - b.far);
  return nearest2 ? nearest2.t : token;
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
    return { ...NOTHING, token: plan.drawnAt(wordBeyond(tokens.words, at.token, down)) };
  if (panel2 === "tokens") return { ...NOTHING, token: token(across + down * tokens.columns + far) };
  if (panel2 === "experts") return { ...NOTHING, expert: onward(at.expert, across + far, plan.experts) };
  if (!own) return { ...NOTHING, token: token(across + down + far) };
  const column = at.expert < 0 ? -1 : at.expert * own + (slotted ? Math.max(at.slot, 0) : 0);
  const next = onward(column, across + far, map.columns);
  return { token: token(down), expert: Math.floor(next / own), slot: slotted ? next % own : -1 };
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
    const wide = n * experts * entry.logits_slots;
    weights.logits = floats(entry.logits).subarray(image * wide, (image + 1) * wide);
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
    // Tokens that are not dropped and yet lost some of their choices; mixtures have none to lose.
    lost: entry.choices ? [...ids].filter((t, r) => !fate[t] && rows.dispatch[r] < entry.choices) : [],
    groupLoad: Array.from({ length: experts }, (_, e) => sum(columns.dispatch.subarray(e * p, (e + 1) * p))),
    load: [...floats(entry.load).subarray(image * experts, (image + 1) * experts)],
    words: null,
    reference: null,
    off: { rows: /* @__PURE__ */ new Set(), columns: /* @__PURE__ */ new Set() },
    wrongs: []
  };
}
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

// js/shared/markup.js
var KEYS = 'data-lm-suppress-shortcuts="true"';
var canvases = (name, label) => `<canvas></canvas>
  <canvas data-part="${name}" tabindex="0" ${KEYS} role="application" aria-label="${label}"></canvas>`;

// js/routing_lens/page.js
var VIEWS = ["logits", "dispatch", "combine", "output"];
var HINT = "arrow keys move, Enter pins, Shift+Enter compares, Escape unpins";
var panel = (name, label) => `<div class="routing-lens-panel" data-panel="${name}">
  ${canvases(name, `${label}: ${HINT}`)}</div>`;
var range = (name) => `<input type="range" min="0" step="1" data-part="${name}" ${KEYS}>`;
var PAGE = `
<div class="routing-lens-controls">
  <label>Router <select data-part="router" ${KEYS}></select></label>
  <label>Layer <select data-part="layer" ${KEYS}></select></label>
  <label><span data-part="kind"></span> ${range("image_index")}<span data-part="image"></span></label>
  <fieldset><legend>Map</legend>${VIEWS.map(
  (view) => `<label><input type="radio" value="${view}"
    data-part="${view}" ${KEYS}>${view}</label>`
).join("")}</fieldset>
</div>
<div class="routing-lens-replay" data-part="replay" hidden>
  <div class="routing-lens-controls"><button type="button" data-part="play" ${KEYS}></button>
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
function largestFinite(values, least) {
  let most = least;
  for (let i = 0; i < values.length; i++) if (values[i] > most && values[i] < Infinity) most = values[i];
  return most;
}

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
function outline(ctx, [x, y, dx, dy], picture, ink) {
  for (const [inset, colour] of picture ? ON_PICTURE : [
    /** @type {[number, string]} */
    [0.5, ink.bar]
  ]) {
    Object.assign(ctx, { lineWidth: 1, strokeStyle: colour });
    ctx.strokeRect(x + inset, y + inset, dx - 2 * inset, dy - 2 * inset);
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
var narrowed = ([x, y, , h]) => [x, y, NARROWEST, h];
function paintExperts(ctx, { x, y, h, de }, experts, ink) {
  const every = everyNth(de, 8 + 7 * String(experts - 1).length);
  const gap = de > 3 ? 1 : 0;
  write(ctx, "expert", x - 6, y / 2 - 1, ink.text, "right");
  for (let e = 0; e < experts; e++) {
    ctx.fillStyle = expertColour(e);
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
  write(ctx, "sum", right, y / 2 - 1, ink.text, "left");
  write(ctx, "sum", x - 6, floor - high / 2, ink.text, "right");
  write(ctx, "1", right, one, ink.text, "left");
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
  if (!numbers) ctx.strokeRect(right + long / widest, y, 0, h);
  ctx.strokeRect(x, one, w, 0);
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
function bars(ctx, { x, de }, values, most, floor, high, ink, { pale = false, line = -Infinity } = {}) {
  const gap = de > 8 ? 2 : 0;
  values.forEach((value, e) => {
    const h = high * part(value, most);
    const top = floor - h;
    bar(ctx, x + e * de + gap, floor, Math.max(de - 2 * gap, 0.5), h, expertColour(e), ink, pale);
    const number = short(value);
    const above = Math.abs(top - 7 - line) < 7 ? line - 8 : top - 7;
    if (!pale && de >= ctx.measureText(number).width + 2) write(ctx, number, x + (e + 0.5) * de, above, ink.text);
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
var LEFT = 46;
var MOST_LABEL = 150;
var TOP = 20;
var RIGHT = 68;
var SUMS = 46;
var LOAD = 58;
var ROW = 46;
var MOST_HIGH = 392;
var NARROW = 704;
var rowLabel = (it, t, most) => it.words ? `${t} ${fitted(it.words[t], most - widthOf(`${t} `))}` : String(t);
function labelRoom({ ids, words }, width) {
  if (!words) return LEFT;
  const longest = Math.max(...Array.from(ids, (t) => widthOf(`${t} ${clip(words[t], 400)}`)));
  return Math.max(LEFT, Math.min(longest + 12, 0.3 * width, MOST_LABEL));
}
var tokensIn = (it, picture, width) => tokenBox(width, { count: it.tokens, words: it.words, grid: it.grid, picture });
function layout({ it, view, picture }, tokensWidth, mapWidth, mostHigh) {
  const tokens = tokensIn(it, picture, tokensWidth);
  const columns = it.experts * columnsOfExpert(it, view);
  const margins = { left: labelRoom(it, mapWidth), right: RIGHT, top: TOP };
  const map = mapBox(mapWidth, Math.min(mostHigh, MOST_HIGH), { rows: it.n, columns, experts: it.experts }, margins);
  return {
    tokens,
    map,
    sizes: { tokens: [tokensWidth, tokens.h], map: [mapWidth, TOP + map.h + SUMS], experts: [mapWidth, LOAD + ROW] }
  };
}

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
      const [centreX, centreY] = [left + (dx - TILE) / 2, top + (dy - TILE) / 2].map(Math.round);
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
var NONE = /* @__PURE__ */ new Set();
function sums(ctx, it, view, map, ink) {
  const { x, y, dx, dy } = map;
  const rows = it.rows[view];
  const columns = it.columns[view];
  const off = { rows: view === "combine" ? it.off.rows : NONE, columns: view === "dispatch" ? it.off.columns : NONE };
  const long = RIGHT - 20;
  const textOf = (r) => four(rows[r]) + (off.rows.has(r) ? " ≠1" : "");
  const paintColumn = (c, left, base, w, high) => bar(ctx, left, base, w, high, expertColour(Math.floor(c / it.p)), ink);
  const { right, floor, numbers } = paintSums(
    ctx,
    map,
    { rows, columns, long, high: SUMS - 22, textOf, paintColumn },
    ink
  );
  ctx.fillStyle = ink.text;
  if (!numbers) for (const r of off.rows) arrow(ctx, right + long + 3, y + (r + 0.5) * dy, 7, true);
  columns.forEach((value, c) => {
    const missed = off.columns.has(c);
    const middle = x + (c + 0.5) * dx;
    const sign = missed ? "≠1" : "";
    const text = dx >= 64 ? `${four(value)} ${sign}` : dx >= 16 ? sign : "";
    if (text) write(ctx, text, middle, floor + 7, ink.text);
    else if (missed) arrow(ctx, middle, floor + 2, Math.min(5, Math.max(dx, 2)), false);
  });
}
function selectedSums(ctx, { it, view, boxes: { map, sizes }, ink }, { token, expert, slot }) {
  const rows = it.rows[view];
  const columns = it.columns[view];
  if (!rows || !columns) return;
  const { x, y, h, dx, dy } = map;
  const most = sizes.map[0];
  const c = expert * it.p + slot;
  const row = it.row[token];
  if (token >= 0 && dy < 12) writeBoxed(ctx, four(rows[row]), most, y + (row + 0.5) * dy, ink, most);
  if (expert >= 0 && slot >= 0) writeBoxed(ctx, four(columns[c]), x + (c + 0.5) * dx, y + h + SUMS - 8, ink, most);
}

// js/shared/numbers.js
var percent = (x) => `${(100 * x).toFixed(1)} %`;

// js/routing_lens/words.js
var FATES = ["", "dropped", "padding"];
var some = (it, tokens) => {
  const named = tokens.slice(0, 8).map((t) => numbered(it, t)).join(", ");
  return tokens.length ? ` (${named}${tokens.length > 8 ? ", …" : ""})` : "";
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
  const named = order.slice(0, most).map((e) => `${e} (${four(dispatch[e])} / ${four(combine[e])})`);
  return `${order.length > 1 ? "experts" : "expert"} (dispatch / combine): ${named.join(", ")}${more}`;
}
function cellFact(it, at, from, to) {
  const logit = logitOf(it, at);
  const parts = logit === null ? [] : [`logit ${four(logit)}`];
  for (
    const view of
    /** @type {Weights[]} */
    ["dispatch", "combine"]
  ) {
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
    const own = grouped ? `, ${four(sum(each))} of it from this image` : "";
    const off = seen === "dispatch" && it.off.columns.has(from);
    facts.push(`slot's ${seen} sums to ${four(it.columns[seen][from])}${notOne(off)}${own}`);
  } else if (expert >= 0) {
    const whole = grouped ? ` of its group's ${count(it.groupLoad[expert])}` : "";
    const all = sum(it.groupLoad);
    const share = all ? `, ${percent(it.groupLoad[expert] / all)} of all` : "";
    const what = `dispatch sums to ${count(it.load[expert])}${whole} in ${plural(it.p, "slot")}${share}`;
    facts.push(token < 0 ? `its ${what}` : `expert's ${what}`);
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
  return `largest ${seen} at ${called(it, it.ids[finite[top]])}${equals(alike, real.length)}: ${four(values[top])}`;
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
  if (!it.reference || view !== "dispatch" && view !== "combine") return "";
  const { by, at } = difference(it, view);
  if (by <= 1e-6) return ` Every weight of ${view} equals the reference's.`;
  return ` Farthest from the reference's ${view}: ${four(by)} at ${whereabouts(it, view, at)}.`;
}
function rangeOf(list) {
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
  const range2 = four(low) === four(high) ? four(low) : `${four(low)} to ${four(high)}`;
  const known = odd === list.length ? "none" : range2;
  return odd ? `${known} and ${odd} not finite` : known;
}
function sumsOf(it, view) {
  if (view === "logits") return `Logits: ${rangeOf(it.weights.logits ?? [])}.`;
  if (view === "output") {
    const real2 = [...it.output ?? []].filter((_, t) => it.fate[t] === 0);
    const odd = [...it.fate.keys()].filter((t) => answersDropped(it, t));
    const not = odd.length ? ` Marked ≠0: dropped tokens whose answer is not 0${some(it, odd)}.` : "";
    return `Lengths of the answers: ${rangeOf(real2)}, 0 for a dropped token.${not}`;
  }
  const real = it.rows[view].filter((_, r) => it.fate[it.ids[r]] !== 2);
  const group = it.images_per_group > 1 ? ` over the ${it.images_per_group} images of the group` : "";
  return `Sums of ${view}: rows ${rangeOf(real)}, columns ${rangeOf(it.columns[view])}${group}.`;
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
function mapTitle(it, view) {
  if (view === "output") return `output: length of the answer to each of ${plural(it.n, "token")} (rows)`;
  const own = columnsOfExpert(it, view);
  const columns = plural(it.experts, "expert") + (own === it.p ? ` x ${plural(it.p, "slot")}` : "");
  return `${view}: ${plural(it.n, "token")} (rows) by ${columns} (columns)`;
}
var loadNote = (it) => "Load: dispatch weights summed for each expert" + (it.images_per_group > 1 ? ", solid from this image, pale from its whole group" : "") + (it.hard ? `; dashed line: the capacity of ${plural(it.p, "slot")}. ` : ". ") + "Below: the weight of the selected token in each expert.";

// js/routing_lens/panels.js
var OUTPUT = "#5ec962";
function paintTokens(ctx, { it, view, boxes, ink, picture }) {
  const lost = new Set(it.lost);
  paintWhole(ctx, boxes.tokens, picture);
  it.fate.forEach((fate, t) => {
    const [x, y, dx, dy] = cornerOf(boxes.tokens, t);
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
    else if (weights) paintWeights(ctx, boxes.map, weights, it.n, columns, most, least);
    if (view !== "output") paintExperts(ctx, boxes.map, it.experts, ink);
    it.ids.forEach((t, r) => {
      const top = y + r * dy;
      if (it.fate[t]) hatch(ctx, x, top, w, dy);
      if (it.fate[t] && dy >= 12) writeOver(ctx, FATES[it.fate[t]], x + 28, top + dy / 2);
    });
    paintRowNames(ctx, boxes.map, it.n, (r) => rowLabel(it, it.ids[r], x - 12), ink);
    markWrong(ctx, it.wrongs, columns, boxes.map);
    if (view === "dispatch" || view === "combine") sums(ctx, it, view, boxes.map, ink);
  },
  experts(ctx, { it, boxes, ink }) {
    const { x, w } = boxes.map;
    const most = largestFinite(it.groupLoad, it.hard ? it.p : 1e-9);
    const high = LOAD - 18;
    write(ctx, "load", x - 6, LOAD - high / 2, ink.text, "right");
    write(ctx, "token", x - 6, LOAD + ROW - 14, ink.text, "right");
    if (it.images_per_group > 1) bars(ctx, boxes.map, it.groupLoad, most, LOAD, high, ink, { pale: true });
    const line = it.hard ? LOAD - high * it.p / most : -Infinity;
    bars(ctx, boxes.map, it.load, most, LOAD, high, ink, { line });
    Object.assign(ctx, { strokeStyle: ink.text, lineWidth: 1 });
    for (const y of [LOAD + 0.5, LOAD + ROW - 0.5]) ctx.strokeRect(x, y, w, 0);
    if (!it.hard) return;
    dashedRule(ctx, x, line, w);
    write(ctx, it.p, x + w + 6, line, ink.text, "left");
  }
};
function markTokens(ctx, { it, view, boxes: { tokens }, ink }, at) {
  if (at.expert >= 0) {
    const each = weightOfEach(it, told(view), ...span(it, at));
    const seen = shares(ctx, tokens, it, each, it.ids, expertColour(at.expert));
    const most = it.words ? seen.length : 3;
    for (const r of seen.sort((a, b) => Math.abs(each[b]) - Math.abs(each[a])).slice(0, most)) {
      const [x, y, dx, dy] = cornerOf(tokens, it.ids[r]);
      const middle = x + dx / 2;
      if (it.words) write(ctx, short(each[r]), middle, y + 24, ink.text);
      else writeOver(ctx, short(each[r]), Math.min(Math.max(middle, 13), tokens.w - 13), y + dy / 2);
    }
  }
  if (at.token >= 0) ring(ctx, ...cornerOf(tokens, at.token));
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
    selectedSums(ctx, scene, at);
  },
  experts(ctx, { it, view, boxes: { map }, ink }, at) {
    if (at.token >= 0) {
      const each = weightByExpert(it, told(view), at.token);
      bars(ctx, map, each, largestFinite(each, 1e-9), LOAD + ROW - 1, ROW - 20, ink);
    }
    if (at.expert >= 0) ringExpert(ctx, map, at.expert, LOAD - 2);
  }
};
function shares(ctx, box, it, each, tokens, colour) {
  const most = largestFinite(Array.from(each, Math.abs), 0);
  const seen = [...each.keys()].filter((r) => each[r] !== 0 && Math.abs(each[r]) < Infinity);
  for (const r of seen) {
    const corner = cornerOf(box, tokens[r]);
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
      ...factsOf(scene.it, at, scene.view).map((fact) => {
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
  const below = at.token < 0 ? 0 : CARD_BARS;
  const scene = { it, view: told(view), ink, picture, boxes: { tokens } };
  const ctx = fit(canvas, width, tokens.h + below);
  paintTokens(ctx, scene);
  markTokens(ctx, scene, at);
  if (at.token < 0) return;
  const each = weightByExpert(it, told(view), at.token);
  bars(ctx, { x: 0, de: width / it.experts }, each, largestFinite(each, 1e-9), tokens.h + below - 1, below - 18, ink);
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
  ["router", "layer", "step", "image_index", "view", "pins"]
);
function render({ model, el }) {
  const observed = ["tokens", "map", "progress"];
  const mounted = mount({ model, el }, { name: "routing-lens", prefix: "routing-lens", page: PAGE, draw, observed });
  const { root, part: part2, canvas, ground, input, select, button, on, schedule, refresh } = mounted;
  const pictures = model.get("_pictures");
  const entries = model.get("_entries");
  const labels = model.get("_labels");
  const tests = model.get("_tests");
  const steps = [...new Set(entries.map((e) => e.step))];
  const radios = `routing-lens-${crypto.getRandomValues(new Uint32Array(1))}`;
  let scene = null;
  let hover = NOTHING;
  let full = false;
  const ramp = (
    /** @type {HTMLElement} */
    root.querySelector(".routing-lens-ramp i")
  );
  ramp.style.background = RAMP_CSS;
  const known = (at, { row, experts, p }) => within(at, { hasToken: (t) => row[t] >= 0, experts, slots: p });
  const pinned = (it) => {
    const at = known(pinnedIn(model), it);
    return there(at) ? at : null;
  };
  const compared = (it) => model.get("pins").map(([token, expert, slot]) => known({ token, expert, slot }, it)).filter(there);
  const selection = (it) => pinned(it) ?? known(hover, it);
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
    part2("replay").hidden = steps.length < 2;
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
    label.hidden = choices.length < 2 && choices[0] === "";
  }
  function showControls(entry, image, view) {
    Object.assign(input("image_index"), { max: model.get("_count") - 1, value: image });
    part2("image").textContent = labels.length ? `${image}: ${labels[image]}` : String(image);
    part2("image_index").setAttribute("aria-valuetext", part2("image").textContent ?? "");
    part2("kind").textContent = kind();
    for (const name of VIEWS) {
      Object.assign(input(name), { name: radios, checked: name === view });
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
  const kind = () => "data" in pictures ? "Image" : "Group";
  function seen(entry, image, view) {
    const beside = entries.find((e) => e.router === "reference" && e.layer === entry.layer && e.step === entry.step);
    const alike = beside && beside !== entry && !beside.note;
    const sizes = (
      /** @type {const} */
      ["tokens", "experts", "slots"]
    );
    const it = look(entry, image);
    const words = model.get("_words")[image];
    if (alike && sizes.every((name) => beside[name] === entry[name])) it.reference = look(beside, image);
    it.words = words?.length === it.tokens ? words : null;
    it.off = offSums(it);
    it.wrongs = wrongs(it, view);
    return it;
  }
  function pictureOf(image) {
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
    const narrow = root.toggleAttribute("data-narrow", root.clientWidth < NARROW);
    if (entry.note) {
      mounted.say(entry.note);
      part2("pin").textContent = "";
      for (const name of ["compare", "warning"]) part2(name).hidden = true;
    }
    const [tokensWidth, mapWidth] = ["tokens", "map"].map((name) => part2(name).clientWidth);
    if (entry.note || tokensWidth < 50 || mapWidth < 150) return false;
    const it = seen(entry, image, view);
    describe(it, image, view);
    const ink = mounted.ink();
    const picture = pictureOf(image);
    const mostHigh = narrow ? 0.45 * window.innerHeight : MOST_HIGH;
    scene = { it, view, ink, picture, boxes: layout({ it, view, picture }, tokensWidth, mapWidth, mostHigh) };
    for (const name of PANELS) grounds[name](fit(ground(name), ...scene.boxes.sizes[name]), scene);
    if (steps.length > 1) {
      const lines = progressOf(entries, entry, tests);
      const width = part2("progress").clientWidth;
      if (width > 150) paintProgress(fit(canvas("progress"), width, CHART), width, lines, entry.step, ink);
      part2("progress-note").textContent = progressNote(lines, entry.step);
    }
    showCards(mounted, scene, compared(it), compare);
    return true;
  }
  function describe(it, image, view) {
    const { least, most } = extremesOf(it, view);
    const scale = (
      /** @type {HTMLElement} */
      part2("least").parentElement
    );
    part2("tokens-title").textContent = plural(it.tokens, "token");
    part2("map-title").textContent = mapTitle(it, view);
    part2("least").textContent = view === "output" ? "" : count(least);
    scale.hidden = view === "output";
    part2("most").textContent = four(most);
    part2("caption").textContent = `${kind()} ${image}: ${caption(it, view)}`;
    part2("warning").textContent = warning(it, view);
    part2("warning").hidden = !part2("warning").textContent;
    part2("load-note").textContent = loadNote(it);
  }
  let painted = false;
  function draw(stale) {
    if (stale || !painted) painted = paint();
    if (scene) follow(scene);
  }
  function follow(now) {
    const at = selection(now.it);
    for (const name of PANELS) overlays[name](fit(canvas(name), ...now.boxes.sizes[name]), now, at);
    mounted.say(sentence(now.it, at, now.view));
    const more = full ? `${MOST_PINS} selections are compared already: remove one first.` : "";
    part2("pin").textContent = [pinned(now.it) ? "Pinned: press Escape to unpin." : "", more].filter(Boolean).join(" ");
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
    drawnAt: (place) => place < 0 || place >= it.tokens ? -1 : nearest(it, place)
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
    hover = at ?? NOTHING;
    full = false;
    schedule();
  }
  const selected = () => scene ? selection(scene.it) : NOTHING;
  pointAt(mounted, PANELS, {
    ready: () => scene,
    under: (panel2, x, y) => scene ? placeUnder(planOf(scene), panel2, x, y) : NOTHING,
    beyond: (panel2, key) => scene && placeBeyond(planOf(scene), panel2, key, selection(scene.it)),
    show,
    go: (at) => scene && pinned(scene.it) ? mounted.send(at) : show(at),
    take: pin,
    enter: () => pin(selected()),
    free() {
      mounted.send(scene && pinned(scene.it) ? NOTHING : { pins: [] });
      show(null);
    },
    shifted: { take: compare, enter: () => compare(selected()) }
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
var routing_lens_default = { render };
export {
  routing_lens_default as default
};
