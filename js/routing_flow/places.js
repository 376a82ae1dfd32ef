// Where the words of each lane stand: its name, what happens, and the counts above its picture, and what happens to one
// token below it. Room is left for the longest words of any chapter, so that nothing is cut off and nothing jumps.

import { lengthOf, wrapped } from "./brushes.js";
import { COUNTED, heading, longestOf, recipeOf, totalsOf } from "./captions.js";
import { cached } from "./flow.js";
import { CHAPTERS } from "./timeline.js";
import { titleOf } from "./words.js";

/** @import { Lane } from "./flow.js" */

/**
 * @typedef {object} Places
 * @property {number} above Height of the words above a lane's picture.
 * @property {number} below And of those below its rail.
 * @property {string[]} title In lines, from the top of the lane.
 * @property {{ x: number, y: number, width: number, size: number, step: number }} heading Its first line.
 * @property {{ x: number, y: number }[]} tally Where each count stands.
 * @property {number} small Size of their letters.
 * @property {{ x: number, width: number, size: number, step: number, tile: number }} caption
 */

const EDGE = 4;
const GAP = 14;

/** What a count looks like. @type {(name: string, value: string) => string} */
export const counted = (name, value) => `${name} ${value}`;

/**
 * Lines of counts in a width: [x, line] of each, and how long the longest line is.
 *
 * @param {number[]} lengths
 * @param {number} width
 */
function flowed(lengths, width) {
  let [x, line, longest] = [0, 0, 0];
  const at = lengths.map((length) => {
    if (x && x + length > width) [x, line] = [0, line + 1];
    const from = x;
    x += length + GAP;
    longest = Math.max(longest, x - GAP);
    return { x: from, line };
  });
  return { at, lines: line + 1, longest };
}

/**
 * @param {Lane[]} lanes
 * @param {number} width
 * @param {number} font
 * @returns {Places[]}
 */
export function placesOf(lanes, width, font) {
  const room = width - 2 * EDGE;
  const small = font - 1;
  const step = font + 4;
  const titles = lanes.map(({ name }) => wrapped(titleOf(name), font + 1, room, true));
  const titleLong = Math.max(...titles.flat().map((line) => lengthOf(line, font + 1, true)));
  const headings = lanes.map((lane) => CHAPTERS.map(({ name }) => heading(lane, name)));
  const headingLong = Math.max(...headings.flat().map((text) => lengthOf(text, font)));
  // The widest that a count can be, but for lanes that have none.
  const widths = COUNTED.map((name, i) =>
    Math.max(...lanes.map((lane) => lengthOf(counted(name, totalsOf(lane)[i]), small))),
  );
  const one = flowed(widths, Infinity);
  const beside = titleLong + GAP + headingLong + 2 * GAP + one.longest <= room;
  // Otherwise counts stand beside the name, or below it; and what happens has lines of its own.
  const right = !beside && titleLong + 2 * GAP + one.longest <= room;
  const counts = beside || right ? one : flowed(widths, room);
  const countsX = beside || right ? width - EDGE - one.longest : EDGE;
  return lanes.map((lane, i) => {
    const first = 9;
    const titleEnd = first + (titles[i].length - 1) * step;
    const x = beside ? EDGE + titleLong + GAP : EDGE;
    const own = beside ? room - titleLong - GAP - 2 * GAP - one.longest : room;
    const y = beside ? first : titleEnd + step;
    const lines = Math.max(...headings[i].map((text) => wrapped(text, font, own).length));
    const headingEnd = y + (lines - 1) * step;
    const countsY = beside || right ? first : headingEnd + step;
    const end = Math.max(titleEnd, headingEnd, lane.note ? 0 : countsY + (counts.lines - 1) * step);
    const caption = { x: EDGE, width: room, size: font, step: font + 3, tile: font + 9 };
    const captions = longestOf(lane).map((text) => wrapped(text, font, room, true).length * caption.step);
    const recipe =
      lane.sparse || lane.note
        ? 0
        : Math.max(...recipesOf(lane).map((each) => recipeAt(each, caption).lines)) * (caption.tile + 3);
    return {
      above: Math.ceil(end + step / 2 + 4),
      below: Math.max(...captions, recipe) + 10,
      title: titles[i],
      heading: { x, y, width: own, size: font, step },
      tally: counts.at.map((at) => ({ x: countsX + at.x, y: countsY + at.line * step })),
      small,
      caption,
    };
  });
}

/** @typedef {{ text: string, token: number, slot: number }} Piece Of a recipe: words, or the tile of a token or a slot. */

/**
 * A slot as a sum of tokens, in pieces.
 *
 * @param {Lane} lane
 * @param {number} slot
 */
export function piecesOf(lane, slot) {
  const { name, parts, rest } = recipeOf(lane, slot);
  /** @type {Piece[]} */
  const pieces = [
    { text: "", token: -1, slot },
    { text: `${name} ${parts.length ? "=" : "is empty"}`, token: -1, slot: -1 },
  ];
  parts.forEach(([token, weight], i) => {
    const more = i < parts.length - 1 || rest > 0;
    pieces.push({ text: "", token, slot: -1 });
    const word = lane.words ? `${lane.words[token]} ` : "";
    pieces.push({ text: `${word}${Math.round(100 * weight)} %${more ? " +" : ""}`, token: -1, slot: -1 });
  });
  if (parts.length && rest > 0) pieces.push({ text: `${rest} more`, token: -1, slot: -1 });
  return pieces;
}

/**
 * Where the pieces of a recipe stand.
 *
 * @param {Piece[]} pieces
 * @param {Places["caption"]} caption
 */
export function recipeAt(pieces, { x: left, width, size, tile }) {
  let [x, line] = [0, 0];
  const at = pieces.map(({ text }, i) => {
    const long = text ? lengthOf(text, size, true) : tile;
    // A tile stays with its share.
    const next = text || !pieces[i + 1] ? 0 : 6 + lengthOf(pieces[i + 1].text, size, true);
    if (x && x + long + next > width) [x, line] = [0, line + 1];
    const from = left + x;
    x += long + 6;
    return { x: from, line, long };
  });
  return { at, lines: line + 1 };
}

/** The recipes of all slots of a lane. @type {(lane: Lane) => Piece[][]} */
const recipesOf = cached((lane) => Array.from({ length: lane.e * lane.p }, (_, slot) => piecesOf(lane, slot)));
