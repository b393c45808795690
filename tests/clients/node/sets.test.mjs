// Every helper for sets, with the client's default options.
import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { connect } from "./client.mjs";

const redis = connect();
beforeEach(() => redis.flushdb());

const sorted = (members) => members.map(String).sort();

test("members", async () => {
  assert.equal(await redis.sadd("s", "a", 1, { b: 2 }), 3);
  assert.equal(await redis.sadd("s", "a"), 0);
  assert.equal(await redis.scard("s"), 3);
  assert.equal(await redis.sismember("s", "a"), 1);
  assert.equal(await redis.sismember("s", "z"), 0);
  assert.deepEqual(await redis.smismember("s", ["a", "z", 1]), [1, 0, 1]);
  assert.equal(await redis.srem("s", "a", "z"), 1);
  assert.equal((await redis.smembers("s")).length, 2);
  assert.deepEqual(await redis.smembers("missing"), []);
});

test("members by chance", async () => {
  await redis.sadd("s", "a", "b", "c");
  assert.ok(["a", "b", "c"].includes(await redis.srandmember("s")));
  assert.deepEqual(sorted(await redis.srandmember("s", 9)), ["a", "b", "c"]);
  assert.equal((await redis.srandmember("s", -9)).length, 9);
  assert.equal(await redis.srandmember("missing"), null);
  const popped = [await redis.spop("s"), ...(await redis.spop("s", 5))];
  assert.deepEqual(sorted(popped), ["a", "b", "c"]);
  assert.equal(await redis.spop("s"), null);
  assert.deepEqual(await redis.spop("s", 2), []);
});

test("algebra", async () => {
  await redis.sadd("a", "x", "y", "z");
  await redis.sadd("b", "y", "z", "w");
  assert.deepEqual(sorted(await redis.sdiff("a", "b")), ["x"]);
  assert.deepEqual(sorted(await redis.sinter("a", "b")), ["y", "z"]);
  assert.deepEqual(sorted(await redis.sunion("a", "b")), ["w", "x", "y", "z"]);
  assert.equal(await redis.sintercard(["a", "b"]), 2);
  assert.equal(await redis.sintercard(["a", "b"], { limit: 1 }), 1);
  assert.equal(await redis.sdiffstore("d", "a", "b"), 1);
  assert.equal(await redis.sinterstore("i", "a", "b"), 2);
  assert.equal(await redis.sunionstore("u", "a", "b"), 4);
  assert.equal(await redis.smove("a", "b", "x"), 1);
  assert.equal(await redis.smove("a", "b", "x"), 0);
  assert.equal(await redis.sismember("b", "x"), 1);
});

test("sscan goes through all members", async () => {
  const members = Array.from({ length: 700 }, (_, n) => `member:${n}`);
  await redis.sadd("s", ...members);
  const seen = new Set();
  let cursor = "0";
  do {
    const [next, page] = await redis.sscan("s", cursor, { match: "*:*", count: 50 });
    page.forEach((member) => seen.add(member));
    cursor = next;
  } while (cursor !== "0");
  assert.deepEqual([...seen].sort(), members.sort());
});
