// Certificates made here, by openssl, in a folder of their own.
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after } from "node:test";

export const folder = mkdtempSync(join(tmpdir(), "fanfare-certificates-"));
after(() => rmSync(folder, { recursive: true }));
const request = (name, ...more) => execFileSync("openssl", ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
  "-days", "2", "-keyout", `${name}.key`, "-out", `${name}.pem`, "-subj", `/CN=${name}`, ...more], { cwd: folder, stdio: "pipe" });

/** A CA; gives the path of its certificate. */
export function authority(name) {
  request(name, "-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=keyCertSign");
  return join(folder, `${name}.pem`);
}
/** A certificate for `names`, signed by the CA; gives the paths. */
export function certificate(name, ca, names) {
  request(name, "-CA", `${ca}.pem`, "-CAkey", `${ca}.key`, "-addext", "basicConstraints=critical,CA:FALSE", "-addext", `subjectAltName=${names}`);
  return { cert: join(folder, `${name}.pem`), key: join(folder, `${name}.key`) };
}
