/** Progress goes to stderr, so that stdout stays machine-readable (`cluster env`). */
export function say(message: string): void {
  process.stderr.write(`[cluster] ${message}\n`);
}
