// The rows of the table: what was measured, what it is to be, and whether it is. Pure.

export interface Row {
  readonly id: string;
  readonly what: string;
  /** Undefined where it could not be measured. */
  readonly value: number | undefined;
  readonly aim: { readonly least: number } | { readonly most: number };
  /** Of value and aim; `×` where there is none. */
  readonly unit?: Unit;
  /** What else the run says of it. */
  readonly note?: string;
}

type Unit = '×' | '$' | 'KB' | 's' | '';

export function isMet({ value, aim }: Row): boolean {
  if (value === undefined) return false;
  return 'least' in aim ? value >= aim.least : value <= aim.most;
}

/** How far from the aim, as a factor: 1 and more is met. */
export function reached({ value, aim }: Row): number {
  if (value === undefined) return 0;
  return 'least' in aim ? value / aim.least : aim.most / value;
}

export function shown(value: number | undefined, unit: Unit = '×'): string {
  if (value === undefined) return 'none';
  if (unit === '$') return `$${value.toFixed(2)}`;
  if (unit === 'KB') return `${value.toFixed(0)} KB`;
  if (unit === 's') return `${value.toFixed(1)} s`;
  if (unit === '') return String(value);
  return value.toFixed(2);
}

export function aimOf({ aim, unit }: Row): string {
  return 'least' in aim ? `≥ ${shown(aim.least, unit)}` : `≤ ${shown(aim.most, unit)}`;
}
