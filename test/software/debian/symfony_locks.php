<?php
// Symfony: its locks (scripts over sorted sets), its tagged cache and its rate limiter over php-redis.
foreach (['Lock', 'Cache', 'RateLimiter'] as $component) require "/usr/share/php/Symfony/Component/$component/autoload.php";

use Symfony\Component\Cache\Adapter\RedisAdapter;
use Symfony\Component\Cache\Adapter\RedisTagAwareAdapter;
use Symfony\Component\Lock\Key;
use Symfony\Component\Lock\LockFactory;
use Symfony\Component\Lock\Store\RedisStore;
use Symfony\Component\RateLimiter\RateLimiterFactory;
use Symfony\Component\RateLimiter\Storage\CacheStorage;

function check(bool $holds, string $what): void
{
    if ($holds) return;
    echo "wrong: $what\n";
    exit(1);
}

$redis = new Redis();
$redis->connect('127.0.0.1', (int) $argv[1]);
$redis->select(6);
$factory = new LockFactory(new RedisStore($redis));

$key = new Key('seat');
$lock = $factory->createLockFromKey($key, 3600, false);
$other = $factory->createLock('seat', 3600, false);
check($lock->acquire(), 'a free lock is had');
check(!$other->acquire(), 'a lock that is held is not had');
$lock->refresh(7200);
check($lock->isAcquired() && $lock->getRemainingLifetime() > 3600, 'a lock is refreshed');
$lock->release();
check($other->acquire(), 'a released lock is had');
$other->release();
$readers = [$factory->createLock('book', 3600, false), $factory->createLock('book', 3600, false)];
check($readers[0]->acquireRead() && $readers[1]->acquireRead(), 'two read at once');
$writer = $factory->createLock('book', 3600, false);
check(!$writer->acquire(), 'no one writes what others read');
foreach ($readers as $reader) $reader->release();
check($writer->acquire(), 'who is alone may write');

$cache = new RedisTagAwareAdapter($redis, 'tags');
foreach (['a' => ['red'], 'b' => ['red', 'blue'], 'c' => ['blue']] as $name => $tags) {
    $item = $cache->getItem($name)->set(strtoupper($name))->tag($tags);
    check($cache->save($item), "$name is saved");
}
check($cache->getItem('b')->get() === 'B', 'a value is read');
$cache->invalidateTags(['red']);
$hits = array_map(fn ($name) => $cache->getItem($name)->isHit(), ['a', 'b', 'c']);
check($hits === [false, false, true], 'what has a tag goes with it');
$cache->clear();
check(!$cache->getItem('c')->isHit(), 'all is cleared');

$storage = new CacheStorage(new RedisAdapter($redis, 'limits'));
$config = ['id' => 'web', 'policy' => 'sliding_window', 'limit' => 3, 'interval' => '1 hour'];
$limiter = (new RateLimiterFactory($config, $storage, $factory))->create('ann');
$accepted = array_map(fn () => $limiter->consume()->isAccepted(), range(1, 5));
check($accepted === [true, true, true, false, false], 'three in an hour');
echo "locks of readers and writers, tags, a sliding window under a lock\n";
