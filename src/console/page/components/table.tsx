/** Rows under headers that sort them. */

import { useSignal } from "@preact/signals";
import type { ComponentChildren } from "preact";

export interface Column<Row> {
  readonly id: string;
  readonly label: string;
  /** Right-aligned, with figures of one width. */
  readonly isNumber?: boolean;
  readonly cell: (row: Row) => ComponentChildren;
  /** What rows are sorted by; left out, they are not. Numbers begin with the largest. */
  readonly by?: (row: Row) => string | number;
}

interface TableProps<Row> {
  /** What the table has, for those who cannot see it. */
  readonly caption: string;
  readonly columns: readonly Column<Row>[];
  readonly rows: readonly Row[];
  readonly rowKey: (row: Row, index: number) => string | number;
  /** The column that it is sorted by at first; left out: as the rows are. */
  readonly sortedBy?: string;
}

type Direction = "ascending" | "descending";

export function Table<Row>({ caption, columns, rows, rowKey, sortedBy = "" }: TableProps<Row>) {
  const order = useSignal<{ readonly id: string; readonly direction: Direction }>({
    id: sortedBy,
    direction: firstDirection(columns, sortedBy),
  });
  const { id, direction } = order.value;
  const by = columns.find((column) => column.id === id)?.by;
  const sorted =
    by === undefined ? rows : [...rows].sort((one, other) => compare(by(one), by(other)) * (direction === "ascending" ? 1 : -1));
  const sortBy = (wanted: string): void => {
    const other: Direction = direction === "ascending" ? "descending" : "ascending";
    order.value = { id: wanted, direction: wanted === id ? other : firstDirection(columns, wanted) };
  };
  return (
    <div class="scroll">
      <table>
        <caption class="visually-hidden">{caption}</caption>
        <thead>
          <tr>
            {columns.map((column) => (
              <th
                key={column.id}
                scope="col"
                class={column.isNumber === true ? "number" : undefined}
                aria-sort={column.id === id ? direction : undefined}
              >
                {column.by === undefined ? (
                  column.label
                ) : (
                  <button type="button" onClick={() => sortBy(column.id)}>
                    {column.label}
                    <span aria-hidden="true">{column.id === id ? (direction === "ascending" ? " ▲" : " ▼") : ""}</span>
                  </button>
                )}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {sorted.map((row, index) => (
            <tr key={rowKey(row, index)}>
              {columns.map((column) => (
                <td key={column.id} class={column.isNumber === true ? "number" : undefined}>
                  {column.cell(row)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function firstDirection<Row>(columns: readonly Column<Row>[], id: string): Direction {
  return columns.find((column) => column.id === id)?.isNumber === true ? "descending" : "ascending";
}

function compare(one: string | number, other: string | number): number {
  if (typeof one === "number" && typeof other === "number") return one - other;
  return String(one) < String(other) ? -1 : 1;
}
