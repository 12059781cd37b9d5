// Builds into a folder: node build.js OUT CACHE. The folder of the source stays as it is.

import { execFileSync } from 'node:child_process';
import { copyFileSync, cpSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';

const [out, cache] = process.argv.slice(2).map((path) => resolve(path));
const source = import.meta.dirname;

for (const name of ['package.json', 'package-lock.json', 'src']) {
  cpSync(join(source, name), join(out, name), { recursive: true });
}
npm('ci', '--omit=dev', '--omit=optional', '--ignore-scripts');
addSqlite(join(out, 'node_modules', 'better-sqlite3'));

function npm(...words) {
  const options = ['--no-audit', '--no-fund', '--no-update-notifier', '--cache', join(cache, 'npm')];
  execFileSync('npm', [...words, ...options], { cwd: out, stdio: 'inherit', env: { ...process.env, ...headers() } });
}

/** Let node-gyp use the headers that came with this Node, where they did, instead of fetching them. */
function headers() {
  const prefix = dirname(dirname(process.execPath));
  return existsSync(join(prefix, 'include/node/node_version.h')) ? { npm_config_nodedir: prefix } : {};
}

/** Compile the one native package, which takes a minute, unless it was compiled before for this version of Node. */
function addSqlite(folder) {
  const { name, version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  const { platform, arch, versions } = process;
  const kept = join(cache, `${name}-${version}-${versions.modules}-${platform}-${arch}.node`);
  const addon = join(folder, 'build', 'Release', 'better_sqlite3.node');
  if (!existsSync(kept)) {
    // Compiled, not fetched: what runs is what the lock file pins.
    npm('rebuild', name, '--build-from-source', '--foreground-scripts');
    const unfinished = `${kept}.${process.pid}`;
    copyFileSync(addon, unfinished);
    renameSync(unfinished, kept);
  }
  // SQLite's source and what the compiler left are ten times as large as what runs.
  for (const part of readdirSync(folder)) {
    if (!['lib', 'package.json', 'LICENSE'].includes(part)) {
      rmSync(join(folder, part), { recursive: true });
    }
  }
  mkdirSync(dirname(addon), { recursive: true });
  copyFileSync(kept, addon);
}
