"""Voila, which looks every second whether a kernel has answered.

A socket of pyzmq for asyncio may miss that an answer has come when a synchronous one, which sends, shares it. The
answer then lies there unread, and without another message the page never ends loading.
"""

import contextlib
import sys
from queue import Empty

from jupyter_client.channels import AsyncZMQSocketChannel
from voila.app import main

LOOK_S = 1

get_at_once = AsyncZMQSocketChannel.get_msg


async def get_msg(channel: AsyncZMQSocketChannel, timeout: float | None = None) -> dict:
    """Return the next message; what has come is found even where nothing said so."""
    while timeout is None:
        with contextlib.suppress(Empty):
            return await get_at_once(channel, timeout=LOOK_S)
    return await get_at_once(channel, timeout=timeout)


if __name__ == "__main__":
    AsyncZMQSocketChannel.get_msg = get_msg
    sys.exit(main())
