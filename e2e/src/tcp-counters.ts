import { readFileSync } from 'node:fs';

/**
 * TCP's counters (RFC 4022) in the network namespace that a process is in. /proc/PID/net/snmp has them as a line of names and
 * one of values.
 */
export function tcpCountersOf(pid: number): Readonly<Record<string, number>> {
  const [names = [], values = []] = readFileSync(`/proc/${pid}/net/snmp`, 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('Tcp: '))
    .map((line) => line.split(' ').slice(1));
  return Object.fromEntries(names.map((name, index) => [name, Number(values[index])]));
}
