"""Celery with its broker on the RESP port of a real Latchkey. Run by `tests/suite/resp.rs`."""

import os
import queue
import threading
import unittest

from celery import Celery

TASKS = 200
SECONDS_MAX = 60

app = Celery("tests", broker=os.environ["REDIS_URL"] + "/0")
# Remote control is published, and nobody needs it here.
app.conf.worker_enable_remote_control = False

done = queue.Queue()


@app.task
def note(number):
    done.put(number)


class Worker(unittest.TestCase):
    def test_every_task_is_done_once(self):
        worker = app.Worker(
            pool="threads", concurrency=4, without_gossip=True, without_mingle=True, without_heartbeat=True, quiet=True
        )
        thread = threading.Thread(target=worker.start, daemon=True)
        thread.start()
        for number in range(TASKS):
            note.delay(number)
        numbers = [done.get(timeout=SECONDS_MAX) for _ in range(TASKS)]
        worker.stop()
        self.assertEqual(sorted(numbers), list(range(TASKS)))
        self.assertTrue(done.empty())
