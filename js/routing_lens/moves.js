// Which tokens moved between two snapshots of a training: the experts that each left and joined.

import { some } from "../shared/numbers.js";
import { plural, weightByExpert } from "./numbers.js";

/** @import { Look } from "./numbers.js" */

/** @typedef {{ token: number, left: number[], joined: number[] }} Move Experts; none where it was or is dropped. */

/**
 * The experts of a token: those whose slots it fills, of mixtures the one that it hears most.
 *
 * @param {Look} it
 * @param {number} token
 */
export function expertsOfToken(it, token) {
  const each = weightByExpert(it, it.hard ? "dispatch" : "combine", token);
  if (it.hard) return [...each.keys()].filter((e) => each[e] > 0);
  return it.fate[token] ? [] : [each.indexOf(Math.max(...each))];
}

/**
 * The tokens whose experts differ between two snapshots of the same image.
 *
 * @param {Look} before
 * @param {Look} now
 * @returns {Move[]}
 */
export function movesBetween(before, now) {
  const found = [];
  for (const token of now.ids) {
    if (before.row[token] < 0 || now.fate[token] === 2) continue;
    const [old, current] = [expertsOfToken(before, token), expertsOfToken(now, token)];
    const left = old.filter((e) => !current.includes(e));
    const joined = current.filter((e) => !old.includes(e));
    if (left.length || joined.length) found.push({ token, left, joined });
  }
  return found;
}

/** @param {number[]} experts */
const named = (experts) =>
  experts.length ? `${experts.length > 1 ? "experts" : "expert"} ${experts.join(", ")}` : "dropped";

/**
 * A move in few signs, as it stands on a token.
 *
 * @param {Move} move
 */
export const signOf = ({ left, joined }) => `${left.join(",") || "–"}→${joined.join(",") || "–"}`;

/**
 * How many tokens moved, as a sentence.
 *
 * @param {Look} it
 * @param {Move[]} moves
 * @param {number} since
 */
export function movesNote(it, moves, since) {
  const how = it.hard ? "" : ", by the expert that each hears most";
  return `Since step ${since}, ${moves.length} of ${plural(it.n, "token")} of this ${it.what} moved${how}.`;
}

/**
 * The moves by the experts that were left and joined, most tokens first.
 *
 * @param {Move[]} moves
 */
export function movesByExperts(moves) {
  /** @type {Map<string, number[]>} */
  const kinds = new Map();
  for (const { token, left, joined } of moves) {
    const kind = `From ${named(left)} to ${named(joined)}`;
    kinds.set(kind, [...(kinds.get(kind) ?? []), token]);
  }
  return [...kinds]
    .sort((a, b) => b[1].length - a[1].length)
    .map(([kind, tokens]) => `${kind}: ${tokens.length === 1 ? "token" : "tokens"} ${some(tokens)}`);
}
