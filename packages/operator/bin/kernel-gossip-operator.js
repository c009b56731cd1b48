#!/usr/bin/env node
import { launch } from 'kernel-gossip-types/launch';

await launch(import.meta.url);
