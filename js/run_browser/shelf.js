// What a record holds, as softmoe_edu.evidence.browsing packs it, and what can be chosen of it.

/** @typedef {{ name: string, label: string, values: string[], numbers: number[] | null }} Setting */

/** @typedef {{ name: string, label: string, length: number, steps: boolean }} Figure */

/** @typedef {{ where: string[], of: number[] }} Plot The rest of the settings in words, and which of them cells have. */

/** @typedef {[mean: number, low?: number, high?: number]} Mean */

/** @typedef {number | (number | null)[] | (number[] | null)[] | null} Runs Of one cell: by seed, or once for all. */

/**
 * Runs that may be compared with one another. A cell is what differs in its seeds alone.
 *
 * @typedef {object} Kind
 * @property {string} seeds
 * @property {[name: string, value: string][]} same
 * @property {Setting[]} settings
 * @property {Figure[]} figures
 * @property {number[][]} cells
 * @property {number[][]} seeds_of
 * @property {(number | null)[]} steps
 * @property {Record<string, Runs[] | null>} runs
 * @property {Record<string, (Mean | Mean[] | null)[]>} means
 * @property {Record<string, Record<string, Plot>>} plots
 * @property {{ figure: string, lines: string, x: string }} first
 */

/**
 * @typedef {object} Packed
 * @property {string} claim
 * @property {string} title
 * @property {string} source
 * @property {string} verdict
 * @property {string} reason
 * @property {string} left_out
 * @property {Record<string, Kind>} kinds
 */

/**
 * A learner's own run.
 *
 * @typedef {object} Own
 * @property {string} name
 * @property {Record<string, number>} values
 * @property {Record<string, (number | null)[]>} curves
 * @property {number[]} steps
 */

/**
 * What is chosen, each of which may depend on those before it.
 *
 * @typedef {object} Chosen
 * @property {string} claim
 * @property {string} runs
 * @property {string} figure
 * @property {string} lines
 * @property {string} x
 * @property {string} where
 * @property {string} model
 * @property {string} first
 * @property {string} second
 */

export const CHOSEN = /** @type {const} */ (["runs", "figure", "lines", "x", "where", "model", "first", "second"]);
const OVER = ["took", "macs"];
/** The only line where no setting tells lines apart; what is compared are then its points. */
export const ALL = "all runs";
/** @type {Plot} */
const EVERYTHING = { where: [""], of: [] };

/**
 * @param {Packed} record
 * @param {{ runs: string }} chosen
 */
export const kindOf = (record, { runs }) => record.kinds[runs] ?? Object.values(record.kinds)[0];

/**
 * @param {Kind} kind
 * @param {string} name
 */
export const figureOf = (kind, name) => kind.figures.find((each) => each.name === name);

/**
 * @param {Kind} kind
 * @param {Chosen} chosen
 */
export function plotOf(kind, { lines, x }) {
  const plots = kind.plots[lines] ?? {};
  return plots[x] ?? plots[""] ?? EVERYTHING;
}

/**
 * One of some names moved to the front, where it is among them.
 *
 * @param {string} first
 * @param {string[]} names
 */
const leading = (first, names) => (names.includes(first) ? [first, ...names.filter((each) => each !== first)] : names);

/**
 * What a choice may be, as those before it are; what is shown first leads.
 *
 * @param {Packed} record
 * @param {Own | {}} own
 * @param {Chosen} chosen
 * @param {(typeof CHOSEN)[number]} name
 * @returns {string[]}
 */
export function choicesOf(record, own, chosen, name) {
  if (name === "runs") return Object.keys(record.kinds);
  const kind = kindOf(record, chosen);
  const names = kind.figures.map((each) => each.name);
  if (name === "figure") return leading(kind.first.figure, names);
  const long = Boolean(figureOf(kind, chosen.figure)?.length);
  if (name === "lines") {
    // Of a list each line is one cell, so that nothing else may be x.
    const able = Object.keys(kind.plots).filter((each) => !long || "" in kind.plots[each]);
    return leading(kind.first.lines, able);
  }
  const plots = kind.plots[chosen.lines] ?? {};
  if (name === "x") {
    const flat = names.filter((each) => !figureOf(kind, each)?.length && each !== chosen.figure);
    if (long) return ["", ...OVER.filter((each) => flat.includes(each))];
    return leading(kind.first.x, [...Object.keys(plots), ...flat]);
  }
  if (name === "where") return plotOf(kind, chosen).where;
  const told = (/** @type {string} */ setting) => kind.settings.find((each) => each.name === setting)?.values ?? [];
  if (name !== "model") return ["", ...told(chosen.lines || chosen.x)];
  return ["", ...(chosen.lines ? told(chosen.lines) : [ALL]), ...("name" in own ? [own.name] : [])];
}

/**
 * What is shown of a record first, before it is settled.
 *
 * @param {Packed} record
 * @param {string} runs
 * @returns {Chosen}
 */
export function opening(record, runs) {
  const nothing = { claim: record.claim, runs, where: "", model: "", first: "", second: "" };
  return { ...nothing, ...kindOf(record, nothing).first };
}

/**
 * A choice in which what its claim does not have has fallen back to what comes first.
 *
 * @param {Packed} record
 * @param {Own | {}} own
 * @param {Chosen} chosen
 */
export function settled(record, own, chosen) {
  const now = { ...chosen };
  for (const name of CHOSEN) {
    const choices = choicesOf(record, own, now, name);
    if (!choices.includes(now[name])) now[name] = choices[0];
  }
  return now;
}
