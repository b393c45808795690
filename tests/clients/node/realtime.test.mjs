// @upstash/realtime: streams for what was, subscriptions for what comes. Run by `tests/suite/sdk.rs`.

import assert from "node:assert/strict";
import { test } from "node:test";
import { handle, Realtime } from "@upstash/realtime";
import { z } from "zod";
import { connect } from "./client.mjs";

// The package leaves the pings of a channel running after it was left; they shall not keep the tests from ending.
const { setInterval } = globalThis;
globalThis.setInterval = (...args) => setInterval(...args).unref();

const schema = { chat: { message: z.object({ from: z.string(), text: z.string() }) } };
const redis = connect();
const realtime = new Realtime({ schema, redis, history: true });
const said = (text) => ({ from: "ann", text });

test("who subscribes hears what was and what comes, in order", async () => {
  await redis.flushdb();
  const channel = realtime.channel("room");
  await channel.emit("chat.message", said("before"));
  const heard = [];
  let done;
  const all = new Promise((resolve) => (done = resolve));
  await channel.subscribe({
    events: ["chat.message"],
    history: true,
    onData: ({ event, data, channel }) => heard.push([event, data.text, channel]) === 2 && done(),
  });
  await channel.emit("chat.message", said("after"));
  await all;
  assert.deepEqual(heard, [
    ["chat.message", "before", "room"],
    ["chat.message", "after", "room"],
  ]);
  assert.equal((await channel.history()).length, 2);
  channel.unsubscribe();
});

test("its handler streams to browsers", async () => {
  await redis.flushdb();
  const leave = new AbortController();
  const request = new Request("http://app/api/realtime?channel=room", { signal: leave.signal });
  const response = await handle({ realtime })(request);
  assert.equal(response.headers.get("content-type"), "text/event-stream");
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  while (!text.includes("connected")) text += (await reader.read()).value;
  await realtime.channel("room").emit("chat.message", said("hello"));
  while (!text.includes("hello")) text += (await reader.read()).value;
  leave.abort();
});
