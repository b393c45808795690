"""Clients of the server under test, whose address and token are in the environment as applications have them."""

import asyncio
import os
import unittest

import upstash_redis
import upstash_redis.asyncio

URL = os.environ["UPSTASH_REDIS_REST_URL"]
TOKEN = os.environ["UPSTASH_REDIS_REST_TOKEN"]


def connect(url=URL, token=TOKEN, **options):
    """The blocking client. It tries once, so that a failure is seen at once."""
    return upstash_redis.Redis(url=url, token=token, rest_retries=0, **options)


class Awaited:
    """The asyncio client (or one of its pipelines), used from blocking code: each call runs to its end."""

    def __init__(self, client, loop):
        self._client, self._loop = client, loop

    def __getattr__(self, name):
        attribute = getattr(self._client, name)
        return self._wrap(attribute) if callable(attribute) else attribute

    def _wrap(self, function):
        def call(*arguments, **options):
            answer = function(*arguments, **options)
            if asyncio.iscoroutine(answer):
                return self._loop.run_until_complete(answer)
            # A pipeline collects commands without waiting; only its exec waits.
            return Awaited(answer, self._loop)

        return call


def within(test: unittest.TestCase, value, least, most):
    """Fails unless the value lies between the two, both included."""
    test.assertGreaterEqual(value, least)
    test.assertLessEqual(value, most)
