// What is shown as rows of numbers: to save, and as a table.

import { number } from "../shared/numbers.js";
import { short } from "./axis.js";

/** @import { Row } from "../shared/csv.js" */
/** @import { Scene, comparisonOf } from "./scene.js" */

/** @param {Scene} scene */
const columnOf = (scene) => scene.across || "x";

/**
 * Every run that is drawn.
 *
 * @param {Scene} scene
 * @returns {Row[]}
 */
export const runsRows = (scene) => [
  ["model", ...(scene.named ? [] : [columnOf(scene)]), scene.kind.seeds || "run", scene.figure.name],
  ...scene.lines.flatMap(({ name, points }) =>
    points.flatMap((point) =>
      point.singles.map(({ seed, x, y }) => [name, ...(scene.named ? [] : [point.label ? point.x : x]), seed, y]),
    ),
  ),
];

/**
 * Every mean that is drawn, a learner's own run among them.
 *
 * @param {Scene} scene
 * @returns {Row[]}
 */
export const meansRows = (scene) => [
  ["model", ...(scene.named ? [] : [columnOf(scene)]), `${scene.figure.name} mean`, "low", "high", "runs"],
  ...scene.lines.flatMap(({ name, points, own }) =>
    points.map(({ x, mean, low, high, singles }) => [
      name,
      ...(scene.named ? [] : [Number.isFinite(x) ? x : null]),
      mean,
      low,
      high,
      own ? 1 : singles.length,
    ]),
  ),
];

/**
 * The pairs of a comparison.
 *
 * @param {ReturnType<typeof comparisonOf>} comparison
 * @returns {Row[]}
 */
export const pairsRows = (comparison) => [
  ["seed", comparison?.one ?? "first", comparison?.other ?? "second", "difference"],
  ...(comparison?.pairs ?? []).map(({ seed, first, second, difference }) => [seed, first, second, difference]),
];

/**
 * The table: of curves the last point of each.
 *
 * @param {Scene} scene
 * @returns {string[][]}
 */
export const tableRows = (scene) =>
  scene.lines.flatMap(({ name, points }) =>
    (scene.curves ? points.slice(-1) : points).map(({ x, label, mean, low, high, singles }) => [
      name,
      scene.named || !Number.isFinite(x) ? "" : label || short(x),
      number(mean),
      low === undefined || high === undefined ? "" : `${number(low)} to ${number(high)}`,
      singles.length ? String(singles.length) : "",
    ]),
  );
