// The state of a saved page in the fragment of its address: #image_index=2&token=6. What is compared is part of it: a
// list of selections, pins=3.0.1_5.-1.-1, or a pinned state by what differs from the one that is shown,
// pinned.router=soft.

/** @import { Limits } from "./knobs.js" */
/** @import { View } from "./mount.js" */

/** @typedef {string | number | null} Single */

/** @typedef {Single | number[][] | State} Value */

/** @typedef {{ [name: string]: Value }} State */

/** @typedef {Limits | readonly (string | number)[]} One What a single value may be. */

/** @typedef {{ each: Limits[], most: number }} Rows At most so many rows of whole numbers, what each may be in turn. */

/** @typedef {{ beside: Link }} Beside A state like the one that is shown, beside it; {} for none. */

/** @typedef {Record<string, One | Rows | Beside>} Allowed What each trait of a link may be. */

/** @typedef {(get: (name: string) => any) => Allowed} Link What may be, where the traits have the values that get gives. */

const WAIT = 250;
const NONE = "none";
// A pinned state that is the one shown; any other names what differs.
const SAME = "same";

/**
 * @param {One} allowed
 * @returns {allowed is Limits}
 */
const bounded = (allowed) => typeof allowed[2] === "boolean";

/**
 * @param {Allowed[string]} allowed
 * @returns {allowed is One}
 */
const single = (allowed) => Array.isArray(allowed);

/** @type {(value: unknown, allowed: One) => boolean} */
function fits(value, allowed) {
  if (!bounded(allowed)) return allowed.some((each) => each === value);
  const [least, most, whole, none] = allowed;
  if (value === null) return none;
  return typeof value === "number" && value >= least && value <= most && (!whole || Number.isInteger(value));
}

/**
 * What a text says of a trait; undefined for nothing that it may be.
 *
 * @param {string} text
 * @param {One} allowed
 * @returns {Single | undefined}
 */
function read(text, allowed) {
  const number = /^-?\d+(\.\d+)?(e[-+]?\d+)?$/i.test(text) ? Number(text) : undefined;
  const value = bounded(allowed) ? (text === NONE ? null : number) : allowed.find((each) => String(each) === text);
  return fits(value, allowed) ? value : undefined;
}

/** @param {One} allowed */
function inWords(allowed) {
  if (bounded(allowed)) return `${allowed[2] ? "a whole number" : "a number"} from ${allowed[0]} to ${allowed[1]}`;
  return allowed.length > 12 ? "one of those that the widget lists" : `one of ${allowed.join(", ")}`;
}

/**
 * The nearest to a value that may be.
 *
 * @param {Value} value
 * @param {Allowed[string]} allowed
 */
function nearest(value, allowed) {
  if (!single(allowed) || fits(value, allowed)) return value;
  return bounded(allowed) ? Math.min(Math.max(Number(value), allowed[0]), allowed[1]) : allowed[0];
}

/**
 * The rows that a text lists; undefined where one of them may not be.
 *
 * @param {string} text
 * @param {Rows} rows
 */
function readRows(text, { each, most }) {
  if (text === NONE) return [];
  const found = [...new Set(text.split("_"))].map((row) => row.split("."));
  const well = (/** @type {string[]} */ row) =>
    row.length === each.length && row.every((number, i) => read(number, each[i]) !== undefined);
  return found.length <= most && found.every(well) ? found.map((row) => row.map(Number)) : undefined;
}

/**
 * The state that a fragment leads to, read in the order in which traits depend on each other, and what was wrong.
 *
 * @param {string} fragment
 * @param {State} saved The state without a fragment.
 * @param {Link} link
 * @returns {{ state: State, wrong: string }}
 */
export function readLink(fragment, saved, link) {
  const given = new URLSearchParams(fragment.replace(/^#/, ""));
  const { state, complaints } = readState(given, saved, link);
  for (const name of new Set(given.keys())) complaints.push(`there is no ${short(name)} to set`);
  const more = complaints.length > 1 ? `, and ${complaints.length - 1} more` : "";
  return { state, wrong: complaints.length ? `Part of the link was ignored: ${complaints[0]}${more}.` : "" };
}

/**
 * Take what a link says of each trait out of what is given.
 *
 * @param {URLSearchParams} given
 * @param {State} saved
 * @param {Link} link
 * @param {string} [prefix] Before each name.
 */
function readState(given, saved, link, prefix = "") {
  const state = { ...saved };
  /** @type {string[]} */
  const complaints = [];
  for (const name of Object.keys(saved)) {
    const key = prefix + name;
    const text = given.get(key);
    const allowed = link((each) => state[each])[name];
    /** @type {Value | undefined} */
    let value;
    if (!single(allowed) && "beside" in allowed) value = readBeside(given, name, state, allowed, complaints);
    else if (text !== null) {
      value = single(allowed) ? read(text, allowed) : readRows(text, allowed);
      const what = single(allowed) ? inWords(allowed) : `at most ${allowed.most} selections that the widget has`;
      if (value === undefined) complaints.push(`${key} must be ${what}, got ${short(text)}`);
    }
    state[name] = value === undefined ? nearest(state[name], allowed) : value;
    given.delete(key);
  }
  return { state, complaints };
}

/**
 * The pinned state that a link gives, as the one shown where the link says nothing else; undefined for none that may be,
 * as one that is half wrong would compare with what nobody pinned.
 *
 * @param {URLSearchParams} given
 * @param {string} name
 * @param {State} shown
 * @param {Beside} allowed
 * @param {string[]} complaints
 * @returns {State | undefined}
 */
function readBeside(given, name, shown, { beside }, complaints) {
  const own = new URLSearchParams([...given].filter(([key]) => key.startsWith(`${name}.`)));
  for (const key of new Set(own.keys())) given.delete(key);
  const text = given.get(name);
  const some = own.toString() !== "";
  if (text === NONE && !some) return {};
  if (text === null && !some) return undefined;
  const names = Object.keys(beside((each) => shown[each]));
  const base = Object.fromEntries(names.map((each) => [each, shown[each]]));
  const found = readState(own, base, beside, `${name}.`);
  for (const key of new Set(own.keys())) found.complaints.push(`there is no ${short(key)} to set`);
  if (text !== null && text !== SAME)
    found.complaints.unshift(`${name} must be one of ${NONE}, ${SAME}, got ${short(text)}`);
  complaints.push(...found.complaints);
  return found.complaints.length ? undefined : found.state;
}

/** @param {string} text */
const short = (text) => (text.length > 24 ? `${text.slice(0, 24)}…` : text) || "nothing";

/**
 * What a link says of a trait, where the state that it leads to is known.
 *
 * @param {string} name
 * @param {Value} value
 * @param {State} to
 * @returns {[name: string, text: string][]}
 */
function written(name, value, to) {
  if (Array.isArray(value)) return [[name, value.map((row) => row.join(".")).join("_") || NONE]];
  if (typeof value !== "object" || value === null) return [[name, String(value ?? NONE)]];
  if (!Object.keys(value).length) return [[name, NONE]];
  const other = Object.entries(value).filter(([each, held]) => held !== to[each]);
  if (!other.length) return [[name, SAME]];
  return other.flatMap(([each, held]) => written(`${name}.${each}`, held, to));
}

/**
 * The fragment that leads from one state to another, empty where they are the same.
 *
 * @param {State} from
 * @param {State} to
 */
export function writeLink(from, to) {
  const text = new URLSearchParams();
  for (const [name, value] of Object.entries(to)) {
    const now = written(name, value, to);
    if (String(now) !== String(written(name, from[name], to))) for (const [key, each] of now) text.append(key, each);
  }
  return String(text) && `#${text}`;
}

/**
 * Keep a view and the address of its page in step. Traits that a link does not name are as they were saved.
 *
 * @param {View<any>} view
 * @param {Link} link
 * @param {() => boolean} moving Whether the view moves by itself: its address would change all the time.
 * @returns {() => string} The address of what is shown now.
 */
export function bindLink(view, link, moving) {
  const { model, on } = view;
  const names = Object.keys(link((name) => model.get(name)));
  const stateNow = () => Object.fromEntries(names.map((name) => [name, model.get(name)]));
  const saved = stateNow();
  let followed = "";
  let waiting = 0;

  function follow() {
    if (location.hash === followed) return;
    followed = location.hash;
    const { state, wrong } = readLink(followed, saved, link);
    view.settle();
    for (const name of names) if (state[name] !== model.get(name)) model.set(name, state[name]);
    model.save_changes();
    view.note = wrong;
    view.schedule();
  }

  function write() {
    waiting = 0;
    if (moving()) return;
    const fragment = writeLink(saved, stateNow());
    // What was ignored stays in the address until something changes.
    if (fragment === writeLink(saved, readLink(location.hash, saved, link).state)) return;
    try {
      history.replaceState(history.state, "", fragment || location.pathname + location.search);
    } catch {
      // Browsers limit how often, and a page in a frame may not at all: "Copy link" still gives the address.
    }
    followed = location.hash;
  }

  for (const name of names) model.on(`change:${name}`, () => (waiting ||= window.setTimeout(write, WAIT)));
  on(window, "hashchange", follow);
  view.signal.addEventListener("abort", () => clearTimeout(waiting));
  follow();
  return () => location.href.split("#")[0] + writeLink(saved, stateNow());
}
