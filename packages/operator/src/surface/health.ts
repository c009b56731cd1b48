import { Router } from 'express';
import { messageOf } from 'kernel-gossip-types';

/** One thing that must hold before this process is sent any work. */
export interface ReadyCheck {
  readonly name: string;
  /** Throws, or resolves to why not; null when it holds. */
  readonly check: () => Promise<string | null> | string | null;
}

/** How a check came out. */
export interface CheckResult {
  readonly name: string;
  readonly ok: boolean;
  readonly message: string;
}

/** `/health`: the process answers. `/ready`: it can do its work, and if not, why. */
export function healthRouter(checks: readonly ReadyCheck[]): Router {
  const router = Router();
  router.get('/health', (_request, response) => {
    response.json({ status: 'ok' });
  });
  router.get('/ready', (_request, response, next) => {
    runChecks(checks)
      .then((results) => {
        const ready = results.every(({ ok }) => ok);
        response.status(ready ? 200 : 503).json({ ready, checks: results });
      })
      .catch(next);
  });
  return router;
}

export const runChecks = (checks: readonly ReadyCheck[]): Promise<readonly CheckResult[]> =>
  Promise.all(checks.map(run));

async function run({ name, check }: ReadyCheck): Promise<CheckResult> {
  try {
    const why = await check();
    return { name, ok: why === null, message: why ?? 'ok' };
  } catch (error) {
    return { name, ok: false, message: messageOf(error) };
  }
}
