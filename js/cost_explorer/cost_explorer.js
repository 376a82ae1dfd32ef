// CostExplorer in the browser: one bar a quantity, beside what it is compared with, and a table of all numbers. Every
// number is computed here.

import { measure, rounded, written } from "../arithmetic/cost.js";
import { bindKnobs, stopsOf } from "../shared/knobs.js";
import { keyHints } from "../shared/keys.js";
import { KEYS, STATUS, button, fillList, knob, list, more } from "../shared/markup.js";
import { mount } from "../shared/mount.js";
import { exact, many, number, percent } from "../shared/numbers.js";
import { decades, doubling, evenly } from "../shared/stops.js";
import { contextOf, expertColour } from "../shared/painting.js";
import { term } from "../shared/terms.js";
import { widthOf } from "../shared/words.js";

/** @import { LayerSizes, Measured, Quantity } from "../arithmetic/cost.js" */
/** @import { Knob, Limits } from "../shared/knobs.js" */
/** @import { Link } from "../shared/links.js" */
/** @import { Model } from "../shared/mount.js" */

/**
 * The state of a layer, what it is compared with, and the part that stays marked.
 *
 * @typedef {LayerSizes & Own} Traits
 */

/** @typedef {{ pinned: LayerSizes | {}, part: string, _limits: Record<string, Limits>, _routers: string[] }} Own */

/** @typedef {ReturnType<typeof measure>} Layer */

/** @typedef {keyof typeof COLUMNS} Column */

/** @typedef {(text: string) => boolean} Fits Whether a text has room. */

/** @type {Record<string, Knob>} */
export const KNOBS = {
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
  gbps: ["GB/s each", decades],
};
// Pixels that the style sheet keeps for names on the left of the bars and for totals on their right.
const TITLES = 176;
const TOTALS = 170;
const STATE = /** @type {(keyof LayerSizes)[]} */ (["router", ...Object.keys(KNOBS)]);
export const ROWS = ["routing logits", "dispatch", "experts", "combine", "dense MLP"];
/** @type {Record<Exclude<Quantity, "activations">, [title: string, words: string]>} */
const COLUMNS = {
  parameters: ["Parameters", "parameters"],
  active: ["Active parameters", "active parameters"],
  macs: ["MACs of an example", "MACs of an example"],
  bytes: ["Bytes of a batch", "bytes of a batch"],
  seconds: ["Least time of a batch", "a batch"],
};

// Parts differ by pattern too, not by colour alone; the one that is mostly the largest is plain.
/**
 * @param {number} angle
 * @param {string} ink
 */
const lines = (angle, ink) => `repeating-linear-gradient(${angle}deg, ${ink} 0 1.5px, transparent 1.5px 5px)`;
const PATTERNS = [
  "radial-gradient(#000 1.1px, transparent 1.4px) 0 0 / 4px 4px",
  lines(45, "#000"),
  "",
  lines(-45, "#000"),
  lines(90, "#fff"),
];
/** @param {number} i */
const lookOf = (i) => [PATTERNS[i], expertColour(i)].filter(Boolean).join(", ");
/** @type {Record<string, string>} */
const LOOKS = Object.fromEntries(ROWS.map((row, i) => [row, lookOf(i)]));

const SMALLEST = { size: 1e-9, name: "ns" };
const UNITS = [
  { size: 1, name: "s" },
  { size: 1e-3, name: "ms" },
  { size: 1e-6, name: "µs" },
];

/** @param {number} s */
const time = (s) => {
  if (!s) return "0 s";
  const { size, name } = UNITS.find((unit) => s >= unit.size) ?? SMALLEST;
  return `${number(Number((s / size).toPrecision(4)))}\u00a0${name}`;
};

/**
 * A number of a part, or of the total, in words; one that is a mean says so.
 *
 * @param {Column} column
 * @param {Measured} part
 * @param {Fits} [fits]
 */
function told(column, { [column]: x, mean }, fits) {
  if (column === "seconds") return time(x);
  return column === "active" && mean ? `mean ${written(rounded(x), fits)}` : written(x, fits);
}

/**
 * now against was, the way round that is at least 1.
 *
 * @param {number} now
 * @param {number} was
 */
function ratio(now, was) {
  if (now === was) return "=";
  if (!now || !was) return was ? "none left" : "new";
  return now > was ? `×\u00a0${(now / was).toFixed(2)}` : `/\u00a0${(was / now).toFixed(2)}`;
}

/** @type {Record<string, string>} The term of the glossary behind each setting and quantity. */
const ABOUT = {
  router: "router",
  num_experts: "expert",
  slots_per_expert: "slot",
  top_k: "top_k",
  tokens: "token",
  dim: "width",
  hidden_dim: "hidden width",
  batch: "batch",
  width: "bytes",
  devices: "devices",
  tflops: "TFLOP/s",
  gbps: "GB/s",
  parameters: "parameters",
  active: "active parameters",
  macs: "MACs",
  bytes: "bytes",
  seconds: "least time",
};
const FIRST = ["num_experts", "slots_per_expert", "top_k"];
const COLUMN_NAMES = /** @type {Column[]} */ (Object.keys(COLUMNS));
const knobs = (/** @type {string[]} */ names) => names.map((name) => knob(name, KNOBS[name][0], ABOUT[name])).join("");

const PAGE = `
<p class="cost-explorer-headline" data-part="headline"></p>
<div class="cost-explorer-parts" role="group" aria-label="Parts of the layer: press one to mark it">
  ${ROWS.map((row) => `<button type="button" data-part="${row}" ${KEYS}><i></i>${row}</button>`).join("")}</div>
<div class="cost-explorer-chart" data-part="chart">${COLUMN_NAMES.map(
  (
    column,
  ) => `<div data-quantity="${column}"><div class="explorer-title">${term(ABOUT[column], COLUMNS[column][0])}</div>
    <div class="line"><div class="bar"></div><b></b><span class="times"></span></div>
    <div class="line was"><div class="bar"></div><small></small></div></div>`,
).join("")}</div>
${keyHints({ Enter: "mark a part", Esc: "unmark" }, "Tap a part to mark it in all bars.")}
${STATUS}
<div class="explorer-controls">${list("router", "Router", ABOUT.router)}${knobs(FIRST)}</div>
${more(knobs(Object.keys(KNOBS).filter((name) => !FIRST.includes(name))), "Sizes and device")}
<p data-part="caption"></p>
<div class="explorer-actions">${button("keep", "Pin this state")} ${button("forget", "Forget the pin")}</div>
<details open data-part="table"><summary ${KEYS}>All numbers, part by part</summary>
<table><thead><tr><th scope="col">Part</th>${COLUMN_NAMES.map(
  (column) => `<th scope="col">${COLUMNS[column][0]}</th>`,
).join("")}</tr></thead><tbody>
  ${[...ROWS, "total"]
    .map(
      (row) =>
        `<tr data-row="${row}"><th scope="row">${row}</th>${COLUMN_NAMES.map(
          (column) => `<td data-cell="${column}" data-title="${COLUMNS[column][0]}"><b></b><small></small></td>`,
        ).join("")}</tr>`,
    )
    .join("")}
</tbody></table>
<p>Parts run one after the other. M, G, T: 10<sup>6</sup>, 10<sup>9</sup>, 10<sup>12</sup>, used where a number has no
  room; point at it or its row for all digits.</p></details>`;

/**
 * What a state is, in words.
 *
 * @param {LayerSizes} state
 */
function stateOf({ router, num_experts, slots_per_expert, top_k, tokens, dim }) {
  const choices = router === "tokens choice" ? `, ${many(top_k, "choice")} of a token` : "";
  const experts = `, ${many(num_experts, "expert")} of ${many(slots_per_expert, "slot")}${choices}`;
  return `${router}${router === "dense" ? "" : experts}, ${many(tokens, "token")} of width ${exact(dim)}`;
}

/** @param {LayerSizes} state */
function captionOf({ router, num_experts, slots_per_expert, top_k, tokens }) {
  if (router === "dense") return "A dense MLP has no experts, slots or choices: their sizes change nothing.";
  const slots = num_experts * slots_per_expert;
  const each = exact(slots / tokens);
  const spare = router !== "soft" && slots_per_expert > tokens;
  const factor = router === "tokens choice" ? `, a capacity factor of ${exact(slots / (tokens * top_k))}` : "";
  return (
    `${many(slots, "slot")} for ${many(tokens, "token")}: ${each} for each token${factor}.` +
    (spare ? " An expert has more slots than there are tokens: empty ones are computed like full ones." : "")
  );
}

/**
 * The status line: all of the layer or one part, and how it compares.
 *
 * @param {Layer} now
 * @param {Layer | null} was
 * @param {string} row
 * @param {LayerSizes} state
 */
function sentenceOf(now, was, row, state) {
  const here = row ? now.parts.find((part) => part.name === row) : now.total;
  const there = was && (row ? was.parts.find((part) => part.name === row) : was.total);
  if (!here) return `${row}: not a part of this router.`;
  const facts = Object.entries(COLUMNS).map(([name, [, words]]) => {
    const column = /** @type {Column} */ (name);
    const share = row && now.total[column] ? ` (${percent(here[column] / now.total[column])})` : "";
    const change = was ? `, ${ratio(here[column], there ? there[column] : 0)}` : "";
    const value = told(column, here);
    return `${column === "seconds" ? `${value} for ${words}` : `${value} ${words}`}${share}${change}`;
  });
  return `${row || stateOf(state)}: ${facts.join("; ")}${row ? `; bound by ${here.bound}` : ""}.`;
}

/**
 * now as a multiple of was, in words.
 *
 * @param {number} now
 * @param {number} was
 */
function multiple(now, was) {
  if (now === was) return "the same";
  const times = exact(Number((now / was).toPrecision(3)));
  return `${times === "1" ? "about 1" : times}\u00a0×`;
}

/**
 * What the layer is compared with: the pin, or else one dense MLP of the same sizes; null for such an MLP itself.
 *
 * @param {LayerSizes} state
 * @param {LayerSizes | null} pin
 * @returns {{ name: string, layer: Layer } | null}
 */
function baselineOf(state, pin) {
  if (pin) return { name: "the pin", layer: measure(pin) };
  return state.router === "dense" ? null : { name: "one dense MLP", layer: measure({ ...state, router: "dense" }) };
}

/**
 * The one sentence to take away.
 *
 * @param {LayerSizes} state
 * @param {Layer} now
 * @param {ReturnType<typeof baselineOf>} baseline
 */
function headlineOf({ router, num_experts }, now, baseline) {
  const { parameters, macs } = now.total;
  if (!baseline)
    return `One dense MLP: each token passes through all ${short(parameters)} parameters, for ${short(macs)} MACs in all.`;
  const was = baseline.layer.total;
  const layer = router === "dense" ? "One dense MLP" : `${many(num_experts, "expert")}, ${router}`;
  const held =
    parameters === was.parameters
      ? `as many parameters as ${baseline.name}`
      : `${multiple(parameters, was.parameters)} the parameters of ${baseline.name}`;
  return `${layer}: ${held}, for ${macs === was.macs ? "as many" : `${multiple(macs, was.macs)} the`} MACs.`;
}

/**
 * A number with four digits at most, and its unit of thousands.
 *
 * @param {number} x
 */
const short = (x) => written(rounded(x), () => false);
const QUANTITIES = /** @type {Quantity[]} */ (["parameters", "active", "macs", "activations", "bytes", "seconds"]);

/** @type {(state: string, layer: Layer) => (string | number)[][]} */
const rowsOf = (state, { parts, total }) =>
  [...parts, total].map((part) => [state, part.name, ...QUANTITIES.map((quantity) => part[quantity])]);

/** @type {(root: Element, selector: string) => HTMLElement} */
const within = (root, selector) => /** @type {HTMLElement} */ (root.querySelector(selector));

/** @type {(root: Element, selector: string) => HTMLElement[]} */
const allWithin = (root, selector) => [.../** @type {NodeListOf<HTMLElement>} */ (root.querySelectorAll(selector))];

/**
 * A row of the table: a part of the layer or its total, where the layer has it.
 *
 * @param {Layer | null} whole
 * @param {string} row
 */
const rowOf = (whole, row) => (row === "total" ? whole?.total : whole?.parts.find((each) => each.name === row));

/** What each bar shows. @type {WeakMap<HTMLElement, string>} */
const filled = new WeakMap();

/**
 * Fill a bar with a layer's parts as shares of the most; the parts that have room say which they are.
 *
 * A bar that shows this already keeps its pieces: a piece that is replaced between press and release gets no click.
 *
 * @param {HTMLElement} bar
 * @param {Layer} layer
 * @param {Column} column
 * @param {number} most
 * @param {number} room Pixels of the longest bar.
 */
function fillBar(bar, layer, column, most, room) {
  const shows = JSON.stringify([room, most, layer.parts.map((each) => [each.name, each[column]])]);
  if (filled.get(bar) === shows) return;
  filled.set(bar, shows);
  const total = layer.total[column];
  bar.style.width = `${most ? (room * total) / most : 0}px`;
  bar.replaceChildren(
    ...layer.parts.map((each) => {
      const piece = document.createElement("i");
      const words = `${each.name} ${percent(each[column] / total)}`;
      piece.dataset.piece = each.name;
      piece.style.width = `${total ? (100 * each[column]) / total : 0}%`;
      piece.style.background = LOOKS[each.name];
      if (room && (room * each[column]) / most > widthOf(words) + 16) {
        const label = document.createElement("span");
        label.textContent = words;
        piece.append(label);
      }
      return piece;
    }),
  );
}

/**
 * Fill a quantity of the chart: the layer's bar with its total, and what it is compared with.
 *
 * @param {HTMLElement} row
 * @param {Layer} now
 * @param {ReturnType<typeof baselineOf>} baseline
 * @param {number} room
 */
function fillRow(row, now, baseline, room) {
  const column = /** @type {Column} */ (row.dataset.quantity);
  const was = baseline?.layer ?? null;
  const most = Math.max(now.total[column], was ? was.total[column] : 0);
  const [line, before] = allWithin(row, ".line");
  fillBar(within(line, ".bar"), now, column, most, room);
  within(line, "b").textContent = told(column, now.total, () => false);
  within(line, ".times").textContent = was ? multiple(now.total[column], was.total[column]) : "";
  before.hidden = !was;
  if (!was || !baseline) return;
  fillBar(within(before, ".bar"), was, column, most, room);
  for (const label of allWithin(before, "i span")) label.remove();
  within(before, "small").textContent = `${told(column, was.total, () => false)}, ${baseline.name}`;
}

/**
 * Fill a cell of the table: its number, and what that was.
 *
 * @param {HTMLElement} cell
 * @param {string} row
 * @param {Layer} now
 * @param {Layer | null} was
 * @param {Fits} fits
 */
function fillCell(cell, row, now, was, fits) {
  const column = /** @type {Column} */ (cell.dataset.cell);
  const here = rowOf(now, row);
  const there = rowOf(was, row);
  const value = here ? here[column] : 0;
  const old = there ? there[column] : 0;
  const why = column === "seconds" && here?.bound ? ` ${here.bound}` : "";
  tell(within(cell, "b"), fits, (fit) => `${here ? told(column, here, fit) : 0}${why}`);
  tell(within(cell, "small"), fits, (fit) => {
    if (was && value !== old) return there && old ? `was ${told(column, there, fit)}, ${ratio(value, old)}` : "new";
    return was && value ? "as before" : "";
  });
}

/**
 * Whether a text fits into a cell in its largest letters; before a cell has a width everything does.
 *
 * @param {Element} cell
 * @returns {Fits}
 */
function roomOf(cell) {
  const ctx = contextOf(new OffscreenCanvas(1, 1));
  const style = getComputedStyle(within(cell, "b"));
  const room = cell.clientWidth - parseFloat(getComputedStyle(cell).paddingRight);
  ctx.font = `${style.fontWeight} ${style.fontSize} ${style.fontFamily}`;
  return (text) => room <= 0 || ctx.measureText(text).width + 4 < room;
}

/**
 * Write words with numbers that fit; where one is shortened the full ones follow for pointer and screen reader.
 *
 * @param {HTMLElement} element
 * @param {Fits} fits
 * @param {(fits?: Fits) => string} words
 */
function tell(element, fits, words) {
  const brief = words(fits);
  const full = words();
  element.replaceChildren(brief);
  element.title = brief === full ? "" : full;
  if (brief === full) return;
  const seen = document.createElement("span");
  const heard = document.createElement("span");
  [seen.textContent, seen.ariaHidden, heard.textContent, heard.className] = [brief, "true", full, "heard"];
  element.replaceChildren(seen, heard);
}

/** @param {{ model: Model<Traits>, el: HTMLElement }} given */
function render({ model, el }) {
  const exports = { csv: rowsNow, svg: true, named: ["router", "num_experts", "slots_per_expert"] };
  const view = mount(
    { model, el },
    { name: "explorer cost-explorer", prefix: "explorer", page: PAGE, draw, exports, link },
  );
  const { part, input, select, root, send, on } = view;
  const stateNow = () => /** @type {LayerSizes} */ (Object.fromEntries(STATE.map((name) => [name, model.get(name)])));
  const follow = bindKnobs(view, stopsOf(KNOBS, model.get("_limits")), (values) =>
    (values.num_experts ?? Infinity) < model.get("top_k") ? { ...values, top_k: values.num_experts } : values,
  );
  const table = new Map([...ROWS, "total"].map((row) => [row, within(root, `[data-row="${row}"]`)]));
  const quantities = allWithin(root, "[data-quantity]");
  let hover = "";

  function draw() {
    const state = stateNow();
    const now = measure(state);
    const pin = pinned();
    const was = pin && measure(pin);
    const baseline = baselineOf(state, pin);
    const marked = hover || model.get("part");
    follow();
    const narrow = root.clientWidth < 640;
    root.classList.toggle("narrow", narrow);
    showControls(state, was);
    part("headline").textContent = headlineOf(state, now, baseline);
    part("caption").textContent = captionOf(state);
    part("pin").textContent = pin ? `Compared with the pin: ${stateOf(pin)}.` : "";

    const room = Math.max(part("chart").clientWidth - (narrow ? 0 : TITLES) - TOTALS, 0);
    for (const row of quantities) fillRow(row, now, baseline, room);
    const fits = roomOf(within(root, '[data-row="total"] td'));
    for (const [row, line] of table) {
      line.hidden = !rowOf(now, row) && !rowOf(was, row);
      line.classList.toggle("marked", row === marked);
      for (const cell of allWithin(line, "[data-cell]")) fillCell(cell, row, now, was, fits);
      if (row === "total") continue;
      part(row).hidden = !rowOf(now, row) && !rowOf(baseline?.layer ?? null, row);
      part(row).setAttribute("aria-pressed", String(row === model.get("part")));
    }
    root.classList.toggle("some-marked", Boolean(marked));
    for (const piece of allWithin(root, "[data-piece]")) piece.classList.toggle("on", piece.dataset.piece === marked);
    view.say(sentenceOf(now, was, marked, state));
  }

  function rowsNow() {
    const pin = pinned();
    const states = /** @type {[string, LayerSizes][]} */ ([["now", stateNow()], ...(pin ? [["pinned", pin]] : [])]);
    return [["state", "part", ...QUANTITIES], ...states.flatMap(([name, state]) => rowsOf(name, measure(state)))];
  }

  /** @type {Link} */
  function sizesOf(get) {
    const limits = model.get("_limits");
    const choices = /** @type {Limits} */ ([1, get("num_experts"), true, false]);
    return { router: model.get("_routers"), ...limits, top_k: choices };
  }

  /** @type {Link} */
  function link(get) {
    return { ...sizesOf(get), part: ["", ...ROWS], pinned: { beside: sizesOf } };
  }

  function pinned() {
    const pin = model.get("pinned");
    return "router" in pin ? pin : null;
  }

  /**
   * Only what the router uses.
   *
   * @param {LayerSizes} state
   * @param {Layer | null} was
   */
  function showControls(state, was) {
    const dense = state.router === "dense";
    fillList(select("router"), model.get("_routers"), state.router);
    const off = { num_experts: dense, slots_per_expert: dense, top_k: state.router !== "tokens choice" };
    for (const [name, hidden] of Object.entries(off))
      /** @type {HTMLElement} */ (input(name).closest(".explorer-knob")).hidden = hidden;
    view.button("forget").disabled = !was;
  }

  /** @param {string} row */
  function show(row) {
    hover = row;
    if (row) view.settle(); // its answer, not an older refusal
    view.schedule();
  }

  const mark = (/** @type {string} */ row) => send({ part: model.get("part") === row ? "" : row });

  on(part("router"), "change", () => send({ router: select("router").value }));
  on(part("keep"), "click", () => send({ pinned: stateNow() }));
  on(part("forget"), "click", () => send({ pinned: {} }));
  for (const row of ROWS) {
    for (const place of [within(root, `[data-row="${row}"]`), part(row)]) {
      on(place, "pointerenter", () => show(row));
      on(place, "pointerleave", () => show(""));
    }
    on(part(row), "focus", () => show(row));
    on(part(row), "blur", () => show(""));
    on(part(row), "click", () => mark(row));
    on(part(row), "keydown", (/** @type {KeyboardEvent} */ event) => event.key === "Escape" && send({ part: "" }));
    within(part(row), "i").style.background = LOOKS[row];
  }
  /** @param {Event} event */
  const pieceAt = ({ target }) =>
    /** @type {HTMLElement | null} */ (/** @type {HTMLElement} */ (target).closest("[data-piece]"))?.dataset.piece ??
    "";
  on(part("chart"), "pointermove", (event) => show(pieceAt(event)));
  on(part("chart"), "pointerleave", () => show(""));
  on(part("chart"), "click", (event) => pieceAt(event) && mark(pieceAt(event)));
  on(part("table"), "toggle", view.schedule);
  for (const name of [...STATE, "pinned", "part"]) model.on(`change:${name}`, view.schedule);
  return view.end;
}

export default { render };
