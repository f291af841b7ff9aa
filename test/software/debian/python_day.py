"""python3-redis: a day's work over TLS as a user with limited rights. It starts the server again by itself, with the command that it is given."""
import pathlib
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

import redis
from redis.backoff import ConstantBackoff
from redis.retry import Retry

certificates = pathlib.Path(__file__).parents[2] / "support/certificates"
KEYS = 500


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def until(what, holds):
    for _ in range(2000):
        if holds():
            return
        time.sleep(0.01)
    raise AssertionError(f"waited in vain for {what}")


class Server:
    def __init__(self, command, directory):
        self.command, self.directory = command, pathlib.Path(directory)
        self.port, self.tls_port = free_port(), free_port()
        self.start()

    def start(self):
        (self.directory / "server.conf").write_text(
            f"tls-port {self.tls_port}\ntls-cert-file {certificates}/server.crt\ntls-key-file {certificates}/server.key\n"
            f"tls-ca-cert-file {certificates}/ca.crt\nport {self.port}\nbind 127.0.0.1\ndir {self.directory}\nsave 3600 1\n"
            "user app on >a-secret ~day:* &day:* &__redis__:invalidate +@all -@dangerous +info\n"
        )
        words = [*self.command, self.directory / "server.conf"]
        self.process = subprocess.Popen([str(word) for word in words], stdout=subprocess.DEVNULL)
        self.other = redis.Redis(port=self.port, decode_responses=True)

        def answers():
            try:
                return self.other.ping()
            except redis.RedisError:
                return False

        until("the server", answers)

    def stop(self):
        self.other.close()
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(60)


def day(server):
    client = redis.Redis(
        port=server.tls_port, username="app", password="a-secret", decode_responses=True, ssl=True, ssl_check_hostname=False,
        ssl_ca_certs=str(certificates / "ca.crt"), ssl_certfile=str(certificates / "client.crt"),
        ssl_keyfile=str(certificates / "client.key"), retry=Retry(ConstantBackoff(0.05), 100),
        retry_on_error=[redis.ConnectionError],
    )
    other = server.other
    assert client.acl_whoami() == "app"
    for forbidden in (lambda: client.set("night:key", "x"), client.flushall):
        try:
            forbidden()
            raise AssertionError("it was allowed")
        except redis.exceptions.NoPermissionError:
            pass

    names = [f"day:key:{n}" for n in range(KEYS)]
    with client.pipeline(transaction=False) as pipe:
        for n, name in enumerate(names):
            pipe.set(name, n)
        assert pipe.mget(names).execute()[-1] == [str(n) for n in range(KEYS)]

    with client.pipeline() as pipe:
        pipe.watch("day:n")
        other.set("day:n", 5)
        pipe.multi()
        pipe.incr("day:n")
        try:
            pipe.execute()
            raise AssertionError("the key was watched")
        except redis.WatchError:
            pass
    with client.pipeline() as pipe:
        assert pipe.incr("day:n").get("day:n").execute() == [6, "6"]
    add = client.register_script("return redis.call('incrby', KEYS[1], ARGV[1])")
    assert [add(keys=["day:n"], args=[4]), add(keys=["day:n"], args=[1])] == [10, 11]

    listener = client.pubsub()
    listener.subscribe("day:news")
    listener.psubscribe("day:*")
    assert [listener.get_message(timeout=20)["type"] for _ in range(2)] == ["subscribe", "psubscribe"]
    assert client.publish("day:news", "hello") == 2
    assert [listener.get_message(timeout=20)["data"] for _ in range(2)] == ["hello", "hello"]

    def later(call):
        result = []
        thread = threading.Thread(target=lambda: result.append(call()))
        thread.start()
        until("a client to block", lambda: other.info("clients")["blocked_clients"] > 0)
        return lambda: (thread.join(60), result[0])[1]

    client.xgroup_create("day:stream", "workers", "$", mkstream=True)
    entry = later(lambda: client.xreadgroup("workers", "ann", {"day:stream": ">"}, count=1, block=0))
    id = client.xadd("day:stream", {"f": "v"})
    assert entry() == [["day:stream", [(id, {"f": "v"})]]]
    assert client.xpending("day:stream", "workers")["consumers"] == [{"name": "ann", "pending": 1}]
    assert client.xautoclaim("day:stream", "workers", "bob", 0)[1] == [(id, {"f": "v"})]
    assert client.xack("day:stream", "workers", id) == 1

    popped = later(lambda: client.blpop("day:list"))
    client.rpush("day:list", "first", "second")
    assert popped() == ("day:list", "first")
    assert set(client.scan_iter("day:key:*", count=50)) == set(names)

    # It keeps no copies by itself: a connection that listens is told of what changes.
    told = client.pubsub()
    told.subscribe("__redis__:invalidate")
    assert told.get_message(timeout=20)["type"] == "subscribe"
    [line] = [one for one in other.client_list(_type="pubsub") if one["sub"] == "1" and one["psub"] == "0"]
    with client.client() as caching:
        caching.execute_command("CLIENT", "TRACKING", "ON", "REDIRECT", line["id"])
        assert caching.get("day:key:7") == "7"
        other.set("day:key:7", "changed")
        assert told.get_message(timeout=20)["data"] == ["day:key:7"]

    told.close()
    server.stop()
    server.start()
    assert client.get("day:key:7") == "changed"

    def hear():
        try:
            return listener.get_message(timeout=0.05) or {}
        except redis.ConnectionError:
            return {}  # the listener says so once, and connects again

    until("the listener", lambda: hear() == {} and server.other.pubsub_numpat() == 1)
    assert client.publish("day:news", "again") == 2
    until("its message", lambda: hear().get("data") == "again")


with tempfile.TemporaryDirectory() as directory:
    server = Server(sys.argv[1:], directory)
    try:
        day(server)
    finally:
        server.stop()
print("TLS and a user's rights, pipelines, transactions, scripts, channels, streams, waiting, SCAN, invalidation, a restart")
