// What was pinned to be compared: one card for each, a small picture of the tokens and its numbers.

import { fit } from "../shared/painting.js";
import { largest, told, weightByExpert } from "./numbers.js";
import { OWN_KEYS } from "./page.js";
import { bars, grounds, overlays, tokenBox } from "./panels.js";
import { factsOf, names } from "./words.js";

export const MOST_PINS = 4;
export const CARD_BARS = 44;
export const SELECTION = ["token", "expert", "slot"];
export const same = (a, b) => SELECTION.every((name) => a[name] === b[name]);

/** The pins without this one, or with it at the end. */
export function toggled(pins, at) {
  const others = pins.filter((pin) => !same(pin, at));
  return others.length < pins.length ? others : [...pins, at];
}

/** Show a card for each pin; `free` is called with the pin whose button was pressed. */
export function showCards(root, scene, pins, free) {
  const part = (name) => root.querySelector(`[data-part="${name}"]`);
  const cards = part("cards");
  part("compare").hidden = !pins.length;
  part("compare-title").textContent =
    `Compared: ${pins.length} of ${MOST_PINS} places (${told(scene.view)}, areas relative within each picture)`;
  const held = cards.contains(document.activeElement);
  while (cards.children.length > pins.length) cards.lastChild.remove();
  // Who freed the last card from the keyboard goes on at the one before, or at the tokens.
  if (held && !cards.contains(document.activeElement)) (cards.lastChild?.lastElementChild ?? part("tokens")).focus();
  while (cards.children.length < pins.length) cards.append(newCard());
  pins.forEach((at, i) => {
    const card = cards.children[i];
    const label = names(scene.it, at);
    const [canvas, title, facts, button] = card.children;
    title.textContent = label;
    facts.replaceChildren(
      ...factsOf(scene.it, at, scene.view).map((fact) => {
        const line = document.createElement("li");
        line.textContent = fact;
        return line;
      }),
    );
    button.setAttribute("aria-label", `Free ${label}`);
    button.onclick = () => free(at);
    canvas.setAttribute("aria-label", `What ${label} sees`);
    paintCard(canvas, scene, at);
  });
}

function newCard() {
  const card = document.createElement("div");
  card.className = "routing-lens-card";
  card.innerHTML = `<canvas role="img"></canvas><div class="routing-lens-title"></div><ul></ul>
    <button type="button" data-part="free" ${OWN_KEYS}>Free</button>`;
  return card;
}

/** The tokens as on the large picture, and below them the weights of a pinned token by expert. */
function paintCard(canvas, { it, view, ink, picture }, at) {
  const width = canvas.clientWidth;
  if (width < 20) return;
  const tokens = tokenBox({ it, picture }, width);
  const below = at.token < 0 ? 0 : CARD_BARS;
  const scene = { it, view: told(view), ink, picture, boxes: { tokens } };
  const ctx = fit(canvas, width, tokens.h + below);
  grounds.tokens(ctx, scene);
  overlays.tokens(ctx, scene, at);
  if (at.token < 0) return;
  const each = weightByExpert(it, told(view), at.token);
  bars(ctx, { x: 0, de: width / it.experts }, each, largest(each, 1e-9), tokens.h + below - 1, below - 18, ink);
}
