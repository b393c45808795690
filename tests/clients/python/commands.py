"""What every client must get from the server, whichever way it talks to it. `self.redis` is the client."""

import time

from upstash_redis.errors import UpstashError

from clients import within


class Commands:
    """Mixed into a test case for each kind of client."""

    def setUp(self):
        self.redis.flushdb()

    # Strings

    def test_set_and_get(self):
        for value, text in [("text", "text"), ("", ""), (7, "7"), (1.5, "1.5"), (True, "true"), ({"a": [1]}, '{"a": [1]}')]:
            self.assertIs(self.redis.set("k", value), True)
            self.assertEqual(self.redis.get("k"), text)
        self.assertIsNone(self.redis.get("missing"))

    def test_none_is_stored_as_the_text_null(self):
        """T29"""
        self.redis.set("k", None)
        self.assertEqual(self.redis.get("k"), "null")

    def test_numbers_keep_the_text_that_was_sent(self):
        """T30"""
        for value, text in [(1.0, "1.0"), (1e21, "1e+21"), (12345678901234567890123, "12345678901234567890123")]:
            self.redis.set("k", value)
            self.assertEqual(self.redis.get("k"), text)

    def test_set_with_options(self):
        self.assertIs(self.redis.set("k", "a", xx=True), False)
        self.assertIs(self.redis.set("k", "a", nx=True, ex=100), True)
        within(self, self.redis.ttl("k"), 90, 100)
        self.assertEqual(self.redis.set("k", "b", get=True, keepttl=True), "a")
        within(self, self.redis.pttl("k"), 90_000, 100_000)
        self.assertIs(self.redis.set("k", "c", pxat=int(time.time() * 1000) + 100_000), True)
        within(self, self.redis.ttl("k"), 90, 100)
        self.assertIs(self.redis.setnx("k", "d"), False)
        self.assertIs(self.redis.setex("k", 50, "e"), True)
        self.assertIs(self.redis.psetex("k", 50_000, "e"), True)

    def test_reading_and_changing(self):
        self.assertIsNone(self.redis.getset("k", "a"))
        self.assertEqual(self.redis.getex("k", ex=100), "a")
        self.assertEqual(self.redis.getex("k", persist=True), "a")
        self.assertEqual(self.redis.ttl("k"), -1)
        self.assertEqual(self.redis.append("k", "bc"), 3)
        self.assertEqual(self.redis.getrange("k", 1, -1), "bc")
        self.assertEqual(self.redis.substr("k", 0, 1), "ab")
        self.assertEqual(self.redis.setrange("k", 1, "xy"), 3)
        self.assertEqual(self.redis.strlen("k"), 3)
        self.assertEqual(self.redis.getdel("k"), "axy")

    def test_counters(self):
        self.assertEqual(self.redis.incr("n"), 1)
        self.assertEqual(self.redis.incrby("n", 41), 42)
        self.assertEqual(self.redis.decr("n"), 41)
        self.assertEqual(self.redis.decrby("n", 40), 1)
        self.assertEqual(self.redis.incrbyfloat("n", 1.25), 2.25)
        self.redis.set("big", 9223372036854775806)
        self.assertEqual(self.redis.incr("big"), 9223372036854775807)

    def test_many_keys(self):
        self.assertIs(self.redis.mset({"a": 1, "b": {"c": 2}}), True)
        self.assertEqual(self.redis.mget("a", "missing", "b"), ["1", None, '{"c": 2}'])
        self.assertIs(self.redis.msetnx({"a": 9, "z": 9}), False)
        self.assertIs(self.redis.msetnx({"y": 9, "z": 9}), True)

    def test_words_that_look_like_a_status_or_like_base64(self):
        """T1, T2, T41"""
        for word in ["OK", "bar", "test", "PONG", "T0s=", "a b-c"]:
            self.redis.set("k", word)
            self.assertEqual(self.redis.get("k"), word)
            self.assertEqual(self.redis.mget("k", "missing"), [word, None])
        self.assertEqual(self.redis.ping(), "PONG")
        self.assertEqual(self.redis.ping("hi"), "hi")
        self.assertEqual(self.redis.echo("OK"), "OK")

    def test_text_of_all_scripts(self):
        for text in ["é", "日本語", "🫶🏽", "\0\x01\x1f", "\u2028", '"\\/\n', "a" * 100_000]:
            self.redis.set("k", text)
            self.assertEqual(self.redis.get("k"), text)

    # Hashes

    def test_hashes(self):
        self.assertEqual(self.redis.hset("h", values={"a": 1, "b": "two"}), 2)
        self.assertEqual(self.redis.hset("h", "a", 2), 0)
        self.assertEqual(self.redis.hget("h", "a"), "2")
        self.assertEqual(self.redis.hgetall("h"), {"a": "2", "b": "two"})
        self.assertEqual(self.redis.hgetall("missing"), {})
        self.assertEqual(self.redis.hmget("h", "a", "z"), ["2", None])
        self.assertIs(self.redis.hmset("h", {"c": 3}), True)
        self.assertIs(self.redis.hexists("h", "a"), True)
        self.assertIs(self.redis.hsetnx("h", "a", 9), False)
        self.assertEqual(sorted(self.redis.hkeys("h")), ["a", "b", "c"])
        self.assertEqual(sorted(self.redis.hvals("h")), ["2", "3", "two"])
        self.assertEqual(self.redis.hlen("h"), 3)
        self.assertEqual(self.redis.hstrlen("h", "b"), 3)
        self.assertEqual(self.redis.hincrby("h", "a", 40), 42)
        self.assertEqual(self.redis.hincrbyfloat("h", "f", 1.5), 1.5)
        self.assertIn(self.redis.hrandfield("h"), ["a", "b", "c", "f"])
        self.assertEqual(self.redis.hrandfield("h", 9, withvalues=True), {"a": "42", "b": "two", "c": "3", "f": "1.5"})
        self.assertEqual(self.redis.hscan("h", 0, match="b"), (0, {"b": "two"}))
        self.assertEqual(self.redis.hdel("h", "a", "z"), 1)

    def test_field_deadlines(self):
        at = int(time.time()) + 3600
        self.redis.hset("h", values={"a": 1, "b": 2, "c": 3, "d": 4})
        self.assertEqual(self.redis.hexpire("h", ["a", "z"], 3600), [1, -2])
        self.assertEqual(self.redis.hexpire("h", "a", 10, nx=True), [0])
        self.assertEqual(self.redis.hpexpire("h", "b", 3_600_000), [1])
        self.assertEqual(self.redis.hexpireat("h", "c", at), [1])
        self.assertEqual(self.redis.hpexpireat("h", "d", at * 1000), [1])
        for left in self.redis.httl("h", ["a", "b", "c", "d"]):
            within(self, left, 3590, 3600)
        for left in self.redis.hpttl("h", ["a", "b"]):
            within(self, left, 3_590_000, 3_600_000)
        self.assertEqual(self.redis.hexpiretime("h", "c"), [at])
        self.assertEqual(self.redis.hpexpiretime("h", "d"), [at * 1000])
        self.assertEqual(self.redis.hpersist("h", ["a", "z"]), [1, -2])
        self.assertEqual(self.redis.hsetex("h", values={"e": 5}, ex=100), 1)
        self.assertEqual(self.redis.hgetex("h", "e", persist=True), ["5"])
        self.assertEqual(self.redis.hgetdel("h", "e", "z"), ["5", None])

    # Lists

    def test_lists(self):
        self.assertEqual(self.redis.rpush("l", "b", 3), 2)
        self.assertEqual(self.redis.lpush("l", "a"), 3)
        self.assertEqual(self.redis.lrange("l", 0, -1), ["a", "b", "3"])
        self.assertEqual(self.redis.lindex("l", 1), "b")
        self.assertEqual(self.redis.linsert("l", "BEFORE", "b", "x"), 4)
        self.assertEqual(self.redis.lpos("l", "x"), 1)
        self.assertEqual(self.redis.lpos("l", "x", count=0), [1])
        self.assertIs(self.redis.lset("l", 0, "first"), True)
        self.assertEqual(self.redis.lrem("l", 1, "x"), 1)
        self.assertEqual(self.redis.llen("l"), 3)
        self.assertEqual(self.redis.lmove("l", "m", "LEFT", "RIGHT"), "first")
        self.assertEqual(self.redis.rpoplpush("l", "m"), "3")
        self.assertEqual(self.redis.lrange("m", 0, -1), ["3", "first"])
        self.assertEqual(self.redis.lpushx("missing", "x"), 0)
        self.assertEqual(self.redis.rpushx("m", "x"), 3)
        self.redis.ltrim("m", 1, 2)
        self.assertEqual(self.redis.lpop("m"), "first")
        self.assertEqual(self.redis.rpop("m", 5), ["x"])
        self.assertIsNone(self.redis.lpop("m"))
        self.assertIsNone(self.redis.lpop("m", 5))

    # Sets

    def test_sets(self):
        self.assertEqual(self.redis.sadd("a", "x", "y", 3), 3)
        self.redis.sadd("b", "y", "z")
        self.assertEqual(self.redis.scard("a"), 3)
        self.assertEqual(set(self.redis.smembers("a")), {"x", "y", "3"})
        self.assertEqual(self.redis.smembers("missing"), [])
        self.assertIs(self.redis.sismember("a", "x"), True)
        self.assertIs(self.redis.sismember("a", "w"), False)
        self.assertEqual(self.redis.smismember("a", "x", "w"), [True, False])
        self.assertEqual(set(self.redis.sdiff("a", "b")), {"x", "3"})
        self.assertEqual(self.redis.sinter("a", "b"), ["y"])
        self.assertEqual(set(self.redis.sunion("a", "b")), {"x", "y", "3", "z"})
        self.assertEqual(self.redis.sdiffstore("d", "a", "b"), 2)
        self.assertEqual(self.redis.sinterstore("i", "a", "b"), 1)
        self.assertEqual(self.redis.sunionstore("u", "a", "b"), 4)
        self.assertIs(self.redis.smove("a", "b", "x"), True)
        self.assertEqual(self.redis.sscan("i", 0), (0, ["y"]))
        self.assertEqual(self.redis.srandmember("i"), "y")
        self.assertEqual(self.redis.srandmember("i", -2), ["y", "y"])
        self.assertEqual(self.redis.srem("a", "y", "w"), 1)
        self.assertEqual(self.redis.spop("a"), "3")
        self.assertIsNone(self.redis.spop("a"))
        self.assertEqual(self.redis.spop("i", 2), ["y"])

    # Sorted sets

    def test_sorted_sets(self):
        self.assertEqual(self.redis.zadd("z", {"a": 1, "b": 2.5, "c": 3}), 3)
        self.assertEqual(self.redis.zadd("z", {"a": 2}, incr=True), 3.0)
        self.assertIsNone(self.redis.zadd("z", {"a": 2}, nx=True, incr=True))
        self.assertEqual(self.redis.zadd("z", {"a": 1}, lt=True, ch=True), 1)
        self.assertEqual(self.redis.zscore("z", "b"), 2.5)
        self.assertIsNone(self.redis.zscore("z", "missing"))
        self.assertEqual(self.redis.zmscore("z", ["a", "missing"]), [1.0, None])
        self.assertEqual(self.redis.zrange("z", 0, -1), ["a", "b", "c"])
        self.assertEqual(self.redis.zrange("z", 0, 1, rev=True, withscores=True), [("c", 3.0), ("b", 2.5)])
        self.assertEqual(self.redis.zrange("z", "(1", "+inf", sortby="BYSCORE", offset=0, count=1), ["b"])
        self.assertEqual(self.redis.zrangebyscore("z", 1, 3, withscores=True, offset=1, count=1), [("b", 2.5)])
        self.assertEqual(self.redis.zrevrangebyscore("z", 3, "(1"), ["c", "b"])
        self.assertEqual(self.redis.zrevrange("z", 0, 0, withscores=True), [("c", 3.0)])
        self.assertEqual(self.redis.zrangebylex("z", "[a", "[b"), ["a", "b"])
        self.assertEqual(self.redis.zrevrangebylex("z", "+", "-"), ["c", "b", "a"])
        self.assertEqual(self.redis.zrangestore("copy", "z", 0, 1), 2)
        self.assertEqual(self.redis.zcard("z"), 3)
        self.assertEqual(self.redis.zcount("z", 1, "(3"), 2)
        self.assertEqual(self.redis.zlexcount("z", "-", "+"), 3)
        self.assertEqual(self.redis.zrank("z", "c"), 2)
        self.assertEqual(self.redis.zrevrank("z", "c"), 0)
        self.assertIsNone(self.redis.zrank("z", "missing"))
        self.assertEqual(self.redis.zincrby("z", 0.5, "b"), 3.0)
        self.assertEqual(self.redis.zscan("z", 0, match="a"), (0, [("a", 1.0)]))
        self.assertEqual(self.redis.zrandmember("copy", 9, withscores=True), [("a", 1.0), ("b", 2.5)])
        self.assertEqual(self.redis.zpopmin("z"), [("a", 1.0)])
        self.assertEqual(self.redis.zpopmax("z", 1), [("c", 3.0)])
        self.assertEqual(self.redis.zremrangebyrank("copy", 0, 0), 1)
        self.assertEqual(self.redis.zremrangebyscore("copy", 2.5, 2.5), 1)
        self.assertEqual(self.redis.zremrangebylex("z", "[x", "[y"), 0)
        self.assertEqual(self.redis.zrem("z", "b"), 1)

    def test_infinite_scores(self):
        """T12"""
        self.redis.zadd("z", {"all": "+inf", "none": "-inf"})
        self.assertEqual(self.redis.zrange("z", 0, -1, withscores=True), [("none", float("-inf")), ("all", float("inf"))])

    def test_sorted_set_algebra(self):
        self.redis.zadd("a", {"x": 1, "y": 2})
        self.redis.zadd("b", {"y": 10, "z": 20})
        self.assertEqual(self.redis.zdiff(["a", "b"], withscores=True), [("x", 1.0)])
        self.assertEqual(self.redis.zinter(["a", "b"], aggregate="MAX", withscores=True), [("y", 10.0)])
        self.assertEqual(self.redis.zunion(["a", "b"], weights=[2, 1]), ["x", "y", "z"])
        self.assertEqual(self.redis.zdiffstore("d", ["a", "b"]), 1)
        self.assertEqual(self.redis.zinterstore("i", ["a", "b"]), 1)
        self.assertEqual(self.redis.zunionstore("u", ["a", "b"]), 3)

    # Keys

    def test_keys(self):
        self.redis.mset({"a": 1, "b": 2, "c": 3})
        self.assertEqual(self.redis.exists("a", "b", "missing"), 2)
        self.assertEqual(self.redis.touch("a", "missing"), 1)
        self.assertEqual(self.redis.type("a"), "string")
        self.assertEqual(self.redis.type("missing"), "none")
        self.assertEqual(sorted(self.redis.keys("*")), ["a", "b", "c"])
        self.assertEqual(self.redis.dbsize(), 3)
        self.assertIn(self.redis.randomkey(), ["a", "b", "c"])
        self.assertIs(self.redis.copy("a", "d"), True)
        self.assertIs(self.redis.copy("a", "d"), False)
        self.assertIs(self.redis.rename("d", "e"), True)
        self.assertIs(self.redis.renamenx("e", "a"), False)
        self.assertEqual(self.redis.delete("a", "missing"), 1)
        self.assertEqual(self.redis.unlink("b"), 1)
        self.assertEqual(self.redis.scan(0, match="c", count=1000), (0, ["c"]))
        self.assertEqual(self.redis.scan(0, type="hash", count=1000), (0, []))
        self.assertIs(self.redis.flushall(), True)
        seconds, microseconds = self.redis.time()
        within(self, seconds, time.time() - 60, time.time() + 60)
        within(self, microseconds, 0, 999_999)

    def test_deadlines(self):
        self.redis.set("k", "v")
        self.assertEqual(self.redis.ttl("k"), -1)
        self.assertEqual(self.redis.ttl("missing"), -2)
        self.assertIs(self.redis.expire("k", 100), True)
        self.assertIs(self.redis.expire("k", 100, nx=True), False)
        self.assertIs(self.redis.expire("missing", 100), False)
        self.assertIs(self.redis.pexpire("k", 100_000), True)
        self.assertIs(self.redis.expireat("k", int(time.time()) + 100), True)
        self.assertIs(self.redis.pexpireat("k", int(time.time() * 1000) + 100_000), True)
        within(self, self.redis.pttl("k"), 90_000, 100_000)
        self.assertIs(self.redis.persist("k"), True)
        self.assertIs(self.redis.persist("k"), False)

    def test_scans_reach_everything(self):
        """T15"""
        names = {f"user:{n}": "v" for n in range(600)}
        self.redis.mset(names)
        seen, cursor = set(), 0
        while True:
            cursor, page = self.redis.scan(cursor, match="user:*", count=100)
            seen.update(page)
            if cursor == 0:
                break
        self.assertEqual(seen, set(names))

    # Batches and errors

    def test_pipelines(self):
        pipeline = self.redis.pipeline()
        pipeline.set("k", "v")
        pipeline.incr("n")
        pipeline.hset("h", values={"a": 1})
        pipeline.hgetall("h")
        pipeline.get("missing")
        self.assertEqual(pipeline.exec(), [True, 1, 1, {"a": "1"}, None])
        self.assertEqual(self.redis.pipeline().exec(), [])

    def test_a_failed_entry_raises_and_the_others_have_run(self):
        """T8"""
        pipeline = self.redis.pipeline()
        pipeline.set("k", "abc")
        pipeline.incr("k")
        pipeline.set("after", "1")
        with self.assertRaisesRegex(UpstashError, "^ERR value is not an int or out of range$"):
            pipeline.exec()
        self.assertEqual(self.redis.get("after"), "1")

    def test_transactions(self):
        transaction = self.redis.multi()
        transaction.set("k", "v")
        transaction.incr("n")
        transaction.get("k")
        self.assertEqual(transaction.exec(), [True, 1, "v"])
        self.assertEqual(self.redis.multi().exec(), [])

    def test_errors(self):
        self.redis.set("k", "abc")
        for command, text in [
            (["INCR", "k"], "ERR value is not an int or out of range"),
            (["LPUSH", "k", "v"], "WRONGTYPE Operation against a key holding the wrong kind of value"),
            (["GET"], "ERR wrong number of arguments for 'get' command"),
            (["SET", "k", "v", "NX", "XX"], "ERR syntax error"),
        ]:
            with self.assertRaises(UpstashError) as raised:
                self.redis.execute(command)
            self.assertEqual(str(raised.exception), text)
        with self.assertRaisesRegex(UpstashError, "^ERR Command is not available: 'NOSUCH'"):
            self.redis.execute(["NOSUCH"])

    def test_the_sync_token_moves_with_each_write(self):
        """T19"""
        tokens = []
        for _ in range(3):
            self.redis.set("k", "same")
            tokens.append(self.redis._sync_token)
        self.assertTrue(all(tokens), tokens)
        self.assertEqual(len(set(tokens)), 3)
