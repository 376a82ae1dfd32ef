// What is selected when a lens opens: what teaches most about this routing.

import { largestAmong } from "../arithmetic/largest.js";
import { NOTHING } from "../shared/selection.js";

/** @import { Place } from "../shared/selection.js" */
/** @import { Look } from "./numbers.js" */

/**
 * A selection to begin with and what it is: a sum that misses 1, a dropped token, one that lost a choice, or else the
 * token with most attention.
 *
 * @param {Look} it
 * @returns {{ at: Place, what: string }}
 */
export function openingOf(it) {
  const [column] = it.off.columns;
  if (column !== undefined) {
    const at = { token: -1, expert: Math.floor(column / it.p), slot: column % it.p };
    return { at, what: "a slot whose sum misses 1" };
  }
  const token = (/** @type {number} */ t, /** @type {string} */ what) => ({ at: { ...NOTHING, token: t }, what });
  const [row] = it.off.rows;
  if (row !== undefined) return token(it.ids[row], "a token whose sum misses 1");
  const dropped = it.ids.find((t) => it.fate[t] === 1);
  if (dropped !== undefined) return token(dropped, "a dropped token");
  if (it.lost.length) return token(it.lost[0], "a token that lost a choice");
  const real = it.ids.filter((t) => it.fate[t] === 0);
  const sums = Array.from(real, (t) => it.rows.dispatch[it.row[t]]);
  const { top, alike } = largestAmong(sums, 0, sums.length);
  if (!real.length || !Number.isFinite(sums[top])) return { at: NOTHING, what: "" };
  return token(
    real[top],
    alike ? "one of the tokens" : it.hard ? "the token in most slots" : "the token with most attention",
  );
}
