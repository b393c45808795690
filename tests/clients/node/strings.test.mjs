// Every helper for strings, with the client's default options.
import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { connect } from "./client.mjs";
import { assertWithin } from "./within.mjs";

const redis = connect();
beforeEach(() => redis.flushdb());

test("set and get bring back text, numbers, truth values and objects", async () => {
  const values = ["text", "", 1, 1.5, -7, true, false, { a: 1, b: [1, "x", null] }, [1, 2], "with \"quotes\" and \n"];
  for (const value of values) {
    assert.equal(await redis.set("k", value), "OK");
    assert.deepEqual(await redis.get("k"), value);
  }
  assert.equal(await redis.get("missing"), null);
});

test("set with conditions", async () => {
  assert.equal(await redis.set("k", "a", { xx: true }), null);
  assert.equal(await redis.set("k", "a", { nx: true }), "OK");
  assert.equal(await redis.set("k", "b", { nx: true }), null);
  assert.equal(await redis.set("k", "b", { xx: true, get: true }), "a");
  assert.equal(await redis.set("k", "c", { nx: true, get: true }), "b");
  assert.equal(await redis.get("k"), "b");
});

test("set with expiry", async () => {
  const inAnHour = Math.floor(Date.now() / 1000) + 3600;
  for (const options of [{ ex: 3600 }, { px: 3_600_000 }, { exat: inAnHour }, { pxat: inAnHour * 1000 }]) {
    assert.equal(await redis.set("k", "v", options), "OK");
    assertWithin(await redis.ttl("k"), 3590, 3600);
    assert.equal(await redis.set("k", "w", { keepTtl: true }), "OK");
    assertWithin(await redis.pttl("k"), 3_590_000, 3_600_000);
  }
  await redis.set("k", "v");
  assert.equal(await redis.ttl("k"), -1);
});

test("setex, psetex and setnx", async () => {
  assert.equal(await redis.setex("k", 100, { a: 1 }), "OK");
  assertWithin(await redis.ttl("k"), 90, 100);
  assert.equal(await redis.psetex("k", 100_000, "v"), "OK");
  assertWithin(await redis.pttl("k"), 90_000, 100_000);
  assert.equal(await redis.setnx("k", "w"), 0);
  assert.equal(await redis.setnx("new", "w"), 1);
});

test("getset, getdel and getex", async () => {
  assert.equal(await redis.getset("k", "a"), null);
  assert.equal(await redis.getset("k", "b"), "a");
  assert.equal(await redis.getex("k", { ex: 100 }), "b");
  assertWithin(await redis.ttl("k"), 90, 100);
  assert.equal(await redis.getex("k", { persist: true }), "b");
  assert.equal(await redis.ttl("k"), -1);
  assert.equal(await redis.getex("k", { pxat: Date.now() + 100_000 }), "b");
  assertWithin(await redis.ttl("k"), 90, 100);
  assert.equal(await redis.getdel("k"), "b");
  assert.equal(await redis.getdel("k"), null);
});

test("append, strlen, getrange and setrange", async () => {
  assert.equal(await redis.append("k", "Hello"), 5);
  assert.equal(await redis.append("k", " World"), 11);
  assert.equal(await redis.strlen("k"), 11);
  assert.equal(await redis.getrange("k", 0, 4), "Hello");
  assert.equal(await redis.getrange("k", -5, -1), "World");
  assert.equal(await redis.setrange("k", 6, "Redis"), 11);
  assert.equal(await redis.get("k"), "Hello Redis");
  assert.equal(await redis.strlen("missing"), 0);
});

test("counters", async () => {
  assert.equal(await redis.incr("n"), 1);
  assert.equal(await redis.incrby("n", 41), 42);
  assert.equal(await redis.decr("n"), 41);
  assert.equal(await redis.decrby("n", 40), 1);
  assert.equal(await redis.incrbyfloat("n", 1.25), 2.25);
  assert.equal(await redis.incrbyfloat("n", 0.75), 3, "3, not 3.0, or the client would leave it as text");
  await redis.set("text", "abc");
  await assert.rejects(redis.incr("text"), /ERR value is not an int or out of range/);
});

test("many keys at once", async () => {
  assert.equal(await redis.mset({ a: 1, b: { c: 2 }, d: "e" }), "OK");
  assert.deepEqual(await redis.mget("a", "b", "missing", "d"), [1, { c: 2 }, null, "e"]);
  assert.deepEqual(await redis.mget(["a", "d"]), [1, "e"]);
  assert.equal(await redis.msetnx({ a: 9, z: 9 }), 0);
  assert.equal(await redis.exists("z"), 0);
  assert.equal(await redis.msetnx({ y: 8, z: 9 }), 1);
});

test("a status, a short word and an empty string survive base64 (T1, T2, T41)", async () => {
  for (const word of ["OK", "bar", "test", "PONG", "a b-c", "hello", "T0s=", ""]) {
    await redis.set("k", word);
    assert.equal(await redis.get("k"), word);
    assert.deepEqual(await redis.mget("k", "missing"), [word, null]);
  }
  assert.equal(await redis.ping(), "PONG");
  assert.equal(await redis.ping(["hi"]), "hi");
  assert.equal(await redis.echo("OK"), "OK");
});
