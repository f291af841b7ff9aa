/** The tree on the page: of thousands of lines only those are made that can be seen. */

import { useSignal } from "@preact/signals";
import { useEffect, useId, useRef } from "preact/hooks";
import { count, duration, bytes as size } from "../../format.ts";
import type { Node, Row, TreeModel } from "./tree-model.ts";

/** In pixels, as .tree-row has it. */
const LINE = 30;
const SPARE_LINES = 8;
/** Letters typed within this time make one word. */
const WORD_MS = 700;

interface TreeProps {
  readonly model: TreeModel;
  readonly label: string;
  /** The id of the node whose value is shown. */
  readonly selected: string | null;
  /** Told where the keyboard is. */
  readonly activate: (node: Node) => void;
  readonly choose: (key: Node) => void;
  readonly remove: (node: Node) => void;
}

export function Tree({ model, label, selected, activate, choose, remove }: TreeProps) {
  const box = useRef<HTMLDivElement>(null);
  const base = useId();
  const view = useSignal({ top: 0, height: 600 });
  /** The line at which the keyboard is: also "more" lines. */
  const at = useSignal<string | null>(null);
  const typed = useRef({ text: "", since: 0 });
  const rows = model.rows.value;
  const found = rows.findIndex(({ id }) => id === at.value);
  // A line that is gone has made room for another at its place.
  const place = useRef(0);
  const index = found >= 0 ? found : Math.max(0, Math.min(place.current, rows.length - 1));
  place.current = index;
  useEffect(() => {
    const element = box.current;
    if (element === null) return;
    const measure = (): void => {
      view.value = { top: element.scrollTop, height: element.clientHeight };
    };
    const watcher = new ResizeObserver(measure);
    watcher.observe(element);
    element.addEventListener("scroll", measure, { passive: true });
    return () => {
      watcher.disconnect();
      element.removeEventListener("scroll", measure);
    };
  }, []);
  const move = (to: number): void => {
    const row = rows[Math.min(rows.length - 1, Math.max(0, to))];
    const element = box.current;
    if (row === undefined || element === null) return;
    at.value = row.id;
    if (row.kind === "node") activate(row.node);
    const top = rows.indexOf(row) * LINE;
    if (top < element.scrollTop) element.scrollTop = top;
    else if (top + LINE > element.scrollTop + element.clientHeight) element.scrollTop = top + LINE - element.clientHeight;
  };
  const use = (row: Row): void => {
    const { node, kind } = row;
    at.value = row.id;
    if (kind === "more") {
      void model.more(node);
      return;
    }
    if (kind === "error") {
      void model.open(Object.assign(node, { children: null }));
      return;
    }
    if (kind !== "node") return;
    activate(node);
    if (node.kind !== "branch") choose(node);
    else if (node.isOpen) model.close(node);
    else void model.open(node);
  };
  const pressed = (event: KeyboardEvent): void => {
    const row = rows[index];
    if (row === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    const { node, kind } = row;
    const isBranch = kind === "node" && node.kind === "branch";
    const page = Math.max(1, Math.floor(view.value.height / LINE) - 1);
    const steps: Readonly<Record<string, () => void>> = {
      ArrowDown: () => move(index + 1),
      ArrowUp: () => move(index - 1),
      PageDown: () => move(index + page),
      PageUp: () => move(index - page),
      Home: () => move(0),
      End: () => move(rows.length - 1),
      Enter: () => use(row),
      " ": () => use(row),
      Delete: () => kind === "node" && remove(node),
      ArrowRight: () => {
        if (isBranch && !node.isOpen) void model.open(node);
        else if (isBranch) move(index + 1);
      },
      ArrowLeft: () => {
        if (isBranch && node.isOpen) model.close(node);
        else {
          const above = kind === "node" ? node.parent : node;
          const line = rows.findIndex(({ id }) => id === above?.id);
          if (line >= 0) move(line);
        }
      },
    };
    const step = steps[event.key];
    if (step !== undefined) {
      typed.current.text = "";
      step();
    } else if (event.key.length === 1 && !/[/?]/.test(event.key)) search(event.key);
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  const search = (letter: string): void => {
    const now = performance.now();
    const isNew = typed.current.text === "" || now - typed.current.since > WORD_MS;
    const text = (isNew ? "" : typed.current.text) + letter.toLowerCase();
    typed.current = { text, since: now };
    const order = [...rows.slice(index + (isNew ? 1 : 0)), ...rows.slice(0, index + 1)];
    const hit = order.find(({ kind, node }) => kind === "node" && node.label.toLowerCase().startsWith(text));
    if (hit !== undefined) move(rows.indexOf(hit));
  };
  const first = Math.max(0, Math.floor(view.value.top / LINE) - SPARE_LINES);
  const last = Math.min(rows.length, Math.ceil((view.value.top + view.value.height) / LINE) + SPARE_LINES);
  const idOf = (line: number): string => `${base}-${line}`;
  return (
    <div
      ref={box}
      class="tree"
      role="tree"
      aria-label={label}
      tabIndex={0}
      aria-activedescendant={index >= first && index < last && rows.length > 0 ? idOf(index) : undefined}
      aria-busy={model.root.isLoading}
      onKeyDown={pressed}
    >
      <div class="tree-all" role="presentation" style={{ height: `${rows.length * LINE}px` }}>
        {rows.slice(first, last).map((row, offset) => (
          <Line
            key={row.id}
            id={idOf(first + offset)}
            row={row}
            top={(first + offset) * LINE}
            isActive={first + offset === index}
            isSelected={row.kind === "node" && row.id === selected}
            total={model.root.bytes}
            use={() => use(row)}
          />
        ))}
      </div>
    </div>
  );
}

interface LineProps {
  readonly id: string;
  readonly row: Row;
  readonly top: number;
  readonly isActive: boolean;
  readonly isSelected: boolean;
  /** Bytes of all. */
  readonly total: number;
  readonly use: () => void;
}

function Line({ id, row, top, isActive, isSelected, total, use }: LineProps) {
  const { node, kind, position, size: siblings } = row;
  const isBranch = kind === "node" && node.kind === "branch";
  const level = kind === "node" ? node.level : node.level + 1;
  const share = total > 0 ? node.bytes / total : 0;
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the tree itself has the focus and takes the keys
    <div
      id={id}
      class={`tree-row${isActive ? " active" : ""}${isSelected ? " selected" : ""}`}
      role="treeitem"
      aria-level={level}
      aria-posinset={position}
      aria-setsize={siblings}
      aria-expanded={isBranch ? node.isOpen : undefined}
      aria-selected={isSelected}
      aria-label={wordsFor(row, share)}
      tabIndex={-1}
      style={{ transform: `translateY(${top}px)` }}
      onClick={use}
    >
      <span class="tree-name mono" style={{ paddingLeft: `${(level - 1) * 18}px` }}>
        <span class={`tree-mark${isBranch ? (node.isOpen ? " open" : " closed") : ""}`} aria-hidden="true" />
        {kind === "node" ? (
          <span class="tree-label">{node.label === "" ? "(no name)" : node.label}</span>
        ) : (
          <i class="soft">{endWords(row)}</i>
        )}
        {kind === "node" && !isBranch ? <span class={`badge type-${node.kind}`}>{node.kind}</span> : null}
      </span>
      {kind === "node" ? (
        <>
          <span class="number soft tree-keys">{isBranch ? count(node.keys) : node.expires === null ? "" : left(node)}</span>
          <span class="number">{size(node.bytes)}</span>
          <span class="share">
            <i style={{ width: `${Math.max(share * 100, 0.5)}%` }} />
          </span>
        </>
      ) : null}
    </div>
  );
}

function left({ expires }: Node): string {
  return duration(Math.max(0, ((expires ?? 0) - Date.now()) / 1000));
}

function endWords({ kind, node, size: siblings }: Row): string {
  if (kind === "loading") return "Counting …";
  if (kind === "rest") return `${count(node.rest?.keys ?? 0)} keys, ${size(node.rest?.bytes ?? 0)}, in branches too many to be told apart`;
  if (kind === "error") return `${node.error ?? ""} – try again`;
  return `Show more: ${count(siblings - (node.children?.length ?? 0))} are left`;
}

/** What a screen reader says of a line. */
function wordsFor(row: Row, share: number): string {
  const { node, kind } = row;
  if (kind !== "node") return endWords(row);
  const part = `${size(node.bytes)}, ${(share * 100).toFixed(1)} %`;
  if (node.kind === "branch") return `${node.label}, ${count(node.keys)} keys, ${part}`;
  return `${node.label}, ${node.kind}, ${part}${node.expires === null ? "" : `, expires in ${left(node)}`}`;
}
