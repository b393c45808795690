// Every helper for lists, with the client's default options.
import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { connect } from "./client.mjs";

const redis = connect();
beforeEach(() => redis.flushdb());

test("both ends", async () => {
  assert.equal(await redis.rpush("l", "b", "c"), 2);
  assert.equal(await redis.lpush("l", "a", "z"), 4);
  assert.deepEqual(await redis.lrange("l", 0, -1), ["z", "a", "b", "c"]);
  assert.equal(await redis.lpop("l"), "z");
  assert.equal(await redis.rpop("l"), "c");
  assert.deepEqual(await redis.lpop("l", 5), ["a", "b"]);
  assert.equal(await redis.lpop("l"), null);
  assert.equal(await redis.lpop("l", 5), null);
  assert.equal(await redis.rpop("l", 5), null);
  assert.equal(await redis.lpushx("l", "x"), 0);
  assert.equal(await redis.rpushx("l", "x"), 0);
});

test("elements keep their types", async () => {
  await redis.rpush("l", 1, "two", { three: 3 }, true);
  assert.deepEqual(await redis.lrange("l", 0, -1), [1, "two", { three: 3 }, true]);
  assert.deepEqual(await redis.lindex("l", 2), { three: 3 });
  assert.equal(await redis.lindex("l", 99), null);
});

test("in the middle", async () => {
  await redis.rpush("l", "a", "b", "a", "c", "a");
  assert.equal(await redis.llen("l"), 5);
  assert.equal(await redis.linsert("l", "before", "b", "x"), 6);
  assert.equal(await redis.linsert("l", "after", "missing", "x"), -1);
  assert.equal(await redis.lset("l", 0, "first"), "OK");
  assert.equal(await redis.lrem("l", -1, "a"), 1);
  assert.deepEqual(await redis.lrange("l", 0, -1), ["first", "x", "b", "a", "c"]);
  assert.equal(await redis.ltrim("l", 1, 3), "OK");
  assert.deepEqual(await redis.lrange("l", 0, -1), ["x", "b", "a"]);
  await assert.rejects(redis.lset("l", 9, "v"), /ERR index out of range/);
});

test("lpos", async () => {
  await redis.rpush("l", "a", "b", "c", "b", "b");
  assert.equal(await redis.lpos("l", "b"), 1);
  assert.equal(await redis.lpos("l", "b", { rank: -1 }), 4);
  assert.deepEqual(await redis.lpos("l", "b", { count: 2 }), [1, 3]);
  assert.deepEqual(await redis.lpos("l", "b", { count: 0, maxLen: 4 }), [1, 3]);
  assert.equal(await redis.lpos("l", "missing"), null);
});

test("lmove and lmpop", async () => {
  await redis.rpush("l", "a", "b", "c");
  assert.equal(await redis.lmove("l", "other", "left", "right"), "a");
  assert.equal(await redis.lmove("missing", "other", "left", "right"), null);
  assert.deepEqual(await redis.lmpop(2, ["missing", "l"], "LEFT", 2), ["l", ["b", "c"]]);
  assert.equal(await redis.lmpop(1, ["missing"], "RIGHT"), null);
  assert.deepEqual(await redis.lrange("other", 0, -1), ["a"]);
});
