// Six chapters in twelve seconds. What is drawn at a time depends on that time alone, so any of them can be looked at.

/** @typedef {"score" | "normalise" | "select" | "dispatch" | "compute" | "combine"} Chapter */

export const LOOP = 12;

/**
 * Where each chapter begins. Each lasts as long as its captions take to read, at three words a second; what is told of
 * dispatch stays through compute.
 *
 * @type {[Chapter, number][]}
 */
const BEGINS = [
  ["score", 0],
  ["normalise", 1.4],
  ["select", 3.8],
  ["dispatch", 5.5],
  ["compute", 8.5],
  ["combine", 10.2],
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
export const stillOf = (chapter) => (chapter === 1 ? 2.4 : Number((CHAPTERS[chapter].to - 0.1).toFixed(2)));

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

/** The part of dispatch in which something happens in a lane: its begin and its end, from 0 to 1. @typedef {[number, number]} Turn */

/** What of dispatch one of several lanes takes: an eye follows one after the other. */
const SHARE = 0.6;

/**
 * @param {number} lane
 * @param {number} count Of the lanes that are seen at once.
 * @returns {Turn}
 */
export function turnOf(lane, count) {
  if (count < 2) return [0, 1];
  const from = (lane / (count - 1)) * (1 - SHARE);
  return [from, from + SHARE];
}

/**
 * How much of its turn in dispatch has passed for a lane.
 *
 * @param {number} t
 * @param {Turn} turn
 */
export const dispatched = (t, turn) => between(passed(t, "dispatch"), ...turn);

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

/** @typedef {import("./layout.js").Area} Area */

/**
 * A box on the way from one to another.
 *
 * @param {Area} a
 * @param {Area} b
 * @param {number} x
 * @returns {Area}
 */
export const midway = (a, b, x) => ({
  x: mix(a.x, b.x, x),
  y: mix(a.y, b.y, x),
  w: mix(a.w, b.w, x),
  h: mix(a.h, b.h, x),
});
