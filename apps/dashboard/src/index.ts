/** The dashboard: pages, metrics and health of a store over HTTP. Start at `serveDashboard`. */
export { serveDashboard, type Dashboard, type DashboardOptions } from './server/serve-dashboard.ts';
export { askForLink, type RunningDashboard } from './server/running-dashboard.ts';
export { openingPage } from './server/opening-page.ts';
export { problemOfPublicUrl } from './server/addresses.ts';
export { keepHeapSmall } from './server/small-heap.ts';
export { dashboardFolder, Secrets } from './server/secrets.ts';
