// The example application, installed and started as its README says, and used over HTTP.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";

const directory = fileURLToPath(new URL("../../../examples/hono", import.meta.url));
let application;
let base;

before(async () => {
  application = spawn(process.execPath, ["app.js"], {
    cwd: directory,
    env: { ...process.env, PORT: "0" },
    stdio: ["ignore", "pipe", "inherit"],
  });
  for await (const line of createInterface({ input: application.stdout })) {
    base = line.match(/http:\/\/\S+/)?.[0];
    if (base) return;
  }
  throw new Error("the application ended without saying where it listens");
});

after(async () => {
  const ended = once(application, "exit");
  application.kill("SIGTERM");
  await ended;
});

test("a product is slow once and cached for an hour", async () => {
  const first = await fetch(`${base}/products/7`);
  assert.equal(first.headers.get("x-cache"), "miss");
  const product = await first.json();
  assert.equal(product.id, "7");
  const second = await fetch(`${base}/products/7`);
  assert.equal(second.headers.get("x-cache"), "hit");
  assert.deepEqual(await second.json(), product);
  const left = Number(second.headers.get("x-cache-seconds-left"));
  assert.ok(left > 3590 && left <= 3600, `${left} seconds left`);
});

test("the leaderboard has the best first", async () => {
  for (const [player, points] of [["ann", 10], ["bob", 30], ["cid", 20], ["ann", 15.5]]) {
    const scored = await fetch(`${base}/scores/${player}/${points}`, { method: "POST" });
    assert.equal(scored.status, 200);
  }
  const board = await (await fetch(`${base}/leaderboard`)).json();
  assert.deepEqual(board, [
    { player: "bob", score: 30 },
    { player: "ann", score: 25.5 },
    { player: "cid", score: 20 },
  ]);
});

test("a session lasts from request to request", async () => {
  const signedIn = await fetch(`${base}/login/ann`, { method: "POST" });
  const cookie = signedIn.headers.get("set-cookie").split(";")[0];
  const visits = [];
  for (let n = 0; n < 2; n++) {
    const me = await fetch(`${base}/me`, { headers: { cookie } });
    visits.push(await me.json());
  }
  assert.deepEqual(visits, [{ user: "ann", visits: 1 }, { user: "ann", visits: 2 }]);
  assert.equal((await fetch(`${base}/logout`, { method: "POST", headers: { cookie } })).status, 204);
  assert.equal((await fetch(`${base}/me`, { headers: { cookie } })).status, 401);
});

test("hits are counted one by one, however many come at once", async () => {
  const hits = await Promise.all(Array.from({ length: 50 }, async () => (await fetch(`${base}/hit`)).json()));
  assert.deepEqual(hits.map(({ hits }) => hits).sort((a, b) => a - b), Array.from({ length: 50 }, (_, n) => n + 1));
});
