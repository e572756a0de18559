// The types of the JavaScript library are those of its answers: a compiler reads answers as values of them, which finds
// a field that is missing, one too many, and one of another type.
//
//     node types.mjs PACKAGE-FOLDER TOOLS-FOLDER

import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { configs, links, reportQueries } from "./cases.mjs";
import { entry } from "./programs.mjs";

const [folder, tools] = process.argv.slice(2).map((path) => resolve(path));
const library = await import(pathToFileURL(entry(folder, "node")));
const typescript = createRequire(join(tools, "types.cjs"))("typescript");

/** The answers to every case and the settings of every link, each with the type that it should have. */
function answers() {
  const queries = [...links(), ...reportQueries()];
  return [
    ...queries.map((query) => ["Report", library.json.estimate(query)]),
    ...configs().flatMap(([query, config]) => custom(query, config)),
    ...queries.map((query) => ["Plan", library.json.plan(query)]),
    ["Choice[]", library.json.models()],
    ["Choice[]", library.json.devices()],
    ...links().map((link) => ["Settings", settings(link)]),
  ];
}

function settings(link) {
  return JSON.stringify(Object.fromEntries(new URLSearchParams(link.replace(/#.*/, ""))));
}

/** Values as constants of their types. */
function constants(values) {
  const lines = values.map(([type, text], index) => `export const value${index}: library.${type} = ${text};`);
  return ['import type * as library from "./index.js";', ...lines].join("\n");
}

function custom(query, config) {
  try {
    return [["Report", library.json.estimate({ query, config })]];
  } catch {
    return [];
  }
}

/** What the compiler says of a module that lies beside the package's own. */
function problems(text) {
  const name = join(folder, "answers.ts");
  const options = {
    strict: true,
    noEmit: true,
    types: [],
    target: typescript.ScriptTarget.ES2022,
    module: typescript.ModuleKind.NodeNext,
  };
  const host = typescript.createCompilerHost(options);
  const { fileExists, readFile, getSourceFile } = host;
  host.fileExists = (file) => file === name || fileExists(file);
  host.readFile = (file) => (file === name ? text : readFile(file));
  host.getSourceFile = (file, version, ...rest) =>
    file === name ? typescript.createSourceFile(file, text, version) : getSourceFile(file, version, ...rest);
  const found = typescript.getPreEmitDiagnostics(typescript.createProgram([name], options, host));
  return found.map(({ messageText }) => typescript.flattenDiagnosticMessageText(messageText, "\n"));
}

const values = answers();
assert.deepEqual(problems(constants(values)), []);

// The compiler does read them: it sees what is broken on purpose, and calls that should not be.
const link = "gpu=rtx-4090:2,rtx-3090:1";
for (const [type, text, field] of [
  ["Report", library.json.estimate(link), "kv_bytes_per_token"],
  ["Plan", library.json.plan(link), "tensor_split"],
  ["Settings", settings(link), "gpu"],
]) {
  assert.equal(problems(constants([[type, text]])).length, 0, type);
  assert.equal(problems(constants([[type, text.replace(`"${field}"`, `"${field}x"`)]])).length, 1, type);
}
const calls = (code) => problems(`import * as library from "./index.js";\n${code}`).length;
assert.equal(calls('library.estimate({ gpu: "l40s", n: 2, "b.gpu": "a100", config: {} }).memory.fits;'), 0);
assert.equal(calls('library.plan({ query: "n=2", config: {} }).best.latency?.command;'), 0);
assert.equal(calls("library.estimate(7);"), 1);
assert.equal(calls('library.estimate({ query: "n=2", n: 2 });'), 1);

// Every function that the types promise is there, and no other.
const source = typescript.createSourceFile("index.d.ts", typescript.sys.readFile(entry(folder, "types")), 99);
const isValue = (node) => typescript.isFunctionDeclaration(node) || typescript.isVariableStatement(node);
const nameOf = (node) => (node.name ?? node.declarationList.declarations[0].name).text;
assert.deepEqual(source.statements.filter(isValue).map(nameOf).sort(), Object.keys(library).sort());

console.log(`types: ${values.length} values are what index.d.ts says`);
