// What the library and the command line are both asked: the links that were given out, the queries behind the tests of
// reports, configurations from outside the catalogue, and what cannot be read.

import { readFileSync, readdirSync } from "node:fs";

const tests = new URL("../", import.meta.url);
const read = (path) => readFileSync(new URL(path, tests), "utf8");

/** Every link of `tests/links`, as given and in its canonical form. A query without a setting is no link to a program. */
export function links() {
  const lines = read("links/v1/accepted.txt").split("\n").filter((line) => line.includes("=> "));
  return lines.flatMap((line) => line.split("=> ")).map((link) => link.trim()).filter((link) => link !== "");
}

/** Every query of `tests/cases/report`. */
export function reportQueries() {
  const files = readdirSync(new URL("cases/report/", tests)).filter((name) => name.endsWith(".json"));
  return files.flatMap((name) => JSON.parse(read(`cases/report/${name}`)).cases.map(({ query }) => query));
}

/** Every configuration of `tests/cases/models/others.json`, those that are refused included, each with a query. */
export function configs() {
  const { models } = JSON.parse(read("cases/models/others.json"));
  return models.map(({ config }, index) => [`gpu=h200-sxm-141gb&n=${1 << (index % 5)}&batch=${index + 1}`, config]);
}

export function unreadable() {
  return [
    "",
    "hello",
    "two\nlines",
    "model=lama-3.1-8b",
    "model=custom",
    "model=custom#c=z1:abc",
    "gpu=abacus",
    "gpu=rtx-4090:1,abacus:2",
    "model=%00%ff",
    "https://example.org/?model=no-such-model-at-all",
  ];
}

export function brokenConfigs() {
  return [[], {}, null, "", 7, { hidden_size: 256 }, { model_type: "new-thing" }, { model_type: "llama", hidden_size: -1 }];
}
