"""channels-redis: messages to channels and groups through its core layer (scripts) and its publish/subscribe layer."""
import asyncio
import sys

from channels_redis.core import RedisChannelLayer
from channels_redis.pubsub import RedisPubSubChannelLayer
from channels.exceptions import ChannelFull

HOSTS = [f"redis://127.0.0.1:{sys.argv[1]}/0"]


async def core():
    layer = RedisChannelLayer(hosts=HOSTS, capacity=5)
    await layer.send("mail", {"type": "letter", "n": 1})
    assert await layer.receive("mail") == {"type": "letter", "n": 1}
    private = await layer.new_channel()
    await layer.send(private, {"type": "secret"})
    assert await layer.receive(private) == {"type": "secret"}
    for name in ("ann", "bob"):
        await layer.group_add("room", name)
    await layer.group_add("room", private)
    await layer.group_discard("room", "bob")
    await layer.group_send("room", {"type": "hello"})
    assert await layer.receive("ann") == {"type": "hello"}
    assert await layer.receive(private) == {"type": "hello"}
    for n in range(5):
        await layer.send("full", {"type": "drop", "n": n})
    try:
        await layer.send("full", {"type": "drop"})
    except ChannelFull:
        pass
    else:
        raise AssertionError("a sixth message in a channel for five")
    await layer.group_add("crowd", "full")
    await layer.group_send("crowd", {"type": "left out, for its channel is full"})
    waiting = asyncio.create_task(layer.receive("late"))
    await asyncio.sleep(0.05)
    await layer.send("late", {"type": "at last"})
    assert await waiting == {"type": "at last"}
    await layer.flush()
    await layer.close_pools()


async def pubsub():
    layer = RedisPubSubChannelLayer(hosts=HOSTS)
    channel = await layer.new_channel()
    await layer.group_add("room", channel)
    await layer.group_send("room", {"type": "hello"})
    assert await layer.receive(channel) == {"type": "hello"}
    await layer.flush()


async def main():
    await asyncio.wait_for(core(), 60)
    await asyncio.wait_for(pubsub(), 60)


asyncio.run(main())
print("channels, groups, a full channel, one who waits; publish/subscribe")
