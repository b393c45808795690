"""`upstash-ratelimit`, unchanged: its limits are Lua scripts. Run by `tests/suite/sdk.rs`."""

import asyncio
import unittest

import upstash_redis.asyncio
from upstash_ratelimit import FixedWindow, Ratelimit, SlidingWindow, TokenBucket
from upstash_ratelimit.asyncio import Ratelimit as AsyncRatelimit

from clients import TOKEN, URL, connect, within

# Windows are cut from the clock. These are so long that none ends during a test.
WINDOW = {"unit": "d"}
WINDOW_DAYS = 1000


def fixed(limit):
    return FixedWindow(max_requests=limit, window=WINDOW_DAYS, **WINDOW)


def sliding(limit):
    return SlidingWindow(max_requests=limit, window=WINDOW_DAYS, **WINDOW)


def bucket(limit):
    return TokenBucket(max_tokens=limit, refill_rate=1, interval=WINDOW_DAYS, **WINDOW)


class Algorithm:
    """What all of them promise; the subclasses say which it is."""

    limiter = None

    def setUp(self):
        self.redis = connect()
        self.addCleanup(self.redis.close)
        self.redis.flushdb()
        self.limits = Ratelimit(redis=self.redis, limiter=type(self).limiter(3))

    def allowed(self, who, count, rate=1):
        return [self.limits.limit(who, rate).allowed for _ in range(count)]

    def test_three_requests_pass_and_the_others_do_not(self):
        self.assertEqual(self.allowed("ann", 5), [True, True, True, False, False])
        self.assertEqual(self.allowed("bob", 1), [True])

    def test_what_remains_is_told(self):
        responses = [self.limits.limit("ann") for _ in range(4)]
        self.assertEqual([response.remaining for response in responses], [2, 1, 0, 0])
        self.assertEqual({response.limit for response in responses}, {3})
        self.assertEqual(self.limits.get_remaining("ann"), 0)
        self.limits.limit("bob")
        self.assertEqual(self.limits.get_remaining("bob"), 2)

    def test_the_reset_lies_ahead(self):
        response = self.limits.limit("ann")
        # To the second: the token bucket's is told by the script, in milliseconds.
        within(self, self.limits.get_reset("ann"), response.reset - 1, response.reset + 1)

    def test_what_was_counted_has_a_deadline(self):
        self.limits.limit("ann")
        keys = self.redis.keys("*")
        self.assertEqual(len(keys), 1)
        self.assertGreater(self.redis.pttl(keys[0]), 0)

    def test_concurrent_requests_never_pass_more_than_the_limit(self):
        async def all_at_once():
            async with upstash_redis.asyncio.Redis(url=URL, token=TOKEN, rest_retries=0) as redis:
                limits = AsyncRatelimit(redis=redis, limiter=type(self).limiter(10))
                return await asyncio.gather(*(limits.limit("all") for _ in range(40)))

        responses = asyncio.run(all_at_once())
        self.assertEqual(sum(response.allowed for response in responses), 10)


class FixedWindows(Algorithm, unittest.TestCase):
    limiter = staticmethod(fixed)

    def test_a_request_may_weigh_more(self):
        self.assertEqual(self.allowed("ann", 3, rate=2), [True, False, False])


class SlidingWindows(Algorithm, unittest.TestCase):
    limiter = staticmethod(sliding)


class TokenBuckets(Algorithm, unittest.TestCase):
    limiter = staticmethod(bucket)

    def test_a_request_may_weigh_more(self):
        self.assertEqual(self.allowed("ann", 2, rate=2), [True, False])
        self.assertEqual(self.allowed("ann", 2), [True, False])


class Waiting(unittest.TestCase):
    def test_who_waits_gets_a_token_when_the_bucket_fills(self):
        redis = connect()
        self.addCleanup(redis.close)
        redis.flushdb()
        limits = Ratelimit(redis=redis, limiter=TokenBucket(max_tokens=1, refill_rate=1, interval=50, unit="ms"))
        limits.limit("ann")
        self.assertTrue(limits.block_until_ready("ann", timeout=60).allowed)


if __name__ == "__main__":
    unittest.main()
