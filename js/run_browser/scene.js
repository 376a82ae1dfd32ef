// The lines of a chart: of each model its points, with mean, interval and single seeds.

import { meanOf, pairsOf } from "../arithmetic/paired.js";
import { ALL, figureOf, kindOf, plotOf } from "./shelf.js";

/** @import { Chosen, Figure, Kind, Mean, Own, Packed } from "./shelf.js" */

/** @typedef {{ seed: number, x: number, y: number }} Single What one seed measured. */

/** @typedef {{ x: number, label: string, mean: number, low?: number, high?: number, singles: Single[] }} Point */

/** @typedef {{ name: string, look: number, own: boolean, level: boolean, points: Point[] }} Line */

/**
 * What is drawn.
 *
 * @typedef {object} Scene
 * @property {Kind} kind
 * @property {Figure} figure
 * @property {Line[]} lines
 * @property {boolean} named Whether lines stand side by side under their names.
 * @property {boolean} curves Whether points are along one run.
 * @property {boolean} setting Whether x is a setting, so that points of several lines have the same x.
 * @property {string} across What x is, "" where names say it.
 * @property {string} missing Why the learner's own run is not drawn, "" where it is or there is none.
 */

/** @typedef {{ name: string, points: Point[] }} Contestant What can be compared. */

/** @typedef {{ model: string, seed: number, point: number }} Place A model, one of its points and a seed, -1 for none. */

const OWN_LOOK = -1;

/**
 * What each seed of a cell measured.
 *
 * @param {Kind} kind
 * @param {string} figure
 * @param {number} cell
 * @returns {any[]}
 */
function bySeed(kind, figure, cell) {
  const runs = kind.runs[figure]?.[cell];
  if (runs === undefined || runs === null) return [];
  return Array.isArray(runs) ? runs : kind.seeds_of[cell].map(() => runs);
}

/**
 * The mean of a figure that is a number, NaN where a cell has none.
 *
 * @param {Kind} kind
 * @param {string} figure
 * @param {number} cell
 */
function meanFigure(kind, figure, cell) {
  const mean = /** @type {Mean | null | undefined} */ (kind.means[figure]?.[cell]);
  return mean?.[0] ?? NaN;
}

/**
 * @param {Packed} record
 * @param {Own | {}} own
 * @param {Chosen} chosen What is settled.
 * @returns {Scene}
 */
export function sceneOf(record, own, chosen) {
  const kind = kindOf(record, chosen);
  const figure = figureOf(kind, chosen.figure) ?? kind.figures[0];
  const plot = plotOf(kind, chosen);
  const here = plot.where.indexOf(chosen.where);
  const cells = [...kind.cells.keys()].filter((cell) => (plot.of[cell] ?? 0) === here);
  const at = kind.settings.findIndex((each) => each.name === chosen.lines);
  const names = at < 0 ? [ALL] : kind.settings[at].values;
  const curves = figure.length > 0;
  const named = !curves && chosen.x === "";
  const lines = names.flatMap((name, look) => {
    const these = cells.filter((cell) => at < 0 || kind.cells[cell][at] === look);
    const points = curves
      ? these.flatMap((cell) => pointsAlong(kind, figure, cell, chosen.x))
      : these.flatMap((cell) => pointAt(kind, figure, cell, chosen.x));
    points.sort((a, b) => a.x - b.x);
    return points.length ? [{ name, look, own: false, level: false, points }] : [];
  });
  if (named) lines.forEach((line, i) => place(line, i));
  const setting = !curves && kind.settings.some((each) => each.name === chosen.x);
  const scene = { kind, figure, lines, named, curves, setting, across: acrossOf(kind, figure, chosen.x), missing: "" };
  return "name" in own ? withOwn(scene, own, chosen.x) : scene;
}

/**
 * @param {Line} line
 * @param {number} x
 */
function place({ points }, x) {
  for (const point of points) {
    point.x = x;
    for (const single of point.singles) single.x = x;
  }
}

/**
 * What x is, in words.
 *
 * @param {Kind} kind
 * @param {Figure} figure
 * @param {string} x
 */
function acrossOf(kind, figure, x) {
  if (figure.length && x === "took") return "seconds of the run so far";
  if (figure.length && x === "macs") return "MACs so far, for one example a step";
  if (figure.length) return figure.steps ? "step" : `position in ${figure.label}`;
  if (!x) return "";
  return (kind.settings.find((each) => each.name === x) ?? figureOf(kind, x))?.label ?? x;
}

/**
 * The point of a cell whose figure is a number.
 *
 * @param {Kind} kind
 * @param {Figure} figure
 * @param {number} cell
 * @param {string} across
 * @returns {Point[]}
 */
function pointAt(kind, figure, cell, across) {
  const mean = /** @type {Mean | null} */ (kind.means[figure.name][cell]);
  const setting = kind.settings.findIndex((each) => each.name === across && each.numbers);
  const value = setting < 0 ? 0 : kind.cells[cell][setting];
  const fixed = setting < 0 ? 0 : (kind.settings[setting].numbers?.[value] ?? NaN);
  const x = across && setting < 0 ? meanFigure(kind, across, cell) : fixed;
  if (!mean || !Number.isFinite(x)) return [];
  const own = across && setting < 0 ? bySeed(kind, across, cell) : [];
  const singles = bySeed(kind, figure.name, cell).flatMap((y, i) =>
    y === null ? [] : [{ seed: kind.seeds_of[cell][i], x: own[i] ?? x, y }],
  );
  return [{ x, label: setting < 0 ? "" : kind.settings[setting].values[value], ...ends(mean), singles }];
}

/**
 * The points of a cell whose figure is a list.
 *
 * @param {Kind} kind
 * @param {Figure} figure
 * @param {number} cell
 * @param {string} across
 * @returns {Point[]}
 */
function pointsAlong(kind, figure, cell, across) {
  const means = /** @type {Mean[] | null} */ (kind.means[figure.name][cell]);
  const steps = figure.steps ? kind.steps[cell] : null;
  const last =
    across === "took"
      ? meanFigure(kind, "took", cell)
      : across === "macs"
        ? meanFigure(kind, "macs", cell) * (steps ?? NaN)
        : (steps ?? figure.length);
  if (!means || !Number.isFinite(last)) return [];
  const runs = /** @type {(number[] | null)[]} */ (bySeed(kind, figure.name, cell));
  return means.map((mean, i) => {
    const x = (last * (i + 1)) / means.length;
    const singles = runs.flatMap((run, k) => (run ? [{ seed: kind.seeds_of[cell][k], x, y: run[i] }] : []));
    return { x, label: "", ...ends(mean), singles };
  });
}

/** @param {Mean} mean */
const ends = ([mean, low, high]) => (low === undefined ? { mean } : { mean, low, high });

/**
 * A scene with a learner's own run: a curve over the steps, a point where its x is known, else a level line.
 *
 * @param {Scene} scene
 * @param {Own} own
 * @param {string} x
 * @returns {Scene}
 */
function withOwn(scene, own, x) {
  const { figure } = scene;
  const line = { name: own.name, look: OWN_LOOK, own: true, level: false };
  /** @type {(points: Point[], level?: boolean) => Scene} */
  const added = (points, level = false) => ({ ...scene, lines: [...scene.lines, { ...line, level, points }] });
  const told = { label: "", singles: [] };
  const curve = own.curves[figure.name];
  if (figure.length) {
    if (!curve) return { ...scene, missing: `${own.name} has no ${figure.label}` };
    const total = x === "" ? null : own.values[x];
    if (total === undefined) return { ...scene, missing: `${own.name} has no ${scene.across}` };
    const last = own.steps.at(-1) ?? 1;
    const scale = total === null ? 1 : (x === "macs" ? total * last : total) / last;
    const xs = figure.steps ? own.steps.map((step) => step * scale) : curve.map((_, i) => i + 1);
    return added(curve.flatMap((mean, i) => (mean === null ? [] : [{ ...told, x: xs[i], mean }])));
  }
  if (x === "steps" && curve)
    return added(curve.flatMap((mean, i) => (mean === null ? [] : [{ ...told, x: own.steps[i], mean }])));
  const mean = own.values[figure.name];
  if (mean === undefined) return { ...scene, missing: `${own.name} has no ${figure.label}` };
  if (scene.named) return added([{ ...told, x: scene.lines.length, mean }]);
  return x in own.values ? added([{ ...told, x: own.values[x], mean }]) : added([{ ...told, x: NaN, mean }], true);
}

/**
 * What can be compared seed by seed: the lines, or the points of a single one.
 *
 * @param {Scene} scene
 * @returns {Contestant[]}
 */
export function contestantsOf({ lines, curves }) {
  const measured = lines.filter((line) => !line.own);
  if (measured[0]?.name !== ALL) return measured;
  return curves ? [] : measured[0].points.map((point) => ({ name: point.label, points: [point] }));
}

/**
 * The points of two lines that are compared: at the x of the one that is pointed at, and else at the last of both.
 *
 * @param {Scene} scene
 * @param {[Contestant, Contestant]} two
 * @param {Place} lit
 * @returns {(Point | undefined)[]}
 */
function pointsAlike({ lines, setting }, two, lit) {
  if (!setting || two.every(({ points }) => points.length === 1))
    return two.map(({ points }) => points[lit.point] ?? points.at(-1));
  const [longest] = lines.filter((line) => !line.own).sort((a, b) => b.points.length - a.points.length);
  const pointed = (lines.find(({ name }) => name === lit.model) ?? longest).points[lit.point]?.x;
  const [first, second] = two.map(({ points }) => new Map(points.map((point) => [point.x, point])));
  const x = pointed ?? [...first.keys()].filter((each) => second.has(each)).at(-1) ?? NaN;
  return [first.get(x), second.get(x)];
}

/**
 * The two that are compared, with their pairs; null where nothing can be.
 *
 * @param {Scene} scene
 * @param {Chosen} chosen
 * @param {Place} lit
 */
export function comparisonOf(scene, { first, second }, lit) {
  if (!scene.kind.seeds) return null;
  const all = contestantsOf(scene);
  const one = all.find(({ name }) => name === first) ?? all.at(-1);
  const rest = all.filter((each) => each !== one);
  const other = rest.find(({ name }) => name === second) ?? rest[0];
  if (!one || !other) return null;
  const [here, there] = pointsAlike(scene, [one, other], lit);
  const seeded = (/** @type {Point | undefined} */ point) => new Map(point?.singles.map(({ seed, y }) => [seed, y]));
  const pairs = pairsOf(seeded(here), seeded(there));
  // Over another figure each has an x of its own, and the points of a single line say theirs by their names.
  const x =
    (scene.setting && all[0] === scene.lines[0]) || (scene.curves && here?.x === there?.x) ? here?.x : undefined;
  const mean = meanOf(pairs.map((each) => each.difference));
  return pairs.length ? { one: one.name, other: other.name, pairs, mean, x } : null;
}
