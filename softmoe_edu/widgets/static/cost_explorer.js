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

// js/shared/explorer.js
var KEYS = 'data-lm-suppress-shortcuts="true"';
var knob = (name, label) => `<div class="explorer-knob"><span>${label}</span>
  <input type="range" min="0" step="1" data-part="${name}" aria-label="${label}" ${KEYS}>
  <input type="number" data-part="${name}-number" aria-label="${label}, typed" ${KEYS}></div>`;
var STATUS = `<p class="explorer-status"><span role="status" aria-live="polite"></span>
  <span data-part="pin"></span></p>`;
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
var exact = (x) => x.toLocaleString("en-US", { maximumFractionDigits: 3 });
var brief = (x) => x && Math.abs(x) < 1e-3 ? String(x.toExponential()) : exact(x);
var percent = (x) => `${(100 * x).toFixed(1)} %`;
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
function fillList(select, names, value) {
  if (!select.options.length) select.replaceChildren(...names.map((text) => new Option(text, text)));
  select.value = value;
}

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
  const reached = { "tokens choice": top_k, "experts choice": Math.min(s / n, e) }[router] ?? e;
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
  const total = { name: "total", mean: parts.some((part) => part.mean) };
  for (const field of ["parameters", "active", "macs", "activations", "bytes", "seconds"])
    total[field] = parts.reduce((sum, part) => sum + part[field], 0);
  return { parts, total };
}
function written(x, fits = () => true) {
  const full = exact(x);
  const [size, unit] = [
    [1e12, "T"],
    [1e9, "G"],
    [1e6, "M"]
  ].find(([least]) => x >= least) ?? [];
  return !size || fits(full) ? full : `${exact(Number((x / size).toPrecision(4)))} ${unit}`;
}
var rounded = (x) => x >= 100 ? Math.round(x) : Number(x.toPrecision(3));

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
var STATE = ["router", ...Object.keys(KNOBS)];
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
var time = (s) => {
  if (!s) return "0 s";
  const [size, unit] = [
    [1, "s"],
    [1e-3, "ms"],
    [1e-6, "µs"]
  ].find(([least]) => s >= least) ?? [1e-9, "ns"];
  const digits = s < 1e4 ? (s / size).toPrecision(4) : exact(Number(s.toPrecision(4)));
  return `${digits} ${unit}`;
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
<p>Bars share one scale in each column. Active parameters: those that one token passes; a mean where tokens differ.
  Bytes: parameters once, and what products read and write. Time: each part takes the longer of computing and moving,
  one after the other; devices share all work evenly and send nothing. M, G, T: 10<sup>6</sup>, 10<sup>9</sup>,
  10<sup>12</sup>, where a number has no room; point at it or its row for all digits.</p>`;
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
  if (!here) return `${row}: no part of this router.`;
  const facts = Object.entries(COLUMNS).map(([column, [, words]]) => {
    const share = row && now.total[column] ? ` (${percent(here[column] / now.total[column])})` : "";
    const change = was ? `, ${ratio(here[column], there ? there[column] : 0)}` : "";
    const number = told(column, here);
    return `${column === "seconds" ? `${number} for ${words}` : `${number} ${words}`}${share}${change}`;
  });
  return `${row || stateOf(state)}: ${facts.join("; ")}${row ? `; bound by ${here.bound}` : ""}.`;
}
function roomOf(cell) {
  const ctx = new OffscreenCanvas(1, 1).getContext("2d");
  const style = getComputedStyle(cell.querySelector("b"));
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
  const view = mount({ model, el }, "cost-explorer", PAGE, draw);
  const { part, root, send, on } = view;
  const limits = model.get("_limits");
  const stateNow = () => Object.fromEntries(STATE.map((name) => [name, model.get(name)]));
  const stops = Object.entries(KNOBS).map(([name, [, make]]) => [name, make(...limits[name])]);
  const follow = bindKnobs(
    view,
    Object.fromEntries(stops),
    (values) => (values.num_experts ?? Infinity) < model.get("top_k") ? { ...values, top_k: values.num_experts } : values
  );
  let hover = "";
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
  function draw() {
    const state = stateNow();
    const now = measure(state);
    const pin = model.get("pinned");
    const was = Object.keys(pin).length ? measure(pin) : null;
    const dense = state.router === "dense";
    follow();
    root.classList.toggle("narrow", root.clientWidth < 640);
    fillList(part("router"), model.get("_routers"), state.router);
    const off = { num_experts: dense, slots_per_expert: dense, top_k: state.router !== "tokens choice" };
    for (const [name, disabled] of Object.entries(off))
      for (const box of [part(name), part(`${name}-number`)]) box.disabled = disabled;
    part("forget").disabled = !was;
    part("caption").textContent = captionOf(state);
    part("pin").textContent = was ? `Compared with the pin: ${stateOf(pin)}.` : "";
    const fits = roomOf(root.querySelector('[data-row="total"] td'));
    const marked = hover || model.get("part");
    const find = (whole, row) => row === "total" ? whole?.total : whole?.parts.find((each) => each.name === row);
    for (const line of root.querySelectorAll("tr[data-row]")) {
      const row = line.dataset.row;
      const here = find(now, row);
      const there = find(was, row);
      line.hidden = !here && !there;
      line.classList.toggle("marked", row === marked);
      if (row !== "total") part(row).setAttribute("aria-pressed", String(row === model.get("part")));
      for (const cell of line.querySelectorAll("[data-cell]")) {
        const column = cell.dataset.cell;
        const most = Math.max(now.total[column], was ? was.total[column] : 0);
        const [bar, before] = cell.querySelectorAll(".bar");
        const value = here ? here[column] : 0;
        fillBar(bar, now, column, most, row);
        fillBar(before, was, column, most, row);
        before.hidden = !was;
        const why = column === "seconds" && here?.bound ? ` ${here.bound}` : "";
        const old = there ? there[column] : 0;
        tell(cell.querySelector("b"), fits, (fit) => `${here ? told(column, here, fit) : 0}${why}`);
        tell(cell.querySelector("small"), fits, (fit) => {
          if (was && value !== old) return old ? `was ${told(column, there, fit)}, ${ratio(value, old)}` : "new";
          return was && value ? "as before" : "";
        });
      }
    }
    root.classList.toggle("some-marked", Boolean(marked));
    for (const piece of root.querySelectorAll("[data-piece]"))
      piece.classList.toggle("on", piece.dataset.piece === marked);
    view.say(sentenceOf(now, was, marked, state));
  }
  const show = (row) => {
    hover = row;
    if (row) view.settle();
    view.schedule();
  };
  on(part("router"), "change", (event) => send({ router: event.target.value }));
  on(part("keep"), "click", () => send({ pinned: stateNow() }));
  on(part("forget"), "click", () => send({ pinned: {} }));
  for (const row of ROWS) {
    const line = root.querySelector(`[data-row="${row}"]`);
    on(line, "pointerenter", () => show(row));
    on(line, "pointerleave", () => show(""));
    on(part(row), "focus", () => show(row));
    on(part(row), "blur", () => show(""));
    on(part(row), "click", () => send({ part: model.get("part") === row ? "" : row }));
    on(part(row), "keydown", (event) => event.key === "Escape" && send({ part: "" }));
    part(row).querySelector("i").style.background = LOOKS[row];
  }
  on(root.querySelector('[data-row="total"]'), "pointermove", (event) => show(event.target.dataset.piece ?? ""));
  on(root.querySelector('[data-row="total"]'), "pointerleave", () => show(""));
  for (const name of [...STATE, "pinned", "part"]) model.on(`change:${name}`, view.schedule);
  return view.end;
}
var cost_explorer_default = { render };
export {
  KNOBS,
  ROWS,
  cost_explorer_default as default
};
