"""Follows a channel by a client of event streams: event_stream.py LIBRARY TRANSPORT URL CHANNEL [CURSOR].

Most of these libraries read one stream and no more, so the loop that comes back by the cursor is the program's."""

import asyncio
import json
import os
import random
import sys
import threading
import time

from fold import Fold, say

library, _, url, channel, *after = sys.argv[1:]
fold = Fold(*after)
address = f"{url}/v1/channels/{channel}/stream"
wait_s_max = 2.0
silence_s_max = 60


class Gap(Exception):
    pass


def take(name, data):
    if name == "snapshot":
        fold.start_over(json.loads(data))
    elif name == "batch":
        if not fold.apply(json.loads(data)):
            raise Gap
    else:
        say("error", why=f"an event that nobody asked for: {name} {data!r}")


def headers():
    return {"Last-Event-ID": fold.cursor} if fold.cursor else {}


def by_httpx_sse():
    import httpx
    from httpx_sse import connect_sse

    with httpx.Client(timeout=httpx.Timeout(10, read=silence_s_max)) as client:
        with connect_sse(client, "GET", address, headers=headers()) as source:
            source.response.raise_for_status()
            for event in source.iter_sse():
                take(event.event, event.data)


def by_sseclient_py():
    import requests
    import sseclient

    with requests.get(address, headers=headers(), stream=True, timeout=(10, silence_s_max)) as response:
        response.raise_for_status()
        for event in sseclient.SSEClient(response).events():
            take(event.event, event.data)


def by_requests_sse():
    from requests_sse import EventSource

    options = {"headers": headers(), "timeout": (10, silence_s_max)}
    with EventSource(address, **options) as source:
        for event in source:
            take(event.type, event.data)


def by_aiohttp_sse_client():
    from aiohttp_sse_client2 import client

    async def read():
        async with client.EventSource(address, headers=headers()) as source:
            async for event in source:
                take(event.type, event.data)

    asyncio.run(read())


ways = {
    "httpx-sse": by_httpx_sse,
    "sseclient-py": by_sseclient_py,
    "requests-sse": by_requests_sse,
    "aiohttp-sse-client2": by_aiohttp_sse_client,
}


def follow():
    while True:
        try:
            ways[library]()
            say("disconnected", why="the stream ended")
        except Exception as error:
            say("disconnected", why=f"{type(error).__name__}: {error}")
        time.sleep(random.uniform(0, wait_s_max))


threading.Thread(target=follow, daemon=True).start()
sys.stdin.read()
os._exit(0)
