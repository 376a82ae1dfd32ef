// Markup that widgets share. Each element that takes focus keeps its keys from the notebook by an attribute of its own.

export const KEYS = 'data-lm-suppress-shortcuts="true"';

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
 * One number: a slider over round values, and a box for any value.
 *
 * @param {string} name
 * @param {string} label
 */
export const knob = (name, label) => `<div class="explorer-knob"><span>${label}</span>
  <input type="range" min="0" step="1" data-part="${name}" aria-label="${label}" ${KEYS}>
  <input type="number" data-part="${name}-number" aria-label="${label}, typed" ${KEYS}></div>`;

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
