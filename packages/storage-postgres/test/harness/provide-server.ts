import type { TestProject } from 'vitest/node';
import type { TestServer } from './test-server.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** Of the run's server. */
    postgresUrl: string;
  }
}

/** Tells the tests of a project where the run's server is. */
export function provideServer(project: TestProject, { url }: TestServer): void {
  project.provide('postgresUrl', url);
}
