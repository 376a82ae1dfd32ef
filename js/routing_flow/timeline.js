// Six chapters in twelve seconds. What is drawn at a time depends on that time alone, so any of them can be looked at.

/** @typedef {"score" | "normalise" | "select" | "dispatch" | "compute" | "combine"} Chapter */

export const LOOP = 12;

/** Where each chapter begins; dispatch, which tells most, is the longest. @type {[Chapter, number][]} */
const BEGINS = [
  ["score", 0],
  ["normalise", 1.6],
  ["select", 3.6],
  ["dispatch", 5.2],
  ["compute", 8.6],
  ["combine", 10],
];
export const CHAPTERS = BEGINS.map(([name, from], i) => ({ name, from, to: BEGINS[i + 1]?.[1] ?? LOOP }));

/**
 * The index of the chapter at a time.
 *
 * @param {number} t
 */
export const chapterAt = (t) => CHAPTERS.findLastIndex(({ from }) => t >= from);

/**
 * The time of a chapter's still picture: when it has happened and is not over yet, or, in the second, while columns
 * stand as bars and rows lie as bars.
 *
 * @param {number} chapter
 */
export const stillOf = (chapter) => (chapter === 1 ? 2.6 : Number((CHAPTERS[chapter].to - 0.1).toFixed(2)));

/**
 * How much of a chapter has passed, 0 before and 1 after.
 *
 * @param {number} t
 * @param {Chapter} name
 */
export function passed(t, name) {
  const { from, to } = CHAPTERS[CHAPTERS.findIndex((each) => each.name === name)];
  return between(t, from, to);
}

/**
 * From 0 to 1 between two values, and no further.
 *
 * @param {number} x
 * @param {number} from
 * @param {number} to
 */
export const between = (x, from, to) => Math.min(Math.max((x - from) / (to - from), 0), 1);

/**
 * Slow at both ends.
 *
 * @param {number} x From 0 to 1.
 */
export const ease = (x) => (x < 0.5 ? 4 * x ** 3 : 1 - (2 - 2 * x) ** 3 / 2);

/**
 * The eased progress of one of several that begin one after the other: each takes `share` of the whole.
 *
 * @param {number} x Progress of all.
 * @param {number} i
 * @param {number} count
 * @param {number} share
 */
export function inTurn(x, i, count, share) {
  const from = count > 1 ? (i / (count - 1)) * (1 - share) : 0;
  return ease(between(x, from, from + share));
}

/**
 * A value on the way.
 *
 * @param {number} a
 * @param {number} b
 * @param {number} x
 */
export const mix = (a, b, x) => a + (b - a) * x;
