// RoutingLens in the browser. Weights came once; pointing never asks the kernel. Only what is pinned is sent back.

import { RAMP_CSS, fit, showFault } from "../shared/painting.js";
import { wordAt, wordBeyond } from "../shared/words.js";
import { columnsOfExpert, count, four, look, nearest, octets, offSums, plural, wrongs } from "./numbers.js";
import { PAGE, VIEWS } from "./page.js";
import { MOST_HIGH, NARROW, grounds, layout, overlays } from "./panels.js";
import { MOST_PINS, SELECTION, same, showCards, toggled } from "./pins.js";
import { CHART, paintProgress, player, progressNote, progressOf } from "./replay.js";
import { caption, loadNote, mapTitle, sentence, warning } from "./words.js";

const PLACE = ["router", "layer", "step", "image_index", "view"];
const NOTHING = { token: -1, expert: -1, slot: -1 };
const PANELS = ["tokens", "map", "experts"];

function render({ model, el }) {
  const root = document.createElement("div");
  const stop = new AbortController();
  const { signal } = stop;
  root.className = "routing-lens";
  root.innerHTML = PAGE;
  root.querySelector(".routing-lens-ramp i").style.background = RAMP_CSS;
  el.append(root);
  showFault(model, root);
  const part = (name) => root.querySelector(`[data-part="${name}"]`);
  const status = root.querySelector("[role=status]");
  const pictures = model.get("_pictures");
  const entries = model.get("_entries");
  const labels = model.get("_labels");
  const tests = model.get("_tests");
  const steps = [...new Set(entries.map((e) => e.step))];
  const hasPicture = "data" in pictures;
  const radios = `routing-lens-${crypto.getRandomValues(new Uint32Array(1))}`;
  let scene = null;
  let hover = NOTHING;
  let frame = 0;
  let stale = true;
  let full = false;

  const send = (values) => {
    for (const [name, value] of Object.entries(values)) model.set(name, value);
    model.save_changes();
  };
  const known = ({ token, expert, slot }) => {
    const { row, experts, p } = scene.it;
    const whose = expert < experts ? expert : -1;
    return { token: row[token] >= 0 ? token : -1, expert: whose, slot: whose >= 0 && slot < p ? slot : -1 };
  };
  const there = (at) => at.token >= 0 || at.expert >= 0;
  const pinned = () => {
    const at = known(Object.fromEntries(SELECTION.map((name) => [name, model.get(name)])));
    return there(at) ? at : null;
  };
  const compared = () =>
    model
      .get("pins")
      .map(([token, expert, slot]) => known({ token, expert, slot }))
      .filter(there);
  const selection = () => pinned() ?? known(hover);
  const schedule = (everything) => {
    stale ||= everything;
    frame ||= requestAnimationFrame(() => {
      frame = 0;
      if (stale) refresh();
      if (scene) follow();
    });
  };

  /** The entry that the traits name, and what the controls then offer. */
  function choose() {
    const step = steps.includes(model.get("step")) ? model.get("step") : steps[0];
    const now = entries.filter((e) => e.step === step);
    const routers = [...new Set(now.map((e) => e.router))];
    const router = routers.includes(model.get("router")) ? model.get("router") : routers[0];
    const layers = now.filter((e) => e.router === router);
    const named = layers.find((e) => e.layer === model.get("layer"));
    const entry = named ?? layers[0];
    const options = { router: routers, layer: layers.map((e) => e.layer) };
    for (const [name, choices] of Object.entries(options)) {
      const select = part(name);
      select.replaceChildren(...choices.map((text) => new Option(text, text)));
      select.value = entry[name];
      select.parentElement.hidden = choices.length < 2 && choices[0] === "";
    }
    part("replay").hidden = steps.length < 2;
    Object.assign(part("step"), { max: steps.length - 1, value: steps.indexOf(step) });
    part("step").setAttribute("aria-valuetext", `step ${step}`);
    part("step-text").textContent = step;
    return entry;
  }

  function refresh() {
    const entry = choose();
    const image = model.get("image_index");
    const kind = hasPicture ? "Image" : "Group";
    const view = entry.views.includes(model.get("view")) ? model.get("view") : "dispatch";
    scene = null;
    Object.assign(part("image_index"), { max: model.get("_count") - 1, value: image });
    part("image").textContent = labels.length ? `${image}: ${labels[image]}` : image;
    part("image_index").setAttribute("aria-valuetext", part("image").textContent);
    part("kind").textContent = kind;
    for (const name of VIEWS) {
      Object.assign(part(name), { name: radios, checked: name === view });
      part(name).parentElement.hidden = !entry.views.includes(name);
    }
    part(view).closest("fieldset").hidden = Boolean(entry.note);
    for (const name of ["tokens", "map"]) root.querySelector(`.routing-lens-${name}`).hidden = Boolean(entry.note);
    const narrow = root.toggleAttribute("data-narrow", root.clientWidth < NARROW);
    if (entry.note) {
      status.textContent = entry.note;
      part("pin").textContent = "";
      for (const name of ["compare", "warning"]) part(name).hidden = true;
    }
    // A view that is not laid out yet, or no longer, has no width; the observer calls again when it has one.
    const [tokensWidth, mapWidth] = ["tokens", "map"].map((name) => part(name).clientWidth);
    if (entry.note || tokensWidth < 50 || mapWidth < 150) return;
    stale = false;
    const it = look(entry, image);
    const style = getComputedStyle(root);
    const beside = entries.find((e) => e.router === "reference" && e.layer === entry.layer && e.step === entry.step);
    const alike = beside && beside !== entry && !beside.note;
    const sized = alike && ["tokens", "experts", "slots"].every((name) => beside[name] === entry[name]);
    it.reference = sized ? look(beside, image) : null;
    const words = model.get("_words")[image];
    it.words = words?.length === it.tokens ? words : null;
    it.off = offSums(it);
    it.wrongs = wrongs(it, view);
    part("tokens-title").textContent = plural(it.tokens, "token");
    part("map-title").textContent = mapTitle(it, view);
    part("least").textContent = view === "output" ? "" : count(it[`${view}_least`]);
    part("least").parentElement.hidden = view === "output";
    part("most").textContent = four(it[`${view}_most`]);
    part("caption").textContent = `${kind} ${image}: ${caption(it, view)}`;
    part("warning").textContent = warning(it, view);
    part("warning").hidden = !part("warning").textContent;
    part("load-note").textContent = loadNote(it);
    const colour = (name) => style.getPropertyValue(`--routing-lens-${name}`).trim();
    const ink = Object.fromEntries(["text", "bar", "paper"].map((name) => [name, colour(name)]));
    const size = pictures.width * pictures.height * pictures.channels;
    const own = hasPicture && octets(pictures.data).subarray(image * size, (image + 1) * size);
    const picture = hasPicture && { ...pictures, bytes: own };
    scene = { it, view, ink, picture };
    scene.boxes = layout(scene, tokensWidth, mapWidth, narrow ? 0.45 * window.innerHeight : MOST_HIGH);
    for (const name of PANELS) grounds[name](fit(part(name).previousElementSibling, ...scene.boxes.sizes[name]), scene);
    if (steps.length > 1) {
      const lines = progressOf(entries, entry, tests);
      const width = part("progress").clientWidth;
      if (width > 150) paintProgress(fit(part("progress"), width, CHART), width, lines, entry.step, ink);
      part("progress-note").textContent = progressNote(lines, entry.step);
    }
    showCards(root, scene, compared(), compare);
  }

  function follow() {
    const at = selection();
    for (const name of PANELS) overlays[name](fit(part(name), ...scene.boxes.sizes[name]), scene, at);
    status.textContent = sentence(scene.it, at, scene.view);
    const more = full ? `${MOST_PINS} places are compared already: free one first.` : "";
    part("pin").textContent = [pinned() ? "Pinned: Escape frees it." : "", more].filter(Boolean).join(" ");
  }

  /** What lies under the pointer of one panel. */
  function hit(name, event) {
    const {
      it,
      view,
      boxes: { map, tokens },
    } = scene;
    const edge = event.currentTarget.getBoundingClientRect();
    const x = event.clientX - edge.left;
    const y = event.clientY - edge.top;
    const within = (value, most) => (value >= 0 && value < most ? Math.floor(value) : -1);
    const tokenOf = (t) => (t < 0 ? -1 : nearest(it, t));
    if (name === "tokens" && tokens.words) return { ...NOTHING, token: tokenOf(wordAt(tokens.words, x, y)) };
    if (name === "tokens") {
      const column = within(x / tokens.dx, tokens.columns);
      const token = Math.floor(y / tokens.dy) * tokens.columns + column;
      return { ...NOTHING, token: column < 0 ? -1 : tokenOf(within(token, it.tokens)) };
    }
    const row = within((y - map.y) / map.dy, it.n);
    const token = row < 0 ? -1 : it.ids[row];
    const own = columnsOfExpert(it, view);
    const expert = within((x - map.x) / map.de, it.experts);
    if (name === "experts" || (y < map.y && own)) return { ...NOTHING, expert };
    if (!own) return { ...NOTHING, token };
    const slot = expert < 0 || own < it.p ? -1 : within((x - map.x) / map.dx, map.columns) % own;
    return { token, expert, slot };
  }

  const pin = (at) => send(pinned() && same(at, pinned()) ? NOTHING : at);
  /** Take a place into the comparison, or out of it; what is pinned alone joins it first. */
  function compare(at) {
    if (!there(at)) return;
    const alone = pinned();
    const pins = compared();
    const before = alone && !same(alone, at) && !pins.some((p) => same(p, alone)) ? [...pins, alone] : pins;
    const after = toggled(before, at);
    full = after.length > MOST_PINS;
    if (!full) send({ ...NOTHING, pins: after.map((p) => SELECTION.map((name) => p[name])) });
    schedule(false);
  }

  /** The selection that a key leads to from here, or null for a key that moves nothing. */
  function move(name, key) {
    const across = { ArrowLeft: -1, ArrowRight: 1 }[key] ?? 0;
    const down = { ArrowUp: -1, ArrowDown: 1 }[key] ?? 0;
    const far = { Home: -Infinity, End: Infinity }[key] ?? 0;
    const go = (from, by, most) => Math.min(Math.max(from < 0 && !far ? 0 : from + by, 0), most - 1);
    if (!across && !down && !far) return null;
    const { it, view, boxes } = scene;
    const at = selection();
    const row = it.row[at.token] ?? -1;
    const own = columnsOfExpert(it, view);
    const token = (by) => it.ids[go(row, by, it.n)];
    if (name === "tokens" && boxes.tokens.words && down)
      return { ...NOTHING, token: nearest(it, wordBeyond(boxes.tokens.words, at.token, down)) };
    if (name === "tokens") return { ...NOTHING, token: token(across + down * (boxes.tokens.columns ?? 0) + far) };
    if (name === "experts") return { ...NOTHING, expert: go(at.expert, across + far, it.experts) };
    if (!own) return { ...NOTHING, token: token(across + down + far) };
    const column = at.expert < 0 ? -1 : at.expert * own + (own < it.p ? 0 : Math.max(at.slot, 0));
    const next = go(column, across + far, boxes.map.columns);
    return { token: token(down), expert: Math.floor(next / own), slot: own < it.p ? -1 : next % own };
  }

  for (const name of PANELS) {
    const canvas = part(name);
    const on = (type, handler) => canvas.addEventListener(type, handler, { signal });
    const show = (at) => {
      hover = at;
      full = false;
      schedule(false);
    };
    on("pointermove", (event) => scene && show(hit(name, event)));
    on("pointerleave", () => show(NOTHING));
    on("blur", () => show(NOTHING));
    on("click", (event) => scene && (event.shiftKey ? compare : pin)(hit(name, event)));
    on("mousedown", (event) => {
      // The notebook would select cells, and the page text, up to here.
      if (!event.shiftKey) return;
      event.preventDefault();
      event.stopPropagation();
    });
    on("keydown", (event) => {
      if (!scene || event.ctrlKey || event.metaKey || event.altKey) return;
      const enter = event.key === "Enter" || event.key === " ";
      const next = event.shiftKey ? null : move(name, event.key);
      if (next && pinned()) send(next);
      else if (next) show(next);
      else if (enter) (event.shiftKey ? compare : pin)(selection());
      else if (event.key === "Escape") release();
      else return;
      event.preventDefault();
      event.stopPropagation();
    });
    const release = () => {
      send(pinned() ? NOTHING : { pins: [] });
      show(NOTHING);
    };
  }
  const on = (name, type, handler) => part(name).addEventListener(type, handler, { signal });
  on("router", "change", (event) => {
    const router = event.target.value;
    const layers = entries.filter((e) => e.router === router).map((e) => e.layer);
    send({ router, layer: layers.includes(model.get("layer")) ? model.get("layer") : layers[0] });
  });
  on("layer", "change", (event) => send({ layer: event.target.value }));
  on("image_index", "input", (event) => send({ image_index: Number(event.target.value) }));
  for (const view of VIEWS) on(view, "change", () => send({ view }));
  const halt = player(
    part("play"),
    (fromButton) => {
      const at = steps.indexOf(model.get("step"));
      const end = at === steps.length - 1;
      if (end && !fromButton) return false;
      send({ step: steps[end ? 0 : at + 1] });
      return true;
    },
    signal,
  );
  on("step", "input", (event) => {
    halt();
    send({ step: steps[event.target.value] });
  });

  for (const name of [...PLACE, "pins"]) model.on(`change:${name}`, () => schedule(true));
  for (const name of SELECTION) model.on(`change:${name}`, () => schedule(false));
  const resized = new ResizeObserver(() => schedule(true));
  const themed = new MutationObserver(() => schedule(true));
  for (const name of ["tokens", "map", "progress"]) resized.observe(part(name).parentElement);
  themed.observe(document.body, { attributes: true });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => schedule(true), { signal });
  schedule(true);
  return () => {
    stop.abort();
    resized.disconnect();
    themed.disconnect();
    cancelAnimationFrame(frame);
  };
}

export default { render };
