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
  for (const panel of panels) resized.observe(panel);
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
function onward(from, by, count) {
  const next = from < 0 && Number.isFinite(by) ? 0 : from + by;
  return Math.min(Math.max(next, 0), count - 1);
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
function stretch(ctx, box, pixels) {
  const small2 = new OffscreenCanvas(pixels.width, pixels.height);
  contextOf(small2).putImageData(pixels, 0, 0);
  ctx.imageSmoothingEnabled = false;
  ctx.drawImage(small2, box.x, box.y, box.w, box.h);
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
var everyNth = (step, size) => [1, 2, 4, 5, 8, 10, 16, 20, 32, 50, 64, 100].find((k) => k * step >= size) ?? 200;

// js/causality_explorer/causality_explorer.js
var NOTHING = { token: -1, output: -1 };
var ROOM = { left: 42, right: 18, top: 34, bottom: 6 };
var SHARES = [0, 0.01, 0.1, 0.25, 0.5, 1];
var toneOf = (depth) => Math.round(85 + 170 * depth);
var PAGE = `
<div class="explorer-controls">${knob("tolerance", "Tolerance")}</div>
<div class="explorer-panels" data-part="maps"></div>
<div class="causality-explorer-ramp"><span>Change of the output, as a share of the layer's largest change</span>
  <div><i data-part="ramp"></i>${SHARES.map(
  (share) => `<b style="left: ${100 * depthOf(share)}%">${100 * share} %</b>`
).join("")}</div></div>
<p>Rows: outputs. Columns: the token that changes. Coloured: the output moves, by more than the tolerance; the colour
  follows the square root of the change. Above the stairs: outputs before the changed token; marks beside a
  matrix: outputs that move with the marked token, ◀ earlier ones, ◁ others.</p>`;
var small = (x) => x === 0 ? "0" : x < 1e-3 ? x.toExponential(2) : x.toPrecision(3);
function layerWords({ name, changes, moves, most }, n, { token, output }) {
  if (token < 0 && output < 0) return "";
  if (token >= 0 && output >= 0) {
    const change = changes[output * n + token];
    const what = moves[output * n + token] ? "moves by" : "stays:";
    return `${name}: ${what} ${small(change)} (${most ? percent(change / most) : "0.0 %"} of the largest)`;
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
  Object.assign(ctx, { lineWidth: cell < 10 ? 1 : 2, strokeStyle: ink.text });
  ctx.beginPath();
  ctx.moveTo(box.x, box.y);
  if (cell < 4) ctx.lineTo(box.x + cell, box.y), ctx.lineTo(box.x + box.side, box.y + box.side - cell);
  for (let i = 0; i < n && cell >= 4; i++) {
    ctx.lineTo(box.x + (i + 1) * cell, box.y + i * cell);
    ctx.lineTo(box.x + (i + 1) * cell, box.y + (i + 1) * cell);
  }
  ctx.stroke();
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
  const across = ACROSS[key] ?? 0;
  const down = DOWN[key] ?? 0;
  const move = (from, by) => by ? onward(from, by, n) : from;
  return across || down ? { token: move(at.token, across), output: move(at.output, down) } : null;
}
var ACROSS = { ArrowLeft: -1, ArrowRight: 1, Home: -Infinity, End: Infinity };
var DOWN = { ArrowUp: -1, ArrowDown: 1, PageUp: -Infinity, PageDown: Infinity };
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
  const page = PAGE + STATUS;
  const view = mount({ model, el }, { name: "explorer causality-explorer", prefix: "explorer", page, draw });
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
  const known = ({ token, output }) => ({
    token: token < n ? token : -1,
    output: output < n ? output : -1
  });
  const pinned = () => {
    const at = known({ token: model.get("token"), output: model.get("output") });
    return at.token < 0 && at.output < 0 ? null : at;
  };
  part("maps").style.maxWidth = `${layers.length * 402 - 22}px`;
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
      part(`caption-${i}`).textContent = `Earlier outputs that move: ${exact(moved)} of ${many(pairs, "pair")} (${percent(share)}). Largest change: ${small(layer.most)}.`;
      paintMatrix(fit(ground(names[i]), ...boxes[i].size), layer, n, boxes[i], ink);
    });
    const still = `${100 * depthOf(tolerance)}%`;
    part("ramp").style.background = `linear-gradient(to right, var(--explorer-shade) ${still}, transparent ${still}),
      linear-gradient(to right, ${tones})`;
  }
  function draw() {
    const tolerance = model.get("tolerance");
    const widths = names.map((name) => part(name).clientWidth);
    const ink = view.ink();
    const key = JSON.stringify([tolerance, widths, ink, window.devicePixelRatio]);
    follow();
    if (Math.min(...widths) < 80) return;
    if (key !== drawnFor) paint(tolerance, widths, ink);
    drawnFor = key;
    const at = pinned() ?? hover;
    judged.forEach((layer, i) => markMatrix(fit(canvas(names[i]), ...boxes[i].size), layer, n, boxes[i], at, ink));
    part("pin").textContent = pinned() ? "Pinned: press Escape to unpin." : "";
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
    free() {
      show(null);
      send(NOTHING);
    }
  });
  for (const name of ["tolerance", "token", "output"]) model.on(`change:${name}`, view.schedule);
  return view.end;
}
var causality_explorer_default = { render };
export {
  causality_explorer_default as default
};
