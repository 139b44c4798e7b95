// What of others is in the bundles: a bill of materials for programs, and the licenses for people.
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, sep } from 'node:path';
import { Contrib, Enums, Models, Serialize, Spec } from '@cyclonedx/cyclonedx-library';

const LICENSE_FILE = /^(licen[cs]e|copying|notice)(\.|$)/iu;

/**
 * Writes `sbom.cdx.json` (CycloneDX) and `THIRD-PARTY-NOTICES.txt`.
 *
 * @param folder where to
 * @param moduleIds the files of all bundles
 * @param own the folder of the package that is bundled
 */
export function writeThirdParty(folder, moduleIds, own) {
  const manifest = readManifest(own);
  const folders = new Set(moduleIds.map(packageFolder).filter((one) => one !== null));
  const packages = [...folders].map((one) => ({ folder: one, ...readManifest(one) })).toSorted(byName);
  writeFileSync(join(folder, 'sbom.cdx.json'), `${billOfMaterials(manifest, packages)}\n`);
  writeFileSync(join(folder, 'THIRD-PARTY-NOTICES.txt'), notices(manifest, packages));
}

/** The folder of the package that the module belongs to; null: it is one of ours. */
function packageFolder(moduleId) {
  const at = moduleId.lastIndexOf(`${sep}node_modules${sep}`);
  // Bundlers mark modules of their own by a NUL.
  if (at < 0 || moduleId.includes('\0')) return null;
  let folder = dirname(moduleId);
  // Some packages have further manifests inside that say only what kind of modules a folder has.
  while (folder.length > at && readManifest(folder)?.version === undefined) folder = dirname(folder);
  return folder.length > at ? folder : null;
}

function readManifest(folder) {
  const path = join(folder, 'package.json');
  return existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : undefined;
}

function byName(a, b) {
  return a.name < b.name ? -1 : a.name > b.name ? 1 : a.version < b.version ? -1 : 1;
}

function billOfMaterials(manifest, packages) {
  const licenses = new Contrib.License.Factories.LicenseFactory();
  const builder = new Contrib.FromNodePackageJson.Builders.ComponentBuilder(
    new Contrib.FromNodePackageJson.Factories.ExternalReferenceFactory(),
    licenses,
  );
  const component = (one, type) => {
    const made = builder.makeComponent(one, type);
    made.purl = purlOf(one);
    made.bomRef.value = made.purl;
    // Manifests name repositories in many forms, few of them an address.
    made.externalReferences.clear();
    return made;
  };
  const root = component(manifest, Enums.ComponentType.Application);
  const bom = new Models.Bom({ metadata: new Models.Metadata({ component: root }) });
  // What a package needs that cannot be bundled stands in its manifest, and npm installs it.
  const parts = [
    ...packages,
    ...Object.entries(manifest.dependencies ?? {}).map(([name, version]) => ({ name, version })),
  ];
  for (const one of parts) {
    const part = component(one, Enums.ComponentType.Library);
    bom.components.add(part);
    root.dependencies.add(part.bomRef);
  }
  const json = new Serialize.JSON.Normalize.Factory(Spec.Spec1dot6);
  return new Serialize.JsonSerializer(json).serialize(bom, { sortLists: true, space: 2 });
}

/** The name of a package as registries of vulnerabilities know it (purl). */
function purlOf({ name, version }) {
  return `pkg:npm/${name.split('/').map(encodeURIComponent).join('/')}@${encodeURIComponent(version)}`;
}

function notices(manifest, packages) {
  const parts = packages.map((one) => {
    const license = typeof one.license === 'string' ? one.license : 'not named';
    const texts = readdirSync(one.folder)
      .filter((name) => LICENSE_FILE.test(name))
      .toSorted()
      .map((name) => readFileSync(join(one.folder, name), 'utf8').trim());
    const said = texts.length > 0 ? texts : ['The package has no file with the text of its license.'];
    return [`${one.name} ${one.version}`, `License: ${license}`, ...said].join('\n\n');
  });
  const head = `${manifest.name} ${manifest.version} contains code of these packages.`;
  return `${[head, ...parts].join(`\n\n${'-'.repeat(80)}\n\n`)}\n`;
}
