"""Follows a channel by python-socketio with its default options: socket_io.py LIBRARY TRANSPORT URL CHANNEL [CURSOR].

LIBRARY is `client` or `async-client`, the two classes that the package has."""

import asyncio
import os
import sys

import socketio

from fold import Fold, say

library, transport, url, channel, *after = sys.argv[1:]
fold = Fold(*after)
# An upgrade is what a stock client does by default: it begins by polling.
transports = None if transport == "upgrade" else [transport]


def request():
    return {"channel": channel, "after": fold.cursor} if fold.cursor else {"channel": channel}


def take(answer):
    """Returns False if the channel must be followed again."""
    if not answer["ok"]:
        say("refused", why=answer["error"]["code"])
    elif "snapshot" in answer:
        fold.start_over(answer["snapshot"])
    else:
        return fold.apply(answer["batch"])
    return True


def follow_by_threads():
    client = socketio.Client()

    def follow():
        client.emit("follow", request(), callback=answered)

    def answered(answer):
        if not take(answer):
            follow()

    @client.on("batch")
    def on_batch(batch):
        if not fold.apply(batch):
            follow()

    client.on("connect", follow)
    client.on("disconnect", lambda why=None: say("disconnected", why=str(why)))
    client.connect(url, transports=transports, retry=True)
    for line in sys.stdin:
        if line.strip() == "follow":
            follow()
        elif line.strip() == "unfollow":
            client.emit("unfollow", {"channel": channel}, callback=lambda _: say("unfollowed"))


async def follow_by_asyncio():
    client = socketio.AsyncClient()

    async def follow():
        await client.emit("follow", request(), callback=answered)

    async def answered(answer):
        if not take(answer):
            await follow()

    @client.on("batch")
    async def on_batch(batch):
        if not fold.apply(batch):
            await follow()

    async def unfollowed(_):
        say("unfollowed")

    client.on("connect", follow)

    @client.on("disconnect")
    async def on_disconnect(why=None):
        say("disconnected", why=str(why))

    await client.connect(url, transports=transports, retry=True)
    while line := await asyncio.to_thread(sys.stdin.readline):
        if line.strip() == "follow":
            await follow()
        elif line.strip() == "unfollow":
            await client.emit("unfollow", {"channel": channel}, callback=unfollowed)


if library == "client":
    follow_by_threads()
else:
    asyncio.run(follow_by_asyncio())
# The client's own threads may wait for a server.
os._exit(0)
