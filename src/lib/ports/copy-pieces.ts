/** Stands between the rows of one COPY and those of the next, where several go through one stream. */
export const END_OF_COPY = Symbol('end of a COPY')

/** What a stream of COPYs carries: bytes as the server sends them, and where each COPY ends. */
export type CopyPiece = Buffer | typeof END_OF_COPY
