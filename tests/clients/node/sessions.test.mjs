// `express-session` with `connect-redis`, unchanged, over the RESP port of a real Latchkey. Run by `tests/suite/sdk.rs`.
import assert from "node:assert/strict";
import { once } from "node:events";
import { after, before, beforeEach, test } from "node:test";
import { RedisStore } from "connect-redis";
import express from "express";
import session from "express-session";
import { createClient } from "redis";
import { connect } from "./client.mjs";
import { assertWithin } from "./within.mjs";

const SESSION_SECONDS = 1800;
const rest = connect();
let shop;

before(async () => {
  shop = await open();
});
after(() => shop.close());
beforeEach(() => shop.client.flushDb());

test("a session lasts from request to request, and REST sees it", async () => {
  const cookie = await signIn("ann");
  assert.deepEqual(await visit(shop, cookie), { user: "ann", visits: 1 });
  assert.deepEqual(await visit(shop, cookie), { user: "ann", visits: 2 });
  const [key] = await rest.keys("session:*");
  const { user, visits } = await rest.get(key);
  assert.deepEqual({ user, visits }, { user: "ann", visits: 2 });
});

test("a session outlives the application", async () => {
  const cookie = await signIn("ann");
  await visit(shop, cookie);
  const next = await open();
  try {
    assert.deepEqual(await visit(next, cookie), { user: "ann", visits: 2 });
  } finally {
    await next.close();
  }
});

test("a session has a deadline, which each request moves", async () => {
  const cookie = await signIn("ann");
  const [key] = await rest.keys("session:*");
  assertWithin(await rest.ttl(key), SESSION_SECONDS - 10, SESSION_SECONDS);
  await rest.expire(key, 100);
  await fetch(`${shop.url}/`, { headers: { cookie } });
  assertWithin(await rest.ttl(key), SESSION_SECONDS - 10, SESSION_SECONDS);
  await rest.pexpire(key, 0);
  assert.deepEqual(await visit(shop, cookie), { user: null, visits: 1 });
});

test("a session that is destroyed is gone", async () => {
  const cookie = await signIn("ann");
  const left = await fetch(`${shop.url}/logout`, { method: "POST", headers: { cookie } });
  assert.equal(left.status, 204);
  assert.deepEqual(await rest.keys("session:*"), []);
  assert.deepEqual(await visit(shop, cookie), { user: null, visits: 1 });
});

test("the store lists, counts and clears sessions, and nothing else", async () => {
  await rest.set("other", "kept");
  for (let n = 0; n < 150; n += 1) {
    await shop.store.set(`id-${n}`, { cookie: {}, n });
  }
  assert.equal(await shop.store.length(), 150);
  assert.equal(new Set(await shop.store.ids()).size, 150);
  const all = await shop.store.all();
  assert.equal(all.reduce((sum, one) => sum + one.n, 0), (149 * 150) / 2);
  await shop.store.clear();
  assert.equal(await shop.store.length(), 0);
  assert.equal(await rest.get("other"), "kept");
});

/// An application with a connection of its own.
async function open() {
  const client = createClient({ url: process.env.REDIS_URL });
  await client.connect();
  const store = new RedisStore({ client, prefix: "session:", ttl: SESSION_SECONDS });
  const server = application(store).listen(0, "127.0.0.1");
  await once(server, "listening");
  const close = async () => {
    server.closeAllConnections();
    server.close();
    await client.close();
  };
  return { client, store, url: `http://127.0.0.1:${server.address().port}`, close };
}

function application(store) {
  const app = express();
  app.use(session({ store, secret: "of the tests", resave: false, saveUninitialized: false }));
  app.get("/", (_request, response) => response.end());
  app.post("/login/:user", (request, response) => {
    request.session.user = request.params.user;
    response.end();
  });
  app.get("/visit", (request, response) => {
    request.session.visits = (request.session.visits ?? 0) + 1;
    response.json({ user: request.session.user ?? null, visits: request.session.visits });
  });
  app.post("/logout", (request, response, next) => {
    request.session.destroy((error) => (error ? next(error) : response.status(204).end()));
  });
  return app;
}

async function signIn(user) {
  const response = await fetch(`${shop.url}/login/${user}`, { method: "POST" });
  return response.headers.get("set-cookie").split(";")[0];
}

async function visit({ url }, cookie) {
  return (await fetch(`${url}/visit`, { headers: { cookie } })).json();
}
