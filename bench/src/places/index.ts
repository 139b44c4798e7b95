import type { Bench } from '../bench-case.ts';
import type { Place } from './place.ts';
import { sqlite } from './sqlite.ts';

export const onSqlite = async ({ folder }: Bench): Promise<Place> => sqlite(folder);
export const onPostgres = async ({ server }: Bench): Promise<Place> => server();
