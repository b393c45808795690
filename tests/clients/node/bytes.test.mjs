// Text of all scripts, large values, large numbers and bytes that are no text.
import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { connect, connectPlain, token, url } from "./client.mjs";

const redis = connect();
beforeEach(() => redis.flushdb());

const texts = ["é", "日本語", "🫶🏽", "👩‍👩‍👧", "\u0000\u0001\u001f", "\u2028\u2029", '"\\/\b\f\n\r\t', "\ufffd", "a".repeat(100_000)];

test("all text comes back, with and without base64", async () => {
  for (const client of [redis, connectPlain()]) {
    for (const text of texts) {
      assert.equal(await client.set(`key:${text.slice(0, 50)}`, text), "OK");
      assert.equal(await client.get(`key:${text.slice(0, 50)}`), text);
    }
    await client.hset("h", Object.fromEntries(texts.map((text, n) => [n, text])));
    assert.deepEqual((await client.hvals("h")).sort(), [...texts].sort());
    await client.del("h");
  }
});

test("large integers stay exact, as text", async () => {
  const big = ["9007199254740993", "-9223372036854775808", "12345678901234567890123"];
  for (const digits of big) {
    await redis.set("k", digits);
    assert.equal(await redis.get("k"), digits);
  }
  await redis.set("n", "9223372036854775806");
  const reply = await fetch(`${url}/incr/n`, { headers: { authorization: `Bearer ${token}` } });
  assert.equal(await reply.text(), '{"result":9223372036854775807}');
  await assert.rejects(redis.incr("n"), /ERR increment or decrement would overflow/);
});

test("bytes that are no text come back through base64 (T31)", async () => {
  const bytes = new Uint8Array(256).map((_, n) => n);
  const headers = { authorization: `Bearer ${token}` };
  const written = await fetch(`${url}/set/bytes`, { method: "POST", headers, body: bytes });
  assert.deepEqual(await written.json(), { result: "OK" });
  const read = await fetch(`${url}/get/bytes`, { headers: { ...headers, "upstash-encoding": "base64" } });
  const { result } = await read.json();
  assert.deepEqual(new Uint8Array(Buffer.from(result, "base64")), bytes);
});

test("a value just under the limit on requests, and one beyond it", async () => {
  const client = connectPlain();
  const value = "x".repeat(10 * 1024 * 1024 - 64);
  assert.equal(await client.set("big", value), "OK");
  assert.equal(await client.strlen("big"), value.length);
  await assert.rejects(
    connect().set("big", "x".repeat(10 * 1024 * 1024 + 1)),
    /^UpstashError: Command failed: ERR max request size exceeded\. Limit: 10485760 bytes, Actual: \d+ bytes/,
  );
});
