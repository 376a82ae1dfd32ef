// An extension of JupyterLab and Notebook 7. A widget that was not saved with its notebook is gone with its kernel, and
// they write "Error displaying widget: model not found" in its place. Python left a picture of it in the same output,
// which is shown instead. No bundler is needed: this file is what one would make of so little.

/** @typedef {Record<string, { get: () => Promise<() => any> }>} Versions Of a package that the page shares. */

(() => {
  const NAME = "softmoe-edu";
  const LOST = ".jp-OutputArea-output.jupyter-widgets";
  /** @type {Record<string, Versions>} */
  let shared = {};

  /** @param {string} name */
  async function shareOf(name) {
    const [version] = Object.values(shared[name]);
    return (await version.get())();
  }

  /**
   * Show pictures in place of lost widgets, as long as the notebook is open.
   *
   * @param {any} panel
   */
  function watch(panel) {
    const { content } = panel;
    const observer = new MutationObserver((changes) => {
      for (const { target } of changes)
        if (target instanceof HTMLElement && target.matches(LOST) && /^Error displaying widget/.test(target.innerText))
          show(content, target);
    });
    observer.observe(content.node, { childList: true, subtree: true });
    panel.disposed.connect(() => observer.disconnect());
  }

  /**
   * @param {any} content
   * @param {HTMLElement} lost
   */
  function show(content, lost) {
    const cell = content.widgets.find((/** @type {any} */ each) => each.node.contains(lost));
    const area = cell?.outputArea;
    const at = area?.widgets.findIndex((/** @type {any} */ each) => each.node.contains(lost));
    const html = [area?.model.get(at)?.data["text/html"] ?? ""].flat().join("");
    if (!html.includes("softmoe-twin")) return;
    lost.innerHTML = content.rendermime.sanitizer.sanitize(html);
    lost.classList.add("jp-RenderedHTMLCommon");
  }

  const extension = async () => {
    const { INotebookTracker } = await shareOf("@jupyterlab/notebook");
    const plugin = {
      id: `${NAME}:twin`,
      autoStart: true,
      requires: [INotebookTracker],
      activate(/** @type {any} */ app, /** @type {any} */ tracker) {
        tracker.forEach(watch);
        tracker.widgetAdded.connect((/** @type {any} */ sender, /** @type {any} */ panel) => watch(panel));
      },
    };
    return () => ({ __esModule: true, default: plugin });
  };

  /** @type {Record<string, any>} */
  const page = window;
  page._JUPYTERLAB ??= {};
  page._JUPYTERLAB[NAME] = {
    init: (/** @type {Record<string, Versions>} */ scope) => (shared = scope),
    get: (/** @type {string} */ module) => (module === "./extension" ? extension() : Promise.reject(Error(module))),
  };
})();
