import { InvalidArgumentError, type Command } from 'commander';

/** What every command knows about whom to speak to and how to print. */
export interface TargetOptions {
  readonly url: string | null;
  readonly kubeconfig: string | null;
  readonly context: string | null;
  readonly namespace: string | null;
  readonly operatorNamespace: string;
  readonly operatorService: string;
  readonly tokenFile: string | null;
  readonly timeoutMs: number;
  readonly quiet: boolean;
}

export const OUTPUT_FORMATS = ['table', 'wide', 'json', 'yaml', 'name'] as const;
export type OutputFormat = (typeof OUTPUT_FORMATS)[number];

/** An option's value as a number from `least` to `most`; commander turns the error into a usage message. */
export const numberFrom =
  (least: number, most: number) =>
  (text: string): number => {
    const value = Number(text);
    if (text.trim() === '' || !Number.isFinite(value) || value < least || value > most) {
      throw new InvalidArgumentError(`It must be a number from ${least} to ${most}.`);
    }
    return value;
  };

export const wholeNumberFrom =
  (least: number, most: number) =>
  (text: string): number => {
    const value = numberFrom(least, most)(text);
    if (!Number.isInteger(value)) throw new InvalidArgumentError('It must be a whole number.');
    return value;
  };

const text = (value: unknown): string | null => (typeof value === 'string' && value !== '' ? value : null);

/** The options given before or after the name of the command. */
export function targetOptions(command: Command): TargetOptions {
  const given = command.optsWithGlobals<Readonly<Record<string, unknown>>>();
  return {
    url: text(given.url),
    kubeconfig: text(given.kubeconfig),
    context: text(given.context),
    namespace: text(given.namespace),
    operatorNamespace: text(given.operatorNamespace) ?? 'kernel-gossip',
    operatorService: text(given.operatorService) ?? 'kernel-gossip-operator',
    tokenFile: text(given.tokenFile),
    timeoutMs: (typeof given.timeout === 'number' ? given.timeout : 10) * 1000,
    quiet: given.quiet === true,
  };
}
