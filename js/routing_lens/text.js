// The names of a lens's rows: the number of a token and its word.

import { clip, fitted, widthOf } from "../shared/words.js";
import { LEFT } from "./panels.js";

const MOST_LABEL = 150;

/** The number of a token, behind it its word where it has one, in so many pixels. */
export const rowLabel = (it, t, most) => (it.words ? `${t} ${fitted(it.words[t], most - widthOf(`${t} `))}` : t);

/** Pixels that a map of this width leaves on its left for the names of its rows. */
export function labelRoom(it, width) {
  if (!it.words) return LEFT;
  const longest = Math.max(...Array.from(it.ids, (t) => widthOf(`${t} ${clip(it.words[t], 400)}`)));
  return Math.max(LEFT, Math.min(longest + 12, 0.3 * width, MOST_LABEL));
}
