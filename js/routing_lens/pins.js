// What was pinned to be compared: one card for each, a small picture of the tokens and its numbers.

import { largestFinite } from "../arithmetic/largest.js";
import { KEYS } from "../shared/markup.js";
import { fit } from "../shared/painting.js";
import { same } from "../shared/selection.js";
import { bars } from "./bars.js";
import { told, weightByExpert } from "./numbers.js";
import { markTokens, paintTokens } from "./panels.js";
import { tokensIn } from "./sizes.js";
import { gatesOf, why } from "./why.js";
import { factsOf, names } from "./words.js";

/** @import { View as Mounted } from "../shared/mount.js" */
/** @import { Place } from "../shared/selection.js" */
/** @import { Scene } from "./panels.js" */

export const MOST_PINS = 4;
const CARD_BARS = 44;

/**
 * The pins without this one, or with it at the end.
 *
 * @param {Place[]} pins
 * @param {Place} at
 */
export function toggled(pins, at) {
  const others = pins.filter((pin) => !same(pin, at));
  return others.length < pins.length ? others : [...pins, at];
}

/**
 * Show a card for each pin; `free` is called with the pin whose button was pressed.
 *
 * @param {Mounted<any>} view
 * @param {Scene} scene
 * @param {Place[]} pins
 * @param {(at: Place) => void} free
 */
export function showCards({ part }, scene, pins, free) {
  const cards = part("cards");
  part("compare").hidden = !pins.length;
  part("compare-title").textContent =
    `Compared: ${pins.length} of ${MOST_PINS} selections (${told(scene.view)}, areas relative within each picture)`;
  const held = cards.contains(document.activeElement);
  while (cards.children.length > pins.length) cards.lastElementChild?.remove();
  // Whoever removed the last card by keyboard goes on at the one before, or at the tokens.
  if (held && !cards.contains(document.activeElement)) {
    const before = /** @type {HTMLElement | null | undefined} */ (cards.lastElementChild?.lastElementChild);
    (before ?? part("tokens")).focus();
  }
  while (cards.children.length < pins.length) cards.append(newCard());
  pins.forEach((at, i) => {
    const label = names(scene.it, at);
    const { canvas, title, facts, button } = partsOf(cards.children[i]);
    title.textContent = label;
    facts.replaceChildren(
      ...[...factsOf(scene.it, at, scene.view), why(scene.it, at)].filter(Boolean).map((fact) => {
        const line = document.createElement("li");
        line.textContent = fact;
        return line;
      }),
    );
    button.setAttribute("aria-label", `Remove ${label}`);
    button.onclick = () => free(at);
    canvas.setAttribute("aria-label", `What ${label} sees`);
    paintCard(canvas, scene, at);
  });
}

function newCard() {
  const card = document.createElement("div");
  card.className = "routing-lens-card";
  card.innerHTML = `<canvas role="img"></canvas><div class="routing-lens-title"></div><ul></ul>
    <button type="button" data-part="free" ${KEYS}>Remove</button>`;
  return card;
}

/** @param {Element} card */
function partsOf(card) {
  const [canvas, title, facts, button] = card.children;
  return {
    canvas: /** @type {HTMLCanvasElement} */ (canvas),
    title,
    facts,
    button: /** @type {HTMLButtonElement} */ (button),
  };
}

/**
 * The tokens as on the large picture, and below them the gates or weights of a pinned token by expert.
 *
 * @param {HTMLCanvasElement} canvas
 * @param {Scene} scene
 * @param {Place} at
 */
function paintCard(canvas, { it, view, ink, picture }, at) {
  const width = canvas.clientWidth;
  if (width < 20) return;
  const tokens = tokensIn(it, picture, width);
  const below = at.token < 0 ? 0 : CARD_BARS;
  const scene = { it, view: told(view), ink, picture, moves: new Map(), boxes: { tokens } };
  const ctx = fit(canvas, width, tokens.h + below);
  paintTokens(ctx, scene);
  markTokens(ctx, scene, at);
  if (at.token < 0) return;
  const own = weightByExpert(it, told(view), at.token);
  const gates = gatesOf(it, at.token);
  const pale = gates ? (/** @type {number} */ e) => own[e] === 0 : undefined;
  const each = gates ?? own;
  const map = { x: 0, de: width / it.experts };
  bars(ctx, map, each, largestFinite(each, 1e-9), tokens.h + below - 1, below - 18, ink, { pale, numbers: true });
}
