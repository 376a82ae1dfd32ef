// The page of a RouterExplorer: its controls, steps, panels and tables.

import { GATINGS, PRIORITIES, ROUTERS } from "../arithmetic/routing.js";
import { ARROWS, keyHints } from "../shared/keys.js";
import { KEYS, STATUS, button, canvases, knob, list } from "../shared/markup.js";
import { shadings } from "../shared/shading.js";
import { doubling, evenly } from "../shared/stops.js";
import { STEPS } from "./state.js";

/** @import { Knob } from "../shared/knobs.js" */

/** @typedef {"router" | "group" | "priority" | "gating"} List */

/** @type {Record<List, string[]>} */
export const LISTS = {
  router: ROUTERS,
  group: ["one image", "whole batch"],
  priority: PRIORITIES,
  gating: GATINGS,
};
/**
 * @param {number} least
 * @param {number} most
 */
const counts = (least, most) => (most - least < 32 ? evenly(least, most, 1) : doubling(least, most));
/** @type {Record<string, Knob>} */
export const KNOBS = {
  image_index: ["Image", counts],
  num_experts: ["Experts", counts],
  slots_per_expert: ["Slots per expert", counts],
  capacity_factor: ["Capacity factor", () => [0.25, 0.5, 0.75, 1, 1.25, 1.5, 2, 3, 4, null]],
  top_k: ["Choices", counts],
  scale: ["Scale", () => [0, 0.1, 0.2, 0.5, 1, 2, 3, 5, 8, 12, 20, 50]],
  noise: ["Noise", () => [0, 0.1, 0.2, 0.5, 1, 2, 3, 5, 10]],
  seed: ["Noise seed", () => evenly(0, 20, 1)],
};
/**
 * @param {string} name
 * @param {string} [about]
 */
const number = (name, about) => knob(name, KNOBS[name][0], about);
/**
 * @param {string} name
 * @param {string} label
 */
const panel = (name, label) => `<div class="explorer-panel" data-panel="${name}">${canvases(name, label)}</div>`;
const MOVES = "arrow keys move, Enter pins, Escape unpins";

/** Controls that stay in sight where the router reads them; the others that it reads stand under "More". */
const FIRST = `${number("image_index")}${number("num_experts", "expert")}${number("scale", "scale")}
  ${number("slots_per_expert", "slot")}${number("capacity_factor", "capacity factor")}${number("top_k", "top_k")}
  ${list("priority", "Served first", "priority")}`;

export const PAGE = `
<div class="router-explorer-top">${list("router", "Router")}
<fieldset class="router-explorer-steps"><legend>Step</legend>${STEPS.map(
  (step, i) => `<label><input type="radio"
  value="${step}" data-part="${step}" ${KEYS}><span>${i + 1} ${step}</span></label>`,
).join("")}</fieldset></div>
<details class="router-explorer-controls" data-part="controls"><summary ${KEYS}>Controls</summary>
<div class="explorer-controls">${FIRST}
<details class="router-explorer-more" data-part="more"><summary ${KEYS}>More</summary><div class="explorer-controls">
  ${list("group", "Tokens compete in", "group")}${list("gating", "Gating", "gating")}
  ${number("noise", "noise")}${number("seed", "seed")}${shadings}</div></details></div></details>
<p data-part="sampled" hidden></p>
<p data-part="further" hidden></p>
<div class="router-explorer-card explorer-actions" data-part="card"><p data-part="words"></p>
  <div data-part="equation"></div><code data-part="code"></code>
  <span class="router-explorer-formula">${button("formula", "Equation and code")}</span></div>
<div class="router-explorer-serve explorer-actions" data-part="serving" role="group"
  aria-label="Serve the choices one by one">
  ${button("none", "Serve none")}${button("previous", "Previous")}${button("next", "Next choice")}
  ${button("away", "Next turned away")}${button("play", "Play")}${button("all", "Serve all")}
  <input type="range" min="0" step="1" data-part="served" aria-label="Choices served" ${KEYS}>
  <span data-part="count"></span></div>
<div class="explorer-panels" data-part="panels">
  <div class="router-explorer-tokens"><div class="router-explorer-image" data-part="seen">
    <div class="explorer-title" data-part="tokens-title"></div>
    ${panel("tokens", `Tokens of the image: ${MOVES}`)}
    <p data-part="caption"></p></div>
    <div class="router-explorer-told" data-part="told" role="group" aria-label="What is selected" ${KEYS}>${STATUS}
    <div class="explorer-actions">${button("free", "Unpin")}</div>
    ${keyHints({ [ARROWS]: "move", Enter: "pin", Esc: "unpin" }, "Tap to pin, tap again to unpin.")}</div>
    <div class="router-explorer-magnified" data-part="magnified" hidden>
      <div class="explorer-title" data-part="magnified-title"></div>
      ${panel("magnifier", `Magnified weights: ${MOVES}`)}</div></div>
  <div class="router-explorer-map" data-part="drawn"><div class="router-explorer-ramp">
    <span class="explorer-title" data-part="map-title"></span>
    <span class="router-explorer-scale" data-part="ramp"><span data-part="least"></span><span><i></i><span
      data-part="middle"></span></span><span data-part="most"></span></span>
  </div>
    ${panel("map", `Tokens by experts or slots: ${MOVES}`)}<p data-part="sums-note"></p>
    <p data-part="shading" hidden></p>
    ${panel("experts", `Load of the experts: ${MOVES}`)}
    <p data-part="load-note"></p></div>
</div>
<div class="router-explorer-figures" data-part="numbers"><table><thead><tr><td></td>
  <th scope="col" data-part="now">now</th>
  <th scope="col" data-part="was">before</th><th scope="col" data-part="change">change</th></tr></thead>
  <tbody data-part="figures"></tbody></table>
  <div class="explorer-actions">${button("keep", "Pin as before")}${button("forget", "Forget the pin")}
  <p data-part="pinned"></p></div></div>
<details data-part="side"><summary ${KEYS}>Side by side: this example through every router</summary>
  <p>Dispatch, tokens down and slots across, with the settings above; dropped tokens are pale rows. Soft weights share
  one scale. A button selects its router.</p>
  <p data-part="missing" aria-live="polite" hidden></p>
  <div class="router-explorer-gallery" data-part="gallery" data-picture="yes"></div></details>
<details data-part="batch"><summary ${KEYS}>Batch mates: does this example's answer depend on the others?</summary>
  <p>Where the whole batch competes, other images take slots, or mix into them. Where each image competes alone, they
  cannot.</p><div class="explorer-actions">${button("shuffle", "Shuffle the other images")}
  ${button("swap", "Swap in other images")}</div><p data-part="mates" aria-live="polite"></p>
  <table data-part="mates-table" hidden><thead><tr><th scope="col">router</th><th scope="col">one image competes</th>
  <th scope="col">the whole batch competes</th></tr></thead><tbody data-part="mates-rows"></tbody></table></details>`;
