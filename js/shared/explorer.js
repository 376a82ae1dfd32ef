// What the explorers share: knobs that follow a trait, one redraw per frame, and an end that leaves nothing behind.

import { showFault } from "./painting.js";

export const KEYS = 'data-lm-suppress-shortcuts="true"';

/** Markup of one number: a slider over round values, and a box for any value. */
export const knob = (name, label) => `<div class="explorer-knob"><span>${label}</span>
  <input type="range" min="0" step="1" data-part="${name}" aria-label="${label}" ${KEYS}>
  <input type="number" data-part="${name}-number" aria-label="${label}, typed" ${KEYS}></div>`;
const STATUS = `<p class="explorer-status"><span role="status" aria-live="polite"></span>
  <span data-part="pin"></span></p>`;

/** Values that a slider stops at, from least to most: steps of one size, or the bases times powers of a number. */
export function evenly(least, most, step) {
  return Array.from({ length: Math.round((most - least) / step) + 1 }, (_, i) => Number((least + i * step).toFixed(9)));
}
function widely(least, most, power, bases) {
  const stops = new Set([least, most]);
  for (let k = Math.floor(Math.log(least) / Math.log(power)) - 1; power ** k <= most; k++)
    for (const base of bases) {
      const at = Number((base * power ** k).toPrecision(12));
      if (at > least && at < most && (Number.isInteger(at) || least < 1)) stops.add(at);
    }
  return [...stops].sort((a, b) => a - b);
}
export const doubling = (least, most) => widely(least, most, 2, [1, 1.5]);
export const decades = (least, most) => widely(least, most, 10, [1, 2, 5]);

export const exact = (x) => x.toLocaleString("en-US", { maximumFractionDigits: 3 });
const brief = (x) => (x && Math.abs(x) < 1e-3 ? String(x.toExponential()) : exact(x));
export const percent = (x) => `${(100 * x).toFixed(1)} %`;
export const some = (list) =>
  list.slice(0, 12).join(", ") + (list.length > 12 ? ` and ${exact(list.length - 12)} more` : "");
export const many = (x, word) => `${exact(x)} ${word}${x === 1 ? "" : "s"}`;

/** The widget's element in a cell, with its parts, its traits and its redraw. */
export function mount({ model, el }, name, page, draw) {
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
  /** Take back what was said of a refused number, and with it the number. */
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
      ["text", "line", "bar"].map((x) => [x, style.getPropertyValue(`--explorer-${x}`).trim()]),
    );
  };
  view.say = (sentence) => {
    const words = view.note || sentence;
    if (view.status.textContent !== words) view.status.textContent = words;
  };

  // JupyterLab takes a plain Enter for its own, and then it neither presses a button nor ends what was typed.
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

/** Bind the knobs {trait: stops}: give what brings them in step with the traits. `also` adds what must change along. */
export function bindKnobs(view, stopsOf, also = (values) => values) {
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
      const far = stops.map((stop) => (stop === null || value === null ? Infinity : Math.abs(stop - value)));
      slider.value = value === null ? stops.indexOf(null) : far.indexOf(Math.min(...far));
      slider.setAttribute("aria-valuetext", value === null ? "none" : brief(value));
      box.value = value && value < 1e-3 ? value.toExponential() : (value ?? "");
      box.setAttribute("aria-invalid", "false");
      shown[name] = value;
    }
  };
}

/** A straight line; strokeRect would go there and back and fill the gaps of a dashed one. */
export function rule(ctx, x, y, toX, toY) {
  ctx.beginPath();
  ctx.moveTo(x, y);
  ctx.lineTo(toX, toY);
  ctx.stroke();
}

/** Options of a list, the chosen one selected. */
export function fillList(select, names, value) {
  if (!select.options.length) select.replaceChildren(...names.map((text) => new Option(text, text)));
  select.value = value;
}
