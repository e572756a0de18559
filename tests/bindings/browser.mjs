// The JavaScript library in a browser: a page imports it from a plain static server and sends its answers back, which are
// those of the command line, to the byte.
//
//     node browser.mjs PACKAGE-FOLDER COMMAND-LINE-PROGRAM CHROMIUM

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { basename, join, resolve } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { links } from "./cases.mjs";
import { commandLine, entry } from "./programs.mjs";

const [folder, program, chromium] = process.argv.slice(2);
const LONGEST_MS = 120_000;
const TYPES = { js: "text/javascript", wasm: "application/wasm" };
const queries = links();

const PAGE = `<!doctype html><script type="module">
  const send = (answers) => fetch("/answers", { method: "POST", body: JSON.stringify(answers) });
  try {
    const { json } = await import("./package/${basename(entry(folder, "default"))}");
    await send(${JSON.stringify(queries)}.map((query) => json.estimate(query)));
  } catch (error) {
    await send({ error: String(error) });
  }
</script>`;

/** Serves the page, and the package below it, until the answers come. */
function serve() {
  const server = createServer();
  const answers = new Promise((found) => {
    server.on("request", async (request, response) => {
      const [, name] = request.url.match(/^\/package\/(\w+\.(?:js|wasm))$/) ?? [];
      if (request.method === "POST") {
        const parts = await request.setEncoding("utf8").toArray();
        response.end();
        found(JSON.parse(parts.join("")));
      } else if (name !== undefined) {
        response.setHeader("content-type", TYPES[name.split(".")[1]]);
        response.end(readFileSync(resolve(folder, name)));
      } else {
        response.setHeader("content-type", "text/html").end(PAGE);
      }
    });
  });
  return { server, answers };
}

/** Removes a folder that a process which is going may still write to. */
async function remove(folder) {
  for (let tries = 50; ; tries -= 1) {
    try {
      return rmSync(folder, { recursive: true, force: true });
    } catch (error) {
      if (tries === 0) throw error;
      await pause(100);
    }
  }
}

const { server, answers } = serve();
server.listen(0, "127.0.0.1");
await once(server, "listening");
const profile = mkdtempSync(join(tmpdir(), "ridgepoint-"));
const switches = ["--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"];
const address = `http://127.0.0.1:${server.address().port}/`;
const browser = spawn(chromium, [...switches, `--user-data-dir=${profile}`, address], { stdio: "ignore", detached: true });
const ended = once(browser, "exit");
const late = new Promise((_, fail) => setTimeout(() => fail(new Error("no answers came")), LONGEST_MS).unref());
try {
  const found = await Promise.race([answers, late, ended.then(() => Promise.reject(new Error("the browser ended")))]);
  const ridgepoint = commandLine(program);
  assert.deepEqual(found, queries.map((query) => ridgepoint(["estimate", query, "--json"]).answer));
  console.log(`in a browser: ${found.length} reports are the same to the byte`);
} finally {
  // The browser and its helpers, which would go on writing for a while.
  if (browser.exitCode === null) process.kill(-browser.pid, "SIGKILL");
  await ended;
  server.closeAllConnections();
  server.close();
  await remove(profile);
}
