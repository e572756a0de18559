// The calculator's functions over those of the program, which take and give text.

import * as program from "./program.js";

/** The same answers as JSON text, as the command line prints them. */
export const json = {
  estimate: (input) => program.estimate(...readInput(input)),
  plan: (input) => program.plan(...readInput(input)),
  models: () => program.models(),
  devices: () => program.devices(),
};

export const estimate = (input) => JSON.parse(json.estimate(input));
export const plan = (input) => JSON.parse(json.plan(input));
export const models = () => JSON.parse(json.models());
export const devices = () => JSON.parse(json.devices());

/** The query and the text of the configuration, if there is one, that an input means. */
function readInput(input) {
  if (typeof input === "string") return [input, undefined];
  if (typeof input !== "object" || input === null || Array.isArray(input)) {
    throw new Error("the input is neither a query nor an object of settings");
  }
  const { query, config, ...settings } = input;
  // What JSON has no text for is no configuration either.
  const text = config === undefined ? undefined : (JSON.stringify(config) ?? "");
  if (query === undefined) return [writeQuery(settings), text];
  if (typeof query !== "string") throw new Error("query: not a text");
  const [other] = Object.keys(settings);
  if (other !== undefined) throw new Error(`${other}: a query stands beside it; put it into the query`);
  return [query, text];
}

/** Settings as a query with the same keys. The version comes first, so that none at all are a query, too. */
function writeQuery(settings) {
  const pairs = new URLSearchParams(settings.v === undefined ? { v: "1" } : {});
  for (const [key, value] of Object.entries(settings)) {
    if (value !== undefined && value !== null) pairs.append(key, writeValue(key, value));
  }
  return pairs.toString();
}

function writeValue(key, value) {
  if (["string", "number", "bigint", "boolean"].includes(typeof value)) return String(value);
  throw new Error(`${key}: neither text, a number, true nor false`);
}
