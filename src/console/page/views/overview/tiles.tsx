/** Figures that say at a glance how the server does. */

import type { ComponentChildren } from "preact";
import { bytes, count, duration } from "../../format.ts";
import type { Figures } from "../../live/figures.ts";
import { figure, type Info } from "../../live/info.ts";
import { addressOf } from "../../route.ts";

interface TilesProps {
  readonly info: Info;
  readonly figures: Figures | null;
}

export function Tiles({ info, figures }: TilesProps) {
  return (
    <dl class="tiles">
      <Tile title="Version" value={info.replicant_version ?? info.redis_version ?? "–"}>
        {info.replicant_version === undefined ? null : `as Redis ${info.redis_version}`}
      </Tile>
      <Tile title="Up for" value={figures === null ? "–" : duration(figures.uptime)} />
      <Role info={info} />
      <Tile title="Keys" value={figures === null ? "–" : count(figures.keys)}>
        {figures === null ? null : `${count(figures.expiring)} of them expire`}
      </Tile>
      <Used info={info} figures={figures} />
      <Persistence info={info} figures={figures} />
      <Tile title="Fragmentation" value={info.mem_fragmentation_ratio ?? "–"}>
        {figures === null ? null : `${bytes(figures.memory.resident)} resident`}
      </Tile>
      <Tile title="Hits" value={figures === null ? "–" : share(figures.hits, figures.misses)}>
        {figures === null ? null : "of keys looked up"}
      </Tile>
      {figures === null || figures.errors === null ? null : <Tile title="Error replies" value={count(figures.errors)} />}
    </dl>
  );
}

interface TileProps {
  readonly title: string;
  readonly value: ComponentChildren;
  readonly children?: ComponentChildren;
}

function Tile({ title, value, children }: TileProps) {
  return (
    <div class="tile">
      <dt>{title}</dt>
      <dd>{value}</dd>
      {children === undefined || children === null ? null : <dd class="more">{children}</dd>}
    </div>
  );
}

function share(part: number, rest: number): string {
  return part + rest === 0 ? "–" : `${((part / (part + rest)) * 100).toFixed(1)}%`;
}

function Role({ info }: { readonly info: Info }) {
  const isReplica = info.role === "slave";
  const isUp = info.master_link_status === "up";
  return (
    <Tile title="Role" value={<a href={addressOf("replication")}>{info.role === undefined ? "–" : isReplica ? "replica" : "master"}</a>}>
      {isReplica ? (
        <span class={`badge ${isUp ? "good" : "bad"}`}>link {info.master_link_status}</span>
      ) : (
        `${info.connected_slaves ?? 0} ${info.connected_slaves === "1" ? "replica" : "replicas"}`
      )}
    </Tile>
  );
}

function Used({ info, figures }: TilesProps) {
  if (figures === null) return <Tile title="Memory" value="–" />;
  const { used, limit } = figures.memory;
  return (
    <Tile title="Memory" value={bytes(used)}>
      {limit === 0 ? (
        "no maxmemory"
      ) : (
        <>
          <progress
            class={used > limit * 0.9 ? "nearly" : undefined}
            aria-label="Share of maxmemory"
            max={limit}
            value={Math.min(used, limit)}
          />
          {`${((used / limit) * 100).toFixed(0)}% of ${bytes(limit)}, ${info.maxmemory_policy ?? ""}`}
        </>
      )}
    </Tile>
  );
}

function Persistence({ info, figures }: TilesProps) {
  const at = figure(info, "rdb_last_save_time");
  const changes = figure(info, "rdb_changes_since_last_save");
  const now = (figures?.time ?? Date.now()) / 1000;
  const failures = [
    ["rdb_last_bgsave_status", "last save failed"],
    ["aof_last_write_status", "AOF write failed"],
    ["aof_last_bgrewrite_status", "AOF rewrite failed"],
  ].filter(([name]) => (info[name ?? ""] ?? "ok") !== "ok");
  const saved = figure(info, "rdb_saves") === 0 ? "not yet" : at === null ? "–" : `${duration(Math.max(1, Math.round(now - at)))} ago`;
  return (
    <Tile title="Saved" value={info.rdb_bgsave_in_progress === "1" ? "saving" : saved}>
      {failures.map(([name, text]) => (
        <span key={name} class="badge bad">
          {text}
        </span>
      ))}
      {changes === null ? null : `${count(changes)} changes since; `}
      {info.aof_enabled === undefined ? null : info.aof_enabled === "1" ? `AOF ${bytes(figure(info, "aof_current_size") ?? 0)}` : "AOF off"}
    </Tile>
  );
}
