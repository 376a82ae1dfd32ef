// One loop as a WebM film. Each frame is drawn for its own time, and then handed to the recorder.

import { LOOP } from "./timeline.js";

export const FRAMES_PER_SECOND = 25;

/** Formats in the order of preference. */
const FORMATS = ["video/webm;codecs=vp9", "video/webm;codecs=vp8", "video/webm"];

/** The format that this browser records, or null where it records none. */
export function formatOf() {
  if (typeof MediaRecorder === "undefined" || !("captureStream" in HTMLCanvasElement.prototype)) return null;
  return FORMATS.find((format) => MediaRecorder.isTypeSupported(format)) ?? null;
}

/**
 * Record one loop.
 *
 * @param {HTMLCanvasElement} canvas
 * @param {(t: number) => void} draw
 * @param {{ format: string, signal: AbortSignal, tell: (share: number) => void, seconds?: number }} how `seconds` of
 *   the film, in which the whole loop passes.
 * @returns {Promise<Blob | null>} Null where it was broken off.
 */
export async function filmOf(canvas, draw, { format, signal, tell, seconds = LOOP }) {
  const stream = canvas.captureStream(0);
  const [track] = /** @type {CanvasCaptureMediaStreamTrack[]} */ (stream.getVideoTracks());
  const recorder = new MediaRecorder(stream, { mimeType: format, videoBitsPerSecond: 4_000_000 });
  /** @type {Blob[]} */
  const chunks = [];
  recorder.addEventListener("dataavailable", ({ data }) => chunks.push(data));
  const ended = new Promise((resolve) => recorder.addEventListener("stop", resolve, { once: true }));
  recorder.start();
  const frames = Math.round(seconds * FRAMES_PER_SECOND);
  const start = performance.now();
  for (let i = 0; i < frames && !signal.aborted; i++) {
    draw((i * LOOP) / frames);
    track.requestFrame();
    tell((i + 1) / frames);
    // A recorder goes by the clock: the next frame waits for its moment.
    await pause(start + (1000 * (i + 1)) / FRAMES_PER_SECOND - performance.now());
  }
  recorder.stop();
  await ended;
  track.stop();
  return signal.aborted ? null : new Blob(chunks, { type: "video/webm" });
}

/** @param {number} milliseconds */
const pause = (milliseconds) => new Promise((done) => setTimeout(done, Math.max(milliseconds, 0)));
