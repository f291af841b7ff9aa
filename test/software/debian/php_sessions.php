<?php
// php-redis sessions with locking: eight processes count in one session; without the lock they overwrite each other's counts.
[, $port, $role] = [...$argv, 'parent'];
const ROUNDS = 10;
const PROCESSES = 8;

ini_set('session.save_handler', 'redis');
ini_set('session.save_path', "tcp://127.0.0.1:$port");
ini_set('redis.session.locking_enabled', '1');
ini_set('redis.session.lock_wait_time', '2000'); // microseconds between two tries
ini_set('redis.session.lock_retries', '-1');
ini_set('session.use_cookies', '0');
ini_set('session.cache_limiter', '');

function increment(): int
{
    session_id('shared');
    session_start();
    $count = $_SESSION['count'] = ($_SESSION['count'] ?? 0) + 1;
    usleep(500);
    session_write_close();
    return $count;
}

if ($role === 'child') {
    for ($n = 0; $n < ROUNDS; $n += 1) increment();
    exit(0);
}

$children = [];
for ($n = 0; $n < PROCESSES; $n += 1) $children[] = proc_open([PHP_BINARY, __FILE__, $port, 'child'], [], $pipes);
foreach ($children as $child) if (proc_close($child) !== 0) exit("a child failed\n");
$redis = new Redis();
$redis->connect('127.0.0.1', (int) $port);
$wanted = ROUNDS * PROCESSES + 1;
$count = increment();
$locks = $redis->keys('*_LOCK');
if ($count !== $wanted || $locks !== []) {
    echo "counted $count, wanted $wanted; locks left: ", json_encode($locks), "\n";
    exit(1);
}

// Its scripts: EVALSHA first, then EVAL, as php-redis's own documentation has it.
$script = 'return {KEYS[1], ARGV[1], redis.call("incrby", KEYS[1], ARGV[1])}';
if ($redis->evalSha(sha1($script), ['n', 5], 1) !== false) exit("EVALSHA of an unknown script did not fail\n");
if ($redis->eval($script, ['n', 5], 1) !== ['n', '5', 5]) exit("EVAL is wrong\n");
if ($redis->evalSha(sha1($script), ['n', 5], 1) !== ['n', '5', 10]) exit("EVALSHA is wrong\n");
if ($redis->script('exists', sha1($script)) !== [1]) exit("SCRIPT EXISTS is wrong\n");
echo $wanted, " counts by eight processes in one session; EVAL and EVALSHA\n";
