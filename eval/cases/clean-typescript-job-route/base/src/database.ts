export interface Database {
  /** Rows as the statement gives them; an INSERT … RETURNING gives one row for each that it wrote, or throws. */
  query<Row>(sql: string, parameters: readonly unknown[]): Promise<Row[]>;
}
