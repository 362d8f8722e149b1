"""Follows a channel as an event stream: python3 follow.py CHANNEL"""

import http.client
import json
import os
import random
import sys
import time
import urllib.request

# A comment comes every 10 seconds. A stream that is silent for much longer is dead.
SILENCE_S_MAX = 45

url = f"{os.environ['WIRECOPY']}/v1/channels/{sys.argv[1]}/stream"
cursor = None


def events(response):
    """The events of a stream: name, id and data."""
    fields = {}
    for line in response:
        name, _, value = line.decode().rstrip("\r\n").partition(":")
        if name:
            fields[name] = value.removeprefix(" ")
        elif line.strip() == b"":
            if "data" in fields:
                yield fields["event"], fields["id"], json.loads(fields["data"])
            fields = {}


def show(name, data):
    if name == "snapshot":
        # It replaces all that was known of the channel.
        print("snapshot", len(data["posts"]), "posts", flush=True)
        return
    for change in data["changes"]:
        post = change.get("post", {})
        print(change["type"], post.get("id"), post.get("headline", ""), flush=True)


while True:
    headers = {"Last-Event-ID": cursor} if cursor else {}
    try:
        request = urllib.request.Request(url, headers=headers)
        with urllib.request.urlopen(request, timeout=SILENCE_S_MAX) as response:
            for name, cursor, data in events(response):
                show(name, data)
    except (OSError, http.client.HTTPException) as error:
        print(error, file=sys.stderr)
    time.sleep(random.uniform(0.5, 2.5))
