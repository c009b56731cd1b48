import type { Response } from 'express';

export const RETRY_AFTER_SECONDS = '1';

/** Answers that what was asked for cannot be had now, and when to ask again. */
export const unavailable = (response: Response, error: string): void => {
  response.status(503).set('Retry-After', RETRY_AFTER_SECONDS).json({ error });
};
