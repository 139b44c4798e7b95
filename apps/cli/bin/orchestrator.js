#!/usr/bin/env node
// The guard runs to its end before the program is even parsed: the bundle may use syntax and native
// modules that an old Node would answer with a crash.
import './node-guard.js';
import { keepCompiledCode } from './compile-cache.js';

keepCompiledCode();
// Before Node opens more of them, as it does while the program is loaded.
if (process.argv.includes('run')) await import('../dist/descriptors.js');
await import('../dist/main.js');
