// RouterExplorer in the browser: scores came once, everything else is computed here at each change.

import { bindKnobs, exact, fillList, many, mount } from "../shared/explorer.js";
import { RAMP_CSS, fit } from "../shared/painting.js";
import { besideRouter, differenceOf, fillFigures, fillGallery, fillMates } from "./compare.js";
import { NOTHING, pointAt } from "./hands.js";
import { KNOBS, LISTS, PAGE } from "./page.js";
import { grounds, layout, markLast, overlays } from "./panels.js";
import { placeAt } from "./places.js";
import {
  SETTINGS,
  STEPS,
  batchOf,
  explore,
  fatesKnown,
  fatesOf,
  keeper,
  listensTo,
  mapOf,
  otherMates,
  servingOf,
} from "./state.js";
import { four, lineOf } from "./sums.js";
import { cardOf } from "./words.js";

const SELECTION = Object.keys(NOTHING);
const PANELS = ["tokens", "map", "experts"];

function render({ model, el }) {
  const view = mount({ model, el }, "router-explorer", PAGE, draw);
  const { part, root, send, on } = view;
  const sizes = model.get("_sizes");
  const ids = model.get("_ids");
  const grid = model.get("_grid");
  const labels = model.get("_labels");
  const copy = (bytes) => bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength);
  const batch = batchOf(new Float32Array(copy(model.get("_logits"))), sizes);
  const pictures = model.get("_pictures");
  const pixels = "data" in pictures && new Uint8Array(copy(pictures.data));
  const limits = model.get("_limits");
  const stops = Object.entries(KNOBS).map(([name, [, make]]) => [name, make(limits[name][0], limits[name][1])]);
  const follow = bindKnobs(view, Object.fromEntries(stops), fitChoices);
  const radios = `router-explorer-${crypto.getRandomValues(new Uint32Array(1))}`;
  const settingsNow = () => Object.fromEntries(SETTINGS.map((name) => [name, model.get(name)]));
  const [keepNow, keepPinned] = [keeper(2), keeper(1)];
  const routed = (keep, settings, image) =>
    keep(JSON.stringify([settings, image]), () => explore(batch, settings, image));
  let scene = null;
  let painted = "";
  let hover = NOTHING;
  let timer = 0;
  let slow = 0;
  let mates = null;
  let compared = "";

  part("here").replaceWith(view.status.parentElement);
  root.querySelector(".router-explorer-ramp i").style.background = RAMP_CSS;
  for (const step of STEPS) part(step).name = radios;
  if (ids.length) {
    part("sampled").hidden = false;
    part("sampled").textContent =
      `${exact(sizes.tokens)} tokens of an image are more than can be drawn: ` +
      `${exact(sizes.n)} of each, evenly spaced, are routed and drawn; capacities, loads and MACs are of these.`;
  }

  const known = ({ token, expert, slot }) => {
    const { rows, e, p } = scene.it;
    const whose = expert < e ? expert : -1;
    return { token: token < rows ? token : -1, expert: whose, slot: whose >= 0 && slot < p ? slot : -1 };
  };
  const pinned = () => {
    const at = known(Object.fromEntries(SELECTION.map((name) => [name, model.get(name)])));
    return at.token < 0 && at.expert < 0 ? null : at;
  };
  const selection = () => pinned() ?? known(hover);

  /** A token cannot choose more experts than there are: the one of the two that was not turned follows. */
  function fitChoices(values) {
    const { top_k = model.get("top_k"), num_experts = model.get("num_experts") } = values;
    if (top_k <= num_experts) return values;
    return "top_k" in values ? { top_k, num_experts: top_k } : { num_experts, top_k: num_experts };
  }

  function showControls(settings) {
    const listens = listensTo(settings.router);
    follow();
    for (const [name, [, names]] of Object.entries(LISTS)) {
      fillList(part(name), names, settings[name]);
      part(name).disabled = listens[name] === false;
    }
    for (const [name, [least, most]] of Object.entries(limits)) {
      if (!KNOBS[name]) continue;
      for (const box of [part(name), part(`${name}-number`)]) box.disabled = listens[name] === false || least === most;
    }
    for (const step of STEPS) part(step).checked = step === model.get("step");
    const [words, equation, code] = cardOf(settings, model.get("step"));
    part("words").textContent = words;
    if (part("equation").dataset.of !== equation) {
      part("equation").innerHTML = `<math display="block">${equation}</math>`;
      part("equation").dataset.of = equation;
    }
    part("code").textContent = code;
  }

  function showServing(it, served, step) {
    part("serving").hidden = step !== "dispatch" || !it.arrivals;
    if (part("serving").hidden) return stop();
    const { upTo, total, away } = servingOf(it, served);
    // Not disabled: a button that is loses the focus that it has.
    part("away").setAttribute("aria-disabled", String(!away));
    Object.assign(part("served"), { max: total, value: upTo });
    part("served").setAttribute("aria-valuetext", `${upTo} of ${total}`);
    part("count").textContent = `${upTo} of ${many(total, "choice")} served`;
    part("play").textContent = timer ? "Pause" : "Play";
    for (const name of ["none", "previous"]) part(name).setAttribute("aria-disabled", String(upTo === 0));
    for (const name of ["next", "all"]) part(name).setAttribute("aria-disabled", String(upTo === total));
  }

  function draw() {
    const settings = settingsNow();
    const [image, step, pin] = ["image_index", "step", "pinned"].map((name) => model.get(name));
    const it = routed(keepNow, settings, image);
    const texts = model.get("_words");
    it.words = texts.length ? texts : null;
    const served = step === "dispatch" ? model.get("served") : -1;
    showControls(settings);
    for (const name of ["seen", "drawn", "numbers", "side", "batch"]) part(name).hidden = Boolean(it.error);
    if (it.error) {
      scene = null;
      painted = part("pin").textContent = "";
      part("serving").hidden = true;
      return view.say(`These settings cannot be routed: ${it.error}.`);
    }
    showServing(it, served, step);
    // A view that is not laid out yet, or no longer, has no width; the observer calls again when it has one.
    const [tokensWidth, mapWidth] = ["tokens", "map"].map((name) => part(name).clientWidth);
    if (tokensWidth < 50 || mapWidth < 150) return;
    const ink = view.ink();
    const ratio = window.devicePixelRatio;
    const key = JSON.stringify([settings, image, step, served, pin, tokensWidth, mapWidth, ink, ratio]);
    if (key !== painted) paint({ it, step, served, ink, grid, ids }, pin, tokensWidth, mapWidth);
    painted = key;
    const at = selection();
    const idle = at.token < 0 && at.expert < 0;
    const explained = idle ? null : placeAt(it, step, scene.map, at, served);
    for (const name of PANELS) {
      const ctx = fit(part(name), ...scene.boxes.sizes[name]);
      if (idle) markLast(ctx, name, scene);
      else overlays[name](ctx, scene, at, explained);
    }
    view.say(lineOf(it, step, scene.map, at, { served, ids, grid }));
    part("pin").textContent = pinned() ? "Pinned: Escape frees it." : "";
  }

  function paint(now, pin, tokensWidth, mapWidth) {
    const { it, step, served } = now;
    const size = pictures.width * pictures.height * pictures.channels;
    const picture = pixels && { ...pictures, bytes: pixels.subarray(it.image * size, (it.image + 1) * size) };
    const map = mapOf(it, step, served);
    const serving = servingOf(it, served);
    const fates = fatesOf(it, step, served);
    scene = { ...now, picture, map, serving, fates };
    // Where the words stand above the map, both shall fit the window.
    const mostHigh = root.clientWidth > 700 ? 392 : Math.min(0.45 * window.innerHeight, 392);
    scene.boxes = layout(scene, tokensWidth, mapWidth, mostHigh);
    for (const name of PANELS) grounds[name](fit(part(name).previousElementSibling, ...scene.boxes.sizes[name]), scene);
    describe(it, step, map, fates);
    const some = Object.keys(pin).length > 0;
    const before = some ? routed(keepPinned, pin, it.image) : null;
    for (const name of ["was", "change", "forget"]) part(name).hidden = !some;
    const trouble = before?.error ? ` ${before.error}.` : "";
    part("pinned").textContent = some ? `Before: ${differenceOf(it.settings, pin)}.${trouble}` : "";
    fillFigures(part("figures"), it, before);
    clearTimeout(slow);
    slow = setTimeout(compare, 60);
  }

  function describe(it, step, map, fates) {
    const lost = fates.reduce((a, x) => a + x, 0);
    const early = STEPS.indexOf(step) < 3;
    const across = map.short ? many(it.e, "expert") : `${many(it.e, "expert")} x ${many(it.p, "slot")}`;
    const [gates, chosen] = it.sparse ? ["gates", "selected gates"] : ["dispatch", "dispatch"];
    const shown = { normalise: gates, select: chosen, compute: "dispatch" }[step] ?? step;
    const label = labels.length ? `: ${labels[it.image]}` : "";
    part("tokens-title").textContent = `${pixels ? "Image" : "Tokens of image"} ${it.image}${label}`;
    part("map-title").textContent = `${shown}: ${many(it.rows, "token")} (rows) by ${across} (columns)`;
    part("least").textContent = four(map.least);
    part("most").textContent = four(map.most);
    const later = `Nobody is dropped yet: that happens in step ${it.router === "experts choice" ? 3 : 4}.`;
    const faint = `${lost} of ${many(it.rows, "token")} weigh 0 in every slot, rounded to float32 (hatched).`;
    part("caption").textContent =
      (!fatesKnown(it, step)
        ? later
        : !it.sparse && lost
          ? faint
          : `${lost} of ${many(it.rows, "token")} dropped${lost ? " (hatched)" : ""}.`) +
      (it.sparse && !early ? " Corners: the experts that took the patch." : "");
    const { upTo, total } = servingOf(it, step === "dispatch" ? model.get("served") : -1);
    const waiting = upTo < total;
    part("now").textContent = waiting ? "when all are served" : "now";
    part("load-note").textContent =
      `Load${early ? " after dispatch" : ""}: tokens' worth that each expert receives` +
      (it.images > 1 ? ` from the ${it.images} images of the batch` : "") +
      (it.sparse ? `; dashed line: ${it.dropless ? "as the busiest asks," : "its capacity of"} ` : "") +
      (it.sparse ? many(it.p, "slot") : "") +
      (it.arrivals ? "; hatched: choices that it turned away." : ".");
  }

  /** What takes longer than a frame, where it is open. */
  function compare() {
    const settings = settingsNow();
    const image = model.get("image_index");
    const open = ["side", "batch"].map((name) => part(name).open);
    const outputs = model.get("_outputs");
    const key = JSON.stringify([settings, image, open, mates, view.ink(), part("gallery").clientWidth, outputs]);
    if (key === compared || !scene) return;
    compared = key;
    if (open[0]) fillGallery(part("gallery"), batch, settings, image, outputs, (name) => send({ router: name }));
    const wanted = open[0] && outputs.routers && !besideRouter(outputs.of, settings);
    if (wanted && !besideRouter(model.get("_asked"), settings)) {
      model.set("_asked", settings);
      model.save_changes();
    }
    if (!open[1]) return;
    part("shuffle").disabled = part("swap").disabled = batch.b < 2;
    part("mates-table").hidden = !mates;
    if (batch.b < 2) part("mates").textContent = "This batch has one image, which has no mates.";
    else if (!mates) part("mates").textContent = `The batch has ${batch.b} images; image ${image} keeps its place.`;
    if (batch.b < 2 || !mates) return;
    const members = otherMates(batch.b, image, mates.seed, mates.kind);
    const order = members.length > 24 ? `${members.slice(0, 24).join(", ")}, …` : members.join(", ");
    part("mates").textContent =
      `Places of the batch now hold images ${order} (${mates.kind}, seed ${mates.seed}); ` +
      `before, 0 to ${batch.b - 1} in order. Image ${image} is the same in the same place.`;
    fillMates(part("mates-rows"), batch, settings, image, members);
  }

  const serve = (served) => send({ served });
  const progress = () => servingOf(scene.it, model.get("served"));
  function stop() {
    clearInterval(timer);
    timer = 0;
    view.status.setAttribute("aria-live", "polite");
  }
  function play() {
    if (timer) return (stop(), view.schedule());
    const { upTo, total } = progress();
    const from = upTo === total ? 0 : upTo;
    if (matchMedia("(prefers-reduced-motion: reduce)").matches) {
      serve(total);
      view.note = `Motion is reduced: all ${many(total, "choice")} were served at once. "Next choice" goes one by one.`;
      return;
    }
    serve(from);
    // Twenty sentences a second would be read to nobody's use; the last one is read when it stops.
    view.status.setAttribute("aria-live", "off");
    timer = setInterval(
      () => {
        const now = progress();
        serve(Math.min(now.upTo + 1, now.total));
        if (now.upTo + 1 >= now.total) stop();
      },
      Math.min(Math.max(12000 / total, 60), 700),
    );
  }
  const jumps = {
    none: () => 0,
    all: ({ total }) => total,
    previous: ({ upTo }) => Math.max(upTo - 1, 0),
    next: ({ upTo, total }) => Math.min(upTo + 1, total),
    away: ({ away, upTo }) => away || upTo,
  };
  for (const [name, jump] of Object.entries(jumps))
    on(part(name), "click", () => {
      stop();
      serve(jump(progress()));
    });
  on(part("served"), "input", (event) => {
    stop();
    serve(Number(event.target.value));
  });
  on(part("play"), "click", play);

  for (const name of Object.keys(LISTS)) on(part(name), "change", (event) => send({ [name]: event.target.value }));
  for (const step of STEPS) on(part(step), "change", () => send({ step }));
  on(part("keep"), "click", () => send({ pinned: settingsNow() }));
  on(part("forget"), "click", () => {
    send({ pinned: {} });
    part("keep").focus();
  });
  for (const name of ["side", "batch"]) on(part(name), "toggle", compare);
  for (const [name, kind] of [
    ["shuffle", "shuffled"],
    ["swap", "swapped"],
  ])
    on(part(name), "click", () => {
      mates = { kind, seed: (mates?.seed ?? 0) + 1 };
      compare();
    });
  pointAt({
    view,
    panels: PANELS,
    scene: () => scene,
    pinned,
    selection,
    show: (at) => {
      hover = at;
      view.settle();
      view.schedule();
    },
  });
  for (const name of [...SETTINGS, "image_index", "step", "served", "pinned", ...SELECTION])
    model.on(`change:${name}`, view.schedule);
  model.on("change:_outputs", compare);
  return () => {
    stop();
    clearTimeout(slow);
    view.end();
  };
}

export default { render };
