/** Moving within a matrix by keyboard: one tab stop a matrix, arrows between the cells. */
export interface Cell { row: number; column: number }

export const sameCell = (a: Cell | null | undefined, b: Cell | null | undefined) =>
  a?.row === b?.row && a?.column === b?.column;

/** Where a key leads from a cell; undefined for keys that do not move. */
export function moved(event: KeyboardEvent, { row, column }: Cell, rows: number, columns: number): Cell | undefined {
  const far = event.ctrlKey || event.metaKey;
  switch (event.key) {
    case 'ArrowUp': return { row: far ? 0 : Math.max(0, row - 1), column };
    case 'ArrowDown': return { row: far ? rows - 1 : Math.min(rows - 1, row + 1), column };
    case 'ArrowLeft': return { row, column: far ? 0 : Math.max(0, column - 1) };
    case 'ArrowRight': return { row, column: far ? columns - 1 : Math.min(columns - 1, column + 1) };
    case 'Home': return { row: far ? 0 : row, column: 0 };
    case 'End': return { row: far ? rows - 1 : row, column: columns - 1 };
    default: return undefined;
  }
}

/** The cell's own element, wherever the event came from inside it. */
export function cellOf(event: Event): Cell | undefined {
  const element = (event.target as Element).closest<HTMLElement>('[data-row]');
  return element ? { row: Number(element.dataset.row), column: Number(element.dataset.column) } : undefined;
}

export function focusCell(table: HTMLElement, { row, column }: Cell) {
  table.querySelector<HTMLElement>(`[data-row="${row}"][data-column="${column}"][tabindex]`)?.focus();
}
