// The calculator in a browser: fetches its program from beside this file.

import start from "./program.js";

await start();

export * from "./calculator.js";
