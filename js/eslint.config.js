import js from "@eslint/js";

const BROWSER = [
  "AbortController",
  "AbortSignal",
  "Blob",
  "DOMMatrix",
  "Element",
  "HTMLCanvasElement",
  "HTMLElement",
  "HTMLInputElement",
  "ImageData",
  "IntersectionObserver",
  "MediaRecorder",
  "MutationObserver",
  "Node",
  "OffscreenCanvas",
  "Option",
  "ResizeObserver",
  "Text",
  "URL",
  "URLSearchParams",
  "atob",
  "cancelAnimationFrame",
  "clearInterval",
  "clearTimeout",
  "console",
  "crypto",
  "document",
  "getComputedStyle",
  "history",
  "location",
  "matchMedia",
  "navigator",
  "performance",
  "requestAnimationFrame",
  "setInterval",
  "setTimeout",
  "window",
];
const NODE = ["console", "process", "URL"];
const globals = (/** @type {string[]} */ names) => Object.fromEntries(names.map((name) => [name, "readonly"]));

export default [
  js.configs.recommended,
  {
    files: ["**/*.js"],
    languageOptions: { ecmaVersion: 2024, globals: globals(BROWSER) },
    linterOptions: { reportUnusedDisableDirectives: "error" },
    rules: {
      eqeqeq: "error",
      "no-shadow": "error",
      "no-var": "error",
      "one-var": ["error", "never"],
      "prefer-const": "error",
    },
  },
  { files: ["**/build.js", "**/*.config.js", "**/test/**"], languageOptions: { globals: globals(NODE) } },
];
