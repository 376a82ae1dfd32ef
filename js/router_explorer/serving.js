// Serving the choices of tokens choice one by one: the buttons, the slider, and the play button.

import { many } from "../shared/numbers.js";

/** @import { View } from "../shared/mount.js" */
/** @import { Serving } from "./state.js" */

/**
 * Where each button leads to.
 *
 * @type {Record<string, (now: Serving) => number>}
 */
const JUMPS = {
  none: () => 0,
  all: ({ total }) => total,
  previous: ({ upTo }) => Math.max(upTo - 1, 0),
  next: ({ upTo, total }) => Math.min(upTo + 1, total),
  away: ({ away, upTo }) => away || upTo,
};

/**
 * Bind the controls; return how to bring them in step, and how to stop playing.
 *
 * @param {View<any>} view
 * @param {HTMLElement} status Which a screen reader reads, but not while it plays.
 * @param {() => Serving | null} progress
 * @param {(served: number) => Record<string, number>} follow What shows the last of so many choices: its image.
 */
export function bindServing(view, status, progress, follow) {
  const { part, input, on } = view;
  let timer = 0;
  const serve = (/** @type {number} */ served) => view.send({ served, ...follow(served) });

  function stop() {
    clearInterval(timer);
    timer = 0;
    status.setAttribute("aria-live", "polite");
  }

  function play() {
    const now = progress();
    if (timer || !now) {
      stop();
      view.schedule();
      return;
    }
    if (matchMedia("(prefers-reduced-motion: reduce)").matches) {
      serve(now.total);
      const all = `all ${many(now.total, "choice")} were served at once`;
      view.note = `Motion is reduced: ${all}. "Next choice" serves them one by one.`;
      return;
    }
    serve(now.upTo === now.total ? 0 : now.upTo);
    // Twenty sentences a second would help no one; the last one is read when it stops.
    status.setAttribute("aria-live", "off");
    timer = setInterval(advance, Math.min(Math.max(12000 / now.total, 60), 700));
  }

  function advance() {
    const now = progress();
    if (now) serve(Math.min(now.upTo + 1, now.total));
    if (!now || now.upTo + 1 >= now.total) stop();
  }

  /** @param {Serving | null} now None where the step serves nothing. */
  function show(now) {
    part("serving").hidden = !now;
    if (!now) return stop();
    const { upTo, total, away } = now;
    // Not disabled: a button that is loses the focus that it has.
    part("away").setAttribute("aria-disabled", String(!away));
    Object.assign(input("served"), { max: total, value: upTo });
    part("served").setAttribute("aria-valuetext", `${upTo} of ${total}`);
    part("count").textContent = `${upTo} of ${many(total, "choice")} served`;
    part("play").textContent = timer ? "Pause" : "Play";
    for (const name of ["none", "previous"]) part(name).setAttribute("aria-disabled", String(upTo === 0));
    for (const name of ["next", "all"]) part(name).setAttribute("aria-disabled", String(upTo === total));
  }

  for (const [name, jump] of Object.entries(JUMPS))
    on(part(name), "click", () => {
      stop();
      const now = progress();
      if (now) serve(jump(now));
    });
  on(part("served"), "input", () => {
    stop();
    serve(Number(input("served").value));
  });
  on(part("play"), "click", play);
  return { show, stop };
}
