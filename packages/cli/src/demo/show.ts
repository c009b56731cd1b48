import type { ChalkInstance } from 'chalk';
import { showCores, showMilliseconds, showPercent, showSeconds } from 'kernel-gossip-types';
import { pad, widthOf, wrap } from '../terminal/width.ts';
import type { MeasuredWindow } from './window.ts';

/** Where the figures of a window come from. */
export interface WindowSources {
  readonly usage: string;
  readonly stat: string;
  readonly bursts: string;
}

export interface WindowContext {
  /** Null: no limit was in force. */
  readonly limitCores: number | null;
  readonly machineCores: number;
  readonly sources: WindowSources;
}

const share = (part: number, whole: number): string => showPercent(Math.round((part / whole) * 1000) / 10);

function averageLines(
  { usedCores }: MeasuredWindow,
  { limitCores, machineCores }: WindowContext,
): readonly string[] {
  return [
    `${showCores(usedCores)} used`,
    limitCores === null
      ? 'no limit in force'
      : `${share(usedCores, limitCores)} of its limit of ${showCores(limitCores)}`,
    `${share(usedCores, machineCores)} of this machine's ${machineCores} CPUs`,
  ];
}

function kernelLines({
  throttled,
  periods,
  throttledPercent,
  withheldSeconds,
  bursts,
}: MeasuredWindow): readonly string[] {
  const percent =
    throttledPercent === null ? '' : ` (${showPercent(Math.round(throttledPercent * 10) / 10)})`;
  return [
    periods === 0 ? 'no period with a quota' : `${throttled} of ${periods} periods throttled${percent}`,
    `${showSeconds(withheldSeconds)} of run time withheld`,
    bursts === null
      ? 'burst latency: not measured'
      : `burst: median ${showMilliseconds(bursts.medianMs)}, worst ${showMilliseconds(bursts.worstMs)}`,
  ];
}

/** The two stories of one window beside each other, and below where the figures come from. */
export function sideBySide(
  window: MeasuredWindow,
  context: WindowContext,
  paper: { readonly chalk: ChalkInstance; readonly width: number },
): string {
  const { chalk, width } = paper;
  const left = averageLines(window, context);
  const right = kernelLines(window);
  const column = Math.floor((width - 3) / 2);
  const fits = [...left, ...right].every((text) => widthOf(text) <= column);
  const titles = ['What the average says', 'What the kernel says'] as const;
  const { sources } = context;
  const count = window.bursts === null ? '' : `, ${window.bursts.count} of them`;
  const over = `over ${showSeconds(Math.round(window.seconds * 10) / 10)}`;
  const origin = [
    `average: ${sources.usage}, ${over}`,
    `kernel: ${sources.stat}, ${over}`,
    `bursts: ${sources.bursts}${count}, ${over}`,
  ].flatMap((text) => wrap(text, width));
  const body = fits
    ? [
        `${chalk.bold(pad(titles[0], column))}   ${chalk.bold(titles[1])}`,
        ...left.map((text, index) => `${pad(text, column)}   ${right[index] ?? ''}`.trimEnd()),
      ]
    : [
        chalk.bold(titles[0]),
        ...left.flatMap((text) => wrap(text, width - 2).map((line) => `  ${line}`)),
        chalk.bold(titles[1]),
        ...right.flatMap((text) => wrap(text, width - 2).map((line) => `  ${line}`)),
      ];
  return [...body, '', ...origin.map((line) => chalk.dim(line))].join('\n');
}

export const heading = (chalk: ChalkInstance, text: string, width: number): string => {
  const lines = wrap(text, width - 6).map((line) =>
    chalk.cyan.bold(`── ${line} ${'─'.repeat(Math.max(0, width - widthOf(line) - 4))}`),
  );
  return `\n${lines.join('\n')}\n`;
};
