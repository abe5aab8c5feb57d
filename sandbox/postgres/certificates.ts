import {webcrypto} from 'node:crypto'
import {writeFileSync} from 'node:fs'
import {isIP} from 'node:net'
import {join} from 'node:path'
import './metadata.js'
import * as x509 from '@peculiar/x509'
import {giveToServerUser, makeReachable} from './server-user.js'

const algorithm = {name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256'}
const day = 24 * 60 * 60 * 1000

/** What a server needs to speak TLS, and what its clients need to trust it. All are paths. */
export interface ServerTls {
  caFile: string
  certificateFile: string
  keyFile: string
}

export interface CertificateAuthority {
  caFile: string
  /** Hosts are names or addresses; `name` is the file name, for an authority that issues more than one. */
  issueServerCertificate(options?: {hosts?: string[]; name?: string}): Promise<ServerTls>
}

/** A CA of the sandbox's own, in `dir`: no system store knows it, as none knows the roots of RDS. */
export async function createCertificateAuthority(
  dir: string,
  name = 'Sandbox RDS root',
): Promise<CertificateAuthority> {
  const keys = await webcrypto.subtle.generateKey(algorithm, false, ['sign', 'verify'])
  const root = await x509.X509CertificateGenerator.createSelfSigned({
    name: `CN=${name}`,
    keys,
    signingAlgorithm: algorithm,
    ...validity(),
    extensions: [
      new x509.BasicConstraintsExtension(true, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  })
  const caFile = join(dir, 'ca.crt')
  writeFileSync(caFile, root.toString('pem') + '\n', {mode: 0o644})
  return {
    caFile,
    async issueServerCertificate({hosts = ['localhost', '127.0.0.1'], name: file = 'server'} = {}) {
      const serverKeys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])
      const certificate = await x509.X509CertificateGenerator.create({
        subject: `CN=${hosts[0]}`,
        issuer: root.subject,
        publicKey: serverKeys.publicKey,
        signingKey: keys.privateKey,
        signingAlgorithm: algorithm,
        ...validity(),
        extensions: [
          new x509.SubjectAlternativeNameExtension(
            hosts.map((value) => ({type: isIP(value) ? ('ip' as const) : ('dns' as const), value})),
          ),
          new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
          await x509.AuthorityKeyIdentifierExtension.create(keys.publicKey),
        ],
      })
      const key = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', serverKeys.privateKey))
      return {
        caFile,
        certificateFile: writeForServer(join(dir, `${file}.crt`), certificate.toString('pem') + '\n', 0o644),
        keyFile: writeForServer(join(dir, `${file}.key`), x509.PemConverter.encode(key, 'PRIVATE KEY') + '\n', 0o600),
      }
    },
  }

  function writeForServer(path: string, text: string, mode: number): string {
    writeFileSync(path, text, {mode})
    giveToServerUser(path)
    makeReachable(dir)
    return path
  }
}

function validity(): {notBefore: Date; notAfter: Date} {
  return {notBefore: new Date(Date.now() - day), notAfter: new Date(Date.now() + 3650 * day)}
}
