/** What the TFTP server has seen since it started. */

export type TftpCounters = {
  requests: number;
  /** Transfers whose last block was acknowledged. */
  completed: number;
  /** Ended by the client once it had learnt the size: firmware does that, it is no fault. */
  sizeOnly: number;
  abortedByClient: number;
  givenUp: number;
  notFound: number;
  refused: number;
  /** Over `transfersMax` or `transfersPerAddressMax`. */
  overLimit: number;
  malformed: number;
  strangers: number;
  /** Windows sent again. */
  resent: number;
  bytesSent: number;
};

export function noneYet(): TftpCounters {
  return {
    requests: 0,
    completed: 0,
    sizeOnly: 0,
    abortedByClient: 0,
    givenUp: 0,
    notFound: 0,
    refused: 0,
    overLimit: 0,
    malformed: 0,
    strangers: 0,
    resent: 0,
    bytesSent: 0,
  };
}
