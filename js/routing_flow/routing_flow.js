// RoutingFlow in the browser: the same scores through several routers at once, as a picture in which routing moves.

import { expertsOf } from "../arithmetic/facts.js";
import { PRIORITIES } from "../arithmetic/routing.js";
import { floats, octets } from "../shared/bytes.js";
import { bindKnobs, stopsOf } from "../shared/knobs.js";
import { mount } from "../shared/mount.js";
import { fit } from "../shared/painting.js";
import { pointAt } from "../shared/pointing.js";
import { laneOf, ownLane, protagonistOf } from "./flow.js";
import { layoutOf, slotUnder, squareOf, tokenUnder } from "./layout.js";
import { madeOf } from "./made.js";
import { KNOBS, PAGE } from "./page.js";
import { bindClock, lessMotion } from "./playing.js";
import { bindFilm, rowsOf, saveShapes } from "./sharing.js";
import { paintStage } from "./stage.js";
import { paintStills, panelPoint, stillsOf } from "./stills.js";
import { fillStory } from "./story.js";
import { bindTabs } from "./tabs.js";
import { tilesOf } from "./tiles.js";
import { CHAPTERS, LOOP, chapterAt, stillOf } from "./timeline.js";
import { CHAPTER_WORDS, called, contentOf, fateOf, titleOf } from "./words.js";

/** @import { Limits } from "../shared/knobs.js" */
/** @import { Exports } from "../shared/exporting.js" */
/** @import { Link } from "../shared/links.js" */
/** @import { Model } from "../shared/mount.js" */
/** @import { Made, Scene } from "./brushes.js" */
/** @import { Lane, Own, Settings } from "./flow.js" */
/** @import { Stills } from "./stills.js" */
/** @import { Tile } from "./tiles.js" */

/**
 * @typedef {Settings & Given & { t: number, playing: boolean, token: number, lane: string, image_index: number }} Traits
 */

/**
 * @typedef {object} Given
 * @property {DataView} _logits
 * @property {{ b: number, n: number, e: number, p: number }} _sizes
 * @property {number[]} _grid
 * @property {{ width: number, height: number, channels: number, data: DataView } | {}} _pictures
 * @property {string[][]} _words
 * @property {string[]} _lanes
 * @property {string[]} _focus
 * @property {(Omit<Own, "dispatch" | "combine"> & { dispatch?: DataView, combine?: DataView })[]} _own
 * @property {Record<string, Limits>} _limits
 */

const SETTINGS = /** @type {const} */ (["top_k", "capacity_factor", "slots_per_expert", "scale", "priority"]);
const NARROW = 720;

/** @param {{ model: Model<Traits>, el: HTMLElement }} given */
function render({ model, el }) {
  /** @type {Exports} */
  const exports = {
    csv: () => rowsOf(lanes),
    named: ["t", "token"],
    moving: () => model.get("playing"),
    more: [{ label: "Six pictures (SVG)", take: () => saveShapes(six) }],
  };
  const options = { name: "explorer routing-flow", prefix: "explorer", page: PAGE, draw, observed: ["stage"] };
  const view = mount({ model, el }, { ...options, exports, link });
  const { part, canvas, input, select, button, root, send, on } = view;
  const sizes = model.get("_sizes");
  const { n } = sizes;
  const grid = model.get("_grid").length ? model.get("_grid") : squareOf(n);
  const limits = model.get("_limits");
  const all = floats(model.get("_logits"));
  const status = /** @type {HTMLElement} */ (root.querySelector("[role=status]"));
  const stage = canvas("stage");
  const less = lessMotion();
  const follow = bindKnobs(view, stopsOf(KNOBS, limits));
  const showTabs = bindTabs(view, model.get("_lanes"));
  /** @type {Scene | null} */
  let scene = null;
  let prepared = "";
  /** @type {Lane[]} */
  let lanes = [];
  /** @type {Made[]} */
  let made = [];
  /** @type {Tile[]} */
  let tiles = [];
  let trouble = "";
  let hover = -1;
  let hoverSlot = -1;
  let wide = true;
  let told = "";
  let toldOf = -1;
  let pictured = -1;
  /** @type {Stills | null} */
  let stills = null;

  for (const name of Object.keys(KNOBS)) part(`${name}-knob`).hidden = limits[name][0] === limits[name][1];
  const has = (/** @type {string[]} */ ...names) => names.some((name) => model.get("_lanes").includes(name));
  part("capacity_factor-knob").hidden = !has("tokens choice", "experts choice");
  part("top_k-knob").hidden = part("top_k-knob").hidden || !has("tokens choice");
  part("priority-knob").hidden = !has("tokens choice");
  const focus = model.get("_focus");
  for (const name of focus.length ? [...Object.keys(KNOBS), "priority"] : [])
    if (!focus.includes(name)) part(`${name}-knob`).hidden = true;
  const settingsNow = () =>
    /** @type {Settings} */ (Object.fromEntries(SETTINGS.map((name) => [name, model.get(name)])));

  /** @type {Link} */
  function link() {
    const { n: tokens } = model.get("_sizes");
    return {
      ...model.get("_limits"),
      t: [0, LOOP, false, false],
      token: [-1, tokens - 1, true, false],
      priority: PRIORITIES,
      lane: model.get("_lanes"),
    };
  }

  const six = (/** @type {number} */ width) => (lanes.length ? stillsOf(sceneOf(width, lanes), grid, width) : null);

  /** The words of the text that is shown; none where tokens are patches. */
  const wordsNow = () => model.get("_words")[model.get("image_index")] ?? null;

  /** Route anew, where what is routed has changed. */
  function prepare() {
    const settings = settingsNow();
    const image = model.get("image_index");
    const own = model.get("_own");
    const key = JSON.stringify([settings, image, own.map(({ name, scale, p, note }) => [name, scale, p, note])]);
    if (key === prepared) return;
    prepared = key;
    const { e, p } = sizes;
    const logits = all.subarray(image * n * e * p, (image + 1) * n * e * p);
    const one = { b: 1, n, e, p };
    try {
      lanes = model.get("_lanes").map((name) => {
        const mine = own.find((each) => each.name === name);
        if (!mine) return laneOf(name, logits, one, settings);
        const [dispatch, combine] = [mine.dispatch, mine.combine].map((each) => each && floats(each));
        const slots = Math.min(settings.slots_per_expert, p);
        const scores = expertsOf(logits, one, e, slots).map((x) => x * settings.scale);
        const lane = ownLane({ ...mine, dispatch, combine }, image, n, scores, { ...one, p: slots });
        const known = mine.scale === null || (mine.scale === settings.scale && mine.p === slots);
        return { ...lane, known };
      });
      lanes.forEach((lane) => (lane.words = wordsNow()));
      trouble = "";
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      lanes = [];
      trouble = `These settings cannot be routed: ${error.message}.`;
    }
    if (image !== pictured) tiles = tilesOf(pictureOf(image), grid, n);
    pictured = image;
    made = lanes.map((lane) => madeOf(lane, tiles));
    told = "";
    toldOf = -1;
  }

  /** @param {number} image */
  function pictureOf(image) {
    const pictures = model.get("_pictures");
    if (!("data" in pictures)) return null;
    const size = pictures.width * pictures.height * pictures.channels;
    return { ...pictures, bytes: octets(pictures.data).subarray(image * size, (image + 1) * size) };
  }

  const pinned = () => model.get("token");
  const followed = () => (hover >= 0 ? hover : pinned() >= 0 ? pinned() : protagonistOf(lanes));

  /** @returns {Lane[]} */
  const visible = () => {
    if (wide) return lanes;
    return lanes.filter(({ name }) => name === model.get("lane")).slice(0, 1);
  };

  /** @type {(width: number, shown: Lane[]) => Scene} */
  function sceneOf(width, shown) {
    return {
      lanes: shown,
      layout: layoutOf(shown, grid, width),
      tiles,
      made: shown.map((lane) => made[lanes.indexOf(lane)]),
      ink: view.ink(),
      words: wordsNow(),
      token: followed(),
      slot: hoverSlot,
      lit: hover >= 0 || pinned() >= 0,
    };
  }

  /** @param {boolean} stale */
  function draw(stale) {
    // Read before anything is written, or the page would be laid out in between.
    const width = stage.parentElement?.clientWidth ?? 0;
    wide = width >= NARROW - 20;
    prepare();
    const t = model.get("t");
    showControls(t);
    tellStory(t);
    if (width < 60) return;
    if (!lanes.length) {
      // Nothing that was drawn before is left: the status line says what is wrong.
      fit(stage, width, 40);
      scene = null;
      return;
    }
    const shown = visible();
    if (
      stale ||
      !scene ||
      scene.layout.width !== width ||
      scene.lanes.length !== shown.length ||
      scene.lanes[0] !== shown[0]
    )
      scene = sceneOf(width, shown);
    scene.token = followed();
    scene.slot = hoverSlot;
    scene.lit = hover >= 0 || pinned() >= 0;
    if (less.matches) {
      stills = stillsOf(scene, grid, width);
      paintStills(fit(stage, width, stills.height), stills);
    } else {
      stills = null;
      paintStage(fit(stage, width, scene.layout.height), scene, t);
    }
  }

  /** @param {number} t */
  function showControls(t) {
    follow();
    const still = less.matches;
    const plays = model.get("playing") && !still;
    for (const name of ["play", "t", "clock"]) part(name).hidden = still;
    const label = plays ? "Pause" : "Play";
    if (button("play").textContent !== label) button("play").textContent = label;
    input("t").value = String(t);
    const chapter = chapterAt(t);
    const { name } = CHAPTERS[chapter];
    input("t").setAttribute("aria-valuetext", `${t.toFixed(1)} seconds, chapter ${chapter + 1} of 6: ${name}`);
    part("clock").textContent = `${t.toFixed(1)} s`;
    part("who").textContent = lanes.length ? called(lanes[0], followed()) : "token none";
    select("priority").value = model.get("priority");
    showTabs(!wide);
  }

  /**
   * What is said and listed: once for each chapter, token and decision, not for each frame.
   *
   * @param {number} t
   */
  function tellStory(t) {
    if (trouble) return view.say(trouble);
    const token = followed();
    const chapter = chapterAt(t);
    const plays = model.get("playing") && !less.matches;
    status.setAttribute("aria-live", plays ? "off" : "polite");
    const key = `${chapter} ${token} ${hoverSlot} ${plays} ${view.note}`;
    if (key === told) return;
    told = key;
    const fates = lanes
      .map((lane) => {
        const words = hoverSlot >= 0 && !lane.sparse ? contentOf(lane, hoverSlot, 5) : fateOf(lane, token);
        return `${titleOf(lane.name)}: ${words}.`;
      })
      .join(" ");
    const who = called(lanes[0], token);
    const heading = less.matches ? who.replace("t", "T") : `${chapter + 1} ${CHAPTERS[chapter].name}, ${who}`;
    view.say(`${heading}. ${fates}`);
    stage.setAttribute(
      "aria-label",
      `${lanes.length} routers side by side, ${less.matches ? "in six still pictures" : CHAPTER_WORDS[CHAPTERS[chapter].name]}; ` +
        `following ${who}. Left and right go by chapter, up and down by token. The story stands below as text.`,
    );
    if (toldOf !== token) fillStory(part("story"), lanes, token);
    toldOf = token;
  }

  // The player.
  const clock = bindClock(view, stage, (t) => {
    model.set("t", t);
    view.catchUp();
  });

  /** @param {number} t */
  const seek = (t) => send({ t: Math.min(Math.max(t, 0), LOOP), playing: false });
  /** @param {number} by */
  function stepChapter(by) {
    const t = model.get("t");
    const now = chapterAt(t);
    // Back from the middle of a chapter leads to the picture of the one before.
    const next = Math.min(Math.max(now + by, 0), CHAPTERS.length - 1);
    seek(by > 0 && t < stillOf(now) - 0.01 && now === 0 && t === 0 ? stillOf(0) : stillOf(next));
  }
  /** @param {number} by */
  const stepToken = (by) => send({ token: (followed() + by + n) % n });

  on(part("play"), "click", () => send({ playing: !model.get("playing") }));
  on(part("t"), "input", () => seek(Number(input("t").value)));
  on(part("t"), "keydown", (/** @type {KeyboardEvent} */ event) => {
    /** @type {Record<string, () => void>} */
    const moves = {
      ArrowRight: () => stepChapter(1),
      ArrowUp: () => stepChapter(1),
      ArrowLeft: () => stepChapter(-1),
      ArrowDown: () => stepChapter(-1),
      Home: () => seek(stillOf(0)),
      End: () => seek(stillOf(CHAPTERS.length - 1)),
    };
    if (!moves[event.key] || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    event.stopPropagation();
    moves[event.key]();
  });
  on(part("before"), "click", () => stepToken(-1));
  on(part("after"), "click", () => stepToken(1));
  on(select("priority"), "change", () => send({ priority: select("priority").value }));

  // Pointer and keys on the stage.
  /** @type {(x: number, y: number) => Step} */
  function lookUnder(x, y) {
    if (!scene) return {};
    if (!stills) return within(scene, x, y);
    const at = panelPoint(stills, x, y);
    return at ? within(stills.scene, at.x, at.y) : {};
  }
  /**
   * A slot that holds a token stands for it; one that mixes tokens stands for itself.
   *
   * @type {(shown: Scene, x: number, y: number) => Step}
   */
  function within({ layout, lanes: shown }, x, y) {
    const under = slotUnder(layout, shown, x, y);
    if (!under) return { token: tokenUnder(layout, n, x, y) };
    const lane = shown[under.lane];
    return lane.sparse ? { token: lane.holder[under.slot] } : { slot: under.slot };
  }
  /** @typedef {{ token?: number, slot?: number, chapters?: number }} Step */
  /** @type {Record<string, Step>} */
  const KEYS_OF = {
    ArrowUp: { token: -1 },
    ArrowDown: { token: 1 },
    ArrowRight: { chapters: 1 },
    ArrowLeft: { chapters: -1 },
  };
  pointAt(view, /** @type {const} */ (["stage"]), {
    ready: () => scene !== null,
    under: (_, x, y) => lookUnder(x, y),
    beyond: (_, key) => KEYS_OF[key] ?? null,
    show(at) {
      const token = at?.token ?? -1;
      const slot = at?.slot ?? -1;
      if (token === hover && slot === hoverSlot) return;
      [hover, hoverSlot] = [token, slot];
      view.settle();
      view.schedule();
    },
    go: ({ token, chapters }) => (chapters ? stepChapter(chapters) : stepToken(token ?? 0)),
    take({ token = -1, slot = -1 }) {
      // A touch that hits a slot shows what it holds.
      hoverSlot = slot;
      if (slot < 0) send({ token: token === pinned() ? -1 : token });
      else view.schedule();
    },
    enter: () => send({ token: followed() }),
    free() {
      hover = hoverSlot = -1;
      send({ token: -1 });
    },
  });

  bindFilm(view, () => scene);
  // Who follows a link to a moment wants to see that moment.
  const hold = () => location.hash && model.get("playing") && send({ playing: false });
  if (model.ownsPage) {
    on(window, "hashchange", hold);
    hold();
  }
  for (const name of [...SETTINGS, "t", "playing", "token", "lane", "image_index", "_own"])
    model.on(`change:${name}`, name === "t" || name === "playing" || name === "token" ? view.schedule : view.refresh);
  return () => {
    clock.stop();
    view.end();
  };
}

export default { render };
