import { effect } from '@preact/signals';
import { render } from 'preact';
import { App } from './app.tsx';
import { showAllTexts } from './parts/visible-texts.ts';
import { listenToKeys } from './state/keys.ts';
import { listen } from './state/live.ts';
import { route } from './state/route.ts';
import { t } from './text/text.ts';

showAllTexts();
listen();
listenToKeys();
effect(() => {
  document.title = `${t(route.value.page)} · Agent Orchestrator`;
});
const root = document.getElementById('app');
if (root !== null) render(<App />, root);
