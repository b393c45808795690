// Every helper for sorted sets, with the client's default options.
import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { connect } from "./client.mjs";

const redis = connect();
beforeEach(() => redis.flushdb());

const abc = [
  { score: 1, member: "a" },
  { score: 2.5, member: "b" },
  { score: 3, member: "c" },
];

test("zadd and its options", async () => {
  assert.equal(await redis.zadd("z", ...abc), 3);
  assert.equal(await redis.zadd("z", { nx: true }, { score: 9, member: "a" }), 0);
  assert.equal(await redis.zadd("z", { xx: true, ch: true }, { score: 9, member: "a" }, { score: 9, member: "n" }), 1);
  assert.equal(await redis.zadd("z", { gt: true, ch: true }, { score: 5, member: "a" }), 0);
  assert.equal(await redis.zadd("z", { lt: true, ch: true }, { score: 5, member: "a" }), 1);
  assert.equal(await redis.zadd("z", { incr: true }, { score: 1.5, member: "a" }), 6.5);
  assert.equal(await redis.zadd("z", { nx: true, incr: true }, { score: 1, member: "a" }), null);
});

test("scores come back as numbers, infinite ones as text (T12, T17)", async () => {
  await redis.zadd("z", { score: 3, member: "three" }, { score: 0.1, member: "tenth" }, { score: 1e300, member: "huge" });
  await redis.zadd("z", { score: "+inf", member: "all" }, { score: "-inf", member: "none" });
  assert.equal(await redis.zscore("z", "three"), 3);
  assert.equal(await redis.zscore("z", "tenth"), 0.1);
  assert.equal(await redis.zscore("z", "missing"), null);
  assert.equal(await redis.zscore("z", "huge"), 1e300);
  assert.deepEqual(await redis.zmscore("z", ["three", "missing", "all", "none"]), [3, null, "inf", "-inf"]);
  await assert.rejects(redis.zadd("z", { score: Infinity, member: "m" }), /null args are not supported/);
});

test("ranges", async () => {
  await redis.zadd("z", ...abc);
  assert.deepEqual(await redis.zrange("z", 0, -1), ["a", "b", "c"]);
  assert.deepEqual(await redis.zrange("z", 0, 1, { rev: true, withScores: true }), ["c", 3, "b", 2.5]);
  assert.deepEqual(await redis.zrange("z", "(1", "+inf", { byScore: true }), ["b", "c"]);
  assert.deepEqual(await redis.zrange("z", "+inf", "-inf", { byScore: true, rev: true, offset: 1, count: 1 }), ["b"]);
  assert.deepEqual(await redis.zrange("z", "[a", "(c", { byLex: true }), ["a", "b"]);
  assert.deepEqual(await redis.zrange("missing", 0, -1), []);
});

test("counts and ranks", async () => {
  await redis.zadd("z", ...abc);
  assert.equal(await redis.zcard("z"), 3);
  assert.equal(await redis.zcount("z", 1, "(3"), 2);
  assert.equal(await redis.zlexcount("z", "-", "+"), 3);
  assert.equal(await redis.zrank("z", "a"), 0);
  assert.equal(await redis.zrevrank("z", "a"), 2);
  assert.equal(await redis.zrank("z", "missing"), null);
  assert.equal(await redis.zincrby("z", 1.5, "a"), 2.5);
});

test("removal", async () => {
  const letters = "abcdefgh".split("").map((member, score) => ({ score, member }));
  await redis.zadd("z", ...letters);
  assert.equal(await redis.zrem("z", "a", "missing"), 1);
  assert.deepEqual(await redis.zpopmin("z"), ["b", 1]);
  assert.deepEqual(await redis.zpopmax("z", 2), ["h", 7, "g", 6]);
  assert.equal(await redis.zremrangebyrank("z", 0, 0), 1);
  assert.equal(await redis.zremrangebyscore("z", 3, 3), 1);
  assert.equal(await redis.zremrangebylex("z", "[e", "[e"), 1);
  assert.deepEqual(await redis.zrange("z", 0, -1), ["f"]);
  assert.deepEqual(await redis.zpopmin("missing"), []);
});

test("algebra", async () => {
  await redis.zadd("a", { score: 1, member: "x" }, { score: 2, member: "y" });
  await redis.zadd("b", { score: 10, member: "y" }, { score: 20, member: "z" });
  assert.deepEqual(await redis.zunion(2, ["a", "b"]), ["x", "y", "z"]);
  assert.deepEqual(
    await redis.zunion(2, ["a", "b"], { weights: [2, 1], aggregate: "max", withScores: true }),
    ["x", 2, "y", 10, "z", 20],
  );
  assert.equal(await redis.zunionstore("u", 2, ["a", "b"], { aggregate: "sum" }), 3);
  assert.equal(await redis.zinterstore("i", 2, ["a", "b"], { weights: [1, 3] }), 1);
  assert.deepEqual(await redis.zrange("i", 0, -1, { withScores: true }), ["y", 32]);
  assert.equal(await redis.zdiffstore("d", 2, "a", "b"), 1);
  assert.deepEqual(await redis.zrange("d", 0, -1), ["x"]);
});

test("zscan goes through all members", async () => {
  const members = Array.from({ length: 400 }, (_, n) => ({ score: n, member: `member:${n}` }));
  await redis.zadd("z", ...members);
  const seen = new Map();
  let cursor = "0";
  do {
    const [next, flat] = await redis.zscan("z", cursor, { match: "member:*", count: 50 });
    for (let at = 0; at < flat.length; at += 2) seen.set(flat[at], flat[at + 1]);
    cursor = next;
  } while (cursor !== "0");
  assert.equal(seen.size, 400);
  assert.equal(seen.get("member:399"), 399);
});
