// The elements of a lens.

import { ARROWS, keyHints } from "../shared/keys.js";
import { KEYS, canvases } from "../shared/markup.js";
import { shadings } from "../shared/shading.js";
import { term } from "../shared/terms.js";

/** @import { View } from "./numbers.js" */

/** @type {View[]} */
export const VIEWS = ["logits", "dispatch", "combine", "output"];
/** Words that explain themselves; those of choices are left out where a router mixes. */
const TERMS = ["token", "slot", "expert", "logit", "dispatch", "combine", "load", "capacity", "gate", "dropped"];
export const OF_CHOICES = ["capacity", "gate", "dropped"];
const HINT = "arrow keys move, Enter pins, Shift+Enter compares, Escape unpins";
/** @type {(name: string, label: string) => string} */
const panel = (name, label) => `<div class="routing-lens-panel" data-panel="${name}">
  ${canvases(name, `${label}: ${HINT}`)}</div>`;
/** @param {string} name */
const range = (name) => `<input type="range" min="0" step="1" data-part="${name}" ${KEYS}>`;
/** @type {(names: string[], label: (name: string) => string) => string} */
const radios = (names, label) =>
  names
    .map((name) => `<label><input type="radio" value="${name}" data-part="${name}" ${KEYS}>${label(name)}</label>`)
    .join("");
/** @type {(name: string, label: string) => string} */
const push = (name, label) => `<button type="button" data-part="${name}" ${KEYS}>${label}</button>`;
export const PAGE = `
<div class="routing-lens-controls">
  <label>Router <select data-part="router" ${KEYS}></select></label>
  <label>Layer <select data-part="layer" ${KEYS}></select></label>
  <span data-part="only"></span>
  <label><span data-part="kind"></span> ${range("image_index")}<span data-part="image"></span></label>
  <fieldset><legend>Map</legend>${radios(VIEWS, (view) => view)}</fieldset>
  <span class="routing-lens-replay" data-part="replay" hidden>${push("play", "")}
    <label>Step ${range("step")}<span data-part="step-text"></span></label>
    <label>Moved since <select data-part="since" ${KEYS}></select></label></span>
  <details data-part="more"><summary ${KEYS}>More</summary>
    ${shadings}</details>
</div>
<p class="routing-lens-warning" data-part="warning" hidden></p>
<p class="routing-lens-remedy" data-part="remedy" hidden></p>
<div class="routing-lens-panels">
  <div class="routing-lens-tokens"><div class="routing-lens-title" data-part="tokens-title"></div>
    ${panel("tokens", "Tokens")}
    <div class="routing-lens-ramp"><span data-part="least"></span><span class="routing-lens-scale"><i></i><span
      data-part="middle"></span></span><span data-part="most"></span></div>
    <p data-part="shading"></p>
    <p data-part="caption"></p>
    <div data-part="magnified" hidden><div class="routing-lens-title">Magnifier</div>
      ${panel("magnifier", "Magnified weights")}</div></div>
  <div class="routing-lens-map"><div class="routing-lens-title" data-part="map-title"></div>
    ${panel("map", "Weights of tokens by slots")}
    ${panel("experts", "Load of the experts")}
    <p data-part="load-note"></p></div>
  <div class="routing-lens-status"><span role="status" aria-live="polite"></span>
    <span data-part="why" aria-live="polite"></span>
    <span data-part="pin" aria-live="polite"></span></div>
</div>
<div class="routing-lens-actions">${push("hold", "Pin")}${push("beside", "Compare")}${push("clear", "Clear comparison")}
  ${keyHints({ [ARROWS]: "move", Enter: "pin", "Shift Enter": "compare", Esc: "free" }, "Tap what you want to pin.")}</div>
<p class="routing-lens-terms">Words: ${TERMS.map((name) => `<span>${term(name)}</span>`).join(" ")}</p>
<div class="routing-lens-chart" data-part="chart" hidden>
  <p data-part="moves"></p>
  <details data-part="moved"><summary ${KEYS}>Who moved where</summary><ul data-part="moves-list"></ul></details>
  <div class="routing-lens-panel"><canvas data-part="progress" role="img"
    aria-label="Share of correct answers and of dropped tokens over training steps, both from 0 to 1"></canvas></div>
  <p data-part="progress-note"></p>
</div>
<div class="routing-lens-compare" data-part="compare" hidden>
  <div class="routing-lens-title" data-part="compare-title"></div><div data-part="cards"></div></div>`;
