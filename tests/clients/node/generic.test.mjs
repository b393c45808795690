// Every helper that is not about one type, with the client's default options.
import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { connect } from "./client.mjs";
import { assertWithin } from "./within.mjs";

const redis = connect();
beforeEach(() => redis.flushdb());

test("keys come and go", async () => {
  await redis.mset({ a: 1, b: 2, c: 3, d: 4 });
  assert.equal(await redis.exists("a", "b", "missing"), 2);
  assert.equal(await redis.touch("a", "b", "missing"), 2);
  assert.equal(await redis.dbsize(), 4);
  assert.equal(await redis.del("a", "missing"), 1);
  assert.equal(await redis.unlink("b", "missing"), 1);
  assert.deepEqual((await redis.keys("*")).sort(), ["c", "d"]);
  assert.ok(["c", "d"].includes(await redis.randomkey()));
  assert.equal(await redis.flushdb(), "OK");
  assert.equal(await redis.randomkey(), null);
  await redis.set("k", "v");
  assert.equal(await redis.flushall(), "OK");
  assert.equal(await redis.dbsize(), 0);
});

test("types (T2)", async () => {
  await redis.set("string", "v");
  await redis.hset("hash", { f: 1 });
  await redis.rpush("list", 1);
  await redis.sadd("set", 1);
  await redis.zadd("zset", { score: 1, member: "m" });
  for (const type of ["string", "hash", "list", "set", "zset"]) assert.equal(await redis.type(type), type);
  assert.equal(await redis.type("missing"), "none");
});

test("names and copies", async () => {
  await redis.set("k", { v: 1 });
  assert.equal(await redis.rename("k", "l"), "OK");
  assert.equal(await redis.copy("l", "m"), "COPIED");
  assert.equal(await redis.copy("l", "m"), "NOT_COPIED");
  assert.equal(await redis.copy("l", "m", { replace: true }), "COPIED");
  assert.equal(await redis.renamenx("l", "m"), 0);
  assert.equal(await redis.renamenx("l", "n"), 1);
  assert.deepEqual(await redis.get("n"), { v: 1 });
  await assert.rejects(redis.rename("missing", "x"), /ERR no such key/);
});

test("deadlines", async () => {
  await redis.set("k", "v");
  const inAnHour = Math.floor(Date.now() / 1000) + 3600;
  assert.equal(await redis.ttl("k"), -1);
  assert.equal(await redis.ttl("missing"), -2);
  assert.equal(await redis.expire("k", 3600), 1);
  assert.equal(await redis.expire("k", 10, "NX"), 0);
  assert.equal(await redis.expire("k", 7200, "gt"), 1);
  assert.equal(await redis.expire("missing", 10), 0);
  assertWithin(await redis.ttl("k"), 7190, 7200);
  assert.equal(await redis.pexpire("k", 3_600_000), 1);
  assert.equal(await redis.expireat("k", inAnHour), 1);
  assert.equal(await redis.pexpireat("k", inAnHour * 1000), 1);
  assertWithin(await redis.pttl("k"), 3_590_000, 3_600_000);
  assert.equal(await redis.persist("k"), 1);
  assert.equal(await redis.persist("k"), 0);
  assert.equal(await redis.expireat("k", 1), 1, "a deadline that has passed deletes");
  assert.equal(await redis.get("k"), null);
});

test("scan goes through all keys, by name and by type (T15)", async () => {
  const names = Array.from({ length: 600 }, (_, n) => `user:${n}`);
  await redis.mset(Object.fromEntries(names.map((name) => [name, "v"])));
  await redis.sadd("a-set", "m");
  const seen = new Set();
  let cursor = "0";
  do {
    const [next, page] = await redis.scan(cursor, { match: "user:*", count: 100 });
    assert.equal(typeof next, "string");
    page.forEach((name) => seen.add(name));
    cursor = next;
  } while (cursor !== "0");
  assert.deepEqual([...seen].sort(), names.sort());
  assert.deepEqual(await everything({ type: "set" }), ["a-set"]);
  const typed = await everything({ withType: true });
  assert.deepEqual(typed.find(({ key }) => key === "a-set"), { key: "a-set", type: "set" });
});

test("the server's own", async () => {
  const [seconds, microseconds] = await redis.time();
  assertWithin(Number(seconds), Date.now() / 1000 - 60, Date.now() / 1000 + 60);
  assertWithin(Number(microseconds), 0, 999_999);
  assert.equal(await redis.exec(["SET", "k", 7]), "OK");
  assert.equal(await redis.exec(["GET", "k"]), 7);
  assert.match(await redis.exec(["INFO", "server"]), /redis_version:8\.2\.\d/);
});

async function everything(options) {
  const found = [];
  let cursor = "0";
  do {
    const [next, page] = await redis.scan(cursor, { count: 1000, ...options });
    found.push(...page);
    cursor = next;
  } while (cursor !== "0");
  return found;
}
