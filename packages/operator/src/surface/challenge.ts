import type { Request, Response } from 'express';
import type { Denial } from '../authn/authenticate.ts';

/** How a token is asked for. RFC 6750, 3: nothing is said about one where none was sent. */
export function challenge(request: Request, response: Response, { status }: Denial): void {
  if (status !== 401) return;
  const refused = request.get('Authorization') === undefined ? '' : ', error="invalid_token"';
  response.set('WWW-Authenticate', `Bearer realm="kernel-gossip"${refused}`);
}

/** Answers who may not do what was asked for, and why. */
export function deny(request: Request, response: Response, denial: Denial): void {
  challenge(request, response, denial);
  response.status(denial.status).json({ error: denial.error });
}
