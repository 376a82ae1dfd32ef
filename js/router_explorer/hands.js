// Pointing, clicking and keys on the panels of a RouterExplorer.

import { wordAt, wordBeyond } from "../shared/words.js";

export const NOTHING = { token: -1, expert: -1, slot: -1 };

/** What lies under the pointer of one panel. */
function under(name, event, scene) {
  const {
    it,
    map: { short: few },
    boxes: { map, tokens },
    ids,
  } = scene;
  const frame = event.currentTarget.getBoundingClientRect();
  const x = event.clientX - frame.left;
  const y = event.clientY - frame.top;
  const within = (value, most) => (value >= 0 && value < most ? Math.floor(value) : -1);
  if (name === "tokens" && tokens.words) return { ...NOTHING, token: wordAt(tokens.words, x, y) };
  if (name === "tokens") {
    const column = within(x / tokens.dx, tokens.columns);
    const place = Math.floor(y / tokens.dy) * tokens.columns + column;
    const token = tokens.columns * tokens.rows > it.rows && ids.length ? ids.indexOf(place) : within(place, it.rows);
    return { ...NOTHING, token: column < 0 ? -1 : token };
  }
  const expert = within((x - map.x) / map.de, it.e);
  if (name === "experts" || y < map.y) return { ...NOTHING, expert };
  const slot = expert < 0 || few ? -1 : within((x - map.x) / map.dx, it.s) % it.p;
  return { token: expert < 0 ? -1 : within((y - map.y) / map.dy, it.rows), expert, slot };
}

/** The selection that a key leads to from here, or null for a key that moves nothing. */
function moved(name, key, { it, map, boxes }, at) {
  const across = { ArrowLeft: -1, ArrowRight: 1 }[key] ?? 0;
  const down = { ArrowUp: -1, ArrowDown: 1 }[key] ?? 0;
  const far = { Home: -Infinity, End: Infinity }[key] ?? 0;
  const move = (from, by, count) => Math.min(Math.max(from < 0 && !far ? 0 : from + by, 0), count - 1);
  if (!across && !down && !far) return null;
  const { words } = boxes.tokens;
  if (name === "tokens" && words && down) return { ...NOTHING, token: wordBeyond(words, at.token, down) };
  const by = across + down * boxes.tokens.columns + far;
  if (name === "tokens") return { ...NOTHING, token: move(at.token, by, it.rows) };
  if (name === "experts") return { ...NOTHING, expert: move(at.expert, across + far, it.e) };
  const each = map.short ? 1 : it.p;
  const own = map.short ? 0 : Math.max(at.slot, 0);
  const column = at.expert < 0 ? -1 : at.expert * each + own;
  const next = move(column, across + far, map.columns);
  const slot = map.short ? -1 : next % each;
  return { token: move(at.token, down, it.rows), expert: Math.floor(next / each), slot };
}

/** Let the panels be pointed at: `show` gets what is under pointer or keys, a click or Enter pins it in the traits. */
export function pointAt({ view, panels, scene, pinned, selection, show }) {
  const same = (a, b) => Object.keys(NOTHING).every((name) => a[name] === b[name]);
  const pin = (at) => view.send(pinned() && same(at, pinned()) ? NOTHING : at);
  for (const name of panels) {
    const canvas = view.part(name);
    view.on(canvas, "pointermove", (event) => scene() && show(under(name, event, scene())));
    view.on(canvas, "pointerleave", () => show(NOTHING));
    view.on(canvas, "blur", () => show(NOTHING));
    view.on(canvas, "click", (event) => scene() && pin(under(name, event, scene())));
    view.on(canvas, "keydown", (event) => {
      if (!scene() || event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return;
      const next = moved(name, event.key, scene(), selection());
      if (next && pinned()) view.send(next);
      else if (next) show(next);
      else if (event.key === "Enter" || event.key === " ") pin(selection());
      else if (event.key === "Escape") (show(NOTHING), view.send(NOTHING));
      else return;
      event.preventDefault();
      event.stopPropagation();
    });
  }
}
