// BullMQ, which is scripts, sorted sets and commands that wait, against the RESP port. Run by `tests/suite/resp.rs`.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Queue, QueueEvents, Worker } from "bullmq";

const { hostname, port, password } = new URL(process.env.REDIS_URL);
const connection = { host: hostname, port: Number(port), password, maxRetriesPerRequest: null };

const JOBS = 10_000;
const WORKERS = 4;

/** Resolves when `worker` and others have done `count` jobs together. */
function done(workers, count) {
  return new Promise((resolve, reject) => {
    let left = count;
    for (const worker of workers) {
      worker.on("completed", () => --left === 0 && resolve());
      worker.on("error", reject);
    }
  });
}

test("every job is done once, by several workers", async () => {
  const queue = new Queue("work", { connection });
  const seen = new Map();
  const work = async (job) => {
    seen.set(job.data.n, (seen.get(job.data.n) ?? 0) + 1);
    return job.data.n * 2;
  };
  const workers = Array.from({ length: WORKERS }, () => new Worker("work", work, { connection, concurrency: 20 }));
  const all = done(workers, JOBS);
  await queue.addBulk(Array.from({ length: JOBS }, (_, n) => ({ name: "double", data: { n } })));
  await all;
  assert.equal(seen.size, JOBS);
  assert.ok([...seen.values()].every((times) => times === 1));
  await Promise.all(workers.map((worker) => worker.close()));
  assert.deepEqual(await queue.getJobCounts("waiting", "active", "failed"), { waiting: 0, active: 0, failed: 0 });
  await queue.close();
});

test("a delayed job, one that is tried again, and the result that a caller waits for", async () => {
  const queue = new Queue("calls", { connection });
  const events = new QueueEvents("calls", { connection });
  await events.waitUntilReady();
  const tries = new Map();
  const work = async (job) => {
    tries.set(job.name, (tries.get(job.name) ?? 0) + 1);
    if (job.name === "fragile" && tries.get(job.name) === 1) throw new Error("the first time");
    return job.name;
  };
  const worker = new Worker("calls", work, { connection });
  const jobs = [
    await queue.add("plain", {}),
    await queue.add("delayed", {}, { delay: 50 }),
    await queue.add("fragile", {}, { attempts: 2, backoff: 10 }),
  ];
  const results = await Promise.all(jobs.map((job) => job.waitUntilFinished(events)));
  assert.deepEqual(results, ["plain", "delayed", "fragile"]);
  assert.equal(tries.get("fragile"), 2);
  await Promise.all([worker.close(), events.close()]);
  await queue.close();
});
