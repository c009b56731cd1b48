import { parentPort } from 'node:worker_threads';
import { burn } from './burn.ts';

// One thread of the load: does the work it is told of, then says so.
parentPort?.on('message', (iterations: number) => {
  parentPort?.postMessage(burn(iterations));
});
