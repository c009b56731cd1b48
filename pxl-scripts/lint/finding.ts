/** What a linter's rule found wrong. */
export interface Finding {
  /** The rule's name. */
  readonly rule: string;
  /** The line in the script, from 1. */
  readonly line: number;
  readonly message: string;
}

/** The line in which a character stands, from 1. */
export const lineAt = (text: string, offset: number): number => text.slice(0, offset).split('\n').length;
