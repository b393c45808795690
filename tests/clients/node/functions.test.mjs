// Function libraries, with the helpers that the client has for them.
import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { connect } from "./client.mjs";

const redis = connect();
beforeEach(() => Promise.all([redis.flushdb(), redis.functions.flush()]));

const code = `#!lua name=counters
redis.register_function('add', function(keys, args) return redis.call('INCRBY', keys[1], args[1]) end)
redis.register_function{function_name='look', callback=function(keys) return redis.call('GET', keys[1]) end,
                        description='reads a counter', flags={'no-writes'}}`;

test("a library is loaded, called and deleted", async () => {
  assert.equal(await redis.functions.load({ code }), "counters");
  assert.equal(await redis.functions.call("add", ["visits"], ["5"]), 5);
  assert.equal(await redis.functions.call("look", ["visits"]), 5);
  assert.equal(await redis.functions.callRo("look", ["visits"]), 5);
  await redis.flushall();
  assert.equal(await redis.functions.call("look", ["visits"]), null, "keys go, the library stays");
  assert.equal(await redis.functions.delete("counters"), "OK");
  await assert.rejects(redis.functions.call("look", ["visits"]), /ERR Function not found/);
});

test("a library is replaced only if told", async () => {
  await redis.functions.load({ code });
  await assert.rejects(redis.functions.load({ code }), /ERR Library 'counters' already exists/);
  const one = "#!lua name=counters\nredis.register_function('one', function() return 1 end)";
  assert.equal(await redis.functions.load({ code: one, replace: true }), "counters");
  assert.equal(await redis.functions.call("one"), 1);
  await assert.rejects(redis.functions.call("add", ["visits"], ["5"]), /ERR Function not found/);
});

test("libraries tell of themselves", async () => {
  await redis.functions.load({ code });
  const [library] = await redis.functions.list({ libraryName: "count*", withCode: true });
  assert.equal(library.libraryName, "counters");
  assert.equal(library.engine, "LUA");
  assert.equal(library.libraryCode, code);
  assert.deepEqual(library.functions, [
    { name: "add", description: undefined, flags: [] },
    { name: "look", description: "reads a counter", flags: ["no-writes"] },
  ]);
  assert.deepEqual(await redis.functions.list({ libraryName: "other" }), []);
  assert.deepEqual(await redis.functions.stats(), {
    engines: { LUA: { librariesCount: 1, functionsCount: 2 } },
  });
});

test("a function that is called to read may only read, whatever it promises", async () => {
  await redis.functions.load({ code: code.replace(", flags={'no-writes'}", "") });
  assert.equal(await redis.functions.callRo("look", ["visits"]), null);
  await assert.rejects(redis.functions.callRo("add", ["visits"], ["1"]), /Write commands are not allowed/);
});
