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
      const fits = value >= least && value <= most && (!whole || Number.isInteger(value));
      if (fits) return send(also({ [name]: value }));
      const kind = whole ? "a whole number" : "a number";
      const label = slider.getAttribute("aria-label");
      if (view.refused?.name !== name) view.settle();
      view.note = `${label} must be ${kind} from ${brief(least)} to ${brief(most)}, got ${box.value || "nothing"}.`;
      view.refused = { name, restore: () => delete shown[name] };
      box.setAttribute("aria-invalid", "true");
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
      box.setAttribute("aria-invalid", "false");
      shown[name] = value;
    }
  };
}

// js/shared/markup.js
var KEYS = 'data-lm-suppress-shortcuts="true"';
var STATUS = `<p class="explorer-status"><span role="status" aria-live="polite"></span>
  <span data-part="pin"></span></p>`;
var canvases = (name, label) => `<canvas></canvas>
  <canvas data-part="${name}" tabindex="0" ${KEYS} role="application" aria-label="${label}"></canvas>`;
var knob = (name, label) => `<div class="explorer-knob"><span>${label}</span>
  <input type="range" min="0" step="1" data-part="${name}" aria-label="${label}" ${KEYS}>
  <input type="number" data-part="${name}-number" aria-label="${label}, typed" ${KEYS}></div>`;
function fillList(select, names, value) {
  if (!select.options.length) select.replaceChildren(...names.map((text) => new Option(text, text)));
  select.value = value;
}

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
  const low2 = Math.min(Math.floor(at), VIRIDIS.length - 2);
  const [r, g, b] = VIRIDIS[low2].map((c, k) => Math.round(c + (at - low2) * (VIRIDIS[low2 + 1][k] - c)));
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
    colours[i] = RAMP[Math.min(Math.round(255 * (largest[i] - least) / range), 255)];
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
function onward(from, by, count) {
  const next = from < 0 && Number.isFinite(by) ? 0 : from + by;
  return Math.min(Math.max(next, 0), count - 1);
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
  const [nearest] = line.filter((box) => box.y === y).sort((a, b) => a.far - b.far);
  return nearest ? nearest.t : token;
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
    return { ...NOTHING, token: plan.drawnAt(wordBeyond(tokens.words, at.token, down)) };
  if (panel2 === "tokens") return { ...NOTHING, token: token(across + down * tokens.columns + far) };
  if (panel2 === "experts") return { ...NOTHING, expert: onward(at.expert, across + far, plan.experts) };
  if (!own) return { ...NOTHING, token: token(across + down + far) };
  const column = at.expert < 0 ? -1 : at.expert * own + (slotted ? Math.max(at.slot, 0) : 0);
  const next = onward(column, across + far, map.columns);
  return { token: token(down), expert: Math.floor(next / own), slot: slotted ? next % own : -1 };
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
function firstOf(values, { b, n, e, p }, experts, slots) {
  if (experts === e && slots === p) return values;
  const out = new Float32Array(b * n * experts * slots);
  for (let row2 = 0, to = 0; row2 < b * n; row2++)
    for (let j = 0; j < experts; j++) for (let q = 0; q < slots; q++) out[to++] = values[(row2 * e + j) * p + q];
  return out;
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
var batchOf = (logits, sizes) => ({ ...sizes, logits, keep: keeper(6) });
function cutOf(batch, what, { num_experts, slots_per_expert, seed }) {
  const whole = () => what === "logits" ? batch.logits : batch.keep(`noise ${seed}`, () => normalNoise(seed, batch.logits.length));
  if (num_experts === batch.e && slots_per_expert === batch.p) return whole();
  const key = [what, num_experts, slots_per_expert, what === "noise" && seed].join();
  return batch.keep(key, () => firstOf(whole(), batch, num_experts, slots_per_expert));
}
function explore(batch, settings, image, members = null) {
  const alone = settings.group !== "whole batch";
  const { num_experts: e, slots_per_expert: p } = settings;
  const images = alone ? 1 : batch.b;
  const wide = batch.n * e * p;
  const gather = (values) => {
    if (alone) return values.subarray(image * wide, (image + 1) * wide);
    if (!members) return values;
    const out = new Float32Array(values.length);
    members.forEach((from, at) => out.set(values.subarray(from * wide, (from + 1) * wide), at * wide));
    return out;
  };
  try {
    const noise = settings.noise > 0 ? gather(cutOf(batch, "noise", settings)) : null;
    const routed = route(
      gather(cutOf(batch, "logits", settings)),
      { b: 1, n: batch.n * images, e, p },
      {
        router: settings.router,
        scale: settings.scale,
        noise,
        noiseStd: settings.noise,
        topK: settings.top_k,
        gating: settings.gating,
        capacityFactor: settings.capacity_factor,
        priority: settings.priority
      }
    );
    const given = cutOf(batch, "logits", settings);
    const drawn = noise && cutOf(batch, "noise", settings);
    const { dim, hidden_dim: hiddenDim } = batch;
    return {
      ...routed,
      settings,
      images,
      image,
      rows: batch.n,
      first: alone ? 0 : image * batch.n,
      s: e * routed.p,
      given,
      drawn,
      givenSlots: p,
      dim,
      hiddenDim,
      loads: loads(routed),
      macs: macsOf(routed, { dim, hiddenDim, images }),
      words: null
    };
  } catch (error) {
    if (error instanceof RangeError) return { error: error.message };
    throw error;
  }
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
  const short2 = ofExperts(it, step);
  const blank = ["uniform", "identity"].includes(it.router);
  if (blank && (step === "score" || short2 && step === "normalise")) return new Float32Array(it.n * columns);
  if (step === "score") return it.scores;
  if (!it.sparse) return step === "combine" ? it.combine : it.dispatch;
  if (short2 && step === "normalise" && it.gates) return it.gates;
  return short2 ? selected(it) : null;
}
function mapOf(it, step, served) {
  const { e, p, s, n, first, rows } = it;
  const short2 = ofExperts(it, step);
  const columns = short2 ? e : s;
  const below = new Float64Array(columns);
  const beside = new Float64Array(rows);
  const all = wholeOf(it, step, columns);
  const values = all ? all.subarray(first * columns, (first + rows) * columns) : new Float32Array(rows * columns);
  let least = step === "score" ? Infinity : 0;
  let most = step === "score" ? -Infinity : 0;
  if (all) {
    for (let i = 0, r = 0; r < n; r++) for (let c = 0; c < columns; c++, i++) below[c] += all[i];
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
      below[at] = value;
      if (t < first || t >= first + rows) return;
      values[(t - first) * s + at] = value;
      beside[t - first] += value;
      most = Math.max(most, value);
    });
  }
  return { values, columns, short: short2, least, most, beside, below, summed: step !== "score", n };
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

// js/arithmetic/largest.js
function largestAmong(values, from, count, by = 1) {
  let top = from;
  let alike = 0;
  for (let i = 1, at = from + by; i < count; i++, at += by)
    if (values[at] > values[top]) [top, alike] = [at, 0];
    else if (values[at] === values[top]) alike++;
  return { top, alike };
}
function equals(alike, count) {
  if (!alike) return "";
  if (alike + 1 === count) return ` (all ${count.toLocaleString("en-US")} are equal)`;
  return alike === 1 ? " (1 other is equal)" : ` (${alike.toLocaleString("en-US")} others are equal)`;
}
function largestFinite(values, least) {
  let most = least;
  for (let i = 0; i < values.length; i++) if (values[i] > most && values[i] < Infinity) most = values[i];
  return most;
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
function placeAt(it, step, { values, columns, short: short2 }, { token, expert, slot }, served) {
  const each = short2 ? 1 : it.p;
  const exact2 = expert >= 0 && slot >= 0 && !short2;
  const cellAt = (column) => ({ expert: Math.floor(column / each), slot: short2 ? -1 : column % each });
  if (token < 0) {
    if (!exact2) return { token: null, cells: [], alike: 0 };
    const column = expert * each + slot;
    const cells = [{ expert, slot }];
    if (it.sparse) {
      const held = it.token[column];
      const inTime = held >= 0 && slotsOf(it, held, step, served).some((cell2) => cell2.expert === expert);
      return { token: inTime ? held - it.first : null, cells, alike: 0 };
    }
    const { top: top2, alike: alike2 } = largestAmong(values, column, it.rows, columns);
    return { token: Math.floor(top2 / columns), cells, alike: alike2 };
  }
  if (exact2) return { token, cells: [{ expert, slot }], alike: 0 };
  const own = it.first + token;
  if (it.sparse && settled(it, step)) {
    const slots = short2 ? [] : slotsOf(it, own, step, served).filter((at) => expert < 0 || at.expert === expert);
    if (expert >= 0) return { token, cells: slots.length ? slots : [{ expert, slot: -1 }], alike: 0 };
    const all = Array.from({ length: it.e }, (_, other) => ({ expert: other, slot: -1 }));
    if (short2) return { token, cells: all.filter((cell2) => selects(it, own, cell2.expert)), alike: 0 };
    const turned = step === "dispatch" ? choicesOf(it, own, step, served).filter(({ place }) => place >= it.p) : [];
    return { token, cells: [...slots, ...turned.map((choice) => all[choice.expert])], alike: 0 };
  }
  if (expert < 0 && BLIND[it.router]?.includes(step)) return { token, cells: [], alike: 0 };
  const from = token * columns + Math.max(expert, 0) * each;
  const { top, alike } = largestAmong(values, from, expert < 0 ? columns : each);
  return { token, cells: [cellAt(top - token * columns)], alike };
}
function selects(it, own, expert) {
  if (it.chosen) return it.chosen.expert.subarray(own * it.topK, (own + 1) * it.topK).includes(expert);
  return it.token.subarray(expert * it.p, (expert + 1) * it.p).includes(own);
}

// js/router_explorer/sums.js
var four = (x) => x !== 0 && Math.abs(x) < 1e-4 ? x.toExponential(1) : x.toFixed(4);
var large = (x) => x < 1e6 ? exact(x) : x < 1e9 ? `${(x / 1e6).toFixed(2)} M` : `${(x / 1e9).toFixed(2)} G`;
var ORDINALS = ["first", "second", "third", "fourth"];
var ordinal = (choice) => ORDINALS[choice] ?? `${choice + 1}th`;
var homeOf = (it, token, ids) => {
  const t = token % it.rows;
  return [it.images === 1 ? it.image : Math.floor(token / it.rows), ids.length ? ids[t] : t];
};
function numberOf(it, token, ids) {
  const [image, number2] = homeOf(it, token, ids);
  return `${image === it.image ? "" : `image ${image}'s `}token ${number2}`;
}
function tokenName(it, token, ids) {
  const [image, number2] = homeOf(it, token, ids);
  const text = it.words?.[image];
  return `${numberOf(it, token, ids)}${text ? ` ${JSON.stringify(text[number2])}` : ""}`;
}
function scoreSum(it, { token, expert, slot }) {
  if (it.router === "uniform") return "no score is read: every token counts alike";
  if (it.router === "identity") return "no score is read: a token's position alone decides";
  const inner = it.sparse ? 0 : slot;
  const at = ((it.image * it.rows + token) * it.e + expert) * it.givenSlots + inner;
  const { scale, noise } = it.settings;
  const std = it.sparse ? noise / it.e : noise;
  const drawn = it.drawn ? ` + ${it.sparse ? `${exact(noise)} / ${it.e}` : exact(noise)} x ${four(it.drawn[at])}` : "";
  const score2 = Math.fround(Math.fround(scale * it.given[at]) + (it.drawn ? Math.fround(std * it.drawn[at]) : 0));
  const formula = `score = scale x logit${it.drawn ? " + noise" : ""}`;
  return `${formula} = ${exact(scale)} x ${four(it.given[at])}${drawn} = ${four(score2)}`;
}
function softmaxSum(name, scores, own, over2) {
  const most = scores.reduce((a, x) => Math.max(a, x));
  const part2 = Math.exp(own - most);
  const whole = scores.reduce((a, x) => a + Math.exp(x - most), 0);
  const formula = `${name} = exp(${four(own)} - ${four(most)}) / sum over ${over2}`;
  return `${formula} = ${four(part2)} / ${four(whole)} = ${four(part2 / whole)}`;
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
    const even = (name, count, what) => `${name} = 1 / ${many(count, what)} = ${four(1 / count)}`;
    const dispatch = reads.dispatch ? softmaxSum("dispatch", down, scores[at], many(n, "token")) : even("dispatch", n, "token");
    const combine = reads.combine ? softmaxSum("combine", along, scores[at], many(s, "slot")) : even("combine", s, "slot");
    return `${dispatch}; ${combine}`;
  }
  if (step === "select") return `all ${many(n, "token")} stay in ${here}, all ${many(s, "slot")} for this token`;
  if (step === "dispatch") {
    const { top, alike } = largestAmong(it.dispatch, column, n, s);
    const most = Math.floor(top / s);
    const all = `the most is ${tokenName(it, most, ids)} with ${percent(it.dispatch[top])}${equals(alike, n)}`;
    return `${here} = sum over ${many(n, "token")} of dispatch x token: this token is ${percent(value)} of it, ` + (alike + 1 === n ? "as is every token" : all);
  }
  if (step === "compute") return computeSum(it, expert, `${many(p, "slot")}, each a mix`);
  return `answer = sum over ${many(s, "slot")} of combine x answer of the slot: this slot is ${percent(value)} of it`;
}
var computeSum = (it, expert, what, slots = it.p) => {
  const group = it.images > 1 ? ` for the ${it.images} images of the group` : "";
  return `expert ${expert} computes ${what}: 2 x ${slots} x ${it.dim} x ${it.hiddenDim} = ${large(2 * slots * it.dim * it.hiddenDim)} MACs${group}`;
};
function roomSum({ e, p, n, router, dropless, settings: { top_k, capacity_factor: factor } }) {
  if (dropless || factor === null) return `no capacity: as many slots as the busiest expert needs = ${p}`;
  const choices = router === "experts choice" ? "" : `${top_k} x `;
  const round = choices ? "ceil" : "round";
  return `capacity = ${round}(${n} tokens x ${choices}${exact(factor)} / ${e} experts) = ${p}`;
}
function dealtSum({ e }, step, own) {
  if (step === "normalise") return "there is no score to normalise";
  if (step === "select") return `expert = ${own} mod ${e} = ${own % e}`;
  return `slot = floor(${own} / ${e}) = ${Math.floor(own / e)} of expert ${own % e}`;
}
function rankSum({ e, n, gates }, own, expert) {
  const column = Array.from({ length: n }, (_, t) => gates?.[t * e + expert] ?? NaN);
  const rank = column.filter((x, t) => x > column[own] || x === column[own] && t < own).length + 1;
  return `gate ${four(column[own])} is number ${rank} of ${n} in the column of expert ${expert}`;
}
function tokenSum(it, step, own, cells, served) {
  const listed = cells.slice(0, 4);
  const rest = cells.length - listed.length;
  const each = (tell) => listed.map(tell).join("; ") + (rest ? `; and ${many(rest, "expert")} more` : "");
  if (step === "score") return scoreSum(it, NOTHING);
  if (it.router === "identity" && STEPS.indexOf(step) < 4) return dealtSum(it, step, own);
  if (step === "combine") return combineSum(it, own);
  if (step === "compute")
    return cells.length ? each(({ expert }) => expertSum(it, expert)) : "no expert took this token: none computes it";
  if (step === "select" && it.chosen)
    return choiceSum(
      it,
      own,
      listed.map(({ expert }) => expert),
      rest
    );
  if (step === "select" && cells.length) return each(({ expert }) => `${rankSum(it, own, expert)}: taken`);
  if (step === "select")
    return `no expert takes this token: in each of ${many(it.e, "column")} ${many(it.p, "token")} ${it.p === 1 ? "has" : "have"} a larger gate, or an equal one and an earlier position`;
  if (!it.arrivals) {
    const slots = listed.map(({ expert, slot }) => `slot ${slot} of expert ${expert}`).join(", ");
    const held = slots ? `it is in ${slots}${rest ? ` and ${rest} more` : ""}` : "no expert took this token";
    return `${roomSum(it)}; ${held}`;
  }
  const asked = choicesOf(it, own, step, served);
  const waiting = it.topK - asked.length;
  const told = asked.slice(0, 4).map((choice) => arrivalSum(it, choice));
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
function sparseSum(it, step, { token, expert }, served) {
  const { e, p, first, router } = it;
  const own = first + token;
  const { slot, arrival } = placeOf(it, own, expert);
  if (step === "score") return scoreSum(it, { token, expert, slot: 0 });
  if (router === "identity" && STEPS.indexOf(step) < 4) return dealtSum(it, step, own);
  if (step === "normalise") {
    const scores = it.scores.subarray(own * e, (own + 1) * e);
    return softmaxSum("gate", scores, scores[expert], many(e, "expert"));
  }
  if (step === "compute") return expertSum(it, expert);
  if (step === "combine") return combineSum(it, own);
  if (router === "experts choice") {
    const held = slot < 0 ? `expert ${expert} did not take this token` : `it is in slot ${slot} of expert ${expert}`;
    if (step === "dispatch") return `${roomSum(it)}; ${held}`;
    return `${rankSum(it, own, expert)}, which takes ${p}: ${slot < 0 ? "not taken" : "taken"}`;
  }
  if (step === "select") return choiceSum(it, own, [expert]);
  if (!arrival) return `${roomSum(it)}; this token does not ask expert ${expert}`;
  const yet = served < 0 || (it.arrivals?.[0].indexOf(arrival) ?? -1) < served;
  return `${roomSum(it)}; ${yet ? arrivalSum(it, arrival) : `this token has not asked expert ${expert} yet`}`;
}
var HOW = { gshard: "divided by the sum of the chosen", top_k_then_softmax: "by softmax over the chosen" };
function choiceSum(it, own, experts, more = 0) {
  const { top_k, gating } = it.settings;
  const { chosen, gates: all } = it;
  if (!chosen || !all) throw new Error(`no token chooses in ${it.router}`);
  const gates = all.subarray(own * it.e, (own + 1) * it.e);
  const best = topInOrder(gates, 0, it.e, 1, Math.min(it.e, top_k + 1));
  const choices = Array.from(chosen.expert.subarray(own * top_k, (own + 1) * top_k));
  const how = HOW[gating];
  const told = experts.map((expert) => [choices.indexOf(expert), expert]).sort(([a], [b]) => a - b).map(([rank, expert]) => {
    if (rank < 0) return `expert ${expert} is not chosen`;
    const gate = how ? `, its gate ${how} is ${four(chosen.gate[own * top_k + rank])}` : "";
    return `expert ${expert} is the ${ordinal(rank)} choice${gate}`;
  });
  const listed = some(Array.from(best, (j) => `expert ${j} ${four(gates[j])}`));
  return `gates, best first: ${listed}; top_k = ${top_k}: ${told.join("; ")}${more ? `; and ${more} more` : ""}`;
}
function arrivalSum(it, { choice, expert, place }) {
  const asks = `expert ${expert} is its ${ordinal(choice)} choice`;
  if (place < it.p) return `${asks}, ${place} of ${many(it.p, "slot")} taken before: it gets slot ${place}`;
  const next = choice + 1 < it.topK ? "its next choice comes later" : "there is no further choice";
  return `${asks}, ${it.p === 1 ? "its one slot is" : `all ${it.p} slots are`} taken: it is TURNED AWAY; ${next}`;
}
function combineSum(it, own) {
  const parts = [];
  it.token.forEach((t, at) => t === own && parts.push({ expert: Math.floor(at / it.p), gate: it.gate[at] }));
  if (!parts.length) return "no expert took this token: its answer is exactly 0, and only the residual carries it on";
  const whole = parts.reduce((a, { gate }) => a + gate, 0);
  const listed = parts.map(({ expert, gate }) => `${four(gate)} x answer of expert ${expert}`);
  const shown = listed.length > 4 ? [...listed.slice(0, 4), "…"] : listed;
  return `answer = ${shown.join(" + ")}; its gates sum to ${four(whole)}`;
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
    const { top, alike } = largestAmong(weights, 0, it.rows);
    const most = tokenName(it, it.first + top, ids);
    const whose = it.rows > 1 && alike + 1 === it.rows ? `the same weight at each of its ${it.rows} tokens` : `the largest weight at ${most}${equals(alike, it.rows)}`;
    return `expert ${expert}: its ${many(p, "slot")} of ${s} ${p === 1 ? "mixes" : "mix"} ${of}, with weights that sum to ${four(load)}, ${share}; from this image ${whose}: ${four(weights[top])}${work}.`;
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
    const { last, upTo, total: all } = servingOf(it, served);
    const which = last && `Choice ${upTo} of ${all}: ${tokenName(it, last.token, ids)}`;
    if (step === "dispatch" && last && it.sparse) return `${which}; ${arrivalSum(it, last)}.`;
    return "Point at the map, the image or an expert to see the arithmetic of this step; click to pin.";
  }
  const { token, cells, alike } = placeAt(it, step, map, at, served);
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
    return `${name}: ${tokenSum(it, step, own, cells, served)}.`;
  if (!cell2) return `${name}: ${scoreSum(it, NOTHING)}.`;
  const column = map.short ? cell2.expert : cell2.expert * it.p + cell2.slot;
  const place = { token, ...cell2, column, value: map.values[token * map.columns + column] };
  const among = at.token < 0 ? it.rows : at.expert < 0 ? map.columns : it.p;
  const told = it.sparse ? sparseSum(it, step, place, served) : softSum(it, step, place, ids);
  return `${name}, ${named}${equals(alike, among)}: ${told}.`;
}
function figuresOf(it) {
  const own = it.loads.dropped.subarray(it.first, it.first + it.rows).reduce((a, x) => a + x, 0);
  const all = it.loads.droppedFraction;
  const rest = it.images > 1 ? [["Dropped in the whole batch", all, percent(all)]] : [];
  return [
    ["Dropped tokens of this image", own / it.rows, `${own} of ${it.rows} (${percent(own / it.rows)})`],
    ...rest,
    ["Load: busiest expert over the mean", it.loads.mostOverMean, it.loads.mostOverMean.toFixed(2)],
    ["MACs of the experts, per image", it.macs.experts, large(it.macs.experts)],
    ["MACs of the routing, per image", it.macs.routing, large(it.macs.routing)]
  ];
}

// js/router_explorer/compare.js
var cell = (text) => {
  const element = document.createElement("td");
  element.textContent = text;
  return element;
};
var heading = (text) => {
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
    const line = document.createElement("tr");
    const head = heading(name);
    line.append(head, cell(text));
    if (!before) return line;
    line.append(cell(was ? was[2] : "none"), cell(was ? changeOf(name, value, was[1]) : ""));
    return line;
  });
  if (before && before.error === void 0) {
    const line = document.createElement("tr");
    const head = heading("Tokens of this image routed differently");
    const { tokens, most } = changesBetween(it, before);
    line.append(head, cell(""), cell(""), cell(tokens ? `${tokens} of ${it.rows}, by up to ${four(most)}` : "none"));
    rows.push(line);
  }
  body.replaceChildren(...rows);
}
var besideRouter = (one, other) => SETTINGS.every((name) => name === "router" || one[name] === other[name]);
function movedBy(outputs, router, settings, image) {
  if (!("routers" in outputs)) return "";
  if (!besideRouter(outputs.of, settings))
    return "; model's output: not known for these settings yet, waiting for Python";
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
    const head = heading(router);
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
      const by = after.sparse ? `gates by up to ${four(most)}` : `up to ${percent(most)} of it comes from other tokens`;
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
  router: ["Router", ROUTERS],
  group: ["Tokens compete in", ["one image", "whole batch"]],
  priority: ["Served first", PRIORITIES],
  gating: ["Gating", GATINGS]
};
var counts = (least, most) => most - least < 32 ? evenly(least, most, 1) : doubling(least, most);
var KNOBS = {
  image_index: ["Image", counts],
  num_experts: ["Experts", counts],
  slots_per_expert: ["Slots per expert", counts],
  capacity_factor: ["Capacity factor", () => [0.25, 0.5, 0.75, 1, 1.25, 1.5, 2, 3, 4, null]],
  top_k: ["Choices (top_k)", counts],
  scale: ["Scale", () => [0, 0.1, 0.2, 0.5, 1, 2, 3, 5, 8, 12, 20, 50]],
  noise: ["Noise", () => [0, 0.1, 0.2, 0.5, 1, 2, 3, 5, 10]],
  seed: ["Noise seed", () => evenly(0, 20, 1)]
};
var list = (name) => `<label>${LISTS[name][0]} <select data-part="${name}" ${KEYS}></select></label>`;
var number = (name) => knob(name, KNOBS[name][0]);
var button = (name, label) => `<button type="button" data-part="${name}" ${KEYS}>${label}</button>`;
var panel = (name, label) => `<div class="explorer-panel" data-panel="${name}">${canvases(name, label)}</div>`;
var MOVES = "arrow keys move, Enter pins, Escape unpins";
var PAGE = `
<div class="explorer-controls">
  ${list("router")}${list("group")}${number("image_index")}${number("num_experts")}
  ${number("scale")}${number("noise")}${number("seed")}${number("slots_per_expert")}
  ${number("capacity_factor")}${number("top_k")}${list("priority")}${list("gating")}
</div>
<p data-part="sampled" hidden></p>
<fieldset class="router-explorer-steps"><legend>Step</legend>${STEPS.map(
  (step, i) => `<label><input type="radio"
  value="${step}" data-part="${step}" ${KEYS}><span>${i + 1} ${step}</span></label>`
).join("")}</fieldset>
<div class="router-explorer-card"><p data-part="words"></p><div data-part="equation"></div>
  <code data-part="code"></code></div>
<div class="router-explorer-serve explorer-actions" data-part="serving" role="group"
  aria-label="Serve the choices one by one">
  ${button("none", "Serve none")}${button("previous", "Previous")}${button("next", "Next choice")}
  ${button("away", "Next turned away")}${button("play", "Play")}${button("all", "Serve all")}
  <input type="range" min="0" step="1" data-part="served" aria-label="Choices served" ${KEYS}>
  <span data-part="count"></span></div>
<div class="explorer-panels" data-part="panels"><div data-part="here"></div>
  <div class="router-explorer-tokens" data-part="seen"><div class="explorer-title" data-part="tokens-title"></div>
    ${panel("tokens", `Tokens of the image: ${MOVES}`)}
    <p data-part="caption"></p></div>
  <div class="router-explorer-map" data-part="drawn"><div class="router-explorer-ramp">
    <span class="explorer-title" data-part="map-title"></span>
    <span class="router-explorer-scale"><span data-part="least"></span><i></i><span data-part="most"></span></span>
  </div>
    ${panel("map", `Tokens by experts or slots: ${MOVES}`)}${panel("experts", `Load of the experts: ${MOVES}`)}
    <p data-part="load-note"></p></div>
</div>
<div class="router-explorer-figures" data-part="numbers"><table><thead><tr><td></td>
  <th scope="col" data-part="now">now</th>
  <th scope="col" data-part="was">before</th><th scope="col" data-part="change">change</th></tr></thead>
  <tbody data-part="figures"></tbody></table>
  <div class="explorer-actions">${button("keep", "Pin as before")}${button("forget", "Forget the pin")}
  <p data-part="pinned"></p></div></div>
<details data-part="side"><summary ${KEYS}>Side by side: this image through every router</summary>
  <p>Dispatch, tokens down and slots across, with the settings above; dropped tokens are pale rows. Soft weights share
  one scale. A button selects its router.</p>
  <div class="router-explorer-gallery" data-part="gallery"></div></details>
<details data-part="batch"><summary ${KEYS}>Batch mates: does this image's answer depend on the others?</summary>
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

// js/router_explorer/panels.js
var LEFT = 46;
var RIGHT = 52;
var TOP = 20;
var SUMS = 34;
var LOAD = 98;
var short = (x) => Math.abs(x - Math.round(x)) < 1e-4 ? String(Math.round(x)) : x.toFixed(x >= 9.95 ? 0 : x >= 0.995 ? 1 : 2);
function layout({ it, map, grid, picture, ids }, tokensWidth, mapWidth, mostHigh) {
  const text = it.words?.[it.image] ?? null;
  const words = text && ids.length ? ids.map((t) => text[t]) : text;
  const tokens = tokenBox(tokensWidth, { count: it.rows, words, grid, picture });
  const shape = { rows: it.rows, columns: map.columns, experts: it.e };
  const box = mapBox(mapWidth, mostHigh, shape, { left: LEFT, right: RIGHT, top: TOP });
  return {
    tokens,
    map: box,
    sizes: { tokens: [tokensWidth, tokens.h], map: [mapWidth, TOP + box.h + SUMS], experts: [mapWidth, LOAD + 6] }
  };
}
function patchOf({ boxes: { tokens }, ids }, token) {
  const sampled = !tokens.words && ids.length && tokens.columns * tokens.rows > ids.length;
  return cornerOf(tokens, sampled ? ids[token] : token);
}
function labelOf({ it, ids }, token, most) {
  const number2 = ids.length ? ids[token] : token;
  return it.words ? fitted(it.words[it.image][number2], most) : number2;
}
function tookOf(it, step, serving) {
  const out = Array.from({ length: it.rows }, () => (
    /** @type {number[]} */
    []
  ));
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
    const took = it.sparse && STEPS.indexOf(step) >= 3 ? tookOf(it, step, serving) : null;
    for (let t = 0; t < it.rows; t++) {
      const [x, y, dx, dy] = patchOf(scene, t);
      const across = x + dx / 2;
      const middle = y + dy / 2;
      outline(ctx, [x, y, dx, dy], picture, ink);
      const label = labelOf(scene, t, dx - 6);
      const top = middle - 5;
      if (it.words && !fates[t]) write(ctx, label, across, top, ink.text);
      else if (!picture && !it.words && dx >= 18) write(ctx, label, across, middle, ink.text);
      (took?.[t] ?? []).slice(0, 3).forEach((expert, i) => {
        const side = Math.min(13, dx / 3);
        const down = it.words ? dy - 22 : 1;
        ctx.fillStyle = expertColour(expert);
        ctx.fillRect(x + 1 + i * side, y + down, side, side);
        if (dx >= 30) writeOver(ctx, expert, x + 1 + (i + 0.5) * side, y + down + side / 2);
      });
      if (fates[t]) hatch(ctx, x, y, dx, dy);
      if (fates[t] && it.words) writeOver(ctx, label, across, top);
      else if (fates[t] && dx > 46) writeOver(ctx, "dropped", across, middle);
    }
  },
  map(ctx, scene) {
    const { it, map, boxes, ink, fates, step } = scene;
    const { x, y, w, dx, dy } = boxes.map;
    paintWeights(ctx, boxes.map, map.values, it.rows, map.columns, map.most, map.least);
    paintExperts(ctx, boxes.map, it.e, ink);
    paintRowNames(ctx, boxes.map, it.rows, (t) => labelOf(scene, t, LEFT - 8), ink);
    for (let t = 0, run = 0; STEPS.indexOf(step) >= 3 && t <= it.rows; t++) {
      if (fates[t]) run++;
      else if (run) {
        hatch(ctx, x, y + (t - run) * dy, w, run * dy);
        run = 0;
      }
    }
    if (!map.summed) return;
    const each = map.columns / it.e;
    const sums = {
      rows: map.beside,
      columns: map.below,
      long: RIGHT - 10,
      high: SUMS - 10,
      // Columns that share a pixel are drawn as the tallest of them.
      together: Math.max(1, Math.floor(1 / dx)),
      textOf: (t) => map.beside[t].toFixed(4),
      /** @type {(c: number, left: number, floor: number, wide: number, high: number) => void} */
      paintColumn(c, left, floor, wide, high) {
        ctx.fillStyle = expertColour(Math.floor(c / each));
        ctx.fillRect(left, floor - high, wide, high);
      }
    };
    paintSums(ctx, boxes.map, sums, ink);
  },
  /** The load of each expert; what it turned away stands hatched above the line of its capacity. */
  experts(ctx, { it, boxes, ink, serving }) {
    const { x, w, de } = boxes.map;
    const gap = de > 8 ? 2 : 0;
    const floor = LOAD;
    const high = LOAD - 44;
    const whole = servingOf(it, -1);
    const most = Math.max(it.p, ...Array.from(whole.turned, (away, e) => away + whole.taken[e]));
    const line = floor - high * it.p / most;
    write(ctx, "load", x - 6, floor - high / 2, ink.text, "right");
    for (let e = 0; e < it.e; e++) {
      const taken = serving.taken[e];
      const away = serving.turned[e];
      const left = x + e * de + gap;
      const wide = Math.max(de - 2 * gap, 0.5);
      const top = floor - high * taken / most;
      ctx.fillStyle = expertColour(e);
      ctx.fillRect(left, top, wide, floor - top);
      Object.assign(ctx, { strokeStyle: ink.bar, lineWidth: 1 });
      if (wide > 6) ctx.strokeRect(left + 0.5, top + 0.5, wide - 1, floor - top - 1);
      if (away) hatch(ctx, left, top - high * away / most, wide, high * away / most);
      const number2 = away ? `${short(taken)} +${away}` : short(taken);
      const above = top - high * away / most - 7;
      const crossed = it.sparse && Math.abs(above - line) < 7;
      if (de >= (away ? 40 : 26)) write(ctx, number2, x + (e + 0.5) * de, crossed ? line - 8 : above, ink.text);
    }
    Object.assign(ctx, { strokeStyle: ink.text, lineWidth: 1 });
    ctx.strokeRect(x, floor + 0.5, w, 0);
    if (!it.sparse) return;
    dashedRule(ctx, x, line, w);
    write(ctx, it.p, x + w + 6, line, ink.text, "left");
  }
};
var overlays = {
  /** What the selected expert or slot sees: a square on each token, its area in proportion to the weight. */
  tokens(ctx, scene, at) {
    const { it, map } = scene;
    const { token, expert } = at;
    if (expert >= 0) {
      const each = weightsUnder(it, map, at);
      const least = Math.min(0, ...each);
      const most = Math.max(...each) - least;
      const look = { colour: expertColour(expert), alpha: 0.75, worded: Boolean(it.words) };
      each.forEach((value, t) => {
        if (value > 0) paintShare(ctx, patchOf(scene, t), (value - least) / (most || 1), look);
      });
    }
    if (token >= 0) ring(ctx, ...patchOf(scene, token));
  },
  /** The selected row and column, and those cells of them that the status line explains. */
  map(ctx, { it, map, boxes: { map: box } }, { token, expert, slot }, explained) {
    const own = map.short ? 1 : it.p;
    const spanOf = ({ expert: e, slot: p }) => map.short || p < 0 || p >= it.p ? { from: e * own, count: own } : { from: e * own + p, count: 1 };
    const { token: row2, cells } = explained;
    const here = row2 !== null && row2 >= 0 && row2 < it.rows;
    ringPlaces(ctx, box, {
      row: token,
      columns: expert >= 0 ? spanOf({ expert, slot }) : null,
      cells: here ? cells.map((cell2) => ({ row: row2, columns: spanOf(cell2) })) : []
    });
  },
  experts(ctx, { boxes: { map } }, { expert }) {
    if (expert >= 0) ringExpert(ctx, map, expert, LOAD);
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
  const { last } = scene.serving;
  if (!last) return;
  const own = last.token - it.first;
  const mine = own >= 0 && own < it.rows;
  const away = last.place >= it.p;
  if (panel2 === "tokens" && mine) ring(ctx, ...patchOf(scene, own));
  const left = map.x + last.expert * map.de;
  const top = map.y + own * map.dy;
  if (panel2 === "map" && mine) ring(ctx, left + (away ? 0 : last.place * map.dx), top, away ? map.de : map.dx, map.dy);
  if (panel2 !== "experts") return;
  ringExpert(ctx, map, last.expert, LOAD);
  if (!away) return;
  const words = `${numberOf(it, last.token, ids)} turned away`;
  const half = ctx.measureText(words).width / 2 + 2;
  const middle = Math.min(Math.max(map.x + (last.expert + 0.5) * map.de, map.x + half), map.x + map.w - half);
  writeOver(ctx, words, middle, 8);
}

// js/router_explorer/serving.js
var JUMPS = {
  none: () => 0,
  all: ({ total: total2 }) => total2,
  previous: ({ upTo }) => Math.max(upTo - 1, 0),
  next: ({ upTo, total: total2 }) => Math.min(upTo + 1, total2),
  away: ({ away, upTo }) => away || upTo
};
function bindServing(view, status, progress) {
  const { part: part2, input, on } = view;
  let timer = 0;
  const serve = (served) => view.send({ served });
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

// js/router_explorer/words.js
var mi = (x) => `<mi>${x}</mi>`;
var mn = (x) => `<mn>${x}</mn>`;
var mo = (x) => `<mo>${x}</mo>`;
var mt = (x) => `<mtext>${x}</mtext>`;
var low = (x, ...below) => `<msub>${x}<mrow>${below.join(mo(","))}</mrow></msub>`;
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
var GAP = '<mspace width="0.3em"></mspace>';
var MOST_ASKED = is(mi("slots"), `<munder>${mo("max")}${mi("e")}</munder>${GAP}`, low(mi("asked"), E));
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
    soft: "The same scores are read twice. Down each column, over tokens: dispatch, drawn here. Along each row, over all slots: combine, drawn in step 6.",
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

// js/router_explorer/router_explorer.js
function render({ model, el }) {
  const page = PAGE + STATUS;
  const view = mount({ model, el }, { name: "explorer router-explorer", prefix: "explorer", page, draw });
  const { part: part2, canvas, ground, input, select, button: button2, root, send, on } = view;
  const sizes = model.get("_sizes");
  const ids = model.get("_ids");
  const grid = model.get("_grid");
  const labels = model.get("_labels");
  const pictures = model.get("_pictures");
  const limits = model.get("_limits");
  const batch = batchOf(floats(model.get("_logits")), sizes);
  const follow = bindKnobs(view, stopsOf(KNOBS, limits), fitChoices);
  const radios = `router-explorer-${crypto.getRandomValues(new Uint32Array(1))}`;
  const keepNow = keeper(2);
  const keepPinned = keeper(1);
  let scene = null;
  let painted = "";
  let hover = NOTHING;
  let slow = 0;
  let mates = null;
  let compared = "";
  const status = (
    /** @type {HTMLElement} */
    root.querySelector("[role=status]")
  );
  part2("here").replaceWith(
    /** @type {HTMLElement} */
    status.parentElement
  );
  const ramp = (
    /** @type {HTMLElement} */
    root.querySelector(".router-explorer-ramp i")
  );
  ramp.style.background = RAMP_CSS;
  for (const step of STEPS) input(step).name = radios;
  if (ids.length) {
    part2("sampled").hidden = false;
    part2("sampled").textContent = `${exact(sizes.tokens)} tokens of an image are more than can be drawn: ${exact(sizes.n)} of each, evenly spaced, are routed and drawn; capacities, loads and MACs are of these.`;
  }
  const serving = bindServing(view, status, () => scene && servingOf(scene.it, model.get("served")));
  const settingsNow = () => (
    /** @type {Settings} */
    Object.fromEntries(SETTINGS.map((name) => [name, model.get(name)]))
  );
  const routed = (keep, settings, image) => keep(JSON.stringify([settings, image]), () => explore(batch, settings, image));
  const known = (at, { rows, e, p }) => within(at, { hasToken: (t) => t < rows, experts: e, slots: p });
  const pinned = (it) => {
    const at = known(pinnedIn(model), it);
    return there(at) ? at : null;
  };
  const selection = (it) => pinned(it) ?? known(hover, it);
  function fitChoices(values) {
    const { top_k = model.get("top_k"), num_experts = model.get("num_experts") } = values;
    if (top_k <= num_experts) return values;
    return "top_k" in values ? { top_k, num_experts: top_k } : { num_experts, top_k: num_experts };
  }
  function showControls(settings) {
    const listens = listensTo(settings.router);
    follow();
    for (
      const name of
      /** @type {List[]} */
      Object.keys(LISTS)
    ) {
      fillList(select(name), LISTS[name][1], settings[name]);
      select(name).disabled = listens[name] === false;
    }
    for (const [name, [least, most]] of Object.entries(limits)) {
      if (!KNOBS[name]) continue;
      for (const box of [input(name), input(`${name}-number`)])
        box.disabled = listens[name] === false || least === most;
    }
    for (const step of STEPS) input(step).checked = step === model.get("step");
    const [words, equation, code] = cardOf(settings, model.get("step"));
    part2("words").textContent = words;
    if (part2("equation").dataset.of !== equation) {
      part2("equation").innerHTML = `<math display="block">${equation}</math>`;
      part2("equation").dataset.of = equation;
    }
    part2("code").textContent = code;
  }
  function draw() {
    const settings = settingsNow();
    const image = model.get("image_index");
    const step = model.get("step");
    const kept = model.get("pinned");
    const it = routed(keepNow, settings, image);
    const served = step === "dispatch" ? model.get("served") : -1;
    showControls(settings);
    for (const name of ["seen", "drawn", "numbers", "side", "batch"]) part2(name).hidden = it.error !== void 0;
    if (it.error !== void 0) {
      scene = null;
      painted = part2("pin").textContent = "";
      part2("serving").hidden = true;
      return view.say(`These settings cannot be routed: ${it.error}.`);
    }
    const texts = model.get("_words");
    it.words = texts.length ? texts : null;
    serving.show(step === "dispatch" && it.arrivals ? servingOf(it, served) : null);
    const [tokensWidth, mapWidth] = ["tokens", "map"].map((name) => part2(name).clientWidth);
    if (tokensWidth < 50 || mapWidth < 150) return;
    const ink = view.ink();
    const ratio = window.devicePixelRatio;
    const key = JSON.stringify([settings, image, step, served, kept, tokensWidth, mapWidth, ink, ratio]);
    const now = key === painted && scene ? scene : paint(lookAt(it, step, served), kept, tokensWidth, mapWidth);
    scene = now;
    painted = key;
    mark(now);
    view.say(lineOf(it, step, now.map, selection(it), { served, ids, grid }));
    part2("pin").textContent = pinned(it) ? "Pinned: press Escape to unpin." : "";
  }
  function mark(now) {
    const { it, step, map, served } = now;
    const at = selection(it);
    const explained = there(at) ? placeAt(it, step, map, at, served) : null;
    for (const name of PANELS) {
      const ctx = fit(canvas(name), ...now.boxes.sizes[name]);
      if (explained) overlays[name](ctx, now, at, explained);
      else markLast(ctx, name, now);
    }
  }
  const lookAt = (it, step, served) => ({
    it,
    step,
    served,
    ink: view.ink(),
    grid,
    ids,
    picture: pictureOf(it.image),
    map: mapOf(it, step, served),
    serving: servingOf(it, served),
    fates: fatesOf(it, step, served)
  });
  function pictureOf(image) {
    if (!("data" in pictures)) return null;
    const size = pictures.width * pictures.height * pictures.channels;
    return { ...pictures, bytes: octets(pictures.data).subarray(image * size, (image + 1) * size) };
  }
  function paint(looked, kept, tokensWidth, mapWidth) {
    const { it, step, map, fates } = looked;
    const mostHigh = root.clientWidth > 700 ? 392 : Math.min(0.45 * window.innerHeight, 392);
    const now = { ...looked, boxes: layout(looked, tokensWidth, mapWidth, mostHigh) };
    for (const name of PANELS) grounds[name](fit(ground(name), ...now.boxes.sizes[name]), now);
    describe(it, step, map, fates);
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
  function describe(it, step, map, fates) {
    const lost = fates.reduce((a, x) => a + x, 0);
    const early = STEPS.indexOf(step) < 3;
    const across = map.short ? many(it.e, "expert") : `${many(it.e, "expert")} x ${many(it.p, "slot")}`;
    const [gates, chosen] = it.sparse ? ["gates", "selected gates"] : ["dispatch", "dispatch"];
    const shown = step === "normalise" ? gates : step === "select" ? chosen : step === "compute" ? "dispatch" : step;
    const label = labels.length ? `: ${labels[it.image]}` : "";
    part2("tokens-title").textContent = `${"data" in pictures ? "Image" : "Tokens of image"} ${it.image}${label}`;
    part2("map-title").textContent = `${shown}: ${many(it.rows, "token")} (rows) by ${across} (columns)`;
    part2("least").textContent = four(map.least);
    part2("most").textContent = four(map.most);
    const later = `No token has been dropped yet: that happens in step ${it.router === "experts choice" ? 3 : 4}.`;
    const faint = `${lost} of ${many(it.rows, "token")} weigh 0 in every slot, rounded to float32 (hatched).`;
    const gone = `${lost} of ${many(it.rows, "token")} dropped${lost ? " (hatched)" : ""}.`;
    const corners = it.sparse && !early ? " Corners: the experts that took the patch." : "";
    part2("caption").textContent = (!fatesKnown(it, step) ? later : !it.sparse && lost ? faint : gone) + corners;
    const { upTo, total: total2 } = servingOf(it, step === "dispatch" ? model.get("served") : -1);
    part2("now").textContent = upTo < total2 ? "when all are served" : "now";
    part2("load-note").textContent = `Load${early ? " after dispatch" : ""}: dispatch weights summed for each expert` + (it.images > 1 ? ` over the ${it.images} images of the batch` : "") + (it.sparse ? `; dashed line: ${it.dropless ? "what the busiest one asks for," : "its capacity of"} ` : "") + (it.sparse ? many(it.p, "slot") : "") + (it.arrivals ? "; hatched: choices that it turned away." : ".");
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
      askOutputs(settings, outputs);
    }
    if (beside) showMates(settings, image);
  }
  function askOutputs(settings, outputs) {
    const wanted = "of" in outputs && !besideRouter(outputs.of, settings);
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
  function pin(at) {
    const now = scene && pinned(scene.it);
    send(now && same(at, now) ? NOTHING : at);
  }
  function show(at) {
    hover = at ?? NOTHING;
    view.settle();
    view.schedule();
  }
  pointAt(view, PANELS, {
    ready: () => scene,
    under: (panel2, x, y) => scene ? placeUnder(planOf(scene), panel2, x, y) : NOTHING,
    beyond: (panel2, key) => scene && placeBeyond(planOf(scene), panel2, key, selection(scene.it)),
    show,
    go: (at) => scene && pinned(scene.it) ? send(at) : show(at),
    take: pin,
    enter: () => pin(scene ? selection(scene.it) : NOTHING),
    free() {
      show(null);
      send(NOTHING);
    }
  });
  for (const name of Object.keys(LISTS)) on(part2(name), "change", () => send({ [name]: select(name).value }));
  for (const step of STEPS) on(part2(step), "change", () => send({ step }));
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
  for (const name of [...SETTINGS, "image_index", "step", "served", "pinned", ...SELECTION])
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
