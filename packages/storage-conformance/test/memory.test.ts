import { conformance } from '../src/index.ts';
import { memoryTarget } from './open-memory.ts';

// The long walk is in memory-walk.slow.test.ts.
conformance({ ...memoryTarget, walk: { steps: 500 } });
