#!/usr/bin/env -S node --single-threaded --no-opt --optimize-for-size --max-semi-space-size=1 --no-incremental-marking --heap-growing-percent=10
// It runs on every node beside everything else, so Node is told to do with less memory for a little more CPU
// (docs/benchmarks.md; bench/resident.ts measures with these flags).
import { launch } from 'kernel-gossip-types/launch';

await launch(import.meta.url);
