/** What the commands for agent hosts do, as one chunk that is loaded on demand. */
export { checkInstallations } from './check.ts';
export { findHost } from './find-host.ts';
export { HOSTS } from './index.ts';
export { applyInstall, grantsOf, planInstall, type InstallPlan } from './install.ts';
export { placeHere } from './place.ts';
export { readRecords } from './record.ts';
export { applyUninstall, planUninstall } from './uninstall.ts';
