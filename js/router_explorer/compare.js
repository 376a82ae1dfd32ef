// Below the panels of a RouterExplorer: the numbers with what was pinned, all routers side by side, and batch mates.

import { ROUTERS, largestOfRows } from "../arithmetic/routing.js";
import { KEYS } from "../shared/markup.js";
import { many, percent } from "../shared/numbers.js";
import { fit, paintWeights } from "../shared/painting.js";
import { term } from "../shared/terms.js";
import { SETTINGS, answersChanged, changesBetween, explore, fatesOf, listensTo, mapOf } from "./state.js";
import { figuresOf, four, nounOf } from "./sums.js";

/** @import { Batch, Explored, Refused, Settings } from "./state.js" */

/**
 * How far each router moves the model's output, as Python measured it under the settings `of`.
 *
 * @typedef {object} Outputs
 * @property {Settings} of
 * @property {number[]} own Classes of the images.
 * @property {Record<string, Moved | { error: string }>} routers
 */

/** @typedef {{ error?: undefined, change: number[], classes: number[] }} Moved */

/** @param {string} text */
const cell = (text) => {
  const element = document.createElement("td");
  element.textContent = text;
  return element;
};

/** @param {string} text */
const heading = (text) => {
  const element = document.createElement("th");
  element.textContent = text;
  element.scope = "row";
  return element;
};

/**
 * What a pin compares with, in words: the settings that differ from those in use.
 *
 * @param {Settings} now
 * @param {Settings} was
 */
export function differenceOf(now, was) {
  const words = SETTINGS.filter((name) => now[name] !== was[name]).map((name) => `${name} ${was[name] ?? "none"}`);
  return words.length ? words.join(", ") : "the same settings";
}

/**
 * Shares differ by percentage points; other numbers are so many times what they were.
 *
 * @param {string} name
 * @param {number} value
 * @param {number} was
 */
function changeOf(name, value, was) {
  if (value === was) return "=";
  if (name.startsWith("Dropped")) return `${value > was ? "+" : ""}${(100 * (value - was)).toFixed(1)} points`;
  return was ? `× ${(value / was).toFixed(2)}` : "from none";
}

/**
 * The table of numbers: now, and where something is pinned, before and change.
 *
 * @param {HTMLElement} body
 * @param {Explored} it
 * @param {Explored | Refused | null} before
 */
export function fillFigures(body, it, before) {
  const old = before && before.error === undefined ? figuresOf(before) : [];
  const rows = figuresOf(it).map(([name, value, text]) => {
    const was = old.find((each) => each[0] === name);
    return before ? [name, text, was ? was[2] : "none", was ? changeOf(name, value, was[1]) : ""] : [name, text];
  });
  if (before && before.error === undefined) {
    const { tokens, most } = changesBetween(it, before);
    const told = tokens ? `${tokens} of ${it.rows}, by up to ${four(most)}` : "none";
    rows.push([`Tokens of this ${nounOf(it)} routed differently`, "", "", told]);
  }
  // The same rows are written again, so that a term in their heading keeps its focus.
  const key = rows.map(([name, ...cells]) => `${name} ${cells.length}`).join();
  if (body.dataset.rows !== key) {
    body.replaceChildren(...rows.map(([name, ...cells]) => lineOf(name, cells.length)));
    body.dataset.rows = key;
  }
  rows.forEach(([, ...cells], i) =>
    cells.forEach((text, c) => {
      const shown = body.children[i].children[c + 1];
      if (shown.textContent !== text) shown.textContent = text;
    }),
  );
}

/** Words in the name of a number that explain themselves. */
const TERMS = /** @type {const} */ ({ MACs: "MACs", Load: "load", Dropped: "dropped" });

/**
 * A row of the table of numbers, as yet without them.
 *
 * @param {string} name
 * @param {number} cells
 */
function lineOf(name, cells) {
  const line = document.createElement("tr");
  const head = heading(name);
  for (const [word, about] of Object.entries(TERMS))
    if (name.startsWith(word)) head.innerHTML = name.replace(word, term(about, word));
  line.append(head, ...Array.from({ length: cells }, () => cell("")));
  return line;
}

/**
 * Whether settings differ in the router at most; all routers are computed at once.
 *
 * @param {Partial<Settings>} one
 * @param {Settings} other
 */
export const besideRouter = (one, other) => SETTINGS.every((name) => name === "router" || one[name] === other[name]);

/**
 * Whether outputs under some settings are a router's outputs under others too: it reads none of those that differ.
 *
 * @param {Settings} of
 * @param {string} router
 * @param {Settings} settings
 */
function answers(of, router, settings) {
  const reads = listensTo(router);
  const still = (/** @type {Settings} */ { noise }) => noise === 0;
  return SETTINGS.every(
    (name) =>
      of[name] === settings[name] ||
      name === "router" ||
      reads[name] === false ||
      (name === "seed" && still(of) && still(settings)),
  );
}

/**
 * What is not known of the model's output under these settings, said once for all routers; "" where all of it is.
 *
 * @param {Outputs | {}} outputs
 * @param {Settings} settings
 * @param {boolean} alone Whether there is no Python to ask, as in a saved page.
 */
export function missingTold(outputs, settings, alone) {
  if (!("routers" in outputs)) return "";
  const missing = ROUTERS.filter((router) => !answers(outputs.of, router, settings));
  if (!missing.length) return "";
  const whose = missing.length === ROUTERS.length ? "the routers" : missing.join(", ");
  if (!alone) return `How far ${whose} move the model's output: waiting for Python.`;
  return (
    `How far ${whose} move the model's output takes Python to compute, which a saved page has not. ` +
    `It was saved with numbers for: ${differenceOf({ ...settings, router: outputs.of.router }, outputs.of)}.`
  );
}

/**
 * How far a router moves the model's output for an image, in words; `outputs` may be of other settings, or none.
 *
 * @param {Outputs | {}} outputs
 * @param {string} router
 * @param {Settings} settings
 * @param {number} image
 */
function movedBy(outputs, router, settings, image) {
  if (!("routers" in outputs)) return "";
  if (!answers(outputs.of, router, settings)) return "";
  const found = outputs.routers[router];
  if (found.error !== undefined) return `; model's output: ${found.error}`;
  const { change, classes } = found;
  const [was, now] = [outputs.own, classes].map((all) => all[image]);
  const answer = was === undefined ? "" : was === now ? `, still class ${now}` : `, class ${now} instead of ${was}`;
  return `; model's output: ${change[image] < 1e-5 ? "unchanged" : `moved by ${percent(change[image])}`}${answer}`;
}

/**
 * The same image through every router, as small maps of dispatch with its numbers.
 *
 * @param {HTMLElement} holder
 * @param {Batch} batch
 * @param {Settings} settings
 * @param {number} image
 * @param {Outputs | {}} outputs
 * @param {(router: string) => void} choose
 */
export function fillGallery(holder, batch, settings, image, outputs, choose) {
  const all = ROUTERS.map((router) => explore(batch, { ...settings, router }, image));
  // One scale for all soft weights, so that an even mix looks even and a sharp one sharp.
  const soft = all.flatMap((it) =>
    it.error !== undefined || it.sparse ? [] : [largestOfRows(it.dispatch, it.dispatch.length)[0]],
  );
  ROUTERS.forEach((router, i) => {
    const it = all[i];
    const card = holder.children[i] ?? newCard(holder, router, choose);
    const [button, drawing, text] = card.children;
    const canvas = /** @type {HTMLCanvasElement} */ (drawing);
    button.setAttribute("aria-pressed", String(router === settings.router));
    canvas.hidden = it.error !== undefined;
    if (it.error !== undefined) {
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
    fates.forEach((dropped, t) => dropped && ctx.fillRect(0, t * dy, width, dy));
    const [dropped, ...rest] = figuresOf(it);
    const load = it.loads.mostOverMean.toFixed(2);
    const [experts, routing] = rest.slice(-2).map(([, , told]) => told);
    text.textContent =
      `dropped ${percent(dropped[1])}; load ${load}; MACs: experts ${experts}, routing ${routing}` +
      movedBy(outputs, router, settings, image);
    const slots = `${many(it.e, "expert")} x ${many(it.p, "slot")}`;
    const shown = `Dispatch of ${router}: ${many(it.rows, "token")} by ${slots}`;
    canvas.setAttribute("aria-label", `${shown}, ${text.textContent}`);
  });
}

/**
 * @param {HTMLElement} holder
 * @param {string} router
 * @param {(router: string) => void} choose
 */
function newCard(holder, router, choose) {
  const card = document.createElement("div");
  card.innerHTML = `<button type="button" data-choose="${router}" ${KEYS}>${router}</button>
    <canvas role="img"></canvas><p></p>`;
  card.children[0].addEventListener("click", () => choose(router));
  holder.append(card);
  return card;
}

/**
 * The image's share of what its group's slots hold.
 *
 * @param {Explored} it
 */
function shareOf({ loads: { token }, first, rows }) {
  const whole = token.reduce((a, x) => a + x, 0);
  return token.subarray(first, first + rows).reduce((a, x) => a + x, 0) / (whole || 1);
}

/**
 * For every router and both kinds of group: how many of this image's tokens are answered otherwise beside others.
 *
 * @param {HTMLElement} body
 * @param {Batch} batch
 * @param {Settings} settings
 * @param {number} image
 * @param {number[]} members
 */
export function fillMates(body, batch, settings, image, members) {
  const rows = ROUTERS.map((router) => {
    const line = document.createElement("tr");
    const head = heading(router);
    line.append(head);
    for (const group of ["one image", "whole batch"]) {
      const own = { ...settings, router, group };
      const before = explore(batch, own, image);
      const after = explore(batch, own, image, members);
      if (before.error !== undefined || after.error !== undefined) {
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
