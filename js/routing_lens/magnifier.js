// What the magnifier of a lens reads, and which cell a selection is about.

import { heaviest } from "../shared/magnifier.js";
import { columnsOfExpert, extremesOf } from "./numbers.js";
import { askedBy } from "./why.js";

/** @import { Cell, Sheet } from "../shared/magnifier.js" */
/** @import { Place } from "../shared/selection.js" */
/** @import { Look } from "./numbers.js" */
/** @import { Scene } from "./panels.js" */

/**
 * @param {Scene} scene
 * @returns {Sheet}
 */
export function sheetOf({ it, view, ink, root, reach, boxes }) {
  const own = columnsOfExpert(it, view);
  return {
    values: it.weights[view] ?? new Float32Array(),
    rows: it.n,
    columns: boxes.map.columns,
    own,
    slotted: own === it.p,
    ...extremesOf(it, view),
    root,
    reach,
    lines: 7,
    ink,
    tokenOf: (row) => it.ids[row],
    rowOf: (token) => it.row[token] ?? -1,
    nameOf: (row) => it.ids[row],
  };
}

/**
 * The cell that a selection is about; of a dropped token, which has no weight, at the expert that it asked for first.
 *
 * @param {Look} it
 * @param {Sheet} sheet
 * @param {Place} at
 * @returns {Cell}
 */
export function centreOf(it, sheet, at) {
  const [asked] = at.expert < 0 && it.fate[at.token] === 1 ? (askedBy(it, at.token) ?? []) : [];
  if (asked === undefined) return heaviest(sheet, at);
  return { row: it.row[at.token], column: asked * sheet.own + Math.floor(sheet.own / 2) };
}
