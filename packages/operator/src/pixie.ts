import { readFileSync } from 'node:fs';
import { isLeft, left, right, type Either } from 'fp-ts/lib/Either.js';
import type { Logger } from 'pino';
import { messageOf } from 'kernel-gossip-types';
import { readScript, SCRIPTS } from 'kernel-gossip-pxl-scripts';
import type { OperatorConfig } from './config.ts';
import { cloudAddress, directAddress, type PixieAddress } from './intake/pixie/client/address.ts';
import type { PixieClient } from './intake/pixie/client/pixie-client.ts';
import { sayNotConfigured } from './intake/pixie/schedule/not-configured.ts';
import type { Take } from './intake/pixie/schedule/row-taker.ts';
import {
  runSchedule,
  type ScheduledScript,
  type ScheduleObserver,
} from './intake/pixie/schedule/scheduler.ts';
import type { ObjectRef, Store } from './store/port.ts';
import type { OperatorMetrics } from './surface/metrics.ts';
import { pixieMetrics } from './surface/pixie-metrics.ts';

/** Asks Pixie until the signal aborts; for one replica at a time. It never rejects. */
export type AskPixie = (signal: AbortSignal) => Promise<void>;

export interface PixieParts {
  readonly store: Store;
  readonly take: Take;
  readonly metrics: OperatorMetrics;
  readonly log: Logger;
}

/** The one PixieSource of an operator. */
const NAME = 'pixie';

/**
 * Pixie as configured. Where that is not enough to ask it, the PixieSource says so and all else goes on: the operator has
 * other sources. Files are read each time this replica becomes the leader.
 */
export function askPixie(config: OperatorConfig, parts: PixieParts): AskPixie {
  if (!isAskedFor(config)) return () => sayWhyNot(config, parts, 'PIXIE_CLOUD_ADDR is not set.');
  const observer = observerOf(pixieMetrics(parts.metrics.registry), parts.log);
  return async (signal) => {
    const opened = await connect(config);
    if (isLeft(opened)) {
      parts.log.warn({ why: opened.left }, 'Pixie is not asked');
      await sayWhyNot(config, parts, opened.left);
      return;
    }
    const { address, client, scripts } = opened.right;
    const { store, take } = parts;
    const where = { address: shown(address), clusterId: address.clusterId, ref: refOf(config) };
    await runSchedule({ ...where, scripts, client, store, take, observer }, signal);
    client.close();
  };
}

const refOf = ({ leaseNamespace }: OperatorConfig): ObjectRef => ({ namespace: leaseNamespace, name: NAME });

const isAskedFor = (config: OperatorConfig): boolean =>
  [
    config.pixieCloudAddr,
    config.pixieDirectAddr,
    config.pixieApiKey.reveal(),
    config.pixieApiKeyFile,
    config.pixieClusterId,
  ].some((setting) => setting !== '');

/** An object is made only where somebody asked for Pixie; one that is left from before is told in any case. */
async function sayWhyNot(config: OperatorConfig, { store, log }: PixieParts, why: string): Promise<void> {
  const { pixieCloudAddr, pixieDirectAddr, pixieClusterId } = config;
  const address = pixieDirectAddr === '' ? pixieCloudAddr : pixieDirectAddr;
  const spec = isAskedFor(config) ? { address, cluster_id: pixieClusterId, scripts: [] } : null;
  try {
    const unconfigured = { spec, message: `Pixie is not asked: ${why}` };
    await sayNotConfigured(store, refOf(config), unconfigured, Date.now());
  } catch (error) {
    log.debug({ why: messageOf(error) }, 'the PixieSource cannot be written');
  }
}

interface Opened {
  readonly address: PixieAddress;
  readonly client: PixieClient;
  readonly scripts: readonly ScheduledScript[];
}

/** Left is what is wrong with the settings. gRPC is loaded where it is needed only. */
async function connect(config: OperatorConfig): Promise<Either<string, Opened>> {
  try {
    const address = addressOf(config);
    if (isLeft(address)) return address;
    const scripts = await readScripts(config);
    const { openPixieClient } = await import('./intake/pixie/client/pixie-client.ts');
    const client = openPixieClient({ ...address.right, encryption: config.pixieEncryption });
    return right({ address: address.right, client, scripts });
  } catch (error) {
    return left(messageOf(error));
  }
}

/** Throws where a file cannot be read. */
function addressOf(config: OperatorConfig): Either<string, PixieAddress> {
  const { pixieCloudAddr, pixieDirectAddr, pixieClusterId, pixieCaFile } = config;
  if (pixieDirectAddr !== '') {
    return pixieCloudAddr === ''
      ? directAddress(pixieDirectAddr)
      : left('PIXIE_CLOUD_ADDR and PIXIE_DIRECT_ADDR are both set; only one of them can say where Pixie is.');
  }
  if (pixieCloudAddr === '') return left('PIXIE_CLOUD_ADDR is not set.');
  if (pixieClusterId === '') return left('PIXIE_CLUSTER_ID is not set.');
  const apiKey = apiKeyOf(config);
  if (apiKey === '') return left('PIXIE_API_KEY is not set.');
  const ca = pixieCaFile === '' ? null : readFileSync(pixieCaFile, 'utf8');
  return cloudAddress({ address: pixieCloudAddr, clusterId: pixieClusterId, apiKey, ca });
}

const apiKeyOf = ({ pixieApiKey, pixieApiKeyFile }: OperatorConfig): string =>
  pixieApiKeyFile === '' ? pixieApiKey.reveal() : readFileSync(pixieApiKeyFile, 'utf8').trim();

/** Without the scheme that gRPC asks for. */
const shown = ({ target }: PixieAddress): string => target.replace(/^dns:/, '');

const readScripts = ({ pixieScripts }: OperatorConfig): Promise<readonly ScheduledScript[]> =>
  Promise.all(
    SCRIPTS.filter(({ name }) => pixieScripts.length === 0 || pixieScripts.includes(name)).map(
      async (script) => ({ ...script, text: await readScript(script.name) }),
    ),
  );

/** Counts, and says in the log what somebody may have to look after: each state of Pixie once. */
function observerOf(metrics: Omit<ScheduleObserver, 'failed'>, log: Logger): ScheduleObserver {
  let said: string | null = null;
  return {
    ran: metrics.ran,
    lost: (script, seconds) => {
      metrics.lost(script, seconds);
      log.warn({ script, seconds }, 'Pixie was away for too long: this time is lost');
    },
    ready: (readiness) => {
      metrics.ready(readiness);
      if (readiness === null || readiness.reason === said) return;
      const { status, reason, message } = readiness;
      said = reason;
      if (status === 'True') log.info({ reason, message }, 'Pixie');
      else log.warn({ reason, message }, 'Pixie');
    },
    failed: (what, error) => {
      log.warn({ what, why: messageOf(error) }, 'will be tried again');
    },
  };
}
