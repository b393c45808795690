"""Workers as Sidekiq has them, on the RESP port of a real Latchkey: BRPOP on weighted queues in a loop, and a poller that
moves what is due from a sorted set into its queue. Run by `tests/suite/resp.rs`."""

import json
import os
import queue
import threading
import time
import unittest

import redis

URL = os.environ["REDIS_URL"]
JOBS = 300
WORKERS = 4
SECONDS_MAX = 60

QUEUES = ["queue:critical", "queue:default"]

# One that is due, taken by one poller only.
TAKE_DUE = """
local jobs = redis.call("zrange", KEYS[1], "-inf", ARGV[1], "byscore", "limit", 0, 1)
if jobs[1] then
  redis.call("zrem", KEYS[1], jobs[1])
  return jobs[1]
end
"""


class Workers(unittest.TestCase):
    def setUp(self):
        self.redis = redis.Redis.from_url(URL, decode_responses=True)
        self.addCleanup(self.redis.close)
        self.redis.flushdb()
        self.done = queue.Queue()
        self.stopping = threading.Event()
        self.threads = []
        self.addCleanup(self.stop)

    def start(self, loop):
        thread = threading.Thread(target=loop)
        thread.start()
        self.threads.append(thread)

    def stop(self):
        self.stopping.set()
        for thread in self.threads:
            thread.join()

    def work(self):
        """Waits a second at most, so that it notices when it has to stop, and does what comes."""
        with redis.Redis.from_url(URL, decode_responses=True) as client:
            while not self.stopping.is_set():
                taken = client.brpop(QUEUES, timeout=1)
                if taken:
                    self.done.put((taken[0], json.loads(taken[1])["jid"]))

    def poll(self):
        with redis.Redis.from_url(URL, decode_responses=True) as client:
            take_due = client.register_script(TAKE_DUE)
            while not self.stopping.is_set():
                job = take_due(keys=["schedule"], args=[time.time()])
                if job:
                    client.lpush("queue:default", job)
                else:
                    self.stopping.wait(0.01)

    def finished(self, count):
        return [self.done.get(timeout=SECONDS_MAX) for _ in range(count)]

    def test_every_job_is_done_once(self):
        for _ in range(WORKERS):
            self.start(self.work)
        for _ in range(2):
            self.start(self.poll)
        now = time.time()
        for number in range(JOBS):
            job = json.dumps({"jid": number, "class": "Mail", "args": [number]})
            if number % 3 == 0:
                self.redis.zadd("schedule", {job: now + number / 1000})
            else:
                with self.redis.pipeline() as pipe:
                    pipe.sadd("queues", "default").lpush(QUEUES[number % 2], job).execute()
        self.assertEqual(sorted(jid for _, jid in self.finished(JOBS)), list(range(JOBS)))
        self.stop()
        self.assertTrue(self.done.empty())
        self.assertEqual([self.redis.exists("schedule", *QUEUES), self.redis.smembers("queues")], [0, {"default"}])

    def test_the_first_queue_is_emptied_first_and_the_oldest_job_comes_first(self):
        for name in reversed(QUEUES):
            self.redis.lpush(name, *(json.dumps({"jid": number}) for number in range(3)))
        self.start(self.work)
        self.assertEqual(self.finished(6), [(name, number) for name in QUEUES for number in range(3)])

    def test_a_worker_that_waits_is_seen_and_can_be_woken(self):
        """What an operator does with a worker that hangs."""
        self.start(self.work)
        waiting = None
        deadline = time.monotonic() + SECONDS_MAX
        while not waiting and time.monotonic() < deadline:
            waiting = next((client for client in self.redis.client_list() if "b" in client["flags"]), None)
        self.assertIsNotNone(waiting)
        self.assertTrue(self.redis.client_unblock(waiting["id"]))
        self.redis.lpush(QUEUES[0], json.dumps({"jid": 1}))
        self.assertEqual(self.finished(1), [(QUEUES[0], 1)])


if __name__ == "__main__":
    unittest.main()
