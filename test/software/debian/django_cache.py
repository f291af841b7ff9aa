"""django-redis: the cache, sessions and locks."""
import sys
import threading

from django.conf import settings

settings.configure(
    CACHES={
        "default": {
            "BACKEND": "django_redis.cache.RedisCache",
            "LOCATION": f"redis://127.0.0.1:{sys.argv[1]}/1",
            "OPTIONS": {"CLIENT_CLASS": "django_redis.client.DefaultClient"},
        }
    },
    SESSION_ENGINE="django.contrib.sessions.backends.cache",
)

from django.contrib.sessions.backends.cache import SessionStore  # noqa: E402
from django.core.cache import cache  # noqa: E402

cache.set("a", {"nested": [1, 2, None]}, timeout=60)
assert cache.get("a") == {"nested": [1, 2, None]}
assert 0 < cache.ttl("a") <= 60
cache.set_many({"x1": 1, "x2": 2, "y": 3})
assert cache.get_many(["x1", "x2", "z"]) == {"x1": 1, "x2": 2}
assert cache.incr("x1", 5) == 6
assert cache.add("x1", 1) is False
assert cache.delete_pattern("x*") == 2
assert sorted(cache.iter_keys("*")) == ["a", "y"]

session = SessionStore()
session["user"] = "ann"
session.save()
assert SessionStore(session_key=session.session_key)["user"] == "ann"

cache.set("counter", 0, timeout=None)


def count():
    for _ in range(10):
        with cache.lock("counter-lock", timeout=30, sleep=0.005):
            cache.set("counter", cache.get("counter") + 1, timeout=None)


threads = [threading.Thread(target=count) for _ in range(5)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
assert cache.get("counter") == 50, cache.get("counter")

lock = cache.lock("held", timeout=30)
assert lock.acquire(blocking=False)
assert not cache.lock("held", timeout=30).acquire(blocking=False)
lock.extend(30)
lock.reacquire()
lock.release()
try:
    lock.release()
except Exception as error:
    assert "unlocked lock" in str(error), error
else:
    raise AssertionError("a lock was released twice")
print("values, patterns, a session, 50 turns of a lock among five threads")
