// Tells whether all that a holder started has ended. Run where less can be seen.
import { offspringOf, type NamedHolder } from '../../src/processes/offspring.ts';

process.stdout.write(offspringOf(JSON.parse(process.argv[2] ?? '') as NamedHolder));
