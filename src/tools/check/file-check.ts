/** Checks one file: an image, commands, or (an append-only file of old) an image and then commands. */

import { ProgressLine } from "../../progress/line.ts";
import { ENVELOPE_MAGIC, EnvelopedImage, isEnveloped } from "../../rdb/envelope.ts";
import { RdbError, RdbUnsupported } from "../../rdb/error.ts";
import { familyOf, RDB_COMMON_VERSION, type RdbFamily } from "../../rdb/format.ts";
import { RdbReader } from "../../rdb/reader.ts";
import { ChunkedFile } from "../chunks.ts";
import { outlines } from "../outlines.ts";
import { AofDamage, AofScan } from "./aof-scan.ts";
import { type Damage, damageOf } from "./damage.ts";
import { deepDamage } from "./deep.ts";
import { ImageReport } from "./image-report.ts";

export interface CheckOptions {
  /** How many of the largest keys are named. */
  readonly top: number;
  /** Whether values are looked into: where no checksum vouches for them, always, never. */
  readonly deep: "when needed" | "always" | "never";
  /** Stop at the first annotation of an append-only file that is later than this, in s since 1970. */
  readonly until: number;
  readonly now: number;
  /** Takes what is drawn on a terminal; null for none. */
  readonly draw: ((text: string) => void) | null;
}

export interface ImageFacts {
  readonly version: number;
  /** Null for versions that both families have. */
  readonly family: RdbFamily | null;
  /** The codec that it is packed in as a whole, or null. */
  readonly packed: "LZ4" | "Zstd" | null;
  readonly checksum: "verified" | "absent" | "wrong" | "not reached";
  readonly report: ImageReport;
  /** Where it ends, or reading did. */
  readonly end: number;
  /** Whether every value was looked into. */
  readonly deep: boolean;
}

export interface FileFacts {
  readonly path: string;
  readonly size: number;
  readonly image: ImageFacts | null;
  readonly commands: AofScan | null;
  readonly verdict: "good" | "damaged" | "unsupported";
  readonly damage: Damage | null;
  /** Up to where the file is good; -1 where that cannot be told. */
  readonly goodUpTo: number;
  /** Bytes behind an image that are no commands. */
  readonly behind: number;
}

const CODECS: readonly ImageFacts["packed"][] = [null, "LZ4", "Zstd"];
const CODEC_AT = ENVELOPE_MAGIC.length + 1;
const STAR = 0x2a;
const HASH = 0x23;
/** The words of the reader for a checksum that does not hold. */
const WRONG_CHECKSUM = "RDB CRC error";

function beginsAsCommands(head: Buffer): boolean {
  return head[0] === STAR || head[0] === HASH;
}

/** Checks the file at `path`; `aof`: it is one of an append-only file, even if it is empty. Errors: ToolError where it cannot be read. */
export function checkFile(path: string, options: CheckOptions, { aof }: { readonly aof: boolean }): FileFacts {
  using file = new ChunkedFile(path);
  const progress = new ProgressLine({ what: `Checking ${path}`, total: file.size, draw: options.draw });
  try {
    return new FileCheck(file, options, progress).run(aof);
  } finally {
    progress.over();
  }
}

class FileCheck {
  private readonly file: ChunkedFile;
  private readonly options: CheckOptions;
  private readonly progress: ProgressLine;
  private readonly report: ImageReport;
  private readonly reader: RdbReader;
  private readonly envelope: EnvelopedImage;
  private scan: AofScan | null = null;
  private damage: Damage | null = null;
  private unsupported = false;
  private behind = 0;

  constructor(file: ChunkedFile, options: CheckOptions, progress: ProgressLine) {
    this.file = file;
    this.options = options;
    this.progress = progress;
    const report = new ImageReport(options);
    this.report = report;
    const ownReaders = (version: number) => {
      report.version = version;
      return outlines(version, report);
    };
    this.reader = new RdbReader(report, { readers: new Map(), ownReaders });
    this.envelope = new EnvelopedImage(this.reader);
  }

  run(aof: boolean): FileFacts {
    const { file } = this;
    const head = file.peek(0, 16);
    if ((aof && head.length === 0) || beginsAsCommands(head)) {
      this.scan = new AofScan(0, this.options.until);
      this.scanCommands(Buffer.alloc(0), 0);
      return this.facts(null, this.scan.goodUpTo);
    }
    this.readImage();
    const image = this.imageFacts(head);
    const { damage, scan, report } = this;
    if (scan !== null) return this.facts(image, scan.goodUpTo);
    // What the checksum tells of may be anywhere.
    const unknown = image.checksum === "wrong" && damage?.reason.startsWith(WRONG_CHECKSUM) === true;
    return this.facts(image, damage === null && !this.unsupported ? image.end : unknown ? -1 : report.goodUpTo);
  }

  private facts(image: ImageFacts | null, goodUpTo: number): FileFacts {
    const { file, scan: commands, damage, behind } = this;
    const verdict = damage === null ? "good" : this.unsupported ? "unsupported" : "damaged";
    return { path: file.path, size: file.size, image, commands, verdict, damage, goodUpTo, behind };
  }

  /** Reads the image, and the commands behind it. */
  private readImage(): void {
    const { file, envelope, reader, report, progress } = this;
    try {
      for (let chunk = file.next(); chunk.length > 0; chunk = file.next()) {
        const offset = file.offset - chunk.length;
        const taken = envelope.push(chunk, 0, chunk.length);
        progress.at(file.offset);
        if (envelope.finished) return this.goBehind(chunk, taken, offset);
      }
      envelope.finish();
    } catch (error) {
      if (!(error instanceof RdbError)) throw error;
      this.unsupported = error instanceof RdbUnsupported;
      this.damage = damageOf(error, reader, report);
    } finally {
      envelope.close();
    }
  }

  private goBehind(chunk: Buffer, taken: number, offset: number): void {
    const rest = chunk.length - taken;
    const first = rest > 0 ? chunk : this.file.peek(offset + taken, 1);
    const at = rest > 0 ? taken : 0;
    if (first.length === 0) return;
    if (first[at] !== STAR && first[at] !== HASH) {
      this.behind = this.file.size - offset - taken;
      return;
    }
    this.scan = new AofScan(offset + taken, this.options.until);
    this.scanCommands(chunk.subarray(taken), offset + taken);
  }

  /** Scans `first`, which is from `offset` on, and the rest of the file. */
  private scanCommands(first: Buffer, offset: number): void {
    const { file, scan, progress } = this;
    if (scan === null) return;
    try {
      let at = offset;
      for (let chunk = first.length > 0 ? first : file.next(); chunk.length > 0 && !scan.stopped; chunk = file.next()) {
        scan.push(chunk, 0, chunk.length, at);
        at += chunk.length;
        progress.at(at);
      }
      scan.finish(at);
    } catch (error) {
      if (!(error instanceof AofDamage)) throw error;
      this.damage = { offset: error.offset, reason: error.message, reading: null, before: scan.commands };
    }
  }

  private imageFacts(head: Buffer): ImageFacts {
    const { reader, report, options, envelope, file } = this;
    const { version } = reader;
    const imageDamage = this.scan === null ? this.damage : null;
    const wrong = imageDamage?.reason.startsWith(WRONG_CHECKSUM) === true;
    const known = reader.checksum === "verified" || reader.checksum === "absent";
    const deep = options.deep === "always" || (options.deep === "when needed" && reader.checksum !== "verified" && version > 0);
    if (deep) {
      const found = deepDamage(file, imageDamage === null || wrong ? file.size : imageDamage.offset, this.progress);
      // What was found inside values comes before what ended the reading.
      if (found !== null && (imageDamage === null || wrong || found.damage.offset < imageDamage.offset)) {
        this.damage = found.damage;
        this.unsupported = false;
        report.goodUpTo = found.goodUpTo;
      }
    }
    return {
      version,
      family: version > RDB_COMMON_VERSION ? familyOf(version) : null,
      packed: isEnveloped(head) ? (CODECS[head[CODEC_AT]] ?? null) : null,
      checksum: wrong ? "wrong" : known ? (reader.checksum as "verified" | "absent") : "not reached",
      report,
      end: envelope.offset,
      deep,
    };
  }
}
