// Rows of numbers and words as a CSV file (RFC 4180).

/** @typedef {(string | number | boolean | null | undefined)[]} Row */

/**
 * One field: numbers with all their digits, empty where there is no value, in quotes where it needs them.
 *
 * @param {Row[number]} value
 */
function field(value) {
  const text = String(value ?? "");
  return /[",\r\n]/.test(text) || text !== text.trim() ? `"${text.replaceAll('"', '""')}"` : text;
}

/**
 * The text of a file whose first row names the columns.
 *
 * @param {Row[]} rows
 */
export const csvOf = (rows) => rows.map((row) => `${row.map(field).join(",")}\r\n`).join("");
