// Every helper for arrays, with the client's default options.
import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { connect } from "./client.mjs";

const redis = connect();
beforeEach(() => redis.flushdb());

const LAST = "18446744073709551614";

test("places are set and read", async () => {
  assert.equal(await redis.arset("a", 3, "three", "four"), 2);
  assert.equal(await redis.armset("a", { 4: "new", 10: { ten: true } }), 1);
  assert.equal(await redis.armset("a", [[LAST, "last"]]), 1);
  assert.equal(await redis.arget("a", 4), "new");
  assert.equal(await redis.arget("a", LAST), "last");
  assert.equal(await redis.arget("a", 5), null);
  assert.deepEqual(await redis.armget("a", 10, 5, 3), [{ ten: true }, null, "three"]);
  assert.deepEqual(await redis.argetrange("a", 3, 5), ["three", "new", null]);
  assert.deepEqual(await redis.argetrange("a", 4, 3), ["new", "three"]);
  await assert.rejects(redis.argetrange("a", 0, 1_000_000), /range exceeds maximum of 1000000 items/);
  await assert.rejects(redis.arset("a", -1, "x"), /ERR invalid array index/);
});

test("two lengths, and what is removed", async () => {
  await redis.armset("a", { 0: "a", 5: "b", 9: "c", 1000000: "d" });
  assert.equal(await redis.arlen("a"), "1000001");
  assert.equal(await redis.arcount("a"), 4);
  assert.equal(await redis.ardel("a", 0, 1), 1);
  assert.equal(await redis.ardelrange("a", [0, 5], [1000000, 9]), 3);
  assert.equal(await redis.exists("a"), 0);
  await redis.arset("a", LAST, "last");
  assert.equal(await redis.arlen("a"), "18446744073709551615");
});

test("the cursor", async () => {
  assert.equal(await redis.arnext("a"), "0");
  assert.equal(await redis.arseek("a", 7), 0);
  assert.equal(await redis.arinsert("a", "x", "y"), "1");
  assert.equal(await redis.arnext("a"), "2");
  assert.equal(await redis.arseek("a", LAST), 1);
  assert.equal(await redis.arinsert("a", "z"), LAST);
  assert.equal(await redis.arnext("a"), null);
  await assert.rejects(redis.arinsert("a", "z"), /ERR insert index overflow/);
});

test("rings", async () => {
  assert.equal(await redis.arring("r", 3, "a", "b", "c", "d"), "0");
  assert.deepEqual(await redis.arlastitems("r", 3), ["b", "c", "d"]);
  assert.deepEqual(await redis.arlastitems("r", 2, { rev: true }), ["d", "c"]);
});

test("scans and searches", async () => {
  await redis.armset("a", { 0: "alpha", 7: "beta", 9: "Alphabet" });
  assert.deepEqual(await redis.arscan("a", 0, LAST), [["0", "alpha"], ["7", "beta"], ["9", "Alphabet"]]);
  assert.deepEqual(await redis.arscan("a", 9, 0, { limit: 1 }), [["9", "Alphabet"]]);
  assert.deepEqual(await redis.argrep("a", "-", "+", { predicates: [{ match: "alpha" }] }), ["0"]);
  const options = { predicates: [{ re: "^alp" }, { glob: "*bet" }], combine: "AND", noCase: true };
  assert.deepEqual(await redis.argrep("a", "-", "+", options), ["9"]);
  assert.deepEqual(await redis.argrep("a", "+", "-", { predicates: [{ exact: "beta" }], withValues: true, limit: 5 }), [
    ["7", "beta"],
  ]);
});

test("operations", async () => {
  await redis.arset("a", 0, 10, 20.5, "word", 7);
  assert.equal(await redis.arop("a", 0, 9, "SUM"), 37.5);
  assert.equal(await redis.arop("a", 0, 9, "min"), 7);
  assert.equal(await redis.arop("a", 0, 9, "MAX"), 20.5);
  assert.equal(await redis.arop("a", 0, 9, "OR"), 10 | 20 | 7);
  assert.equal(await redis.arop("a", 0, 9, "USED"), 4);
  assert.equal(await redis.arop("a", 0, 9, { match: "word" }), 1);
  assert.equal(await redis.arop("a", 2, 2, "SUM"), null);
});

test("what is told of an array", async () => {
  await redis.arinsert("a", "x", "y");
  const told = await redis.arinfo("a", { full: true });
  assert.deepEqual([told.len, told.count, told.nextInsertIndex, told.slices], ["2", 2, "2", 1]);
  assert.deepEqual([told.denseSlices, told.sparseSlices], [0, 1]);
  assert.equal(await redis.type("a"), "array");
  // In a pipeline the client reads the reply before it looks whether it is an error.
  await assert.rejects(connect({ enableAutoPipelining: false }).arinfo("missing"), /ERR no such key/);
});
