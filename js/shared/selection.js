// What is selected in the panels of a routing: a token, an expert and a slot of that expert, -1 for none of its kind.

/** @import { Model } from "./mount.js" */

/** @typedef {{ token: number, expert: number, slot: number }} Place */

/** @type {Readonly<Place>} */
export const NOTHING = Object.freeze({ token: -1, expert: -1, slot: -1 });
export const SELECTION = /** @type {(keyof Place)[]} */ (Object.keys(NOTHING));

/** @type {(a: Place, b: Place) => boolean} */
export const same = (a, b) => SELECTION.every((name) => a[name] === b[name]);

/** @type {(at: Place) => boolean} */
export const there = (at) => at.token >= 0 || at.expert >= 0;

/**
 * What the traits pin.
 *
 * @param {Model<any>} model
 * @returns {Place}
 */
export const pinnedIn = (model) => ({
  token: model.get("token"),
  expert: model.get("expert"),
  slot: model.get("slot"),
});

/**
 * A selection without what a routing does not have.
 *
 * @param {Place} at
 * @param {{ hasToken: (token: number) => boolean, experts: number, slots: number }} routing
 * @returns {Place}
 */
export function within({ token, expert, slot }, { hasToken, experts, slots }) {
  const whose = expert < experts ? expert : -1;
  return { token: hasToken(token) ? token : -1, expert: whose, slot: whose >= 0 && slot < slots ? slot : -1 };
}
