// Bytes of the kernel as numbers. A host need not align what it received to four bytes, so they are copied before; what
// was copied once is found again.

/** @param {DataView} view */
const copyOf = (view) =>
  /** @type {ArrayBuffer} */ (view.buffer.slice(view.byteOffset, view.byteOffset + view.byteLength));

/**
 * @template {Float32Array | Int32Array | Uint8Array} Numbers
 * @param {new (bytes: ArrayBuffer) => Numbers} Kind
 * @returns {(view: DataView) => Numbers}
 */
function numbersOf(Kind) {
  /** @type {WeakMap<DataView, Numbers>} */
  const copies = new WeakMap();
  return (view) => {
    const numbers = copies.get(view) ?? new Kind(copyOf(view));
    copies.set(view, numbers);
    return numbers;
  };
}

export const floats = numbersOf(/** @type {new (bytes: ArrayBuffer) => Float32Array} */ (Float32Array));
export const ints = numbersOf(/** @type {new (bytes: ArrayBuffer) => Int32Array} */ (Int32Array));
export const octets = numbersOf(/** @type {new (bytes: ArrayBuffer) => Uint8Array} */ (Uint8Array));
