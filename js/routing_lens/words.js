// The sentences of a lens: what is selected, what is true of the whole image, what its panels show.

import { equals, largestAmong } from "../arithmetic/largest.js";
import { percent } from "../shared/numbers.js";
import { foldsOf } from "./folds.js";
import {
  columnsOfExpert,
  count,
  difference,
  four,
  knowsGates,
  logitOf,
  plural,
  span,
  sum,
  told,
  weight,
  weightByExpert,
  weightOf,
  weightOfEach,
} from "./numbers.js";

/** @import { Place } from "../shared/selection.js" */
/** @import { Folds } from "./folds.js" */
/** @import { Look, View, Weights } from "./numbers.js" */

export const FATES = ["", "dropped", "padding"];
/**
 * @param {Look} it
 * @param {number[]} tokens
 */
const some = (it, tokens) => {
  const named = tokens
    .slice(0, 8)
    .map((t) => numbered(it, t))
    .join(", ");
  return tokens.length ? ` (${named}${tokens.length > 8 ? ", …" : ""})` : "";
};
/** @param {boolean} off */
const notOne = (off) => (off ? ", not 1" : "");

const MOST_TOLD = 60;
/** @param {string} word */
const cut = (word) => (word.length > MOST_TOLD ? `${word.slice(0, MOST_TOLD - 1)}…` : word);
/**
 * A token's number, and its word where it has one.
 *
 * @param {Look} it
 * @param {number} t
 */
const numbered = (it, t) => (it.words ? `${t} ${JSON.stringify(cut(it.words[t]))}` : t);
/**
 * @param {Look} it
 * @param {number} t
 */
const called = (it, t) => `token ${numbered(it, t)}`;

/**
 * @param {Look} it
 * @param {Place} at
 */
export function names(it, { token, expert, slot }) {
  const columns = it.grid[1];
  const found = [];
  if (token >= 0)
    found.push(called(it, token) + (columns ? ` (row ${Math.floor(token / columns)}, column ${token % columns})` : ""));
  if (expert >= 0) found.push(`expert ${expert}`);
  if (slot >= 0) found.push(`slot ${slot}`);
  return found.join(", ");
}

/**
 * The experts that a token goes to and hears, heaviest first.
 *
 * @param {Look} it
 * @param {View} view
 * @param {number} token
 * @param {number} [most]
 */
export function expertsOf(it, view, token, most = 3) {
  const dispatch = weightByExpert(it, "dispatch", token);
  const combine = weightByExpert(it, "combine", token);
  const each = view === "combine" ? combine : dispatch;
  const order = [...each.keys()].filter((e) => dispatch[e] !== 0 || combine[e] !== 0).sort((a, b) => each[b] - each[a]);
  if (!order.length) return "no expert";
  const more = order.length > most ? ` and ${order.length - most} more` : "";
  const what = order.length > 1 ? "experts" : "expert";
  if (!knowsGates(it)) return `${what}: ${order.slice(0, most).join(", ")}${more}`;
  const named = order.slice(0, most).map((e) => `${e} (${weight(dispatch[e])} / ${weight(combine[e])})`);
  return `${what} (dispatch / combine): ${named.join(", ")}${more}`;
}

/**
 * @param {Look} it
 * @param {Place} at
 * @param {number} from
 * @param {number} to
 */
function cellFact(it, at, from, to) {
  const logit = logitOf(it, at);
  const parts = logit === null ? [] : [`logit ${four(logit)}`];
  for (const view of /** @type {Weights[]} */ (knowsGates(it) ? ["dispatch", "combine"] : ["dispatch"])) {
    const other = it.reference ? ` (reference ${weight(weightOf(it.reference, view, at.token, from, to))})` : "";
    parts.push(`${view} ${weight(weightOf(it, view, at.token, from, to))}${other}`);
  }
  return parts.join(", ");
}

/**
 * The slots of a token, beside what it would fill had no choice been lost.
 *
 * @param {Look} it
 * @param {number} token
 */
const filled = (it, token) =>
  plural(it.rows.dispatch[it.row[token]], "slot") + (it.lost.includes(token) ? ` where others fill ${it.choices}` : "");

/**
 * @param {Look} it
 * @param {Place} at
 * @param {View} view
 */
function tokenFacts(it, { token, expert }, view) {
  const row = it.row[token];
  const slots = filled(it, token);
  const answer = knowsGates(it) ? `its combine sums to ${four(it.rows.combine[row])}` : "its gates were not recorded";
  const fate = it.fate[token] ? `is ${FATES[it.fate[token]]}: it ` : "";
  const off = it.off.rows.has(row);
  const facts = [`${called(it, token)} ${fate}fills ${slots}, ${answer}${notOne(off)}`];
  if (expert < 0) facts.push(expertsOf(it, view, token));
  if (it.output) facts.push(`its answer has length ${four(it.output[token])}${droppedAnswer(it, token)}`);
  return facts;
}

/**
 * A dropped token gets nothing from the layer: its answer must be 0.
 *
 * @param {Look} it
 * @param {number} token
 */
export const answersDropped = (it, token) => it.fate[token] === 1 && it.output !== null && it.output[token] !== 0;
/**
 * @param {Look} it
 * @param {number} token
 */
function droppedAnswer(it, token) {
  if (it.fate[token] !== 1) return "";
  return answersDropped(it, token) ? ", not the 0 of a dropped token" : ", as that of every dropped token";
}

/**
 * What is selected, in numbers: one fact for each thing.
 *
 * @param {Look} it
 * @param {Place} at
 * @param {View} view
 */
export function factsOf(it, at, view) {
  const { token, expert, slot } = at;
  const seen = told(view);
  const grouped = it.images_per_group > 1;
  const facts = [];
  const [from, to] = span(it, at);
  const each = weightOfEach(it, seen, from, to);
  if (token >= 0 && expert >= 0) facts.push(cellFact(it, at, from, to));
  if (token >= 0) facts.push(...tokenFacts(it, at, view));
  if (slot >= 0) {
    const own = grouped ? `, ${four(sum(each))} of it from this ${it.what}` : "";
    const off = seen === "dispatch" && it.off.columns.has(from);
    facts.push(`slot's ${seen} sums to ${four(it.columns[seen][from])}${notOne(off)}${own}`);
  } else if (expert >= 0) {
    const whole = grouped ? ` of its group's ${count(it.groupLoad[expert])}` : "";
    const all = sum(it.groupLoad);
    const share = all ? `, ${percent(it.groupLoad[expert] / all)} of all` : "";
    const what = `dispatch sums to ${count(it.load[expert])}${whole} in ${plural(it.capacity, "slot")}${share}`;
    facts.push(token < 0 ? `its ${what}` : `expert's ${what}`);
  }
  if (token < 0) facts.push(mostOf(it, each, seen));
  return facts;
}

/**
 * Which token weighs most in what is selected, of those that are drawn and no padding.
 *
 * @param {Look} it
 * @param {number[]} each
 * @param {Weights} seen
 */
function mostOf(it, each, seen) {
  const real = [...each.keys()].filter((r) => it.fate[it.ids[r]] !== 2);
  const heavy = real.filter((r) => each[r] !== 0);
  if (!heavy.length)
    return `no ${seen} from ${it.n < it.tokens ? `the tokens of this ${it.what} that are drawn` : `this ${it.what}`}`;
  const finite = real.filter((r) => Number.isFinite(each[r]));
  const values = finite.map((r) => each[r]);
  if (!finite.length) return `no finite ${seen} from this ${it.what}`;
  const { top, alike } = largestAmong(values, 0, values.length);
  if (alike && alike + 1 === real.length)
    return `the same ${seen} at each of its ${real.length} tokens: ${weight(values[top])}`;
  return `largest ${seen} at ${called(it, it.ids[finite[top]])}${equals(alike, real.length)}: ${weight(values[top])}`;
}

/**
 * The status line.
 *
 * @param {Look} it
 * @param {Place} at
 * @param {View} view
 */
export function sentence(it, at, view) {
  if (at.token < 0 && at.expert < 0) return "Point at a token, a weight, a slot or an expert; click to pin it.";
  return `${names(it, at)}: ${factsOf(it, at, view).join("; ")}`;
}

/**
 * Where a weight of the map stands, by its index in it.
 *
 * @param {Look} it
 * @param {View} view
 * @param {number} at
 */
function whereabouts(it, view, at) {
  const own = columnsOfExpert(it, view);
  const columns = it.experts * own;
  const c = at % columns;
  const slot = own > 1 || it.p === 1 ? `, slot ${c % own}` : "";
  return `${called(it, it.ids[Math.floor(at / columns)])}, expert ${Math.floor(c / own)}${slot}`;
}

/**
 * What is true of the whole image: dropped tokens, and sums that show a wrong softmax.
 *
 * @param {Look} it
 * @param {View} view
 */
export function caption(it, view) {
  /** @param {number} fate */
  const among = (fate) => [...it.fate.keys()].filter((t) => it.fate[t] === fate);
  const dropped = among(1);
  const padding = among(2);
  const pads = padding.length ? ` ${padding.length} padding${some(it, padding)}.` : "";
  const real = it.tokens - padding.length;
  const drawn =
    it.n < it.tokens
      ? ` ${it.n.toLocaleString("en")} of ${it.tokens.toLocaleString("en")} tokens are drawn, evenly spaced` +
        (it.sampled ? ", in the slots that they fill; loads are of all." : "; sums of columns and loads are of all.")
      : "";
  const fates = `${dropped.length} of ${real} tokens dropped${some(it, dropped)}.${pads}`;
  const those = `Hatched at the right: ${plural(it.lost.length, "token")}`;
  const guessed = `in fewer slots than the ${it.choices} of others${some(it, it.lost)}; where each makes as many choices, the rest were lost.`;
  const sure = `that lost a choice${some(it, it.lost)}.`;
  const lost = it.lost.length ? ` ${those} ${it.chooser ? sure : guessed}` : "";
  return `${fates}${lost}${drawn} ${sumsOf(it, view)}${besides(it, view)}`;
}

/**
 * How far the weights are from the reference's, where there is one.
 *
 * @param {Look} it
 * @param {View} view
 */
export function besides(it, view) {
  if (!it.reference || (view !== "dispatch" && view !== "combine")) return "";
  const { by, at } = difference(it, view);
  if (by <= 1e-6) return ` Every weight of ${view} equals the reference's.`;
  return ` Farthest from the reference's ${view}: ${four(by)} at ${whereabouts(it, view, at)}.`;
}

/**
 * Smallest to largest of the finite numbers, of which there may be a million.
 *
 * @param {ArrayLike<number>} list
 * @param {(x: number) => string} [number]
 */
export function rangeOf(list, number = four) {
  let low = Infinity;
  let high = -Infinity;
  let odd = 0;
  for (let i = 0; i < list.length; i++) {
    const x = list[i];
    if (!Number.isFinite(x)) odd++;
    else {
      low = Math.min(low, x);
      high = Math.max(high, x);
    }
  }
  const range = number(low) === number(high) ? number(low) : `${number(low)} to ${number(high)}`;
  const known = odd === list.length ? "none" : range;
  return odd ? `${known} and ${odd} not finite` : known;
}

/**
 * @param {Look} it
 * @param {View} view
 */
function sumsOf(it, view) {
  if (view === "logits") return `Logits: ${rangeOf(it.weights.logits ?? [])}.`;
  if (view === "output") {
    const real = [...(it.output ?? [])].filter((_, t) => it.fate[t] === 0);
    const odd = [...it.fate.keys()].filter((t) => answersDropped(it, t));
    const not = odd.length ? ` Marked ≠0: dropped tokens whose answer is not 0${some(it, odd)}.` : "";
    return `Lengths of the answers: ${rangeOf(real)}, 0 for a dropped token.${not}`;
  }
  const real = it.rows[view].filter((_, r) => it.fate[it.ids[r]] !== 2);
  const group = it.images_per_group > 1 ? ` over the ${it.images_per_group} ${it.what}s of the group` : "";
  const folds = foldsOf(it, view);
  const number = it.hard ? count : four;
  const rows = folds.rows ? "" : ` rows ${rangeOf(real, number)}`;
  const columns = folds.columns ? "" : ` columns ${rangeOf(it.columns[view], number)}${group}`;
  const differing = [rows, columns].filter(Boolean).join(",");
  const sums = differing && `Sums of ${view}:${differing}.`;
  return [folds.rows, folds.columns, sums].filter(Boolean).join(" ");
}

/**
 * What is wrong in the map, or nothing: sums that should be 1 and weights that no softmax produces.
 *
 * @param {Look} it
 * @param {View} view
 */
export function warning(it, view) {
  const found = [];
  const { rows, columns } = it.off;
  if (columns.size) {
    const [c] = columns;
    const first = `expert ${Math.floor(c / it.p)}, slot ${c % it.p}: ${four(it.columns.dispatch[c])}`;
    found.push(`≠1: ${columns.size} of ${it.s} columns of dispatch do not sum to 1 (${first}).`);
  }
  if (rows.size) {
    const [r] = rows;
    const first = `${called(it, it.ids[r])}: ${four(it.rows.combine[r])}`;
    const miss = it.hard ? "sum to more than 1" : "do not sum to 1";
    found.push(`≠1: ${rows.size} of ${it.n} rows of combine ${miss} (${first}).`);
  }
  for (const name of it.unmixed)
    found.push(`0/1: every weight of ${name} is 0 or 1: a choice, where a softmax of these logits mixes.`);
  for (const { sign, words, at } of it.wrongs) {
    const first = `${whereabouts(it, view, at[0])}: ${four(it.weights[view]?.[at[0]] ?? NaN)}`;
    found.push(`${sign}: ${plural(at.length, view === "logits" ? "logit" : "weight")} ${words} (${first}).`);
  }
  return found.join(" ");
}

/**
 * How many tokens are drawn, and of how many where that is not all.
 *
 * @param {Look} it
 */
export const tokensTold = (it) =>
  it.n < it.tokens ? `${count(it.n)} of ${it.tokens.toLocaleString("en")} tokens` : plural(it.n, "token");

/**
 * @param {Look} it
 * @param {View} view
 */
export function mapTitle(it, view) {
  if (view === "output") return `output: length of the answer to each of ${tokensTold(it)} (rows)`;
  const own = columnsOfExpert(it, view);
  const columns = plural(it.experts, "expert") + (own === it.p ? ` x ${plural(it.p, "slot")}` : "");
  return `${view}: ${tokensTold(it)} (rows) by ${columns} (columns)`;
}

/**
 * What the panel of experts shows; a load that is the same for all is only told, and below it is nothing until a token
 * is selected.
 *
 * @param {Look} it
 * @param {Folds} folds
 * @param {Place} at
 */
export function loadNote(it, folds, { token }) {
  const groups = it.images_per_group > 1 ? `, solid from this ${it.what}, pale from its whole group` : "";
  const line = it.hard ? `; dashed line: the capacity of ${plural(it.capacity, "slot")}` : "";
  const load = folds.load || `Load: dispatch weights summed for each expert${groups}${line}.`;
  if (token < 0) return `${load} Select a token to see its ${it.gates ? "gates" : "weight in each expert"} below.`;
  const gates = "the gates of the selected token, solid where the expert has it";
  return `${load} Below: ${it.gates ? gates : "the weight of the selected token in each expert"}.`;
}
