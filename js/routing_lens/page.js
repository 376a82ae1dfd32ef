// The elements of a lens.

import { KEYS, canvases } from "../shared/markup.js";

/** @import { View } from "./numbers.js" */

/** @type {View[]} */
export const VIEWS = ["logits", "dispatch", "combine", "output"];
const HINT = "arrow keys move, Enter pins, Shift+Enter compares, Escape unpins";
/** @type {(name: string, label: string) => string} */
const panel = (name, label) => `<div class="routing-lens-panel" data-panel="${name}">
  ${canvases(name, `${label}: ${HINT}`)}</div>`;
/** @param {string} name */
const range = (name) => `<input type="range" min="0" step="1" data-part="${name}" ${KEYS}>`;
export const PAGE = `
<div class="routing-lens-controls">
  <label>Router <select data-part="router" ${KEYS}></select></label>
  <label>Layer <select data-part="layer" ${KEYS}></select></label>
  <label><span data-part="kind"></span> ${range("image_index")}<span data-part="image"></span></label>
  <fieldset><legend>Map</legend>${VIEWS.map(
    (view) => `<label><input type="radio" value="${view}"
    data-part="${view}" ${KEYS}>${view}</label>`,
  ).join("")}</fieldset>
</div>
<div class="routing-lens-replay" data-part="replay" hidden>
  <div class="routing-lens-controls"><button type="button" data-part="play" ${KEYS}></button>
    <label>Step ${range("step")}<span data-part="step-text"></span></label></div>
  <div class="routing-lens-panel"><canvas data-part="progress" role="img"
    aria-label="Share of correct answers and of dropped tokens over training steps, both from 0 to 1"></canvas></div>
  <p data-part="progress-note"></p>
</div>
<p class="routing-lens-warning" data-part="warning" hidden></p>
<div class="routing-lens-panels">
  <div class="routing-lens-tokens"><div class="routing-lens-title" data-part="tokens-title"></div>
    ${panel("tokens", "Tokens")}
    <div class="routing-lens-ramp"><span data-part="least"></span><i></i><span data-part="most"></span></div>
    <p data-part="caption"></p></div>
  <div class="routing-lens-map"><div class="routing-lens-title" data-part="map-title"></div>
    ${panel("map", "Weights of tokens by slots")}
    ${panel("experts", "Load of the experts")}
    <p data-part="load-note"></p></div>
  <p class="routing-lens-status"><span role="status" aria-live="polite"></span>
    <span data-part="pin" aria-live="polite"></span></p>
</div>
<div class="routing-lens-compare" data-part="compare" hidden>
  <div class="routing-lens-title" data-part="compare-title"></div><div data-part="cards"></div></div>`;
