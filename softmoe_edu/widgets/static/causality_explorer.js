// js/arithmetic/causality.js
function movesOf(changes, tolerance) {
  const least = tolerance * changes.reduce((a, b) => Math.max(a, b), 0);
  return Array.from(changes, (change) => change > least);
}
function earlierOf(moves, n) {
  let moved = 0;
  for (let i = 0; i < n; i++) for (let j = i + 1; j < n; j++) moved += moves[i * n + j];
  return { moved, pairs: n * (n - 1) / 2, share: n > 1 ? moved / (n * (n - 1) / 2) : 0 };
}
var movedBy = (moves, n, token) => [...Array(n).keys()].filter((i) => moves[i * n + token]);
var depthOf = (share) => Math.sqrt(share);

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
function stretch(ctx, box, pixels) {
  const small2 = new OffscreenCanvas(pixels.width, pixels.height);
  small2.getContext("2d").putImageData(pixels, 0, 0);
  ctx.imageSmoothingEnabled = false;
  ctx.drawImage(small2, box.x, box.y, box.w, box.h);
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
var everyNth = (step, size) => [1, 2, 4, 5, 8, 10, 16, 20, 32, 50, 64, 100].find((k) => k * step >= size) ?? 200;

// js/shared/explorer.js
var KEYS = 'data-lm-suppress-shortcuts="true"';
var knob = (name, label) => `<div class="explorer-knob"><span>${label}</span>
  <input type="range" min="0" step="1" data-part="${name}" aria-label="${label}" ${KEYS}>
  <input type="number" data-part="${name}-number" aria-label="${label}, typed" ${KEYS}></div>`;
var STATUS = `<p class="explorer-status"><span role="status" aria-live="polite"></span>
  <span data-part="pin"></span></p>`;
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
var exact = (x) => x.toLocaleString("en-US", { maximumFractionDigits: 3 });
var brief = (x) => x && Math.abs(x) < 1e-3 ? String(x.toExponential()) : exact(x);
var percent = (x) => `${(100 * x).toFixed(1)} %`;
var some = (list) => list.slice(0, 12).join(", ") + (list.length > 12 ? ` and ${exact(list.length - 12)} more` : "");
var many = (x, word) => `${exact(x)} ${word}${x === 1 ? "" : "s"}`;
function mount({ model, el }, name, page, draw) {
  const root = document.createElement("div");
  const stop = new AbortController();
  const { signal } = stop;
  root.className = `explorer ${name}`;
  root.innerHTML = page + STATUS;
  el.append(root);
  showFault(model, root);
  let frame = 0;
  const view = { root, signal, model, note: "", status: root.querySelector("[role=status]") };
  view.part = (which) => root.querySelector(`[data-part="${which}"]`);
  view.schedule = () => {
    frame ||= requestAnimationFrame(() => {
      frame = 0;
      draw();
    });
  };
  view.settle = () => {
    view.note = "";
    view.refused?.restore();
    view.refused = null;
  };
  view.send = (values) => {
    view.settle();
    for (const [trait, value] of Object.entries(values)) model.set(trait, value);
    model.save_changes();
    view.schedule();
  };
  view.on = (target, type, handler) => target.addEventListener(type, handler, { signal });
  view.ink = () => {
    const style = getComputedStyle(root);
    return Object.fromEntries(
      ["text", "line", "bar"].map((x) => [x, style.getPropertyValue(`--explorer-${x}`).trim()])
    );
  };
  view.say = (sentence) => {
    const words = view.note || sentence;
    if (view.status.textContent !== words) view.status.textContent = words;
  };
  view.on(root, "keydown", (event) => {
    const plain = !(event.ctrlKey || event.metaKey || event.altKey || event.shiftKey);
    if (plain && (event.key === "Enter" || event.key === " ")) event.stopPropagation();
  });
  const resized = new ResizeObserver(view.schedule);
  const themed = new MutationObserver(view.schedule);
  resized.observe(root);
  themed.observe(document.body, { attributes: true });
  view.on(matchMedia("(prefers-color-scheme: dark)"), "change", view.schedule);
  view.end = () => {
    stop.abort();
    resized.disconnect();
    themed.disconnect();
    cancelAnimationFrame(frame);
  };
  view.schedule();
  return view;
}
function bindKnobs(view, stopsOf, also = (values) => values) {
  const { model, part, on, send } = view;
  const limits = model.get("_limits");
  const shown = {};
  for (const [name, stops] of Object.entries(stopsOf)) {
    const slider = part(name);
    const box = part(`${name}-number`);
    const [least, most, whole, none] = limits[name];
    slider.max = stops.length - 1;
    Object.assign(box, { min: least, max: most, step: whole ? 1 : "any", placeholder: none ? "none" : "" });
    on(slider, "input", () => send(also({ [name]: stops[slider.value] })));
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
    for (const [name, stops] of Object.entries(stopsOf)) {
      const value = model.get(name);
      const slider = part(name);
      const box = part(`${name}-number`);
      if (shown[name] === value) continue;
      const far = stops.map((stop) => stop === null || value === null ? Infinity : Math.abs(stop - value));
      slider.value = value === null ? stops.indexOf(null) : far.indexOf(Math.min(...far));
      slider.setAttribute("aria-valuetext", value === null ? "none" : brief(value));
      box.value = value && value < 1e-3 ? value.toExponential() : value ?? "";
      box.setAttribute("aria-invalid", "false");
      shown[name] = value;
    }
  };
}

// js/causality_explorer/causality_explorer.js
var SELECTION = ["token", "output"];
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
  goes with the square root of the change. Above the stairs stand outputs before the changed token; marks beside a
  matrix: outputs that move with the marked token, ◀ earlier ones, ◁ others.</p>`;
var floatsOf = (view) => new Float32Array(view.buffer.slice(view.byteOffset, view.byteOffset + view.byteLength));
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
  const every = everyNth(cell, ctx.measureText(n - 1).width + 6);
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
function render({ model, el }) {
  const view = mount({ model, el }, "causality-explorer", PAGE, draw);
  const { root, part, send, on } = view;
  const n = model.get("_count");
  const given = model.get("_layers");
  const [least, most] = model.get("_limits").tolerance;
  const follow = bindKnobs(view, { tolerance: decades(least, most) });
  const layers = given.map(({ name, changes }) => ({ name, changes: floatsOf(changes) }));
  let hover = NOTHING;
  let drawnFor = "";
  const boxes = [];
  const known = ({ token, output }) => ({ token: token < n ? token : -1, output: output < n ? output : -1 });
  const pinned = () => {
    const at = known({ token: model.get("token"), output: model.get("output") });
    return at.token < 0 && at.output < 0 ? null : at;
  };
  const same = (a, b) => SELECTION.every((name) => a[name] === b[name]);
  part("maps").style.maxWidth = `${layers.length * 402 - 22}px`;
  part("maps").append(
    ...layers.map(({ name }, i) => {
      const panel = document.createElement("div");
      panel.className = "causality-explorer-map";
      panel.innerHTML = `<div class="explorer-title"></div><div class="explorer-panel"><canvas></canvas>
      <canvas tabindex="0" data-part="map-${i}" ${KEYS} role="application"></canvas></div>
      <p data-part="caption-${i}"></p>`;
      panel.firstChild.textContent = name;
      panel.querySelector("canvas + canvas").setAttribute("aria-label", `${name}, tokens by outputs: arrow keys move, Enter pins, Escape frees`);
      return panel;
    })
  );
  const tones = [0, 0.25, 0.5, 0.75, 1].map((depth) => `rgb(${new Uint8Array(RAMP.buffer, 4 * toneOf(depth), 3)})`);
  function refresh(tolerance, widths, ink) {
    layers.forEach((layer, i) => {
      layer.moves = movesOf(layer.changes, tolerance);
      layer.most = layer.changes.reduce((a, b) => Math.max(a, b), 0);
      layer.earlier = earlierOf(layer.moves, n);
      const { moved, pairs, share } = layer.earlier;
      part(`caption-${i}`).textContent = `Earlier outputs that move: ${exact(moved)} of ${many(pairs, "pair")} (${percent(share)}). Largest change: ${small(layer.most)}.`;
      const side = widths[i] - ROOM.left - ROOM.right;
      boxes[i] = { x: ROOM.left, y: ROOM.top, side, size: [widths[i], ROOM.top + side + ROOM.bottom] };
      paintMatrix(fit(part(`map-${i}`).previousElementSibling, ...boxes[i].size), layer, n, boxes[i], ink);
    });
    const still = `${100 * depthOf(tolerance)}%`;
    part("ramp").style.background = `linear-gradient(to right, var(--explorer-shade) ${still}, transparent ${still}),
      linear-gradient(to right, ${tones})`;
  }
  function draw() {
    const tolerance = model.get("tolerance");
    const widths = layers.map((_, i) => part(`map-${i}`).clientWidth);
    const style = getComputedStyle(root);
    const colour = (name) => style.getPropertyValue(`--explorer-${name}`).trim();
    const ink = { ...view.ink(), page: colour("page"), shade: colour("shade") };
    const key = JSON.stringify([tolerance, widths, ink, window.devicePixelRatio]);
    follow();
    if (Math.min(...widths) < 80) return;
    if (key !== drawnFor) refresh(tolerance, widths, ink);
    drawnFor = key;
    const at = pinned() ?? hover;
    layers.forEach((layer, i) => markMatrix(fit(part(`map-${i}`), ...boxes[i].size), layer, n, boxes[i], at, ink));
    part("pin").textContent = pinned() ? "Pinned: Escape frees it." : "";
    view.say(sentenceOf(layers, n, at));
  }
  const show = (at) => {
    hover = at;
    if (!same(at, NOTHING)) view.settle();
    view.schedule();
  };
  const pin = (at) => send(pinned() && same(at, pinned()) ? NOTHING : at);
  function hit(i, event) {
    const frame = event.currentTarget.getBoundingClientRect();
    const { x, y, side } = boxes[i];
    const within = (value) => value >= 0 && value < side ? Math.floor(n * value / side) : -1;
    return { token: within(event.clientX - frame.left - x), output: within(event.clientY - frame.top - y) };
  }
  function step(key) {
    const across = { ArrowLeft: -1, ArrowRight: 1, Home: -Infinity, End: Infinity }[key] ?? 0;
    const down = { ArrowUp: -1, ArrowDown: 1, PageUp: -Infinity, PageDown: Infinity }[key] ?? 0;
    const at = pinned() ?? hover;
    const from = (place, by) => place < 0 && Number.isFinite(by) ? 0 : place + by;
    const move = (place, by) => by ? Math.min(Math.max(from(place, by), 0), n - 1) : place;
    return across || down ? { token: move(at.token, across), output: move(at.output, down) } : null;
  }
  layers.forEach((_, i) => {
    const canvas = part(`map-${i}`);
    on(canvas, "pointermove", (event) => boxes[i] && show(hit(i, event)));
    on(canvas, "pointerleave", () => show(NOTHING));
    on(canvas, "blur", () => show(NOTHING));
    on(canvas, "click", (event) => boxes[i] && pin(hit(i, event)));
    on(canvas, "keydown", (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return;
      const next = step(event.key);
      if (next && pinned()) send(next);
      else if (next) show(next);
      else if (event.key === "Enter" || event.key === " ") pin(pinned() ?? hover);
      else if (event.key === "Escape") show(NOTHING), send(NOTHING);
      else return;
      event.preventDefault();
      event.stopPropagation();
    });
  });
  for (const name of ["tolerance", ...SELECTION]) model.on(`change:${name}`, view.schedule);
  return view.end;
}
var causality_explorer_default = { render };
export {
  causality_explorer_default as default
};
