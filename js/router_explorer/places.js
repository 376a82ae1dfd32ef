// What a selection in a RouterExplorer stands for: the cells that the status line explains and the map rings.

import { largestAmong } from "../arithmetic/largest.js";
import { STEPS, servingOf } from "./state.js";

/** @import { Place } from "../shared/selection.js" */
/** @import { Explored, RoutingMap, SparseExplored, Step } from "./state.js" */

/** @typedef {{ expert: number, slot: number }} Cell Slot -1: all slots of the expert. */

/** @typedef {{ token: number | null, cells: Cell[], alike: number }} Explained */

/**
 * Steps in which a router reads no score, so that no cell of a token is more to the point than another.
 *
 * @type {Record<string, Step[]>}
 */
const BLIND = { uniform: ["score"], identity: ["score", "normalise"] };

/**
 * Whether a sparse router has selected: from then on a token has to do with its own experts alone.
 *
 * @param {Explored} it
 * @param {Step} step
 */
export const settled = (it, step) => it.sparse && STEPS.indexOf(step) >= 2;

/**
 * The choices of a token of the group that were served, each with its position in the queue.
 *
 * @param {Explored} it
 * @param {number} own
 * @param {Step} step
 * @param {number} served
 */
export function choicesOf(it, own, step, served) {
  const queue = it.arrivals?.[0] ?? [];
  const upTo = step !== "dispatch" || served < 0 ? queue.length : served;
  return queue.slice(0, upTo).filter(({ token }) => token === own);
}

/**
 * The slots that hold a token of the group, as far as choices were served.
 *
 * @param {SparseExplored} it
 * @param {number} own
 * @param {Step} step
 * @param {number} served
 */
function slotsOf(it, own, step, served) {
  const { taken } = servingOf(it, step === "dispatch" ? served : -1);
  /** @type {Cell[]} */
  const found = [];
  it.token.forEach((token, at) => {
    const expert = Math.floor(at / it.p);
    const slot = at % it.p;
    if (token === own && slot < taken[expert]) found.push({ expert, slot });
  });
  return found;
}

/**
 * What a selection stands for: {token, cells, alike}. `token` counts from the image's first row, and is null where there is
 * none; a cell is {expert, slot}, slot -1 for all slots of the expert. A token as a whole stands for its largest cell,
 * to which `alike` others are equal; once a sparse router has selected, for the experts that it has to do with, which may
 * be none. An expert as a whole stands for no cell.
 *
 * @param {Explored} it
 * @param {Step} step
 * @param {Pick<RoutingMap, "values" | "columns" | "short">} map
 * @param {Place} at
 * @param {number} served
 * @returns {Explained}
 */
export function placeAt(it, step, { values, columns, short }, { token, expert, slot }, served) {
  const each = short ? 1 : it.p;
  const exact = expert >= 0 && slot >= 0 && !short;
  /**
   * @param {number} column
   * @returns {Cell}
   */
  const cellAt = (column) => ({ expert: Math.floor(column / each), slot: short ? -1 : column % each });
  if (token < 0) {
    if (!exact) return { token: null, cells: [], alike: 0 };
    const column = expert * each + slot;
    const cells = [{ expert, slot }];
    if (it.sparse) {
      const held = it.token[column];
      const inTime = held >= 0 && slotsOf(it, held, step, served).some((cell) => cell.expert === expert);
      return { token: inTime ? held - it.first : null, cells, alike: 0 };
    }
    const { top, alike } = largestAmong(values, column, it.rows, columns);
    return { token: Math.floor(top / columns), cells, alike };
  }
  if (exact) return { token, cells: [{ expert, slot }], alike: 0 };
  const own = it.first + token;
  if (it.sparse && settled(it, step)) {
    const slots = short ? [] : slotsOf(it, own, step, served).filter((at) => expert < 0 || at.expert === expert);
    if (expert >= 0) return { token, cells: slots.length ? slots : [{ expert, slot: -1 }], alike: 0 };
    const all = Array.from({ length: it.e }, (_, other) => ({ expert: other, slot: -1 }));
    if (short) return { token, cells: all.filter((cell) => selects(it, own, cell.expert)), alike: 0 };
    const turned = step === "dispatch" ? choicesOf(it, own, step, served).filter(({ place }) => place >= it.p) : [];
    return { token, cells: [...slots, ...turned.map((choice) => all[choice.expert])], alike: 0 };
  }
  if (expert < 0 && BLIND[it.router]?.includes(step)) return { token, cells: [], alike: 0 };
  const from = token * columns + Math.max(expert, 0) * each;
  const { top, alike } = largestAmong(values, from, expert < 0 ? columns : each);
  return { token, cells: [cellAt(top - token * columns)], alike };
}

/**
 * Whether a sparse router selects this expert for a token of the group, whatever the gate.
 *
 * @param {SparseExplored} it
 * @param {number} own
 * @param {number} expert
 */
function selects(it, own, expert) {
  if (it.chosen) return it.chosen.expert.subarray(own * it.topK, (own + 1) * it.topK).includes(expert);
  return it.token.subarray(expert * it.p, (expert + 1) * it.p).includes(own);
}
