// Every answer of the JavaScript library is that of the command line, to the byte, and so is every error.
//
//     node compare.mjs PACKAGE-FOLDER COMMAND-LINE-PROGRAM

import assert from "node:assert/strict";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { brokenConfigs, configs, links, reportQueries, unreadable } from "./cases.mjs";
import { commandLine, entry } from "./programs.mjs";

const [folder, program] = process.argv.slice(2);
const { estimate, plan, models, devices, json } = await import(pathToFileURL(entry(resolve(folder), "node")));
const ridgepoint = commandLine(program);

const spent = { library: 0, program: 0 };
const counts = {};

/** Compares what both say: the text of an answer, or the line of an error. */
function compare(kind, words, answer, input) {
  const expected = timed("program", () => ridgepoint(words, input));
  const found = timed("library", () => attempt(answer));
  assert.deepEqual(found, expected, `${kind}: ${words.join(" ")}`);
  counts[kind] = (counts[kind] ?? 0) + 1;
  return found.answer;
}

function attempt(answer) {
  try {
    return { answer: answer() };
  } catch (error) {
    // A trap of WebAssembly is a mistake of ours, not a line of error.
    assert.ok(error instanceof Error && !(error instanceof WebAssembly.RuntimeError), String(error));
    return { error: error.message };
  }
}

function timed(who, work) {
  const start = performance.now();
  try {
    return work();
  } finally {
    spent[who] += performance.now() - start;
  }
}

for (const query of [...links(), ...reportQueries()]) {
  compare("reports", ["estimate", query, "--json"], () => json.estimate(query));
  compare("plans", ["plan", query, "--json"], () => json.plan(query));
}
for (const [query, config] of configs()) {
  const text = JSON.stringify(config);
  const words = ["estimate", query, "--config", "-", "--json"];
  const answer = compare("custom models", words, () => json.estimate({ query, config }), text);
  if (answer === undefined) continue;
  // The link carries the configuration with it.
  compare("plans", ["plan", JSON.parse(answer).link, "--json"], () => json.plan({ query, config }));
}
for (const query of unreadable()) {
  compare("errors", ["estimate", query, "--json"], () => json.estimate(query));
  compare("errors", ["plan", query, "--json"], () => json.plan(query));
}
for (const config of brokenConfigs()) {
  const answer = () => json.estimate({ query: "n=1", config });
  compare("errors", ["estimate", "n=1", "--config", "-", "--json"], answer, JSON.stringify(config));
}
compare("lists", ["models", "--json"], () => json.models());
compare("lists", ["devices", "--json"], () => json.devices());

// Settings are a query with the same keys.
for (const [settings, query] of [
  [{}, "v=1"],
  [{ gpu: "rtx-4090:2,rtx-3090:1", engine: "llama.cpp", w: "q4_k_m" }, "gpu=rtx-4090:2,rtx-3090:1&engine=llama.cpp&w=q4_k_m"],
  [{ v: 1, n: 4, batch: 16n, util: 0.95, eager: true, mem: null, tp: undefined }, "n=4&batch=16&util=0.95&eager=1"],
  [{ model: "meta-llama/Llama-3.1-8B", "b.gpu": "l40s" }, "model=llama-3.1-8b&b.gpu=l40s"],
  [{ batch: 1e21, "a b&c": "%" }, "batch=1e%2B21&a+b%26c=%25"],
  [{ model: "\ud800" }, "model=%EF%BF%BD"],
]) {
  compare("settings", ["estimate", query, "--json"], () => json.estimate(settings));
  compare("settings", ["plan", query, "--json"], () => json.plan(settings));
}
const [, config] = configs()[0];
compare("settings", ["estimate", "n=2", "--config", "-", "--json"], () => json.estimate({ n: 2, config }), JSON.stringify(config));

// What no command line can be given throws, too.
for (const input of [undefined, null, 7, [], { gpu: {} }, { n: Symbol("n") }, { query: 7 }, { query: "n=1", n: 2 }]) {
  assert.throws(() => estimate(input), { name: "Error", message: /^[^\n]+$/ });
  assert.throws(() => plan(input), { name: "Error", message: /^[^\n]+$/ });
  counts.inputs = (counts.inputs ?? 0) + 1;
}
assert.throws(() => estimate({ n: 1, config: () => {} }), { message: /^config: / });

// Objects are what their text says.
const query = "model=deepseek-v3&gpu=h200-sxm-141gb&n=16&w=fp8&batch=64";
assert.deepEqual(estimate(query), JSON.parse(json.estimate(query)));
assert.deepEqual(plan(query), JSON.parse(json.plan(query)));
assert.deepEqual([models(), devices()], [JSON.parse(json.models()), JSON.parse(json.devices())]);

for (const [kind, least] of [["reports", 85], ["plans", 85], ["custom models", 20], ["errors", 15]]) {
  assert.ok(counts[kind] >= least, `${kind}: ${counts[kind]}`);
}
const words = Object.entries(counts).map(([kind, count]) => `${count} ${kind}`);
console.log(`the same to the byte: ${words.join(", ")}`);
console.log(`library ${(spent.library / 1000).toFixed(1)} s, command line ${(spent.program / 1000).toFixed(1)} s`);
