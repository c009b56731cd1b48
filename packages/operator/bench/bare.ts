import express from 'express';

/** What every webhook on Express costs at least: parse JSON, answer 202. Prints its port. */
const app = express();
app.post('/webhook/pixie', express.json(), (_request, response) => {
  response.status(202).json({ accepted: 1, rejected: [], error: null });
});
const server = app.listen(0, '127.0.0.1', () => {
  const address = server.address();
  process.stdout.write(`${typeof address === 'object' && address !== null ? address.port : 0}\n`);
});
// The load is gone, however it ended: so is this.
process.stdin.on('end', () => process.exit());
process.stdin.resume();
