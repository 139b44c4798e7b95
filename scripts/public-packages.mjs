// The packages that are published, each after those that it depends on.
import { existsSync, globSync, readFileSync } from 'node:fs';

/** @returns {{ folder: string, manifest: Record<string, any> }[]} */
export function publicPackages() {
  const all = globSync('{packages,apps}/*')
    .filter((folder) => existsSync(`${folder}/package.json`))
    .toSorted()
    .map((path) => ({
      folder: path.replaceAll('\\', '/'),
      manifest: JSON.parse(readFileSync(`${path}/package.json`, 'utf8')),
    }))
    .filter(({ manifest }) => !manifest.private);

  const ordered = new Set();
  function add(one) {
    for (const name of Object.keys(one.manifest.dependencies ?? {})) {
      const needed = all.find(({ manifest }) => manifest.name === name);
      if (needed) add(needed);
    }
    ordered.add(one);
  }
  for (const one of all) add(one);
  return [...ordered];
}

/** They share one version; whatever differs is a mistake. */
export function sharedVersion() {
  const versions = new Map(publicPackages().map(({ folder, manifest }) => [manifest.version, folder]));
  if (versions.size === 1) return [...versions.keys()][0];
  const list = [...versions].map(([version, folder]) => `${version} (${folder})`).join(', ');
  throw new Error(`the packages have different versions: ${list}`);
}
