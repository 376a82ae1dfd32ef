// The clock of the loop: it runs while it is told to, while the stage is in sight, and where motion is welcome.

import { LOOP } from "./timeline.js";

/** @import { View } from "../shared/mount.js" */

/** A page that was away comes back with a long frame; the story goes on where it was. */
const LONGEST = 100;

export const lessMotion = () => matchMedia("(prefers-reduced-motion: reduce)");

/**
 * @param {View<any>} view
 * @param {HTMLElement} stage
 * @param {(t: number) => void} moved
 */
export function bindClock(view, stage, moved) {
  let frame = 0;
  let last = 0;
  let seen = true;
  const less = lessMotion();

  /** @param {number} now */
  function tick(now) {
    const since = last ? Math.min(now - last, LONGEST) : 0;
    last = now;
    frame = requestAnimationFrame(tick);
    moved((view.model.get("t") + since / 1000) % LOOP);
  }

  function follow() {
    const runs = view.model.get("playing") && seen && !less.matches && !view.signal.aborted;
    if (runs && !frame) {
      last = 0;
      frame = requestAnimationFrame(tick);
    } else if (!runs) {
      cancelAnimationFrame(frame);
      frame = 0;
    }
  }

  const sight = new IntersectionObserver(([{ isIntersecting }]) => {
    seen = isIntersecting;
    follow();
  });
  sight.observe(stage);
  view.on(less, "change", () => {
    follow();
    view.refresh();
  });
  view.model.on("change:playing", follow);
  follow();
  return {
    runs: () => frame !== 0,
    stop() {
      sight.disconnect();
      cancelAnimationFrame(frame);
    },
  };
}
