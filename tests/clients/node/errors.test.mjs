// What the client throws, and how its messages read.
import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { errors } from "@upstash/redis";
import { connect, connectPlain } from "./client.mjs";

const redis = connectPlain();
beforeEach(() => redis.flushdb());

test("a refused command is quoted in the message (T5)", async () => {
  await redis.set("k", "abc");
  await assert.rejects(redis.incr("k"), (error) => {
    assert.ok(error instanceof errors.UpstashError);
    assert.equal(error.message, 'ERR value is not an int or out of range, command was: ["incr","k"]');
    return true;
  });
  await assert.rejects(redis.lpush("k", 1), {
    message:
      'WRONGTYPE Operation against a key holding the wrong kind of value, command was: ["lpush","k",1]',
  });
});

test("unknown commands, wrong counts of arguments and bad options", async () => {
  const cases = [
    [["NOSUCH", "k"], /^ERR Command is not available: 'NOSUCH'\. See https:\/\/.*command was: \["NOSUCH","k"\]$/],
    [["GET"], /^ERR wrong number of arguments for 'get' command, command was: \["GET"\]$/],
    [["SET", "k", "v", "EX"], /^ERR syntax error, command was/],
    [["SET", "k", "v", "EX", "0"], /^ERR invalid expire time in 'set' command, command was/],
    [["SUBSCRIBE", "c"], /^ERR Command "SUBSCRIBE" is not allowed in REST or it has a special context path/],
    [["MULTI"], /^ERR Command "MULTI" is not allowed in REST or it has a special context path/],
  ];
  for (const [command, message] of cases) {
    await assert.rejects(redis.exec(command), { name: "UpstashError", message });
  }
});

test("a wrong token reads the same on every route", async () => {
  const message = /^WRONGPASS invalid or missing auth token\. See https:\/\/\S+ for details\.?, command was: /;
  const plain = connectPlain({ token: "wrong" });
  await assert.rejects(plain.get("k"), { name: "UpstashError", message });
  await assert.rejects(connect({ token: "wrong" }).get("k"), { name: "UpstashError", message });
  await assert.rejects(plain.multi().get("k").exec(), { name: "UpstashError", message });
});

test("an aborted request leaves what had run (T40)", async () => {
  const abort = new AbortController();
  const patient = connectPlain();
  const hasty = connectPlain({ signal: abort.signal });
  abort.abort("too late");
  assert.equal(await hasty.set("k", "v"), "too late");
  assert.equal(await patient.set("k", "w"), "OK");
  assert.equal(await patient.get("k"), "w");
});
