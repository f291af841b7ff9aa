/** INFO's section Persistence. */

import type { AppendOnlyFile } from "../../../aof/aof.ts";
import type { Figures } from "../../../session/info-text.ts";
import type { LoadProgress } from "../../../snapshot/load.ts";
import { section } from "./section.ts";

/** The estimated duration, in seconds, of a load that has just begun. */
const ETA_UNKNOWN = 1;

/** What is saved and loaded. An image is made without a fork, so no memory is ever copied on write. */
export const PERSISTENCE = section("Persistence", "default", (out, { persistence, appendOnly, keyspace, replication }) => {
  const { written, total } = appendOnly.rewriting ? appendOnly.rewritingKeys : persistence.savingKeys;
  const { keysLoaded, keysExpired } = persistence.lastLoad;
  out.add("loading", persistence.loading !== null && !persistence.asyncLoading);
  out.add("async_loading", persistence.asyncLoading);
  out.zeros("current_cow_peak", "current_cow_size", "current_cow_size_age");
  out.ratio("current_fork_perc", (written / total) * 100);
  out.add("current_save_keys_processed", written);
  out.add("current_save_keys_total", total);
  out.add("rdb_changes_since_last_save", persistence.changesSinceSave);
  out.add("rdb_bgsave_in_progress", persistence.saving || replication.replicas.streaming);
  out.add("rdb_last_save_time", persistence.lastSaveAt);
  out.add("rdb_last_bgsave_status", persistence.lastSaveOk ? "ok" : "err");
  out.add("rdb_last_bgsave_time_sec", persistence.lastSaveSeconds);
  out.add("rdb_current_bgsave_time_sec", persistence.savingSeconds);
  out.add("rdb_saves", persistence.saves);
  out.add("rdb_last_cow_size", 0);
  out.add("rdb_last_load_keys_expired", keysExpired);
  out.add("rdb_last_load_keys_loaded", keysLoaded);
  out.add("aof_enabled", appendOnly.enabled);
  out.add("aof_rewrite_in_progress", appendOnly.rewriting);
  out.add("aof_rewrite_scheduled", appendOnly.rewriteScheduled);
  out.add("aof_last_rewrite_time_sec", appendOnly.lastRewriteSeconds);
  out.add("aof_current_rewrite_time_sec", appendOnly.rewritingSeconds);
  out.add("aof_last_bgrewrite_status", appendOnly.lastRewriteOk ? "ok" : "err");
  out.add("aof_rewrites", appendOnly.rewrites);
  out.add("aof_rewrites_consecutive_failures", appendOnly.consecutiveFailures);
  out.add("aof_last_write_status", appendOnly.writer.error === null ? "ok" : "err");
  out.zeros("aof_last_cow_size", "module_fork_in_progress", "module_fork_last_cow_size");
  if (appendOnly.enabled) addFile(out, appendOnly);
  if (persistence.loading !== null) addProgress(out, persistence.loading, keyspace.now);
});

function addFile(out: Figures, file: AppendOnlyFile): void {
  out.add("aof_current_size", file.size);
  out.add("aof_base_size", file.baseSize);
  out.add("aof_pending_rewrite", file.rewriteScheduled);
  out.add("aof_buffer_length", file.writer.waitingBytes);
  out.add("aof_pending_bio_fsync", file.writer.flushing);
  out.add("aof_delayed_fsync", file.writer.delayedFlushes);
}

function addProgress(out: Figures, progress: LoadProgress, now: number): void {
  const { startedAt, totalBytes, loadedBytes, usedMemory } = progress;
  // The stream's length is unknown: the memory that the data took at the master is the best estimate.
  const expected = totalBytes > 0 ? totalBytes : usedMemory;
  const share = expected === 0 ? 0 : Math.min(loadedBytes / expected, totalBytes > 0 ? 1 : 0.9999);
  const left = Math.max(1, expected - loadedBytes);
  const elapsed = Math.floor(now / 1000) - Math.floor(startedAt / 1000);
  out.whole("loading_start_time", startedAt / 1000);
  out.add("loading_total_bytes", totalBytes);
  out.add("loading_rdb_used_mem", usedMemory);
  out.add("loading_loaded_bytes", loadedBytes);
  out.ratio("loading_loaded_perc", share * 100);
  out.whole("loading_eta_seconds", elapsed === 0 ? ETA_UNKNOWN : (elapsed * left) / (loadedBytes + 1));
}
