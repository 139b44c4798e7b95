export {
  createMemoryData,
  openMemoryStorage,
  type MemoryData,
  type MemoryStorageOptions,
} from './open-memory-storage.ts';
export { provider } from './provider.ts';
