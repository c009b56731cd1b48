import { createServer, type Server } from 'node:http';
import express, { type ErrorRequestHandler, type Express, type RequestHandler } from 'express';
import { isLoopback } from '../authn/read-access.ts';
import { healthRouter, type ReadyCheck } from './health.ts';
import { metricsRouter, type OperatorMetrics } from './metrics.ts';
import { pageRouter } from './page.ts';
import { READ_API_PATH, readApiRouter, type ReadApiOptions } from './read-api.ts';
import { LOOPBACK_ONLY } from './read-guard.ts';
import { trafficRouter, type ReadTraffic } from './traffic.ts';
import { watchesRouter, type WatchesOptions } from './watches.ts';
import { webhookRouter, type WebhookOptions } from './webhook.ts';

export interface SurfaceOptions {
  readonly webhook: WebhookOptions;
  readonly watches: WatchesOptions;
  readonly readApi: ReadApiOptions;
  readonly traffic: ReadTraffic;
  /** Folder of the built page. */
  readonly page: string;
  readonly checks: readonly ReadyCheck[];
  readonly metrics: OperatorMetrics;
  /** Called with what no other place took care of: a bug. */
  readonly onBug: (error: unknown) => void;
}

/** Everything that the operator answers to over HTTP. */
export function createApp(options: SurfaceOptions): Express {
  const { webhook, watches, readApi, traffic, page, checks, metrics, onBug } = options;
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.use(timed(metrics), withoutSniffing);
  app.use(webhookRouter(webhook));
  app.use(healthRouter(checks));
  app.use(metricsRouter(metrics));
  app.use(watchesRouter(watches));
  app.use(READ_API_PATH, readApiRouter(readApi), trafficRouter(traffic, readApi.guard));
  app.use(pageRouter(page));
  app.use(notFound, bug(onBug));
  return app;
}

/** Long enough for a slow network, short enough that idle or crawling connections do not pile up. */
const HEADERS_TIMEOUT_MS = 10_000;
const REQUEST_TIMEOUT_MS = 30_000;
const CHECK_EVERY_MS = 2_000;
const MAX_CONNECTIONS = 4096;

export function createHttpServer(app: Express): Server {
  const server = createServer(
    {
      headersTimeout: HEADERS_TIMEOUT_MS,
      requestTimeout: REQUEST_TIMEOUT_MS,
      connectionsCheckingInterval: CHECK_EVERY_MS,
      keepAliveTimeout: 65_000,
    },
    // Express' own types allow a handler that returns something; Node's server ignores it.
    app as (request: unknown, response: unknown) => void,
  );
  server.maxConnections = MAX_CONNECTIONS;
  server.once('listening', () => app.set(LOOPBACK_ONLY, isLoopbackOnly(server)));
  return server;
}

function isLoopbackOnly(server: Server): boolean {
  const bound = server.address();
  return bound !== null && typeof bound !== 'string' && isLoopback(bound.address);
}

const timed =
  (metrics: OperatorMetrics): RequestHandler =>
  (request, response, next) => {
    const start = performance.now();
    response.once('finish', () => {
      const route: unknown = (request.route as { readonly path?: unknown } | undefined)?.path;
      const path = typeof route === 'string' ? request.baseUrl + route : 'none';
      metrics.request(request.method, path, response.statusCode, (performance.now() - start) / 1000);
    });
    next();
  };

const withoutSniffing: RequestHandler = (_request, response, next) => {
  response.setHeader('X-Content-Type-Options', 'nosniff');
  next();
};

const notFound: RequestHandler = (request, response) => {
  response.status(404).json({ error: `there is nothing at ${request.method} ${request.path}` });
};

const bug =
  (onBug: (error: unknown) => void): ErrorRequestHandler =>
  (error: unknown, _request, response, next) => {
    if (isClientError(error) && !response.headersSent) {
      response.status(error.status).json({ error: 'the request cannot be read' });
      return;
    }
    onBug(error);
    if (response.headersSent) next(error);
    else response.status(500).json({ error: 'the operator made a mistake; its log says more' });
  };

/** What Express throws for a path that cannot be decoded, for one. */
const isClientError = (error: unknown): error is { readonly status: number } =>
  error instanceof Error && 'status' in error && typeof error.status === 'number' && error.status < 500;
