import type {RDSServiceException} from '@aws-sdk/client-rds'

import {messageOf, RdsError, refused, unverified, wrongUsage} from '../ports/errors.js'

/** Codes with which RDS limits the rate of requests; the SDK has already waited and asked again several times. */
const THROTTLED = new Set(['RequestLimitExceeded', 'Throttling', 'ThrottlingException'])
const EXPIRED = new Set(['ExpiredToken', 'ExpiredTokenException'])
const DENIED = new Set(['AccessDenied', 'AccessDeniedException', 'UnauthorizedOperation', 'OptInRequired'])
const UNKNOWN_KEY = new Set(['AuthFailure', 'InvalidClientTokenId', 'UnrecognizedClientException'])
const WRONG_SIGNATURE = new Set([
  'IncompleteSignature',
  'InvalidSignatureException',
  'RequestExpired',
  'SignatureDoesNotMatch',
])
/** Of Node, where the host name of a region has no address. */
const NO_HOST = new Set(['EAI_AGAIN', 'ENOTFOUND'])

/**
 * Why AWS could not be asked: exit 2 where no region is named, 3 where the operator has to log in or to be given a right, 4 where AWS
 * gave no answer and can give one later. AWS' own words are shown only where they cannot hold a credential.
 */
export function awsError(error: unknown, about: string, region: string | undefined): RdsError {
  if (error instanceof RdsError) return error
  const {name, code} = error as RDSServiceException & {code?: string}
  const said = code === 'ETIMEDOUT' ? 'it does not answer in time' : messageOf(error).split('\n')[0]!
  const asked = `AWS could not be asked about ${about}`
  const where = region ? `region ${region}` : 'the region of your AWS configuration'
  if (said === 'Region is missing' || said.startsWith('Region not accepted')) {
    return wrongUsage(
      'aws_region',
      `${asked}: ${region ? `${region} is no AWS region` : 'no AWS region is named'}`,
      'add --region, for example --region us-east-1, or export AWS_REGION',
    )
  }
  if (NO_HOST.has(code ?? '')) {
    return unverified(
      'aws_region',
      `${asked}: RDS has no address for ${where}, or this machine has no network`,
      'check --region and the network',
    )
  }
  if (EXPIRED.has(name) || (name === 'CredentialsProviderError' && /\bSSO\b|expired/i.test(said))) {
    return refused('aws_expired', `${asked}: the AWS login has expired`, 'log in again, for example with aws sso login')
  }
  if (name === 'CredentialsProviderError') {
    return refused(
      'aws_credentials',
      `${asked}: there are no AWS credentials here`,
      'log in with aws sso login or aws configure, or export AWS_PROFILE',
    )
  }
  if (UNKNOWN_KEY.has(name)) {
    return refused(
      'aws_credentials',
      `${asked}: AWS does not know the access key, or the account has not enabled ${where}`,
      'check AWS_PROFILE or AWS_ACCESS_KEY_ID, and --region',
    )
  }
  if (WRONG_SIGNATURE.has(name)) {
    return refused(
      'aws_credentials',
      `${asked}: the secret key does not belong to the access key, or ${where} is none, or this machine's clock is wrong`,
      'check AWS_SECRET_ACCESS_KEY or AWS_PROFILE, --region and the clock',
    )
  }
  if (DENIED.has(name)) {
    return refused(
      'aws_forbidden',
      `${asked}: ${said}`,
      'allow the action to the role; the policy AmazonRDSReadOnlyAccess has all that is asked',
    )
  }
  if (THROTTLED.has(name)) {
    return unverified(
      'aws_throttled',
      `${asked}: AWS limits the rate of requests of the account, and did so through all repetitions`,
      'run the same command again in a few minutes',
    )
  }
  return unverified('aws_unavailable', `${asked}: ${said}`, 'check the network, then https://health.aws.amazon.com')
}

/** Whether AWS gave no answer at all, as opposed to one that does not suit. */
export const isSilence = (error: unknown): boolean => error instanceof RdsError && error.code.startsWith('aws_')
