// One measured value as CloudWatch has it. Pure type.

export interface Datapoint {
  readonly namespace: string;
  readonly name: string;
  readonly dimensions: Readonly<Record<string, string>>;
  /** As CloudWatch says it: `Milliseconds`, `Count`, `None`. */
  readonly unit: string;
  readonly value: number;
  /** Milliseconds since the epoch. */
  readonly timestamp: number;
}
