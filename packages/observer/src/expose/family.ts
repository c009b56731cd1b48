/** One figure of a family. */
export interface Sample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** All figures of one name, as Prometheus knows them. What was not measured has no sample: it is never 0. */
export interface Family {
  /** Ends in its unit; a counter's in `_total`. */
  readonly name: string;
  readonly help: string;
  readonly type: 'counter' | 'gauge';
  readonly samples: readonly Sample[];
}

/** Reads figures at the moment when somebody asks for them. */
export type Collector = () => readonly Family[] | Promise<readonly Family[]>;

/** A family of one figure without labels; none where the figure was not measured. */
export const single = (
  type: Family['type'],
  name: string,
  help: string,
  value: number | null,
): readonly Family[] => (value === null ? [] : [{ name, help, type, samples: [{ labels: {}, value }] }]);
