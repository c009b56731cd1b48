import { sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import express, { type RequestHandler, Router } from 'express';

/** The folder of the built page. Throws where the package is not installed. */
export const pageFolder = (): string =>
  fileURLToPath(new URL('dist/', import.meta.resolve('kernel-gossip-web/package.json')));

/**
 * Only what is served here, nothing inline, and in nobody's frame: should a name ever get into the page as HTML, it can
 * neither run nor send anything anywhere.
 */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
  "form-action 'none'",
].join('; ');

/** What is below assets/ carries a hash of its contents in its name. */
const HASHED = `${sep}assets${sep}`;
const FOR_EVER = 'public, max-age=31536000, immutable';

/** `GET /`: the live page. It holds no finding; it reads them as everybody else does. */
export function pageRouter(folder: string): Router {
  const router = Router();
  router.use(
    protectedByPolicy,
    express.static(folder, {
      etag: true,
      cacheControl: false,
      redirect: false,
      setHeaders: (response, path) => {
        response.setHeader('Cache-Control', path.includes(HASHED) ? FOR_EVER : 'no-cache');
      },
    }),
  );
  router.get('/', (_request, response) => {
    response.status(404).type('text/plain').send('The page is not built: run `npm run build`.\n');
  });
  return router;
}

const protectedByPolicy: RequestHandler = (_request, response, next) => {
  response.setHeader('Content-Security-Policy', POLICY);
  response.setHeader('Referrer-Policy', 'no-referrer');
  response.setHeader('Cross-Origin-Opener-Policy', 'same-origin');
  next();
};
