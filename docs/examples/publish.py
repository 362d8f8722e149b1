"""Publishes a post, then corrects its headline: python3 publish.py CHANNEL HEADLINE CORRECTED"""

import json
import os
import random
import sys
import time
import urllib.error
import urllib.request
import uuid

ATTEMPTS_MAX = 8


def call(method, path, body, **headers):
    """Sends a write until it is answered. The same Idempotency-Key each time makes it one write."""
    headers |= {"Authorization": f"Bearer {os.environ['KEY']}", "Content-Type": "application/json"}
    headers["Idempotency-Key"] = str(uuid.uuid4())
    for attempt in range(ATTEMPTS_MAX):
        wait = 0.0
        request = urllib.request.Request(
            os.environ["WIRECOPY"] + path, json.dumps(body).encode(), headers, method=method
        )
        try:
            with urllib.request.urlopen(request, timeout=30) as response:
                return json.load(response), response.headers["ETag"]
        except urllib.error.HTTPError as error:
            if error.code not in (429, 503):
                sys.exit(error.read().decode())
            wait = float(error.headers["Retry-After"] or 0)
        except OSError as error:
            print(error, file=sys.stderr)
        time.sleep(wait + random.uniform(0, 0.5 * 2**attempt))
    sys.exit(f"{method} {path} was not answered.")


channel, headline, corrected = sys.argv[1:]
answer, etag = call("POST", f"/v1/channels/{channel}/posts", {"headline": headline})
post = f"/v1/channels/{channel}/posts/{answer['post']['id']}"
edit = {"headline": corrected, "correction": {"text": f"An earlier headline was: {headline}"}}
# If-Match names the version that was seen, so an edit of somebody else is never overwritten.
answer, etag = call("PATCH", post, edit, **{"If-Match": etag})
print(post, etag)
