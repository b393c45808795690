// `@upstash/ratelimit`, unchanged: its limits are Lua scripts, each with the `allow-key-locking` flag.
import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { Ratelimit } from "@upstash/ratelimit";
import { connect } from "./client.mjs";

const redis = connect();
beforeEach(() => redis.flushdb());

// Windows are cut from the clock. These are so long that none ends during a test.
const WINDOW = "1000 d";
const limiters = {
  "fixed window": Ratelimit.fixedWindow(3, WINDOW),
  "sliding window": Ratelimit.slidingWindow(3, WINDOW),
  "token bucket": Ratelimit.tokenBucket(3, WINDOW, 3),
};

for (const [name, limiter] of Object.entries(limiters)) {
  test(`${name}: three requests pass, the others do not`, async () => {
    const ratelimit = new Ratelimit({ redis, limiter, ephemeralCache: false });
    assert.deepEqual(await passes(ratelimit, "ann", 5), [true, true, true, false, false]);
    assert.deepEqual(await passes(ratelimit, "bob", 1), [true]);
    assert.equal((await ratelimit.getRemaining("ann")).remaining, 0);
    assert.equal((await ratelimit.getRemaining("bob")).remaining, 2);
    await ratelimit.resetUsedTokens("ann");
    assert.deepEqual(await passes(ratelimit, "ann", 1), [true]);
  });
}

test("concurrent requests never pass more than the limit", async () => {
  const ratelimit = new Ratelimit({ redis, limiter: Ratelimit.slidingWindow(10, WINDOW), ephemeralCache: false });
  const results = await Promise.all(Array.from({ length: 50 }, () => ratelimit.limit("all")));
  assert.equal(results.filter((result) => result.success).length, 10);
});

test("a script that the server has forgotten is sent again", async () => {
  const ratelimit = new Ratelimit({ redis, limiter: limiters["fixed window"], ephemeralCache: false });
  await redis.scriptFlush();
  assert.deepEqual(await passes(ratelimit, "ann", 2), [true, true]);
});

test("analytics count what passed", async () => {
  const ratelimit = new Ratelimit({ redis, limiter: limiters["fixed window"], analytics: true, ephemeralCache: false });
  const { pending, success } = await ratelimit.limit("ann");
  await pending;
  assert.equal(success, true);
  const [key] = await redis.keys("@upstash/ratelimit:events:*");
  assert.equal(await redis.type(key), "zset");
});

async function passes(ratelimit, who, count) {
  const passed = [];
  for (let n = 0; n < count; n += 1) {
    passed.push((await ratelimit.limit(who)).success);
  }
  return passed;
}
