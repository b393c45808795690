// The client with its conversions off: what the server says comes out as it is.
import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { connect, connectPlain, watchRequests } from "./client.mjs";

const redis = connectPlain();
const requests = watchRequests();
beforeEach(async () => {
  await redis.flushdb();
  requests.length = 0;
});

test("each command is a request of its own", async () => {
  assert.equal(await redis.set("k", "v"), "OK");
  assert.equal(await redis.get("k"), "v");
  assert.deepEqual(requests, [["/", 200], ["/", 200]]);
});

test("the plain type of each reply (T3, T14, T16, T17)", async () => {
  assert.equal(await redis.ping(), "PONG");
  assert.equal(await redis.incr("n"), 1);
  assert.equal(await redis.get("n"), "1");
  assert.equal(await redis.get("missing"), null);
  assert.equal(await redis.setnx("n", 1), 0);
  assert.equal(await redis.expire("n", 100), 1);
  assert.equal(await redis.incrbyfloat("f", 3), "3");
  assert.equal(await redis.incrbyfloat("f", 0.5), "3.5");
  assert.equal(await redis.zadd("z", { score: 1, member: "a" }, { score: 2.5, member: "b" }), 2);
  assert.deepEqual(await redis.zrange("z", 0, -1, { withScores: true }), ["a", "1", "b", "2.5"]);
  assert.deepEqual(await redis.zmscore("z", ["a", "missing"]), ["1", null]);
  assert.equal(await redis.zscore("z", "b"), "2.5");
  await redis.hset("h", { a: 1, b: "two" });
  assert.deepEqual(await redis.hgetall("missing"), []);
  assert.deepEqual(await redis.exec(["HGETALL", "h"]), ["a", "1", "b", "two"]);
  assert.deepEqual(await redis.scan(0, { match: "none*", count: 1000 }), ["0", []]);
  assert.equal(await redis.lpop("missing", 2), null);
  assert.deepEqual(await redis.smembers("missing"), []);
  assert.deepEqual(await redis.exec(["SMISMEMBER", "missing", "a"]), [0]);
});

test("numbers are stored as the client wrote them (T30)", async () => {
  const lexemes = [
    [1e21, "1e+21"],
    [0.1, "0.1"],
    [-0, "0"],
    [Number.MAX_SAFE_INTEGER, "9007199254740991"],
    [5e-324, "5e-324"],
    [true, "true"],
  ];
  for (const [value, text] of lexemes) {
    await redis.set("k", value);
    assert.equal(await redis.get("k"), text);
  }
});

test("objects are stored as the client wrote them (T11)", async () => {
  const written = '{"b":1,"a":[1.50,  2e3],"nested":{"x":"\\u00e9"}}';
  await redis.set("k", written);
  assert.equal(await redis.get("k"), written);
  assert.deepEqual(await connect().get("k"), { b: 1, a: [1.5, 2000], nested: { x: "é" } });
});

test("bytes that are not UTF-8 become replacement characters without base64 (T31)", async () => {
  await redis.exec(["SETRANGE", "k", "1", "ab"]);
  assert.equal(await redis.get("k"), "\0ab");
  await redis.set("e", "é");
  assert.equal(await redis.getrange("e", 0, 0), "\ufffd");
});

test("a client that does not read its own writes sends and reads no token", async () => {
  const careless = connectPlain({ readYourWrites: false });
  assert.equal(await careless.set("k", "v"), "OK");
  assert.equal(careless.readYourWritesSyncToken ?? "", "");
});

test("the sync token changes with every write and any token is accepted (T19)", async () => {
  const tokens = [];
  for (let n = 0; n < 3; n++) {
    await redis.set("k", "same");
    tokens.push(redis.readYourWritesSyncToken);
  }
  await redis.pipeline().set("k", "same").exec();
  tokens.push(redis.readYourWritesSyncToken);
  await redis.multi().set("k", "same").exec();
  tokens.push(redis.readYourWritesSyncToken);
  assert.ok(tokens.every(Boolean), `an empty token in ${tokens}`);
  assert.equal(new Set(tokens).size, tokens.length, `twice the same token in ${tokens}`);
  for (const foreign of ["", "my-new-sync-token", "99999999999999999999", tokens[0]]) {
    redis.readYourWritesSyncToken = foreign;
    assert.equal(await redis.set("k", "v"), "OK");
    assert.notEqual(redis.readYourWritesSyncToken, foreign);
  }
});
