/** The directives of snapshots and the append-only file. */

import { bareName } from "../checks.ts";
import { directive, FIXED, HIDDEN } from "../directive.ts";
import { bool, bytes, count, integer, oneOf, path } from "../kinds.ts";
import { INT_MAX, INT_MIN } from "../numbers.ts";
import { directory, savePoints } from "../special-kinds.ts";

/** RDB versions that can be asked for: "auto" is 10, or what hashes whose fields have times need. */
export const RDB_ASKED_VERSIONS = ["auto", "10", "11", "12", "80"] as const;
export type RdbAskedVersion = (typeof RDB_ASKED_VERSIONS)[number];

/** Snapshots and the append-only file. */
export const PERSISTENCE = {
  dir: directive(directory, { value: ".", text: "." }, "Directory of snapshots and the append-only file", {
    protected: true,
    denyWhileLoading: true,
  }),
  save: directive(savePoints, "3600 1 300 100 60 10000", 'Snapshot after so many seconds if at least so many keys changed; "" for never'),
  dbfilename: directive(path(bareName("dbfilename", "filename", { mayBeEmpty: true })), "dump.rdb", "File name of the snapshot", {
    protected: true,
  }),
  rdbcompression: directive(bool, "yes", "Compress strings in snapshots (LZF)"),
  "rdb-version": directive(oneOf(RDB_ASKED_VERSIONS), "auto", "RDB version of snapshots and DUMP: 12 is of Redis 7.4, 80 of Valkey 9.0"),
  rdbchecksum: directive(bool, "yes", "End snapshots with a CRC64, and check it when loading", FIXED),
  "rdb-save-incremental-fsync": directive(bool, "yes", "Flush a snapshot to disk in steps while it is written"),
  "rdb-del-sync-files": directive(bool, "no", "Delete snapshots made for replication, where nothing else persists"),
  "rdb-key-save-delay": directive(integer(INT_MIN, INT_MAX), "0", "Microseconds to wait after each key of a snapshot, for tests", HIDDEN),
  "stop-writes-on-bgsave-error": directive(bool, "yes", "Refuse writes after a background snapshot failed"),
  "key-load-delay": directive(integer(INT_MIN, INT_MAX), "0", "Microseconds to wait after each loaded key, for tests", HIDDEN),
  "loading-process-events-interval-bytes": directive(integer(1024, INT_MAX), "2097152", "Bytes loaded between looks at clients", HIDDEN),

  appendonly: directive(bool, "no", "Log every write to the append-only file", { denyWhileLoading: true }),
  appendfilename: directive(path(bareName("appendfilename", "filename")), "appendonly.aof", "Base of the append-only files' names", FIXED),
  appenddirname: directive(path(bareName("appenddirname", "dirname")), "appendonlydir", "Directory of the append-only files in dir", FIXED),
  appendfsync: directive(oneOf(["everysec", "always", "no"]), "everysec", "How often the append-only file is flushed to disk"),
  "no-appendfsync-on-rewrite": directive(bool, "no", "Do not flush the append-only file while it is rewritten"),
  "auto-aof-rewrite-percentage": directive(count, "100", "Rewrite the append-only file once it grew by this percentage; 0 for never"),
  "auto-aof-rewrite-min-size": directive(bytes, "67108864", "Below this size the append-only file is not rewritten"),
  "aof-load-truncated": directive(bool, "yes", "Load an append-only file whose end is missing"),
  "aof-load-corrupt-tail-max-size": directive(bytes, "0", "Cut a damaged end of fewer bytes off an append-only file; 0 refuses the file"),
  "aof-use-rdb-preamble": directive(bool, "yes", "Start a rewritten append-only file with a snapshot"),
  "aof-timestamp-enabled": directive(bool, "no", "Note times in the append-only file"),
  "aof-rewrite-incremental-fsync": directive(bool, "yes", "Flush a rewritten append-only file to disk in steps"),
  "aof-disable-auto-gc": directive(bool, "no", "Keep append-only files that are no longer needed", HIDDEN),
} as const;
