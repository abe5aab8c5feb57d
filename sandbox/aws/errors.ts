/** An error as the wire has it; the code lacks the "Fault" that the SDK's classes end in, except where AWS kept it. */
export class AwsError extends Error {
  readonly status: number
  readonly code: string

  constructor(status: number, code: string, message: string) {
    super(message)
    this.status = status
    this.code = code
  }
}

export const invalidValue = (message: string) => new AwsError(400, 'InvalidParameterValue', message)
export const notFound = (code: string, message: string) => new AwsError(404, code, message)

/** RDS answers both codes, with the same words (aws-cloudformation-resource-providers-rds#205). */
export const throttled = (code: 'Throttling' | 'ThrottlingException' = 'Throttling') =>
  new AwsError(400, code, 'Rate exceeded')

/** An access key that AWS does not know; also a known one in a region that the account has not enabled (boto3#2381). */
export const unknownKey = () =>
  new AwsError(403, 'InvalidClientTokenId', 'The security token included in the request is invalid.')

export const expiredToken = () =>
  new AwsError(403, 'ExpiredToken', 'The security token included in the request is expired')

export const signatureMismatch = (
  message = 'The request signature we calculated does not match the signature you provided. ' +
    'Check your AWS Secret Access Key and signing method. Consult the service documentation for details.',
) => new AwsError(403, 'SignatureDoesNotMatch', message)

export const missingToken = () =>
  new AwsError(403, 'MissingAuthenticationToken', 'Request is missing Authentication Token')

export const accessDenied = (account: string, region: string, action: string) =>
  new AwsError(
    403,
    'AccessDenied',
    `User: arn:aws:iam::${account}:user/sandbox is not authorized to perform: rds:${action} on resource: ` +
      `arn:aws:rds:${region}:${account}:* because no identity-based policy allows the rds:${action} action`,
  )
