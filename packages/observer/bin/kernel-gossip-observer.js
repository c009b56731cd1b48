#!/usr/bin/env node
import { setFlagsFromString } from 'node:v8';
import { launch } from 'kernel-gossip-types/launch';

// It runs on every node beside everything else: a seventh less memory for a little more CPU (docs/benchmarks.md).
setFlagsFromString('--no-opt');
setFlagsFromString('--optimize-for-size');

await launch(import.meta.url);
