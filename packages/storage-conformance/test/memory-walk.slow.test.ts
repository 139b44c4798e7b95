import { conformance } from '../src/index.ts';
import { memoryTarget } from './open-memory.ts';

// What a short walk meets in four runs, this one meets in one.
conformance(memoryTarget, 'random walk beside the model');
