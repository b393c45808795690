// Pipelines, automatic pipelines and transactions, with the client's default options.
import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { connect, watchRequests } from "./client.mjs";

const redis = connect();
const requests = watchRequests();
beforeEach(async () => {
  await redis.flushdb();
  requests.length = 0;
});

test("commands of one tick travel together, reads apart from writes (T10)", async () => {
  const writes = Array.from({ length: 50 }, (_, n) => redis.set(`k${n}`, n));
  assert.deepEqual(new Set(await Promise.all(writes)), new Set(["OK"]));
  assert.deepEqual(requests, [["/pipeline", 200]]);
  const [count, value] = await Promise.all([redis.incr("k1"), redis.get("k7")]);
  assert.deepEqual([count, value], [2, 7]);
  assert.deepEqual(requests.slice(1), [["/pipeline", 200], ["/pipeline", 200]]);
});

test("a failure within an automatic pipeline is its own command's only (T6)", async () => {
  await redis.set("text", "abc");
  const [failed, worked] = await Promise.allSettled([redis.incr("text"), redis.incr("n")]);
  assert.equal(failed.status, "rejected");
  assert.equal(failed.reason.message, "Command failed: ERR value is not an int or out of range");
  assert.equal(worked.value, 1);
  assert.deepEqual(requests.slice(1), [["/pipeline", 200]]);
});

test("undefined is refused loudly, null is a text (T29)", async () => {
  await assert.rejects(redis.set("k", undefined), {
    message: "Command failed: ERR null args are not supported",
  });
  assert.equal(await redis.exists("k"), 0);
  assert.equal(await redis.set("k", null), "OK");
  assert.equal(await redis.strlen("k"), 4);
  assert.equal(await redis.get("k"), null);
});

test("a pipeline answers in order", async () => {
  const pipeline = redis.pipeline();
  pipeline.set("k", { a: 1 }).get("k").incr("n").hset("h", { f: "v" }).hgetall("h").zadd("z", { score: 1, member: "m" });
  assert.deepEqual(await pipeline.exec(), ["OK", { a: 1 }, 1, 1, { f: "v" }, 1]);
});

test("a pipeline without keepErrors names the command that failed, and the others ran", async () => {
  const pipeline = redis.pipeline().set("k", "abc").incr("k").set("after", 1);
  await assert.rejects(pipeline.exec(), {
    message: "Command 2 [ incr ] failed: ERR value is not an int or out of range",
  });
  assert.equal(await redis.get("after"), 1);
});

test("a pipeline with keepErrors has an entry for each command", async () => {
  const pipeline = redis.pipeline().set("k", "abc").incr("k").lpush("k", 1).get("k").get("missing");
  assert.deepEqual(await pipeline.exec({ keepErrors: true }), [
    { error: undefined, result: "OK" },
    { error: "ERR value is not an int or out of range", result: undefined },
    { error: "WRONGTYPE Operation against a key holding the wrong kind of value", result: undefined },
    { error: undefined, result: "abc" },
    { error: undefined, result: null },
  ]);
});

test("a pipeline of five thousand commands", async () => {
  const pipeline = redis.pipeline();
  for (let n = 0; n < 5_000; n++) pipeline.incr("n");
  const counts = await pipeline.exec();
  assert.deepEqual(counts, Array.from({ length: 5_000 }, (_, n) => n + 1));
});

test("a transaction runs as one step, and errors within do not stop it", async () => {
  const transaction = redis.multi().set("k", "abc").incr("n").get("k");
  assert.deepEqual(await transaction.exec(), ["OK", 1, "abc"]);
  const failing = redis.multi().set("k", "abc").incr("k").set("after", 1);
  await assert.rejects(failing.exec(), /Command 2 \[ incr \] failed: ERR value is not an int/);
  assert.equal(await redis.get("after"), 1);
  assert.deepEqual(new Set(requests.filter(([path]) => path === "/multi-exec").map(([, status]) => status)), new Set([200]));
});

test("transactions of many clients at once do not mix", async () => {
  const clients = Array.from({ length: 16 }, () => connect());
  const transfers = clients.flatMap((client) =>
    Array.from({ length: 10 }, () => client.multi().decr("from").incr("to").mget("from", "to").exec()),
  );
  for (const [from, to, [seenFrom, seenTo]] of await Promise.all(transfers)) {
    assert.deepEqual([seenFrom, seenTo], [from, to]);
    assert.equal(from + to, 0, "nobody sees a transfer half done");
  }
  assert.deepEqual(await redis.mget("from", "to"), [-160, 160]);
});

test("a transaction that cannot be run is refused whole, with a status that says so (T7)", async () => {
  await assert.rejects(redis.multi().set("k", 1).get(undefined).exec(), {
    name: "UpstashError",
    message: /null args are not supported, command was: \[\["set","k",1\],\["get",null\]\]$/,
  });
  assert.deepEqual(requests, [["/multi-exec", 400]]);
  assert.equal(await redis.exists("k"), 0);
});
