// node webpack-build.cjs WEBPACK ENTRY FOLDER FILE [EXTERNAL...]: bundles for Node as webpack does it in production.
const [webpackHome, entry, path, filename, ...external] = process.argv.slice(2);
const webpack = require(webpackHome);

const externals = Object.fromEntries(external.map((name) => [name, `commonjs ${name}`]));
webpack({ mode: "production", target: "node20", entry, output: { path, filename }, externals }, (failure, stats) => {
  if (failure) throw failure;
  const { errors, warnings } = stats.toJson({ all: false, errors: true, warnings: true });
  for (const { message } of warnings) console.error(`warning: ${message}`);
  for (const { message } of errors) console.error(`error: ${message}`);
  process.exitCode = errors.length > 0 ? 1 : 0;
});
