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
