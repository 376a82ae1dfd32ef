// CostExplorer in the browser: a table of bars, parts down and quantities across. Every number is computed here.

import { measure, rounded, written } from "../arithmetic/cost.js";
import { bindKnobs, stopsOf } from "../shared/knobs.js";
import { KEYS, STATUS, fillList, knob } from "../shared/markup.js";
import { mount } from "../shared/mount.js";
import { exact, many, percent } from "../shared/numbers.js";
import { decades, doubling, evenly } from "../shared/stops.js";
import { contextOf, expertColour } from "../shared/painting.js";

/** @import { LayerSizes, Measured, Quantity } from "../arithmetic/cost.js" */
/** @import { Knob, Limits } from "../shared/knobs.js" */
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

/** @type {Record<Exclude<keyof LayerSizes, "router">, Knob>} */
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
  const digits = s < 1e4 ? (s / size).toPrecision(4) : exact(Number(s.toPrecision(4)));
  return `${digits}\u00a0${name}`;
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

const PAGE = `
<div class="explorer-controls">
  <label>Router <select data-part="router" ${KEYS}></select></label>
  ${Object.entries(KNOBS)
    .map(([name, [label]]) => knob(name, label))
    .join("")}
</div>
<div class="explorer-actions"><button type="button" data-part="keep" ${KEYS}>Pin this state</button>
  <button type="button" data-part="forget" ${KEYS}>Forget the pin</button></div>
<p data-part="caption"></p>
<table><thead><tr><th scope="col">Part</th>${Object.values(COLUMNS)
  .map(([title]) => `<th scope="col">${title}</th>`)
  .join("")}</tr></thead><tbody>
  ${[...ROWS, "total"]
    .map(
      (row) =>
        `<tr data-row="${row}"><th scope="row">${
          row === "total" ? "total" : `<button type="button" data-part="${row}" ${KEYS}><i></i>${row}</button>`
        }</th>${Object.entries(COLUMNS)
          .map(
            ([column, [title]]) => `<td data-cell="${column}" data-title="${title}">
      <div class="bar"></div><div class="bar was"></div><b></b><small></small></td>`,
          )
          .join("")}</tr>`,
    )
    .join("")}
</tbody></table>
<p>Bars share one scale in each column. Active parameters: those that one token passes through; a mean where tokens differ.
  Bytes: parameters once, and what products read and write. Time: each part takes the longer of computing and moving,
  one after the other; devices share all work evenly and send nothing. M, G, T: 10<sup>6</sup>, 10<sup>9</sup>,
  10<sup>12</sup>, used where a number has no room; point at it or its row for all digits.</p>`;

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
    const number = told(column, here);
    return `${column === "seconds" ? `${number} for ${words}` : `${number} ${words}`}${share}${change}`;
  });
  return `${row || stateOf(state)}: ${facts.join("; ")}${row ? `; bound by ${here.bound}` : ""}.`;
}

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

/**
 * Fill a bar with the pieces of a row, as shares of the most in its column.
 *
 * @param {Element} bar
 * @param {Layer | null} whole
 * @param {Column} column
 * @param {number} most
 * @param {string} row
 */
function fillBar(bar, whole, column, most, row) {
  const parts = (whole?.parts ?? []).filter((each) => row === "total" || each.name === row);
  bar.replaceChildren(
    ...parts.map((each) => {
      const piece = document.createElement("i");
      piece.dataset.piece = each.name;
      piece.style.width = `${most ? (100 * each[column]) / most : 0}%`;
      piece.style.background = LOOKS[each.name];
      return piece;
    }),
  );
}

/**
 * Fill a cell of the table: its bars, its number, and what that was.
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

/** @param {{ model: Model<Traits>, el: HTMLElement }} given */
function render({ model, el }) {
  const page = PAGE + STATUS;
  const view = mount({ model, el }, { name: "explorer cost-explorer", prefix: "explorer", page, draw });
  const { part, input, select, button, root, send, on } = view;
  const stateNow = () => /** @type {LayerSizes} */ (Object.fromEntries(STATE.map((name) => [name, model.get(name)])));
  const follow = bindKnobs(view, stopsOf(KNOBS, model.get("_limits")), (values) =>
    (values.num_experts ?? Infinity) < model.get("top_k") ? { ...values, top_k: values.num_experts } : values,
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

  /**
   * @param {LayerSizes} state
   * @param {Layer | null} was
   */
  function showControls(state, was) {
    const dense = state.router === "dense";
    fillList(select("router"), model.get("_routers"), state.router);
    const off = { num_experts: dense, slots_per_expert: dense, top_k: state.router !== "tokens choice" };
    for (const [name, disabled] of Object.entries(off))
      for (const box of [input(name), input(`${name}-number`)]) box.disabled = disabled;
    button("forget").disabled = !was;
  }

  /** @param {string} row */
  function show(row) {
    hover = row;
    if (row) view.settle(); // its answer, not an older refusal
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
    on(part(row), "keydown", (/** @type {KeyboardEvent} */ event) => event.key === "Escape" && send({ part: "" }));
    within(part(row), "i").style.background = LOOKS[row];
  }
  const total = within(root, '[data-row="total"]');
  on(total, "pointermove", (/** @type {PointerEvent} */ event) =>
    show(/** @type {HTMLElement} */ (event.target).dataset.piece ?? ""),
  );
  on(total, "pointerleave", () => show(""));
  for (const name of [...STATE, "pinned", "part"]) model.on(`change:${name}`, view.schedule);
  return view.end;
}

export default { render };
