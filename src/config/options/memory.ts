/** The directives of memory: limits, eviction, and when small values become large. */

import { directive, ignored } from "../directive.ts";
import { bool, bytes, count, integer, longCount, memory, memoryOrPercent, oneOf } from "../kinds.ts";
import { INT_MAX, INT_MIN, INT64_MAX, UINT64_MAX } from "../numbers.ts";

const POLICIES = [
  "volatile-lru",
  "volatile-lfu",
  "volatile-random",
  "volatile-ttl",
  "allkeys-lru",
  "allkeys-lfu",
  "allkeys-random",
  "noeviction",
] as const;

/** How much memory data takes, what leaves when it is full, and when a small value turns into a large one. */
export const MEMORY = {
  maxmemory: directive(memory(0, UINT64_MAX), "0", "Bytes that data may take; 0 for no limit"),
  "maxmemory-policy": directive(oneOf(POLICIES), "noeviction", "Which keys leave when memory is full"),
  "maxmemory-samples": directive(integer(1, INT_MAX), "5", "How many keys are compared to find one to evict"),
  "maxmemory-eviction-tenacity": directive(integer(0, 100), "10", "How long eviction may hold up clients"),
  "maxmemory-clients": directive(memoryOrPercent, "0", "Bytes, or share of maxmemory, that clients may take together; 0 for no limit"),
  "lfu-log-factor": directive(count, "10", "How slowly a key's use counter saturates"),
  "lfu-decay-time": directive(count, "1", "Minutes after which a key's use counter falls by one; 0 for never"),
  "active-expire-effort": ignored(integer(1, 10), "1", "expired keys are found without a search"),

  "lazyfree-lazy-eviction": directive(bool, "no", "Tell replicas of evicted keys by UNLINK, not DEL"),
  "lazyfree-lazy-expire": directive(bool, "no", "Tell replicas of expired keys by UNLINK, not DEL"),
  "lazyfree-lazy-server-del": directive(bool, "no", "Tell replicas of keys that SPOP or RESTORE deletes by UNLINK, not DEL"),
  "lazyfree-lazy-user-del": ignored(bool, "no", "big values are always freed in the background"),
  "lazyfree-lazy-user-flush": directive(bool, "no", "Make FLUSHDB and FLUSHALL asynchronous unless they say SYNC"),

  "key-tree-kept-from": directive(longCount, "200000", "Keys of a database from which on REPLICANT.TREE keeps what it found for a while"),
  "key-tree-memory": directive(memory(0, INT64_MAX), "128mb", "Bytes that REPLICANT.TREE may keep lists of keys in"),
  "purge-delay": directive(integer(0, INT_MAX), "10", "Seconds until a deletion begins that REPLICANT.PURGE was told to confirm"),

  activerehashing: directive(bool, "yes", "Spend idle time on growing hash tables"),
  activedefrag: directive(bool, "no", "Move data to undo fragmentation, as the active-defrag directives say"),
  "active-defrag-cycle-min": directive(integer(1, 99), "1", "Least share of time for defragmentation, percent"),
  "active-defrag-cycle-max": directive(integer(1, 99), "25", "Largest share of time for defragmentation, percent"),
  "active-defrag-threshold-lower": directive(integer(0, 1000), "10", "Fragmentation that starts defragmentation, percent"),
  "active-defrag-threshold-upper": directive(integer(0, 1000), "100", "Fragmentation that calls for the largest effort, percent"),
  "active-defrag-ignore-bytes": directive(memory(1, INT64_MAX), "104857600", "Fragmentation that is not worth the effort"),
  "active-defrag-max-scan-fields": directive(integer(1, INT64_MAX), "1000", "Values with more elements are defragmented in steps"),
  "memory-compaction": directive(bool, "yes", "Move data out of pages that are mostly empty, whether or not activedefrag is on"),
  "jemalloc-bg-thread": ignored(bool, "yes", "there is no jemalloc here"),

  "hash-max-listpack-entries": directive(longCount, "512", "Most fields of a packed hash", "hash-max-ziplist-entries"),
  "hash-max-listpack-value": directive(bytes, "64", "Longest field or value of a packed hash", "hash-max-ziplist-value"),
  "list-max-listpack-size": directive(
    integer(INT_MIN, INT_MAX),
    "-2",
    "Elements of a list's node, or -1 to -5 for 4 to 64 KiB",
    "list-max-ziplist-size",
  ),
  "list-compress-depth": directive(count, "0", "How many nodes at each end of a list stay uncompressed; 0 for all"),
  "set-max-intset-entries": directive(longCount, "512", "Most members of a set kept as sorted integers"),
  "set-max-listpack-entries": directive(longCount, "128", "Most members of a packed set"),
  "set-max-listpack-value": directive(longCount, "64", "Longest member of a packed set"),
  "zset-max-listpack-entries": directive(longCount, "128", "Most members of a packed sorted set", "zset-max-ziplist-entries"),
  "zset-max-listpack-value": directive(bytes, "64", "Longest member of a packed sorted set", "zset-max-ziplist-value"),
  "hll-sparse-max-bytes": directive(bytes, "3000", "Largest sparse HyperLogLog"),
  "stream-node-max-bytes": directive(bytes, "4096", "Bytes of a stream's node; 0 for no limit"),
  "stream-node-max-entries": directive(longCount, "100", "Entries of a stream's node; 0 for no limit"),
} as const;
