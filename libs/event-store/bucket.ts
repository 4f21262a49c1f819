/** A key's latest value. */
export interface Entry {
  /** Undefined when the key was deleted. */
  value: string | undefined;
  /** Grows with each write of the bucket. */
  revision: number;
  /** Unix seconds with fraction. */
  storedAt: number;
}

/** Keys with a latest value; writes are guarded by revision. The store below names and keys. */
export interface Bucket {
  read(key: string): Promise<Entry | undefined>;
  /**
   * Writes a value, or deletes with undefined, if the key is at `revision` (0: never written). Old values are gone.
   * @returns false when somebody else wrote in between
   */
  write(key: string, value: string | undefined, revision: number): Promise<boolean>;
  /**
   * As `write`, for a value.
   * @returns the revision that it has now; undefined when somebody else wrote in between
   */
  put(key: string, value: string, revision: number): Promise<number | undefined>;
}
