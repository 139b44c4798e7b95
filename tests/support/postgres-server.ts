/** One server for the tests that go from one kind of store to another. */
export { default } from '../../packages/storage-postgres/test/harness/global-setup.ts';
