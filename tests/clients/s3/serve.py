"""A service that speaks S3, in memory, on a free port, with one bucket and one user; says where, and runs until killed.

With the argument `strict` it checks signatures, and what the user may do: everything in the bucket `kept`.
"""

import json
import logging
import signal
import sys

from moto import settings
from moto.iam import iam_backends
from moto.moto_server.threaded_moto_server import ThreadedMotoServer
from moto.s3 import s3_backends

ACCOUNT = "123456789012"
MAY_DO = {"Effect": "Allow", "Action": "s3:*", "Resource": ["arn:aws:s3:::kept", "arn:aws:s3:::kept/*"]}


def add_user():
    """Its access key."""
    iam = iam_backends[ACCOUNT]["aws"]
    iam.create_user("us-east-1", "backups")
    iam.put_user_policy("backups", "all", json.dumps({"Version": "2012-10-17", "Statement": [MAY_DO]}))
    return iam.create_access_key("backups")


logging.getLogger("werkzeug").setLevel(logging.ERROR)
key = add_user()
for bucket in ("kept", "of-somebody-else"):
    s3_backends[ACCOUNT]["aws"].create_bucket(bucket, "us-east-1")
if "strict" in sys.argv:
    settings.INITIAL_NO_AUTH_ACTION_COUNT = 0
server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
server.start()
host, port = server.get_host_and_port()
print(f"S3_ADDRESS={host}:{port}")
print(f"AWS_ACCESS_KEY_ID={key.access_key_id}")
print(f"AWS_SECRET_ACCESS_KEY={key.secret_access_key}", flush=True)
signal.pause()
