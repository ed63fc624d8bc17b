import { execFile } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

export interface Certificates {
  /** PEM of the authority that clients must trust. */
  readonly caFile: string;
  readonly certFile: string;
  readonly keyFile: string;
}

/** Makes an authority of our own and a certificate of it for 127.0.0.1 and localhost, with the openssl command. */
export async function makeCertificates(folder: string): Promise<Certificates> {
  const at = (name: string) => join(folder, name);
  const openssl = async (...args: string[]) => {
    await run("openssl", args, { cwd: folder }).catch((error: unknown) => {
      throw new Error(`a TLS server needs a certificate: is the openssl command installed?\n${error}`);
    });
  };
  const newKey = ["-newkey", "rsa:2048", "-nodes"];
  const caFile = at("ca.crt");
  const certFile = at("server.crt");
  const keyFile = at("server.key");
  const extensions = at("server.ext");
  await writeFile(extensions, "subjectAltName=IP:127.0.0.1,DNS:localhost\nextendedKeyUsage=serverAuth\n");
  const authority = ["-subj", "/CN=signalflow-state test authority", "-keyout", at("ca.key"), "-out", caFile];
  const request = ["-subj", "/CN=localhost", "-keyout", keyFile, "-out", at("server.csr")];
  await Promise.all([
    openssl("req", "-x509", "-days", "3650", ...newKey, ...authority),
    openssl("req", "-new", ...newKey, ...request),
  ]);
  const signing = ["-CA", caFile, "-CAkey", at("ca.key"), "-CAcreateserial", "-extfile", extensions];
  await openssl("x509", "-req", "-days", "3650", "-in", at("server.csr"), ...signing, "-out", certFile);
  return { caFile, certFile, keyFile };
}
