export { createMemoryData, type MemoryData } from './data.ts';
export { openMemoryStorage, type MemoryStorageOptions } from './open-memory-storage.ts';
export { provider } from './provider.ts';
