// What can be taken away beside the picture of the moment: six pictures as shapes, a film of one loop, and numbers.

import { download } from "../shared/exporting.js";
import { filmOf, formatOf } from "./film.js";
import { SvgPen } from "./pen.js";
import { paintStage } from "./stage.js";
import { paintStills } from "./stills.js";
import { LOOP } from "./timeline.js";
import { called, titleOf } from "./words.js";

/** @import { View } from "../shared/mount.js" */
/** @import { Scene } from "./brushes.js" */
/** @import { Lane } from "./flow.js" */
/** @import { Stills } from "./stills.js" */

const WIDTH = 1080;

/**
 * Save six pictures with all lanes as shapes.
 *
 * @param {(width: number) => Stills | null} stills
 */
export function saveShapes(stills) {
  const six = stills(WIDTH);
  if (!six) throw new Error("nothing is shown");
  const pen = new SvgPen();
  paintStills(pen, six);
  const names = six.scene.lanes.map(({ name }) => titleOf(name)).join(", ");
  const svg = pen.picture(
    WIDTH,
    six.height,
    `Routing in six pictures: ${names}, following ${called(six.scene.lanes[0], six.scene.token)}`,
  );
  return download(new Blob([svg], { type: "image/svg+xml" }), "routing-flow.svg");
}

/**
 * What each lane gives each token: the slots that hold some of it, and the weight of each answer. Weights of 0 are left
 * out; a token without any has a line of its own. Where tokens are words, they stand beside their numbers.
 *
 * @param {Lane[]} lanes
 */
export function rowsOf(lanes) {
  /** @type {(string | number | null)[][]} */
  const rows = [["router", "token", ...(lanes[0]?.words ? ["word"] : []), "expert", "slot", "dispatch", "combine"]];
  for (const { name, n, p, dispatch, combine, note, words } of lanes) {
    const slots = dispatch.length / n;
    for (let t = 0; t < n && !note; t++) {
      const from = rows.length;
      const own = words ? [name, t, words[t]] : [name, t];
      for (let s = 0; s < slots; s++) {
        const at = t * slots + s;
        if (dispatch[at] || combine[at]) rows.push([...own, Math.floor(s / p), s % p, dispatch[at], combine[at]]);
      }
      if (rows.length === from) rows.push([...own, null, null, 0, 0]);
    }
  }
  return rows;
}

/**
 * The button that films one loop, and stops while it films.
 *
 * @param {View<any>} view
 * @param {() => Scene | null} scene As the stage shows it.
 */
export function bindFilm({ part, button, on, root, signal }, scene) {
  const tell = (/** @type {string} */ words) => (part("shared").textContent = words);
  const label = button("webm").textContent;
  const format = formatOf();
  /** @type {AbortController | null} */
  let filming = null;

  /**
   * @param {Scene} own
   * @param {string} kind
   * @param {AbortController} stop
   */
  async function film(own, kind, stop) {
    const screen = document.createElement("canvas");
    // Encoders want even sizes.
    const [width, height] = [own.layout.width, own.layout.height].map((size) => 2 * Math.ceil(size / 2));
    Object.assign(screen, { width, height });
    const pen = /** @type {CanvasRenderingContext2D} */ (screen.getContext("2d"));
    const seconds = Number(root.dataset.filmSeconds) || LOOP;
    tell(`Filming takes ${seconds} s: the recorder goes by the clock.`);
    return filmOf(screen, (t) => paintStage(pen, own, t), {
      format: kind,
      signal: AbortSignal.any([stop.signal, signal]),
      seconds,
      tell: (share) => (button("webm").textContent = `Stop filming (${Math.round(100 * share)} %)`),
    });
  }

  button("webm").disabled = !format;
  if (!format) tell("This browser cannot record films (it has no MediaRecorder for WebM).");
  on(part("webm"), "click", async () => {
    if (filming) return filming.abort();
    const own = scene();
    if (!own || !format) return;
    filming = new AbortController();
    const blob = await film({ ...own }, format, filming);
    filming = null;
    button("webm").textContent = label;
    tell(blob ? download(blob, "routing-flow.webm") : "Filming was stopped.");
  });
}
