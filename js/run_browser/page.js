// The markup of the run browser.

import { ACROSS, ARROWS, KEYS, keyHints } from "../shared/keys.js";
import { button, canvases, list } from "../shared/markup.js";
import { term } from "../shared/terms.js";

const WALK = { Enter: "pin", Esc: "unpin" };

/** The lists below the picture, by the trait that each sets, with its label and the term that it opens. */
export const LISTS = /** @type {const} */ ({
  figure: ["Figure", undefined],
  x: ["Over", undefined],
  lines: ["One line per", undefined],
  where: ["Where", undefined],
  runs: ["Runs", "tuning"],
  first: ["Compare", undefined],
  second: ["with", undefined],
});

const STATUS = `<p class="explorer-status"><span role="status" aria-live="polite"></span>
  <span class="explorer-actions" data-part="pin" hidden>${button("previous", "Previous seed")}
  ${button("next", "Next seed")} ${button("free", "Unpin")}</span></p>`;

const lists = (/** @type {(keyof typeof LISTS)[]} */ names) =>
  `<div class="explorer-controls">${names.map((name) => list(name, LISTS[name][0], LISTS[name][1])).join("")}</div>`;

export const PAGE = `
<div class="run-browser-whole">
  <section class="run-browser-claims" aria-label="Claims">
    <div class="explorer-title">Claims</div>
    <div role="radiogroup" aria-label="Claims with their verdicts: arrow keys choose" data-part="claims"></div>
  </section>
  <section class="run-browser-views" aria-label="Runs">
    <div class="explorer-title" data-part="title"></div>
    <div class="run-browser-models" role="group" aria-label="Models: press one to mark it" data-part="models"></div>
    <div class="explorer-panel" data-panel="chart">${canvases("chart", "Runs: arrow keys move, Enter pins, Escape unpins")}</div>
    ${keyHints({ [ARROWS]: "move", ...WALK }, "Tap a mark or a name to pin it.")}
    ${STATUS}
    ${lists(["figure", "where", "x", "lines", "runs"])}
    <p data-part="caption"></p>
    <div class="run-browser-pairs" data-part="compared">
      <div class="explorer-title" data-part="pairs-title"></div>
      <div class="explorer-panel" data-panel="pairs">${canvases(
        "pairs",
        "Differences by seed: left and right arrow keys move, Enter pins, Escape unpins",
      )}</div>
      ${keyHints({ [ACROSS]: "from seed to seed", ...WALK }, "Tap a seed to pin it.")}
      <p data-part="pairs-words"></p>
      ${lists(["first", "second"])}
      <p>${term("sign test", "What a sign test is")}, and ${term("bootstrap interval", "what an interval is")}.</p>
    </div>
    <p data-part="uncompared"></p>
  </section>
  <section class="run-browser-found" aria-label="What was found">
    <div class="explorer-title"><span data-part="verdict"></span></div>
    <p data-part="reason"></p>
    <p data-part="source"></p>
  </section>
</div>
<details data-part="table"><summary ${KEYS}>All numbers</summary>
<div class="run-browser-table" tabindex="0" role="region" aria-label="All numbers"><table>
<thead><tr><th scope="col">model</th><th scope="col" data-part="across"></th><th scope="col">mean</th>
<th scope="col">interval at 95 %</th><th scope="col">runs</th></tr></thead><tbody data-part="rows"></tbody></table></div></details>`;
