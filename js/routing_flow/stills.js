// Six still pictures, one for each chapter: where motion is not welcome, and as a file.

import { layoutOf } from "./layout.js";
import { paintStage } from "./stage.js";
import { CHAPTERS, stillOf } from "./timeline.js";

/** @import { Scene } from "./brushes.js" */
/** @import { Pen } from "./pen.js" */

/** @typedef {{ scene: Scene, corners: { x: number, y: number }[], height: number }} Stills */

const GAP = 14;

/**
 * Where the six stand: in two columns if there is room for them.
 *
 * @param {Scene} scene
 * @param {number[]} grid
 * @param {number} width Of all.
 * @returns {Stills}
 */
export function stillsOf(scene, grid, width) {
  const columns = width >= 900 ? 2 : 1;
  const each = (width - GAP * (columns - 1)) / columns;
  const layout = layoutOf(scene.lanes, grid, each, { head: 34, lean: columns > 1 });
  const step = layout.height + GAP;
  const corners = CHAPTERS.map((_, i) => ({ x: (i % columns) * (each + GAP), y: Math.floor(i / columns) * step }));
  return { scene: { ...scene, layout }, corners, height: step * Math.ceil(CHAPTERS.length / columns) - GAP };
}

/**
 * @param {Pen} pen
 * @param {Stills} stills
 */
export function paintStills(pen, { scene, corners }) {
  corners.forEach(({ x, y }, chapter) => {
    pen.save();
    pen.translate(x, y);
    paintStage(pen, scene, stillOf(chapter), { still: true });
    pen.restore();
  });
}

/**
 * A point of the picture in which it lies; null between them.
 *
 * @param {Stills} stills
 * @param {number} x
 * @param {number} y
 */
export function panelPoint({ scene: { layout }, corners }, x, y) {
  const own = corners.find((at) => x >= at.x && x < at.x + layout.width && y >= at.y && y < at.y + layout.height);
  return own ? { x: x - own.x, y: y - own.y } : null;
}
