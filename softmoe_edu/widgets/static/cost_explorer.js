// js/shared/numbers.js
var exact = (x) => x.toLocaleString("en-US", { maximumFractionDigits: 3 });
var brief = (x) => x && Math.abs(x) < 1e-3 ? String(x.toExponential()) : exact(x);
var percent = (x) => `${(100 * x).toFixed(1)} %`;
var many = (x, word) => `${exact(x)} ${word}${x === 1 ? "" : "s"}`;

// js/arithmetic/cost.js
var costPart = (name, parameters = 0, active = 0, macs = 0, activations = 0) => ({
  name,
  parameters,
  active,
  macs,
  activations
});
function mlpCost(tokens, dim, hidden) {
  const parameters = 2 * dim * hidden + dim + hidden;
  return [costPart("dense MLP", parameters, parameters, 2 * tokens * dim * hidden, 2 * tokens * (dim + hidden))];
}
function moeCost({ router, num_experts: e, slots_per_expert: p, top_k, tokens: n, dim: d, hidden_dim: f }) {
  const sparse = router !== "soft";
  const s = e * p;
  const learned = sparse ? e : e * p;
  const own = d * learned + (sparse ? 0 : 1);
  const one = 2 * d * f + d + f;
  const weights = n * e * p;
  const mean = router === "experts choice" && s < n * e;
  const reached = router === "tokens choice" ? top_k : router === "experts choice" ? Math.min(s / n, e) : e;
  return [
    costPart("routing logits", own, own, n * d * learned, n * (d + learned)),
    sparse ? costPart("dispatch", 0, 0, 0, 2 * s * d) : costPart("dispatch", 0, 0, weights * d, weights + (n + s) * d),
    { ...costPart("experts", e * one, reached * one, 2 * s * d * f, 2 * s * (d + f)), mean },
    sparse ? costPart("combine", 0, 0, 0, s * d + n * d) : costPart("combine", 0, 0, weights * d, weights + (n + s) * d)
  ];
}
var layerCost = (sizes) => sizes.router === "dense" ? mlpCost(sizes.tokens, sizes.dim, sizes.hidden_dim) : moeCost(sizes);
var deviceOf = ({ devices, tflops, gbps }) => ({
  operations: devices * (1e12 * tflops),
  bytes: devices * (1e9 * gbps)
});
var bytesOf = (part, { batch, width }) => width * (part.parameters + batch * part.activations);
function secondsOf(part, sizes) {
  const device = deviceOf(sizes);
  const computing = sizes.batch * (2 * part.macs) / device.operations;
  const moving = bytesOf(part, sizes) / device.bytes;
  return { seconds: Math.max(computing, moving), bound: computing > moving ? "computing" : "moving" };
}
function measure(sizes) {
  const parts = layerCost(sizes).map((part) => ({ ...part, bytes: bytesOf(part, sizes), ...secondsOf(part, sizes) }));
  const sumOf = (field) => parts.reduce((sum, part) => sum + part[field], 0);
  const total = {
    name: "total",
    mean: parts.some((part) => part.mean),
    parameters: sumOf("parameters"),
    active: sumOf("active"),
    macs: sumOf("macs"),
    activations: sumOf("activations"),
    bytes: sumOf("bytes"),
    seconds: sumOf("seconds")
  };
  return { parts, total };
}
var UNITS = [
  { size: 1e12, name: "T" },
  { size: 1e9, name: "G" },
  { size: 1e6, name: "M" }
];
function written(x, fits = () => true) {
  const full = exact(x);
  const unit = UNITS.find(({ size }) => x >= size);
  return !unit || fits(full) ? full : `${exact(Number((x / unit.size).toPrecision(4)))} ${unit.name}`;
}
var rounded = (x) => x >= 100 ? Math.round(x) : Number(x.toPrecision(3));

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
      const far = stops.map((stop) => stop === null || value === null ? Infinity : Math.abs(stop - value));
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
  const stop = new AbortController();
  const { signal } = stop;
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
      stop.abort();
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
  const tell2 = () => {
    alert.textContent = model.get("_fault") ?? "";
    alert.hidden = !alert.textContent;
  };
  model.on("change:_fault", tell2);
  tell2();
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
var decades = (least, most) => widely(least, most, 10, [1, 2, 5]);

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

// js/cost_explorer/cost_explorer.js
var KNOBS = {
  num_experts: ["Experts", doubling],
  slots_per_expert: ["Slots per expert", doubling],
  top_k: ["Choices of a token", doubling],
  tokens: ["Tokens", doubling],
  dim: ["Width of a token", doubling],
  hidden_dim: ["Hidden width", doubling],
  batch: ["Batch", doubling],
  width: ["Bytes per number", (least, most) => evenly(least, most, 1)],
  devices: ["Devices", doubling],
  tflops: ["TFLOP/s each", decades],
  gbps: ["GB/s each", decades]
};
var STATE = (
  /** @type {(keyof LayerSizes)[]} */
  ["router", ...Object.keys(KNOBS)]
);
var ROWS = ["routing logits", "dispatch", "experts", "combine", "dense MLP"];
var COLUMNS = {
  parameters: ["Parameters", "parameters"],
  active: ["Active parameters", "active parameters"],
  macs: ["MACs of an example", "MACs of an example"],
  bytes: ["Bytes of a batch", "bytes of a batch"],
  seconds: ["Least time of a batch", "a batch"]
};
var lines = (angle, ink) => `repeating-linear-gradient(${angle}deg, ${ink} 0 1.5px, transparent 1.5px 5px)`;
var PATTERNS = [
  "radial-gradient(#000 1.1px, transparent 1.4px) 0 0 / 4px 4px",
  lines(45, "#000"),
  "",
  lines(-45, "#000"),
  lines(90, "#fff")
];
var lookOf = (i) => [PATTERNS[i], expertColour(i)].filter(Boolean).join(", ");
var LOOKS = Object.fromEntries(ROWS.map((row, i) => [row, lookOf(i)]));
var SMALLEST = { size: 1e-9, name: "ns" };
var UNITS2 = [
  { size: 1, name: "s" },
  { size: 1e-3, name: "ms" },
  { size: 1e-6, name: "µs" }
];
var time = (s) => {
  if (!s) return "0 s";
  const { size, name } = UNITS2.find((unit) => s >= unit.size) ?? SMALLEST;
  const digits = s < 1e4 ? (s / size).toPrecision(4) : exact(Number(s.toPrecision(4)));
  return `${digits} ${name}`;
};
function told(column, { [column]: x, mean }, fits) {
  if (column === "seconds") return time(x);
  return column === "active" && mean ? `mean ${written(rounded(x), fits)}` : written(x, fits);
}
function ratio(now, was) {
  if (now === was) return "=";
  if (!now || !was) return was ? "none left" : "new";
  return now > was ? `× ${(now / was).toFixed(2)}` : `/ ${(was / now).toFixed(2)}`;
}
var PAGE = `
<div class="explorer-controls">
  <label>Router <select data-part="router" ${KEYS}></select></label>
  ${Object.entries(KNOBS).map(([name, [label]]) => knob(name, label)).join("")}
</div>
<div class="explorer-actions"><button type="button" data-part="keep" ${KEYS}>Pin this state</button>
  <button type="button" data-part="forget" ${KEYS}>Forget the pin</button></div>
<p data-part="caption"></p>
<table><thead><tr><th scope="col">Part</th>${Object.values(COLUMNS).map(([title]) => `<th scope="col">${title}</th>`).join("")}</tr></thead><tbody>
  ${[...ROWS, "total"].map(
  (row) => `<tr data-row="${row}"><th scope="row">${row === "total" ? "total" : `<button type="button" data-part="${row}" ${KEYS}><i></i>${row}</button>`}</th>${Object.entries(COLUMNS).map(
    ([column, [title]]) => `<td data-cell="${column}" data-title="${title}">
      <div class="bar"></div><div class="bar was"></div><b></b><small></small></td>`
  ).join("")}</tr>`
).join("")}
</tbody></table>
<p>Bars share one scale in each column. Active parameters: those that one token passes through; a mean where tokens differ.
  Bytes: parameters once, and what products read and write. Time: each part takes the longer of computing and moving,
  one after the other; devices share all work evenly and send nothing. M, G, T: 10<sup>6</sup>, 10<sup>9</sup>,
  10<sup>12</sup>, used where a number has no room; point at it or its row for all digits.</p>`;
function stateOf({ router, num_experts, slots_per_expert, top_k, tokens, dim }) {
  const choices = router === "tokens choice" ? `, ${many(top_k, "choice")} of a token` : "";
  const experts = `, ${many(num_experts, "expert")} of ${many(slots_per_expert, "slot")}${choices}`;
  return `${router}${router === "dense" ? "" : experts}, ${many(tokens, "token")} of width ${exact(dim)}`;
}
function captionOf({ router, num_experts, slots_per_expert, top_k, tokens }) {
  if (router === "dense") return "A dense MLP has no experts, slots or choices: their sizes change nothing.";
  const slots = num_experts * slots_per_expert;
  const each = exact(slots / tokens);
  const spare = router !== "soft" && slots_per_expert > tokens;
  const factor = router === "tokens choice" ? `, a capacity factor of ${exact(slots / (tokens * top_k))}` : "";
  return `${many(slots, "slot")} for ${many(tokens, "token")}: ${each} for each token${factor}.` + (spare ? " An expert has more slots than there are tokens: empty ones are computed like full ones." : "");
}
function sentenceOf(now, was, row, state) {
  const here = row ? now.parts.find((part) => part.name === row) : now.total;
  const there = was && (row ? was.parts.find((part) => part.name === row) : was.total);
  if (!here) return `${row}: not a part of this router.`;
  const facts = Object.entries(COLUMNS).map(([name, [, words]]) => {
    const column = (
      /** @type {Column} */
      name
    );
    const share = row && now.total[column] ? ` (${percent(here[column] / now.total[column])})` : "";
    const change = was ? `, ${ratio(here[column], there ? there[column] : 0)}` : "";
    const number = told(column, here);
    return `${column === "seconds" ? `${number} for ${words}` : `${number} ${words}`}${share}${change}`;
  });
  return `${row || stateOf(state)}: ${facts.join("; ")}${row ? `; bound by ${here.bound}` : ""}.`;
}
var within = (root, selector) => (
  /** @type {HTMLElement} */
  root.querySelector(selector)
);
var allWithin = (root, selector) => [.../** @type {NodeListOf<HTMLElement>} */
root.querySelectorAll(selector)];
var rowOf = (whole, row) => row === "total" ? whole?.total : whole?.parts.find((each) => each.name === row);
function fillBar(bar, whole, column, most, row) {
  const parts = (whole?.parts ?? []).filter((each) => row === "total" || each.name === row);
  bar.replaceChildren(
    ...parts.map((each) => {
      const piece = document.createElement("i");
      piece.dataset.piece = each.name;
      piece.style.width = `${most ? 100 * each[column] / most : 0}%`;
      piece.style.background = LOOKS[each.name];
      return piece;
    })
  );
}
function fillCell(cell, row, now, was, fits) {
  const column = (
    /** @type {Column} */
    cell.dataset.cell
  );
  const here = rowOf(now, row);
  const there = rowOf(was, row);
  const most = Math.max(now.total[column], was ? was.total[column] : 0);
  const [bar, before] = allWithin(cell, ".bar");
  const value = here ? here[column] : 0;
  const old = there ? there[column] : 0;
  fillBar(bar, now, column, most, row);
  fillBar(before, was, column, most, row);
  before.hidden = !was;
  const why = column === "seconds" && here?.bound ? ` ${here.bound}` : "";
  tell(within(cell, "b"), fits, (fit) => `${here ? told(column, here, fit) : 0}${why}`);
  tell(within(cell, "small"), fits, (fit) => {
    if (was && value !== old) return there && old ? `was ${told(column, there, fit)}, ${ratio(value, old)}` : "new";
    return was && value ? "as before" : "";
  });
}
function roomOf(cell) {
  const ctx = contextOf(new OffscreenCanvas(1, 1));
  const style = getComputedStyle(within(cell, "b"));
  const room = cell.clientWidth - parseFloat(getComputedStyle(cell).paddingRight);
  ctx.font = `${style.fontWeight} ${style.fontSize} ${style.fontFamily}`;
  return (text) => room <= 0 || ctx.measureText(text).width + 4 < room;
}
function tell(element, fits, words) {
  const short = words(fits);
  const full = words();
  element.replaceChildren(short);
  element.title = short === full ? "" : full;
  if (short === full) return;
  const seen = document.createElement("span");
  const heard = document.createElement("span");
  [seen.textContent, seen.ariaHidden, heard.textContent, heard.className] = [short, "true", full, "heard"];
  element.replaceChildren(seen, heard);
}
function render({ model, el }) {
  const page = PAGE + STATUS;
  const view = mount({ model, el }, { name: "explorer cost-explorer", prefix: "explorer", page, draw });
  const { part, input, select, button, root, send, on } = view;
  const stateNow = () => (
    /** @type {LayerSizes} */
    Object.fromEntries(STATE.map((name) => [name, model.get(name)]))
  );
  const follow = bindKnobs(
    view,
    stopsOf(KNOBS, model.get("_limits")),
    (values) => (values.num_experts ?? Infinity) < model.get("top_k") ? { ...values, top_k: values.num_experts } : values
  );
  const table = new Map([...ROWS, "total"].map((row) => [row, within(root, `[data-row="${row}"]`)]));
  let hover = "";
  function draw() {
    const state = stateNow();
    const now = measure(state);
    const pin = pinned();
    const was = pin && measure(pin);
    follow();
    root.classList.toggle("narrow", root.clientWidth < 640);
    showControls(state, was);
    part("caption").textContent = captionOf(state);
    part("pin").textContent = pin ? `Compared with the pin: ${stateOf(pin)}.` : "";
    const fits = roomOf(within(root, '[data-row="total"] td'));
    const marked = hover || model.get("part");
    for (const [row, line] of table) {
      line.hidden = !rowOf(now, row) && !rowOf(was, row);
      line.classList.toggle("marked", row === marked);
      if (row !== "total") part(row).setAttribute("aria-pressed", String(row === model.get("part")));
      for (const cell of allWithin(line, "[data-cell]")) fillCell(cell, row, now, was, fits);
    }
    root.classList.toggle("some-marked", Boolean(marked));
    for (const piece of allWithin(root, "[data-piece]")) piece.classList.toggle("on", piece.dataset.piece === marked);
    view.say(sentenceOf(now, was, marked, state));
  }
  function pinned() {
    const pin = model.get("pinned");
    return "router" in pin ? pin : null;
  }
  function showControls(state, was) {
    const dense = state.router === "dense";
    fillList(select("router"), model.get("_routers"), state.router);
    const off = { num_experts: dense, slots_per_expert: dense, top_k: state.router !== "tokens choice" };
    for (const [name, disabled] of Object.entries(off))
      for (const box of [input(name), input(`${name}-number`)]) box.disabled = disabled;
    button("forget").disabled = !was;
  }
  function show(row) {
    hover = row;
    if (row) view.settle();
    view.schedule();
  }
  on(part("router"), "change", () => send({ router: select("router").value }));
  on(part("keep"), "click", () => send({ pinned: stateNow() }));
  on(part("forget"), "click", () => send({ pinned: {} }));
  for (const row of ROWS) {
    const line = within(root, `[data-row="${row}"]`);
    on(line, "pointerenter", () => show(row));
    on(line, "pointerleave", () => show(""));
    on(part(row), "focus", () => show(row));
    on(part(row), "blur", () => show(""));
    on(part(row), "click", () => send({ part: model.get("part") === row ? "" : row }));
    on(part(row), "keydown", (event) => event.key === "Escape" && send({ part: "" }));
    within(part(row), "i").style.background = LOOKS[row];
  }
  const total = within(root, '[data-row="total"]');
  on(
    total,
    "pointermove",
    (event) => show(
      /** @type {HTMLElement} */
      event.target.dataset.piece ?? ""
    )
  );
  on(total, "pointerleave", () => show(""));
  for (const name of [...STATE, "pinned", "part"]) model.on(`change:${name}`, view.schedule);
  return view.end;
}
var cost_explorer_default = { render };
export {
  KNOBS,
  ROWS,
  cost_explorer_default as default
};
