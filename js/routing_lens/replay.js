// The replay of a training: which step is shown, a line of accuracy and drops over the steps, and the play button.

import { percent } from "../shared/numbers.js";
import { write } from "../shared/painting.js";
import { four } from "./numbers.js";
import { LEFT, RIGHT } from "./sizes.js";

/** @import { Ink } from "../shared/mount.js" */
/** @import { Context } from "../shared/painting.js" */
/** @import { Entry } from "./numbers.js" */

/** @typedef {[step: number, share: number]} Point */

/** @typedef {{ accuracy: Point[], dropped: Point[] }} Lines */

const PACE = 700;
export const CHART = 84;
/** @type {Record<keyof Lines, { colour: string, dash: number[] }>} */
const LINES = { accuracy: { colour: "#3f90da", dash: [] }, dropped: { colour: "#e76300", dash: [5, 3] } };

/**
 * Shares over steps for one router and layer: [step, share] of each line.
 *
 * @param {Entry[]} entries
 * @param {Entry} shown
 * @param {Record<string, Point[]>} tests
 * @returns {Lines}
 */
export const progressOf = (entries, { router, layer }, tests) => ({
  accuracy: tests[router] ?? [],
  dropped: entries.filter((e) => e.router === router && e.layer === layer && !e.note).map((e) => [e.step, e.dropped]),
});

/**
 * What is known at a step: the last evaluation up to it, and the tokens that were dropped there.
 *
 * @param {Lines} lines
 * @param {number} step
 */
export function progressNote({ accuracy, dropped }, step) {
  const last = accuracy.filter(([at]) => at <= step).at(-1);
  const loss = dropped.find(([at]) => at === step);
  const known = last
    ? `accuracy ${four(last[1])} (evaluated at step ${last[0]})`
    : accuracy.length
      ? "not evaluated yet"
      : "accuracy not given";
  const drops = loss ? `${percent(loss[1])} of these tokens dropped in this layer` : "no drops known";
  return `Step ${step}: ${known}; ${drops}.`;
}

/**
 * Draw both lines with the current step marked. Circles and squares tell them apart, not only colours.
 *
 * @param {Context} ctx
 * @param {number} width
 * @param {Lines} lines
 * @param {number} step
 * @param {Ink} ink
 */
export function paintProgress(ctx, width, lines, step, ink) {
  const x = LEFT;
  const w = width - LEFT - RIGHT;
  const y = 22;
  const h = CHART - 40;
  const steps = Object.values(lines)
    .flat()
    .map(([at]) => at);
  const low = Math.min(...steps);
  const high = Math.max(...steps);
  /**
   * @param {Point} point
   * @returns {Point}
   */
  const place = ([at, share]) => [x + (w * (at - low)) / (high - low || 1), y + h * (1 - share)];
  Object.assign(ctx, { strokeStyle: ink.bar, lineWidth: 1 });
  ctx.strokeRect(x, y, w, h);
  write(ctx, "1", x - 6, y, ink.text, "right");
  write(ctx, "0", x - 6, y + h, ink.text, "right");
  write(ctx, low, x, y + h + 11, ink.text);
  if (high > low) write(ctx, high, x + w, y + h + 11, ink.text);
  write(ctx, "step", x + w + 14, y + h + 11, ink.text, "left");
  const [now] = place([step, 0]);
  ctx.fillStyle = ink.text;
  ctx.fillRect(now - 1, y - 7, 2, h + 11);
  if (now > x + 40 && now < x + w - 40) write(ctx, step, now, y + h + 11, ink.text);
  let legend = x;
  for (const name of /** @type {(keyof Lines)[]} */ (Object.keys(LINES))) {
    const points = lines[name];
    if (!points.length) continue;
    const { colour, dash } = LINES[name];
    Object.assign(ctx, { strokeStyle: colour, lineWidth: 2 });
    ctx.setLineDash(dash);
    ctx.beginPath();
    for (const point of points) ctx.lineTo(...place(point));
    ctx.stroke();
    ctx.setLineDash([]);
    for (const point of points) dot(ctx, name, ...place(point));
    dot(ctx, name, legend + 4, 8);
    write(ctx, name, legend + 13, 8, ink.text, "left");
    legend += 30 + ctx.measureText(name).width;
  }
}

/**
 * @param {Context} ctx
 * @param {keyof Lines} name
 * @param {number} x
 * @param {number} y
 */
function dot(ctx, name, x, y) {
  ctx.fillStyle = LINES[name].colour;
  ctx.beginPath();
  if (name === "accuracy") ctx.arc(x, y, 3.5, 0, 7);
  else ctx.rect(x - 3, y - 3, 6, 6);
  ctx.fill();
}

/**
 * Let a button play: it moves on every PACE ms until `advance` says there is no more, or step by step on request.
 *
 * @param {HTMLButtonElement} button
 * @param {(fromButton: boolean) => boolean} advance
 * @param {AbortSignal} signal
 */
export function player(button, advance, signal) {
  const still = matchMedia("(prefers-reduced-motion: reduce)");
  let timer = 0;
  const label = () => (button.textContent = still.matches ? "Next step" : timer ? "Pause" : "Play");
  const stop = () => {
    clearInterval(timer);
    timer = 0;
    label();
  };
  button.addEventListener(
    "click",
    () => {
      if (timer) return stop();
      advance(true);
      if (!still.matches) timer = setInterval(() => advance(false) || stop(), PACE);
      label();
    },
    { signal },
  );
  still.addEventListener("change", stop, { signal });
  signal.addEventListener("abort", stop);
  label();
  return stop;
}
