// Knobs that follow a trait: a slider over round values, and a box for any value.

import { brief } from "./numbers.js";

/** @import { View } from "./mount.js" */

/**
 * A number's bounds, as Python sends them: least, most, whether it is whole, whether it may be none.
 *
 * @typedef {[least: number, most: number, whole: boolean, none: boolean]} Limits
 */

/**
 * The title of a knob, and its stops between two bounds; null stands for none.
 *
 * @typedef {[label: string, stops: (least: number, most: number) => (number | null)[]]} Knob
 */

/**
 * The stops of each knob within its bounds.
 *
 * @param {Record<string, Knob>} knobs
 * @param {Record<string, Limits>} limits
 */
export const stopsOf = (knobs, limits) =>
  Object.fromEntries(Object.entries(knobs).map(([name, [, make]]) => [name, make(limits[name][0], limits[name][1])]));

/**
 * Bind knobs to their traits: return what brings them in step with the traits.
 *
 * @param {View<any>} view
 * @param {Record<string, (number | null)[]>} stopsByName
 * @param {(values: Record<string, any>) => Record<string, any>} [also] Adds what else must change.
 */
export function bindKnobs(view, stopsByName, also = (values) => values) {
  const { model, input, on, send } = view;
  /** @type {Record<string, Limits>} */
  const limits = model.get("_limits");
  /** @type {Record<string, number | null>} */
  const shown = {};
  for (const [name, stops] of Object.entries(stopsByName)) {
    const slider = input(name);
    const box = input(`${name}-number`);
    const [least, most, whole, none] = limits[name];
    slider.max = String(stops.length - 1);
    Object.assign(box, { min: least, max: most, step: whole ? 1 : "any", placeholder: none ? "none" : "" });
    on(slider, "input", () => send(also({ [name]: stops[Number(slider.value)] })));
    on(box, "change", () => {
      if (none && box.value === "" && !box.validity.badInput) return send(also({ [name]: null }));
      const value = box.value.trim() === "" ? NaN : Number(box.value);
      const fits = value >= least && value <= most && (!whole || Number.isInteger(value));
      if (fits) return send(also({ [name]: value }));
      const kind = whole ? "a whole number" : "a number";
      const label = slider.getAttribute("aria-label");
      if (view.refused?.name !== name) view.settle();
      view.refused = { name, restore: () => delete shown[name] };
      refuse(
        `${label} must be ${kind} from ${brief(least)} to ${brief(most)}, got ${box.value || "nothing"}.`,
        box,
        view.part(`${name}-refusal`),
      );
      view.schedule();
    });
  }
  return () => {
    for (const [name, stops] of Object.entries(stopsByName)) {
      /** @type {number | null} */
      const value = model.get(name);
      const slider = input(name);
      const box = input(`${name}-number`);
      if (shown[name] === value) continue;
      const far = stops.map((stop) => (stop === null || value === null ? Infinity : Math.abs(stop - value)));
      slider.value = String(value === null ? stops.indexOf(null) : far.indexOf(Math.min(...far)));
      slider.setAttribute("aria-valuetext", value === null ? "none" : brief(value));
      box.value = value && value < 1e-3 ? value.toExponential() : String(value ?? "");
      accept(box, view.part(`${name}-refusal`));
      shown[name] = value;
    }
  };
}

/**
 * Write below a box why its number was refused.
 *
 * @param {string} sentence
 * @param {HTMLInputElement} box
 * @param {HTMLElement} below
 */
function refuse(sentence, box, below) {
  below.id ||= `refusal-${Math.random().toString(36).slice(2)}`; // among all widgets of a page
  below.textContent = sentence;
  below.hidden = false;
  box.setAttribute("aria-invalid", "true");
  box.setAttribute("aria-describedby", below.id);
}

/**
 * @param {HTMLInputElement} box
 * @param {HTMLElement} below
 */
function accept(box, below) {
  below.textContent = "";
  below.hidden = true;
  box.setAttribute("aria-invalid", "false");
  box.removeAttribute("aria-describedby");
}
