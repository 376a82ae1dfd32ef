// The page of a RoutingFlow: its player, the stage, the knobs, the story as text, and what can be taken away.

import { PRIORITIES } from "../arithmetic/routing.js";
import { KEYS, STATUS, knob } from "../shared/markup.js";
import { doubling, evenly } from "../shared/stops.js";
import { term } from "../shared/terms.js";
import { LOOP } from "./timeline.js";

/** @import { Knob } from "../shared/knobs.js" */

/**
 * @param {number} least
 * @param {number} most
 */
const counts = (least, most) => (most - least < 32 ? evenly(least, most, 1) : doubling(least, most));

/** @type {Record<string, Knob>} */
export const KNOBS = {
  capacity_factor: ["Capacity factor", () => [0.25, 0.5, 0.75, 1, 1.25, 1.5, 1.75, 2]],
  scale: ["Scale (1 / temperature)", () => [0, 0.1, 0.2, 0.35, 0.5, 0.75, 1, 1.5, 2, 3, 5, 8, 12, 20]],
  slots_per_expert: ["Slots per expert", counts],
  top_k: ["Choices (top_k)", counts],
  image_index: ["Image", counts],
};

/** What the picture says in plain words, in those of the field. */
const LEGEND = `<p class="routing-flow-legend" data-part="legend">In the words of the field:
  the weight of a token for an expert is its ${term("gate")}; what each slot takes is the sum of its ${term("dispatch")} weights; what each
  token gets back is the sum of its ${term("combine")} weights; what comes back unchanged was ${term("dropped")} and has only its
  ${term("residual")}. More: ${["token", "slot", "expert", "score", "softmax", "empty slot"].map((name) => term(name)).join(" ")}</p>`;

/** The knobs whose names explain themselves. @type {Record<string, string>} */
const TERMS = { capacity_factor: "capacity factor", scale: "scale", slots_per_expert: "capacity", top_k: "top_k" };

/**
 * @param {string} name
 * @param {string} label
 * @param {string} [more]
 */
const button = (name, label, more = "") =>
  `<button type="button" data-part="${name}" ${KEYS} ${more}>${label}</button>`;

export const PAGE = `
<div class="routing-flow-player explorer-actions">
  ${button("play", "Play")}
  <input type="range" min="0" max="${LOOP}" step="0.05" data-part="t" aria-label="Time, in six chapters: the arrow keys
    go from chapter to chapter" ${KEYS}>
  <span data-part="clock"></span>
  <span class="routing-flow-token" role="group" aria-label="The token that is followed">${button("before", "‹", 'aria-label="Token before"')}
  <span data-part="who"></span>${button("after", "›", 'aria-label="Next token"')}</span>
</div>
<div class="routing-flow-tabs" role="tablist" aria-label="Router" data-part="tabs" hidden></div>
<div class="routing-flow-stage"><canvas data-part="stage" tabindex="0" ${KEYS} role="application"></canvas></div>
${STATUS}
${LEGEND}
<div class="explorer-controls routing-flow-knobs">
  ${Object.keys(KNOBS)
    .map((name) => `<div data-part="${name}-knob">${knob(name, KNOBS[name][0], TERMS[name])}</div>`)
    .join("")}
  <label data-part="priority-knob">Served first <select data-part="priority" ${KEYS}>${PRIORITIES.map(
    (each) => `<option>${each}</option>`,
  ).join("")}</select></label>
</div>
<div class="routing-flow-share explorer-actions">
  ${button("webm", "Film of one loop (WebM)")}<span data-part="shared" aria-live="polite"></span>
</div>
<details data-part="told"><summary ${KEYS}>The same story as text</summary><ol data-part="story"></ol></details>
<p data-part="hint">Point at a patch to light its path. Arrow keys: left and right go from chapter to chapter, up and
down from token to token; Enter keeps a token, Escape lets it go.</p>`;
