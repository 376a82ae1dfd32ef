// What makes small weights of the map visible: colours by their roots, and the sheet that the magnifier reads.

import { largestFinite } from "../arithmetic/largest.js";
import { heaviest, isSmall } from "../shared/magnifier.js";
import { isRootScale } from "../shared/shading.js";
import { selectable, showsBars } from "./panels.js";

/** @import { Cell, Sheet } from "../shared/magnifier.js" */
/** @import { MapBox } from "../shared/plan.js" */
/** @import { Place } from "../shared/selection.js" */
/** @import { Known, Scene } from "./panels.js" */
/** @import { Explained } from "./places.js" */

/** @typedef {"map" | "twin"} Side Which of two maps side by side. */

/**
 * Whether the colours of a step stand for roots; two maps side by side have one scale.
 *
 * @param {Pick<Known, "it" | "step" | "map" | "twin">} known
 * @param {string} shading
 * @param {MapBox} box
 */
export function isRoot({ it, step, map, twin }, shading, box) {
  if (step === "score" || step === "compute" || showsBars(it, step, box)) return false;
  const gates = map.short ? selectable(it) : null;
  const even = map.short ? it.e : step === "combine" ? it.s : it.n;
  const extremes = gates && step === "select" ? { least: 0, most: largestFinite(gates, 0) } : map;
  const mixed = !it.sparse || gates !== null;
  return (
    isRootScale(extremes, 1 / even, mixed, shading) || (twin !== null && isRootScale(twin, 1 / it.s, true, shading))
  );
}

/**
 * Whether the magnifier has something to show.
 *
 * @param {Pick<Scene, "step" | "boxes">} scene
 */
export const isMagnified = ({ step, boxes }) => step !== "compute" && isSmall(boxes.map);

/**
 * @param {Scene} scene
 * @param {Side} side
 * @returns {Sheet}
 */
export function sheetOf({ it, step, map, twin, ids, ink, root, reach, boxes }, side) {
  const shown = side === "twin" && twin ? twin : map;
  const gates = step === "select" ? selectable(it) : null;
  return {
    values: gates ?? shown.values,
    rows: it.rows,
    columns: map.columns,
    own: map.short ? 1 : it.p,
    slotted: !map.short,
    least: shown.least,
    most: gates ? largestFinite(gates, 0) : Math.max(map.most, twin?.most ?? -Infinity),
    root,
    reach,
    // Below the image and the words there is less room than below the map.
    lines: reach < boxes.sizes.map[0] ? 5 : 7,
    ink,
    tokenOf: (row) => row,
    rowOf: (token) => token,
    nameOf: (row) => ids[row] ?? row,
  };
}

/**
 * The cell that a selection is about: the first that the status line explains, or else the heaviest; of nothing, the
 * choice that was served last.
 *
 * @param {Scene} scene
 * @param {Sheet} sheet
 * @param {Place} at
 * @param {Explained | null} explained
 * @returns {Cell}
 */
export function centreOf({ it, serving: { last } }, sheet, at, explained) {
  const rowed = (/** @type {number | null} */ row) => row !== null && row >= 0 && row < it.rows;
  const column = (/** @type {number} */ expert, /** @type {number} */ slot) =>
    expert * sheet.own + (sheet.slotted ? Math.min(slot < 0 ? Math.floor(it.p / 2) : slot, it.p - 1) : 0);
  const [cell] = explained?.cells ?? [];
  if (cell && explained && (cell.slot >= 0 || at.expert < 0) && rowed(explained.token))
    return { row: /** @type {number} */ (explained.token), column: column(cell.expert, cell.slot) };
  if (!explained && last && rowed(last.token - it.first))
    return { row: last.token - it.first, column: column(last.expert, last.place) };
  return heaviest(sheet, at);
}
