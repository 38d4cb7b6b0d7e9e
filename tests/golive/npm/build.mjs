// Bundles every shop of ./shops as shops are bundled: minified, one file or split, names with a hash.
import { build } from 'esbuild';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';

const out = process.argv[2];
const here = import.meta.dirname;
for (const file of readdirSync(join(here, 'shops'))) {
  const name = file.replace(/\.jsx?$/, '');
  const result = await build({
    entryPoints: { app: join(here, 'shops', file) },
    outdir: join(out, name),
    absWorkingDir: here,
    bundle: true,
    minify: true,
    splitting: true,
    format: 'esm',
    target: 'es2022',
    jsx: 'automatic',
    loader: { '.js': 'jsx' },
    define: { 'process.env.NODE_ENV': '"production"' },
    entryNames: '[name]',
    chunkNames: 'chunk-[hash]',
    logLevel: 'error',
  });
  if (result.errors.length) process.exit(1);
}
