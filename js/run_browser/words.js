// What the run browser says.

import { signTest, signsOf } from "../arithmetic/paired.js";
import { exact, many, number } from "../shared/numbers.js";
import { short } from "./axis.js";
import { signed } from "./pairs.js";

/** @import { Own, Packed } from "./shelf.js" */
/** @import { Line, Place, Point, Scene, comparisonOf } from "./scene.js" */

/** @type {Record<string, string>} A sign for each verdict, beside its words. */
const SIGNS = {
  reproduced: "✓",
  "direction only": "↗",
  "not at this scale": "≈",
  "contradicted at this scale": "✗",
  "not testable here": "–",
};

const MOST = 6; // lines that are told without being asked for

/** @param {string} verdict */
export const signOf = (verdict) => SIGNS[verdict] ?? "…";

/**
 * A mean with its interval.
 *
 * @param {{ mean: number, low?: number, high?: number }} point
 */
export const meanInWords = ({ mean, low, high }) =>
  low === undefined || high === undefined || low === high
    ? number(mean)
    : `${number(mean)} (${number(low)} to ${number(high)})`;

/**
 * Where on the axis a point is, "" where names say it.
 *
 * @param {Scene} scene
 * @param {Point} point
 */
export const xInWords = (scene, point) =>
  scene.named || !Number.isFinite(point.x) ? "" : `${scene.across} ${point.label || short(point.x)}`;

/**
 * @param {Scene} scene
 * @param {string} where
 */
export const titleOf = ({ figure }, where) => [figure.label, where].filter(Boolean).join(" · ");

/**
 * The status line: what is pointed at, or what there is to see.
 *
 * @param {Scene} scene
 * @param {Place} lit
 */
export function sentenceOf(scene, lit) {
  const line = scene.lines.find(({ name }) => name === lit.model);
  const { label } = scene.figure;
  if (line) {
    const point = line.points[lit.point] ?? line.points[line.points.length - 1];
    const seeds = point.singles.length;
    const at = xInWords(scene, point);
    const told = `${line.name}${at && `, ${at}`}`;
    const mean = seeds > 1 ? `mean of ${many(seeds, "seed")} ${meanInWords(point)}` : meanInWords(point);
    const single = point.singles.find((each) => each.seed === lit.seed);
    if (single) return `${told}, ${scene.kind.seeds} ${lit.seed}: ${label} ${number(single.y)}; ${mean}.`;
    return `${told}: ${label} ${mean}.`;
  }
  if (lit.seed >= 0) {
    const found = scene.lines.flatMap(({ name, points }) => {
      const point = points[lit.point] ?? points[points.length - 1];
      const single = point.singles.find(({ seed }) => seed === lit.seed);
      return single ? [`${name} ${number(single.y)}`] : [];
    });
    if (found.length) return `${scene.kind.seeds} ${lit.seed}: ${label} ${found.join(", ")}.`;
  }
  if (!scene.lines.length) return "No run is drawn here: choose another figure or axis.";
  const told = scene.lines.slice(0, MOST);
  const last = (/** @type {Line} */ { points }) => points[points.length - 1];
  const ends = new Set(told.filter((each) => !each.own).map((each) => xInWords(scene, last(each))));
  const shared = ends.size === 1 ? [...ends][0] : "";
  const means = told.map((each) => {
    const at = xInWords(scene, last(each));
    return `${each.name} ${meanInWords(last(each))}${at && at !== shared ? ` at ${at}` : ""}`;
  });
  const more = scene.lines.length > MOST ? `; and ${many(scene.lines.length - MOST, "more line")}` : "";
  return `${label}${shared && ` at ${shared}`}: ${means.join("; ")}${more}.`;
}

/**
 * How to read the marks, and what all runs have in common.
 *
 * @param {Packed} record
 * @param {Scene} scene
 * @param {string} runs
 * @param {Own | {}} own
 */
export function captionOf(record, scene, runs, own) {
  const points = scene.lines.filter((line) => !line.own).flatMap((line) => line.points);
  const most = Math.max(0, ...points.map((point) => point.singles.length));
  const held = points.some(({ low }) => low !== undefined);
  const { seeds, same } = scene.kind;
  const facts = [];
  if (seeds && scene.curves) {
    const band = held ? ", with its bootstrap interval at 95 % as a band" : "";
    facts.push(`Thick lines: the mean over ${most ? many(most, seeds) : `each ${seeds}`}${band}.`);
    if (most > 1) facts.push(`Thin ones: each ${seeds}.`);
  } else if (seeds) {
    const bar = held ? ", with its bootstrap interval at 95 %" : "";
    facts.push(`Large marks: the mean over ${most ? many(most, seeds) : `each ${seeds}`}${bar}.`);
    if (most > 1) facts.push(`Small dots: each ${seeds}.`);
  }
  if (seeds && points.length && !held) facts.push("Too few for an interval.");
  if (runs === "tuning")
    facts.push("These runs chose a setting on a part of the training data: no verdict rests on them.");
  if (same.length) facts.push(`All runs: ${same.map(([name, value]) => `${name} ${value}`).join(", ")}.`);
  if (record.left_out) facts.push(record.left_out);
  if (scene.missing) facts.push(`Not drawn: ${scene.missing}.`);
  else if ("name" in own) facts.push(`The star is ${own.name}.`);
  return facts.join(" ");
}

/**
 * @param {Scene} scene
 * @param {NonNullable<ReturnType<typeof comparisonOf>>} comparison
 */
export function pairsTitle(scene, { one, other, x }) {
  const at = x === undefined ? "" : `, ${scene.across} ${short(x)}`;
  return `${scene.figure.label}: ${whose(scene, one)} minus ${other}${at}`;
}

/**
 * Who is compared: a model, or a number of a single line.
 *
 * @param {Scene} scene
 * @param {string} name
 */
const whose = ({ lines, across }, name) => (lines.some((line) => line.name === name) ? name : `${across} ${name}`);

/**
 * What the pairs say.
 *
 * @param {Scene} scene
 * @param {NonNullable<ReturnType<typeof comparisonOf>>} comparison
 */
export function pairsSentence(scene, { one, pairs, mean }) {
  const differences = pairs.map((each) => each.difference);
  const { up, down, even } = signsOf(differences);
  const { seeds } = scene.kind;
  const counts = [`higher in ${exact(up)}`, `lower in ${exact(down)}`, ...(even ? [`equal in ${exact(even)}`] : [])];
  const told = up + down ? `Sign test: p = ${number(signTest(differences))}` : "No difference, so no sign test";
  return (
    `${whose(scene, one)} is ${counts.join(", ")} of ${many(pairs.length, seeds)}, by ${signed(mean)} on average. ` +
    `${told}, for this comparison alone: a verdict corrects for all that its claim makes.`
  );
}
