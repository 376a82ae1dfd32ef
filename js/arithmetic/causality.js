// What a matrix of influence says: row i, column j is how far output i moves when token j changes.
// Tests compare these functions with softmoe_edu.influence.

/**
 * Whether each output moves: by more than `tolerance` of the largest change of the layer.
 *
 * @param {Float32Array} changes
 * @param {number} tolerance
 */
export function movesOf(changes, tolerance) {
  const least = tolerance * changes.reduce((a, b) => Math.max(a, b), 0);
  return Array.from(changes, (change) => change > least);
}

/**
 * Count the pairs of an output and a later token, and those in which the output moves.
 *
 * @param {boolean[]} moves
 * @param {number} n
 */
export function earlierOf(moves, n) {
  let moved = 0;
  for (let i = 0; i < n; i++) for (let j = i + 1; j < n; j++) moved += Number(moves[i * n + j]);
  return { moved, pairs: (n * (n - 1)) / 2, share: n > 1 ? moved / ((n * (n - 1)) / 2) : 0 };
}

/**
 * The outputs that move when a token changes.
 *
 * @param {boolean[]} moves
 * @param {number} n
 * @param {number} token
 */
export const movedBy = (moves, n, token) => [...Array(n).keys()].filter((i) => moves[i * n + token]);

/**
 * How deep the colour of a change is, from 0 to 1: the root spreads small shares, and a tenth is not yet bright.
 *
 * @param {number} share
 */
export const depthOf = (share) => Math.sqrt(share);
