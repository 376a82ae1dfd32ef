// Axes of numbers: which part of the line of numbers is seen, and where its round numbers stand.

/** @typedef {{ from: number, to: number, log: boolean, ticks: number[] }} Axis */

// From this ratio of largest to smallest on, a step on the axis multiplies instead of adding.
const WIDE = 30;

/** @param {number} x */
export const short = (x) => {
  const size = Math.abs(x);
  if (size && (size < 1e-4 || size >= 1e15)) return x.toExponential(1).replace(".0", "");
  return x.toLocaleString("en-US", { maximumSignificantDigits: 4, notation: size >= 1e5 ? "compact" : "standard" });
};

/**
 * Round numbers from one to another, so many at most and at least two.
 *
 * @param {number} low
 * @param {number} high
 * @param {number} most
 */
export function roundBetween(low, high, most) {
  const rough = (high - low) / Math.max(most, 1);
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((each) => each * power).find((each) => each >= rough * (1 - 1e-9)) ?? rough;
  const first = Math.ceil(low / step - 1e-9);
  const last = Math.floor(high / step + 1e-9);
  return Array.from({ length: last - first + 1 }, (_, i) => Number(((first + i) * step).toPrecision(12)));
}

/**
 * Powers of ten from one to another, or of two where there are few of ten.
 *
 * @param {number} low
 * @param {number} high
 * @param {number} most
 */
function powersBetween(low, high, most) {
  const base = Math.log10(high / low) < 2 ? 2 : 10;
  const first = Math.ceil(Math.log(low) / Math.log(base) - 1e-9);
  const last = Math.floor(Math.log(high) / Math.log(base) + 1e-9);
  const every = Math.max(1, Math.ceil((last - first + 1) / most));
  return Array.from(
    { length: Math.max(0, Math.floor((last - first) / every) + 1) },
    (_, i) => base ** (first + i * every),
  );
}

/**
 * The axis on which all of some numbers are seen, with room around them.
 *
 * @param {number[]} values
 * @param {number} most How many round numbers have room.
 * @param {{ fixed?: number[], log?: boolean, edge?: number }} [options] The numbers to name in place of round ones, whether
 *   it may multiply, and the room at its ends as a share of it.
 * @returns {Axis}
 */
export function axisOf(values, most, { fixed, log: may = true, edge = 0.06 } = {}) {
  const finite = values.filter(Number.isFinite);
  let low = Math.min(...finite);
  let high = Math.max(...finite);
  if (!finite.length) [low, high] = [0, 1];
  const log = may && low > 0 && high / low >= WIDE;
  if (log) {
    const room = (high / low) ** edge;
    const [from, to] = [low / room, high * room];
    return { from, to, log, ticks: fixed ?? powersBetween(from, to, most) };
  }
  if (low === high) [low, high] = low ? [low - Math.abs(low) / 10, high + Math.abs(high) / 10] : [-1, 1];
  const room = (high - low) * edge;
  // A figure that is never negative has no room below 0.
  const [from, to] = [low >= 0 && low < room ? 0 : low - room, high + room];
  return { from, to, log, ticks: fixed ?? roundBetween(from, to, most) };
}

/**
 * Where a number is on an axis, from 0 to 1.
 *
 * @param {Axis} axis
 * @param {number} value
 */
export const along = ({ from, to, log }, value) =>
  log ? Math.log(value / from) / Math.log(to / from) : (value - from) / (to - from);

/**
 * The ticks whose labels do not touch, those at the ends first.
 *
 * @param {Axis} axis
 * @param {number} length Pixels of the axis.
 * @param {(tick: number) => number} wide Pixels of a label, with the room around it.
 */
export function apart(axis, length, wide) {
  /** @type {{ tick: number, at: number, half: number }[]} */
  const kept = [];
  const { ticks } = axis;
  for (const tick of [ticks[0], ticks[ticks.length - 1], ...ticks.slice(1, -1)]) {
    if (tick === undefined || kept.some((each) => each.tick === tick)) continue;
    const at = length * along(axis, tick);
    const half = wide(tick) / 2;
    if (kept.every((each) => Math.abs(each.at - at) >= each.half + half)) kept.push({ tick, at, half });
  }
  return kept.map(({ tick }) => tick).sort((a, b) => a - b);
}
