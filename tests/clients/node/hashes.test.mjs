// Every helper for hashes, with the client's default options.
import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { connect } from "./client.mjs";
import { assertWithin } from "./within.mjs";

const redis = connect();
beforeEach(() => redis.flushdb());

test("hset, hget and hgetall", async () => {
  assert.equal(await redis.hset("h", { name: "Ann", age: 41, tags: ["a", "b"] }), 3);
  assert.equal(await redis.hset("h", { age: 42, town: "Ulm" }), 1);
  assert.equal(await redis.hget("h", "age"), 42);
  assert.equal(await redis.hget("h", "missing"), null);
  assert.deepEqual(await redis.hgetall("h"), { name: "Ann", age: 42, tags: ["a", "b"], town: "Ulm" });
});

test("a missing hash is null where the client makes it so (T14)", async () => {
  assert.equal(await redis.hgetall("missing"), null);
  assert.equal(await redis.hmget("missing", "a", "b"), null);
  assert.equal(await redis.hrandfield("missing"), null);
  assert.deepEqual(await redis.hrandfield("missing", 2), []);
  assert.equal(await redis.hrandfield("missing", 2, true), null);
  assert.deepEqual(await redis.hkeys("missing"), []);
  assert.deepEqual(await redis.hvals("missing"), []);
  assert.deepEqual(await redis.hscan("missing", 0), ["0", []]);
});

test("numbers in hashes stay as exact as each helper keeps them (T13)", async () => {
  await redis.hset("h", { float: "1.5", big: "12345678901234567890", small: "7" });
  assert.deepEqual(await redis.hgetall("h"), { float: "1.5", big: "12345678901234567890", small: 7 });
  assert.deepEqual(await redis.hmget("h", "float", "small"), { float: 1.5, small: 7 });
});

test("fields one by one", async () => {
  assert.equal(await redis.hmset("h", { a: 1, b: 2, c: "three" }), "OK");
  assert.equal(await redis.hexists("h", "a"), 1);
  assert.equal(await redis.hexists("h", "z"), 0);
  assert.equal(await redis.hsetnx("h", "a", 9), 0);
  assert.equal(await redis.hsetnx("h", "d", 9), 1);
  assert.equal(await redis.hlen("h"), 4);
  assert.equal(await redis.hstrlen("h", "c"), 5);
  assert.deepEqual((await redis.hkeys("h")).sort(), ["a", "b", "c", "d"]);
  assert.deepEqual((await redis.hvals("h")).map(String).sort(), ["1", "2", "9", "three"]);
  assert.deepEqual(await redis.hmget("h", "a", "z"), { a: 1, z: null });
  assert.equal(await redis.hdel("h", "a", "b", "z"), 2);
});

test("counters in fields", async () => {
  assert.equal(await redis.hincrby("h", "n", 5), 5);
  assert.equal(await redis.hincrby("h", "n", -7), -2);
  assert.equal(await redis.hincrbyfloat("h", "f", 1.25), 1.25);
  assert.equal(await redis.hincrbyfloat("h", "f", 0.75), 2);
});

test("hrandfield", async () => {
  await redis.hset("h", { a: 1, b: 2 });
  assert.ok(["a", "b"].includes(await redis.hrandfield("h")));
  assert.deepEqual((await redis.hrandfield("h", 5)).sort(), ["a", "b"]);
  assert.equal((await redis.hrandfield("h", -5)).length, 5);
  assert.deepEqual(await redis.hrandfield("h", 5, true), { a: 1, b: 2 });
});

test("hscan goes through all fields", async () => {
  const written = Object.fromEntries(Array.from({ length: 500 }, (_, n) => [`field:${n}`, n]));
  await redis.hset("h", written);
  const read = {};
  let cursor = "0";
  do {
    const [next, flat] = await redis.hscan("h", cursor, { match: "field:*", count: 50 });
    for (let at = 0; at < flat.length; at += 2) read[flat[at]] = flat[at + 1];
    cursor = next;
  } while (cursor !== "0");
  assert.deepEqual(read, written);
});

test("fields expire on their own", async () => {
  await redis.hset("h", { a: 1, b: 2, c: 3, d: 4 });
  const inAnHour = Math.floor(Date.now() / 1000) + 3600;
  assert.deepEqual(await redis.hexpire("h", ["a", "missing"], 3600), [1, -2]);
  assert.deepEqual(await redis.hexpire("h", "a", 100, "NX"), [0]);
  assert.deepEqual(await redis.hpexpire("h", "b", 3_600_000, "NX"), [1]);
  assert.deepEqual(await redis.hexpireat("h", "c", inAnHour), [1]);
  assert.deepEqual(await redis.hpexpireat("h", "d", inAnHour * 1000), [1]);
  for (const left of await redis.httl("h", ["a", "b", "c", "d"])) assertWithin(left, 3590, 3600);
  for (const left of await redis.hpttl("h", ["a", "b", "c", "d"])) assertWithin(left, 3_590_000, 3_600_000);
  const [seconds] = await redis.hexpiretime("h", "c");
  const [milliseconds] = await redis.hpexpiretime("h", "d");
  assert.deepEqual([seconds, milliseconds], [inAnHour, inAnHour * 1000]);
  assert.deepEqual(await redis.hpersist("h", ["a", "missing"]), [1, -2]);
  assert.deepEqual(await redis.httl("h", ["a", "missing"]), [-1, -2]);
  assert.deepEqual(await redis.hexpire("h", "b", 0), [2], "a deadline that has passed deletes");
  assert.equal(await redis.hexists("h", "b"), 0);
});

test("hgetdel, hgetex and hsetex", async () => {
  assert.equal(await redis.hsetex("h", { expiration: { ex: 100 } }, { a: 1, b: "two" }), 1);
  assertWithin((await redis.httl("h", "a"))[0], 90, 100);
  assert.equal(await redis.hsetex("h", { conditional: "fnx" }, { a: 9 }), 0);
  assert.equal(await redis.hsetex("h", { conditional: "fxx", expiration: { keepttl: true } }, { a: 9 }), 1);
  assertWithin((await redis.httl("h", "a"))[0], 90, 100);
  assert.deepEqual(await redis.hgetex("h", { persist: true }, "a", "z"), { a: 9, z: null });
  assert.deepEqual(await redis.httl("h", "a"), [-1]);
  assert.deepEqual(await redis.hgetdel("h", "a", "b"), { a: 9, b: "two" });
  assert.equal(await redis.exists("h"), 0);
});
