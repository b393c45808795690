// `@upstash/lock`, unchanged: SET NX PX takes a lock, Lua scripts release and extend it.
import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { Lock } from "@upstash/lock";
import { connect } from "./client.mjs";
import { assertWithin } from "./within.mjs";

const redis = connect();
const ONCE = { attempts: 1, delay: 0 };
const PATIENTLY = { attempts: 2_000, delay: 5 };

beforeEach(() => redis.flushdb());

test("one has the lock at a time", async () => {
  const [ann, bob] = [lock({ retry: ONCE }), lock({ retry: ONCE })];
  assert.equal(await ann.acquire(), true);
  assert.equal(await bob.acquire(), false);
  assert.deepEqual([await ann.getStatus(), await bob.getStatus()], ["ACQUIRED", "FREE"]);
  assert.equal(await ann.release(), true);
  assert.equal(await bob.acquire(), true);
});

test("who does not have the lock does not release it", async () => {
  const [ann, bob] = [lock(), lock({ retry: ONCE })];
  assert.equal(await ann.acquire(), true);
  await bob.acquire();
  assert.equal(await bob.release(), false);
  assert.equal(await ann.getStatus(), "ACQUIRED");
});

test("many that want it come one after the other", async () => {
  let inside = 0;
  let turns = 0;
  await Promise.all(
    Array.from({ length: 10 }, async () => {
      const contender = lock({ retry: PATIENTLY });
      assert.equal(await contender.acquire(), true);
      inside += 1;
      assert.equal(inside, 1);
      await redis.incr("turns");
      inside -= 1;
      turns += 1;
      assert.equal(await contender.release(), true);
    }),
  );
  assert.equal(turns, 10);
  assert.equal(await redis.get("turns"), 10);
});

test("a lease that ends frees the lock", async () => {
  const [ann, bob] = [lock({ lease: 50 }), lock({ retry: PATIENTLY })];
  assert.equal(await ann.acquire(), true);
  assert.equal(await bob.acquire(), true);
  assert.equal(await ann.release(), false);
  assert.equal(await ann.getStatus(), "FREE");
});

test("a lease can be extended by whom it belongs to", async () => {
  const [ann, bob] = [lock({ lease: 20_000 }), lock({ retry: ONCE })];
  assert.equal(await ann.acquire(), true);
  assert.equal(await ann.extend(10_000), true);
  assertWithin(await redis.ttl("job"), 28, 30);
  await bob.acquire();
  assert.equal(await bob.extend(10_000), false);
});

function lock(options = {}) {
  return new Lock({ id: "job", redis, ...options });
}
