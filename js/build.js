// Bundles one script and one style sheet a widget into softmoe_edu/widgets/static, which is committed.
// --watch builds again at every change; --check builds nothing and fails where what is committed differs.

import { mkdir, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

import { build, context } from "esbuild";

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const STATIC = join(ROOT, "softmoe_edu", "widgets", "static");
const WIDGETS = [
  "routing_lens",
  "router_explorer",
  "routing_flow",
  "capacity_explorer",
  "causality_explorer",
  "cost_explorer",
  "run_browser",
];
const ENTRIES = [...WIDGETS.flatMap((name) => [`${name}/${name}.js`, `${name}/${name}.css`]), "page_host/page_host.js"];

/** @type {import("esbuild").BuildOptions} */
const OPTIONS = {
  absWorkingDir: ROOT,
  entryPoints: ENTRIES.map((path) => `js/${path}`),
  entryNames: "[name]",
  outdir: STATIC,
  bundle: true,
  charset: "utf8",
  format: "esm",
  legalComments: "none",
  logLevel: "info",
  target: "es2023",
  // A reader of a saved page finds the names that stand in the sources.
  minify: false,
};

/**
 * What a build would write, by file name.
 *
 * @returns {Promise<Map<string, string>>}
 */
async function built() {
  const { outputFiles } = await build({ ...OPTIONS, write: false, logLevel: "warning" });
  return new Map(outputFiles.map(({ path, text }) => [basename(path), text]));
}

/**
 * Names of committed files that differ from what the sources produce: changed, missing or left over.
 *
 * @param {Map<string, string>} files
 */
async function stale(files) {
  await mkdir(STATIC, { recursive: true });
  const committed = await readdir(STATIC);
  const left = committed.filter((name) => !files.has(name));
  const changed = [...files.keys()].filter((name) => !committed.includes(name));
  for (const name of committed.filter((each) => files.has(each)))
    if ((await readFile(join(STATIC, name), "utf8")) !== files.get(name)) changed.push(name);
  return { changed, left };
}

/** Write what differs, and remove what no source produces any more. */
async function write() {
  const files = await built();
  const { changed, left } = await stale(files);
  for (const name of changed) await writeFile(join(STATIC, name), files.get(name) ?? "");
  for (const name of left) await rm(join(STATIC, name));
  console.log(`built: ${[...changed, ...left].sort().join(", ") || "nothing changed"}`);
}

async function check() {
  const { changed, left } = await stale(await built());
  if (!changed.length && !left.length) return;
  console.error(`static files differ from js/: ${[...changed, ...left].sort().join(", ")}; run npm run build`);
  process.exitCode = 1;
}

async function watch() {
  const building = await context(OPTIONS);
  await building.watch();
}

const { values } = parseArgs({ options: { watch: { type: "boolean" }, check: { type: "boolean" } } });
await (values.watch ? watch() : values.check ? check() : write());
