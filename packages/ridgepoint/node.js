// The calculator in Node.js: reads its program from beside this file.

import { readFileSync } from "node:fs";
import { initSync } from "./program.js";

initSync({ module: readFileSync(new URL("program_bg.wasm", import.meta.url)) });

export * from "./calculator.js";
