// The state of a saved page in the fragment of its address: #image_index=2&token=6.

/** @import { Limits } from "./knobs.js" */
/** @import { View } from "./mount.js" */

/** @typedef {string | number | null} Value */

/** @typedef {Record<string, Limits | readonly (string | number)[]>} Allowed What each trait of a link may be. */

/** @typedef {(get: (name: string) => any) => Allowed} Link What may be, where the traits have the values that get gives. */

const WAIT = 250;

/**
 * @param {Allowed[string]} allowed
 * @returns {allowed is Limits}
 */
const bounded = (allowed) => typeof allowed[2] === "boolean";

/** @type {(value: unknown, allowed: Allowed[string]) => boolean} */
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
 * @param {Allowed[string]} allowed
 * @returns {Value | undefined}
 */
function read(text, allowed) {
  const number = /^-?\d+(\.\d+)?(e[-+]?\d+)?$/i.test(text) ? Number(text) : undefined;
  const value = bounded(allowed) ? (text === "none" ? null : number) : allowed.find((each) => String(each) === text);
  return fits(value, allowed) ? value : undefined;
}

/** @param {Allowed[string]} allowed */
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
  if (fits(value, allowed)) return value;
  return bounded(allowed) ? Math.min(Math.max(Number(value), allowed[0]), allowed[1]) : allowed[0];
}

/**
 * The state that a fragment leads to, read in the order in which traits depend on each other, and what was wrong.
 *
 * @param {string} fragment
 * @param {Record<string, Value>} saved The state without a fragment.
 * @param {Link} link
 * @returns {{ state: Record<string, Value>, wrong: string }}
 */
export function readLink(fragment, saved, link) {
  const given = new URLSearchParams(fragment.replace(/^#/, ""));
  const state = { ...saved };
  const complaints = [];
  for (const name of Object.keys(saved)) {
    const text = given.get(name);
    const allowed = link((each) => state[each])[name];
    const value = text === null ? undefined : read(text, allowed);
    if (text !== null && value === undefined)
      complaints.push(`${name} must be ${inWords(allowed)}, got ${short(text)}`);
    state[name] = value === undefined ? nearest(state[name], allowed) : value;
    given.delete(name);
  }
  for (const name of new Set(given.keys())) complaints.push(`there is no ${short(name)} to set`);
  const more = complaints.length > 1 ? `, and ${complaints.length - 1} more` : "";
  return { state, wrong: complaints.length ? `Part of the link was ignored: ${complaints[0]}${more}.` : "" };
}

/** @param {string} text */
const short = (text) => (text.length > 24 ? `${text.slice(0, 24)}…` : text) || "nothing";

/**
 * The fragment that leads from one state to another, empty where they are the same.
 *
 * @param {Record<string, Value>} from
 * @param {Record<string, Value>} to
 */
export function writeLink(from, to) {
  const changed = Object.entries(to).filter(([name, value]) => value !== from[name]);
  const text = new URLSearchParams(changed.map(([name, value]) => [name, String(value ?? "none")])).toString();
  return text && `#${text}`;
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
