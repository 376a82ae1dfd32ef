// What is the same everywhere, which is told in a sentence and takes no room in the drawing.

import { isRootScale } from "../shared/shading.js";
import { extremesOf, four } from "./numbers.js";

/** @import { Look, View } from "./numbers.js" */

/**
 * The number that all of these show as, or "" where they differ.
 *
 * @param {ArrayLike<number>} values
 */
function shared(values) {
  let [low, high] = [Infinity, -Infinity];
  for (let i = 0; i < values.length; i++) {
    if (!Number.isFinite(values[i])) return "";
    low = Math.min(low, values[i]);
    high = Math.max(high, values[i]);
  }
  return values.length > 1 && four(low) === four(high) ? String(Number(four(low))) : "";
}

/**
 * The sums of a map and the loads of experts that are all alike, each as a sentence; "" for what differs.
 *
 * @param {Look} it
 * @param {View} view
 */
export function foldsOf(it, view) {
  const load = it.images_per_group === 1 ? shared(it.load) : "";
  const told = { rows: "", columns: "", load: load && `Every expert's load is ${load}.` };
  if (view !== "dispatch" && view !== "combine") return told;
  const real = it.rows[view].filter((_, r) => it.fate[it.ids[r]] !== 2);
  const rows = view === "combine" && it.off.rows.size ? "" : shared(real);
  const columns = view === "dispatch" && it.off.columns.size ? "" : shared(it.columns[view]);
  if (rows) told.rows = `Every token's ${view} sums to ${rows}.`;
  if (columns) told.columns = `Every slot's ${view} sums to ${columns}.`;
  return told;
}

/** @typedef {ReturnType<typeof foldsOf>} Folds */

/**
 * Whether the map's colours stand for roots.
 *
 * @param {Look} it
 * @param {View} view
 * @param {string} shading "auto", "linear" or "root".
 */
export function isRoot(it, view, shading) {
  if (view !== "dispatch" && view !== "combine") return false;
  const even = 1 / (view === "dispatch" ? it.tokens * it.images_per_group : it.s);
  return isRootScale(extremesOf(it, view), even, !it.hard, shading);
}
