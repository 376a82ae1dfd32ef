// Written by `python js/palette.py` from softmoe_edu/palette.py, which says why; edit that file, not this one.

/** Weights, from least to most, at even steps. */
export const RAMP_STEPS = [
  [68, 1, 84],
  [71, 45, 123],
  [59, 82, 139],
  [44, 114, 142],
  [33, 145, 140],
  [40, 174, 128],
  [94, 201, 98],
  [173, 220, 48],
  [253, 231, 37],
];
/** Experts, models and parts of a layer. */
export const EXPERTS = ["#3f90da", "#ffa90e", "#bd1f01", "#94a4a2", "#832db6", "#a96b59", "#e76300", "#b9ac70"];
/**
 * What takes the place of those that are too dark for a dark page.
 *
 * @type {Record<string, string>}
 */
export const ON_DARK = { "#bd1f01": "#ec5b43", "#832db6": "#b678e0", "#a96b59": "#c58a79" };
