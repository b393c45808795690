"""The Python client of Upstash Redis against a real Latchkey: blocking and asyncio, as it comes and with options off."""

import asyncio
import unittest

import httpx
import upstash_redis.asyncio
from upstash_redis.errors import UpstashError

from clients import TOKEN, URL, Awaited, connect
from commands import Commands


class Blocking(Commands, unittest.TestCase):
    """As it comes."""

    redis = connect()


class BlockingPlain(Commands, unittest.TestCase):
    """Without base64."""

    redis = connect(rest_encoding=None, allow_telemetry=False)


class BlockingWithTrailingSlash(Commands, unittest.TestCase):
    """With a slash at the end of the URL, which this client turns into `//pipeline` (T36)."""

    redis = connect(url=URL.rstrip("/") + "/")


class Asynchronous(Commands, unittest.TestCase):
    """The asyncio client, one command after the other."""

    loop = asyncio.new_event_loop()
    redis = Awaited(upstash_redis.asyncio.Redis(url=URL, token=TOKEN, rest_retries=0), loop)

    def test_many_at_once(self):
        async def count():
            async with upstash_redis.asyncio.Redis(url=URL, token=TOKEN, rest_retries=0) as redis:
                return await asyncio.gather(*(redis.incr("n") for _ in range(100)))

        self.assertEqual(sorted(self.loop.run_until_complete(count())), list(range(1, 101)))

    @classmethod
    def tearDownClass(cls):
        cls.redis.close()
        cls.loop.close()


class Refusals(unittest.TestCase):
    """What cannot be had."""

    def test_a_wrong_token(self):
        with self.assertRaisesRegex(UpstashError, "^WRONGPASS invalid or missing auth token"):
            connect(token="wrong").get("k")

    def test_a_client_that_does_not_read_its_own_writes(self):
        redis = connect(read_your_writes=False)
        self.assertIs(redis.set("k", "v"), True)
        self.assertEqual(redis._sync_token, "")

    def test_every_status_has_a_json_body(self):
        """T20: whatever is not JSON makes this client send the request again."""
        headers = {"Authorization": f"Bearer {TOKEN}"}
        for path, body in [("/", b"{"), ("/", b""), ("/pipeline", b"[1]"), ("/multi-exec", b"null"), ("/get/%zz", b"")]:
            reply = httpx.post(URL + path, headers=headers, content=body)
            self.assertEqual(reply.status_code, 400, path)
            self.assertTrue(reply.json()["error"], path)


if __name__ == "__main__":
    unittest.main()
