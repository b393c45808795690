// ioredis and node-redis against the RESP port of a real Latchkey. Run by `tests/suite/resp.rs`.

import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate } from "node:timers/promises";
import IORedis from "ioredis";
import { BasicClientSideCache, createClient } from "redis";

const url = process.env.REDIS_URL;

async function withIoredis(use) {
  const redis = new IORedis(url);
  try {
    await redis.flushdb();
    await use(redis);
  } finally {
    redis.disconnect();
  }
}

async function withNodeRedis(options, use) {
  const redis = createClient({ url, ...options });
  try {
    await redis.connect();
    await redis.flushDb();
    await use(redis);
  } finally {
    redis.destroy();
  }
}

test("ioredis: strings, hashes and sorted sets", () =>
  withIoredis(async (redis) => {
    assert.equal(await redis.set("product:1", "lamp", "EX", 60), "OK");
    assert.equal(await redis.get("product:1"), "lamp");
    assert.equal(await redis.get("absent"), null);
    await redis.hset("h", { a: 1, b: 2 });
    assert.deepEqual(await redis.hgetall("h"), { a: "1", b: "2" });
    await redis.zadd("z", 10, "ann", 20, "bob");
    assert.deepEqual(await redis.zrange("z", 0, -1, "WITHSCORES"), ["ann", "10", "bob", "20"]);
  }));

test("ioredis: pipelines and transactions", () =>
  withIoredis(async (redis) => {
    assert.deepEqual(await redis.pipeline().incr("n").incr("n").exec(), [[null, 1], [null, 2]]);
    assert.deepEqual(await redis.multi().incr("n").get("n").exec(), [[null, 3], [null, "3"]]);
  }));

test("ioredis: many commands at once, in order", () =>
  withIoredis(async (redis) => {
    const replies = await Promise.all(Array.from({ length: 1000 }, () => redis.incr("n")));
    assert.deepEqual(replies, Array.from({ length: 1000 }, (_, n) => n + 1));
  }));

test("ioredis: an error is rejected with its text", () =>
  withIoredis(async (redis) => {
    await redis.set("k", "text");
    await assert.rejects(redis.lpush("k", "x"), /^ReplyError: WRONGTYPE/);
  }));

for (const RESP of [2, 3]) {
  test(`node-redis, RESP${RESP}: what a program does`, () =>
    withNodeRedis({ RESP }, async (redis) => {
      assert.equal(await redis.set("k", "v"), "OK");
      assert.equal(await redis.get("k"), "v");
      await redis.hSet("h", { a: "1", b: "2" });
      assert.deepEqual({ ...(await redis.hGetAll("h")) }, { a: "1", b: "2" });
      await redis.zAdd("z", [{ score: 1.5, value: "ann" }]);
      assert.deepEqual(await redis.zRangeWithScores("z", 0, -1), [{ value: "ann", score: 1.5 }]);
      assert.deepEqual(await redis.multi().incr("n").get("n").exec(), [1, "1"]);
    }));
}

test("ioredis: channels, patterns and shard channels", () =>
  withIoredis(async (redis) => {
    const listener = new IORedis(url);
    try {
      const heard = [];
      const all = new Promise((done) => {
        const note = (...message) => heard.push(message) === 3 && done();
        listener.on("message", note);
        listener.on("pmessage", note);
        listener.on("smessage", note);
      });
      assert.equal(await listener.subscribe("news", "sport"), 2);
      assert.equal(await listener.psubscribe("n*"), 3);
      assert.equal(await listener.ssubscribe("shard"), 1);
      assert.equal(await redis.publish("news", "1"), 2);
      assert.equal(await redis.spublish("shard", "2"), 1);
      await all;
      assert.deepEqual(heard, [["news", "1"], ["n*", "news", "1"], ["shard", "2"]]);
      assert.equal(await listener.unsubscribe("news", "sport"), 1);
      assert.equal(await listener.punsubscribe("n*"), 0);
      assert.equal(await listener.sunsubscribe("shard"), 0);
      assert.equal(await listener.get("absent"), null);
    } finally {
      listener.disconnect();
    }
  }));

test("ioredis: monitor", () =>
  withIoredis(async (redis) => {
    const monitor = await redis.monitor();
    try {
      const seen = new Promise((done) => monitor.on("monitor", (time, args) => args[0] === "SET" && done(args)));
      await redis.call("SET", "k", "two words");
      assert.deepEqual(await seen, ["SET", "k", "two words"]);
    } finally {
      monitor.disconnect();
    }
  }));

for (const RESP of [2, 3]) {
  test(`node-redis, RESP${RESP}: a listener`, () =>
    withNodeRedis({ RESP }, async (redis) => {
      const listener = redis.duplicate();
      await listener.connect();
      try {
        const message = new Promise((done) => listener.subscribe("news", (...heard) => done(heard)));
        const event = new Promise((done) => listener.pSubscribe("__keyspace@0__:k*", (...heard) => done(heard)));
        while ((await redis.pubSubNumPat()) === 0);
        await redis.configSet("notify-keyspace-events", "KEA");
        assert.equal(await redis.publish("news", "hello"), 1);
        await redis.set("key", "v");
        assert.deepEqual(await message, ["hello", "news"]);
        assert.deepEqual(await event, ["set", "__keyspace@0__:key"]);
        await redis.configSet("notify-keyspace-events", "");
      } finally {
        listener.destroy();
      }
    }));
}

test("node-redis: client-side caching", () => {
  const cache = new BasicClientSideCache();
  return withNodeRedis({ RESP: 3, clientSideCache: cache }, async (redis) => {
    const other = createClient({ url });
    await other.connect();
    try {
      const becomes = async (value) => {
        const ends = Date.now() + 10_000;
        // A copy is read without a look at the socket.
        while ((await redis.get("k")) !== value && Date.now() < ends) await setImmediate();
        assert.equal(await redis.get("k"), value);
      };
      await other.set("k", "1");
      assert.equal(await redis.get("k"), "1");
      for (let n = 0; n < 100; n++) assert.equal(await redis.get("k"), "1");
      assert.ok(cache.stats().hitCount >= 100);
      await other.set("k", "2");
      await becomes("2");
      await overRest(["SET", "k", "three"]);
      await becomes("three");
      await other.flushAll();
      await becomes(null);
    } finally {
      other.destroy();
    }
  });
});

/** A command over REST. */
async function overRest(command) {
  const { UPSTASH_REDIS_REST_URL: rest, UPSTASH_REDIS_REST_TOKEN: token } = process.env;
  const headers = { Authorization: `Bearer ${token}` };
  const reply = await fetch(rest, { method: "POST", headers, body: JSON.stringify(command) });
  assert.equal(reply.status, 200);
}

test("node-redis: a wrong password is refused", async () => {
  const wrong = new URL(url);
  wrong.password = "wrong";
  const redis = createClient({ url: wrong.href, socket: { reconnectStrategy: false } });
  redis.on("error", () => {}); // it is rejected as well
  await assert.rejects(redis.connect(), /WRONGPASS/);
});

test("ioredis: consumers wait for what a producer sends, each item for one of them", () =>
  withIoredis(async (redis) => {
    const sent = Array.from({ length: 300 }, (_, n) => `job:${n}`);
    const consumers = Array.from({ length: 3 }, () => new IORedis(url));
    try {
      const consume = async (consumer) => {
        const got = [];
        for (;;) {
          const [, job] = await consumer.blpop("jobs", 0);
          if (job === "end") return got;
          got.push(job);
        }
      };
      const consuming = Promise.all(consumers.map(consume));
      for (const job of sent) await redis.rpush("jobs", job);
      await redis.rpush("jobs", "end", "end", "end");
      assert.deepEqual((await consuming).flat().sort(), [...sent].sort());
      assert.equal(await redis.exists("jobs"), 0);
    } finally {
      consumers.forEach((consumer) => consumer.disconnect());
    }
  }));

test("ioredis: a wait in vain ends, and one that is unblocked is an error", () =>
  withIoredis(async (redis) => {
    assert.equal(await redis.blpop("nothing", 0.01), null);
    const waiting = new IORedis(url);
    try {
      const id = await waiting.client("ID");
      const refused = assert.rejects(waiting.blpop("nothing", 0), /UNBLOCKED client unblocked/);
      while ((await redis.client("UNBLOCK", id, "ERROR")) === 0);
      await refused;
    } finally {
      waiting.disconnect();
    }
  }));

test("ioredis: readers of a stream wait for its entries", () =>
  withIoredis(async (redis) => {
    const reader = new IORedis(url);
    try {
      await redis.xgroup("CREATE", "events", "group", "$", "MKSTREAM");
      const read = reader.xreadgroup("GROUP", "group", "ann", "BLOCK", 0, "STREAMS", "events", ">");
      const id = await redis.xadd("events", "*", "kind", "start");
      assert.deepEqual(await read, [["events", [[id, ["kind", "start"]]]]]);
    } finally {
      reader.disconnect();
    }
  }));
