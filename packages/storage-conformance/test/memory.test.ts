import { conformance } from '../src/index.ts';
import { memoryTarget } from './open-memory.ts';

conformance(memoryTarget);
