import { findProgram, findProgramOrThrow, systemPath } from './cluster/built/programs.ts';
import { run, runOrThrow } from './command.ts';

/**
 * Loss by the packet filter, where packets arrive: of one that happens where they are sent, TCP is told at once (tc-netem(8)).
 * `netem` itself is a module that many kernels leave out.
 */
const rule = (share: number): readonly string[] =>
  `iptables -A INPUT -p tcp -m statistic --mode random --probability ${share} -j DROP`.split(' ');

const environment = () => ({ env: { ...process.env, PATH: systemPath() } });

/** Why no packet can be lost on purpose here; null where it can. Tried in a namespace that is gone afterwards. */
export async function whyNoLoss(): Promise<string | null> {
  const unshare = findProgram('unshare');
  if (unshare === undefined || findProgram('iptables') === undefined) return 'unshare or iptables is missing';
  const { code, stderr } = await run(unshare, ['--net', ...rule(1)], environment());
  return code === 0 ? null : stderr.trim();
}

/** From now on, this share of the TCP packets that arrive in the network namespace of a process is lost. It ends with the namespace. */
export async function loseTcpPackets(pid: number, share: number): Promise<void> {
  const nsenter = findProgramOrThrow('nsenter');
  await runOrThrow(nsenter, ['--target', String(pid), '--net', ...rule(share)], environment());
}
