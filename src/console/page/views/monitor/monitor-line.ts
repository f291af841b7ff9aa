/** Lines of MONITOR: `1700000000.123456 [0 127.0.0.1:1234] "SET" "a" "b"`. */

export interface MonitorLine {
  readonly id: number;
  /** Seconds since 1970. */
  readonly time: number;
  /** The database; -1: of a line that is none of MONITOR's. */
  readonly database: number;
  /** The client's address; "lua": a script. */
  readonly client: string;
  /** The request, its words quoted. */
  readonly request: string;
}

const LINE = /^(\d+\.\d+) \[(\d+) ([^\]]*(?:\][^\]]*)?)\] (".*)$/s;

export function monitorLine(id: number, text: string): MonitorLine {
  const [, time, database, client, request] = LINE.exec(text) ?? [];
  if (time === undefined || client === undefined || request === undefined) {
    return { id, time: Date.now() / 1000, database: -1, client: "", request: text };
  }
  return { id, time: Number(time), database: Number(database), client, request };
}

/** What is shown of the lines. */
export interface MonitorFilter {
  /** In the request, whatever the case. */
  readonly text: string;
  /** In the client's address. */
  readonly client: string;
  /** Null: all. */
  readonly database: number | null;
}

function passes(line: MonitorLine, { text, client, database }: MonitorFilter): boolean {
  if (database !== null && line.database !== database) return false;
  if (client !== "" && !line.client.includes(client)) return false;
  return text === "" || line.request.toLowerCase().includes(text.toLowerCase());
}

/** The last so many lines; those before are counted. */
export class MonitorBuffer {
  /** All that came. */
  count = 0;
  private readonly most: number;
  private readonly ring: MonitorLine[] = [];

  constructor(most: number) {
    this.most = most;
  }

  add(text: string): void {
    this.ring[this.count % this.most] = monitorLine(this.count, text);
    this.count++;
  }

  /** Lines that are gone. */
  get dropped(): number {
    return Math.max(0, this.count - this.most);
  }

  /** The newest `most` lines that pass, the newest first. */
  newest(filter: MonitorFilter, most: number): MonitorLine[] {
    const found: MonitorLine[] = [];
    for (let index = this.count - 1; index >= this.dropped && found.length < most; index--) {
      const line = this.ring[index % this.most];
      if (line !== undefined && passes(line, filter)) found.push(line);
    }
    return found;
  }
}
