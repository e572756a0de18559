// Starts the calculator. An external file, because the page's security policy allows no inline script.

// What went wrong so far, for the browser tests. Some of it never reaches a browser's own log.
const errors = [];
addEventListener("error", (event) => errors.push(`error: ${event.message || event.target?.src || event.type}`), true);
addEventListener("unhandledrejection", (event) => errors.push(`unhandled rejection: ${event.reason}`));
addEventListener("securitypolicyviolation", (event) =>
  errors.push(`security policy: ${event.violatedDirective} blocked ${event.blockedURI || "inline"}`),
);
const logError = console.error;
console.error = (...words) => {
  errors.push(`console.error: ${words.join(" ")}`);
  logError.apply(console, words);
};

const page = document.documentElement;

// The colours that were asked for, before anything is seen. The program follows them from then on.
try {
  const query = new URLSearchParams(location.search);
  const asked = query.get("theme") ?? (query.has("embed") ? null : localStorage.getItem("ridgepoint-theme"));
  if (asked === "light" || asked === "dark") page.dataset.theme = asked;
} catch {
  // A browser without storage shows the colours of its system.
}

// The first module has another name in each build, which keeps caches from mixing the other files with it.
const { js, wasm } = document.querySelector("script[data-wasm]").dataset;
const file = (name) => new URL(`${name}?${js.replace(/^.*-|\.js$/g, "")}`, document.baseURI);

const bytes = async (name) => {
  const response = await fetch(file(name));
  if (!response.ok) throw new Error(`${name}: status ${response.status}`);
  return new Uint8Array(await response.arrayBuffer());
};

// Models and devices, on their way while the first module is.
const catalogue = bytes("catalogue.bin");

// The other programs are loaded once, when they are first needed; what failed may work the next time.
const load = (name, prepare) => {
  let loaded;
  return () => {
    loaded ??= import(file(`${name}.js`)).then(async (module) => {
      await module.default({ module_or_path: file(`${name}_bg.wasm`) });
      await prepare?.(module);
      return module;
    });
    loaded.catch(() => (loaded = undefined));
    return loaded;
  };
};

// For models that are not in the catalogue.
const loadImporter = load("ridgepoint-import");
// For the views that few readers open first.
const loadFurther = load("ridgepoint-further", async (module) =>
  module.install(await catalogue, await bytes("origins.bin")),
);
const loadEvidence = () => bytes("evidence.bin");

window.ridgepoint = { errors, loadImporter, loadFurther, loadEvidence };

const app = document.getElementById("app");
const skeleton = [...app.childNodes];

try {
  const program = import(new URL(js, document.baseURI)).then(async (module) => {
    await module.default({ module_or_path: new URL(wasm, document.baseURI) });
    return module;
  });
  const [module, facts] = await Promise.all([program, catalogue]);
  await module.start(facts);
  skeleton.forEach((node) => node.remove());
  // Charts are drawn in the first frame; the page is ready in the one after it.
  requestAnimationFrame(() => requestAnimationFrame(() => (page.dataset.ready = "true")));
} catch (error) {
  errors.push(`start: ${error}`);
  page.dataset.failed = "true";
  const message = document.createElement("p");
  message.setAttribute("role", "alert");
  message.textContent =
    "The calculator could not start. It needs a browser with WebAssembly (any from 2022 on), and all of its files. " +
    `The browser says: ${error.message ?? error}`;
  app.replaceChildren(message);
}
