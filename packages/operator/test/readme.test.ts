import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { configHelp } from '../src/config.ts';

const README = readFileSync(new URL('../../../README.md', import.meta.url), 'utf8');

/** The cells of the README's table row about a variable, without their backticks. */
const rowOf = (variable: string): readonly string[] =>
  (README.split('\n').find((line) => line.startsWith(`| \`${variable}\``)) ?? '')
    .split('|')
    .slice(1, -1)
    .map((cell) => cell.trim().replaceAll('`', ''));

const settings = configHelp()
  .split('\n')
  .map((line) => {
    const [, flag = '', env = '', words = ''] = /^ {2}(--\S+)?\s+(\w+)\s+(.*)$/.exec(line) ?? [];
    const [, help = '', fallback = ''] = /^(.*?)(?: \(default (.*)\))?$/.exec(words) ?? [];
    return { flag, env, help, fallback };
  });

describe("the README's table of settings", () => {
  it.each(settings)('has $env as --help has it', ({ flag, env, help, fallback }) => {
    const [variable, itsFlag, itsDefault, meaning] = rowOf(env);
    expect([variable, itsFlag, itsDefault]).toEqual([env, flag, fallback]);
    expect(meaning?.startsWith(help)).toBe(true);
  });
});
