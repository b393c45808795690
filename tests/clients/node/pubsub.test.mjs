// Subscriptions of @upstash/redis, which are event streams. Run by `tests/suite/sdk.rs`.

import assert from "node:assert/strict";
import { test } from "node:test";
import { connect } from "./client.mjs";

const redis = connect();

/// A promise for the next event of a subscriber.
const next = (subscriber, event) => new Promise((done) => subscriber.on(event, done));

/// Publishes until somebody hears it: to subscribe takes a moment.
async function publish(channel, message) {
  while ((await redis.publish(channel, message)) === 0);
}

/// Waits until a channel has so many subscribers.
async function subscribed(channel, count) {
  while ((await redis.exec(["PUBSUB", "NUMSUB", channel]))[1] !== count);
}

test("a subscription is confirmed, once", async () => {
  const counts = [];
  const subscriber = redis.subscribe("confirmed");
  subscriber.on("subscribe", (count) => counts.push(count));
  const message = next(subscriber, "message");
  await publish("confirmed", "x");
  await message;
  assert.deepEqual(counts, [1]);
  await subscriber.unsubscribe();
});

test("messages come as they were published", async () => {
  const subscriber = redis.subscribe("news");
  const published = ["text", { a: [1, "two"], b: null }, "with, commas, in it", 42, "é 中 🙂"];
  const heard = [];
  const all = new Promise((done) => {
    subscriber.on("message", ({ channel, message }) => {
      assert.equal(channel, "news");
      if (heard.push(message) === published.length) done();
    });
  });
  await subscribed("news", 1);
  for (const message of published) assert.equal(await redis.publish("news", message), 1);
  await all;
  assert.deepEqual(heard, published);
  await subscriber.unsubscribe();
});

test("JSON over several lines stays what it was", async () => {
  const subscriber = redis.subscribe("lines");
  const heard = next(subscriber, "message");
  await publish("lines", JSON.stringify({ a: { b: 1 } }, null, 2));
  assert.deepEqual((await heard).message, { a: { b: 1 } });
  await subscriber.unsubscribe();
});

test("patterns", async () => {
  const subscriber = redis.psubscribe("user:*");
  const heard = next(subscriber, "pmessage");
  await publish("user:7", { name: "ann" });
  assert.deepEqual(await heard, { pattern: "user:*", channel: "user:7", message: { name: "ann" } });
  await subscriber.unsubscribe();
});

test("several channels, each with its own handler", async () => {
  const subscriber = redis.subscribe(["one", "two"]);
  const [one, two] = [next(subscriber, "message:one"), next(subscriber, "message:two")];
  await subscribed("one", 1);
  await subscribed("two", 1);
  await redis.pipeline().publish("one", 1).publish("two", 2).exec();
  assert.deepEqual([(await one).message, (await two).message], [1, 2]);
  await subscriber.unsubscribe();
});

test("who unsubscribes is counted no more", async () => {
  const subscriber = redis.subscribe("left");
  await subscribed("left", 1);
  await subscriber.unsubscribe();
  await subscribed("left", 0);
  assert.equal(await redis.publish("left", "x"), 0);
});

test("keyspace notifications", async () => {
  await redis.exec(["CONFIG", "SET", "notify-keyspace-events", "KEA"]);
  const subscriber = redis.subscribe("__keyevent@0__:del");
  const heard = next(subscriber, "message");
  await subscribed("__keyevent@0__:del", 1);
  await redis.set("k", "v");
  await redis.del("k");
  assert.equal((await heard).message, "k");
  await subscriber.unsubscribe();
  await redis.exec(["CONFIG", "SET", "notify-keyspace-events", ""]);
});

test("a wrong token is an error event", async () => {
  const wrong = connect({ token: "wrong" }).subscribe("x");
  assert.match(String(await next(wrong, "error")), /WRONGPASS/);
});
