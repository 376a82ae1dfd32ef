// Two models compared seed by seed, by the rules of softmoe_edu.evidence.statistics: tests compare each number with it.

/** @typedef {{ seed: number, first: number, second: number, difference: number }} Pair */

/**
 * What two models measured with the same seeds, in the order of the seeds.
 *
 * @param {Map<number, number>} first
 * @param {Map<number, number>} second
 * @returns {Pair[]}
 */
export const pairsOf = (first, second) =>
  [...first]
    .filter(([seed]) => second.has(seed))
    .map(([seed, value]) => {
      const other = second.get(seed) ?? NaN;
      return { seed, first: value, second: other, difference: value - other };
    })
    .sort((a, b) => a.seed - b.seed);

/**
 * How many differences are above 0, below 0 and 0.
 *
 * @param {number[]} differences
 */
export const signsOf = (differences) => ({
  up: differences.filter((each) => each > 0).length,
  down: differences.filter((each) => each < 0).length,
  even: differences.filter((each) => each === 0).length,
});

/**
 * How likely signs as one-sided as these are, or more so, if either sign were equally likely: the exact two-sided sign
 * test, without differences of 0.
 *
 * @param {number[]} differences
 */
export function signTest(differences) {
  const { up, down } = signsOf(differences);
  const n = up + down;
  let chance = 0.5 ** n;
  let sum = 0;
  for (let k = 0; k <= Math.min(up, down); k++) {
    sum += chance;
    chance *= (n - k) / (k + 1);
  }
  return Math.min(1, 2 * sum);
}

/** @param {number[]} values */
export const meanOf = (values) => values.reduce((sum, each) => sum + each, 0) / values.length;
