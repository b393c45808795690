"""redis-py against the RESP port of a real Latchkey, in RESP2 and RESP3. Run by `tests/suite/resp.rs`."""

import asyncio
import concurrent.futures
import os
import time
import unittest

import redis
import redis.asyncio
import redis.cache

from clients import connect

URL = os.environ["REDIS_URL"]


class Client:
    """What a program does with a client; the subclasses say how it connects."""

    options = {}

    def setUp(self):
        self.redis = redis.Redis.from_url(URL, **self.options)
        self.addCleanup(self.redis.close)
        self.redis.flushdb()

    def text(self, value):
        return value if self.options.get("decode_responses") else value.encode()

    def test_strings_and_expiry(self):
        self.assertTrue(self.redis.set("product:1", "lamp", ex=60))
        self.assertEqual(self.redis.get("product:1"), self.text("lamp"))
        self.assertTrue(0 < self.redis.ttl("product:1") <= 60)
        self.assertIsNone(self.redis.get("absent"))

    def test_collections_have_python_types(self):
        self.redis.hset("h", mapping={"a": 1, "b": 2})
        self.assertEqual(self.redis.hgetall("h"), {self.text("a"): self.text("1"), self.text("b"): self.text("2")})
        self.redis.sadd("s", "x", "y")
        self.assertEqual(set(self.redis.smembers("s")), {self.text("x"), self.text("y")})
        self.redis.zadd("z", {"ann": 10.5, "bob": 20})
        self.assertEqual(
            [(name, score) for name, score in self.redis.zrange("z", 0, -1, withscores=True)],
            [(self.text("ann"), 10.5), (self.text("bob"), 20.0)],
        )
        self.assertEqual(self.redis.zscore("z", "ann"), 10.5)

    def test_a_transaction_is_one_step(self):
        with self.redis.pipeline(transaction=True) as pipe:
            pipe.set("n", 1).incr("n").get("n").hset("h", "f", "v").hgetall("h")
            self.assertEqual(
                pipe.execute(), [True, 2, self.text("2"), 1, {self.text("f"): self.text("v")}]
            )

    def test_an_error_in_a_transaction_is_raised_and_the_rest_is_done(self):
        with self.redis.pipeline(transaction=True) as pipe:
            pipe.set("n", 1).lpush("n", "x").incr("n")
            with self.assertRaisesRegex(redis.ResponseError, "wrong kind of value"):
                pipe.execute()
        self.assertEqual(self.redis.get("n"), self.text("2"))

    def test_a_watched_key_that_changes_is_raised(self):
        with self.redis.pipeline() as pipe:
            pipe.watch("n")
            self.redis.set("n", 1)
            pipe.multi()
            pipe.incr("n")
            with self.assertRaises(redis.WatchError):
                pipe.execute()

        def increment(pipe):
            pipe.multi()
            pipe.incr("n")

        self.assertEqual(self.redis.transaction(increment, "n"), [2])

    def test_a_long_pipeline(self):
        with self.redis.pipeline(transaction=False) as pipe:
            for _ in range(2_000):
                pipe.incr("n")
            self.assertEqual(pipe.execute(), list(range(1, 2_001)))

    def test_scan_finds_every_key(self):
        self.redis.mset({f"key:{n}": n for n in range(500)})
        self.assertEqual(len(set(self.redis.scan_iter(match="key:*"))), 500)

    def test_the_connection_tells_of_itself(self):
        self.redis.client_setname("suite")
        self.assertIn(self.redis.client_getname(), ["suite", b"suite"])  # versions differ in whether they decode it
        self.assertEqual(self.redis.client_info()["name"], "suite")
        self.assertIn("suite", [client["name"] for client in self.redis.client_list()])

    def test_users(self):
        def text(value):  # versions and protocols differ in what is decoded of these
            return value.decode() if isinstance(value, bytes) else value

        self.assertEqual(text(self.redis.acl_whoami()), "default")
        token = text(self.redis.execute_command("ACL GENTOKEN", "ann"))
        self.assertTrue(self.redis.execute_command("ACL SETUSER", "ann", "reset", "on", ">" + token, "~ann:*", "+@read"))
        ann = self.redis.acl_getuser("ann")
        self.assertEqual((ann["enabled"], ann["keys"], ann["categories"]), (True, ["~ann:*"], ["-@all", "+@read"]))
        self.assertIn("get", [text(name) for name in self.redis.acl_cat("string")])
        self.assertEqual([text(name) for name in self.redis.acl_users()], ["ann", "default", "default_ro"])
        self.assertEqual(text(self.redis.acl_dryrun("ann", "GET", "ann:1")), "OK")
        options = {**redis.connection.parse_url(URL), **self.options, "username": "ann", "password": token}
        with redis.Redis(**options) as client:
            self.assertIsNone(client.get("ann:1"))
            for refused in (lambda: client.get("bob:1"), lambda: client.set("ann:1", "x")):
                self.assertRaises(redis.exceptions.NoPermissionError, refused)
        self.assertEqual(self.redis.acl_deluser("ann"), 1)

    def test_bytes_come_back_as_they_were(self):
        with redis.Redis.from_url(URL, **{**self.options, "decode_responses": False}) as raw:
            value = bytes(range(256)) * 300
            raw.set("b", value)
            self.assertEqual(raw.get("b"), value)

    def heard(self, listener):
        """The next message, with everything as text."""
        message = listener.get_message(timeout=20)
        as_text = lambda value: value.decode() if isinstance(value, bytes) else value
        return tuple(as_text(message[part]) for part in ("type", "pattern", "channel", "data"))

    def test_messages_reach_who_listens(self):
        with self.redis.pubsub() as listener:
            listener.subscribe("news")
            listener.psubscribe("n*")
            self.assertEqual(self.heard(listener), ("subscribe", None, "news", 1))
            self.assertEqual(self.heard(listener), ("psubscribe", None, "n*", 2))
            self.assertEqual(self.redis.publish("news", "hello"), 2)
            self.assertEqual(self.heard(listener), ("message", None, "news", "hello"))
            self.assertEqual(self.heard(listener), ("pmessage", "n*", "news", "hello"))
            self.assertEqual(self.redis.pubsub_numsub("news"), [(self.text("news"), 1)])
            if self.options.get("protocol") == 2:  # in RESP3 redis-py takes the reply for a message
                listener.ping()
                self.assertEqual(self.heard(listener)[0], "pong")
            listener.unsubscribe()
            self.assertEqual(self.heard(listener), ("unsubscribe", None, "news", 1))
            self.assertEqual(self.redis.publish("news", "again"), 1)
        while self.redis.pubsub_numpat() > 0:
            pass

    def test_changes_of_keys_are_told(self):
        self.redis.config_set("notify-keyspace-events", "Ex$")
        with self.redis.pubsub() as listener:
            listener.psubscribe("__keyevent@0__:*")
            self.assertEqual(self.heard(listener)[0], "psubscribe")
            self.redis.set("k", "v", px=1)
            self.assertEqual(self.heard(listener)[2:], ("__keyevent@0__:set", "k"))
            self.assertEqual(self.heard(listener)[2:], ("__keyevent@0__:expired", "k"))
        self.redis.config_set("notify-keyspace-events", "")

    def test_a_monitor_sees_commands(self):
        with self.redis.monitor() as monitor:
            self.redis.set("k", "two words")
            self.assertEqual(monitor.next_command()["command"], "SET k two words")


    def test_a_wait_in_vain_ends(self):
        self.assertIsNone(self.redis.blpop(["a", "b"], timeout=0.01))
        self.assertIsNone(self.redis.bzpopmin("z", timeout=0.01))
        self.assertFalse(self.redis.xread({"s": "$"}, block=5))

    def test_consumers_wait_for_what_a_producer_sends(self):
        sent = [f"job:{n}" for n in range(200)]
        with concurrent.futures.ThreadPoolExecutor() as threads:
            consumers = [threads.submit(self.consume) for _ in range(3)]
            for job in sent:
                self.redis.lpush("jobs", job)
            self.redis.lpush("jobs", "end", "end", "end")
            got = [job for consumer in consumers for job in consumer.result()]
        self.assertEqual(sorted(got), sorted(self.text(job) for job in sent))

    def consume(self):
        got = []
        while (job := self.redis.brpop("jobs", timeout=0)[1]) != self.text("end"):
            got.append(job)
        return got

    def test_members_and_entries_are_waited_for(self):
        with concurrent.futures.ThreadPoolExecutor() as threads:
            popped = threads.submit(self.redis.bzpopmax, "board", 0)
            self.redis.zadd("board", {"ann": 10})
            self.assertEqual(tuple(popped.result()), (self.text("board"), self.text("ann"), 10.0))
            self.redis.xgroup_create("events", "group", "$", mkstream=True)
            read = threads.submit(self.redis.xreadgroup, "group", "ann", {"events": ">"}, block=0)
            self.redis.xadd("events", {"kind": "start"}, id="7-0")
            self.assertIn(self.text("7-0"), flat(read.result()))


def flat(value):
    """All that is in lists, tuples and dictionaries, whatever their depth: RESP2 and RESP3 nest streams differently."""
    if isinstance(value, dict):
        value = list(value.items())
    if not isinstance(value, (list, tuple)):
        return [value]
    return [item for part in value for item in flat(part)]


class AsItComes(Client, unittest.TestCase):
    """With the defaults."""


class Resp2(Client, unittest.TestCase):
    options = {"protocol": 2, "decode_responses": True}


class Resp3(Client, unittest.TestCase):
    options = {"protocol": 3, "decode_responses": True}


class Copies(unittest.TestCase):
    """Client-side caching: what was read is read from memory until somebody changes it."""

    def setUp(self):
        self.redis = redis.Redis.from_url(
            URL, protocol=3, decode_responses=True, cache_config=redis.cache.CacheConfig()
        )
        self.addCleanup(self.redis.close)
        self.redis.flushdb()
        self.other = redis.Redis.from_url(URL)
        self.addCleanup(self.other.close)

    def copies(self):
        """How many replies it keeps."""
        return self.redis.get_cache().size

    def await_copy(self, key, value):
        deadline = time.monotonic() + 10
        while (got := self.redis.get(key)) != value and time.monotonic() < deadline:
            pass
        self.assertEqual(got, value)

    def test_a_copy_changes_when_another_client_writes(self):
        self.other.set("k", "1")
        self.assertEqual(self.redis.get("k"), "1")
        commands = self.other.info("stats")["total_commands_processed"]
        for _ in range(100):
            self.assertEqual(self.redis.get("k"), "1")
        self.assertEqual(self.copies(), 1)
        self.assertLess(self.other.info("stats")["total_commands_processed"] - commands, 100)
        self.other.set("k", "2")
        self.await_copy("k", "2")
        connect().set("k", "three")
        self.await_copy("k", "three")
        self.other.eval("redis.call('SET', KEYS[1], 'four')", 1, "k")
        self.await_copy("k", "four")
        self.other.flushall()
        self.await_copy("k", None)

    def test_a_copy_expires(self):
        self.other.set("k", "1", px=300)
        self.assertEqual(self.redis.get("k"), "1")
        self.await_copy("k", None)

    def test_own_changes_count_too(self):
        self.redis.set("k", "1")
        self.assertEqual(self.redis.get("k"), "1")
        self.redis.incr("k")
        self.await_copy("k", "2")


class Passwords(unittest.TestCase):
    def test_a_tutorial_works_without_one(self):
        port = redis.connection.parse_url(URL)["port"]
        with redis.Redis(host="127.0.0.1", port=port, db=0) as client:
            self.assertTrue(client.ping())

    def test_a_wrong_one_is_refused(self):
        options = {**redis.connection.parse_url(URL), "password": "wrong"}
        with redis.Redis(**options) as client, self.assertRaises(redis.AuthenticationError):
            client.ping()


class Asyncio(unittest.IsolatedAsyncioTestCase):
    async def test_many_at_once(self):
        client = redis.asyncio.Redis.from_url(URL, decode_responses=True)
        try:
            await client.delete("n")
            await asyncio.gather(*(client.incr("n") for _ in range(50)))
            self.assertEqual(await client.get("n"), "50")
        finally:
            await client.aclose()
