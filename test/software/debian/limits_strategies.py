"""limits: each of its strategies over its storage in Redis."""
import sys

import limits
from limits.storage import storage_from_string
from limits.strategies import FixedWindowElasticExpiryRateLimiter, FixedWindowRateLimiter, MovingWindowRateLimiter

storage = storage_from_string(f"redis://127.0.0.1:{sys.argv[1]}/3")
assert storage.check()
item = limits.parse("3/hour")
for strategy in (FixedWindowRateLimiter, FixedWindowElasticExpiryRateLimiter, MovingWindowRateLimiter):
    limiter = strategy(storage)
    name = strategy.__name__
    assert [limiter.hit(item, name) for _ in range(5)] == [True, True, True, False, False], name
    assert not limiter.test(item, name), name
    reset, remaining = limiter.get_window_stats(item, name)
    assert remaining == 0 and reset > 0, (name, reset, remaining)
    limiter.clear(item, name)
    assert limiter.hit(item, name), name
    assert limiter.hit(item, name, cost=2) and not limiter.hit(item, name), name
assert storage.reset() >= 3
print("fixed window, with elastic expiry, moving window")
