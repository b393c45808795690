// A page in Chromium that uses the client across origins: the page is served from a port of its own.
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join, normalize } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";
import { token, url } from "./client.mjs";

const modules = fileURLToPath(new URL("node_modules/", import.meta.url));
const page = `<!doctype html><meta charset="utf-8"><title>shop</title>
<script type="importmap">{"imports":{
  "@upstash/redis":"/@upstash/redis/nodejs.mjs",
  "uncrypto":"/uncrypto/dist/crypto.web.mjs"
}}</script>`;

let server;
let profile;
let browser;
let tab;
const network = [];

before(async () => {
  server = createServer(serve).listen(0, "127.0.0.1");
  profile = await mkdtemp(join(tmpdir(), "latchkey-chromium-"));
  browser = await chromium.launchPersistentContext(profile, {
    executablePath: executable(),
    headless: true,
    chromiumSandbox: false,
    env: { ...process.env, XDG_CONFIG_HOME: profile, XDG_CACHE_HOME: profile },
    args: [
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
  tab = await browser.newPage();
  const session = await browser.newCDPSession(tab);
  await session.send("Network.enable");
  session.on("Network.requestWillBeSent", ({ request }) => network.push([request.method, new URL(request.url).pathname]));
  await tab.goto(`http://127.0.0.1:${server.address().port}/`);
});

after(async () => {
  await browser?.close();
  server?.close();
  if (profile) await rm(profile, { recursive: true, force: true });
});

test("the client works from a page of another origin, after a preflight (T38)", async () => {
  const seen = await tab.evaluate(async ({ url, token }) => {
    const { Redis } = await import("@upstash/redis");
    const redis = new Redis({ url, token });
    await redis.set("product:1", { name: "Lamp", price: 12.5 }, { ex: 3600 });
    await redis.zadd("board", { score: 5, member: "ann" }, { score: 9, member: "bob" });
    const board = await redis.zrange("board", 0, 9, { rev: true, withScores: true });
    const [product, emoji] = await Promise.all([redis.get("product:1"), redis.echo("🫶")]);
    return { product, board, emoji, syncToken: redis.readYourWritesSyncToken };
  }, { url, token });
  assert.deepEqual(seen.product, { name: "Lamp", price: 12.5 });
  assert.deepEqual(seen.board, ["bob", 9, "ann", 5]);
  assert.equal(seen.emoji, "🫶");
  assert.match(seen.syncToken, /^.+$/, "the token can be read across origins (T19)");
  assert.ok(network.some(([method]) => method === "OPTIONS"), "the browser asked before it sent the token");
});

test("a page reads errors and the headers that say what is left", async () => {
  const seen = await tab.evaluate(async ({ url, token }) => {
    const ask = async (path, bearer) => {
      const reply = await fetch(url + path, { headers: { authorization: `Bearer ${bearer}`, "upstash-encoding": "base64" } });
      return { status: reply.status, body: await reply.json(), sync: reply.headers.get("upstash-sync-token") };
    };
    return [await ask("/get", token), await ask("/get/k", "wrong")];
  }, { url, token });
  assert.equal(seen[0].status, 400);
  assert.equal(seen[0].body.error, "ERR wrong number of arguments for 'get' command");
  assert.match(seen[0].sync, /^.+$/);
  assert.equal(seen[1].status, 401);
  assert.match(seen[1].body.error, /^WRONGPASS /);
});

test("a link with the token in its query needs no preflight", async () => {
  const before = network.length;
  const seen = await tab.evaluate(async ({ url, token }) => {
    const reply = await fetch(`${url}/echo/hello?_token=${encodeURIComponent(token)}`);
    return reply.json();
  }, { url, token });
  assert.deepEqual(seen, { result: "hello" });
  assert.ok(!network.slice(before).some(([method]) => method === "OPTIONS"));
});

/// The page, and the client's modules as they were published.
async function serve(request, response) {
  if (request.url === "/") {
    response.setHeader("content-type", "text/html").end(page);
    return;
  }
  const path = normalize(new URL(request.url, "http://localhost").pathname);
  try {
    const script = await readFile(join(modules, path));
    response.setHeader("content-type", "text/javascript").end(script);
  } catch {
    response.writeHead(404).end();
  }
}

function executable() {
  const candidates = [process.env.CHROMIUM, "/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];
  const found = candidates.find((path) => path && existsSync(path));
  assert.ok(found, "Chromium is not installed: 'apt-get install chromium', or set CHROMIUM to its path");
  return found;
}
