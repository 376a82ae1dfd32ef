// Markup that widgets share. Each element that takes focus keeps its keys from the notebook by an attribute of its own.

import { KEYS } from "./keys.js";
import { term } from "./terms.js";

export { KEYS };

/** The line that says what is selected, and what a pin holds. */
export const STATUS = `<p class="explorer-status"><span role="status" aria-live="polite"></span>
  <span data-part="pin"></span></p>`;

/**
 * A ground that is painted when what it shows changes, and above it a canvas that follows the pointer.
 *
 * @param {string} name
 * @param {string} label
 */
export const canvases = (name, label) => `<canvas></canvas>
  <canvas data-part="${name}" tabindex="0" ${KEYS} role="application" aria-label="${label}"></canvas>`;

/**
 * One number: a slider over round values, a box for any value, and why a value was refused.
 *
 * @param {string} name
 * @param {string} label
 * @param {string} [about] The term of the glossary that the label opens.
 */
export const knob = (
  name,
  label,
  about,
) => `<div class="explorer-knob"><span>${about ? term(about, label) : label}</span>
  <input type="range" min="0" step="1" data-part="${name}" aria-label="${label}" ${KEYS}>
  <input type="number" data-part="${name}-number" aria-label="${label}, typed" ${KEYS}>
  <p class="explorer-refusal" data-part="${name}-refusal" role="alert" hidden></p></div>`;

/**
 * A list of names.
 *
 * @param {string} name
 * @param {string} label
 * @param {string} [about] The term of the glossary that the label opens.
 */
export const list = (
  name,
  label,
  about,
) => `<div class="explorer-list"><span>${about ? term(about, label) : label}</span>
  <select data-part="${name}" aria-label="${label}" ${KEYS}></select></div>`;

/**
 * A button with words on it.
 *
 * @param {string} name
 * @param {string} label
 */
export const button = (name, label) => `<button type="button" data-part="${name}" ${KEYS}>${label}</button>`;

/**
 * Controls that are seldom needed, folded away until they are asked for.
 *
 * @param {string} controls
 * @param {string} [words]
 */
export const more = (controls, words = "More settings") => `<details class="explorer-more" data-part="more">
  <summary ${KEYS}>${words}</summary><div class="explorer-controls">${controls}</div></details>`;

/**
 * Fill a list once, and select in it.
 *
 * @param {HTMLSelectElement} select
 * @param {readonly string[]} names
 * @param {string} value
 */
export function fillList(select, names, value) {
  if (!select.options.length) select.replaceChildren(...names.map((text) => new Option(text, text)));
  select.value = value;
}
