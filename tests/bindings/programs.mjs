// The two programs that are compared: the command line as a function, and where the library starts.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";

/** The file that an import of the package means, in Node.js (`node`), in a browser (`default`), to a compiler (`types`). */
export function entry(folder, condition) {
  const { exports } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  return join(folder, exports["."][condition]);
}

/** Runs `program` with words and standard input: what it answers, or the sentence after its name in its line of error. */
export function commandLine(program) {
  return (words, input = "") => {
    const { status, stdout, stderr, error } = spawnSync(program, words, { input, encoding: "utf8", maxBuffer: 1 << 28 });
    assert.equal(error, undefined, `${program} runs`);
    if (status === 0) return { answer: stdout.replace(/\n$/, "") };
    assert.equal(status, 2, `${words.join(" ")}: ${stderr}`);
    return { error: stderr.replace(/^ridgepoint: /, "").replace(/\n$/, "") };
  };
}
