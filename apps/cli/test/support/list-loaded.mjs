// Loaded before the program: writes the URL of each module that Node loads into the file that LOADED_LIST names.
import { appendFileSync } from 'node:fs';
import { registerHooks } from 'node:module';

registerHooks({
  load(url, context, next) {
    appendFileSync(process.env.LOADED_LIST, `${url}\n`);
    return next(url, context);
  },
});
