"""The example application on FastAPI, started as its README says, and used over HTTP. Run by `tests/suite/sdk.rs`."""

import json
import pathlib
import re
import subprocess
import sys
import unittest
import urllib.error
import urllib.request

DIRECTORY = pathlib.Path(__file__).resolve().parents[3] / "examples" / "fastapi"


def setUpModule():
    global application, base
    command = [sys.executable, "-B", "-m", "uvicorn", "app:app", "--port", "0", "--no-access-log"]
    application = subprocess.Popen(command, cwd=DIRECTORY, stderr=subprocess.PIPE, text=True)
    log = ""
    for line in application.stderr:
        log += line
        if found := re.search(r"running on (http://\S+)", line):
            base = found[1]
            return
    raise RuntimeError(f"the application ended without saying where it listens:\n{log}")


def tearDownModule():
    application.terminate()
    application.communicate()


def send(method, path):
    """The reply's headers, and its body read as JSON."""
    with urllib.request.urlopen(urllib.request.Request(base + path, method=method)) as reply:
        return reply.headers, json.load(reply)


class Shop(unittest.TestCase):
    def test_a_product_is_slow_once_and_cached_for_an_hour(self):
        headers, product = send("GET", "/products/7")
        self.assertEqual(headers["x-cache"], "miss")
        self.assertEqual(product, {"id": 7, "name": "Product 7", "price": 9.5})
        headers, again = send("GET", "/products/7")
        self.assertEqual(again, product)
        seconds_left = int(re.fullmatch(r"hit; (\d+) seconds left", headers["x-cache"])[1])
        self.assertTrue(3590 < seconds_left <= 3600, seconds_left)

    def test_a_product_that_changes_leaves_the_cache(self):
        send("GET", "/products/8")
        send("PUT", "/products/8/price/12.25")
        headers, product = send("GET", "/products/8")
        self.assertEqual((headers["x-cache"], product["price"]), ("miss", 12.25))

    def test_the_leaderboard_has_the_best_first(self):
        for player, points in [("ann", 10), ("bob", 30), ("cid", 20)]:
            send("POST", f"/scores/{player}/{points}")
        self.assertEqual(send("POST", "/scores/ann/15.5")[1], {"score": 25.5, "rank": 2})
        self.assertEqual(
            send("GET", "/leaderboard")[1],
            [{"player": "bob", "score": 30}, {"player": "ann", "score": 25.5}, {"player": "cid", "score": 20}],
        )

    def test_what_is_no_number_is_refused_by_the_application(self):
        with self.assertRaises(urllib.error.HTTPError) as refused:
            send("GET", "/products/seven")
        self.assertEqual(refused.exception.code, 422)


if __name__ == "__main__":
    unittest.main()
