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
  const below = [];
  sharesOf(num_experts, skew).reduce((sum, share) => (below.push(sum + share), sum + share), 0);
  const draw = () => {
    const x = random() * below[below.length - 1];
    let low = 0;
    let high = num_experts - 1;
    while (low < high) {
      const middle = low + high >> 1;
      if (below[middle] > x) high = middle;
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
    return over.map((below) => 1 - below / places.length);
  };
  return { choices: share(place), tokens: share(best) };
}
var meanOf = (values) => values.reduce((a, b) => a + b, 0) / values.length;
var spread = (values) => ({ low: Math.min(...values), mean: meanOf(values), high: Math.max(...values) });

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

// js/shared/numbers.js
var exact = (x) => x.toLocaleString("en-US", { maximumFractionDigits: 3 });
var brief = (x) => x && Math.abs(x) < 1e-3 ? String(x.toExponential()) : exact(x);
var percent = (x) => `${(100 * x).toFixed(1)} %`;
var some = (list) => list.slice(0, 12).join(", ") + (list.length > 12 ? ` and ${exact(list.length - 12)} more` : "");
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
    part,
    schedule,
    refresh,
    catchUp,
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
var everyNth = (step, size) => [1, 2, 4, 5, 8, 10, 16, 20, 32, 50, 64, 100].find((k) => k * step >= size) ?? 200;
function rule(ctx, x, y, toX, toY) {
  ctx.beginPath();
  ctx.moveTo(x, y);
  ctx.lineTo(toX, toY);
  ctx.stroke();
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
  const columns = Math.min(n, Math.max(8, Math.ceil(Math.sqrt(3 * n))));
  const side = Math.min(widths.strip / columns, 30);
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
var NONE = { token: -1, factor: null };
var panel = (name, label) => `<div class="explorer-panel" data-panel="${name}">${canvases(name, label)}</div>`;
var PAGE = `
<div class="explorer-controls">${Object.entries(KNOBS).map(([name, [label]]) => knob(name, label)).join("")}</div>
<div class="explorer-panels">
  <div class="capacity-explorer-curve"><div class="explorer-title" data-part="curve-title"></div>
    ${panel("curve", "Drop rate by capacity factor: left and right arrow keys change the factor")}
    <p data-part="legend"></p></div>
  <div class="capacity-explorer-sample"><div class="explorer-title" data-part="sample-title"></div>
    ${panel(
  "buffer",
  "Queues of the experts: up and down arrow keys move along a queue, left and right ones from token to token, Enter pins, Escape unpins"
)}
    <p data-part="caption"></p>
    ${panel("strip", "Tokens: arrow keys move, Enter pins, Escape unpins")}
    <p>Hatched: without a slot. A queue starts at slot 0; what is above the dashed line is turned away.</p></div>
</div>`;
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
  const page = PAGE + STATUS;
  const view = mount({ model, el }, { name: "explorer capacity-explorer", prefix: "explorer", page, draw });
  const { part, canvas, ground, send } = view;
  const follow = bindKnobs(view, stopsOf(KNOBS, model.get("_limits")), fitted);
  let scene = null;
  let lane = -1;
  let hover = NONE;
  let drawnFor = "";
  let samples = [];
  let samplesOf = "";
  function fitted(values) {
    const all = { ...stateNow(), token: model.get("token"), ...values };
    const more = { ...values };
    if (all.top_k > all.num_experts) more.top_k = all.num_experts;
    if (all.sample >= all.samples && "sample" in values) more.samples = all.sample + 1;
    else if (all.sample >= all.samples) more.sample = all.samples - 1;
    if (all.token >= all.tokens) more.token = -1;
    return more;
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
    const { top: busiest, alike } = largestAmong(sample.queue, 0, state.num_experts);
    const free = sample.queue.reduce((sum, count) => sum + Math.max(0, capacity - count), 0);
    part("caption").textContent = `${exact(lost.length)} of ${many(state.tokens, "token")} dropped (${percent(lost.length / state.tokens)})${lost.length ? `: ${some(lost)}` : ""}. ${many(free, "slot")} of ${exact(capacity * state.num_experts)} empty. Most chosen: expert ${busiest}${equals(alike, state.num_experts)}, ${many(sample.queue[busiest], "time")}.`;
    part("legend").textContent = "Line: exact expectation of the uniform router" + (state.top_k > 1 ? ", of choices without a slot" : "") + (exactlyThis ? "; dashed: of this skewed router" : "") + `. Dots: dropped tokens, mean of ${many(state.samples, "sample")} of this router, from the smallest to the largest` + (state.top_k > 1 ? "; diamonds: choices without a slot, mean." : ".");
  }
  function draw() {
    const state = stateNow();
    const [curve, buffer, strip] = PANELS.map((name) => part(name).clientWidth);
    const key = JSON.stringify([state, curve, buffer, strip, view.ink(), window.devicePixelRatio]);
    follow();
    if (key !== drawnFor) scene = paint(state, { curve, buffer, strip });
    if (!scene) return;
    drawnFor = key;
    const pinned = model.get("token") < state.tokens ? model.get("token") : -1;
    const token = pinned >= 0 ? pinned : hover.token;
    const factor = hover.factor ?? state.capacity_factor;
    for (const name of PANELS)
      capacityOverlays[name](fit(canvas(name), ...scene.boxes.sizes[name]), scene, { token, factor });
    part("pin").textContent = pinned >= 0 ? "Pinned: press Escape to unpin." : "";
    view.say(token >= 0 && hover.factor === null ? tokenSentence(scene, token) : factorSentence(scene, factor));
  }
  function under({ boxes, state, sample }, name, x, y) {
    if (name === "curve") {
      const at2 = 4 * (x - boxes.curve.x) / boxes.curve.w;
      return { ...NONE, factor: FACTORS[Math.min(Math.max(Math.round(at2 / 0.05) - 1, 0), FACTORS.length - 1)] };
    }
    if (name === "strip") {
      const { columns, side } = boxes.strip;
      const column = Math.floor(x / side);
      const token = Math.floor(y / side) * columns + column;
      return { ...NONE, token: column < columns && token < state.tokens ? token : -1 };
    }
    const { x: left, dx, dy, floor } = boxes.buffer;
    const at = Math.floor((floor - y) / dy);
    lane = Math.floor((x - left) / dx);
    return { ...NONE, token: placesOf(sample, state)[lane]?.[at] ?? -1 };
  }
  function show(at) {
    hover = at ?? NONE;
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
      return { ...NONE, factor: FACTORS[Math.min(Math.max(at, 0), FACTORS.length - 1)] };
    }
    const from = model.get("token") >= 0 ? model.get("token") : hover.token;
    if (name === "buffer" && down && from >= 0) return { ...NONE, token: inQueue(now, from, -down) };
    const by = across + far + down * (name === "strip" ? boxes.strip.columns : 0);
    return { ...NONE, token: onward(from, by, state.tokens) };
  }
  pointAt(view, PANELS, {
    ready: () => scene,
    under: (name, x, y) => scene ? under(scene, name, x, y) : NONE,
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
    free() {
      show(null);
      send({ token: -1 });
    }
  });
  for (const name of [...Object.keys(KNOBS), "token"]) model.on(`change:${name}`, view.schedule);
  return view.end;
}
var capacity_explorer_default = { render };
export {
  KNOBS,
  capacity_explorer_default as default
};
