// Keys on the elements of a widget: kept from the notebook, and named below what they move.

/** Keeps the keys of an element that takes focus from the notebook's shortcuts. */
export const KEYS = 'data-lm-suppress-shortcuts="true"';

/** The arrow keys that move along both axes, and along one. */
export const ARROWS = "← ↑ → ↓";
export const ACROSS = "← →";

/**
 * One line of keys below a panel, and what a finger does there instead.
 *
 * @param {Record<string, string>} keys What each key does: { "← →": "move", Enter: "pin" }.
 * @param {string} touch For touch screens, which have no keys.
 */
export const keyHints = (keys, touch) =>
  `<p class="explorer-keys"><span class="explorer-typed">${Object.entries(keys)
    .map(
      ([key, what]) =>
        `${key
          .split(" ")
          .map((each) => `<kbd>${each}</kbd>`)
          .join("")} ${what}`,
    )
    .join(" · ")}</span><span class="explorer-touched">${touch}</span></p>`;
